"""Survival curves: Kaplan-Meier and its relatives, Nelson-Aalen, follow-up.

A curve steps down at its event times and is right-continuous; at one time, deaths come before censorings, and
a row with delayed entry is at risk in (entry, time].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import (
    Floats,
    StatisticsError,
    as_events,
    as_labels,
    as_numbers,
    as_times,
    check_choice,
    complete_rows,
    sum_by_place,
)
from ._distributions import normal_width

Interval = Literal["log", "log-log", "plain", "logit", "arcsin"]
Method = Literal["kaplan-meier", "breslow", "fleming-harrington"]
INTERVALS: tuple[Interval, ...] = ("log", "log-log", "plain", "logit", "arcsin")


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """A survival curve with pointwise intervals; every array has one entry per distinct time, shape (k,).

    Attributes
    ----------
    time : times at which rows leave, increasing, in the unit of the input.
    at_risk, events_at, censored_at : rows (or weights) at risk just before, with an event at and censored
        at each time.
    estimate, low, high : survival and its interval from each time on; NaN where an interval is not defined.
    std_err : standard error of the survival.
    std_err_cumulative_hazard : standard error of its negative logarithm.
    n, events : rows (or weights) and events in all.
    """

    time: Floats
    at_risk: Floats
    events_at: Floats
    censored_at: Floats
    estimate: Floats
    low: Floats
    high: Floats
    std_err: Floats
    std_err_cumulative_hazard: Floats
    n: float
    events: float
    method: Method
    interval: Interval
    level: float
    reference: str = "Kaplan & Meier 1958; Greenwood 1926; Kalbfleisch & Prentice 2002"

    def __str__(self) -> str:
        from .survival_summaries import quantiles

        median = quantiles(self, (0.5,))
        return (
            f"{self.method} curve of {self.n:g} rows with {self.events:g} events: median "
            f"{_or_open(median.estimate[0])} ({self.level:.0%} interval {_or_open(median.low[0])} to "
            f"{_or_open(median.high[0])}, {self.interval}), last time {self.time[-1]:g}"
        )


@dataclass(frozen=True, slots=True)
class CumulativeHazard:
    """A cumulative hazard; every array has one entry per distinct time, shape (k,)."""

    time: Floats
    estimate: Floats
    std_err: Floats
    n: float
    events: float
    method: Literal["nelson-aalen", "fleming-harrington"]
    reference: str = "Nelson 1972; Aalen 1978; Fleming & Harrington 1984"

    def __str__(self) -> str:
        return (
            f"{self.method} cumulative hazard of {self.n:g} rows with {self.events:g} events: "
            f"{self.estimate[-1]:.4g} at {self.time[-1]:g}"
        )


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Length of follow-up: median of the reverse Kaplan-Meier curve, with interval."""

    estimate: float
    low: float
    high: float
    median_all: float
    median_censored: float
    curve: SurvivalCurve
    method: str
    reference: str = "Schemper & Smith 1996"

    def __str__(self) -> str:
        return (
            f"median follow-up {_or_open(self.estimate)} ({self.curve.level:.0%} interval "
            f"{_or_open(self.low)} to {_or_open(self.high)}; reverse Kaplan-Meier, {self.method})"
        )


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Rows at risk, events and censorings by distinct time, each of shape (k,)."""

    time: Floats
    at_risk: Floats
    events: Floats
    event_rows: Floats
    censored: Floats


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    method: Method = "kaplan-meier",
    interval: Interval = "log",
    level: float = 0.95,
) -> SurvivalCurve:
    """Survival curve of one group.

    Parameters
    ----------
    time, event : shape (n,); event is 1 or 0. Rows with a missing value in any used column are dropped.
    entry : time at which a row comes under observation; from the start if not given.
    weights : how many patients a row stands for; the standard error takes them as counts.
    method : product of 1 - d/n, or the exponential of minus the cumulative hazard, with ties taken together
        (``breslow``) or one after the other (``fleming-harrington``).

    Raises
    ------
    StatisticsError
        If no complete row is left, a time is negative or an entry is not before its time.

    Examples
    --------
    >>> print(kaplan_meier([2, 3, 5, 8], [1, 1, 0, 1]))
    kaplan-meier curve of 4 rows with 3 events: median 5.5 (95% interval 2 to not reached, log), last time 8
    """
    t, e, start, w = _survival_columns(time, event, entry, weights)
    return curve_of(risk_table(t, e, start, w), float(w.sum()), method, interval, level)


def kaplan_meier_by_group(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    levels: tuple[Any, ...] | None = None,
    *,
    interval: Interval = "log",
    level: float = 0.95,
) -> dict[Any, SurvivalCurve]:
    """A Kaplan-Meier curve for each group, in the order of the levels; rows without a group are dropped."""
    labels = as_labels(group, "group", levels)
    t, e = as_times(time), as_events(event)
    keep = complete_rows(time=t, event=e, group=labels.codes)
    return {
        name: kaplan_meier(t[rows], e[rows], interval=interval, level=level)
        for index, name in enumerate(labels.levels)
        if (rows := keep & (labels.codes == index)).any()
    }


def nelson_aalen(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    method: Literal["nelson-aalen", "fleming-harrington"] = "nelson-aalen",
) -> CumulativeHazard:
    """Cumulative hazard of one group: the sum of d/n, or of 1/n + 1/(n-1) + ... over tied deaths."""
    t, e, start, w = _survival_columns(time, event, entry, weights)
    table = risk_table(t, e, start, w)
    one_by_one = check_choice(method, ("nelson-aalen", "fleming-harrington"), "method") != "nelson-aalen"
    step, variance = hazard_steps(table, one_by_one)
    return CumulativeHazard(
        table.time,
        np.cumsum(step),
        np.sqrt(np.cumsum(variance)),
        float(w.sum()),
        float(table.events.sum()),
        method,
    )


def follow_up(
    time: ArrayLike,
    event: ArrayLike,
    *,
    deaths_first: bool = False,
    interval: Interval = "log",
    level: float = 0.95,
) -> FollowUp:
    """Follow-up by the reverse Kaplan-Meier method: censoring is the event, and death censors it.

    Parameters
    ----------
    deaths_first : take deaths out of the risk set before the censorings of the same time. This is right for
        the distribution of the censoring; keeping them is what nearly every published follow-up does.
    """
    from .survival_summaries import quantiles

    t, e, _, w = _survival_columns(time, event, None, None)
    table = risk_table(t, e, None, w)
    at_risk = table.at_risk - table.events if deaths_first else table.at_risk
    flipped = RiskTable(table.time, at_risk, table.censored, table.censored, table.events)
    curve = curve_of(flipped, float(t.size), "kaplan-meier", interval, level)
    median = quantiles(curve, (0.5,))
    censored = t[e == 0]
    return FollowUp(
        float(median.estimate[0]),
        float(median.low[0]),
        float(median.high[0]),
        float(np.median(t)),
        float(np.median(censored)) if censored.size else np.nan,
        curve,
        "deaths before censorings" if deaths_first else "event indicator reversed",
    )


def risk_table(time: Floats, event: Floats, entry: Floats | None, weights: Floats) -> RiskTable:
    """Count rows at risk, with an event and censored at each distinct time; inputs complete, shape (n,)."""
    times, place = np.unique(time, return_inverse=True)
    k = times.size
    events = sum_by_place(place, weights * event, k)
    leaving = sum_by_place(place, weights, k)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    if entry is not None:
        # Not yet entered just before a time: those whose entry is at or after it.
        order = np.argsort(entry)
        later = np.concatenate([np.cumsum(weights[order][::-1])[::-1], [0.0]])
        at_risk = at_risk - later[np.searchsorted(entry[order], times, side="left")]
    return RiskTable(times, at_risk, events, sum_by_place(place, event, k), leaving - events)


def hazard_steps(table: RiskTable, one_by_one: bool) -> tuple[Floats, Floats]:
    """Increments of the cumulative hazard and its variance, shape (k,); `one_by_one` spreads tied deaths."""
    # Delayed entry can leave nobody at risk at a time at which somebody is censored.
    safe = np.where(table.at_risk > 0, table.at_risk, 1.0)
    if not one_by_one:
        return table.events / safe, table.events / safe**2
    ties = table.event_rows.astype(np.intp)
    place = np.repeat(np.arange(ties.size), ties)
    share = table.events[place] / ties[place]
    before = np.arange(place.size) - np.repeat(np.cumsum(ties) - ties, ties)
    left = safe[place] - before * share
    return sum_by_place(place, share / left, ties.size), sum_by_place(place, share / left**2, ties.size)


def curve_of(table: RiskTable, n: float, method: Method, interval: Interval, level: float) -> SurvivalCurve:
    """The survival curve of a risk table."""
    check_choice(method, ("kaplan-meier", "breslow", "fleming-harrington"), "method")
    with np.errstate(divide="ignore", invalid="ignore"):
        if method == "kaplan-meier":
            safe = np.where(table.at_risk > 0, table.at_risk, 1.0)
            survival = np.cumprod((safe - table.events) / safe).astype(np.float64)
            variance = np.where(table.events > 0, table.events / (safe * (safe - table.events)), 0.0)
        else:
            step, variance = hazard_steps(table, method == "fleming-harrington")
            survival = np.exp(-np.cumsum(step))
        std_err: Floats = np.sqrt(np.cumsum(variance))
        low, high = survival_interval(survival, std_err, interval, level)
        return SurvivalCurve(
            table.time,
            table.at_risk,
            table.events,
            table.censored,
            survival,
            low,
            high,
            std_err * survival,
            std_err,
            n,
            float(table.events.sum()),
            method,
            interval,
            level,
        )


def survival_interval(
    survival: Floats, std_err: Floats, interval: Interval, level: float
) -> tuple[Floats, Floats]:
    """Interval of a survival from the standard error of its logarithm, on a chosen scale, within 0 and 1.

    Where the scale is not defined (survival 0 or 1), the limits are NaN; on the scales ``plain`` and ``log``
    a survival of 1 has the limits 1 and 1.
    """
    check_choice(interval, INTERVALS, "interval")
    width = normal_width(level) * std_err
    with np.errstate(divide="ignore", invalid="ignore"):
        s = np.where(survival > 0, survival, np.nan)
        if interval == "plain":
            return np.maximum(s - width * s, 0.0), np.minimum(s + width * s, 1.0)
        if interval == "log":
            return s * np.exp(-width), np.minimum(s * np.exp(width), 1.0)
        if interval == "log-log":
            hazard = np.where(s < 1, -np.log(s), np.nan)
            return np.exp(-hazard * np.exp(width / hazard)), np.exp(-hazard * np.exp(-width / hazard))
        if interval == "logit":
            odds = s / (1 - s)
            spread = width / (1 - s)
            return _from_odds(odds * np.exp(-spread)), _from_odds(odds * np.exp(spread))
        angle, spread = np.arcsin(np.sqrt(s)), width / 2 * np.sqrt(s / (1 - s))
        return np.sin(np.maximum(angle - spread, 0)) ** 2, np.sin(np.minimum(angle + spread, np.pi / 2)) ** 2


def _from_odds(odds: Floats) -> Floats:
    inverse: Floats = odds / (1 + odds)
    return inverse


def _survival_columns(
    time: ArrayLike, event: ArrayLike, entry: ArrayLike | None, weights: ArrayLike | None
) -> tuple[Floats, Floats, Floats | None, Floats]:
    t, e = as_times(time), as_events(event)
    start = None if entry is None else as_numbers(entry, "entry")
    w = np.ones(t.size) if weights is None else as_times(weights, "weights")
    keep = complete_rows(time=t, event=e, entry=start, weights=w)
    if not keep.any():
        raise StatisticsError("no-rows", "no row has both a time and an event", "check the columns")
    t, e, w = t[keep], e[keep], w[keep]
    if start is not None:
        start = start[keep]
        if (start >= t).any():
            row = int(np.flatnonzero(keep)[np.flatnonzero(start >= t)[0]])
            raise StatisticsError(
                "late-entry",
                f"entry: row {row} enters at or after its time",
                "correct the dates it comes from",
            )
    return t, e, start, w


def _or_open(value: float) -> str:
    return "not reached" if np.isnan(value) else f"{value:.4g}"
