"""Tiles: every cell seen, blending neutral, one tile where one is enough."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.segment.tiles import sliding, tile_starts


@given(
    size=st.integers(1, 300), patch=st.sampled_from([16, 64, 96]), overlap=st.sampled_from([0.0, 0.4, 0.5])
)
def test_tiles_cover_every_cell_with_enough_overlap(size: int, patch: int, overlap: float) -> None:
    starts = tile_starts(size, patch, overlap)
    seen = np.zeros(size, int)
    for start in starts:
        seen[max(0, start) : start + patch] += 1
    assert seen.min() >= 1
    if size > patch:
        assert starts[0] == 0
        assert starts[-1] == size - patch
        assert max(np.diff(starts)) <= max(1, int(patch * (1 - overlap))) + 1


@pytest.mark.parametrize("shape", [(10, 12, 9), (40, 16, 16), (33, 41, 20)])
def test_blending_is_neutral_for_a_voxelwise_network(shape: tuple[int, int, int]) -> None:
    values = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    other = np.ascontiguousarray(values[::-1, :, :5])
    results = sliding([values, other], (16, 16, 16), 0.5, -1.0, lambda patches: [2 * p + 1 for p in patches])
    np.testing.assert_allclose(results[0], 2 * values + 1, atol=1e-5)
    np.testing.assert_allclose(results[1], 2 * other + 1, atol=1e-5)


def test_outside_is_filled() -> None:
    seen: list[np.ndarray] = []
    sliding(
        [np.zeros((4, 4, 4), np.float32)],
        (8, 8, 8),
        0.5,
        -7.0,
        lambda patches: seen.extend(patches) or patches,
    )
    assert len(seen) == 1
    assert (seen[0] == -7).sum() == 8**3 - 4**3
