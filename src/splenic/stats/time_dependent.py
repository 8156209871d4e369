"""Prediction of an event by a given time under censoring: AUC and Brier score, weighted by the inverse
probability of not being censored.

Weights are 1 / G(T-) for events and 1 / G(t) for those followed beyond t; G is the Kaplan-Meier estimate of
the censoring times, where an event at the time of a censoring comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import (
    Bools,
    Floats,
    StatisticsError,
    as_codes,
    as_matrix,
    as_numbers,
    as_times,
    check_choice,
    check_level,
    complete_rows,
    sum_by_place,
)
from ._distributions import normal_width
from .competing import incidence_at

Controls = Literal["event-free", "event-free-or-competing"]


@dataclass(frozen=True, slots=True)
class TimeDependentAuc:
    """Cumulative/dynamic AUC at several times, each array of shape (k,).

    Attributes
    ----------
    time : when. events : cases seen by then. survivors : rows followed beyond.
    estimate, standard_error, low, high : AUC with the interval of its influence function, which counts the
        estimation of G; NaN where there is no case or no control.
    uncensored : G at each time, the estimated share not yet censored.
    """

    time: Floats
    estimate: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    events: Floats
    survivors: Floats
    uncensored: Floats
    n: int
    level: float
    method: str
    reference: str = "Uno et al. 2007; Blanche, Dartigues and Jacqmin-Gadda 2013"

    def __str__(self) -> str:
        rows = "".join(
            f"\n  {t:g}: {auc:.3f} ({low:.3f} to {high:.3f}), {events:.0f} cases, {survivors:.0f} beyond"
            for t, auc, low, high, events, survivors in zip(
                self.time, self.estimate, self.low, self.high, self.events, self.survivors
            )
        )
        return f"{self.method}, n = {self.n}{rows}"


@dataclass(frozen=True, slots=True)
class BrierScore:
    """Brier score at several times, each array of shape (k,).

    Attributes
    ----------
    estimate, standard_error, low, high : mean squared distance of risk and outcome.
    null : of the same risk (Kaplan-Meier or Aalen-Johansen) for everybody; `scaled` is 1 - estimate / null.
    """

    time: Floats
    estimate: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    null: Floats
    scaled: Floats
    n: int
    level: float
    method: str
    reference: str = "Graf et al. 1999; Gerds and Schumacher 2006"

    def __str__(self) -> str:
        rows = "".join(
            f"\n  {t:g}: {score:.4f} ({low:.4f} to {high:.4f}), without covariates {null:.4f}"
            for t, score, low, high, null in zip(self.time, self.estimate, self.low, self.high, self.null)
        )
        return f"{self.method}, n = {self.n}{rows}"


class _Censoring:
    """Kaplan-Meier of the censoring times, and the martingale terms that its estimation adds."""

    def __init__(self, time: Floats, status: Floats) -> None:
        self.time, self.status = time, status
        self.times, self.place, leaving = np.unique(time, return_inverse=True, return_counts=True)
        lost = sum_by_place(self.place, np.asarray(status == 0, dtype=np.float64), self.times.size)
        self.at_risk = np.cumsum(leaving[::-1])[::-1].astype(np.float64)
        after_events = self.at_risk - (leaving - lost)
        self.after = np.cumprod(1 - np.divide(lost, after_events, out=np.zeros(lost.size), where=lost > 0))
        # The martingale counts all who were there, as its rows do: those with an event at that time too.
        self.hazard = lost / self.at_risk

    def at(self, t: float) -> float:
        place = int(np.searchsorted(self.times, t, side="right"))
        return float(self.after[place - 1]) if place else 1.0

    def before(self) -> Floats:
        """G just before each row's own time."""
        return np.concatenate([[1.0], self.after[:-1]])[self.place]

    def correction(self, terms: Floats, t: float) -> Floats:
        """What estimating G adds to the influence of each row.

        ``terms`` (n,) are the rows' weighted contributions; each depends on G up to min(time, t).
        """
        behind = sum_by_place(self.place, terms, self.times.size)
        ahead = np.concatenate([np.cumsum(behind[::-1])[::-1][1:], [0.0]])  # terms of later times
        per_unit = np.where(self.times <= t, ahead / self.at_risk, 0.0)
        drained = np.cumsum(per_unit * self.hazard)
        own = np.where(self.status == 0, per_unit[self.place], 0.0)
        return np.asarray(own - drained[self.place], dtype=np.float64)


