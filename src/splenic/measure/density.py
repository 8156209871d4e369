"""HU of the parenchyma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.measure.model import DENSITY, DensityModel
from splenic.measure.region import BoolArray, Region


@dataclass(frozen=True, slots=True)
class Density:
    """Mean, standard deviation (dividing by n) and median in HU, and how far from the edge they were read."""

    mean_hu: float
    sd_hu: float
    median_hu: float
    erosion_mm: float


def density(hu: npt.NDArray[np.int16], region: Region, model: DensityModel = DENSITY) -> Density:
    """HU of the parenchyma away from its edge, where partial volume and vessels at the hilum would count.

    Parameters
    ----------
    hu : int16 array
        On ``region.mask``'s own box and axis order.
    """
    depth_mm = _depth_mm(region)
    for erosion_mm in model.erosion_mm:
        core: BoolArray = region.mask & (depth_mm > erosion_mm)
        if np.count_nonzero(core) >= model.least_voxels:
            break
    else:
        core, erosion_mm = region.mask, 0.0
    values = hu[core].astype(np.float64)
    return Density(float(values.mean()), float(values.std()), float(np.median(values)), erosion_mm)


def _depth_mm(region: Region) -> npt.NDArray[np.float32]:
    """Distance in mm of each voxel to the nearest outside the mask; the end of the scan is no edge."""
    from edt import edt

    grid = region.grid
    steps = (grid.slice_distance_mm, grid.spacing_mm[1], grid.spacing_mm[2])
    depth: npt.NDArray[np.float32] = edt(region.mask, anisotropy=steps)
    return depth
