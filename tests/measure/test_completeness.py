"""When a spleen at the edge of the scan is cut, and where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure_shapes import axial_grid, ellipsoid, positions
from scipy.spatial.transform import Rotation

from splenic.ct.geometry import Geometry
from splenic.ct.types import Volume
from splenic.measure import measure_mask

CENTRE = np.array([60.0, 30.0, -200.0])
OFFSETS = {
    "left": (1, 0, 0),
    "right": (-1, 0, 0),
    "posterior": (0, 1, 0),
    "anterior": (0, -1, 0),
    "superior": (0, 0, 1),
    "inferior": (0, 0, -1),
}


def _ball(grid: Geometry, centre: np.ndarray, radius_mm: float = 30.0) -> np.ndarray:
    return ellipsoid(grid, (radius_mm,) * 3, Rotation.identity(), centre)


def _moved(left_mm: float, posterior_mm: float, superior_mm: float) -> np.ndarray:
    return CENTRE + np.array([left_mm, posterior_mm, superior_mm])


@pytest.mark.parametrize("face", OFFSETS)
def test_ball_through_a_face_of_the_scan(face: str) -> None:
    grid = axial_grid((40, 100, 100), (2.5, 1.0, 1.0))  # 100 mm each way
    measured = measure_mask(_ball(grid, CENTRE + 35.0 * np.array(OFFSETS[face])), grid)
    assert measured.complete is False
    assert measured.cut_faces == (face,)
    assert measured.sv_ml > 0


@pytest.mark.parametrize("face", OFFSETS)
def test_ball_that_ends_one_slice_before_the_face(face: str) -> None:
    grid = axial_grid((40, 100, 100), (2.5, 1.0, 1.0))
    measured = measure_mask(_ball(grid, CENTRE + 16.0 * np.array(OFFSETS[face])), grid)
    assert measured.complete is True
    assert measured.cut_faces == ()


@pytest.mark.parametrize("face", ["superior", "inferior"])
@pytest.mark.parametrize("flip", [False, True])
def test_words_follow_the_patient_and_not_the_array(face: str, flip: bool) -> None:
    grid = axial_grid((40, 100, 100), (2.5, 1.0, 1.0))
    if flip:
        top = grid.to_lps_mm([39, 0, 0])
        direction = ((0.0, 0.0, -1.0), *grid.direction[1:])
        grid = Geometry(grid.shape, tuple(top.tolist()), grid.spacing_mm, direction)
    measured = measure_mask(_ball(grid, CENTRE + 35.0 * np.array(OFFSETS[face])), grid)
    assert measured.cut_faces == (face,)


@given(st.floats(15.0, 45.0), st.floats(0.0, 6.0))
def test_a_tip_counts_as_cut_from_one_millilitre_on(radius_mm: float, beyond_mm: float) -> None:
    """A cap of height h lacks πh²(3R − h)/3 and shows a circle of π(2Rh − h²) on the end of the scan."""
    grid = axial_grid((95, 95, 95), (1.0, 1.0, 1.0))
    lowest_plane = grid.origin_mm[2]
    centre = np.array([60.0, 30.0, lowest_plane + radius_mm - beyond_mm])
    measured = measure_mask(_ball(grid, centre, radius_mm), grid)
    lacking_mm3 = np.pi * beyond_mm**2 * (3 * radius_mm - beyond_mm) / 3
    if lacking_mm3 > 1000:
        assert measured.complete is False
    if np.pi * (2 * radius_mm * beyond_mm - beyond_mm**2) < 280:
        assert measured.complete is True


@pytest.mark.parametrize("missed", [1, 2])
def test_mask_that_stops_flat_just_before_the_last_slice(missed: int) -> None:
    grid = axial_grid((40, 100, 100), (2.5, 1.0, 1.0))
    mask = _ball(grid, _moved(0, 0, -45.0))
    mask[:missed] = False
    # Two slices are more than an engine's edge effect: then the mask must be believed.
    assert measure_mask(mask, grid).complete is (missed == 2)


def test_thick_slices_may_end_flat_before_the_last() -> None:
    grid = axial_grid((12, 100, 100), (10.0, 1.0, 1.0))
    mask = _ball(grid, _moved(0, 0, -20.0))
    assert not mask[0].any()
    assert measure_mask(mask, grid).complete is True


@pytest.mark.parametrize("filling_hu", [-3024, -2000, -1024])
def test_reconstruction_circle_cuts_like_an_edge(filling_hu: int) -> None:
    grid = axial_grid((30, 140, 140), (2.5, 1.0, 1.0))
    rng = np.random.default_rng(0)
    hu = rng.integers(-40, 60, grid.shape).astype(np.int16)
    away = np.linalg.norm((positions(grid) - CENTRE)[..., :2], axis=-1)
    hu[away > 70] = filling_hu
    mask = _ball(grid, _moved(50.0, 5.0, 0.0)) & (away <= 70)
    measured = measure_mask(mask, grid, Volume.of(hu, grid))
    assert measured.complete is False
    assert measured.cut_faces == ("left",)
    assert measure_mask(_ball(grid, CENTRE), grid, Volume.of(hu, grid)).complete is True


def test_air_beside_the_spleen_is_no_edge() -> None:
    grid = axial_grid((30, 140, 140), (2.5, 1.0, 1.0))
    hu = np.random.default_rng(0).integers(-1010, -980, grid.shape).astype(np.int16)
    assert measure_mask(_ball(grid, CENTRE), grid, Volume.of(hu, grid)).complete is True


def test_empty_slices_at_the_end_are_no_scan() -> None:
    grid = axial_grid((40, 100, 100), (2.5, 1.0, 1.0))
    hu = np.random.default_rng(0).integers(-40, 60, grid.shape).astype(np.int16)
    mask = _ball(grid, _moved(0, 0, -20.0))
    mask[:10] = False
    hu[:10] = -1024
    assert measure_mask(mask, grid, Volume.of(hu, grid)).cut_faces == ("inferior",)
    assert measure_mask(mask, grid).complete is True
