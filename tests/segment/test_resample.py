"""The working grid: places kept, means kept, tilt undone, nothing mirrored."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.ct.geometry import Geometry
from splenic.segment.resample import (
    WorkingGrid,
    axis_weights,
    frame_of,
    from_working,
    to_working,
    working_grid,
)

UPRIGHT = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


def linear_volume(geometry: Geometry) -> np.ndarray:
    """HU that grow with the LPS position, so that any misplacement shows."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    lps = geometry.to_lps_mm(index)
    return (lps @ np.array([0.7, -0.4, 1.1])).astype(np.float32)


def lps_of(grid: WorkingGrid, geometry: Geometry) -> np.ndarray:
    """LPS positions of a working grid's cells, for an unrotated scan whose first voxel is at its origin."""
    z, y, x = np.meshgrid(*[grid.axis_mm(a) for a in range(3)], indexing="ij")
    return np.stack([x, y, z], axis=-1) + np.asarray(geometry.origin_mm)


@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)))
def test_every_axis_sign_lands_on_the_same_places(signs: tuple[int, int, int]) -> None:
    direction = tuple(tuple(s * v for v in axis) for s, axis in zip(signs, UPRIGHT))
    geometry = Geometry((20, 30, 34), (10.0, -20.0, 5.0), (2.0, 0.9, 0.8), direction)
    grid = working_grid(geometry, (3.0, 3.0, 3.0))
    values = to_working(linear_volume(geometry), geometry, grid, -1024.0)
    expected = lps_of(grid, geometry) @ np.array([0.7, -0.4, 1.1])
    inner = (slice(1, -1),) * 3
    np.testing.assert_allclose(values[inner], expected[inner], atol=0.02)


def test_a_tilted_scan_is_put_upright() -> None:
    tilt = np.deg2rad(15)
    # Rows lean with the gantry while the table moves along S: a sheared grid.
    rows = (0.0, float(np.cos(tilt)), float(-np.sin(tilt)))
    upright = ((0.0, 0.0, 1.0), rows, (1.0, 0.0, 0.0))
    geometry = Geometry((16, 40, 40), (0.0, 0.0, 0.0), (3.0, 1.0, 1.0), upright)
    frame = frame_of(geometry)
    assert abs(frame.signed_mm[0]) == pytest.approx(3.0 * np.cos(tilt))
    assert frame.shear_mm[0] == pytest.approx(-3.0 * np.sin(tilt))
    normal = np.array([0.0, np.sin(tilt), np.cos(tilt)])
    lps = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    height = (geometry.to_lps_mm(lps) @ normal).astype(np.float32)
    depth = (geometry.to_lps_mm(lps) @ np.array(rows)).astype(np.float32)
    grid = working_grid(geometry, (2.0, 2.0, 2.0))
    z, y, _ = np.meshgrid(*[grid.axis_mm(a) for a in range(3)], indexing="ij")
    for values, expected in ((height, z), (depth, y)):
        result = to_working(values, geometry, grid, -1e4)
        seen = result > -100
        inner = np.zeros_like(seen)
        inner[2:-2, 8:-8, 2:-2] = True
        assert (seen & inner).sum() > 500
        np.testing.assert_allclose(result[seen & inner], expected[seen & inner], atol=0.05)
    back = from_working(to_working(depth, geometry, grid, 0.0), grid, geometry)
    np.testing.assert_allclose(back[3:-3, 14:-14, 3:-3], depth[3:-3, 14:-14, 3:-3], atol=0.05)


def test_there_and_back_keeps_a_smooth_field() -> None:
    geometry = Geometry((30, 64, 64), (0.0, 0.0, 0.0), (2.5, 0.8, 0.8), UPRIGHT)
    z, y, x = np.meshgrid(
        *[np.arange(n) * s for n, s in zip(geometry.shape, geometry.spacing_mm)], indexing="ij"
    )
    field = (0.5 + 0.5 * np.sin(z / 14) * np.cos(y / 15) * np.sin(x / 16)).astype(np.float32)
    grid = working_grid(geometry, (2.5, 2.5, 2.5))
    back = from_working(to_working(field, geometry, grid, 0.0), grid, geometry)
    inner = (slice(2, -2),) * 3
    assert np.abs(back - field)[inner].max() < 0.02


def test_outside_the_scan_is_the_fill_value() -> None:
    geometry = Geometry((10, 10, 10), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), UPRIGHT)
    grid = working_grid(geometry, (1.0, 1.0, 1.0)).crop((-5, -5, -5), (20, 20, 20))
    values = to_working(np.ones(geometry.shape, np.int16), geometry, grid, -1024.0)
    assert (values[5:15, 5:15, 5:15] == 1).all()
    values[5:15, 5:15, 5:15] = -1024.0
    assert (values == -1024.0).all()


def test_a_sagittal_grid_is_refused() -> None:
    geometry = Geometry((5, 5, 5), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (UPRIGHT[2], UPRIGHT[1], UPRIGHT[0]))
    with pytest.raises(ValueError, match="not axial"):
        frame_of(geometry)


@given(count=st.integers(2, 40), step=st.floats(0.5, 8), target=st.floats(0.5, 8))
def test_weights_sum_to_one_inside(count: int, step: float, target: float) -> None:
    source = np.arange(count) * step
    places = np.arange(-target, source[-1] + 2 * target, target)
    total = axis_weights(source, places, target).sum(axis=1)
    inside = (places >= 0) & (places <= source[-1])
    np.testing.assert_allclose(total[inside], 1.0, atol=1e-5)
    far = (places < -step) | (places > source[-1] + step)
    assert (total[far] == 0).all()
