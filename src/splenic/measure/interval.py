"""The interval around SV that the probability map gives."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry, box_around
from splenic.measure.model import INTERVAL, IntervalModel


def sv_interval_ml(
    mask: npt.NDArray[np.bool_],
    probability: npt.NDArray[np.float32],
    geometry: Geometry,
    surface_mm2: float,
    model: IntervalModel = INTERVAL,
) -> tuple[float, float]:
    """Lower and upper SV in ml; the mask's own volume always lies between them.

    Parameters
    ----------
    mask, probability : arrays of the same shape
        The mask holds at least one voxel.
    geometry : Geometry
        Their grid.
    surface_mm2 : float
        The mask's surface.
    """
    reach = tuple(math.ceil(model.reach_mm / spacing) + 1 for spacing in geometry.spacing_mm)
    box = box_around(mask, (reach[0], reach[1], reach[2]))
    if box is None:
        raise ValueError("an empty mask has no volume")
    mask, probability = mask[box], probability[box]
    edge_mm3 = surface_mm2 * model.edge_mm
    count = np.count_nonzero(mask)
    inner = np.count_nonzero(mask & (probability >= model.inner_level))
    outer = _outer_count(mask, probability, geometry, model)
    low_mm3 = model.widen * math.hypot((count - inner) * geometry.voxel_mm3, edge_mm3)
    high_mm3 = model.widen * math.hypot((outer - count) * geometry.voxel_mm3, edge_mm3)
    sv_mm3 = count * geometry.voxel_mm3
    return max(0.0, sv_mm3 - low_mm3) / 1000, (sv_mm3 + high_mm3) / 1000


def _outer_count(
    mask: npt.NDArray[np.bool_],
    probability: npt.NDArray[np.float32],
    geometry: Geometry,
    model: IntervalModel,
) -> int:
    from edt import edt

    wide = mask | (probability >= model.outer_level)
    if not (wide & ~mask).any():
        return int(np.count_nonzero(mask))
    near = edt(~mask, anisotropy=_distances_mm(geometry)) <= model.reach_mm
    return int(np.count_nonzero(wide & near))


def _distances_mm(geometry: Geometry) -> tuple[float, float, float]:
    """Steps for a distance transform, which knows no shear: planes' own distance, pixels' own steps."""
    return (geometry.slice_distance_mm, geometry.spacing_mm[1], geometry.spacing_mm[2])
