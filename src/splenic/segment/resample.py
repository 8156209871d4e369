"""Between a scan's grid and the upright, evenly spaced grid on which the networks work.

The working frame has the scan's own slice normal, row and column directions, turned so that its axes run
``[superior, posterior, left]``. Resampling is separable and anti-aliased: each axis is one small matrix, so
a slice costs two matrix products. A gantry tilt is a shift of each slice within its plane and enters the
matrices of that slice; nothing is resampled twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

# Array axis → the LPS component along which the working axis must increase: slices to superior (+S),
# rows to posterior (+P), columns to left (+L).
_WORKING_AXES = (2, 1, 0)


@dataclass(frozen=True, slots=True)
class WorkingGrid:
    """An evenly spaced grid in the working frame of one scan.

    Parameters
    ----------
    shape : tuple of int
        Cells along superior, posterior, left.
    spacing_mm : tuple of float
        Cell size along the same axes.
    start_mm : tuple of float
        Working coordinate of the centre of cell ``[0, 0, 0]``.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    start_mm: tuple[float, float, float]

    def crop(self, low: tuple[int, int, int], shape: tuple[int, int, int]) -> WorkingGrid:
        """The grid of cells ``low … low + shape``; may reach outside the scan."""
        start = tuple(s + i * d for s, i, d in zip(self.start_mm, low, self.spacing_mm, strict=True))
        return WorkingGrid(shape, self.spacing_mm, start)  # type: ignore[arg-type]

    def axis_mm(self, axis: int) -> Float64:
        """Working coordinates of the cell centres along one axis."""
        cells: Float64 = self.start_mm[axis] + self.spacing_mm[axis] * np.arange(
            self.shape[axis], dtype=float
        )
        return cells


@dataclass(frozen=True, slots=True)
class Frame:
    """The working frame of a scan: signed spacings, and the shift of each slice (gantry tilt).

    ``signed_mm[axis]`` is the displacement along the working axis per step along the array axis;
    ``shear_mm`` the in-plane displacement (posterior, left) per slice.
    """

    signed_mm: tuple[float, float, float]
    shear_mm: tuple[float, float]
    shape: tuple[int, int, int]

    def source_mm(self, axis: int, slice_index: int = 0) -> Float64:
        """Working coordinates of the array's samples along one axis (of one slice, if sheared)."""
        shift = self.shear_mm[axis - 1] * slice_index if axis > 0 else 0.0
        samples: Float64 = self.signed_mm[axis] * np.arange(self.shape[axis], dtype=float) + shift
        return samples


def frame_of(geometry: Geometry) -> Frame:
    """The working frame of an axial grid.

    Raises
    ------
    ValueError
        If the array axes are not, in order, mainly superior–inferior, anterior–posterior, left–right.
    """
    direction = np.asarray(geometry.direction, float)
    if tuple(np.abs(direction).argmax(axis=1)) != _WORKING_AXES:
        raise ValueError("the grid is not axial: slices, rows and columns must run along S, P and L")
    rows, columns = direction[1], direction[2]
    unit_p = rows * np.sign(rows[1])
    unit_l = columns * np.sign(columns[0])
    normal = np.cross(unit_l, unit_p)
    normal = normal / np.linalg.norm(normal)
    normal = normal * np.sign(normal[2])
    step = direction[0] * geometry.spacing_mm[0]
    return Frame(
        signed_mm=(
            float(step @ normal),
            float(geometry.spacing_mm[1] * np.sign(rows[1])),
            float(geometry.spacing_mm[2] * np.sign(columns[0])),
        ),
        shear_mm=(float(step @ unit_p), float(step @ unit_l)),
        shape=geometry.shape,
    )


def working_grid(geometry: Geometry, spacing_mm: tuple[float, float, float]) -> WorkingGrid:
    """The grid of the given spacing that covers the whole scan."""
    frame = frame_of(geometry)
    shape, start = [], []
    for axis in range(3):
        ends = [frame.source_mm(axis, k)[i] for k in (0, frame.shape[0] - 1) for i in (0, -1)]
        half = abs(frame.signed_mm[axis]) / 2
        low, high = min(ends) - half, max(ends) + half
        cells = max(1, int(np.ceil((high - low) / spacing_mm[axis] - 1e-6)))
        middle = (low + high) / 2
        shape.append(cells)
        start.append(middle - spacing_mm[axis] * (cells - 1) / 2)
    return WorkingGrid(tuple(shape), spacing_mm, tuple(start))  # type: ignore[arg-type]


