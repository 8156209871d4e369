"""Masks made elsewhere: found by name, brought to the grid, refused where they belong to another scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splenic.ct import Geometry, ScanInfo, Volume, write_nifti
from splenic.errors import EngineError, UsageError
from splenic.segment import external_engine

AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
GRID = Geometry((30, 60, 64), (-30.0, -25.0, 100.0), (3.0, 1.2, 1.1), AXES)


def ball(geometry: Geometry, radius_mm: float = 22.0) -> np.ndarray:
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    return np.linalg.norm(geometry.to_lps_mm(index) - np.array([5.0, 10.0, 145.0]), axis=-1) < radius_mm


@pytest.fixture
def volume() -> Volume:
    return Volume.of(np.zeros(GRID.shape, np.int16), GRID)


def test_a_mask_on_the_same_grid_is_taken_as_it_is(tmp_path: Path, volume: Volume) -> None:
    write_nifti(tmp_path / "m.nii.gz", ball(GRID), GRID)
    result = external_engine(tmp_path / "m.nii.gz").segment(volume)
    assert (result.whole_mask() > 0).sum() == ball(GRID).sum()
    assert result.findings == ()


def test_a_mask_on_another_grid_is_resampled_and_says_so(tmp_path: Path, volume: Volume) -> None:
    turned = ((0.0, 0.0, -1.0), (0.0, -1.0, 0.0), (1.0, 0.0, 0.0))
    other = Geometry((70, 90, 90), (-40.0, 50.0, 190.0), (1.5, 0.9, 1.0), turned)
    write_nifti(tmp_path / "m.nii.gz", ball(other), other)
    result = external_engine(tmp_path / "m.nii.gz").segment(volume)
    assert [f.code for f in result.findings] == ["mask-resampled"]
    got = result.whole_mask() > 0
    truth = ball(GRID)
    assert 2 * (got & truth).sum() / (got.sum() + truth.sum()) > 0.97


def test_the_mask_of_another_scan_is_refused(tmp_path: Path, volume: Volume) -> None:
    far = Geometry(GRID.shape, (500.0, 500.0, 500.0), GRID.spacing_mm, AXES)
    write_nifti(tmp_path / "m.nii.gz", ball(GRID), far)
    with pytest.raises(EngineError, match="lies inside this scan"):
        external_engine(tmp_path / "m.nii.gz").segment(volume)


def test_in_a_folder_the_mask_is_found_by_series_or_patient(tmp_path: Path, volume: Volume) -> None:
    write_nifti(tmp_path / "1.2.3.nii.gz", ball(GRID), GRID)
    write_nifti(tmp_path / "P7.nii.gz", ball(GRID, 15.0), GRID)
    engine = external_engine(tmp_path)
    by_series = engine.segment(volume, ScanInfo(series_uid="1.2.3"))
    by_patient = engine.segment(volume, ScanInfo(patient_id="P7"))
    assert by_series.mask.sum() == ball(GRID).sum()
    assert by_patient.mask.sum() == ball(GRID, 15.0).sum()
    with pytest.raises(EngineError, match="no mask for this scan"):
        engine.segment(volume, ScanInfo(patient_id="../P7"))


def test_an_empty_mask_is_no_spleen(tmp_path: Path, volume: Volume) -> None:
    write_nifti(tmp_path / "m.nii.gz", np.zeros(GRID.shape, bool), GRID)
    result = external_engine(tmp_path / "m.nii.gz").segment(volume)
    assert [f.code for f in result.findings] == ["no-spleen-found"]


def test_a_wrong_path_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        external_engine(tmp_path / "absent")
