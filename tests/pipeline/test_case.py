"""One case from its scan to its record: each status with its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import splenic
from splenic import ct
from splenic.ct import Finding, ScanInfo, Volume
from splenic.errors import EngineError, UsageError
from splenic.segment.types import Segmentation

from .conftest import SV_ML, ByHu, body


def measured(path: Path, engine: object = None) -> splenic.CaseResult:
    (result,) = splenic.measure(path, engine=engine or ByHu())
    return result


def test_a_whole_spleen_is_measured(write_scan: Callable[..., Path]) -> None:
    result = measured(write_scan())
    assert result.measurement.sv_ml == pytest.approx(SV_ML, rel=0.05)  # threshold and voxels of 36 µl
    assert result.measurement.complete is True
    assert result.record.segmentation is not None
    assert result.record.segmentation.engine == "by-hu"
    assert result.error is None


def test_the_arrays_come_with_the_result(write_scan: Callable[..., Path]) -> None:
    result = measured(write_scan())
    assert result.segmentation is not None
    assert result.volume is not None
    mask = result.segmentation.whole_mask()
    assert mask.shape == result.volume.hu.shape
    inside = result.volume.hu[mask.astype(bool)].mean()
    assert inside == pytest.approx(110, abs=5)  # the HU that the body was made with, partial voxels included


def test_a_cut_spleen_is_for_review_and_a_lower_bound(write_scan: Callable[..., Path]) -> None:
    result = measured(write_scan(spleen_slice=6.0))
    assert result.record.status == "review"
    assert "incomplete" in result.record.reasons
    assert result.measurement.complete is False
    assert result.measurement.sv_ml is not None
    assert result.measurement.sv_ml < 0.9 * SV_ML
    assert "at least" in str(result)
    assert "inferior" in " ".join(result.record.sentences)


def test_no_spleen_is_unknown_and_not_zero(write_scan: Callable[..., Path]) -> None:
    result = measured(write_scan(spleen_hu=20.0))
    assert (result.record.status, result.record.reason) == ("review", "no-spleen-found")
    assert result.measurement.sv_ml is None
    assert result.measurement.complete is None


def test_a_scan_without_a_body_is_refused(tmp_path: Path) -> None:
    volume = body()
    path = tmp_path / "air.nii.gz"
    ct.write_nifti(path, np.full(volume.hu.shape, -1000, np.int16), volume.geometry)
    result = measured(path)
    assert result.record.status == "refused"
    assert result.record.reasons
    assert all(sentence for sentence in result.record.sentences)


class Breaks:
    """An engine that cannot do its work."""

    name = "breaks"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def segment(self, volume: Volume, info: ScanInfo | None = None) -> Segmentation:
        raise self.error


def test_an_engine_that_cannot_is_failed_with_its_code(write_scan: Callable[..., Path]) -> None:
    result = measured(
        write_scan(), Breaks(EngineError("no-weights", "the weights are not here", "fetch them"))
    )
    assert (result.record.status, result.record.reason) == ("failed", "no-weights")
    assert result.record.sentences == ("the weights are not here; fetch them",)


def test_a_bug_is_failed_and_its_text_stays_out_of_the_record(write_scan: Callable[..., Path]) -> None:
    result = measured(write_scan(), Breaks(ZeroDivisionError("DOE^JANE")))
    assert (result.record.status, result.record.reason) == ("failed", "internal-error")
    assert "ZeroDivisionError" in result.record.sentences[0]
    assert "DOE" not in result.record.to_json()
    assert isinstance(result.error, ZeroDivisionError)


def test_no_memory_is_failed_with_what_to_do(write_scan: Callable[..., Path]) -> None:
    result = measured(write_scan(), Breaks(MemoryError()))
    assert (result.record.status, result.record.reason) == ("failed", "out-of-memory")
    assert "--workers" in result.record.sentences[0]


class Mirrored(ByHu):
    """An engine that notices a mirrored scan."""

    def segment(self, volume: Volume, info: ScanInfo | None = None) -> Segmentation:
        from dataclasses import replace

        finding = Finding("anatomy-mirrored", "the images are mirrored", gate=True)
        return replace(super().segment(volume), findings=(finding,))


def test_what_an_engine_gates_is_refused_and_has_no_volume(write_scan: Callable[..., Path]) -> None:
    result = measured(write_scan(), Mirrored())
    assert (result.record.status, result.record.reason) == ("refused", "anatomy-mirrored")
    assert result.measurement.sv_ml is None


def test_the_same_input_gives_the_same_record_but_for_times(write_scan: Callable[..., Path]) -> None:
    from dataclasses import replace

    from splenic.pipeline.record import Times

    path = write_scan()
    one, two = (replace(measured(path).record, times=Times()) for _ in range(2))
    assert one.to_json() == two.to_json()


def test_a_renamed_file_in_another_folder_has_the_same_hash(
    write_scan: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_scan()
    other = tmp_path / "elsewhere" / "one.nii.gz"
    other.parent.mkdir()
    other.write_bytes(path.read_bytes())
    one, two = measured(path).record, measured(other).record
    assert one.scan is not None
    assert two.scan is not None
    assert one.scan.sha256 == two.scan.sha256


def test_an_input_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        splenic.measure(tmp_path / "nowhere", engine=ByHu())


def test_an_input_that_holds_nothing_readable_is_a_refused_case(tmp_path: Path) -> None:
    (tmp_path / "empty.dcm").write_bytes(b"")
    (result,) = splenic.measure(tmp_path / "empty.dcm", engine=ByHu())
    assert (result.record.status, result.record.reason) == ("refused", "empty-file")
    assert "empty.dcm" in result.record.sentences[0]
    assert result.record.source == "empty.dcm"


def test_a_folder_without_ct_is_a_refused_case(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    (result,) = splenic.measure(tmp_path, engine=ByHu())
    assert (result.record.status, result.record.reason) == ("refused", "no-ct-found")


def test_one_bad_case_does_not_touch_the_others(write_scan: Callable[..., Path], tmp_path: Path) -> None:
    write_scan("a")
    write_scan("c", seed=2)
    (tmp_path / "scans" / "b.nii.gz").write_bytes(b"no NIfTI at all")
    results = splenic.measure(tmp_path / "scans", engine=ByHu())
    volumes = {r.record.scan.info.patient_id: r.measurement.sv_ml for r in results if r.record.scan}
    assert volumes["a"] == pytest.approx(SV_ML, rel=0.05)
    assert volumes["c"] == pytest.approx(SV_ML, rel=0.05)
