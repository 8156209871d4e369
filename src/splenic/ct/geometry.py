"""Where a voxel lies: the grid of a volume in the DICOM patient system (LPS, millimetres)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
Vector = tuple[float, float, float]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class Geometry:
    """The grid of a volume, indexed ``[slice, row, column]``; a voxel's index is its centre.

    Parameters
    ----------
    shape : tuple of int
        Slices, rows, columns.
    origin_mm : tuple of float
        LPS position of the centre of voxel ``[0, 0, 0]``.
    spacing_mm : tuple of float
        Length of one step along each array axis, same order as the array.
    direction : tuple of three tuples of float
        ``direction[axis]`` is the unit vector (LPS) of one step along that array axis. The slice axis
        need not be perpendicular to the other two: a gantry tilt is kept as a shear, not resampled away.
    """

    shape: tuple[int, int, int]
    origin_mm: Vector
    spacing_mm: Vector
    direction: tuple[Vector, Vector, Vector]

    @property
    def steps_mm(self) -> npt.NDArray[np.float64]:
        """Array (3, 3): row ``axis`` is the LPS displacement in mm of one step along that array axis."""
        steps: npt.NDArray[np.float64] = (
            np.asarray(self.direction, float) * np.asarray(self.spacing_mm)[:, None]
        )
        return steps

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel in mm³: ``|det|`` of the steps, right for a sheared grid too."""
        return float(abs(np.linalg.det(self.steps_mm)))

    @property
    def slice_distance_mm(self) -> float:
        """Distance between neighbouring slice planes, along their normal."""
        steps = self.steps_mm
        in_plane = float(np.linalg.norm(np.cross(steps[1], steps[2])))
        return self.voxel_mm3 / in_plane

    def to_lps_mm(self, index: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """LPS positions (…, 3) in mm of array indices (…, 3), whole or fractional."""
        lps: npt.NDArray[np.float64] = np.asarray(self.origin_mm) + np.asarray(index, float) @ self.steps_mm
        return lps

    def to_index(self, lps_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Fractional array indices (…, 3) of LPS positions (…, 3) in mm."""
        offset = np.asarray(lps_mm, float) - np.asarray(self.origin_mm)
        index: npt.NDArray[np.float64] = offset @ np.linalg.inv(self.steps_mm)
        return index

    def crop(self, box: Box) -> Geometry:
        """The grid of ``array[box]``, for a box of plain slices with step 1."""
        starts = [axis.indices(size)[0] for axis, size in zip(box, self.shape, strict=True)]
        stops = [axis.indices(size)[1] for axis, size in zip(box, self.shape, strict=True)]
        shape = tuple(max(0, stop - start) for start, stop in zip(starts, stops, strict=True))
        origin = tuple(float(v) for v in self.to_lps_mm(starts))
        return Geometry(shape, origin, self.spacing_mm, self.direction)  # type: ignore[arg-type]

    def same_grid(self, other: Geometry, tolerance_mm: float = 0.01) -> bool:
        """True if both grids have the same shape and every corner within ``tolerance_mm``."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape], indexing="ij")).reshape(3, -1).T
        gap = np.abs(self.to_lps_mm(corners) - other.to_lps_mm(corners))
        return bool(gap.max() <= tolerance_mm)


def box_around(mask: npt.NDArray[np.bool_], margin: tuple[int, int, int] = (0, 0, 0)) -> Box | None:
    """The smallest box that holds every true voxel of a 3-D mask, widened by a margin; None if empty."""
    limits = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        hit = np.flatnonzero(mask.any(axis=others))
        if hit.size == 0:
            return None
        low = max(0, int(hit[0]) - margin[axis])
        high = min(mask.shape[axis], int(hit[-1]) + 1 + margin[axis])
        limits.append(slice(low, high))
    return (limits[0], limits[1], limits[2])
