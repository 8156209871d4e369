"""What is read off a survival curve: quantiles, survival at a time, restricted means, differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import Floats, StatisticsError, as_times
from ._distributions import normal_p, normal_width
from .survival import SurvivalCurve

# Values of a curve nearer than this count as equal: a product of fractions is rarely 0.5 to the last bit.
_SAME = 1.5e-8


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Times by which given shares have had the event, each of shape (q,); NaN where not reached."""

    share: Floats
    estimate: Floats
    low: Floats
    high: Floats
    method: str
    reference: str = "Brookmeyer & Crowley 1982; middle of the stretch where the curve stays at the share"

    def __str__(self) -> str:
        rows = zip(self.share, self.estimate, self.low, self.high)
        return "\n".join(
            f"{share:.0%} by {_or_open(t)} ({_or_open(low)} to {_or_open(high)})"
            for share, t, low, high in rows
        )


@dataclass(frozen=True, slots=True)
class SurvivalAt:
    """Survival at given times, each of shape (q,)."""

    time: Floats
    at_risk: Floats
    estimate: Floats
    std_err: Floats
    low: Floats
    high: Floats
    method: str

    def __str__(self) -> str:
        rows = zip(self.time, self.estimate, self.low, self.high, self.at_risk)
        return "\n".join(
            f"survival at {t:g}: {s:.1%} ({low:.1%} to {high:.1%}), {n:g} at risk"
            for t, s, low, high, n in rows
        )


@dataclass(frozen=True, slots=True)
class NumbersAtRisk:
    """The rows of a risk table below a plot, each of shape (q,)."""

    time: Floats
    at_risk: Floats
    events: Floats
    censored: Floats


@dataclass(frozen=True, slots=True)
class RestrictedMean:
    """Mean survival time up to a limit: the area under the curve."""

    limit: float
    estimate: float
    std_err: float
    low: float
    high: float
    beyond_follow_up: bool
    reference: str = "Irwin 1949; Royston & Parmar 2013"

    def __str__(self) -> str:
        beyond = " (beyond the last time; the curve is carried on)" if self.beyond_follow_up else ""
        return (
            f"mean time up to {self.limit:g}: {self.estimate:.4g} ({self.low:.4g} to {self.high:.4g}){beyond}"
        )


@dataclass(frozen=True, slots=True)
class Contrast:
    """A second group against a first: difference or ratio, with interval and p."""

    estimate: float
    std_err: float
    low: float
    high: float
    z: float
    p: float
    method: str

    def __str__(self) -> str:
        return f"{self.method}: {self.estimate:.4g} ({self.low:.4g} to {self.high:.4g}), p = {self.p:.3g}"


def quantiles(curve: SurvivalCurve, shares: Sequence[float] = (0.25, 0.5, 0.75)) -> Quantiles:
    """Times by which given shares (0 to 1) have had the event; limits by inverting the curve's interval.

    Where the curve stays exactly at a share, the middle of that stretch is given, as R's ``survfit`` does.
    """
    wanted = np.asarray(shares, dtype=np.float64)
    if wanted.ndim != 1 or ((wanted <= 0) | (wanted >= 1)).any():
        raise StatisticsError("bad-share", "shares: each must lie between 0 and 1")
    estimate, low, high = (
        _crossing(curve.time, v, 1 - wanted) for v in (curve.estimate, curve.low, curve.high)
    )
    return Quantiles(wanted, estimate, low, high, f"{curve.method}, {curve.interval} interval")


def survival_at(curve: SurvivalCurve, times: ArrayLike) -> SurvivalAt:
    """Survival at given times; after the last time the curve is carried on, with nobody at risk."""
    at = np.atleast_1d(as_times(np.atleast_1d(np.asarray(times, dtype=np.float64)), "times"))
    place = np.searchsorted(curve.time, at, side="right")

    def read(values: Floats, start: float) -> Floats:
        return np.concatenate([[start], values])[place]

    return SurvivalAt(
        at,
        _at_risk(curve, at),
        read(curve.estimate, 1.0),
        read(curve.std_err, 0.0),
        read(curve.low, 1.0),
        read(curve.high, 1.0),
        f"{curve.method}, {curve.interval} interval",
    )


