"""The patient is the same, however the array is stored and wherever the table stood."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure_shapes import axial_grid, ellipsoid
from scipy.spatial.transform import Rotation

from splenic.ct.geometry import Geometry
from splenic.ct.types import Volume
from splenic.measure import Calliper, Measurement, measure_mask

GRID = axial_grid((34, 110, 100), (2.5, 0.8, 0.9), tilt_deg=0.0)


def _bean() -> np.ndarray:
    # Off the grid's centre: on a symmetric mask two slices tie for the longest diameter.
    turn = Rotation.from_euler("xyz", [20, 10, 40], degrees=True)
    body = ellipsoid(GRID, (25, 38, 36), turn, (60.3, 30.2, -200.7))
    bite = ellipsoid(GRID, (14, 12, 14), Rotation.identity(), (42, 25, -198))
    return np.asarray(body & ~bite)


BEAN = _bean()
FREE = [int(np.flatnonzero(BEAN.any(axis=axes))[0]) for axes in ((1, 2), (0, 2), (0, 1))]
HU = np.random.default_rng(3).integers(60, 160, GRID.shape).astype(np.int16)
EXPECTED = measure_mask(BEAN, GRID, Volume.of(HU, GRID))


@given(
    axes=st.permutations([0, 1, 2]),
    flips=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_order_and_direction_of_the_array_axes(axes: list[int], flips: tuple[bool, bool, bool]) -> None:
    grid, mask, hu = GRID, BEAN, HU
    for axis, flip in enumerate(flips):
        if flip:
            grid, mask, hu = _flipped(grid, axis), np.flip(mask, axis), np.flip(hu, axis)
    grid, mask, hu = _permuted(grid, axes), mask.transpose(axes), hu.transpose(axes)
    _assert_same(measure_mask(mask, grid, Volume.of(hu, grid)), EXPECTED)


@given(st.tuples(*[st.floats(-500, 500)] * 3))
def test_moving_the_patient_moves_only_positions(move_mm: tuple[float, float, float]) -> None:
    moved = replace(GRID, origin_mm=tuple(np.add(GRID.origin_mm, move_mm).tolist()))
    measured = measure_mask(BEAN, moved, Volume.of(HU, moved))
    back = replace(
        measured,
        centroid_lps_mm=tuple(np.subtract(measured.centroid_lps_mm, move_mm)),
        **{name: _moved_back(getattr(measured, name), move_mm) for name in CALLIPERS},
    )
    _assert_same(back, EXPECTED)


@given(st.integers(0, FREE[0]), st.integers(0, FREE[1]), st.integers(0, FREE[2]))
def test_room_around_the_mask_does_not_matter(slices: int, rows: int, columns: int) -> None:
    box = (slice(slices, None), slice(rows, None), slice(columns, None))
    _assert_same(measure_mask(BEAN[box], GRID, Volume.of(HU, GRID), box=box), EXPECTED)


@given(st.floats(0.5, 2.0))
def test_sizes_scale_with_the_voxels(factor: float) -> None:
    grid = replace(GRID, spacing_mm=tuple(factor * s for s in GRID.spacing_mm))
    measured = measure_mask(BEAN, grid)
    assert measured.sv_ml == pytest.approx(EXPECTED.sv_ml * factor**3)
    assert measured.surface_cm2 == pytest.approx(EXPECTED.surface_cm2 * factor**2)
    assert measured.axial_diameter.length_mm == pytest.approx(EXPECTED.axial_diameter.length_mm * factor)
    assert measured.craniocaudal.length_mm == pytest.approx(EXPECTED.craniocaudal.length_mm * factor)


CALLIPERS = ("craniocaudal", "axial_diameter", "width", "thickness")


def _assert_same(found: Measurement, expected: Measurement) -> None:
    for field in fields(Measurement):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        if isinstance(other, Calliper):
            # Chords of the thickness are sampled every 0.1 mm, from whichever end comes first.
            assert one.length_mm == pytest.approx(other.length_mm, abs=0.25), field.name
            ends = np.array([one.start_lps_mm, one.end_lps_mm])
            others = np.array([other.start_lps_mm, other.end_lps_mm])
            gap = min(np.abs(ends - others).max(), np.abs(ends[::-1] - others).max())
            assert gap < 1.0, field.name
        elif field.name in ("splenic_index_cm3", "sv_ellipsoid_ml", "sv_prassopoulos_ml"):
            assert one == pytest.approx(other, rel=0.01), field.name
        elif isinstance(other, float) or field.name == "centroid_lps_mm":
            assert one == pytest.approx(other, rel=1e-9, abs=1e-6), field.name
        else:
            assert one == other, field.name


def _moved_back(calliper: Calliper, move_mm: tuple[float, float, float]) -> Calliper:
    start, end = (tuple(np.subtract(p, move_mm)) for p in (calliper.start_lps_mm, calliper.end_lps_mm))
    return replace(calliper, start_lps_mm=start, end_lps_mm=end)


def _flipped(grid: Geometry, axis: int) -> Geometry:
    corner = [0, 0, 0]
    corner[axis] = grid.shape[axis] - 1
    direction = list(grid.direction)
    direction[axis] = tuple(-v for v in direction[axis])
    return replace(grid, origin_mm=tuple(grid.to_lps_mm(corner).tolist()), direction=tuple(direction))


def _permuted(grid: Geometry, axes: list[int]) -> Geometry:
    return Geometry(
        tuple(grid.shape[a] for a in axes),
        grid.origin_mm,
        tuple(grid.spacing_mm[a] for a in axes),
        tuple(grid.direction[a] for a in axes),
    )
