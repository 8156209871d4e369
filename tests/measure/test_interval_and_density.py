"""SV's interval from the probability map, and HU of the parenchyma."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure_shapes import axial_grid, ellipsoid, positions
from scipy.spatial.transform import Rotation

from splenic.ct.geometry import Geometry, box_around
from splenic.ct.types import Volume
from splenic.errors import UsageError
from splenic.measure import Measurement, measure, measure_mask
from splenic.measure.interval import sv_interval_ml
from splenic.measure.model import INTERVAL, IntervalModel
from splenic.segment.types import Segmentation

GRID = axial_grid((40, 100, 100), (2.5, 1.0, 1.0))
RADIUS_MM = 30.0
CENTRE = (60.0, 30.0, -200.0)
DISTANCE_MM = np.linalg.norm(positions(GRID) - CENTRE, axis=-1)
SPLEEN = np.asarray(DISTANCE_MM <= RADIUS_MM)


def _segmentation(probability: np.ndarray, mask: np.ndarray, margin: int = 8) -> Segmentation:
    box = box_around(SPLEEN, (margin, margin, margin))
    assert box is not None
    return Segmentation(GRID, box, probability[box].astype(np.float32), mask[box])


def _volume(hu: np.ndarray | None = None) -> Volume:
    return Volume.of(np.full(GRID.shape, 100, np.int16) if hu is None else hu.astype(np.int16), GRID)


@pytest.mark.parametrize("softness_mm", [0.5, 1.0, 1.5])
def test_interval_is_the_shell_of_doubtful_probability(softness_mm: float) -> None:
    """With p = 1/(1 + exp((r − R)/s)) the levels 3/4 and 1/4 are balls of radius R ∓ s·ln 3."""
    probability = 1 / (1 + np.exp((DISTANCE_MM - RADIUS_MM) / softness_mm))
    found = measure(_segmentation(probability, probability >= 0.5), _volume())
    edge_ml = 4 * np.pi * RADIUS_MM**2 * INTERVAL.edge_mm / 1000
    sv, inner, outer = (
        4 / 3 * np.pi * (RADIUS_MM + k * softness_mm * np.log(3)) ** 3 / 1000 for k in (0, -1, 1)
    )
    assert found.sv_ml == pytest.approx(sv, rel=0.01)
    assert found.sv_ml - found.sv_low_ml == pytest.approx(np.hypot(sv - inner, edge_ml), rel=0.1)
    assert found.sv_high_ml - found.sv_ml == pytest.approx(np.hypot(outer - sv, edge_ml), rel=0.1)


def test_sharp_map_still_leaves_the_edge_in_doubt() -> None:
    found = measure(_segmentation(SPLEEN.astype(float), SPLEEN), _volume())
    edge_ml = found.surface_cm2 * INTERVAL.edge_mm / 10
    assert found.sv_high_ml - found.sv_ml == pytest.approx(edge_ml)
    assert found.sv_ml - found.sv_low_ml == pytest.approx(edge_ml)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_interval_holds_the_volume_whatever_the_map(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    shape = (6, 7, 8)
    mask = rng.random(shape) < share
    mask[3, 3, 3] = True
    probability = rng.random(shape).astype(np.float32)
    grid = Geometry(shape, (0.0, 0.0, 0.0), (2.0, 1.0, 1.0), ((0, 0, 1), (0, 1, 0), (1, 0, 0)))
    low, high = sv_interval_ml(mask, probability, grid, 200.0)
    assert 0 <= low < np.count_nonzero(mask) * 2 / 1000 < high


def test_what_lies_far_away_is_no_doubt_about_the_edge() -> None:
    probability = SPLEEN.astype(float)
    near_miss = np.abs(positions(GRID) - (97.0, 30.0, -200.0)).max(axis=-1) < 1.6
    far = np.abs(positions(GRID) - (105.0, 30.0, -200.0)).max(axis=-1) < 5
    plain = measure(_segmentation(probability, SPLEEN, 20), _volume())
    probability[far] = 0.4
    assert measure(_segmentation(probability, SPLEEN, 20), _volume()).sv_high_ml == plain.sv_high_ml
    probability[near_miss & ~SPLEEN] = 0.4
    model = IntervalModel(reach_mm=10.0)
    _, high = sv_interval_ml(SPLEEN, probability.astype(np.float32), GRID, 1e3, model)
    assert high > plain.sv_ml


def test_widening_for_calibration() -> None:
    probability = (1 / (1 + np.exp(DISTANCE_MM - RADIUS_MM))).astype(np.float32)
    one = sv_interval_ml(SPLEEN, probability, GRID, 1e4)
    two = sv_interval_ml(SPLEEN, probability, GRID, 1e4, IntervalModel(widen=2.0))
    sv = np.count_nonzero(SPLEEN) * GRID.voxel_mm3 / 1000
    assert sv - two[0] == pytest.approx(2 * (sv - one[0]))
    assert two[1] - sv == pytest.approx(2 * (one[1] - sv))


def test_hu_are_read_away_from_the_edge() -> None:
    hu = np.where(DISTANCE_MM < RADIUS_MM - 3, 120, 0) + np.sign(positions(GRID)[..., 0] - 60) * 10
    found = measure_mask(SPLEEN, GRID, _volume(hu))
    assert found.hu_mean == pytest.approx(120, abs=0.5)
    assert found.hu_sd == pytest.approx(10, abs=0.1)
    assert found.hu_median == 120


def test_small_spleen_is_read_as_a_whole() -> None:
    mask = np.zeros(GRID.shape, bool)
    mask[10:12, 20:24, 20:24] = True
    hu = np.zeros(GRID.shape)
    hu[10, 20:24, 20:24] = 100
    found = measure_mask(mask, GRID, _volume(hu))
    assert (found.hu_mean, found.hu_sd, found.hu_median) == (50.0, 50.0, 50.0)


def test_without_volume_no_hu_and_without_map_no_interval() -> None:
    found = measure_mask(SPLEEN, GRID)
    assert found.hu_mean is found.hu_sd is found.hu_median is found.sv_low_ml is found.sv_high_ml is None


def test_nothing_found_is_nothing_measured() -> None:
    empty = np.zeros(GRID.shape, bool)
    assert measure(_segmentation(empty.astype(float), empty), _volume()) == Measurement()


def test_segmentation_and_whole_mask_agree() -> None:
    turn = Rotation.from_euler("xyz", [30, 10, 50], degrees=True)
    mask = ellipsoid(GRID, (15, 20, 28), turn, CENTRE)
    found = measure(_segmentation(mask.astype(float), mask), _volume())
    whole = measure_mask(mask, GRID, _volume())
    assert found.axial_diameter == whole.axial_diameter
    assert found.sv_ml == whole.sv_ml
    assert found.centroid_lps_mm == whole.centroid_lps_mm


def test_another_grid_is_refused() -> None:
    moved = Geometry(GRID.shape, (0.0, 0.0, 0.0), GRID.spacing_mm, GRID.direction)
    with pytest.raises(UsageError, match="40 × 100 × 100") as caught:
        measure_mask(SPLEEN, GRID, Volume.of(np.zeros(GRID.shape, np.int16), moved))
    assert caught.value.code == "grids-differ"
    with pytest.raises(UsageError, match="2 × 2 × 2"):
        measure_mask(np.zeros((2, 2, 2), bool), GRID)
