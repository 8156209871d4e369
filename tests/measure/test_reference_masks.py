"""Every reference mask: its volume, whether it is complete, and what radiologists' formulas make of it."""

from __future__ import annotations

import csv
from pathlib import Path

import nibabel
import numpy as np
import pytest

from splenic.ct.geometry import Geometry
from splenic.ct.types import Volume
from splenic.measure import measure_mask

pytestmark = pytest.mark.shared


def _load(path: Path) -> tuple[np.ndarray, Geometry]:
    image = nibabel.load(path)
    affine = image.affine * np.array([-1, -1, 1, 1])[:, None]  # RAS to LPS
    steps = affine[:3, :3].T[::-1]
    spacing = np.linalg.norm(steps, axis=1)
    array = np.asanyarray(image.dataobj).transpose(2, 1, 0)
    direction = tuple(tuple(row) for row in steps / spacing[:, None])
    return array, Geometry(array.shape, tuple(affine[:3, 3]), tuple(spacing), direction)


def _cases(folder: Path) -> list[dict[str, str]]:
    rows = []
    for name in ("cases.csv", "external.csv"):
        with (folder / name).open(encoding="utf-8-sig") as file:
            rows += [
                row for row in csv.DictReader(file) if (folder / "masks" / f"{row['case']}.nii.gz").exists()
            ]
    return rows


def test_every_reference_mask(data_dir: Path) -> None:
    cases = _cases(data_dir)
    assert len(cases) >= 30
    for case in cases:
        mask, grid = _load(data_dir / "masks" / f"{case['case']}.nii.gz")
        scan, _ = _load(data_dir / "scans" / f"{case['case']}.nii.gz")
        found = measure_mask(mask > 0, grid, Volume.of(np.rint(scan).astype(np.int16), grid))
        assert found.sv_ml == pytest.approx(float(case["sv_packed_ml"]), abs=0.06), case["case"]
        assert str(found.complete) == case["complete"], case["case"]
        assert found.cut_faces == (() if found.complete else ("inferior",)), case["case"]
        # Without the edge the parenchyma is a few HU denser than the whole mask, and more even.
        assert 0 < found.hu_mean - float(case["hu_mean"]) < 15, case["case"]
        assert found.hu_sd < float(case["hu_sd"]), case["case"]
        assert found.thickness.length_mm < found.width.length_mm <= found.axial_diameter.length_mm + 1e-9
