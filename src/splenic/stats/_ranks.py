"""Ranks with ties shared."""

from __future__ import annotations

import numpy as np

from ._arrays import Floats


def mid_ranks(values: Floats) -> Floats:
    """Rank of each value from 1, equal values sharing the mean of their ranks, shape (n,)."""
    _, place, repeats = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(repeats) - (repeats - 1) / 2)[place], dtype=np.float64)
