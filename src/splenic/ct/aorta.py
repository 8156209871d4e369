"""Finds the abdominal aorta on a few slices, for its HU tell the contrast phase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.ct.slab import FloatArray, Slab

_WINDOW_MM = 40.0
_CORE_MM = 3.5
_RING_MM = 17.0
# Where the aorta lies from the strongest bone of the spine: left of it and in front (mm).
_LEFT_MM = (-15.0, 38.0)
_FRONT_MM = (8.0, 75.0)
# A vertebral body, this far in front of the strongest bone, can look like a dull aorta, but is less even.
_VERTEBRA_FRONT_MM = 15.0
_VERTEBRA_RADIUS_MM = 24.0
VERTEBRA_MAX_HU = 230.0
_VERTEBRA_SD_HU = 10.0
_RING_DROP_HU = 25.0
_MIN_DARK = 0.6


@dataclass(frozen=True, slots=True)
class VesselHu:
    """HU of the aorta and of the tissue on the liver's side; None where not found.

    ``weight`` is larger the rounder, the more even and the longer the aorta was seen.
    """

    aorta_hu: float | None
    liver_side_hu: float | None
    weight: float


def vessel_hu(slab: Slab) -> VesselHu:
    """Measure aorta and liver side on the thinned slices of a scan.

    The aorta is taken for a round, even column, darker all around, that runs along the patient just in
    front and to the left of the spine. The liver side is the most frequent HU of even tissue in the right
    front quarter.
    """
    from scipy import ndimage

    spine = _spine(slab)
    aorta_hu, weight = _weighted_median(_columns(slab, spine))
    smooth = ndimage.gaussian_filter(slab.hu, (0, 3 / slab.pixel_mm[0], 3 / slab.pixel_mm[1]))
    return VesselHu(aorta_hu, _liver_side(smooth, slab, spine), weight)


def _spine(slab: Slab) -> tuple[int, int]:
    """Row and column where most bone lies, near the middle of the body's back half."""
    from scipy import ndimage

    body = (slab.hu > -300).sum(0, dtype=np.float64)
    rows, columns = np.indices(body.shape)
    total = max(float(body.sum()), 1.0)
    row, column = float((body * rows).sum()) / total, float((body * columns).sum()) / total
    bone = ndimage.gaussian_filter((slab.hu > 170).mean(0), 10 / slab.pixel_mm[0])
    behind_mm = (rows - row) * slab.pixel_mm[0]
    likely = (np.abs(columns - column) * slab.pixel_mm[1] < 40) & (behind_mm > 0) & (behind_mm < 110)
    place = np.unravel_index(int(np.argmax(np.where(likely, bone, -1.0))), bone.shape)
    return int(place[0]), int(place[1])


def _columns(slab: Slab, spine: tuple[int, int]) -> list[tuple[float, float]]:
    """The best candidate of each 40 mm of the patient's length: its HU and its weight."""
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(
        np.clip(slab.hu, -200, 700), (0, 2 / slab.pixel_mm[0], 2 / slab.pixel_mm[1])
    )
    top = max(0, spine[0] - int(100 / slab.pixel_mm[0]))
    left = max(0, spine[1] - int(50 / slab.pixel_mm[1]))
    near = smooth[
        :, top : spine[0] + int(20 / slab.pixel_mm[0]), left : spine[1] + int(70 / slab.pixel_mm[1])
    ]
    if min(near.shape) == 0:
        return []
    rows, columns = np.indices(near.shape[1:])
    to_left = (columns + left - spine[1]) * slab.pixel_mm[1]
    to_front = (spine[0] - rows - top) * slab.pixel_mm[0]
    window = (
        (to_left > _LEFT_MM[0])
        & (to_left < _LEFT_MM[1])
        & (to_front > _FRONT_MM[0])
        & (to_front < _FRONT_MM[1])
    )
    vertebra = to_left**2 + (to_front - _VERTEBRA_FRONT_MM) ** 2 < _VERTEBRA_RADIUS_MM**2
    length = int(np.clip(round(_WINDOW_MM / slab.step_mm), 2, len(near)))
    found = []
    for start in range(0, len(near) - length + 1, max(1, length // 2)):
        best = _best_column(near[start : start + length], window, vertebra, slab.pixel_mm[0])
        if best is not None:
            found.append(best)
    return found


def _best_column(
    block: FloatArray, window: npt.NDArray[np.bool_], vertebra: npt.NDArray[np.bool_], pixel_mm: float
) -> tuple[float, float] | None:
    from scipy import ndimage

    size = 2 * round(_CORE_MM / pixel_mm) + 1
    mean = ndimage.uniform_filter(block, (0, size, size)).mean(0)
    square = ndimage.uniform_filter(block * block, (0, size, size)).mean(0)
    sd = np.sqrt(np.maximum(square - mean * mean, 0.0))
    middle = block.mean(0)
    radius = _RING_MM / pixel_mm
    dark = np.zeros(middle.shape)
    for angle in np.arange(16) * np.pi / 8:
        shift = (-round(radius * np.sin(angle)), -round(radius * np.cos(angle)))
        dark += _shifted(middle, shift) < mean - _RING_DROP_HU
    dark /= 16
    # Pulsation and the edge weigh more the brighter the aorta is.
    even = sd < 18.0 + 0.06 * mean
    bone = vertebra & (mean < VERTEBRA_MAX_HU) & (sd > _VERTEBRA_SD_HU)
    good = window & even & (dark >= _MIN_DARK) & (mean > 20) & ~bone
    if not good.any():
        return None
    place = np.unravel_index(int(np.argmax(np.where(good, mean - 2 * sd, -np.inf))), good.shape)
    weight = float((dark[place] - 0.5) ** 2 / (5.0 + sd[place]))
    return float(mean[place]), weight


def _shifted(image: FloatArray, shift: tuple[int, int]) -> FloatArray:
    """The image moved by whole pixels, its edge repeated."""
    rows = np.clip(np.arange(image.shape[0]) - shift[0], 0, image.shape[0] - 1)
    columns = np.clip(np.arange(image.shape[1]) - shift[1], 0, image.shape[1] - 1)
    return image[np.ix_(rows, columns)]


def _weighted_median(found: list[tuple[float, float]]) -> tuple[float | None, float]:
    if not found:
        return None, 0.0
    order = sorted(found)
    total = np.cumsum([weight for _, weight in order])
    return order[int(np.searchsorted(total, total[-1] / 2))][0], float(total[-1])


def _liver_side(smooth: FloatArray, slab: Slab, spine: tuple[int, int]) -> float | None:
    from scipy import ndimage

    right = smooth[:, : spine[0], : max(0, spine[1] - int(15 / slab.pixel_mm[1]))]
    if right.size == 0:
        return None
    mean = ndimage.uniform_filter(right, (0, 7, 7))
    sd = np.sqrt(np.maximum(ndimage.uniform_filter(right * right, (0, 7, 7)) - mean * mean, 0.0))
    values = right[(sd < 14) & (right > 0) & (right < 220)]
    if values.size < 200:
        return None
    counts, edges = np.histogram(values, 44, (0, 220))
    peak = int(np.argmax(ndimage.gaussian_filter1d(counts.astype(float), 1.0)))
    return float(edges[peak] + 2.5)
