"""One spleen out of a probability."""

from __future__ import annotations

import numpy as np

from splenic.segment.cleanup import components, fill_holes, one_spleen


def test_parts_are_ordered_by_mass_and_small_ones_dropped() -> None:
    probability = np.zeros((20, 20, 20), np.float32)
    probability[1:5, 1:5, 1:5] = 0.6
    probability[8:12, 8:12, 8:12] = 0.9
    probability[18, 18, 18] = 1.0
    _, parts = components(probability, 0.5, 0.001, 0.01)
    assert [p.low for p in parts] == [(8, 8, 8), (1, 1, 1)]
    assert parts[0].volume_ml == 0.064
    assert parts[0].high == (12, 12, 12)


def test_parts_touching_by_a_corner_are_two() -> None:
    probability = np.zeros((6, 6, 6), np.float32)
    probability[:3, :3, :3] = probability[3:, 3:, 3:] = 1
    assert len(components(probability, 0.5, 1.0, 0.0)[1]) == 2


def test_an_enclosed_hole_is_closed_and_a_notch_is_not() -> None:
    mask = np.ones((7, 7, 7), bool)
    mask[3, 3, 3] = False
    mask[0:3, 0, 0] = False
    filled = fill_holes(mask)
    assert filled[3, 3, 3]
    assert not filled[1, 0, 0]


def test_the_seed_decides_which_part_is_the_spleen() -> None:
    probability = np.zeros((10, 10, 10), np.float32)
    probability[:5, :5, :5] = 0.9
    probability[7:9, 7:9, 7:9] = 0.9
    seed = np.zeros(probability.shape, bool)
    seed[8, 8, 8] = True
    assert one_spleen(probability, 0.5, None).sum() == 125
    assert one_spleen(probability, 0.5, seed).sum() == 8


def test_nothing_above_the_threshold_is_an_empty_mask() -> None:
    assert not one_spleen(np.full((4, 4, 4), 0.2, np.float32), 0.5, None).any()
