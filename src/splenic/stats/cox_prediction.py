"""What a fitted Cox model says of new patients: baseline hazard, linear predictor, predicted survival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import Floats, Ints, StatisticsError, as_matrix, as_times, check_choice
from ._distributions import normal_width
from ._risk_sets import Moments, RiskSets, moments
from .cox import CoxFit, model_sets
from .survival import Interval, survival_interval

Baseline = Literal["as-fitted", "breslow", "efron"]


@dataclass(frozen=True, slots=True)
class BaselineHazard:
    """Cumulative baseline hazard of one stratum at its distinct times, each of shape (k,)."""

    time: Floats
    estimate: Floats
    at: Literal["zero", "typical"]
    method: str
    reference: str = "Breslow 1972; Efron 1977"

    def __str__(self) -> str:
        return f"cumulative baseline hazard ({self.method}) {self.estimate[-1]:.4g} at {self.time[-1]:g}"


@dataclass(frozen=True, slots=True)
class LinearPredictor:
    """Log hazard ratios of m rows against a reference row, each of shape (m,)."""

    estimate: Floats
    std_err: Floats
    low: Floats
    high: Floats
    reference_row: Floats
    level: float


@dataclass(frozen=True, slots=True)
class PredictedSurvival:
    """Predicted survival of m rows at q times: `time` (q,), the others (q, m)."""

    time: Floats
    estimate: Floats
    std_err: Floats
    low: Floats
    high: Floats
    method: str
    reference: str = "Tsiatis 1981; Link 1984"

    def __str__(self) -> str:
        rows = zip(self.time, self.estimate, self.low, self.high)
        return "\n".join(
            f"survival at {t:g}: "
            + ", ".join(f"{x:.1%} ({a:.1%} to {b:.1%})" for x, a, b in zip(s, low, high))
            for t, s, low, high in rows
        )


def typical_row(fit: CoxFit) -> Floats:
    """The row that predictions refer to by custom: means, but zero for columns of -1, 0, 1; shape (p,)."""
    codes = np.isin(fit.data.x, (-1.0, 0.0, 1.0)).all(axis=0)
    return np.where(codes, 0.0, np.average(fit.data.x, axis=0, weights=fit.data.weight))


def linear_predictor(fit: CoxFit, x: ArrayLike, reference_row: ArrayLike | None = None) -> LinearPredictor:
    """Log hazard ratios of new rows (m, p) against a reference row (p,), the typical one if not given."""
    centre = typical_row(fit) if reference_row is None else np.asarray(reference_row, dtype=np.float64)
    away = _new_rows(fit, x) - centre
    value = away @ fit.coefficient
    std_err = np.sqrt(np.einsum("ij,jk,ik->i", away, fit.covariance, away))
    width = normal_width(fit.level) * std_err
    return LinearPredictor(value, std_err, value - width, value + width, centre, fit.level)


def baseline_hazard(
    fit: CoxFit,
    *,
    at: Literal["zero", "typical"] = "zero",
    baseline: Baseline = "as-fitted",
    stratum: object = None,
) -> BaselineHazard:
    """Cumulative hazard of a row with all covariates zero, or of the typical row.

    Parameters
    ----------
    baseline : the rule for tied deaths, ``as-fitted`` being that of the fit.
    stratum : its label, in a stratified model.
    """
    check_choice(at, ("zero", "typical"), "at")
    code = _stratum_code(fit, stratum)
    sets, now, rule = _evaluated(fit, baseline)
    centre = np.zeros(len(fit.terms)) if at == "zero" else typical_row(fit)
    factor = float(np.exp((centre - fit.data.x.mean(axis=0)) @ fit.coefficient - now.shift))
    steps = np.flatnonzero(sets.stratum[sets.dead] == code)
    increments = sets.mean_weight[sets.place[steps]] / now.denominator[steps]
    times = np.unique(fit.data.time[fit.data.stratum == code])
    hazard = _sums_up_to(sets, steps, increments, times)
    return BaselineHazard(times, hazard * factor, at, f"{rule} ties")


def predict_survival(
    fit: CoxFit,
    x: ArrayLike,
    times: ArrayLike,
    *,
    baseline: Baseline = "as-fitted",
    stratum: object = None,
    interval: Interval = "log",
    level: float = 0.95,
) -> PredictedSurvival:
    """Predicted survival of new rows (m, p) at given times (q,), with the uncertainty of both parts.

    The curve is the exponential of minus the cumulative hazard; after the last time it is carried on.
    """
    code = _stratum_code(fit, stratum)
    rows, at = _new_rows(fit, x), np.atleast_1d(as_times(np.atleast_1d(np.asarray(times)), "times"))
    sets, now, rule = _evaluated(fit, baseline)
    steps = np.flatnonzero(sets.stratum[sets.dead] == code)
    centred = rows - fit.data.x.mean(axis=0)
    relative = np.exp(centred @ fit.coefficient - now.shift)
    weight = sets.mean_weight[sets.place[steps]]
    increments = weight / now.denominator[steps]
    hazard = _sums_up_to(sets, steps, increments, at)
    own = _sums_up_to(sets, steps, increments / now.denominator[steps], at)
    mean = _sums_up_to(sets, steps, increments[:, np.newaxis] * now.mean[steps], at)
    away = hazard[:, np.newaxis, np.newaxis] * centred - mean[:, np.newaxis, :]
    variance = own[:, np.newaxis] + np.einsum("qmi,ij,qmj->qm", away, fit.covariance, away)
    survival = np.exp(-hazard[:, np.newaxis] * relative)
    std_err = relative * np.sqrt(variance)
    low, high = survival_interval(survival, std_err, interval, level)
    first = survival == 1  # before the first death every limit is 1, on whatever scale
    low, high = np.where(first, 1.0, low), np.where(first, 1.0, high)
    return PredictedSurvival(
        at, survival, std_err * survival, low, high, f"{rule} baseline, {interval} interval"
    )


def _evaluated(fit: CoxFit, baseline: Baseline) -> tuple[RiskSets, Moments, str]:
    check_choice(baseline, ("as-fitted", "breslow", "efron"), "baseline")
    rule = fit.ties if baseline == "as-fitted" else baseline
    if rule == "exact":
        raise StatisticsError(
            "bad-option", "baseline: exact ties have no baseline of their own", "use breslow"
        )
    sets = model_sets(fit.data, rule, fit.data.x - fit.data.x.mean(axis=0))
    return sets, moments(sets, fit.coefficient), rule


def _sums_up_to(sets: RiskSets, steps: Ints, increments: Floats, times: Floats) -> Floats:
    """Sums of step increments (d,) or (d, p) up to given times (q,), for the steps of one stratum."""
    sums = np.concatenate([np.zeros_like(increments[:1]), np.cumsum(increments, axis=0)])
    found: Floats = sums[np.searchsorted(sets.place_time[sets.place[steps]], times, side="right")]
    return found


def _new_rows(fit: CoxFit, x: ArrayLike) -> Floats:
    rows = np.atleast_2d(as_matrix(x, "x"))
    if rows.shape[1] != len(fit.terms):
        raise StatisticsError("bad-shape", f"x: the model has {len(fit.terms)} columns, got {rows.shape[1]}")
    return rows


def _stratum_code(fit: CoxFit, stratum: object) -> int:
    if stratum not in fit.data.strata:
        known = ", ".join(str(label) for label in fit.data.strata)
        raise StatisticsError("unknown-label", f"stratum: {stratum!r} is none of the model's ({known})")
    return fit.data.strata.index(stratum)
