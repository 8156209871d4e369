"""Wilcoxon's tests of two groups and of pairs, exact or normal, with the Hodges-Lehmann shift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import comb

from ._arrays import Floats, StatisticsError, check_level
from ._distributions import normal_p, normal_width
from ._ranks import mid_ranks
from .groups import _differences, _present

#: Samples below this size are compared exactly by default, if nothing is tied.
EXACT_BELOW = 50
#: Up to this many differences are sorted; beyond, order statistics are found by counting.
_SORTED = 4_000_000


@dataclass(frozen=True, slots=True)
class RankTest:
    """A rank test with the shift that it implies.

    Attributes
    ----------
    estimate, low, high : Hodges-Lehmann shift (first less second) and the interval that the test accepts.
    statistic : pairs in which the first is larger, ties counting one half; for paired columns the sum of
        the ranks of the positive differences.
    superiority : `statistic` as a share of all pairs; NaN for paired columns.
    """

    estimate: float
    low: float
    high: float
    statistic: float
    superiority: float
    p: float
    n: tuple[int, ...]
    level: float
    method: str
    reference: str = "Wilcoxon 1945; Mann and Whitney 1947; Hodges and Lehmann 1963"

    def __str__(self) -> str:
        shift = f"{self.estimate:.4g} ({self.level:.0%} interval {self.low:.4g} to {self.high:.4g})"
        return f"{self.method}: shift {shift}, W = {self.statistic:g}, p = {self.p:.3g}"


def rank_sum_test(
    x: ArrayLike, y: ArrayLike, *, exact: bool | None = None, continuity: bool = True, level: float = 0.95
) -> RankTest:
    """Wilcoxon-Mann-Whitney test of two independent groups; missing values are dropped.

    Parameters
    ----------
    x, y : array_like, shapes (n,) and (m,)
        The two groups.
    exact : bool, optional
        Exact permutation distribution (of mid-ranks, if there are ties). By default only where both groups
        have fewer than 50 rows and nothing is tied.
    continuity : bool
        Correction of the normal approximation by one half.
    level : float
        Confidence of the interval of the shift.
    """
    check_level(level)
    a, b = _present(x, "x", 1), _present(y, "y", 1)
    pooled = np.concatenate([a, b])
    ranks = mid_ranks(pooled)
    w = float(ranks[: a.size].sum()) - a.size * (a.size + 1) / 2
    tied = np.unique(pooled).size < pooled.size
    if exact is None:
        exact = not tied and max(a.size, b.size) < EXACT_BELOW
    pairs = a.size * b.size
    if exact:
        p = _rank_sum_exact_p(ranks, a.size)
        margin = _accepted_sum(a.size, b.size, level)
        method = "Wilcoxon rank-sum test, exact" + (" with ties" if tied else "")
    else:
        spread = np.sqrt(_rank_sum_variance((pooled,), a.size, b.size))
        p = _normal_p(w - pairs / 2, spread, continuity)
        inner = np.sqrt(_rank_sum_variance((a, b), a.size, b.size))
        margin = _normal_margin(pairs, inner, continuity, level)
        method = "Wilcoxon rank-sum test, normal" + (" with continuity correction" if continuity else "")
    low, high = _order_statistic(a, b, margin), _order_statistic(a, b, pairs - 1 - margin)
    middle = (_order_statistic(a, b, (pairs - 1) // 2) + _order_statistic(a, b, pairs // 2)) / 2
    return RankTest(middle, low, high, w, w / pairs, p, (a.size, b.size), level, method)


def signed_rank_test(
    x: ArrayLike, y: ArrayLike, *, exact: bool | None = None, continuity: bool = True, level: float = 0.95
) -> RankTest:
    """Wilcoxon's signed-rank test of pairs; incomplete pairs and zero differences are dropped."""
    check_level(level)
    whole = _differences(x, y)
    d = whole[whole != 0]
    if d.size == 0:
        raise StatisticsError("constant", "x, y: all pairs are equal")
    ranks = mid_ranks(np.abs(d))
    v = float(ranks[d > 0].sum())
    clean = d.size == whole.size and np.unique(np.abs(d)).size == d.size
    if exact is None:
        exact = bool(clean and d.size < EXACT_BELOW)
    walsh = np.sort(np.add.outer(d, d)[np.triu_indices(d.size)] / 2)
    total = d.size * (d.size + 1) / 2
    if exact:
        counts = _signed_rank_counts(ranks)
        p = _two_sided(counts, round(2 * v))
        margin = _quantile(_signed_rank_counts(np.arange(1.0, d.size + 1))[::2], level)
        method = "Wilcoxon signed-rank test, exact"
    else:
        ties = np.unique(ranks, return_counts=True)[1].astype(np.float64)
        plain = d.size * (d.size + 1) * (2 * d.size + 1) / 24
        p = _normal_p(v - total / 2, np.sqrt(plain - np.sum(ties**3 - ties) / 48), continuity)
        margin = _normal_margin(int(total), np.sqrt(plain), continuity, level)
        method = "Wilcoxon signed-rank test, normal" + (" with continuity correction" if continuity else "")
    low, high = float(walsh[margin]), float(walsh[walsh.size - 1 - margin])
    return RankTest(float(np.median(walsh)), low, high, v, np.nan, p, (d.size,), level, method)


