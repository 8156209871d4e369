"""How far a searched cut-off and its hazard ratio can be trusted: the bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import Floats, StatisticsError, as_events, as_numbers, as_times, check_level, complete_rows
from .maxstat import LogRankTies, allowed_cuts, logrank_scores, split_statistics, survival_columns

#: Newton steps of the two-group Cox model; it converges in five or does not converge.
_STEPS = 50
#: Groups whose hazard ratio is 0 or infinite in a resample get this log hazard ratio.
_FARTHEST = 10.0


@dataclass(frozen=True, slots=True)
class CutoffBootstrap:
    """Bootstrap of a searched cut-off.

    Attributes
    ----------
    estimate : float
        Hazard ratio (above against at or below the cut-off) corrected for the optimism of the search.
    apparent : float
        Hazard ratio of the same rows in which the cut-off was found.
    optimism : float
        Mean over resamples of how much farther from 0 the log hazard ratio lies in the resample than in the
        original rows, both at the cut-off of the resample; resamples with an infinite ratio do not count.
    cutoff : float
        Cut-off found in all rows.
    low, high : float
        Percentile interval of the cut-off.
    cutoffs : ndarray, shape (resamples,)
        Cut-off of every resample that allowed one.
    n, events : int
        Rows, and events among them.
    level : float
        Confidence of the interval.
    """

    estimate: float
    apparent: float
    optimism: float
    cutoff: float
    low: float
    high: float
    cutoffs: Floats
    n: int
    events: int
    level: float
    method: str = "bootstrap of the search, Efron's hazard ratio"
    reference: str = "Harrell, Lee and Mark 1996; Schumacher, Hollaender and Sauerbrei 1997"

    def __str__(self) -> str:
        return (
            f"cut-off {self.cutoff:g} ({self.level:.0%} of {self.cutoffs.size} resamples: {self.low:g} to "
            f"{self.high:g}); hazard ratio {self.apparent:.2f}, corrected for the search {self.estimate:.2f}"
        )


def bootstrap_cutoff(
    time: ArrayLike,
    event: ArrayLike,
    marker: ArrayLike,
    *,
    resamples: int = 1000,
    seed: int = 0,
    minprop: float = 0.1,
    maxprop: float = 0.9,
    ties: LogRankTies = "hothorn-lausen",
    level: float = 0.95,
) -> CutoffBootstrap:
    """Repeat the search in resampled rows.

    Parameters
    ----------
    time, event, marker : array_like, shape (n,)
        Follow-up, whether the event was seen, and the marker.
    resamples, seed : int
        Number of resamples, and where their random numbers start.
    minprop, maxprop, ties
        As in `splenic.stats.maxstat.find_cutoff`.
    level : float
        Share of resamples in the interval of the cut-off.

    Returns
    -------
    CutoffBootstrap

    Raises
    ------
    StatisticsError
        No resample allowed a cut-off.
    """
    check_level(level)
    t, e, x = as_times(time), as_events(event), as_numbers(marker, "marker")
    kept = complete_rows(time=t, event=e, marker=x)
    t, e, x = t[kept], e[kept], x[kept]
    found = _search(t, e, x, minprop, maxprop, ties)
    apparent = two_group_log_hazard_ratio(t, e, x > found)[0]
    random = np.random.default_rng(seed)
    cutoffs, gaps = [], []
    for _ in range(resamples):
        rows = random.integers(0, t.size, t.size)
        ts, es, xs = t[rows], e[rows], x[rows]
        try:
            cut = _search(ts, es, xs, minprop, maxprop, ties)
        except StatisticsError:  # a resample of few values may allow no cut
            continue
        cutoffs.append(cut)
        there, error_there = two_group_log_hazard_ratio(ts, es, xs > cut)
        here, error_here = two_group_log_hazard_ratio(t, e, x > cut)
        if np.isfinite(error_there) and np.isfinite(error_here):
            gaps.append(np.sign(there) * (there - here))
    if not cutoffs:
        raise StatisticsError("no-cut", "no resample allowed a cut-off", "widen minprop and maxprop")
    low, high = np.quantile(cutoffs, [(1 - level) / 2, (1 + level) / 2], method="nearest")
    # The search flatters the direction that it finds: a ratio above 1 shrinks down, one below 1 up.
    optimism = float(np.mean(gaps)) if gaps else np.nan
    return CutoffBootstrap(
        estimate=float(np.exp(apparent - np.sign(apparent) * optimism)),
        apparent=float(np.exp(apparent)),
        optimism=optimism,
        cutoff=found,
        low=float(low),
        high=float(high),
        cutoffs=np.asarray(cutoffs),
        n=t.size,
        events=int(e.sum()),
        level=level,
    )


def two_group_log_hazard_ratio(time: ArrayLike, event: ArrayLike, high: ArrayLike) -> tuple[float, float]:
    """Cox log hazard ratio of a two-valued covariate and its standard error, Efron's rule for ties.

    Made for thousands of resamples; `splenic.stats.cox` fits everything else. Where one group has no event
    the estimate is infinite and +-10 is returned; where no death meets both groups at risk, 0. Either has an
    infinite standard error.

    Parameters
    ----------
    time, event : array_like, shape (n,)
        Follow-up and whether the event was seen.
    high : array_like of bool, shape (n,)
        The group whose hazard is in the numerator.
    """
    t, e = survival_columns(time, event)
    group = np.asarray(high, dtype=np.float64)
    times, place = np.unique(t, return_inverse=True)
    deaths = np.bincount(place, weights=e, minlength=times.size)
    deaths_high = np.bincount(place, weights=e * group, minlength=times.size)
    at_risk = np.cumsum(np.bincount(place, weights=np.ones(t.size), minlength=times.size)[::-1])[::-1]
    at_risk_high = np.cumsum(np.bincount(place, weights=group, minlength=times.size)[::-1])[::-1]
    seen = deaths > 0
    count = deaths[seen].astype(np.int64)
    step = np.repeat(np.arange(count.size), count)
    # The k-th of d tied deaths meets a risk set that has lost k/d of those who die then.
    before = np.arange(step.size) - np.repeat(np.cumsum(count) - count, count)
    share = np.asarray(before / count[step], dtype=np.float64)
    one = np.asarray(at_risk_high[seen][step] - share * deaths_high[seen][step], dtype=np.float64)
    other = np.asarray(at_risk[seen][step] - share * deaths[seen][step], dtype=np.float64) - one
    observed = float(deaths_high.sum())
    mixed = (one > 0) & (other > 0)
    fixed = float(np.sum(one[~mixed] > 0))  # deaths where only this group is at risk say nothing
    one, other = one[mixed], other[mixed]
    observed -= fixed
    if one.size == 0:
        return 0.0, np.inf
    if observed <= 1e-9 or observed >= one.size - 1e-9:
        return (-_FARTHEST if observed <= 1e-9 else _FARTHEST), np.inf
    beta = _solve(one, other, observed)
    share = one / (one + other * np.exp(-beta))
    return beta, float(1 / np.sqrt(np.sum(share * (1 - share))))


def _solve(one: Floats, other: Floats, observed: float) -> float:
    """Root of the score; it falls in the log hazard ratio, so a step out of the bracket is bisected."""
    beta, low, high = 0.0, -_FARTHEST, _FARTHEST
    for _ in range(_STEPS):
        share = one / (one + other * np.exp(-beta))
        score = observed - float(share.sum())
        low, high = (beta, high) if score > 0 else (low, beta)
        following = beta + score / float((share * (1 - share)).sum())
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - beta) < 1e-12:
            return following
        beta = following
    return beta


def _search(t: Floats, e: Floats, x: Floats, minprop: float, maxprop: float, ties: LogRankTies) -> float:
    cuts, sizes = allowed_cuts(x, minprop, maxprop)
    statistics = split_statistics(logrank_scores(t, e, ties), x, sizes)
    return float(cuts[np.flatnonzero(statistics >= statistics.max() - 1e-12)[0]])
