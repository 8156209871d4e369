"""Agreement of two masks: known values, the published elements as oracle, what emptiness means."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from splenic.ct.geometry import Geometry
from splenic.errors import UsageError
from splenic.evaluate import compare
from splenic.evaluate.surfels import areas_mm2, surfels_of

AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
SPACINGS = [(1.0, 1.0, 1.0), (2.5, 0.8, 0.8), (5.0, 0.7, 0.9)]


def _grid(shape: tuple[int, ...], spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Geometry:
    return Geometry(shape, (0.0, 0.0, 0.0), spacing_mm, AXES)


def _blob(seed: int, shape: tuple[int, int, int] = (16, 40, 36)) -> np.ndarray:
    """A lumpy body, with holes and bays."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    z, y, x = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    lumps = gaussian_filter(rng.normal(size=shape), 2)
    return np.asarray(x**2 + y**2 + z**2 + 0.6 * lumps / lumps.std() < 0.7)


@pytest.fixture(scope="module")
def oracle() -> Any:
    """The reference implementation of surface Dice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls namespaces of SciPy that are to go
        return pytest.importorskip("surface_distance")


@pytest.mark.parametrize("spacing_mm", SPACINGS)
@pytest.mark.parametrize("seed", range(4))
def test_equals_the_reference_implementation(
    oracle: Any, seed: int, spacing_mm: tuple[float, float, float]
) -> None:
    prediction, reference = _blob(seed), np.roll(_blob(seed + 100), (1, 2, -1), (0, 1, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        distances = oracle.compute_surface_distances(reference, prediction, spacing_mm)
    tolerances = (0.5, 1.0, 2.0, 5.0)
    found = compare(prediction, reference, _grid(prediction.shape, spacing_mm), tolerances)

    assert found.dice == pytest.approx(oracle.compute_dice_coefficient(reference, prediction), abs=1e-12)
    assert found.hd95_mm == pytest.approx(oracle.compute_robust_hausdorff(distances, 95), abs=1e-5)
    assert found.hd100_mm == pytest.approx(oracle.compute_robust_hausdorff(distances, 100), abs=1e-5)
    for tolerance in tolerances:
        expected = oracle.compute_surface_dice_at_tolerance(distances, tolerance)
        assert found.surface_dice[tolerance] == pytest.approx(expected, abs=1e-6)
    one_way, other_way = oracle.compute_average_surface_distance(distances)
    areas = distances["surfel_areas_gt"].sum(), distances["surfel_areas_pred"].sum()
    mean = (one_way * areas[0] + other_way * areas[1]) / sum(areas)
    assert found.mean_surface_distance_mm == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_all_256_elements_have_the_published_area(
    oracle: Any, spacing_mm: tuple[float, float, float]
) -> None:
    tables = oracle.metrics.lookup_tables
    published = tables.create_table_neighbour_code_to_surface_area(spacing_mm)
    kernel = np.asarray(tables.ENCODE_NEIGHBOURHOOD_3D_KERNEL).ravel()
    codes = np.arange(256)
    theirs = ((codes[:, None] >> np.arange(8) & 1) * kernel).sum(axis=1)
    assert areas_mm2(np.diag(spacing_mm)) == pytest.approx(np.asarray(published)[theirs], abs=1e-9)


@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_two_planes_at_a_known_distance(spacing_mm: tuple[float, float, float]) -> None:
    """Two slabs that share one face; the other faces lie 3 slices apart."""
    shape = (40, 60, 60)
    one, other = np.zeros(shape, bool), np.zeros(shape, bool)
    one[5:20], other[5:23] = True, True
    found = compare(other, one, _grid(shape, spacing_mm), (2.9 * spacing_mm[0], 3.1 * spacing_mm[0]))
    assert found.hd100_mm == pytest.approx(3 * spacing_mm[0])
    assert found.error_percent == pytest.approx(20.0)
    assert found.dice == pytest.approx(2 * 15 / 33)
    just_under, just_over = found.surface_dice.values()
    assert just_under < 0.95
    assert just_over == 1.0


def test_worked_example_of_one_voxel_each() -> None:
    """Single voxels one apart: each surface is eight corners of √3/8 mm²; the nearest ones coincide."""
    shape = (5, 5, 5)
    one, other = np.zeros(shape, bool), np.zeros(shape, bool)
    one[2, 2, 2] = other[2, 2, 3] = True
    found = compare(one, other, _grid(shape), (0.0, 1.0))
    assert surfels_of(one, _grid(shape)).areas_mm2.sum() == pytest.approx(math.sqrt(3))
    assert found.dice == 0.0
    assert found.hd100_mm == pytest.approx(1.0)
    assert found.mean_surface_distance_mm == pytest.approx(0.5)
    assert found.surface_dice == {0.0: 0.5, 1.0: 1.0}
    assert (found.prediction_ml, found.reference_ml) == (0.001, 0.001)


@given(
    hnp.arrays(bool, (4, 5, 6)),
    hnp.arrays(bool, (4, 5, 6)),
    st.sampled_from(SPACINGS),
)
def test_symmetric_bounded_and_zero_on_itself(
    one: np.ndarray, other: np.ndarray, spacing_mm: tuple[float, float, float]
) -> None:
    one[0, 0, 0] = other[3, 4, 5] = True
    grid = _grid(one.shape, spacing_mm)
    found, back, same = compare(one, other, grid), compare(other, one, grid), compare(one, one, grid)
    for name in ("dice", "hd95_mm", "hd100_mm", "mean_surface_distance_mm", "absolute_error_ml"):
        assert getattr(found, name) == pytest.approx(getattr(back, name))
    assert found.error_ml == pytest.approx(-back.error_ml)
    assert 0 <= found.dice <= 1
    assert 0 <= found.surface_dice[2.0] <= 1
    assert found.mean_surface_distance_mm <= found.hd100_mm
    assert found.hd95_mm <= found.hd100_mm
    assert (same.dice, same.hd95_mm, same.hd100_mm, same.mean_surface_distance_mm) == (1.0, 0.0, 0.0, 0.0)
    assert same.surface_dice == {2.0: 1.0}
    assert same.error_ml == 0.0


def test_sheared_grid_is_measured_in_space() -> None:
    """The same two voxels in space, whichever lattice names them."""
    upright = _grid((6, 8, 8))
    tilt = math.radians(30)
    leaning = replace(upright, direction=(AXES[0], (0.0, math.cos(tilt), math.sin(tilt)), AXES[2]))
    one, other = np.zeros(upright.shape, bool), np.zeros(upright.shape, bool)
    one[2:4, 2:6, 2:6] = True
    other[2:4, 2:6, 3:7] = True
    found, expected = compare(one, other, leaning), compare(one, other, upright)
    assert found.hd100_mm == pytest.approx(expected.hd100_mm)
    assert found.reference_ml == pytest.approx(expected.reference_ml * math.cos(tilt))
    down = np.roll(one, 1, axis=1)
    assert compare(one, down, leaning).hd100_mm <= 1.0 + 1e-9


def test_empty_prediction_is_worse_than_any() -> None:
    reference = _blob(0)
    for pair in ((np.zeros_like(reference), reference), (reference, np.zeros_like(reference))):
        found = compare(*pair, _grid(reference.shape))
        assert (found.dice, found.surface_dice[2.0]) == (0.0, 0.0)
        assert (found.hd95_mm, found.hd100_mm, found.mean_surface_distance_mm) == (math.inf,) * 3
    assert math.isnan(found.error_percent)
    assert found.error_ml == pytest.approx(found.prediction_ml)


def test_two_empty_masks_have_no_overlap_to_speak_of() -> None:
    nothing = np.zeros((3, 4, 5), bool)
    found = compare(nothing, nothing, _grid(nothing.shape))
    numbers: Mapping[str, float] = {
        "dice": found.dice,
        "hd95": found.hd95_mm,
        "hd100": found.hd100_mm,
        "mean": found.mean_surface_distance_mm,
        "surface": found.surface_dice[2.0],
        "percent": found.error_percent,
    }
    assert all(math.isnan(value) for value in numbers.values()), numbers
    assert (found.error_ml, found.absolute_error_ml) == (0.0, 0.0)


def test_another_shape_is_refused_with_both_named() -> None:
    with pytest.raises(UsageError, match=r"prediction has 2 × 3 × 4 voxels, the grid 3 × 4 × 5") as caught:
        compare(np.zeros((2, 3, 4), bool), np.zeros((3, 4, 5), bool), _grid((3, 4, 5)))
    assert caught.value.code == "grids-differ"


def test_mask_at_the_edge_of_the_array_has_a_surface_there() -> None:
    full = np.ones((3, 3, 3), bool)
    padded = np.pad(full, 2)
    at_edge = surfels_of(full, _grid(full.shape)).areas_mm2.sum()
    assert at_edge == pytest.approx(surfels_of(padded, _grid(padded.shape)).areas_mm2.sum())
