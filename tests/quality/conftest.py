"""A body of known density with a spleen, on any grid, for the failure score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from splenic.ct import Geometry, Volume, box_around
from splenic.measure import Measurement, measure
from splenic.quality.damage import soft
from splenic.segment.types import Segmentation

CENTRE, RADII = np.array([85.0, 30.0, 0.0]), np.array([25.0, 40.0, 45.0])


def ellipsoid(places: npt.NDArray[np.float64], centre: npt.ArrayLike = CENTRE, radii: npt.ArrayLike = RADII
              ) -> npt.NDArray[np.bool_]:
    """True inside an ellipsoid, for LPS places (…, 3)."""
    return np.asarray((((places - np.asarray(centre)) / np.asarray(radii)) ** 2).sum(axis=-1) < 1)


@dataclass(frozen=True)
class Body:
    """A scan, its true spleen (whole grid), and the LPS place of every voxel."""

    volume: Volume
    spleen: npt.NDArray[np.bool_]
    places: npt.NDArray[np.float64]

    def case(self, mask: npt.NDArray[np.bool_], probability: npt.NDArray[np.float32] | None = None,
             disagreement: float | None = None) -> tuple[Measurement, Segmentation, Volume]:
        """The arguments of ``assess`` for a mask; the probability is a sure one if not given."""
        box = box_around(mask, (3, 8, 8))
        assert box is not None
        grid = self.volume.geometry.crop(box)
        small = np.ascontiguousarray(mask[box])
        seen = soft(small, grid, 1.0) if probability is None else probability[box]
        found = Segmentation(self.volume.geometry, box, seen, small, disagreement=disagreement)
        return measure(found, self.volume), found, self.volume


def make_body(slices: npt.ArrayLike = (0, 0, 1), rows: npt.ArrayLike = (0, 1, 0),
              columns: npt.ArrayLike = (1, 0, 0),
              shape: tuple[int, int, int] = (44, 110, 160)) -> Body:
    """Fat with a kidney of other density behind the spleen, a liver on the right, and noise."""
    lengths = {2: 3.0, 1: 2.0, 0: 2.0}
    axes = np.array([slices, rows, columns], float)
    spacing = tuple(lengths[int(np.abs(axis).argmax())] for axis in axes)
    steps = axes * np.asarray(spacing)[:, None]
    origin = -((np.asarray(shape) - 1) / 2) @ steps
    geometry = Geometry(shape, tuple(origin), spacing, tuple(map(tuple, axes)))  # type: ignore[arg-type]
    index = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), axis=-1)
    places = geometry.to_lps_mm(index)
    hu = np.full(shape, -1000.0)
    hu[ellipsoid(places, (0, 0, 0), (150, 105, 1e6))] = -90
    hu[ellipsoid(places, (-75, -10, 0), (60, 70, 55))] = 95
    hu[ellipsoid(places, (45, 62, -20), (22, 22, 40))] = 190
    spleen = ellipsoid(places)
    hu[spleen] = 115
    # The noise belongs to the place, so that every grid sees the same body.
    hu += 12 * np.sin(places @ np.array([1.9, 2.3, 3.1])) + 8 * np.sin(places @ np.array([4.1, -2.7, 1.3]))
    return Body(Volume.of(np.rint(hu).astype(np.int16), geometry), spleen, places)


@pytest.fixture(scope="session")
def body() -> Body:
    """The body on the usual grid."""
    return make_body()


@pytest.fixture(scope="session")
def body_with_axes() -> Callable[..., Body]:
    """Make the body on a grid with other axes."""
    return make_body


@pytest.fixture(scope="session")
def inside_ellipsoid() -> Callable[..., npt.NDArray[np.bool_]]:
    """Test places for lying in an ellipsoid."""
    return ellipsoid
