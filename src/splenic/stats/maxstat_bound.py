"""Hothorn and Lausen's bound on the p value of a searched cut-off, from exact permutation distributions."""

from __future__ import annotations

from math import ceil, comb, floor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import Floats, StatisticsError
from .maxstat_p import EQUAL

Ints = NDArray[np.int64]
#: Beyond this many rows the binomial coefficients of the exact marginal distributions overflow.
MOST_ROWS_BOUND = 1000


def p_hothorn_lausen(b: float, integer_scores: ArrayLike, sizes: ArrayLike) -> float:
    """Improved Bonferroni bound from the exact permutation distribution of every cut.

    P(max >= b) <= sum_i P(|T_i| >= b) - sum_i P(|T_i| >= b and |T_i+1| >= b), the second sum over neighbours
    whose sizes differ by one row, where the overlap is counted exactly (Worsley 1982; Hothorn and Lausen
    2003). Overlaps with sizes that are not cuts are left in, so this remains a bound when the marker is tied.

    Parameters
    ----------
    b : float
        Maximum of the absolute standardised statistics of the integer scores.
    integer_scores : array_like of int, shape (n,)
        Non-negative integer scores, as `integer_scores` makes them.
    sizes : array_like of int, shape (k,)
        Rows at or below each cut, increasing.

    Raises
    ------
    StatisticsError
        More than 1,000 rows. The work grows with the cube of the rows and their scores: seconds at 170 rows,
        half a minute at 330.
    """
    scores = np.asarray(integer_scores, dtype=np.int64)
    n = scores.size
    if n > MOST_ROWS_BOUND:
        raise StatisticsError(
            "too-many-rows",
            f"the exact bound is limited to {MOST_ROWS_BOUND} rows, not {n}",
            "use the Gaussian or the permutation p value",
        )
    if scores.min() == scores.max():
        return 1.0
    half = n // 2
    counts = _subset_sums(scores, half)
    tails = [_tails(b, scores, m) for m in range(half + 2)]
    alone = np.array(
        [counts[m, :low].sum() + counts[m, high:].sum() for m, (low, high) in enumerate(tails[:-1])]
    )
    alone /= [float(comb(n, m)) for m in range(half + 1)]
    wanted = np.asarray(sizes, dtype=np.int64)
    folded = np.minimum(wanted, n - wanted)
    adjacent = wanted[:-1][np.diff(wanted) == 1]
    overlap = _neighbour_overlap(scores, counts, tails)
    total = alone[folded].sum() - overlap[np.minimum(adjacent, n - 1 - adjacent)].sum()
    return float(np.clip(total, 0.0, 1.0))


def _subset_sums(scores: Ints, most: int) -> Floats:
    """Number of subsets of each size 0..most (rows) with each sum (columns)."""
    counts = np.zeros((most + 1, int(scores.sum()) + 1))
    counts[0, 0] = 1.0
    reach = 0
    for k, value in enumerate(np.sort(scores)):
        top = min(k + 1, most)
        counts[1 : top + 1, value : reach + value + 1] += counts[:top, : reach + 1].copy()
        reach += int(value)
    return counts


def _tails(b: float, scores: Ints, m: int) -> tuple[int, int]:
    """Sums of ``m`` scores whose standardised value reaches ``b``: below the first, from the second on."""
    n, total = scores.size, int(scores.sum())
    if not 0 < m < n:
        return 0, total + 1
    variance = m * (n - m) / (n**2 * (n - 1)) * (n * float(scores @ scores) - total**2)
    middle, reach = m / n * total, (b - EQUAL) * np.sqrt(variance)
    if reach <= 0:
        return total + 1, total + 1
    return max(0, floor(middle - reach) + 1), min(total + 1, ceil(middle + reach))


def _neighbour_overlap(scores: Ints, counts: Floats, tails: list[tuple[int, int]]) -> Floats:
    """P(size m and size m + 1 both beyond) for m up to half the rows; the rest follows by symmetry."""
    n, most = scores.size, counts.shape[0] - 1
    overlap = np.zeros(most + 1)
    for value, repeats in zip(*(column.tolist() for column in np.unique(scores, return_counts=True))):
        without = counts[0]  # sums of subsets that leave out one row with this score
        for m in range(1, most + 1):
            following = counts[m].copy()
            following[value:] -= without[: without.size - value]
            without = following
            low, high = tails[m]
            next_low, next_high = (max(0, limit - value) for limit in tails[m + 1])
            ways = without[: min(low, next_low)].sum() + without[max(high, next_high) :].sum()
            ways += without[next_high:low].sum() + without[high:next_low].sum()
            overlap[m] += repeats * float(ways) / (comb(n, m) * (n - m))
    return overlap
