"""Each feature is the number that it says it is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from splenic.ct import Volume
from splenic.measure import Measurement
from splenic.quality import features
from splenic.segment.types import Segmentation


def test_a_true_mask(body):
    values = features(*body.case(body.spleen))
    assert values["sv_ml"] == pytest.approx(4 / 3 * math.pi * 25 * 40 * 45 / 1000, rel=0.02)
    # 3 % for the voxels that an ellipsoid is made of.
    assert values["extent_left_right_mm"] == pytest.approx(50, abs=3)
    assert values["extent_front_back_mm"] == pytest.approx(80, abs=3)
    assert values["extent_up_down_mm"] == pytest.approx(90, abs=4)
    assert values["left_of_middle_mm"] == pytest.approx(85, abs=3)
    assert values["hu_mean"] == pytest.approx(115, abs=2)
    assert values["hu_block_sd"] < 6
    assert values["fat_share"] < 0.05
    assert values["alike_beside"] < 0.05
    assert values["alike_worst_side"] < 0.3
    assert values["loose_share"] == values["dropped_share"] == values["dropped_components"] == 0
    assert "disagreement" not in values


@pytest.mark.parametrize(("slices", "rows", "columns", "shape"), [
    ((0, 0, 1), (0, -1, 0), (-1, 0, 0), (44, 110, 160)),
    ((0, 0, -1), (0, 1, 0), (1, 0, 0), (44, 110, 160)),
    ((0, 0, 1), (1, 0, 0), (0, 1, 0), (44, 160, 110)),
    ((1, 0, 0), (0, 0, 1), (0, 1, 0), (160, 44, 110)),
])
def test_the_array_order_does_not_matter(body, body_with_axes, slices, rows, columns, shape):
    other = body_with_axes(slices, rows, columns, shape)
    usual, turned = features(*body.case(body.spleen)), features(*other.case(other.spleen))
    for name in ("sv_ml", "left_of_middle_mm", "hu_mean", "extent_left_right_mm", "extent_up_down_mm",
                 "loose_share", "dropped_share"):
        assert turned[name] == pytest.approx(usual[name], rel=0.02, abs=1e-6), name


def test_pieces_apart(body, inside_ellipsoid):
    island = inside_ellipsoid(body.places, (85, -60, 0), (10, 10, 12))
    values = features(*body.case(body.spleen | island))
    assert values["loose_share"] == pytest.approx(island.sum() / (body.spleen.sum() + island.sum()))


def test_dropped_pieces(body, inside_ellipsoid):
    island = inside_ellipsoid(body.places, (85, -30, 0), (8, 8, 9))
    both = body.spleen | island
    measurement, whole, volume = body.case(both, both.astype(np.float32))
    kept = body.spleen[whole.box]
    found = Segmentation(whole.geometry, whole.box, whole.probability, kept)
    values = features(measurement, found, volume)
    assert values["dropped_components"] == 1
    assert values["dropped_share"] == pytest.approx(island.sum() / both.sum())


def test_probability(body):
    sure = features(*body.case(body.spleen, body.spleen.astype(np.float32)))
    assert sure["edge_entropy"] == pytest.approx(0, abs=1e-4)
    assert sure["core_doubt"] == pytest.approx(0, abs=1e-6)
    assert sure["soft_ratio"] == pytest.approx(1)
    half = features(*body.case(body.spleen, np.full(body.spleen.shape, 0.5, np.float32)))
    assert half["edge_entropy"] == pytest.approx(1, abs=1e-4)
    assert half["core_doubt"] == pytest.approx(0.5)
    assert half["soft_gap"] == pytest.approx(abs(half["soft_ratio"] - 1))


def test_disagreement_is_passed_on(body):
    assert features(*body.case(body.spleen, disagreement=0.13))["disagreement"] == 0.13


def test_an_empty_mask_has_none(body):
    measurement, found, volume = body.case(body.spleen)
    empty = Segmentation(found.geometry, found.box, found.probability, np.zeros_like(found.mask))
    assert features(measurement, empty, volume) == {}


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 6, 7), (2, 2, 2), (9, 1, 9)])
def test_tiny_masks_and_the_corner_of_the_scan(body, shape):
    mask = np.zeros_like(body.spleen)
    mask[:shape[0], :shape[1], :shape[2]] = True
    case = body.case(mask)
    values = features(*case)
    assert all(math.isfinite(value) for value in values.values())
    assert values["cut_faces"] == len(case[0].cut_faces)


def test_without_a_surface_there_is_no_sphericity(body):
    _, found, volume = body.case(body.spleen)
    assert "sphericity" not in features(Measurement(), found, volume)
    ball = np.linalg.norm(body.places - [60.0, 0.0, 0.0], axis=-1) < 30
    # A ball is 1; the voxels' surface is smoothed by `measure` and may be off by some per cent.
    assert features(*body.case(ball))["sphericity"] == pytest.approx(1, abs=0.07)


def test_likeness_has_another_name_without_contrast(body):
    measurement, found, volume = body.case(body.spleen)
    hu = volume.hu.copy()
    hu[body.spleen] -= 70
    values = features(measurement, found, Volume.of(hu, volume.geometry))
    for name in ("beside", "outside", "worst_side"):
        assert f"unenhanced_alike_{name}" in values
    assert "alike_beside" not in values
