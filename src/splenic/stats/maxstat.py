"""Maximally selected rank statistics: the best cut-off of a marker, and its p value.

The lower group is ``marker <= cut``, cuts are observed values, and the scores are permuted over the marker
(Lausen and Schumacher, Biometrics 48 (1992) 73-85; Hothorn and Lausen, Comput. Stat. Data Anal. 43 (2003)
121-137).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from . import maxstat_p
from ._arrays import Floats, StatisticsError, as_events, as_numbers, as_times, check_choice, complete_rows
from ._ranks import mid_ranks
from .maxstat_bound import p_hothorn_lausen

Ints = NDArray[np.int64]
LogRankTies = Literal["hothorn-lausen", "nelson-aalen"]
RankScores = Literal["data", "wilcoxon", "median", "normal"]
PMethod = Literal["gaussian", "lausen92", "lausen94", "hothorn-lausen", "permutation", "all-orders"]

_REFERENCE = "Lausen and Schumacher 1992; Hothorn and Lausen 2003"


def logrank_scores(time: ArrayLike, event: ArrayLike, ties: LogRankTies = "hothorn-lausen") -> Floats:
    """Log-rank score of every row: its event minus the hazard it has lived through.

    Parameters
    ----------
    time : array_like, shape (n,)
        Follow-up times.
    event : array_like of bool, shape (n,)
        True where the event was seen.
    ties : {"hothorn-lausen", "nelson-aalen"}
        How d deaths at a time share it. ``"nelson-aalen"`` adds d / (n at risk), and the scores sum to 0.
        ``"hothorn-lausen"`` adds d / (n at risk - all who leave at that time + 1), the largest rank of the
        tie, as the published programs do. Without tied times both agree.

    Returns
    -------
    ndarray, shape (n,)
    """
    check_choice(ties, ("hothorn-lausen", "nelson-aalen"), "ties")
    t, e = survival_columns(time, event)
    _, place, leaving = np.unique(t, return_inverse=True, return_counts=True)
    deaths = np.bincount(place, weights=e, minlength=leaving.size)
    gone = np.cumsum(leaving)
    at_risk = t.size - gone + (1 if ties == "hothorn-lausen" else leaving)
    return np.asarray(e - np.cumsum(deaths / at_risk)[place], dtype=np.float64)


def rank_scores(values: ArrayLike, kind: RankScores = "wilcoxon") -> Floats:
    """Scores of an uncensored outcome: data, mid-ranks, above the median, normal quantiles of ranks."""
    check_choice(kind, ("data", "wilcoxon", "median", "normal"), "kind")
    y = as_numbers(values, "values")
    if kind == "data":
        return y
    ranks = mid_ranks(y)
    if kind == "wilcoxon":
        return ranks
    if kind == "median":
        return np.asarray(ranks > (y.size + 1) / 2, dtype=np.float64)
    return np.asarray(ndtri(ranks / (y.size + 1)), dtype=np.float64)


def integer_scores(scores: ArrayLike) -> Ints:
    """Scores moved to 0..n and rounded half to even, for the exact distribution of Hothorn and Lausen."""
    s = np.asarray(scores, dtype=np.float64)
    shifted = s - s.min()
    top = shifted.max()
    return np.asarray(np.rint(shifted * s.size / top) if top > 0 else shifted, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class CutoffSearch:
    """A cut-off found by search.

    Attributes
    ----------
    estimate : float
        The cut-off; the lower group is ``marker <= estimate``.
    statistic : float
        Largest absolute standardised statistic.
    p : float
        p value by ``method``.
    p_by_method : mapping of str to float
        Every p value asked for.
    n, events : int
        Rows, and events among them (None for an uncensored outcome).
    n_low, n_high : int
        Rows at or below, and above, the cut-off.
    minprop, maxprop : float
        Range of the search.
    cuts, sizes, statistics : ndarray, shape (k,)
        Every cut tried, the rows at or below it, and its absolute standardised statistic.
    method, reference : str
        How p was computed, and who described it.
    """

    estimate: float
    statistic: float
    p: float
    p_by_method: Mapping[str, float]
    n: int
    events: int | None
    n_low: int
    n_high: int
    minprop: float
    maxprop: float
    cuts: Floats
    sizes: Ints
    statistics: Floats
    method: str
    reference: str = _REFERENCE

    def __str__(self) -> str:
        seen = "" if self.events is None else f", {self.events} events"
        others = ", ".join(f"{name} {p:.4g}" for name, p in self.p_by_method.items())
        return (
            f"cut-off {self.estimate:g} ({self.n_low} at or below, {self.n_high} above{seen}): "
            f"M = {self.statistic:.4f}, p = {self.p:.4g} ({self.method}; searched {self.cuts.size} cuts from "
            f"{self.minprop:.0%} to {self.maxprop:.0%}); by method: {others}"
        )


def find_cutoff(
    time: ArrayLike,
    event: ArrayLike,
    marker: ArrayLike,
    *,
    minprop: float = 0.1,
    maxprop: float = 0.9,
    ties: LogRankTies = "hothorn-lausen",
    methods: Sequence[PMethod] = ("gaussian", "lausen92", "lausen94"),
    permutations: int = 100_000,
    seed: int = 0,
) -> CutoffSearch:
    """Cut-off of a marker that separates survival best, with a p value corrected for the search.

    Parameters
    ----------
    time, event, marker : array_like, shape (n,)
        Follow-up, whether the event was seen, and the marker; no missing values.
    minprop, maxprop : float
        Share of rows at or below the cut-off: max(1, floor(n minprop)) to floor(n maxprop) rows.
    ties : {"hothorn-lausen", "nelson-aalen"}
        Scores under tied times, see `logrank_scores`.
    methods : sequence of str
        p values wanted; the first is the one that ``p`` holds.
    permutations, seed : int
        For the method ``"permutation"``.

    Returns
    -------
    CutoffSearch

    Examples
    --------
    >>> found = find_cutoff([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 1, 0, 1, 0, 0], [8, 7, 9, 6, 2, 1, 4, 3],
    ...                     methods=["all-orders"])
    >>> found.estimate, found.n_high, round(found.p, 4)
    (4.0, 4, 0.0571)
    """
    t, e, x = as_times(time), as_events(event), as_numbers(marker, "marker")
    kept = complete_rows(time=t, event=e, marker=x)
    t, e, x = t[kept], e[kept], x[kept]
    return find_split(
        logrank_scores(t, e, ties),
        x,
        events=int(e.sum()),
        minprop=minprop,
        maxprop=maxprop,
        methods=methods,
        permutations=permutations,
        seed=seed,
    )


def find_split(
    scores: ArrayLike,
    marker: ArrayLike,
    *,
    events: int | None = None,
    minprop: float = 0.1,
    maxprop: float = 0.9,
    methods: Sequence[PMethod] = ("gaussian", "lausen92", "lausen94"),
    permutations: int = 100_000,
    seed: int = 0,
) -> CutoffSearch:
    """`find_cutoff` for any scores, e.g. of `rank_scores` or martingale residuals.

    Parameters
    ----------
    scores, marker : array_like, shape (n,)
        Score of each row and its marker.
    events : int, optional
        Carried into the result.
    minprop, maxprop, methods, permutations, seed
        As in `find_cutoff`.
    """
    s, x = _pair(scores, marker)
    cuts, sizes = allowed_cuts(x, minprop, maxprop)
    statistics = split_statistics(s, x, sizes)
    best = _first_maximum(statistics)
    b = float(statistics[best])
    values: dict[str, float] = {
        name: _p(name, b, s, x, sizes, minprop, maxprop, permutations, seed) for name in methods
    }
    if not values:
        raise StatisticsError("no-method", "no method for the p value was named", "name at least one")
    return CutoffSearch(
        estimate=float(cuts[best]),
        statistic=b,
        p=values[methods[0]],
        p_by_method=values,
        n=x.size,
        events=events,
        n_low=int(sizes[best]),
        n_high=x.size - int(sizes[best]),
        minprop=minprop,
        maxprop=maxprop,
        cuts=cuts,
        sizes=sizes,
        statistics=statistics,
        method=methods[0],
    )


def allowed_cuts(marker: ArrayLike, minprop: float, maxprop: float) -> tuple[Floats, Ints]:
    """Observed values that may be the cut-off, and the rows at or below each.

    Sizes m with max(1, floor(n minprop)) <= m <= floor(n maxprop) and m < n, where the marker changes. The
    two ends are not symmetric, as the published rule has it.
    """
    if not 0 <= minprop < maxprop <= 1:
        raise StatisticsError(
            "bad-range",
            f"minprop {minprop:g} and maxprop {maxprop:g} do not span a range",
            "choose 0 <= minprop < maxprop <= 1",
        )
    x = np.asarray(marker, dtype=np.float64)
    values, repeats = np.unique(x, return_counts=True)
    sizes = np.cumsum(repeats)
    kept = (sizes >= max(1, floor(x.size * minprop))) & (sizes <= floor(x.size * maxprop)) & (sizes < x.size)
    if not kept.any():
        raise StatisticsError(
            "no-cut",
            f"no value of the marker leaves {minprop:.0%} to {maxprop:.0%} of the "
            f"{x.size} rows at or below it",
            "widen the range, or use a marker with more values",
        )
    return np.asarray(values[kept], dtype=np.float64), np.asarray(sizes[kept], dtype=np.int64)


def split_statistics(scores: ArrayLike, marker: ArrayLike, sizes: ArrayLike) -> Floats:
    """Absolute standardised sum of the scores of the lower group, under the permutation variance."""
    s, x = _pair(scores, marker)
    m = np.asarray(sizes, dtype=np.int64)
    centred = (s - s.mean())[np.argsort(x, kind="stable")]
    scale = maxstat_p.deviations(s, m)
    sums = np.abs(np.cumsum(centred)[m - 1])
    return np.asarray(np.divide(sums, scale, out=np.zeros(m.size), where=scale > 0), dtype=np.float64)


def _first_maximum(statistics: Floats) -> int:
    """Smallest cut among those that share the maximum; rounding must not choose between them."""
    return int(np.flatnonzero(statistics >= statistics.max() - 1e-12)[0])


def _p(
    method: PMethod,
    b: float,
    scores: Floats,
    marker: Floats,
    sizes: Ints,
    minprop: float,
    maxprop: float,
    permutations: int,
    seed: int,
) -> float:
    if method == "gaussian":
        return maxstat_p.p_gaussian(b, sizes, scores.size)
    if method == "lausen92":
        return maxstat_p.p_lausen92(b, minprop, maxprop)
    if method == "lausen94":
        return maxstat_p.p_lausen94(b, sizes, scores.size)
    if method == "permutation":
        return maxstat_p.p_permutation(b, scores, sizes, permutations, seed).p
    if method == "all-orders":
        return maxstat_p.p_all_orders(b, scores, sizes)
    if method == "hothorn-lausen":
        whole = integer_scores(scores)  # other scores, so another maximum than the reported one
        return p_hothorn_lausen(float(split_statistics(whole, marker, sizes).max()), whole, sizes)
    raise StatisticsError("bad-option", f"methods: there is no p value {method!r}")


def median_split(marker: ArrayLike) -> float:
    """Median of the marker, a cut-off that needs no search; the lower group is ``marker <= median``."""
    x = as_numbers(marker, "marker")
    x = x[complete_rows(marker=x)]
    if x.size == 0:
        raise StatisticsError("no-rows", "marker: no value to take a median of")
    return float(np.median(x))


def survival_columns(time: ArrayLike, event: ArrayLike) -> tuple[Floats, Floats]:
    """Follow-up and events of the rows that have both."""
    t, e = as_times(time), as_events(event)
    kept = complete_rows(time=t, event=e)
    if not kept.any():
        raise StatisticsError("no-rows", "time, event: no row has both values")
    return t[kept], e[kept]


def _pair(scores: ArrayLike, marker: ArrayLike) -> tuple[Floats, Floats]:
    s, x = as_numbers(scores, "scores"), as_numbers(marker, "marker")
    kept = complete_rows(scores=s, marker=x)
    if kept.sum() < 2:
        raise StatisticsError("too-few-rows", f"marker: two complete rows are needed, got {kept.sum()}")
    return s[kept], x[kept]