def time_dependent_auc(
    time: ArrayLike,
    status: ArrayLike,
    marker: ArrayLike,
    at: ArrayLike,
    *,
    controls: Controls = "event-free-or-competing",
    level: float = 0.95,
) -> TimeDependentAuc:
    """AUC of a marker for the event by time t, among those still free of it.

    Parameters
    ----------
    time, status : array_like, shape (n,)
        Follow-up; 0 censored, 1 the event, 2 a competing one.
    marker : array_like, shape (n,)
        Larger values mean the event comes sooner; ties count one half.
    at : array_like, shape (k,)
        Times.
    controls : {"event-free-or-competing", "event-free"}
        Whether patients with the competing event by t are controls; without such events both are one.
    level : float
        Confidence.
    """
    check_choice(controls, ("event-free-or-competing", "event-free"), "controls")
    z = normal_width(level)
    t, s, x = as_times(time), as_codes(status, (0, 1, 2), "status"), as_numbers(marker, "marker")
    kept = complete_rows(time=t, status=s, marker=x)
    t, s, x = t[kept], s[kept], x[kept]
    if t.size == 0:
        raise StatisticsError("no-rows", "time, status, marker: no row is complete")
    when = np.atleast_1d(np.asarray(at, dtype=np.float64))
    censoring = _Censoring(t, s)
    values = np.array([_auc(censoring, x, moment, controls) for moment in when.tolist()])
    estimate, error = values[:, 0], values[:, 1]
    return TimeDependentAuc(
        time=when,
        estimate=estimate,
        standard_error=error,
        low=np.maximum(0.0, estimate - z * error),
        high=np.minimum(1.0, estimate + z * error),
        events=np.array([np.sum((s == 1) & (t <= moment)) for moment in when], dtype=np.float64),
        survivors=np.array([np.sum(t > moment) for moment in when], dtype=np.float64),
        uncensored=np.array([censoring.at(moment) for moment in when.tolist()]),
        n=t.size,
        level=check_level(level),
        method=f"cumulative/dynamic AUC, controls {controls}",
    )


def _auc(censoring: _Censoring, x: Floats, t: float, controls: Controls) -> tuple[float, float]:
    """AUC and its standard error at one time."""
    time, status = censoring.time, censoring.status
    inverse_before = _inverse(censoring.before())
    g = censoring.at(t)
    case = np.where((status == 1) & (time <= t), inverse_before, 0.0)
    control = np.where(time > t, 1 / g if g > 0 else 0.0, 0.0)
    if controls == "event-free-or-competing":
        control = control + np.where((status == 2) & (time <= t), inverse_before, 0.0)
    n = time.size
    mean_case, mean_control = case.sum() / n, control.sum() / n
    if mean_case == 0 or mean_control == 0:
        return np.nan, np.nan
    below, above = _weighted_below(x, control) / n, _weighted_below(-x, case) / n
    pairs = float(case @ below) / n
    area = pairs / (mean_case * mean_control)
    terms = case * (below - area * mean_control) + control * (above - area * mean_case)
    influence = (terms + censoring.correction(terms, t)) / (mean_case * mean_control)
    return area, float(influence.std(ddof=1) / np.sqrt(n))


def _weighted_below(x: Floats, weight: Floats) -> Floats:
    """For every row the weight of smaller values, and half that of equal ones; one sort."""
    values, place = np.unique(x, return_inverse=True)
    mass = sum_by_place(place, weight, values.size)
    return np.asarray((np.cumsum(mass) - mass / 2)[place], dtype=np.float64)


def _inverse(values: Floats) -> Floats:
    return np.divide(1.0, values, out=np.zeros(values.size), where=values > 0)


