"""The outline of a mask on one slice, in millimetres of that slice's plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Vector
from splenic.measure.region import BoolArray, FloatArray, Region


@dataclass(frozen=True, slots=True)
class Plane:
    """The plane of a grid's slices: rectangular axes in mm, whatever the angle of rows and columns.

    Parameters
    ----------
    axes_lps : float array (2, 3)
        Unit vectors of the plane's own axes.
    steps_mm : float array (2, 2)
        One step along rows' index and along columns' index, in those axes.
    """

    axes_lps: FloatArray
    steps_mm: FloatArray

    @staticmethod
    def of(steps_mm: FloatArray) -> Plane:
        """The plane spanned by the last two of three steps (3, 3)."""
        along = steps_mm[2] / np.linalg.norm(steps_mm[2])
        across = steps_mm[1] - (steps_mm[1] @ along) * along
        axes = np.stack([across / np.linalg.norm(across), along])
        return Plane(axes, steps_mm[1:] @ axes.T)

    @property
    def pixel_mm2(self) -> float:
        """Area of a pixel."""
        return float(abs(np.linalg.det(self.steps_mm)))


@dataclass(frozen=True, slots=True)
class Hull:
    """The convex hull of one slice's outline.

    ``corners_mm`` (k, 2) go round; ``area_mm2`` is the hull's own; ``slice_index`` counts in the region.
    """

    slice_index: int
    corners_mm: FloatArray
    area_mm2: float

    def diameter(self) -> tuple[float, FloatArray, FloatArray]:
        """The longest distance between two corners, and the two (the true maximum calliper)."""
        gaps = self.corners_mm[:, None] - self.corners_mm[None]
        squares = np.einsum("ijk,ijk->ij", gaps, gaps)
        i, j = np.unravel_index(int(np.argmax(squares)), squares.shape)
        return float(np.sqrt(squares[i, j])), self.corners_mm[i], self.corners_mm[j]


def hulls_of(region: Region, plane: Plane) -> list[Hull]:
    """Convex hull of the outline on every slice of the region that holds spleen.

    The outline is the half level of :func:`_level`, found along rows and columns: it runs between the
    pixels inside and those outside, not through pixel centres.
    """
    from scipy.spatial import ConvexHull

    level = _level(region.mask)
    by_rows, by_columns = _ends(level), _ends(level.transpose(0, 2, 1))[:, [0, 2, 1]]
    points = np.concatenate([by_rows, by_columns])
    points[:, 1:] -= 1  # the margin of the level
    hulls = []
    for index in np.flatnonzero(np.any(region.mask, axis=(1, 2))):
        own = points[points[:, 0] == index, 1:] @ plane.steps_mm
        hull = ConvexHull(own)
        hulls.append(Hull(int(index), own[hull.vertices], float(hull.volume)))
    return hulls


_HALF = 8.0


def _level(mask: BoolArray) -> FloatArray:
    """The mask, 0..16, averaged over next neighbours in the plane (1-2-1), with a margin of one pixel.

    The outline of a smooth organ on pixels is a staircase, and a hull rests on its outermost steps: without
    the average a calliper is half a pixel too long. Slices too thin for it keep the bare mask.
    """
    bare = np.pad(mask, ((0, 0), (1, 1), (1, 1))).astype(np.float64)
    smooth = bare.copy()
    smooth[:, 1:-1] = bare[:, :-2] + 2 * bare[:, 1:-1] + bare[:, 2:]
    across = smooth.copy()
    smooth[:, :, 1:-1] = across[:, :, :-2] + 2 * across[:, :, 1:-1] + across[:, :, 2:]
    kept = np.count_nonzero(smooth > _HALF, axis=(1, 2)) >= 0.9 * np.count_nonzero(mask, axis=(1, 2))
    return np.where(kept[:, None, None], smooth, 2 * _HALF * bare)


def _ends(level: FloatArray) -> FloatArray:
    """First and last crossing of the half level along the last axis: points (n, 3) in index coordinates."""
    inside = level >= _HALF
    slices, lines = np.nonzero(np.any(inside, axis=2))
    runs, profile = inside[slices, lines], level[slices, lines]
    order = np.arange(len(slices))
    ends = []
    for step, at in ((-1, runs.argmax(axis=1)), (1, runs.shape[1] - 1 - runs[:, ::-1].argmax(axis=1))):
        high, low = profile[order, at], profile[order, at + step]
        ends.append(np.stack([slices, lines, at + step * (high - _HALF) / (high - low)], axis=1))
    return np.concatenate(ends)


def areas_mm2(mask: BoolArray, plane: Plane) -> FloatArray:
    """Area of spleen on every slice."""
    counts: FloatArray = np.count_nonzero(mask, axis=(1, 2)).astype(float)
    return counts * plane.pixel_mm2


def to_lps(point_mm: npt.ArrayLike, slice_index: int, region: Region, plane: Plane) -> Vector:
    """LPS position of a point (2,) in mm of the plane of a slice of the region."""
    origin = region.grid.to_lps_mm([slice_index, 0, 0])
    x, y, z = origin + np.asarray(point_mm, float) @ plane.axes_lps
    return (float(x), float(y), float(z))
