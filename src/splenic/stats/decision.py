"""Net benefit of acting on a predicted risk: decision curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import Floats, StatisticsError, as_codes, as_events, as_numbers, as_times, complete_rows
from .competing import incidence_at


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """Net benefit over threshold probabilities, each array of shape (k,).

    Attributes
    ----------
    net_benefit : of treating where risk >= threshold; `treat_all` of treating everybody; nobody is 0.
    interventions_avoided : per 100 patients against treating all, at equal benefit.
    positive : share with risk >= threshold, and `incidence` of the event among them (0 where there is none).
    incidence_all : share (or estimated incidence) of the event in everybody.
    """

    thresholds: Floats
    net_benefit: Floats
    treat_all: Floats
    interventions_avoided: Floats
    positive: Floats
    incidence: Floats
    incidence_all: float
    n: int
    method: str
    reference: str = "Vickers and Elkin 2006; Vickers, Cronin, Elkin and Gonen 2008"

    def __str__(self) -> str:
        rows = "".join(
            f"\n  {t:.0%}: {benefit:.4f} (all {everybody:.4f})"
            for t, benefit, everybody in zip(self.thresholds, self.net_benefit, self.treat_all)
        )
        return f"{self.method}, n = {self.n}{rows}"


def net_benefit(outcome: ArrayLike, risk: ArrayLike, thresholds: ArrayLike) -> DecisionCurve:
    """Decision curve of a yes/no outcome.

    Parameters
    ----------
    outcome : array_like of 0 and 1, shape (n,)
    risk : array_like, shape (n,)
        Predicted probabilities, 0..1.
    thresholds : array_like, shape (k,)
        Threshold probabilities, 0 < pt < 1.
    """
    y, r = as_events(outcome, "outcome"), as_numbers(risk, "risk")
    kept = complete_rows(outcome=y, risk=r)
    return _curve(y[kept], y[kept], r[kept], thresholds, None, "net benefit")


def net_benefit_survival(
    time: ArrayLike, status: ArrayLike, risk: ArrayLike, thresholds: ArrayLike, *, at: float
) -> DecisionCurve:
    """Decision curve of an event by time ``at`` under censoring, with or without a competing event.

    The incidence among those with risk >= threshold is Aalen-Johansen's (1 - Kaplan-Meier where nothing
    competes).

    Parameters
    ----------
    time, status, risk : array_like, shape (n,)
        Follow-up; 0 censored, 1 the event, 2 a competing one; predicted probability of the event by ``at``.
    thresholds : array_like, shape (k,)
        Threshold probabilities, 0 < pt < 1.
    at : float
        In the unit of ``time``.
    """
    t, s, r = as_times(time), as_codes(status, (0, 1, 2), "status"), as_numbers(risk, "risk")
    kept = complete_rows(time=t, status=s, risk=r)
    return _curve(t[kept], s[kept], r[kept], thresholds, at, f"net benefit at {at:g}")


def _curve(
    time: Floats, status: Floats, risk: Floats, thresholds: ArrayLike, at: float | None, method: str
) -> DecisionCurve:
    pt = as_numbers(thresholds, "thresholds")
    if not ((pt > 0) & (pt < 1)).all():
        raise StatisticsError("bad-threshold", "thresholds: a threshold probability lies between 0 and 1")
    if risk.size == 0 or ((risk < 0) | (risk > 1)).any():
        raise StatisticsError("bad-risk", "risk: predicted probabilities lie within 0..1, and one is needed")

    def incidence(rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
        if not rows.any():
            return 0.0
        return float(status[rows].mean()) if at is None else incidence_at(time[rows], status[rows], at)

    treated = [np.asarray(risk >= threshold) for threshold in pt]
    share = np.array([rows.mean() for rows in treated])
    among = np.array([incidence(rows) for rows in treated])
    overall = incidence(np.ones(risk.size, dtype=bool))
    odds = pt / (1 - pt)
    benefit = share * (among - (1 - among) * odds)
    everybody = overall - (1 - overall) * odds
    avoided = 100 * (benefit - everybody) / odds
    return DecisionCurve(pt, benefit, everybody, avoided, share, among, overall, risk.size, method)
