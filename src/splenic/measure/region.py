"""A mask inside its box, turned so that the first axis runs through the axial slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Box, Geometry, box_around

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Region:
    """A mask that is not empty, cropped to itself with one voxel of margin where the scan has one.

    Parameters
    ----------
    mask : bool array (slices, rows, columns)
    geometry : Geometry
        The whole scan's grid, its axes in the order of ``axes``.
    box : tuple of three slices
        Where ``mask`` lies in ``geometry``.
    axes : tuple of int
        Which axes of the scan's own array these are. ``(0, 1, 2)`` for every axial scan.
    """

    mask: BoolArray
    geometry: Geometry
    box: Box
    axes: tuple[int, int, int]

    @property
    def grid(self) -> Geometry:
        """The grid of ``mask``."""
        return self.geometry.crop(self.box)


def axial_axes(geometry: Geometry) -> tuple[int, int, int]:
    """Order of the array axes that puts first the one whose planes are the most axial."""
    steps = geometry.steps_mm
    normals = [np.cross(steps[(axis + 1) % 3], steps[(axis + 2) % 3]) for axis in range(3)]
    upright = [abs(normal[2]) / np.linalg.norm(normal) for normal in normals]
    first = int(np.argmax(np.round(upright, 6)))
    rest = [axis for axis in range(3) if axis != first]
    return (first, rest[0], rest[1])


def region_of(mask: BoolArray, geometry: Geometry, box: Box | None = None) -> Region | None:
    """Crop a mask and turn it; None where it is empty.

    Parameters
    ----------
    mask : bool array
        On the whole grid, or on ``box`` of it.
    geometry : Geometry
        The whole grid.
    box : tuple of three slices, optional
        Where ``mask`` lies.
    """
    inner = box_around(mask)
    if inner is None:
        return None
    starts = [0, 0, 0] if box is None else [s.indices(n)[0] for s, n in zip(box, geometry.shape, strict=True)]
    axes = axial_axes(geometry)
    padded: list[tuple[int, int]] = []
    whole: list[slice] = []
    for part, start, size in zip(inner, starts, geometry.shape, strict=True):
        low, high = part.start + start, part.stop + start
        margin = (min(1, low), min(1, size - high))
        padded.append(margin)
        whole.append(slice(low - margin[0], high + margin[1]))
    cropped = np.pad(mask[inner], padded).transpose(axes)
    turned = Geometry(
        _pick(geometry.shape, axes),
        geometry.origin_mm,
        _pick(geometry.spacing_mm, axes),
        _pick(geometry.direction, axes),
    )
    return Region(np.ascontiguousarray(cropped), turned, _pick(tuple(whole), axes), axes)


def _pick(values: tuple[_T, ...], axes: tuple[int, int, int]) -> tuple[_T, _T, _T]:
    return (values[axes[0]], values[axes[1]], values[axes[2]])
