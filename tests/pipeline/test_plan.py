"""From what was found to the cases: which scan, which rows, which ids."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from splenic import ct, phantom
from splenic.errors import UsageError
from splenic.pipeline import Options
from splenic.pipeline.batch import _affordable
from splenic.pipeline.plan import Job, plan


@pytest.fixture(scope="module")
def made() -> phantom.Phantom:
    return phantom.make(4, phase="portal", shape=(24, 64, 64), spacing_mm=(10.0, 6.0, 6.0))


def jobs(*inputs: Path, all_series: bool = False) -> list[Job]:
    return plan(inputs, ct.discover(inputs), all_series=all_series)


def test_one_case_for_each_patient_and_study(made: phantom.Phantom, tmp_path: Path) -> None:
    for patient in ("A", "B"):
        for number in (2, 3):
            folder = tmp_path / patient / str(number)
            phantom.write_dicom(made, folder, patient_id=patient, series_number=number)
    chosen = jobs(tmp_path)
    assert sorted(job.patient_id for job in chosen) == ["A", "B"]
    for job in chosen:
        assert [candidate.chosen for candidate in job.candidates] == [True, False]
        assert all(candidate.reason for candidate in job.candidates)
    everything = jobs(tmp_path, all_series=True)
    assert len(everything) == 4
    assert {job.case_id for job in chosen} < {job.case_id for job in everything}


def test_a_case_id_is_readable_stable_and_without_names(made: phantom.Phantom, tmp_path: Path) -> None:
    files = phantom.write_dicom(made, tmp_path / "ct", patient_id="DOE^JANE", study_date="20240229")
    (first,) = jobs(tmp_path / "ct")
    assert re.fullmatch(r"20240229-[0-9a-f]{10}", first.case_id)
    moved = tmp_path / "moved"
    moved.mkdir()
    for number, path in enumerate(reversed(files)):
        shutil.copyfile(path, moved / f"{number}")
    (second,) = jobs(moved)
    assert second.case_id == first.case_id


def test_two_patients_with_the_same_scan_are_two_cases(made: phantom.Phantom, tmp_path: Path) -> None:
    from pydicom import dcmread

    files = phantom.write_dicom(made, tmp_path / "a", patient_id="A")
    (tmp_path / "b").mkdir()
    for path in files:
        image = dcmread(path)
        image.PatientID = "B"
        image.save_as(tmp_path / "b" / path.name)
    assert len({job.case_id for job in jobs(tmp_path)}) == 2


def test_a_study_without_a_usable_scan_is_one_refused_case_that_names_all(
    made: phantom.Phantom, tmp_path: Path
) -> None:
    from pydicom import dcmread

    gap = phantom.write_dicom(made, tmp_path / "gap", patient_id="A", series_number=2)
    gap[12].unlink()
    few = phantom.write_dicom(made, tmp_path / "few", patient_id="A", series_number=3)
    for path in few[2:]:
        path.unlink()
    assert dcmread(few[0]).StudyInstanceUID == dcmread(gap[0]).StudyInstanceUID
    (job,) = jobs(tmp_path)
    assert job.refused
    gates = [finding.code for finding in job.findings if finding.gate]
    assert set(gates) == {"missing-slice", "too-few-slices"}
    assert not any(candidate.chosen for candidate in job.candidates)


def test_an_unreadable_file_beside_a_good_scan_is_no_case(made: phantom.Phantom, tmp_path: Path) -> None:
    phantom.write_dicom(made, tmp_path, patient_id="A")
    (tmp_path / "zero.dcm").write_bytes(b"")
    (job,) = jobs(tmp_path)
    assert job.patient_id == "A"


def test_each_empty_input_is_a_case_of_its_own(made: phantom.Phantom, tmp_path: Path) -> None:
    phantom.write_dicom(made, tmp_path / "ct", patient_id="A")
    for name in ("one.dcm", "two.dcm"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "nothing").mkdir()
    found = jobs(tmp_path / "ct", tmp_path / "one.dcm", tmp_path / "two.dcm", tmp_path / "nothing")
    sources = {job.source: [finding.code for finding in job.findings] for job in found if job.scan is None}
    assert sources == {"one.dcm": ["empty-file"], "two.dcm": ["empty-file"], "nothing": ["no-ct-found"]}
    assert len({job.case_id for job in found}) == 4


def test_workers_are_as_many_as_cases_and_memory_allow(
    made: phantom.Phantom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from splenic.pipeline import batch

    for patient in ("A", "B", "C"):
        phantom.write_dicom(made, tmp_path / patient, patient_id=patient)
    three = jobs(tmp_path)
    for free, wanted, count in ((10**12, 8, 3), (10**12, 2, 2), (2 * 10**9, 8, 2), (10**6, 8, 1)):
        monkeypatch.setattr(batch, "free_memory_bytes", lambda free=free: free)
        assert _affordable(wanted, three) == count


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"engine": "magic"}, "unknown-engine"),
        ({"engine": "external"}, "masks-not-found"),
        ({"engine": "external:/nowhere"}, "masks-not-found"),
        ({"engine": "totalsegmentator", "bundle": "x"}, "bundle-without-engine"),
        ({"device": "abacus"}, "unknown-device"),
    ],
)
def test_options_that_cannot_be_are_named(options: dict[str, str], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        Options(**options)  # type: ignore[arg-type]
    assert caught.value.code == code
