"""Competing events: cumulative incidence with its variances, and Gray's test.

Status 0 is censored, 1, 2, ... are the causes. A censoring at the time of an event happens after it; tied
events of several causes share their time exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import (
    Floats,
    StatisticsError,
    as_labels,
    as_numbers,
    as_times,
    check_choice,
    check_level,
    complete_rows,
    sum_by_place,
)
from ._distributions import chi_squared_p, normal_width

Variance = Literal["delta", "aalen", "gray"]
Interval = Literal["log-log", "log", "plain"]


@dataclass(frozen=True, slots=True)
class CumulativeIncidence:
    """Aalen-Johansen estimate of one cause.

    Attributes
    ----------
    time : ndarray, shape (k,). All distinct times, of events and censorings.
    at_risk : rows under observation just before each time.
    estimate, standard_error, low, high : incidence of the cause by each time, with its interval.
    event_free, event_free_error : survival free of any event, with Greenwood's standard error.
    n, events : rows, and events of the cause.
    """

    time: Floats
    at_risk: Floats
    estimate: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    event_free: Floats
    event_free_error: Floats
    cause: int
    n: int
    events: int
    level: float
    method: str
    reference: str = "Aalen and Johansen 1978"

    def at(self, times: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
        """Incidence, standard error and limits at given times; after the last time they stay as they are."""
        place = np.searchsorted(self.time, np.asarray(times, dtype=np.float64), side="right")
        columns = (self.estimate, self.standard_error, self.low, self.high)
        first, second, third, fourth = (np.concatenate([[0.0], column])[place] for column in columns)
        return first, second, third, fourth

    def __str__(self) -> str:
        last = (
            f"{self.estimate[-1]:.3f} ({self.level:.0%} interval {self.low[-1]:.3f} to {self.high[-1]:.3f})"
        )
        return f"cause {self.cause} by {self.time[-1]:g}: {last}, {self.events} of {self.n} ({self.method})"


@dataclass(frozen=True, slots=True)
class GrayTest:
    """Test that k groups have one cumulative incidence of a cause; `scores` of all groups but the last."""

    statistic: float
    df: int
    p: float
    cause: int
    levels: tuple[Any, ...]
    scores: Floats
    variance: Floats
    n: int
    events: int
    method: str
    reference: str = "Gray 1988"

    def __str__(self) -> str:
        test = f"{self.statistic:.4f} on {self.df} df, p = {self.p:.3g}"
        return f"{self.method}, cause {self.cause}: {test}, {self.events} of {self.n}"


def cumulative_incidence(
    time: ArrayLike,
    status: ArrayLike,
    cause: int = 1,
    *,
    variance: Variance = "delta",
    interval: Interval = "log-log",
    level: float = 0.95,
) -> CumulativeIncidence:
    """Cumulative incidence of a cause.

    Parameters
    ----------
    time, status : array_like, shape (n,)
        Follow-up and 0 for censored, 1, 2, ... for the causes; rows with a missing value are dropped.
    cause : int
        The cause of interest.
    variance : {"delta", "aalen", "gray"}
        ``delta`` (Gaynor et al. 1993; equal to the infinitesimal jackknife), ``aalen`` (Aalen 1978, the
        textbook form), or ``gray`` (the same with the tie factor of Gray's programs).
    interval : {"log-log", "log", "plain"}
        Scale of the interval.
    level : float
        Confidence.
    """
    check_choice(variance, ("delta", "aalen", "gray"), "variance")
    check_choice(interval, ("log-log", "log", "plain"), "interval")
    t, s = _columns(time, status)
    _check_cause(s, cause)
    table = _Table.of(t, s, cause)
    spread = {"delta": _delta, "aalen": _aalen, "gray": _gray}[variance](table)
    error = np.sqrt(np.maximum(0.0, spread))
    low, high = _interval(table.incidence, error, interval, normal_width(level))
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.cumsum(table.all / (table.at_risk * (table.at_risk - table.all)))
        free_error = np.where(table.after > 0, table.after * np.sqrt(hazard), 0.0)
    return CumulativeIncidence(
        time=table.time,
        at_risk=table.at_risk,
        estimate=table.incidence,
        standard_error=error,
        low=low,
        high=high,
        event_free=table.after,
        event_free_error=free_error,
        cause=cause,
        n=t.size,
        events=int((s == cause).sum()),
        level=check_level(level),
        method=f"Aalen-Johansen, {variance} variance, {interval} interval",
    )


def incidence_at(time: Floats, status: Floats, at: float, cause: int = 1) -> float:
    """Cumulative incidence of a cause by one time, without its variance; columns complete and checked."""
    table = _Table.of(time, status, cause)
    place = int(np.searchsorted(table.time, at, side="right"))
    return float(table.incidence[place - 1]) if place else 0.0


@dataclass(frozen=True, slots=True)
class _Table:
    """Counts at each distinct time, and the estimates they make."""

    time: Floats
    at_risk: Floats
    all: Floats
    of_cause: Floats
    before: Floats
    after: Floats
    incidence: Floats

    @staticmethod
    def of(time: Floats, status: Floats, cause: int) -> _Table:
        times, place, leaving = np.unique(time, return_inverse=True, return_counts=True)
        every = sum_by_place(place, np.asarray(status > 0, dtype=np.float64), times.size)
        wanted = sum_by_place(place, np.asarray(status == cause, dtype=np.float64), times.size)
        at_risk: Floats = np.cumsum(leaving[::-1])[::-1].astype(np.float64)
        after = np.asarray(np.cumprod(1 - every / at_risk), dtype=np.float64)
        before = np.concatenate([[1.0], after[:-1]])
        return _Table(times, at_risk, every, wanted, before, after, np.cumsum(before * wanted / at_risk))


def _finite(values: Floats) -> Floats:
    """Terms of the last time, where nobody is left, are 0 / 0 and carry nothing."""
    return np.where(np.isfinite(values), values, 0.0)


def _from_sums(table: _Table, all_causes: Floats, own: Floats, mixed: Floats) -> Floats:
    """Sum over i <= j of (F_j - F_i)^2 a_i + b_i - 2 (F_j - F_i) c_i, for every j, by running sums."""
    f, a, b, c = table.incidence, _finite(all_causes), _finite(own), _finite(mixed)
    return np.asarray(
        f**2 * np.cumsum(a) - 2 * f * np.cumsum(f * a + c) + np.cumsum(f**2 * a + 2 * f * c + b),
        dtype=np.float64,
    )


def _delta(table: _Table) -> Floats:
    n, d, k, s = table.at_risk, table.all, table.of_cause, table.before
    with np.errstate(divide="ignore", invalid="ignore"):
        return _from_sums(table, d / (n * (n - d)), s**2 * k * (n - k) / n**3, s * k / n**2)


def _aalen(table: _Table) -> Floats:
    n, d, k, s = table.at_risk, table.all, table.of_cause, table.before
    with np.errstate(divide="ignore", invalid="ignore"):
        return _from_sums(
            table,
            d / ((n - 1) * (n - d)),
            s**2 * k * (n - k) / (n**2 * (n - 1)),
            s * k * (n - k) / (n * (n - d) * (n - 1)),
        )


def _gray(table: _Table) -> Floats:
    n, k, other = table.at_risk, table.of_cause, table.all - table.of_cause
    f, left = table.incidence, table.after
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(left > 0, 1 / left, 0.0)

    def weight(deaths: Floats) -> Floats:
        tie = 1 - np.maximum(0.0, deaths - 1) / np.maximum(1.0, n - 1)
        return np.asarray(table.before**2 * tie * deaths / n**2, dtype=np.float64)

    own, others = weight(k), weight(other) * (left > 0)
    reach = 1 + inverse * f
    first = np.cumsum(others * (f * inverse) ** 2 + own * reach**2)
    second = np.cumsum(others * f * inverse**2 + own * reach * inverse)
    third = np.cumsum((others + own) * inverse**2)
    spread = first + f**2 * third - 2 * f * second
    # The programs record the variance at times of the cause and hold it until the next.
    last = np.maximum.accumulate(np.where(k > 0, np.arange(k.size), -1))
    return np.asarray(np.where(last >= 0, spread[np.maximum(last, 0)], 0.0), dtype=np.float64)


def _interval(f: Floats, error: Floats, scale: str, z: float) -> tuple[Floats, Floats]:
    """Limits on a scale; an incidence of exactly 0 has none but itself on the log scales."""
    if scale == "plain":
        return np.maximum(0.0, f - z * error), np.minimum(1.0, f + z * error)
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "log":
            low, high = f * np.exp(-z * error / f), np.minimum(1.0, f * np.exp(z * error / f))
        else:
            half = z * error / (f * np.abs(np.log(f)))
            low, high = f ** np.exp(half), f ** np.exp(-half)
    inside = (f > 0) & (f < 1) if scale == "log-log" else f > 0
    return np.where(inside, low, f), np.where(inside, high, f)


def gray_test(
    time: ArrayLike,
    status: ArrayLike,
    group: ArrayLike,
    cause: int = 1,
    *,
    strata: ArrayLike | None = None,
    rho: float = 0.0,
) -> GrayTest:
    """Gray's k-sample test of the cumulative incidence of a cause.

    Parameters
    ----------
    time, status : array_like, shape (n,)
        Follow-up and 0 for censored, 1, 2, ... for the causes.
    group : array_like, shape (n,)
        Labels of the groups.
    cause : int
        The cause of interest; all other causes compete.
    strata : array_like, shape (n,), optional
        Scores and variances are summed over these.
    rho : float
        Weight (1 - F(t-))^rho, F of the cause in the pooled stratum.
    """
    t, s = as_times(time), as_numbers(status, "status")
    labels = as_labels(group, "group")
    layers = None if strata is None else as_labels(strata, "strata")
    kept = complete_rows(
        time=t, status=s, group=labels.codes, strata=None if layers is None else layers.codes
    )
    _check_cause(s[kept], cause)
    present = np.unique(labels.codes[kept]).astype(np.intp)
    if present.size < 2:
        raise StatisticsError("too-few-groups", "group: two groups with complete rows are needed")
    codes = np.searchsorted(present, labels.codes[kept])
    layer = np.zeros(codes.size) if layers is None else layers.codes[kept]
    scores, variance = np.zeros(present.size - 1), np.zeros((present.size - 1, present.size - 1))
    for value in np.unique(layer):
        rows = layer == value
        part, spread = _gray_stratum(t[kept][rows], s[kept][rows], codes[rows], present.size, cause, rho)
        scores, variance = scores + part, variance + spread
    rank = int(np.linalg.matrix_rank(variance, hermitian=True))
    statistic = float(scores @ np.linalg.pinv(variance, hermitian=True) @ scores) if rank else 0.0
    return GrayTest(
        statistic=statistic,
        df=rank,
        p=chi_squared_p(statistic, rank) if rank else 1.0,
        cause=cause,
        levels=tuple(labels.levels[code] for code in present),
        scores=scores,
        variance=variance,
        n=int(kept.sum()),
        events=int((s[kept] == cause).sum()),
        method="Gray's test"
        + (f", rho = {rho:g}" if rho else "")
        + (", stratified" if strata is not None else ""),
    )


def _gray_stratum(
    time: Floats,
    status: Floats,
    group: np.ndarray[Any, np.dtype[np.intp]],
    groups: int,
    cause: int,
    rho: float,
) -> tuple[Floats, Floats]:
    """Score and variance of one stratum, all times at once (axes: time, group, group)."""
    times, place = np.unique(time, return_inverse=True)

    def count(rows: Floats) -> Floats:
        flat = np.bincount(place * groups + group, weights=rows, minlength=times.size * groups)
        return np.asarray(flat, dtype=np.float64).reshape(times.size, groups)

    own, other = count((status == cause) * 1.0), count(((status > 0) & (status != cause)) * 1.0)
    risk = np.cumsum(count(np.ones(time.size))[::-1], axis=0)[::-1]
    eventful = (own + other).sum(axis=1) > 0
    if not eventful.any():
        return np.zeros(groups - 1), np.zeros((groups - 1, groups - 1))
    own, other, risk = own[eventful], other[eventful], risk[eventful]
    there = risk > 0
    safe = np.where(there, risk, 1.0)
    after = np.cumprod(1 - (own + other) / safe, axis=0)
    before = np.vstack([np.ones(groups), after[:-1]])
    incidence = np.cumsum(before * own / safe, axis=0)
    incidence_before = np.vstack([np.zeros(groups), incidence[:-1]])
    # Risk set of the subdistribution, as if nobody had left by the other cause.
    hidden = np.where(there & (before > 0), risk / np.where(before > 0, before, 1.0), 0.0)
    total = hidden.sum(axis=1)
    deaths = own.sum(axis=1)
    pooled = np.cumsum(deaths / total)
    pooled_before = np.concatenate([[0.0], pooled[:-1]])
    weight = (1 - pooled_before) ** rho

    share = hidden * (1 - incidence_before)
    expected = deaths[:, None] * share / share.sum(axis=1, keepdims=True)
    scores = (weight[:, None] * (own - expected)).sum(axis=0)[:-1]

    a = weight[:, None, None] * (
        hidden[:, :, None] * np.eye(groups) - hidden[:, :, None] * hidden[:, None, :] / total[:, None, None]
    )
    c = np.cumsum(a * (deaths / (total * (1 - pooled_before)))[:, None, None], axis=0)
    final = c[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        lag = np.where(after > 0, 1 - (1 - pooled)[:, None] / after, 1.0)
        tie = np.where(deaths[:, None] > 1, 1 - (deaths - 1)[:, None] / (total[:, None] * before - 1), 1.0)
        mass = np.where(there, tie * before * deaths[:, None] / (total[:, None] * safe), 0.0)
        # Each group's own part of the process, seen at the end (c_final) less what has passed (c).
        ahead = a - lag[:, None, :] * c + final * lag[:, None, :]
        far = np.where((after > 0) & (other > 0), (1 - pooled)[:, None] / after, 0.0)
        crowd = np.where(other > 1, 1 - (other - 1) / (safe - 1), 1.0)
        loss = crowd * before**2 * other / safe**2
        behind = far[:, None, :] * (c - final)
    variance = np.einsum("tik,tjk,tk->ij", ahead, ahead, mass) + np.einsum(
        "tik,tjk,tk->ij", behind, behind, loss
    )
    return np.asarray(scores, dtype=np.float64), np.asarray(variance[:-1, :-1], dtype=np.float64)


def _columns(time: ArrayLike, status: ArrayLike) -> tuple[Floats, Floats]:
    t, s = as_times(time), as_numbers(status, "status")
    kept = complete_rows(time=t, status=s)
    if not kept.any():
        raise StatisticsError("no-rows", "time, status: no row has both values")
    return t[kept], s[kept]


def _check_cause(status: Floats, cause: int) -> None:
    if ((status < 0) | (status != np.round(status))).any():
        raise StatisticsError("unknown-code", "status: codes are 0 for censored and 1, 2, ... for the causes")
    if cause < 1:
        raise StatisticsError("bad-option", f"cause: {cause} is no cause; 0 is censored")
