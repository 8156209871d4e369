"""From a mask to its measurement."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Box, Geometry, Vector
from splenic.ct.types import Volume
from splenic.errors import UsageError
from splenic.measure.completeness import cut_faces
from splenic.measure.density import density
from splenic.measure.interval import sv_interval_ml
from splenic.measure.outline import Plane, hulls_of
from splenic.measure.region import Region, region_of
from splenic.measure.sizes import axial_diameter, craniocaudal, width_and_thickness
from splenic.measure.surface import surface_mm2
from splenic.measure.types import Measurement
from splenic.segment.types import Segmentation


def measure(segmentation: Segmentation, volume: Volume) -> Measurement:
    """Measure what an engine found.

    Parameters
    ----------
    segmentation : Segmentation
    volume : Volume
        The volume that was segmented.

    Returns
    -------
    Measurement
        Everything None where the mask is empty.

    Raises
    ------
    UsageError
        ``grids-differ``, if the two do not lie on one grid.
    """
    _same_grid(segmentation.geometry, volume)
    region = region_of(segmentation.mask, segmentation.geometry, segmentation.box)
    if region is None:
        return Measurement()
    surface = surface_mm2(region.mask, region.grid.steps_mm)
    interval = sv_interval_ml(
        segmentation.mask, segmentation.probability, segmentation.crop_geometry, surface
    )
    return _measure(region, volume, surface, interval)


def measure_mask(
    mask: npt.NDArray[np.bool_], geometry: Geometry, volume: Volume | None = None, box: Box | None = None
) -> Measurement:
    """Measure a mask made anywhere, e.g. a reader's correction.

    Parameters
    ----------
    mask : bool array
        On the whole grid, or on ``box`` of it.
    geometry : Geometry
        The whole grid of the scan.
    volume : Volume, optional
        For HU and for the edge of the reconstruction circle; without it the former are None.
    box : tuple of three slices, optional
        Where ``mask`` lies in the grid.

    Returns
    -------
    Measurement
        Without an interval: a mask alone does not say how sure it is.

    Raises
    ------
    UsageError
        ``grids-differ``, if mask, grid and volume do not fit.
    """
    expected = geometry.shape if box is None else geometry.crop(box).shape
    if mask.shape != expected:
        raise UsageError(
            "grids-differ",
            f"the mask of {_size(mask.shape)} voxels does not fit a grid of {_size(expected)}",
            "give the mask on the scan's own grid",
        )
    if volume is not None:
        _same_grid(geometry, volume)
    region = region_of(np.asarray(mask, bool), geometry, box)
    if region is None:
        return Measurement()
    return _measure(region, volume, surface_mm2(region.mask, region.grid.steps_mm), (None, None))


def _measure(
    region: Region, volume: Volume | None, surface: float, interval: tuple[float | None, float | None]
) -> Measurement:
    grid = region.grid
    plane = Plane.of(grid.steps_mm)
    hulls = hulls_of(region, plane)
    centroid = _centroid(region)
    hu = None if volume is None else volume.hu.transpose(region.axes)
    tissue = None if hu is None else density(hu[region.box], region)
    cut = cut_faces(region, hu)
    length = craniocaudal(region, centroid)
    width, thickness = width_and_thickness(region, plane, hulls)
    index_cm3 = length.length_mm * width.length_mm * thickness.length_mm / 1000
    return Measurement(
        sv_ml=int(np.count_nonzero(region.mask)) * grid.voxel_mm3 / 1000,
        sv_low_ml=interval[0],
        sv_high_ml=interval[1],
        complete=not cut,
        cut_faces=cut,
        craniocaudal=length,
        axial_diameter=axial_diameter(region, plane, hulls),
        width=width,
        thickness=thickness,
        splenic_index_cm3=index_cm3,
        sv_ellipsoid_ml=math.pi / 6 * index_cm3,
        sv_prassopoulos_ml=30 + 0.58 * index_cm3,
        surface_cm2=surface / 100,
        hu_mean=None if tissue is None else tissue.mean_hu,
        hu_sd=None if tissue is None else tissue.sd_hu,
        hu_median=None if tissue is None else tissue.median_hu,
        centroid_lps_mm=centroid,
    )


def _centroid(region: Region) -> Vector:
    mean = [float(part.mean()) for part in np.nonzero(region.mask)]
    x, y, z = region.grid.to_lps_mm(mean)
    return (float(x), float(y), float(z))


def _same_grid(geometry: Geometry, volume: Volume) -> None:
    if not geometry.same_grid(volume.geometry):
        raise UsageError(
            "grids-differ",
            f"the mask's grid of {_size(geometry.shape)} voxels is not the volume's of "
            f"{_size(volume.geometry.shape)}, or lies elsewhere",
            "measure a mask with the volume it was made on",
        )


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(str(n) for n in shape)
