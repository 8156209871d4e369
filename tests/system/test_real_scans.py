"""The main job on real scans: the right case, the right volume, the same rows however the files lie."""

from __future__ import annotations

import csv
import random
import shutil
import zipfile
from pathlib import Path

import pytest

import splenic
from splenic.pipeline import Options, run
from splenic.segment import Engine

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def reference(data_dir: Path, case: str) -> float:
    with open(data_dir / "cases.csv", encoding="utf-8", newline="") as handle:
        return next(float(row["sv_ml"]) for row in csv.DictReader(handle) if row["case"] == case)


def test_one_portal_series_is_measured_and_its_remainder_refused(
    hcc_006: Path, data_dir: Path, engine: Engine
) -> None:
    (case,) = splenic.measure(hcc_006, engine=engine)
    assert case.record.status in ("ok", "review")
    assert case.measurement.sv_ml == pytest.approx(reference(data_dir, "HCC_006_19990806_a3"), rel=0.05)
    assert case.measurement.complete is True
    assert case.record.scan is not None
    assert case.record.scan.phase == "portal-venous"
    chosen, remainder = case.record.candidates
    assert (chosen.chosen, chosen.slices) == (True, 109)
    assert (remainder.chosen, remainder.slices) == (False, 1)
    assert [finding.code for finding in remainder.findings if finding.gate] == ["too-few-slices"]


def test_acquisitions_of_one_series_are_told_apart(hcc_007: Path, data_dir: Path, engine: Engine) -> None:
    (case,) = splenic.measure(hcc_007, engine=engine)
    assert case.record.scan is not None
    assert case.record.scan.info.acquisition == "3"
    assert case.record.scan.phase in ("portal-venous", "late")
    others = {(c.acquisition, c.slices): c for c in case.record.candidates if not c.chosen}
    assert set(others) == {("2", 75), ("1", 18)}
    assert others["1", 18].phase == "unenhanced"
    assert case.measurement.sv_ml == pytest.approx(reference(data_dir, "HCC_007_19971227_a3"), rel=0.10)


def test_all_series_measures_every_usable_scan(hcc_007: Path, engine: Engine) -> None:
    cases = splenic.measure(hcc_007, engine=engine, all_series=True)
    assert len(cases) == 3
    volumes = [case.measurement.sv_ml for case in cases]
    assert all(volume is not None and 170 < volume < 270 for volume in volumes)


def rows(out: Path) -> list[dict[str, str]]:
    with open(out / "measurements.csv", encoding="utf-8", newline="") as handle:
        return [{**row, "seconds": ""} for row in csv.DictReader(handle)]


def test_folder_shuffled_pile_and_zip_give_the_same_rows(
    hcc_006: Path, hcc_007: Path, tmp_path: Path
) -> None:
    files = sorted(path for folder in (hcc_006, hcc_007) for path in folder.rglob("*") if path.is_file())
    random.Random(1).shuffle(files)
    pile = tmp_path / "pile"
    pile.mkdir()
    for number, path in enumerate(files):
        shutil.copyfile(path, pile / f"IM{number:05d}")
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number, path in enumerate(reversed(files)):
            zipped.write(path, f"export/{number:03d}")
    run([hcc_006, hcc_007], tmp_path / "a")
    run([pile], tmp_path / "b")
    run([archive], tmp_path / "c")
    first = rows(tmp_path / "a")
    assert len(first) == 2
    assert rows(tmp_path / "b") == first
    assert rows(tmp_path / "c") == first


def test_a_scan_of_another_hospital_is_measured(data_dir: Path, engine: Engine) -> None:
    (case,) = splenic.measure(data_dir / "dicom" / "PDA_00189", engine=engine)
    assert case.record.status in ("ok", "review")
    assert case.measurement.sv_ml is not None


def test_one_thread_and_two_give_the_same_bytes(hcc_006: Path, tmp_path: Path) -> None:
    for name, threads in (("one", 1), ("two", 2)):
        run([hcc_006], tmp_path / name, Options(probability=True), threads=threads)
    for pattern in ("mask.nii.gz", "probability.nii.gz", "preview.png"):
        (one,) = (tmp_path / "one").rglob(pattern)
        (two,) = (tmp_path / "two").rglob(pattern)
        assert one.read_bytes() == two.read_bytes(), pattern
