"""Grids: positions, crops, shears."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.ct import Geometry, Volume, box_around

NUMBERS = st.floats(-300, 300)
STEPS = st.floats(0.3, 10)


def grid(shape=(6, 5, 4), origin=(1.0, 2.0, 3.0), spacing=(4.0, 1.0, 1.5), tilt_deg=0.0) -> Geometry:
    tilt = np.radians(tilt_deg)
    rows = (0.0, float(np.cos(tilt)), float(np.sin(tilt)))
    return Geometry(shape, origin, spacing, ((0.0, 0.0, 1.0), rows, (1.0, 0.0, 0.0)))


@given(
    origin=st.tuples(NUMBERS, NUMBERS, NUMBERS),
    spacing=st.tuples(STEPS, STEPS, STEPS),
    tilt=st.floats(-30, 30),
)
def test_index_and_position_are_inverse(origin, spacing, tilt):
    geometry = grid(origin=origin, spacing=spacing, tilt_deg=tilt)
    index = np.array([[0, 0, 0], [5, 4, 3], [1.5, -2, 7]])
    assert np.allclose(geometry.to_index(geometry.to_lps_mm(index)), index, atol=1e-6)
    assert geometry.voxel_mm3 == pytest.approx(np.prod(spacing) * np.cos(np.radians(tilt)))
    assert geometry.slice_distance_mm == pytest.approx(spacing[0] * np.cos(np.radians(tilt)))


def test_crop_keeps_voxels_in_place():
    geometry = grid(tilt_deg=12)
    part = geometry.crop((slice(1, 4), slice(2, 5), slice(0, 3)))
    assert part.shape == (3, 3, 3)
    assert np.allclose(part.to_lps_mm((1, 1, 1)), geometry.to_lps_mm((2, 3, 1)))


def test_same_grid_looks_at_the_corners():
    assert grid().same_grid(grid(origin=(1.005, 2, 3)))
    assert not grid().same_grid(grid(origin=(1.1, 2, 3)))
    assert not grid().same_grid(grid(spacing=(4.01, 1, 1.5)))
    assert not grid().same_grid(grid(shape=(6, 5, 5)))


def test_box_around_a_mask():
    mask = np.zeros((6, 5, 4), bool)
    assert box_around(mask) is None
    mask[2:4, 1, 3] = True
    assert box_around(mask) == (slice(2, 4), slice(1, 2), slice(3, 4))
    assert box_around(mask, (1, 3, 1)) == (slice(1, 5), slice(0, 5), slice(2, 4))


def test_volume_reads_once():
    calls = []

    def load():
        calls.append(1)
        return np.zeros((6, 5, 4), np.int16)

    volume = Volume(grid(), load)
    assert not calls
    assert volume.hu is volume.hu
    assert calls == [1]
    with pytest.raises(ValueError, match="does not fit"):
        Volume.of(np.zeros((2, 2, 2), np.int16), grid())