def _normal_p(distance: float, spread: float, continuity: bool) -> float:
    if spread == 0:
        return 1.0
    return normal_p(float((abs(distance) - 0.5 * (continuity and distance != 0)) / spread))


def _normal_margin(pairs: int, spread: float, continuity: bool, level: float) -> int:
    """Differences cut off at either end where the normal test of a shift would just accept."""
    accepted = pairs / 2 + 0.5 * continuity + normal_width(level) * spread
    return int(np.clip(np.floor(pairs - accepted), 0, (pairs - 1) // 2))


def _rank_sum_variance(parts: tuple[Floats, ...], n: int, m: int) -> float:
    """Variance of W under ties within each of the parts."""
    ties = np.concatenate([np.unique(part, return_counts=True)[1] for part in parts]).astype(np.float64)
    total = n + m
    lost = float(np.sum(ties**3 - ties)) / (total * (total - 1)) if total > 1 else 0.0
    return n * m / 12 * (total + 1 - lost)


def _rank_sum_exact_p(ranks: Floats, size: int) -> float:
    """Two-sided p of the sum of the first ``size`` ranks, over all ways to choose them; mid-ranks doubled."""
    doubled = np.rint(2 * ranks).astype(np.int64)
    if min(size, ranks.size - size) * int(doubled.sum()) * ranks.size > 4e9:
        raise StatisticsError(
            "too-many-rows", "x, y: too many rows for the exact test", "use the normal form"
        )
    return _two_sided(_sums(doubled, size), int(doubled[:size].sum()))


def _sums(values: NDArray[np.int64], size: int) -> Floats:
    """Number of ways to choose ``size`` of the values with each sum."""
    ways = np.zeros((size + 1, int(values.sum()) + 1))
    ways[0, 0] = 1.0
    reach = 0
    for k, value in enumerate(values.tolist()):
        top = min(k + 1, size)
        ways[1 : top + 1, value : reach + value + 1] += ways[:top, : reach + 1].copy()
        reach += value
    return np.asarray(ways[size])


def _two_sided(counts: Floats, observed: int) -> float:
    """Share of the distribution at least as far from its mean as the observed sum."""
    at = np.arange(counts.size)
    mean = float(counts @ at) / float(counts.sum())
    far = np.abs(at - mean) >= abs(observed - mean) - 1e-9
    return float(min(1.0, counts[far].sum() / counts.sum()))


def _quantile(counts: Floats, level: float) -> int:
    """Order statistic (from 0) at which an exact interval begins, from the lower quantile."""
    tail = np.cumsum(counts) / counts.sum()
    return max(int(np.searchsorted(tail, (1 - level) / 2 * (1 - 1e-12))), 1) - 1


def _accepted_sum(n: int, m: int, level: float) -> int:
    ways = _sums(np.arange(1, n + m + 1), min(n, m))[min(n, m) * (min(n, m) + 1) // 2 :]
    return _quantile(ways[: n * m + 1] / comb(n + m, n), level)


def _signed_rank_counts(ranks: Floats) -> Floats:
    """Number of sign patterns with each doubled sum of positive ranks."""
    doubled = np.rint(2 * ranks).astype(np.int64)
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1.0
    for value in doubled.tolist():
        ways[value:] += ways[: ways.size - value].copy()
    return ways


def _order_statistic(a: Floats, b: Floats, k: int) -> float:
    """k-th (from 0) of all differences x - y, without forming them where there are many."""
    if a.size * b.size <= _SORTED:
        return float(np.partition(np.subtract.outer(a, b).ravel(), k)[k])
    x, y = np.sort(a), np.sort(b)
    low, high = float(x[0] - y[-1]), float(x[-1] - y[0])
    while True:  # the number of differences at or below `middle` is counted in one pass
        middle = low + (high - low) / 2
        if middle in (low, high):
            return high
        below = int((y.size - np.searchsorted(y, x - middle, side="left")).sum())
        low, high = (low, middle) if below > k else (middle, high)
