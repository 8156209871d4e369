"""Small scans with a spleen of known volume, and an engine that finds them by their HU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from splenic import ct
from splenic.ct import Finding, Geometry, ScanInfo, Volume
from splenic.segment.types import Segmentation

SPACING_MM = (4.0, 3.0, 3.0)
SHAPE = (48, 100, 120)
RADII_MM = (45.0, 30.0, 28.0)
SV_ML = 4 / 3 * np.pi * np.prod(RADII_MM) / 1000


def body(*, spleen_hu: float = 110.0, spleen_slice: float = 24.0, seed: int = 1) -> Volume:
    """A body of water in air, with one ellipsoid on the patient's left; LPS axes, slices upwards."""
    geometry = Geometry(
        SHAPE, (-180.0, -150.0, -96.0), SPACING_MM, ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    )
    index = np.indices(SHAPE).reshape(3, -1).T
    lps = geometry.to_lps_mm(index).reshape(*SHAPE, 3)
    hu = np.full(SHAPE, -1000.0)
    hu[(lps[..., 0] / 150) ** 2 + (lps[..., 1] / 115) ** 2 < 1] = 20.0
    centre = geometry.to_lps_mm((spleen_slice, 0, 0))[2]
    away = ((lps[..., 2] - centre) / RADII_MM[0]) ** 2
    away = away + (lps[..., 1] / RADII_MM[1]) ** 2 + ((lps[..., 0] - 70) / RADII_MM[2]) ** 2
    hu[away < 1] = spleen_hu
    noise = np.random.default_rng(seed).normal(0, 5, SHAPE)
    return Volume.of(np.round(hu + noise).astype(np.int16), geometry)


class ByHu:
    """An engine for tests: the largest component between 80 and 140 HU on the left."""

    name = "by-hu"

    def segment(self, volume: Volume, info: ScanInfo | None = None) -> Segmentation:
        hu = ndimage.uniform_filter(volume.hu.astype(np.float32), 3)
        solid = (hu > 65) & (hu < 140)
        parts, count = ndimage.label(solid)
        if count == 0:
            nothing = slice(0, 0)
            return Segmentation(
                volume.geometry,
                (nothing, nothing, nothing),
                np.zeros((0, 0, 0), np.float32),
                np.zeros((0, 0, 0), bool),
                (Finding("no-spleen-found", "no spleen was found on this scan"),),
            )
        mask = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
        box = ct.box_around(mask, (2, 2, 2))
        assert box is not None
        probability = ndimage.gaussian_filter(mask[box].astype(np.float32), 0.5)
        return Segmentation(volume.geometry, box, probability, mask[box], engine=self.name)


@pytest.fixture
def write_scan(tmp_path: Path) -> Callable[..., Path]:
    """Write a small scan as NIfTI into a folder of the test; returns its path."""

    def write(name: str = "one", **options: float) -> Path:
        folder = tmp_path / "scans"
        folder.mkdir(exist_ok=True)
        volume = body(**options)  # type: ignore[arg-type]
        path = folder / f"{name}.nii.gz"
        ct.write_nifti(path, volume.hu, volume.geometry)
        return path

    return write


@pytest.fixture
def masks(tmp_path: Path) -> Callable[[Path], str]:
    """Write the true mask of a small scan for the engine `external`; returns the engine's name."""

    def write(scan: Path) -> str:
        folder = tmp_path / "masks"
        folder.mkdir(exist_ok=True)
        volume = ct.read_nifti(scan).volume
        made = ByHu().segment(volume)
        ct.write_nifti(folder / scan.name, made.whole_mask(), made.geometry)
        return f"external:{folder}"

    return write
