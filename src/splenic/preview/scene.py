"""What the picture shows: which levels, which coronal plane, which part of them, at which scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry
from splenic.ct.types import Volume
from splenic.measure.types import Calliper, Measurement
from splenic.preview.plane import Axes, FloatArray, View, axes_of
from splenic.segment.types import Segmentation

LEVELS = ("Upper level", "Middle level", "Lower level")
_LATERAL_MM, _MEDIAL_MM, _AROUND_MM = 32.0, 88.0, 28.0
_AIR_MM = 8.0
_BODY_HU = -200


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture of the figure.

    ``callipers`` are (name, calliper, note); the note says where a size was taken if not on this slice.
    ``slice_index`` is None for the coronal.
    """

    title: str
    view: View
    callipers: tuple[tuple[str, Calliper, str], ...] = ()
    slice_index: int | None = None

    @property
    def is_axial(self) -> bool:
        """True for a picture along the scan's own slices."""
        return self.slice_index is not None


@dataclass(frozen=True, slots=True)
class Scene:
    """The pictures of a case, and the body's corners along the picture's axes (right, back, down; mm)."""

    panels: tuple[Panel, ...]
    axes: Axes
    body_low_mm: FloatArray
    body_high_mm: FloatArray


def plan(volume: Volume, segmentation: Segmentation | None, measurement: Measurement,
         size: tuple[int, int]) -> Scene:
    """Three axial levels from above to below and a coronal, around the spleen or, without one, the body.

    Parameters
    ----------
    size : tuple of int
        Width and height of every picture in pixels.
    """
    axes = axes_of(volume.geometry)
    body = _body_extent_mm(volume, axes)
    if segmentation is None or not segmentation.mask.any():
        return Scene(_body_panels(volume.geometry, axes, body, size), axes, *body)
    return Scene(_spleen_panels(segmentation, measurement, axes, body, size), axes, *body)


def _spleen_panels(segmentation: Segmentation, measurement: Measurement, axes: Axes,
                   body: tuple[FloatArray, FloatArray], size: tuple[int, int]) -> tuple[Panel, ...]:
    geometry = segmentation.geometry
    centre, scale = _framing(segmentation, axes, body, size)
    levels, placed = _levels(segmentation, measurement, axes)
    panels = [
        Panel(title, _axial_view(geometry, axes, index, centre, scale, size), tuple(placed[n]), index)
        for n, (title, index) in enumerate(zip(LEVELS, levels, strict=True))
    ]
    view = _coronal_view(_fullest_coronal_mm(segmentation, axes), axes, centre, scale, size)
    length = measurement.craniocaudal
    callipers = (("craniocaudal", length, ""),) if length is not None else ()
    return (*panels, Panel("Coronal", view, callipers))


def _framing(segmentation: Segmentation, axes: Axes, body: tuple[FloatArray, FloatArray],
             size: tuple[int, int]) -> tuple[FloatArray, float]:
    """Centre along the picture's axes (mm) and mm per pixel: all of the spleen, and room toward the spine."""
    low, high, middle = _extent_mm(segmentation, axes)
    pixels = np.array([size[0], size[1], size[1]], float)
    wanted = high - low + np.array([_LATERAL_MM + _MEDIAL_MM, 2 * _AROUND_MM, 2 * _AROUND_MM])
    scale = float(np.max(wanted / pixels))
    centre, half = (low + high) / 2, pixels * scale / 2
    # The room to spare goes to the spine's side: it tells the reader where in the body this is.
    if middle[0] >= (body[0][0] + body[1][0]) / 2:
        centre[0] = high[0] + _LATERAL_MM - half[0]
    else:
        centre[0] = low[0] - _LATERAL_MM + half[0]
    for axis in range(3):
        # What lies outside the body or the scan tells nothing: move the frame inward, unless that would
        # cut the spleen; a frame larger than all there is stands around its middle.
        first, last = body[0][axis] - _AIR_MM + half[axis], body[1][axis] + _AIR_MM - half[axis]
        inward = float(np.clip(centre[axis], first, last)) if first <= last else (first + last) / 2
        centre[axis] = np.clip(inward, high[axis] + _AIR_MM - half[axis], low[axis] - _AIR_MM + half[axis])
    return centre, scale


def _frame(axes: Axes) -> FloatArray:
    """Rows: right, posterior and inferior, the picture's axes in the patient."""
    return np.stack([axes.right, axes.posterior, axes.inferior])