def axis_weights(source_mm: Float64, target_mm: Float64, target_spacing_mm: float) -> Float32:
    """Matrix (targets, sources) that resamples one axis, anti-aliased.

    Samples are joined by straight lines and averaged over the part of a target cell that is wider than a
    source step: plain linear interpolation where the target is finer, nearly a cell average where it is
    coarser. A linear ramp stays exactly where it is. Rows sum to 1, or to 0 where a target lies more than
    half a source step outside the samples.
    """
    if source_mm.size == 1:
        near = np.abs(target_mm[:, None] - source_mm[None]) <= max(target_spacing_mm, 1e-6)
        return near.astype(np.float32)
    step = abs(float(source_mm[1] - source_mm[0]))
    width = max(0.0, target_spacing_mm / step - 1)
    distance = (target_mm[:, None] - source_mm[None]) / step
    if width > 1e-3:
        weights = (_hat_integral(distance + width / 2) - _hat_integral(distance - width / 2)) / width
    else:
        weights = np.clip(1 - np.abs(distance), 0.0, None)
    total = weights.sum(axis=1, keepdims=True)
    low, high = min(source_mm[0], source_mm[-1]) - step / 2, max(source_mm[0], source_mm[-1]) + step / 2
    inside = (target_mm > low - 1e-6) & (target_mm < high + 1e-6)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=(total > 1e-9) & inside[:, None])
    result: Float32 = weights.astype(np.float32)
    return result


def _hat_integral(x: Float64) -> Float64:
    """Integral from −∞ to ``x`` of the hat function that linear interpolation uses."""
    x = np.clip(x, -1.0, 1.0)
    return np.asarray(0.5 + x - 0.5 * x * np.abs(x))


def to_working(array: npt.NDArray[np.generic], geometry: Geometry, grid: WorkingGrid, fill: float) -> Float32:
    """Resample an array on the scan's grid onto a working grid.

    Parameters
    ----------
    array : array, shape ``geometry.shape``
        HU, a mask or a probability.
    fill : float
        Value of cells outside the scan.

    Returns
    -------
    float32 array, shape ``grid.shape``, axes superior, posterior, left.
    """
    frame = frame_of(geometry)
    across = axis_weights(frame.source_mm(0), grid.axis_mm(0), grid.spacing_mm[0])
    used = np.flatnonzero(across.any(axis=0))
    sheared = max(abs(v) for v in frame.shear_mm) > 1e-4
    planes = np.zeros((used.size, grid.shape[1] * grid.shape[2]), np.float32)
    down, along = _plane_weights(frame, grid, 0)
    for row, k in enumerate(used):
        if sheared:
            down, along = _plane_weights(frame, grid, int(k))
        y, x = _support(down), _support(along)
        if y is None or x is None:
            planes[row] = fill
            continue
        plane = down[:, y] @ (np.asarray(array[k, y, x], np.float32) @ along[:, x].T)
        _fill_outside(plane, down, along, fill)
        planes[row] = plane.ravel()
    result = across[:, used] @ planes
    result[~across.any(axis=1)] = fill
    return result.reshape(grid.shape)


def from_working(values: Float32, grid: WorkingGrid, geometry: Geometry) -> Float32:
    """Interpolate values on a working grid at the voxels of a scan (or of a crop of it); 0 outside.

    Returns
    -------
    float32 array, shape ``geometry.shape``.
    """
    frame = frame_of(geometry)
    result = np.zeros(geometry.shape, np.float32)
    across = axis_weights(grid.axis_mm(0), frame.source_mm(0), abs(frame.signed_mm[0]))
    sheared = max(abs(v) for v in frame.shear_mm) > 1e-4
    weights = _source_weights(frame, grid, 0)
    slices = (across @ values.reshape(grid.shape[0], -1)).reshape(-1, *grid.shape[1:])
    for k in range(geometry.shape[0]):
        if sheared:
            weights = _source_weights(frame, grid, k)
        result[k] = weights[0] @ (slices[k] @ weights[1].T)
    return result


def recentre(geometry: Geometry, box_origin: tuple[int, int, int], grid: WorkingGrid) -> WorkingGrid:
    """A working grid of a scan, expressed in the frame of a crop of it that starts at ``box_origin``."""
    frame = frame_of(geometry)
    shift = (
        frame.signed_mm[0] * box_origin[0],
        frame.signed_mm[1] * box_origin[1] + frame.shear_mm[0] * box_origin[0],
        frame.signed_mm[2] * box_origin[2] + frame.shear_mm[1] * box_origin[0],
    )
    start = tuple(s - d for s, d in zip(grid.start_mm, shift, strict=True))
    return WorkingGrid(grid.shape, grid.spacing_mm, start)  # type: ignore[arg-type]


def _plane_weights(frame: Frame, grid: WorkingGrid, k: int) -> tuple[Float32, Float32]:
    down = axis_weights(frame.source_mm(1, k), grid.axis_mm(1), grid.spacing_mm[1])
    along = axis_weights(frame.source_mm(2, k), grid.axis_mm(2), grid.spacing_mm[2])
    return down, along


def _source_weights(frame: Frame, grid: WorkingGrid, k: int) -> tuple[Float32, Float32]:
    down = axis_weights(grid.axis_mm(1), frame.source_mm(1, k), abs(frame.signed_mm[1]))
    along = axis_weights(grid.axis_mm(2), frame.source_mm(2, k), abs(frame.signed_mm[2]))
    return down, along


def _support(weights: Float32) -> slice | None:
    hit = np.flatnonzero(weights.any(axis=0))
    return slice(int(hit[0]), int(hit[-1]) + 1) if hit.size else None


def _fill_outside(plane: Float32, down: Float32, along: Float32, fill: float) -> None:
    plane[~down.any(axis=1)] = fill
    plane[:, ~along.any(axis=1)] = fill