def numbers_at_risk(curve: SurvivalCurve, times: ArrayLike) -> NumbersAtRisk:
    """Rows at risk just before given times, and events and censorings at or before them, for a risk table."""
    at = np.atleast_1d(as_times(np.atleast_1d(np.asarray(times, dtype=np.float64)), "times"))
    place = np.searchsorted(curve.time, at, side="right")
    events, censored = (
        np.concatenate([[0.0], np.cumsum(x)])[place] for x in (curve.events_at, curve.censored_at)
    )
    return NumbersAtRisk(at, _at_risk(curve, at), events, censored)


def restricted_mean(curve: SurvivalCurve, limit: float) -> RestrictedMean:
    """Mean survival time up to a limit, in the unit of the curve's times."""
    if not limit > 0:
        raise StatisticsError("bad-limit", f"limit: a time above zero is needed, got {limit:g}")
    inside = curve.time < limit
    edges = np.concatenate([[0.0], curve.time[inside], [limit]])
    areas = np.diff(edges) * np.concatenate([[1.0], curve.estimate[inside]])
    to_the_right = np.cumsum(areas[::-1])[::-1][1:]
    deaths, risk = curve.events_at[inside], curve.at_risk[inside]
    survivors = risk - deaths
    weight = np.divide(deaths, risk * survivors, out=np.zeros_like(risk), where=survivors > 0)
    estimate, std_err = float(areas.sum()), float(np.sqrt(np.sum(to_the_right**2 * weight)))
    width = normal_width(curve.level) * std_err
    return RestrictedMean(
        float(limit), estimate, std_err, estimate - width, estimate + width, bool(limit > curve.time[-1])
    )


def restricted_mean_difference(first: SurvivalCurve, second: SurvivalCurve, limit: float) -> Contrast:
    """Restricted mean of the second group minus that of the first."""
    a, b = restricted_mean(first, limit), restricted_mean(second, limit)
    return _difference(
        a.estimate,
        a.std_err,
        b.estimate,
        b.std_err,
        first.level,
        f"difference of restricted means up to {limit:g}",
    )


def restricted_mean_ratio(first: SurvivalCurve, second: SurvivalCurve, limit: float) -> Contrast:
    """Restricted mean of the second group over that of the first; standard error and z on the log scale."""
    a, b = restricted_mean(first, limit), restricted_mean(second, limit)
    log = _difference(
        float(np.log(a.estimate)),
        a.std_err / a.estimate,
        float(np.log(b.estimate)),
        b.std_err / b.estimate,
        first.level,
        "",
    )
    return Contrast(
        float(np.exp(log.estimate)),
        log.std_err,
        float(np.exp(log.low)),
        float(np.exp(log.high)),
        log.z,
        log.p,
        f"ratio of restricted means up to {limit:g}",
    )


def survival_difference(first: SurvivalCurve, second: SurvivalCurve, time: float) -> Contrast:
    """Survival of the second group minus that of the first at one time."""
    a, b = survival_at(first, [time]), survival_at(second, [time])
    return _difference(
        float(a.estimate[0]),
        float(a.std_err[0]),
        float(b.estimate[0]),
        float(b.std_err[0]),
        first.level,
        f"difference of survival at {time:g}",
    )


def _difference(a: float, se_a: float, b: float, se_b: float, level: float, method: str) -> Contrast:
    estimate, std_err = b - a, float(np.hypot(se_a, se_b))
    z = estimate / std_err if std_err > 0 else np.nan
    width = normal_width(level) * std_err
    return Contrast(estimate, std_err, estimate - width, estimate + width, z, normal_p(z), method)


def _at_risk(curve: SurvivalCurve, at: Floats) -> Floats:
    return np.concatenate([curve.at_risk, [0.0]])[np.searchsorted(curve.time, at, side="left")]


def _crossing(time: Floats, values: Floats, targets: Floats) -> Floats:
    """First time at which falling values reach each target; the middle where they stay on it."""
    known = ~np.isnan(values)
    t, v = time[known], values[known]
    found = np.full(targets.size, np.nan)
    for index, target in enumerate(targets):
        at_or_below = np.flatnonzero(v <= target + _SAME)
        if at_or_below.size:
            first = t[at_or_below[0]]
            below = np.flatnonzero(v < target - _SAME)
            touches = v[at_or_below[0]] >= target - _SAME
            found[index] = (first + (t[below[0]] if below.size else t[-1])) / 2 if touches else first
    return found


def _or_open(value: float) -> str:
    return "not reached" if np.isnan(value) else f"{value:.4g}"
