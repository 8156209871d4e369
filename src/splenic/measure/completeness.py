"""Does the whole spleen lie in the scan?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from splenic.measure.model import CUT, CutModel
from splenic.measure.region import BoolArray, Region

FACES = ("right", "left", "anterior", "posterior", "inferior", "superior")
Face = tuple[int, int]
"""An array axis and the side of it, -1 (low indices) or 1."""


def cut_faces(
    region: Region, hu: npt.NDArray[np.int16] | None = None, model: CutModel = CUT
) -> tuple[str, ...]:
    """Where the spleen is cut, in the patient's words, in the order of :data:`FACES`; empty if nowhere.

    Parameters
    ----------
    region : Region
    hu : int16 array, optional
        The whole volume in the region's axis order: shows the filling outside the round reconstruction
        circle and empty slices at the ends. Without it only the array's own edges are seen.
    """
    cut = [(0, side) for side in (-1, 1) if _end_area_mm2(region, side, hu, model) >= model.area_mm2]
    contact = _in_plane_contact_mm2(region, hu, model)
    # A circle cuts obliquely: rows and columns each see only their part of one face.
    if math.hypot(*contact.values()) >= model.area_mm2:
        cut += [face for face, area in contact.items() if area >= 0.5 * max(contact.values())]
    words = {_word(region, face) for face in cut}
    return tuple(face for face in FACES if face in words)


def _end_area_mm2(region: Region, side: int, hu: npt.NDArray[np.int16] | None, model: CutModel) -> float:
    """Area of spleen in mm² on the scan's last slice on one side, extrapolated over one missed slice."""
    shown = np.flatnonzero(region.mask.any(axis=(1, 2)))
    last, previous = (int(shown[0]), 1) if side < 0 else (int(shown[-1]), -1)
    area = _face_mm2(region, 0) * np.count_nonzero(region.mask[last])
    gap = _slices_beyond(region, region.box[0].start + last, side, hu)
    if gap == 0:
        return float(area)
    if gap == 1 and len(shown) > 1 and region.grid.slice_distance_mm <= model.near_mm:
        inner = _face_mm2(region, 0) * np.count_nonzero(region.mask[last + previous])
        return float(2 * area - inner)
    return 0.0


def _slices_beyond(region: Region, index: int, side: int, hu: npt.NDArray[np.int16] | None) -> int:
    """How many slices with an image follow slice ``index`` on one side; 2 stands for more."""
    count = 0
    while count < 2 and 0 <= (index := index + side) < region.geometry.shape[0]:
        if hu is not None and hu[index].min() == hu[index].max():
            break
        count += 1
    return count


def _in_plane_contact_mm2(
    region: Region, hu: npt.NDArray[np.int16] | None, model: CutModel
) -> dict[Face, float]:
    """Area of the mask that faces the edge of the field of view, by row and column side."""
    mask = region.mask
    contact: dict[Face, float] = {}
    outside = _padding(region, hu, model)
    for axis in (1, 2):
        for side in (-1, 1):
            at_array_edge = region.box[axis].start == 0 if side < 0 else _reaches_end(region, axis)
            edge = np.take(mask, 0 if side < 0 else -1, axis=axis)
            count = np.count_nonzero(edge) if at_array_edge else 0
            count += np.count_nonzero(mask & _moved(outside, axis - 1, side)[None])
            contact[(axis, side)] = float(count * _face_mm2(region, axis))
    return contact


def _padding(region: Region, hu: npt.NDArray[np.int16] | None, model: CutModel) -> BoolArray:
    """Pixels of the region's rows and columns that hold nothing but filling, on all its slices.

    The filling is the one value, too low for tissue, of all four corners of the image.
    """
    nothing: BoolArray = np.zeros(region.mask.shape[1:], bool)
    if hu is None:
        return nothing
    corners = hu[(region.box[0].start + region.box[0].stop) // 2][[0, 0, -1, -1], [0, -1, 0, -1]]
    if corners.min() != corners.max() or corners[0] > model.padding_hu:
        return nothing
    return np.asarray((hu[region.box] == corners[0]).all(axis=0))


def _moved(plane: BoolArray, axis: int, side: int) -> BoolArray:
    """True where the neighbour on that side is true; nothing comes in over the array's edge."""
    moved = np.roll(plane, -side, axis=axis)
    beyond = [slice(None), slice(None)]
    beyond[axis] = slice(0, 1) if side < 0 else slice(-1, None)
    moved[tuple(beyond)] = False
    return moved


def _reaches_end(region: Region, axis: int) -> bool:
    return bool(region.box[axis].stop == region.geometry.shape[axis])


def _face_mm2(region: Region, axis: int) -> float:
    steps = region.geometry.steps_mm
    return float(np.linalg.norm(np.cross(steps[(axis + 1) % 3], steps[(axis + 2) % 3])))


def _word(region: Region, face: Face) -> str:
    """Which side of the patient a face of the array looks to."""
    axis, side = face
    steps = region.geometry.steps_mm
    normal = np.cross(steps[(axis + 1) % 3], steps[(axis + 2) % 3])
    outward = side * normal * np.sign(normal @ steps[axis])
    along = int(np.argmax(np.abs(outward)))
    return FACES[2 * along + int(outward[along] > 0)]
