"""Flat views through a scan: which plane, how its pixels lie in the patient, and resampling onto it.

A view is defined in the patient (LPS, mm), never by array axes, so that the patient's left comes to
lie on the right of the picture whatever the signs and the order of the array's axes, and a sheared grid
(gantry tilt) is shown without distortion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry

FloatArray = npt.NDArray[np.float64]
Image8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle in the patient onto which a scan is shown.

    Parameters
    ----------
    centre_mm : array (3,)
        LPS position of the middle of the picture.
    right, down : arrays (3,)
        LPS unit vectors of the picture's horizontal and vertical axis, perpendicular to each other.
    mm_per_px : float
        Size of a picture's pixel.
    size : tuple of int
        Width and height in pixels.
    """

    centre_mm: FloatArray
    right: FloatArray
    down: FloatArray
    mm_per_px: float
    size: tuple[int, int]

    @property
    def normal(self) -> FloatArray:
        """Unit vector perpendicular to the picture."""
        return np.cross(self.right, self.down)

    def to_px(self, lps_mm: npt.ArrayLike) -> FloatArray:
        """Picture coordinates (…, 2) of LPS positions (…, 3), projected; a pixel's centre lies at + 0.5."""
        offset = np.asarray(lps_mm, float) - self.centre_mm
        uv = np.stack([offset @ self.right, offset @ self.down], axis=-1)
        return np.asarray(uv / self.mm_per_px + np.asarray(self.size) / 2)

    def to_lps_mm(self, px: npt.ArrayLike) -> FloatArray:
        """LPS positions (…, 3) in mm of picture coordinates (…, 2)."""
        uv = (np.asarray(px, float) - np.asarray(self.size) / 2) * self.mm_per_px
        return np.asarray(self.centre_mm + uv[..., :1] * self.right + uv[..., 1:] * self.down)

    def resized(self, mm_per_px: float, size: tuple[int, int]) -> View:
        """The same plane and centre at another scale and size."""
        return replace(self, mm_per_px=mm_per_px, size=size)


@dataclass(frozen=True, slots=True)
class Axes:
    """Directions of the views of one grid.

    ``slice_axis`` is the array axis nearest to the patient's long axis. ``right`` and ``posterior`` lie
    in the scan's own slices (so lengths in an axial picture are true), ``inferior`` is the patient's.
    """

    slice_axis: int
    right: FloatArray
    posterior: FloatArray
    inferior: FloatArray


def _unit(vector: FloatArray) -> FloatArray:
    return vector / np.linalg.norm(vector)


def axes_of(geometry: Geometry) -> Axes:
    """Directions of the axial and coronal view of a grid in radiological convention."""
    direction = np.asarray(geometry.direction, float)
    slice_axis = int(np.argmax(np.abs(direction[:, 2])))
    first, second = [axis for axis in range(3) if axis != slice_axis]
    normal = _unit(np.cross(direction[first], direction[second]))
    normal = normal if normal[2] >= 0 else -normal
    left = np.array([1.0, 0.0, 0.0])
    right = _unit(left - normal * (left @ normal))
    inferior = np.array([0.0, 0.0, -1.0])
    inferior = _unit(inferior - right * (inferior @ right))
    return Axes(slice_axis, right, np.cross(normal, right), inferior)


@dataclass(frozen=True, slots=True)
class Cut:
    """A plane cut out of an array, in array resolution.

    ``values[i, j]`` lies at ``origin_mm + i * step_i_mm + j * step_j_mm`` (LPS).
    """

    values: npt.NDArray[Any]
    origin_mm: FloatArray
    step_i_mm: FloatArray
    step_j_mm: FloatArray

    @property
    def spacing_mm(self) -> tuple[float, float]:
        """Length of a step along each axis of ``values``."""
        return float(np.linalg.norm(self.step_i_mm)), float(np.linalg.norm(self.step_j_mm))

    def affine_for(self, view: View) -> tuple[float, ...]:
        """The six numbers with which Pillow maps a picture's pixel to a place in ``values``."""
        to_px = np.stack([[self.step_j_mm @ view.right, self.step_i_mm @ view.right],
                          [self.step_j_mm @ view.down, self.step_i_mm @ view.down]]) / view.mm_per_px
        to_index = np.linalg.inv(to_px)
        # Pillow puts the centre of the first element at 0.5; a voxel's index is its centre.
        shift = 0.5 - to_index @ view.to_px(self.origin_mm)
        return (float(to_index[0, 0]), float(to_index[0, 1]), float(shift[0]),
                float(to_index[1, 0]), float(to_index[1, 1]), float(shift[1]))


