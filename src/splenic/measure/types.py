"""What is measured on a mask."""

from __future__ import annotations

from dataclasses import dataclass

from splenic.ct.geometry import Vector


@dataclass(frozen=True, slots=True)
class Calliper:
    """A length with its two end points (LPS, mm), so that it can be drawn.

    ``slice_index`` is the slice of the scan's grid on which an axial size was taken; None for sizes
    that are not bound to one slice.
    """

    length_mm: float
    start_lps_mm: Vector
    end_lps_mm: Vector
    slice_index: int | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """Splenic volume, 2D sizes, density and completeness of one mask.

    Every number is None where no spleen was found. ``complete`` is True, False (the volume is a lower
    bound; ``cut_faces`` names where: ``superior``, ``inferior``, ``left``, ``right``, ``anterior``,
    ``posterior``) or None (no spleen found). ``sv_low_ml`` and ``sv_high_ml`` are the interval from the
    probability map (see docs/measure.md for its meaning).
    """

    sv_ml: float | None = None
    sv_low_ml: float | None = None
    sv_high_ml: float | None = None
    complete: bool | None = None
    cut_faces: tuple[str, ...] = ()
    craniocaudal: Calliper | None = None
    axial_diameter: Calliper | None = None
    width: Calliper | None = None
    thickness: Calliper | None = None
    splenic_index_cm3: float | None = None
    sv_ellipsoid_ml: float | None = None
    sv_prassopoulos_ml: float | None = None
    surface_cm2: float | None = None
    hu_mean: float | None = None
    hu_sd: float | None = None
    hu_median: float | None = None
    centroid_lps_mm: Vector | None = None
