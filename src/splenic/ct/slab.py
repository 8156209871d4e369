"""A few thinned slices of a scan: enough to see its phase and which part of the body it covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.ct.types import Scan

FloatArray = npt.NDArray[np.float32]

_PIXEL_MM = 1.6
_SLICE_STEP_MM = 10.0
# Lungs in a slice; distended bowel seldom holds so much gas.
_LUNG_CM2 = 40.0
# In 29 scans the spleen lay between 46 mm above and 134 mm below the lowest slice with lung, mostly closer.
_ABOVE_BASE_MM = 40.0
_BELOW_BASE_MM = 110.0


@dataclass(frozen=True, slots=True)
class Slab:
    """Thinned slices, float32 HU: rows run to the back, columns to the patient's left, slices to the head."""

    hu: FloatArray
    pixel_mm: tuple[float, float]
    step_mm: float


def slab_of(scan: Scan) -> Slab:
    """Read up to 48 slices of a scan and thin them to about 1.6 mm in plane.

    Raises
    ------
    InputError
        Where the pixels cannot be read.
    """
    geometry = scan.volume.geometry
    slices, rows, columns = geometry.shape
    covered_mm = slices * geometry.slice_distance_mm
    wanted = int(np.clip(covered_mm / _SLICE_STEP_MM, 12, 48))
    indices = np.unique(np.linspace(0, slices - 1, min(wanted, slices)).round().astype(int))
    hu = scan.read_slices([int(i) for i in indices]).astype(np.float32)
    thin = max(1, round(_PIXEL_MM / geometry.spacing_mm[1]))
    rows, columns = rows // thin, columns // thin
    hu = hu[:, : rows * thin, : columns * thin].reshape(len(indices), rows, thin, columns, thin).mean((2, 4))
    steps = geometry.steps_mm
    if steps[1][1] < 0:
        hu = hu[:, ::-1]
    if steps[2][0] < 0:
        hu = hu[:, :, ::-1]
    if steps[0][2] < 0:
        hu = hu[::-1]
    pixel_mm = (geometry.spacing_mm[1] * thin, geometry.spacing_mm[2] * thin)
    return Slab(hu, pixel_mm, covered_mm / len(indices))


def upper_abdomen_share(slab: Slab) -> float:
    """How much of the range in which a spleen can lie the scan covers, 0..1.

    The range reaches from 40 mm above the lowest slice with lung to 110 mm below it. A scan without lung has
    its top cut somewhere below the dome: half of its length counts.
    """
    covered_mm = len(slab.hu) * slab.step_mm
    whole_mm = _ABOVE_BASE_MM + _BELOW_BASE_MM
    base_mm = lung_base_mm(slab)
    if base_mm is None:
        return 0.5 * min(1.0, covered_mm / whole_mm)
    below, above = min(base_mm, _BELOW_BASE_MM), min(covered_mm - base_mm, _ABOVE_BASE_MM)
    return (below + above) / whole_mm


def lung_base_mm(slab: Slab) -> float | None:
    """Height of the lowest slice with lung over the first slice; None without lung.

    Lung is followed down from the slice that holds most of it, so that gas in the bowel below is not taken
    for it.
    """
    area = np.array([_enclosed_air_cm2(plane, slab.pixel_mm) for plane in slab.hu])
    lowest = int(np.argmax(area))
    if area[lowest] <= _LUNG_CM2:
        return None
    while lowest > 0 and area[lowest - 1] > _LUNG_CM2:
        lowest -= 1
    return lowest * slab.step_mm


def _enclosed_air_cm2(plane: FloatArray, pixel_mm: tuple[float, float]) -> float:
    """Area of what is darker than fat inside the body."""
    from scipy import ndimage

    labels, count = ndimage.label(plane > -200)
    if count == 0:
        return 0.0
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    body = labels == int(np.argmax(sizes))
    inside = ndimage.binary_fill_holes(body) & ~body
    return float(inside.sum()) * pixel_mm[0] * pixel_mm[1] / 100.0
