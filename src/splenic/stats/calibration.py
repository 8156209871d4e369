"""Calibration of predicted probabilities on new rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from ._arrays import StatisticsError, as_events, as_numbers, complete_rows
from ._distributions import chi_squared_p, normal_p, normal_width
from .logistic import deviance_of, fit_logistic


@dataclass(frozen=True, slots=True)
class Calibration:
    """How predicted probabilities agree with outcomes.

    Attributes
    ----------
    slope, slope_error, slope_low, slope_high : of the outcome on the logit of the risk; overfitting makes it
        less than 1.
    intercept_with_slope : of that model.
    intercept, intercept_error : with the slope held at 1 ("in the large").
    observed_over_expected : events over the sum of the risks.
    unreliability, unreliability_p : likelihood ratio test of intercept 0 and slope 1, 2 df.
    spiegelhalter_z, spiegelhalter_p : test of the Brier score.
    """

    slope: float
    slope_error: float
    slope_low: float
    slope_high: float
    intercept_with_slope: float
    intercept: float
    intercept_error: float
    observed_over_expected: float
    unreliability: float
    unreliability_p: float
    brier: float
    spiegelhalter_z: float
    spiegelhalter_p: float
    n: int
    events: int
    level: float
    method: str = "logistic recalibration"
    reference: str = "Cox 1958; Spiegelhalter 1986; Miller, Hui and Tierney 1991"

    def __str__(self) -> str:
        slope = f"slope {self.slope:.3f} ({self.slope_low:.3f} to {self.slope_high:.3f})"
        large = f"intercept {self.intercept:.3f}, observed/expected {self.observed_over_expected:.3f}"
        return f"calibration: {slope}, {large}, Brier {self.brier:.4f}, n = {self.n}, {self.events} events"


def calibrate(outcome: ArrayLike, risk: ArrayLike, *, level: float = 0.95) -> Calibration:
    """Calibration of predicted probabilities.

    Parameters
    ----------
    outcome : array_like of 0 and 1, shape (n,)
    risk : array_like, shape (n,)
        Predicted probabilities, strictly between 0 and 1; rows with a missing value are dropped.
    level : float
        Confidence of the slope.
    """
    y, p = as_events(outcome, "outcome"), as_numbers(risk, "risk")
    kept = complete_rows(outcome=y, risk=p)
    y, p = y[kept], p[kept]
    if ((p <= 0) | (p >= 1)).any():
        raise StatisticsError("bad-risk", "risk: predicted probabilities lie strictly between 0 and 1")
    log_odds = np.asarray(logit(p), dtype=np.float64)
    line = fit_logistic(y, log_odds, terms=["logit"])
    large = fit_logistic(y, np.empty((y.size, 0)), offset=log_odds)
    lack = deviance_of(y, log_odds) - line.deviance
    spread = float(np.sqrt(np.sum((1 - 2 * p) ** 2 * p * (1 - p))))
    z = float(np.sum((y - p) * (1 - 2 * p))) / spread if spread > 0 else 0.0
    slope, error, half = float(line.coefficient[1]), float(line.std_err[1]), normal_width(level)
    return Calibration(
        slope=slope,
        slope_error=error,
        slope_low=slope - half * error,
        slope_high=slope + half * error,
        intercept_with_slope=float(line.coefficient[0]),
        intercept=float(large.coefficient[0]),
        intercept_error=float(large.std_err[0]),
        observed_over_expected=float(y.sum() / p.sum()),
        unreliability=lack,
        unreliability_p=chi_squared_p(lack, 2),
        brier=float(np.mean((y - p) ** 2)),
        spiegelhalter_z=z,
        spiegelhalter_p=normal_p(z),
        n=y.size,
        events=int(y.sum()),
        level=level,
    )
