"""How well a Cox model would do in new patients: bootstrap correction for optimism, calibration at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import Floats, StatisticsError, as_events, as_matrix, as_numbers, as_times, complete_rows
from ._distributions import normal_width
from .concordance import TimeWeight, concordance
from .cox import Ties, fit_cox
from .cox_prediction import predict_survival
from .splines import fit_cox_spline
from .survival import kaplan_meier
from .survival_summaries import survival_at


@dataclass(frozen=True, slots=True)
class OptimismCorrected:
    """A model's concordance and calibration slope, corrected for having been fitted to the same patients.

    Attributes
    ----------
    apparent, optimism, estimate : concordance in the data, its mean excess in resamples, and the difference.
    low, high : percentiles of the resamples' concordance, moved by the optimism.
    calibration_slope : mean slope of a resample's model in the data; below 1, predictions are too extreme.
    resamples, failed : how many were drawn, and in how many no model could be fitted.
    """

    apparent: float
    optimism: float
    estimate: float
    low: float
    high: float
    calibration_slope: float
    resamples: int
    failed: int
    seed: int
    level: float
    n: int
    events: int
    method: str
    reference: str = "Harrell, Lee & Mark 1996; Noma 2021"

    def __str__(self) -> str:
        return (
            f"{self.method}: apparent {self.apparent:.4f}, corrected {self.estimate:.4f} ({self.low:.4f} to "
            f"{self.high:.4f}), calibration slope {self.calibration_slope:.3f}; {self.resamples} resamples"
        )


@dataclass(frozen=True, slots=True)
class SurvivalCalibration:
    """Predicted against observed risk at one time.

    Attributes
    ----------
    estimate, low, high : observed over expected risk, 1 where they agree in the large.
    slope, slope_low, slope_high : of the predictions' complementary log-log; 1 where they spread rightly.
    group_n, predicted, observed, observed_low, observed_high : by groups of predicted risk, shape (g,);
        observed is one minus Kaplan-Meier.
    mean_error, median_error, error_90 : of the predicted against the smoothed observed risk, over patients.
    """

    time: float
    estimate: float
    low: float
    high: float
    slope: float
    slope_low: float
    slope_high: float
    group_n: Floats
    predicted: Floats
    observed: Floats
    observed_low: Floats
    observed_high: Floats
    mean_error: float
    median_error: float
    error_90: float
    n: int
    events: int
    level: float
    method: str = "calibration at a fixed time"
    reference: str = "Austin, Harrell & van Klaveren 2020; McLernon 2023"

    def __str__(self) -> str:
        return (
            f"risk at {self.time:g}: observed over expected {self.estimate:.3f} ({self.low:.3f} to "
            f"{self.high:.3f}), slope {self.slope:.3f} ({self.slope_low:.3f} to {self.slope_high:.3f}), "
            f"mean error {self.mean_error:.3f}"
        )


def optimism_corrected(
    time: ArrayLike,
    event: ArrayLike,
    x: ArrayLike,
    *,
    terms: Sequence[str] | None = None,
    resamples: int = 200,
    seed: int = 0,
    weight: TimeWeight = "n",
    limit: float | None = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> OptimismCorrected:
    """Concordance of a Cox model, corrected by the bootstrap; the same seed gives the same numbers.

    Each resample fits the model anew and compares its concordance there with that in the data.
    """
    t, e, matrix = as_times(time), as_events(event), as_matrix(x, "x")
    keep = complete_rows(time=t, event=e, x=matrix)
    t, e, matrix = t[keep], e[keep], matrix[keep]
    fit = fit_cox(t, e, matrix, terms=terms, ties=ties)
    apparent = concordance(t, e, matrix @ fit.coefficient, weight=weight, limit=limit)
    random = np.random.default_rng(seed)
    inside, outside, slopes = [], [], []
    for _ in range(resamples):
        rows = random.integers(0, t.size, t.size)
        try:
            beta = fit_cox(t[rows], e[rows], matrix[rows], ties=ties).coefficient
            there = concordance(t[rows], e[rows], matrix[rows] @ beta, weight=weight, limit=limit).estimate
            here = concordance(t, e, matrix @ beta, weight=weight, limit=limit).estimate
            slope = fit_cox(t, e, matrix @ beta, ties=ties).coefficient[0]
        except StatisticsError:
            continue  # a resample may miss every event, or a whole group
        inside.append(there)
        outside.append(here)
        slopes.append(float(slope))
    if not inside:
        raise StatisticsError("no-resample", "no model could be fitted to any resample", "use fewer columns")
    optimism = float(np.mean(inside) - np.mean(outside))
    low, high = np.quantile(inside, [(1 - level) / 2, (1 + level) / 2]) - optimism
    return OptimismCorrected(
        apparent.estimate,
        optimism,
        apparent.estimate - optimism,
        float(low),
        float(high),
        float(np.mean(slopes)),
        resamples,
        resamples - len(inside),
        seed,
        level,
        t.size,
        int(e.sum()),
        apparent.method,
    )


def calibration_at(
    time: ArrayLike,
    event: ArrayLike,
    predicted: ArrayLike,
    at: float,
    *,
    groups: int = 5,
    level: float = 0.95,
) -> SurvivalCalibration:
    """Compare predicted survival at one time with what happened.

    Parameters
    ----------
    time, event : shape (n,). predicted : predicted survival at the time `at`, between 0 and 1, shape (n,).
    groups : equal groups of predicted risk for the plot.

    Raises
    ------
    StatisticsError
        If a prediction is not strictly between 0 and 1, or nobody is followed up to the time.
    """
    t, e, s = as_times(time), as_events(event), as_numbers(predicted, "predicted")
    keep = complete_rows(time=t, event=e, predicted=s)
    t, e, s = t[keep], e[keep], s[keep]
    if ((s <= 0) | (s >= 1)).any():
        raise StatisticsError("bad-prediction", "predicted: a survival must lie between 0 and 1")
    if not (t >= at).any():
        raise StatisticsError("bad-time", f"at: nobody is followed up to {at:g}", "choose an earlier time")
    risk = 1 - s
    whole = survival_at(kaplan_meier(t, e), [at])
    observed = float(1 - whole.estimate[0])
    ratio = observed / float(risk.mean())
    # The predictions are taken as given: only the observed risk has an error.
    factor = float(np.exp(normal_width(level) * whole.std_err[0] / observed)) if observed > 0 else np.nan
    spread = np.log(-np.log(s))
    upto, died = np.minimum(t, at), np.where(t > at, 0.0, e)
    slope = fit_cox(upto, died, spread, level=level)
    b, width = float(slope.coefficient[0]), normal_width(level) * float(slope.std_err[0])
    smooth = fit_cox_spline(upto, died, spread, knots=3)
    smoothed = 1 - predict_survival(smooth.fit, smooth.basis.columns(spread), [at]).estimate[0]
    error = np.abs(smoothed - risk)
    table = _by_group(t, e, risk, at, groups, level)
    return SurvivalCalibration(
        float(at),
        ratio,
        ratio / factor,
        ratio * factor,
        b,
        b - width,
        b + width,
        *table,
        float(error.mean()),
        float(np.median(error)),
        float(np.quantile(error, 0.9)),
        t.size,
        int(died.sum()),
        level,
    )


def _by_group(
    t: Floats, e: Floats, risk: Floats, at: float, groups: int, level: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    edges = np.unique(np.quantile(risk, np.arange(1, groups) / groups))
    code = np.searchsorted(edges, risk, side="right")
    rows = []
    for group in np.unique(code):
        members = code == group
        seen = survival_at(kaplan_meier(t[members], e[members], interval="log-log", level=level), [at])
        limits = (1 - seen.estimate[0], 1 - seen.high[0], 1 - seen.low[0])
        rows.append([members.sum(), risk[members].mean(), *limits])
    n, predicted, observed, low, high = np.array(rows, dtype=np.float64).T
    return n, predicted, observed, low, high
