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

    The outline runs through the middle of the sides between a pixel inside and one outside: that is where
    the edge lies for a pixel that is its centre.
    """
    from scipy.spatial import ConvexHull

    mask = region.mask
    filled: BoolArray = np.any(mask, axis=2)
    first = mask.argmax(axis=2)
    last = mask.shape[2] - 1 - mask[:, :, ::-1].argmax(axis=2)
    hulls = []
    for index in np.flatnonzero(np.any(filled, axis=1)):
        rows = np.flatnonzero(filled[index]).astype(float)
        left, right = first[index][filled[index]], last[index][filled[index]]
        ends = np.concatenate([np.stack([rows, left], 1), np.stack([rows, right], 1)])
        sides = [(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)]
        points = np.concatenate([ends + side for side in sides]) @ plane.steps_mm
        hull = ConvexHull(points)
        hulls.append(Hull(int(index), points[hull.vertices], float(hull.volume)))
    return hulls


def areas_mm2(mask: BoolArray, plane: Plane) -> FloatArray:
    """Area of spleen on every slice."""
    counts: FloatArray = np.count_nonzero(mask, axis=(1, 2)).astype(float)
    return counts * plane.pixel_mm2


def to_lps(point_mm: npt.ArrayLike, slice_index: int, region: Region, plane: Plane) -> Vector:
    """LPS position of a point (2,) in mm of the plane of a slice of the region."""
    origin = region.grid.to_lps_mm([slice_index, 0, 0])
    x, y, z = origin + np.asarray(point_mm, float) @ plane.axes_lps
    return (float(x), float(y), float(z))