def _range_inside(view: View, geometry: Geometry, axis: int) -> tuple[int, int]:
    """Indices of an array axis that a view can touch, two voxels added for the interpolation."""
    width, height = view.size
    corners = view.to_lps_mm(np.array([(0, 0), (width, 0), (0, height), (width, height)]))
    index = geometry.to_index(corners)[:, axis]
    size = geometry.shape[axis]
    low = int(np.clip(np.floor(index.min()) - 2, 0, size - 1))
    high = int(np.clip(np.ceil(index.max()) + 3, low + 1, size))
    return low, high


def cut(array: npt.NDArray[Any], geometry: Geometry, view: View, outside: float) -> Cut:
    """The part of an array that a view shows, as a plane in array resolution.

    One array axis is solved from the plane's equation at every pair of the other two and interpolated
    linearly along it; a plane along the grid is read as it is.

    Parameters
    ----------
    array : array of shape ``geometry.shape``
    outside : float
        Value where the plane leaves the array.
    """
    steps = geometry.steps_mm
    slopes = steps @ view.normal
    through = int(np.argmax(np.abs(np.asarray(geometry.direction) @ view.normal)))
    first, second = [axis for axis in range(3) if axis != through]
    low_i, high_i = _range_inside(view, geometry, first)
    low_j, high_j = _range_inside(view, geometry, second)
    i = np.arange(low_i, high_i)[:, None]
    j = np.arange(low_j, high_j)[None, :]
    constant = float((view.centre_mm - np.asarray(geometry.origin_mm)) @ view.normal)
    index = (constant - i * slopes[first] - j * slopes[second]) / slopes[through]
    start = geometry.to_lps_mm(_place(through, first, second, float(index[0, 0]), low_i, low_j))
    step_i = steps[first] - steps[through] * (slopes[first] / slopes[through])
    step_j = steps[second] - steps[through] * (slopes[second] / slopes[through])
    values = _sample_along(np.moveaxis(array, through, 0), index, i, j, outside)
    return Cut(values, start, step_i, step_j)


def _place(through: int, first: int, second: int, at_through: float, at_i: int, at_j: int) -> FloatArray:
    index = np.empty(3)
    index[through], index[first], index[second] = at_through, at_i, at_j
    return index


def _sample_along(array: npt.NDArray[Any], index: FloatArray, i: npt.NDArray[np.intp],
                  j: npt.NDArray[np.intp], outside: float) -> npt.NDArray[np.float32]:
    """``array[index, i, j]`` with ``index`` fractional, linear along the first axis."""
    size = array.shape[0]
    if np.ptp(index) < 1e-3:
        at = round(float(index.flat[0]))
        if abs(float(index.flat[0]) - at) < 1e-3:
            if not 0 <= at < size:
                return np.full(index.shape, outside, np.float32)
            return array[at, i[0, 0]:i[-1, 0] + 1, j[0, 0]:j[0, -1] + 1].astype(np.float32)
    floor = np.floor(index).astype(np.intp)
    weight = (index - floor).astype(np.float32)
    below = array[np.clip(floor, 0, size - 1), i, j].astype(np.float32)
    above = array[np.clip(floor + 1, 0, size - 1), i, j].astype(np.float32)
    values = below * (1 - weight) + above * weight
    values[(index < -0.5) | (index > size - 0.5)] = outside
    return values


def show(plane: Cut, view: View) -> npt.NDArray[Any]:
    """A cut brought onto a view's pixels; 0 where the view leaves it.

    First each axis is resized to the picture's scale, with an average where it shrinks (thin ribs and
    bowel would alias) and a cubic where it grows; then the plane is placed, linearly. Pillow's own cubic
    placing is not exact on a straight slope and would shift edges by a tenth of a voxel.
    """
    from PIL import Image

    rows, columns = plane.values.shape
    scale_i, scale_j = (spacing / view.mm_per_px for spacing in plane.spacing_mm)
    size = (max(1, round(columns * scale_j)), max(1, round(rows * scale_i)))
    resized = Image.fromarray(plane.values).resize(size, Image.Resampling.BICUBIC)
    by_i, by_j = rows / size[1], columns / size[0]
    step_i, step_j = plane.step_i_mm * by_i, plane.step_j_mm * by_j
    origin = plane.origin_mm + (step_i - plane.step_i_mm) / 2 + (step_j - plane.step_j_mm) / 2
    affine = Cut(plane.values, origin, step_i, step_j).affine_for(view)
    shown = resized.transform(view.size, Image.Transform.AFFINE, affine, resample=Image.Resampling.BILINEAR)
    return np.asarray(shown)


def show_hu(hu: npt.NDArray[np.int16], geometry: Geometry, view: View, level_hu: float,
            width_hu: float) -> Image8:
    """A grey picture of a volume on a window; black where the view leaves the scan.

    Returns
    -------
    uint8 array (height, width)
    """
    low = level_hu - width_hu / 2
    plane = cut(hu, geometry, view, outside=low)
    grey = np.clip((plane.values - low) * (255 / width_hu) + 0.5, 0, 255).astype(np.uint8)
    return show(replace(plane, values=grey), view)
