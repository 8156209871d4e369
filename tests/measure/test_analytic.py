"""Sizes, volume and surface against shapes whose values are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from measure_shapes import (
    axial_grid,
    central_section_axes_mm,
    ellipsoid,
    quadratic_form,
    surface_of_ellipsoid_mm2,
    vertical_extent_mm,
)
from scipy.spatial.transform import Rotation

from splenic.ct.geometry import Geometry
from splenic.measure import Calliper, Measurement, measure_mask

HALF_AXES_MM = (22.0, 35.0, 52.0)
GRIDS = {
    "usual": ((60, 170, 170), (2.5, 0.8, 0.8), 0.0),
    "thick": ((30, 190, 190), (5.0, 0.7, 0.7), 0.0),
    "oblong pixels": ((110, 190, 140), (1.25, 0.65, 0.9), 0.0),
    "tilted": ((110, 170, 170), (1.25, 0.8, 0.8), 17.0),
    "tilted back, thick": ((30, 170, 170), (5.0, 0.8, 0.8), -22.0),
}


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize("name", GRIDS)
def test_ellipsoid_however_it_lies(name: str, seed: int | None) -> None:
    grid = axial_grid(*GRIDS[name])
    turn = Rotation.identity() if seed is None else Rotation.random(random_state=seed)
    centre = np.array([60.0, 30.0, -200.0]) + 0.3 * np.asarray(grid.spacing_mm)[::-1]
    measured = measure_mask(ellipsoid(grid, HALF_AXES_MM, turn, centre), grid)

    form = quadratic_form(HALF_AXES_MM, turn)
    long_mm, short_mm = central_section_axes_mm(form, grid)
    slice_mm = grid.slice_distance_mm
    assert measured.sv_ml == pytest.approx(4 / 3 * math.pi * math.prod(HALF_AXES_MM) / 1000, rel=2e-3)
    assert measured.surface_cm2 == pytest.approx(surface_of_ellipsoid_mm2(HALF_AXES_MM) / 100, rel=0.025)
    assert measured.centroid_lps_mm == pytest.approx(centre, abs=0.15)
    assert _mm(measured.axial_diameter) == pytest.approx(long_mm, abs=0.5)
    assert _mm(measured.width) == pytest.approx(long_mm, abs=0.6)  # another slice than the diameter's own
    assert _mm(measured.thickness) == pytest.approx(short_mm, abs=0.6)
    # The ends fall between two slices: the extent in whole slices is off by one at most.
    assert _mm(measured.craniocaudal) == pytest.approx(vertical_extent_mm(form), abs=slice_mm)
    assert measured.complete is True
    assert measured.cut_faces == ()


@pytest.mark.parametrize("long_mm", [40.0, 100.0, 170.0])
@pytest.mark.parametrize("ratio", [1.0, 0.7, 0.4, 0.25])
@pytest.mark.parametrize("angle_deg", [0.0, 20.0, 45.0, 71.0])
def test_axial_diameter_of_an_ellipse_is_within_half_a_millimetre(
    long_mm: float, ratio: float, angle_deg: float
) -> None:
    grid = axial_grid((5, 260, 260), (2.5, 0.8, 0.8))
    turn = Rotation.from_euler("z", angle_deg, degrees=True)
    half = (long_mm / 2, ratio * long_mm / 2, 1e4)  # all but a cylinder along S
    mask = ellipsoid(grid, half, turn, (60.21, 30.37, -200.0))
    diameter = measure_mask(mask, grid).axial_diameter
    assert diameter is not None
    # On a circle one direction of all always falls where the pixels are generous: up to a pixel.
    assert diameter.length_mm == pytest.approx(long_mm, abs=0.8 if ratio == 1.0 else 0.5)
    ends = np.array([diameter.start_lps_mm, diameter.end_lps_mm])
    assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(diameter.length_mm)
    assert ends.mean(axis=0)[:2] == pytest.approx([60.21, 30.37], abs=3.0)
    assert diameter.slice_index is not None
    assert ends[:, 2] == pytest.approx(grid.to_lps_mm([diameter.slice_index, 0, 0])[2])


def test_box_is_measured_between_its_outer_edges() -> None:
    grid = axial_grid((20, 100, 120), (5.0, 0.8, 0.8))
    mask = np.zeros(grid.shape, bool)
    mask[4:14, 20:70, 10:20] = True  # 50 × 40 × 8 mm
    measured = measure_mask(mask, grid)
    assert measured.sv_ml == pytest.approx(50 * 40 * 8 / 1000)
    assert _mm(measured.craniocaudal) == pytest.approx(50.0)
    assert measured.axial_diameter is not None
    # A corner of 90° is the worst case of the smoothed outline: it loses half a pixel.
    assert _mm(measured.axial_diameter) == pytest.approx(math.hypot(40, 8), abs=1.0)
    assert measured.centroid_lps_mm == pytest.approx(grid.to_lps_mm([8.5, 44.5, 14.5]))


def test_one_voxel_has_a_size() -> None:
    grid = axial_grid((5, 9, 9), (2.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, bool)
    mask[2, 4, 4] = True
    measured = measure_mask(mask, grid)
    assert measured.sv_ml == pytest.approx(0.002)
    assert _mm(measured.craniocaudal) == pytest.approx(2.0)
    assert _mm(measured.axial_diameter) == pytest.approx(1.0)
    assert measured.complete is True


def test_line_one_pixel_wide_is_measured() -> None:
    grid = axial_grid((3, 40, 40), (2.0, 1.0, 1.0))
    mask = np.zeros(grid.shape, bool)
    mask[1, 20, 5:35] = True
    assert _mm(measure_mask(mask, grid).axial_diameter) == pytest.approx(30.0)


def test_indices_follow_from_the_three_sizes() -> None:
    grid = axial_grid()
    measured = measure_mask(
        ellipsoid(grid, HALF_AXES_MM, Rotation.random(random_state=5), (60, 30, -200)), grid
    )
    cm3 = _mm(measured.craniocaudal) * _mm(measured.width) * _mm(measured.thickness) / 1000
    assert measured.splenic_index_cm3 == pytest.approx(cm3)
    assert measured.sv_ellipsoid_ml == pytest.approx(math.pi / 6 * cm3)
    assert measured.sv_prassopoulos_ml == pytest.approx(30 + 0.58 * cm3)


def test_upright_ellipsoid_is_its_own_ellipsoid_volume() -> None:
    grid = axial_grid((120, 170, 170), (1.0, 0.8, 0.8))
    measured = measure_mask(ellipsoid(grid, HALF_AXES_MM, Rotation.identity(), (60, 30, -200)), grid)
    assert measured.sv_ellipsoid_ml == pytest.approx(measured.sv_ml, rel=0.015)


def test_thickness_of_a_bean_is_taken_at_its_notch() -> None:
    grid = axial_grid((30, 200, 200), (2.5, 0.8, 0.8))
    whole = ellipsoid(grid, (30.0, 60.0, 30.0), Rotation.identity(), (60, 30, -200))
    bite = ellipsoid(grid, (18.0, 12.0, 12.0), Rotation.identity(), (30, 30, -200))
    measured = measure_mask(whole & ~bite, grid)
    assert measured.thickness is not None
    # At the hilum the ellipse of 60 mm loses the 18 mm that the bite reaches in.
    assert measured.thickness.length_mm == pytest.approx(42.0, abs=1.5)
    assert measured.thickness.start_lps_mm[1] == pytest.approx(30.0, abs=4.0)
    assert measured.thickness.slice_index == pytest.approx(15, abs=2)
    # Perpendicular to the width, on the same slice.
    assert measured.width is not None
    across, along = (_vector(measured.thickness), _vector(measured.width))
    assert across @ along == pytest.approx(0.0, abs=1e-6)


def test_tilted_volume_is_not_the_product_of_spacings() -> None:
    grid = axial_grid((40, 60, 60), (2.0, 1.0, 1.0), tilt_deg=30.0)
    mask = np.zeros(grid.shape, bool)
    mask[10:30, 10:50, 10:50] = True
    sv_ml = measure_mask(mask, grid).sv_ml
    assert sv_ml == pytest.approx(20 * 40 * 40 * 2.0 * math.cos(math.radians(30)) / 1000)


def test_empty_mask_measures_nothing() -> None:
    grid = axial_grid((4, 5, 6))
    assert measure_mask(np.zeros(grid.shape, bool), grid) == Measurement()


@pytest.mark.parametrize("thickness_mm", [1.0, 2.5, 5.0])
def test_surface_of_a_ball(thickness_mm: float) -> None:
    grid = axial_grid((round(120 / thickness_mm), 150, 150), (thickness_mm, 0.8, 0.8))
    ball = ellipsoid(grid, (40, 40, 40), Rotation.identity(), (60.3, 30.1, -200.4))
    assert measure_mask(ball, grid).surface_cm2 == pytest.approx(4 * math.pi * 16, rel=0.02)


def test_oblong_spleen_that_leans_is_the_same_on_every_grid() -> None:
    turn = Rotation.from_euler("xyz", [35, 20, 50], degrees=True)
    found = []
    for name in ("usual", "oblong pixels"):
        grid: Geometry = axial_grid(*GRIDS[name])
        found.append(measure_mask(ellipsoid(grid, HALF_AXES_MM, turn, (60, 30, -200)), grid))
    assert found[0].sv_ml == pytest.approx(found[1].sv_ml, rel=2e-3)
    assert _mm(found[0].axial_diameter) == pytest.approx(_mm(found[1].axial_diameter), abs=0.5)


def _mm(calliper: Calliper | None) -> float:
    assert calliper is not None
    return calliper.length_mm


def _vector(calliper: Calliper) -> np.ndarray:
    return np.subtract(calliper.end_lps_mm, calliper.start_lps_mm)
