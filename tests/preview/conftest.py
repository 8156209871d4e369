"""A body whose density is a formula of the place, so that it can be put on any grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import edt
import numpy as np
import numpy.typing as npt
import pytest

from splenic.ct import Geometry, box_around, read_nifti
from splenic.ct.types import Volume
from splenic.segment.types import Segmentation

SPLEEN_CENTRE = np.array([80.0, 40.0, 10.0])
SPLEEN_RADII = np.array([30.0, 45.0, 50.0])
RADIANS = np.deg2rad


def _ellipsoid(places: npt.NDArray[np.float64], centre: npt.ArrayLike, radii: npt.ArrayLike
               ) -> npt.NDArray[np.float64]:
    return np.asarray((((places - np.asarray(centre)) / np.asarray(radii)) ** 2).sum(axis=-1))


def hu_at(places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """HU at LPS places (…, 3): a body with a spine, a spleen on the left, a bright ball in front of it."""
    hu = np.full(places.shape[:-1], -1000.0)
    hu[_ellipsoid(places, (0, 0, 0), (160, 110, 1e6)) < 1] = -90
    hu[_ellipsoid(places, (0, 70, 0), (20, 20, 1e6)) < 1] = 400
    hu[_ellipsoid(places, (70, -55, 0), (15, 15, 1e6)) < 1] = 240
    hu[_ellipsoid(places, SPLEEN_CENTRE, SPLEEN_RADII) < 1] = 110
    return hu


def _grid(slices: npt.ArrayLike, rows: npt.ArrayLike, columns: npt.ArrayLike,
          spacing: tuple[float, float, float], shape: tuple[int, int, int]) -> Geometry:
    """A grid centred in the patient with these axes."""
    axes = [np.asarray(a, float) / np.linalg.norm(a) for a in (slices, rows, columns)]
    steps = np.stack(axes) * np.asarray(spacing)[:, None]
    origin = -((np.asarray(shape) - 1) / 2) @ steps
    direction = tuple((float(a[0]), float(a[1]), float(a[2])) for a in axes)
    return Geometry(shape, (float(origin[0]), float(origin[1]), float(origin[2])), spacing,
                    direction)  # type: ignore[arg-type]


_X, _Y, _Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)
GRIDS = {
    "LPS": _grid(_Z, _Y, _X, (4.0, 1.5, 1.5), (40, 160, 230)),
    "RAS": _grid(_Z, (0, -1, 0), (-1, 0, 0), (4.0, 1.5, 1.5), (40, 160, 230)),
    "head last": _grid((0, 0, -1), _Y, _X, (4.0, 1.5, 1.5), (40, 160, 230)),
    "rows and columns swapped": _grid(_Z, _X, (0, -1, 0), (4.0, 1.5, 1.4), (40, 230, 170)),
    "sagittal array": _grid(_X, _Z, _Y, (1.5, 4.0, 1.5), (230, 40, 160)),
    "anisotropic": _grid(_Z, _Y, _X, (7.0, 1.0, 2.0), (23, 240, 170)),
    "tilted gantry": _grid((0, np.sin(RADIANS(15)), np.cos(RADIANS(15))), _Y, _X, (4.0, 1.5, 1.5),
                           (40, 170, 230)),
    "turned head": _grid(_Z, (-np.sin(RADIANS(8)), np.cos(RADIANS(8)), 0),
                         (np.cos(RADIANS(8)), np.sin(RADIANS(8)), 0), (4.0, 1.5, 1.5), (40, 180, 240)),
}


@dataclass(frozen=True)
class Body:
    """The body on one grid."""

    volume: Volume
    segmentation: Segmentation
    nothing: Segmentation


@pytest.fixture(scope="session")
def body_on() -> Callable[[str], Body]:
    """Make the body on a grid by its name."""
    @cache
    def make(name: str) -> Body:
        geometry = GRIDS[name]
        index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
        places = geometry.to_lps_mm(index)
        volume = Volume.of(hu_at(places).astype(np.int16), geometry)
        mask = _ellipsoid(places, SPLEEN_CENTRE, SPLEEN_RADII) < 1
        box = box_around(mask, (2, 2, 2))
        assert box is not None
        small = np.ascontiguousarray(mask[box])
        return Body(volume, Segmentation(geometry, box, small.astype(np.float32), small),
                    Segmentation(geometry, box, np.zeros(small.shape, np.float32), np.zeros_like(small)))
    return make


@pytest.fixture(scope="session", params=sorted(GRIDS))
def grid_name(request: pytest.FixtureRequest) -> str:
    """Every grid in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def spleen_edge_mm() -> Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
    """About how far LPS places lie from the spleen's surface, mm (exact to first order near it)."""
    def distance(places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        scaled = (places - SPLEEN_CENTRE) / SPLEEN_RADII
        value = np.linalg.norm(scaled, axis=-1)
        slope = np.linalg.norm(scaled / SPLEEN_RADII, axis=-1) / np.maximum(value, 1e-9)
        return np.asarray((value - 1) / slope)
    return distance


@pytest.fixture(scope="session")
def true_hu() -> Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
    """The formula of the body."""
    return hu_at


@pytest.fixture(scope="session")
def real_case() -> Callable[[Path, str], tuple[Body, npt.NDArray[np.float32]]]:
    """A real scan with its reference mask, and the signed in-slice distance to the mask's edge, mm."""
    def read(data: Path, case: str) -> tuple[Body, npt.NDArray[np.float32]]:
        volume = read_nifti(data / "scans" / f"{case}.nii.gz").volume
        mask = read_nifti(data / "masks" / f"{case}.nii.gz").volume.hu > 0
        box = box_around(mask, (2, 8, 8))
        assert box is not None
        small = np.ascontiguousarray(mask[box])
        found = Segmentation(volume.geometry, box, small.astype(np.float32), small)
        nothing = Segmentation(volume.geometry, box, np.zeros(small.shape, np.float32), np.zeros_like(small))
        spacing = volume.geometry.spacing_mm[1:]
        edge = np.stack([edt.sdf(np.ascontiguousarray(part), anisotropy=spacing) for part in mask])
        return Body(volume, found, nothing), edge
    return read