def _edge_voxels(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Indices (n, 3) of the first and last voxel of the mask on every line along the last axis."""
    first, second = np.nonzero(mask.any(axis=2))
    lines = mask[first, second]
    start = lines.argmax(axis=1)
    stop = mask.shape[2] - 1 - lines[:, ::-1].argmax(axis=1)
    return np.concatenate([np.stack([first, second, start], 1), np.stack([first, second, stop], 1)])


def _extent_mm(segmentation: Segmentation, axes: Axes) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lowest, highest and mean coordinate of the mask along the picture's three axes, mm."""
    places = segmentation.crop_geometry.to_lps_mm(_edge_voxels(segmentation.mask)) @ _frame(axes).T
    return places.min(axis=0), places.max(axis=0), places.mean(axis=0)


def _levels(segmentation: Segmentation, measurement: Measurement, axes: Axes
            ) -> tuple[list[int], list[list[tuple[str, Calliper, str]]]]:
    """Slices at 1/4, 1/2 and 3/4 of the spleen's height, moved to where the sizes were taken.

    Returns
    -------
    levels : three slice indices of the scan, from above to below
    placed : per level its callipers
    """
    others = tuple(axis for axis in range(3) if axis != axes.slice_axis)
    hit = np.flatnonzero(segmentation.mask.any(axis=others)) + segmentation.box[axes.slice_axis].start
    if segmentation.geometry.direction[axes.slice_axis][2] > 0:
        hit = hit[::-1]
    levels = [int(hit[round((hit.size - 1) * part)]) for part in (0.25, 0.5, 0.75)]
    sizes = _axial_sizes(measurement)
    taken: set[int] = set()
    slices = [wanted for _, _, wanted in sizes]
    for wanted in sorted(dict.fromkeys(slices), key=slices.count, reverse=True):
        free = [n for n in range(3) if n not in taken]
        nearest = min(free, key=lambda n: abs(levels[n] - wanted), default=None)
        if nearest is not None and abs(levels[nearest] - wanted) <= max(1, hit.size // 6):
            levels[nearest] = wanted
            taken.add(nearest)
    placed: list[list[tuple[str, Calliper, str]]] = [[], [], []]
    for name, calliper, wanted in sizes:
        at = min(range(3), key=lambda n: abs(levels[n] - wanted))
        note = "" if levels[at] == wanted else f" (slice {wanted + 1})"
        placed[at].append((name, calliper, note))
    return levels, placed


def _axial_sizes(measurement: Measurement) -> list[tuple[str, Calliper, int]]:
    """Name, calliper and slice of the sizes taken on a slice; equal ones under one name."""
    diameter, width = measurement.axial_diameter, measurement.width
    named = [("diameter", diameter), ("width", width), ("thickness", measurement.thickness)]
    if diameter is not None and diameter == width:
        named = [("diameter = width", diameter), ("thickness", measurement.thickness)]
    return [(name, calliper, calliper.slice_index) for name, calliper in named
            if calliper is not None and calliper.slice_index is not None]


def _axial_view(geometry: Geometry, axes: Axes, index: int, centre: FloatArray, scale: float,
                size: tuple[int, int]) -> View:
    """The scan's slice ``index``, centred in the picture at ``centre`` along right and posterior."""
    place = (np.asarray(geometry.shape, float) - 1) / 2
    place[axes.slice_axis] = index
    at = geometry.to_lps_mm(place)
    at = at + axes.right * (centre[0] - at @ axes.right)
    at = at + axes.posterior * (centre[1] - at @ axes.posterior)
    return View(at, axes.right, axes.posterior, scale, size)


def _coronal_view(through_mm: FloatArray, axes: Axes, centre: FloatArray, scale: float,
                  size: tuple[int, int]) -> View:
    at = through_mm + axes.right * (centre[0] - through_mm @ axes.right)
    at = at + axes.inferior * (centre[2] - at @ axes.inferior)
    return View(at, axes.right, axes.inferior, scale, size)


def _fullest_coronal_mm(segmentation: Segmentation, axes: Axes) -> FloatArray:
    """A place (LPS, mm) on the coronal plane with the largest section of the spleen."""
    grid = segmentation.crop_geometry
    direction = np.abs(np.asarray(grid.direction) @ axes.posterior)
    direction[axes.slice_axis] = 0
    axis = int(np.argmax(direction))
    counts = segmentation.mask.sum(axis=tuple(a for a in range(3) if a != axis))
    place = (np.asarray(grid.shape, float) - 1) / 2
    place[axis] = int(np.argmax(counts))
    return grid.to_lps_mm(place)


def _body_panels(geometry: Geometry, axes: Axes, body: tuple[FloatArray, FloatArray],
                 size: tuple[int, int]) -> tuple[Panel, ...]:
    slices = geometry.shape[axes.slice_axis]
    order = np.arange(slices)
    if geometry.direction[axes.slice_axis][2] > 0:
        order = order[::-1]
    levels = [int(order[round((slices - 1) * part)]) for part in (0.25, 0.5, 0.75)]
    low, high = body
    fields = high - low + 2 * _AIR_MM
    scale = float(max(fields[0] / size[0], fields[1] / size[1]))
    panels = [Panel(title, _axial_view(geometry, axes, index, (low + high) / 2, scale, size), (), index)
              for title, index in zip(LEVELS, levels, strict=True)]
    return (*panels, Panel("Coronal", whole_coronal(axes, body, size)))


def whole_coronal(axes: Axes, body: tuple[FloatArray, FloatArray], size: tuple[int, int],
                  through_mm: FloatArray | None = None) -> View:
    """The coronal view of a whole scan; in the middle of the body, or through a place (LPS, mm)."""
    centre, fields = (body[0] + body[1]) / 2, body[1] - body[0]
    scale = float(max(fields[0] / size[0], fields[2] / size[1], 1e-3))
    if through_mm is None:
        through_mm = np.asarray(np.linalg.inv(_frame(axes)) @ centre)
    return _coronal_view(through_mm, axes, centre, scale, size)


def _body_extent_mm(volume: Volume, axes: Axes) -> tuple[FloatArray, FloatArray]:
    """Corners of the scan in the picture's axes, narrowed in the slices to where there is a body."""
    geometry = volume.geometry
    shape = np.asarray(geometry.shape)
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape], indexing="ij")).reshape(3, -1).T
    places = geometry.to_lps_mm(corners) @ _frame(axes).T
    low, high = places.min(axis=0), places.max(axis=0)
    picks = tuple(slice(None, None, max(1, int(n) // 40)) for n in shape)
    inside = np.argwhere(volume.hu[picks] > _BODY_HU) * np.array([pick.step for pick in picks])
    if len(inside) > 50:
        body = geometry.to_lps_mm(inside) @ _frame(axes).T
        low[:2], high[:2] = np.percentile(body[:, :2], 0.5, axis=0), np.percentile(body[:, :2], 99.5, axis=0)
        low[:2] -= 5.0
        high[:2] += 5.0
    return low, high