def brier_score(
    time: ArrayLike, status: ArrayLike, risk: ArrayLike, at: ArrayLike, *, level: float = 0.95
) -> BrierScore:
    """Brier score of predicted risks.

    Parameters
    ----------
    time, status : array_like, shape (n,)
        Follow-up; 0 censored, 1 the event, 2 a competing one.
    risk : array_like, shape (n, k) or (n,)
        Predicted probability of the event by each time.
    at : array_like, shape (k,)
        Times.
    level : float
        Confidence.
    """
    z = normal_width(level)
    t, s, r, when = _predictions(time, status, risk, at)
    censoring = _Censoring(t, s)
    values = np.array([_brier(censoring, r[:, k], moment) for k, moment in enumerate(when.tolist())])
    null = np.array([_brier(censoring, np.full(t.size, incidence_at(t, s, m)), m)[0] for m in when.tolist()])
    estimate, error = values[:, 0], values[:, 1]
    return BrierScore(
        time=when,
        estimate=estimate,
        standard_error=error,
        low=np.maximum(0.0, estimate - z * error),
        high=np.minimum(1.0, estimate + z * error),
        null=null,
        scaled=1 - np.divide(estimate, null, out=np.full(null.size, np.nan), where=null > 0),
        n=t.size,
        level=check_level(level),
        method="Brier score",
    )


def integrated_brier_score(
    time: ArrayLike,
    status: ArrayLike,
    risk: ArrayLike,
    at: ArrayLike,
    *,
    rule: Literal["step", "trapezoid"] = "step",
) -> float:
    """Mean Brier score over time from 0 to the last of the times.

    Parameters
    ----------
    time, status : array_like, shape (n,)
        As in `brier_score`.
    risk : array_like, shape (n, k)
        Predicted probability of the event by each time.
    at : array_like, shape (k,)
        Increasing times; the first should be 0, where the score is that of predicting nothing yet.
    rule : {"step", "trapezoid"}
        Whether a score holds until the next time or runs straight to it.
    """
    check_choice(rule, ("step", "trapezoid"), "rule")
    t, s, r, when = _predictions(time, status, risk, at)
    gaps = np.diff(when)
    if gaps.size == 0 or (gaps <= 0).any():
        raise StatisticsError("bad-option", "at: two or more increasing times are needed")
    censoring = _Censoring(t, s)
    scores = np.array([_brier(censoring, r[:, k], moment)[0] for k, moment in enumerate(when.tolist())])
    heights = scores[:-1] if rule == "step" else (scores[:-1] + scores[1:]) / 2
    return float(gaps @ heights / (when[-1] - when[0]))


def _brier(censoring: _Censoring, risk: Floats, t: float) -> tuple[float, float]:
    time, status = censoring.time, censoring.status
    done: Bools = np.asarray((time <= t) & (status > 0))
    g = censoring.at(t)
    weight = np.where(done, _inverse(censoring.before()), np.where(time > t, 1 / g if g > 0 else 0.0, 0.0))
    terms = weight * (np.asarray(done & (status == 1), dtype=np.float64) - risk) ** 2
    influence = terms + censoring.correction(terms, t)
    return float(terms.mean()), float(influence.std(ddof=1) / np.sqrt(time.size))


def _predictions(
    time: ArrayLike, status: ArrayLike, risk: ArrayLike, at: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    t, s, r = as_times(time), as_codes(status, (0, 1, 2), "status"), as_matrix(risk, "risk")
    when = np.atleast_1d(np.asarray(at, dtype=np.float64))
    kept = complete_rows(time=t, status=s, risk=r)
    t, s, r = t[kept], s[kept], r[kept]
    if r.shape[1] != when.size:
        raise StatisticsError("bad-shape", f"risk: {r.shape[1]} columns for {when.size} times")
    if t.size == 0 or ((r < 0) | (r > 1)).any():
        raise StatisticsError("bad-risk", "risk: predicted probabilities lie within 0..1, and one is needed")
    return t, s, r, when
