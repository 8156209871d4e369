"""Log-rank tests: two or more groups, strata, weights, trend, pairs, and the permutation form."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import (
    Bools,
    Floats,
    StatisticsError,
    as_events,
    as_labels,
    as_times,
    check_choice,
    complete_rows,
    sum_by_place,
)
from ._distributions import chi_squared_p, normal_p
from .multiplicity import Adjustment, adjust_p

Weighting = Literal["fleming-harrington", "gehan", "tarone-ware", "peto-prentice"]


@dataclass(frozen=True, slots=True)
class LogRankTest:
    """A test that k groups have one survival curve.

    Attributes
    ----------
    levels : the groups; `n`, `observed`, `expected` (k,) are their rows and their (weighted) events.
    variance : covariance of observed minus expected, shape (k, k).
    """

    statistic: float
    df: int
    p: float
    levels: tuple[Any, ...]
    n: Floats
    observed: Floats
    expected: Floats
    variance: Floats
    method: str
    reference: str = "Mantel 1966; Harrington & Fleming 1982"

    def __str__(self) -> str:
        rows = "".join(
            f"\n  {level}: {n:g} rows, {seen:.4g} observed, {due:.4g} expected"
            for level, n, seen, due in zip(self.levels, self.n, self.observed, self.expected)
        )
        return f"{self.method}: chi-squared {self.statistic:.4f} on {self.df} df, p = {self.p:.3g}{rows}"


@dataclass(frozen=True, slots=True)
class TrendTest:
    """A test that the hazard rises or falls over ordered groups; `estimate` is the scored difference."""

    estimate: float
    variance: float
    z: float
    statistic: float
    p: float
    levels: tuple[Any, ...]
    scores: Floats
    method: str = "log-rank test for trend"
    reference: str = "Tarone 1975"

    def __str__(self) -> str:
        order = " < ".join(str(level) for level in self.levels)
        return f"{self.method} over {order}: z = {self.z:.3f}, p = {self.p:.3g}"


@dataclass(frozen=True, slots=True)
class PairwiseTests:
    """Log-rank tests of every pair of groups, each array of shape (pairs,)."""

    first: tuple[Any, ...]
    second: tuple[Any, ...]
    statistic: Floats
    p: Floats
    p_adjusted: Floats
    adjustment: Adjustment
    method: str

    def __str__(self) -> str:
        return "\n".join(
            f"{a} against {b}: chi-squared {x:.3f}, p = {p:.3g}, adjusted ({self.adjustment}) {q:.3g}"
            for a, b, x, p, q in zip(self.first, self.second, self.statistic, self.p, self.p_adjusted)
        )


@dataclass(frozen=True, slots=True)
class PermutationLogRank:
    """Log-rank test of two groups by exchanging labels; z > 0: the first group has more events than due."""

    z: float
    p: float
    p_exact: float
    scores: Floats
    method: str
    reference: str = "Hothorn & Lausen 2003; Streitberg & Röhmel 1986"

    def __str__(self) -> str:
        exact = "" if np.isnan(self.p_exact) else f", exact p = {self.p_exact:.4g}"
        return f"permutation log-rank test ({self.method}): z = {self.z:.3f}, p = {self.p:.4g}{exact}"


@dataclass(frozen=True, slots=True)
class _Data:
    time: Floats
    event: Floats
    group: Floats
    stratum: Floats
    levels: tuple[Any, ...]


def logrank_test(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    levels: tuple[Any, ...] | None = None,
    strata: ArrayLike | None = None,
    weighting: Weighting = "fleming-harrington",
    rho: float = 0.0,
    gamma: float = 0.0,
) -> LogRankTest:
    """Weighted log-rank test of two or more groups with the hypergeometric variance.

    Parameters
    ----------
    time, event, group : shape (n,). Rows with a missing value in any used column are dropped.
    levels : the groups in a chosen order; sorted if not given. A level without rows takes no part.
    strata : groups are compared within each stratum, and the differences added up.
    weighting : ``fleming-harrington`` is S(t-)^rho (1 - S(t-))^gamma with S the Kaplan-Meier curve of the
        stratum (rho = gamma = 0: log-rank; rho = 1: Peto & Peto); ``gehan`` n, ``tarone-ware`` the root of n,
        ``peto-prentice`` the product of 1 - d/(n+1) up to and with the time.

    Raises
    ------
    StatisticsError
        If fewer than two groups have rows.

    Examples
    --------
    >>> test = logrank_test([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], [1, 1, 0, 1, 0, 0])
    >>> round(test.statistic, 4)
    2.5567
    """
    data = _columns(time, event, group, levels, strata)
    check_choice(weighting, ("fleming-harrington", "gehan", "tarone-ware", "peto-prentice"), "weighting")
    k = len(data.levels)
    observed, expected, variance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for stratum in np.unique(data.stratum):
        rows = data.stratum == stratum
        parts = _one_stratum(data, rows, weighting, rho, gamma)
        observed, expected, variance = observed + parts[0], expected + parts[1], variance + parts[2]
    statistic, df = _quadratic_form(observed - expected, variance, expected)
    size = sum_by_place(data.group.astype(np.intp), np.ones(data.group.size), k)
    method = _name(weighting, rho, gamma, stratified=strata is not None)
    p = chi_squared_p(statistic, df)
    return LogRankTest(statistic, df, p, data.levels, size, observed, expected, variance, method)


def trend_test(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    levels: tuple[Any, ...] | None = None,
    scores: ArrayLike | None = None,
    strata: ArrayLike | None = None,
) -> TrendTest:
    """Log-rank test for trend over ordered groups, with the scores 1, 2, ... unless others are given."""
    test = logrank_test(time, event, group, levels=levels, strata=strata)
    k = len(test.levels)
    weights = np.arange(1.0, k + 1) if scores is None else np.asarray(scores, dtype=np.float64)
    if weights.shape != (k,):
        raise StatisticsError("bad-shape", f"scores: {k} groups need {k} scores, got {weights.size}")
    u = float(weights @ (test.observed - test.expected))
    variance = float(weights @ test.variance @ weights)
    z = u / np.sqrt(variance) if variance > 0 else np.nan
    return TrendTest(u, variance, float(z), float(z**2), normal_p(float(z)), test.levels, weights)


def pairwise_logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    adjustment: Adjustment = "holm",
    levels: tuple[Any, ...] | None = None,
    rho: float = 0.0,
) -> PairwiseTests:
    """Log-rank test of each pair of groups on the rows of the two, p adjusted for their number."""
    data = _columns(time, event, group, levels, None)
    pairs = list(combinations(range(len(data.levels)), 2))
    tests = []
    for pair in pairs:
        rows = np.isin(data.group, pair)
        tests.append(logrank_test(data.time[rows], data.event[rows], data.group[rows], rho=rho))
    p = np.array([test.p for test in tests])
    return PairwiseTests(
        tuple(data.levels[a] for a, _ in pairs),
        tuple(data.levels[b] for _, b in pairs),
        np.array([test.statistic for test in tests]),
        p,
        adjust_p(p, adjustment),
        adjustment,
        tests[0].method,
    )


def permutation_logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    ties: Literal["nelson-aalen", "hothorn-lausen"] = "nelson-aalen",
    most_exact: int = 2_000_000,
) -> PermutationLogRank:
    """Log-rank test of two groups whose labels are exchanged, not their risk sets.

    Parameters
    ----------
    ties : how tied deaths share the hazard, see `splenic.stats.maxstat.logrank_scores`.
    most_exact : the exact p is NaN where there are more ways than this to choose the smaller group.
    """
    from .maxstat import logrank_scores

    data = _columns(time, event, group, None, None)
    if len(data.levels) != 2:
        raise StatisticsError("bad-groups", f"group: two groups are needed, got {len(data.levels)}")
    scores = logrank_scores(data.time, data.event, ties)
    first = data.group == 0
    n, m = first.size, int(first.sum())
    centred = scores - scores.mean()
    total = float(centred[first].sum())
    spread = np.sqrt(m * (n - m) / (n * (n - 1)) * np.sum(centred**2))
    z = float(total / spread) if spread > 0 else np.nan
    exact = _exact_p(centred, min(m, n - m), abs(total), most_exact)
    return PermutationLogRank(z, normal_p(z), exact, scores, ties)


def _one_stratum(
    data: _Data, rows: Bools, weighting: str, rho: float, gamma: float
) -> tuple[Floats, Floats, Floats]:
    k = len(data.levels)
    times, place = np.unique(data.time[rows], return_inverse=True)
    event, group = data.event[rows], data.group[rows].astype(np.intp)
    cell = place * k + group
    deaths = sum_by_place(cell, event, times.size * k).reshape(-1, k)
    leaving = sum_by_place(cell, np.ones(cell.size), times.size * k).reshape(-1, k)
    at_risk = np.cumsum(leaving[::-1], axis=0)[::-1]
    happened = deaths.sum(axis=1) > 0
    deaths, at_risk = deaths[happened], at_risk[happened]
    d, n = deaths.sum(axis=1), at_risk.sum(axis=1)
    w = _weights(d, n, weighting, rho, gamma)
    share = at_risk / n[:, np.newaxis]
    spread = w**2 * d * np.divide(n - d, n - 1, out=np.zeros_like(n), where=n > 1)
    variance = np.diag(spread @ share) - (share * spread[:, np.newaxis]).T @ share
    return w @ deaths, (w * d) @ share, variance


def _weights(d: Floats, n: Floats, weighting: str, rho: float, gamma: float) -> Floats:
    if weighting == "gehan":
        return n
    if weighting == "tarone-ware":
        return np.sqrt(n)
    if weighting == "peto-prentice":
        return np.cumprod(1 - d / (n + 1)).astype(np.float64)
    before: Floats = np.concatenate([[1.0], np.cumprod((n - d) / n)])[:-1]
    weight: Floats = before**rho * (1 - before) ** gamma
    return weight


def _quadratic_form(difference: Floats, variance: Floats, expected: Floats) -> tuple[float, int]:
    """Chi-squared over the groups with any expectation; one of them is left out, for their sum is zero."""
    taking_part = np.flatnonzero(expected > 0)
    df = taking_part.size - 1
    if df < 1:
        return 0.0, 0
    used = taking_part[1:]
    u, v = difference[used], variance[np.ix_(used, used)]
    if np.linalg.matrix_rank(v) < df:
        # Groups that are never at risk together cannot be compared; the others still can.
        return float(u @ np.linalg.pinv(v) @ u), int(np.linalg.matrix_rank(v))
    return float(u @ np.linalg.solve(v, u)), df


def _exact_p(scores: Floats, size: int, total: float, most: int) -> float:
    """Share of all choices of `size` rows whose sum of centred scores is at least as far from zero."""
    from math import comb

    ways = comb(scores.size, size)
    if ways > most:
        return float("nan")
    sums = np.fromiter((sum(chosen) for chosen in combinations(scores.tolist(), size)), np.float64, ways)
    return float(np.mean(np.abs(sums) >= total - 1e-9))


def _name(weighting: str, rho: float, gamma: float, *, stratified: bool) -> str:
    if weighting != "fleming-harrington":
        name = f"{weighting} test"
    elif gamma:
        name = f"Fleming-Harrington test (rho {rho:g}, gamma {gamma:g})"
    else:
        name = f"G-rho test (rho {rho:g})" if rho else "log-rank test"
    return f"stratified {name}" if stratified else name


def _columns(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    levels: tuple[Any, ...] | None,
    strata: ArrayLike | None,
) -> _Data:
    t, e, labels = as_times(time), as_events(event), as_labels(group, "group", levels)
    stratum = np.zeros(t.size) if strata is None else as_labels(strata, "strata").codes
    keep = complete_rows(time=t, event=e, group=labels.codes, strata=stratum)
    present, codes = np.unique(labels.codes[keep], return_inverse=True)
    if present.size < 2:
        raise StatisticsError("bad-groups", f"group: two groups or more are needed, got {present.size}")
    names = tuple(labels.levels[int(code)] for code in present)
    return _Data(t[keep], e[keep], codes.astype(np.float64), stratum[keep], names)
