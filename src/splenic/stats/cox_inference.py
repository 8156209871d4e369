"""Inference on fitted Cox models: nested models, leaving out a term, profile-likelihood intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._arrays import Floats, Ints, StatisticsError
from ._distributions import chi_squared_p, chi_squared_quantile
from ._newton import maximise
from .cox import CoxFit, ModelTest, evaluator, model_sets, model_test


@dataclass(frozen=True, slots=True)
class ProfileIntervals:
    """Hazard ratios with profile-likelihood intervals, each of shape (p,)."""

    terms: tuple[str, ...]
    estimate: Floats
    low: Floats
    high: Floats
    level: float
    method: str = "profile likelihood"
    reference: str = "Venzon & Moolgavkar 1988"


@dataclass(frozen=True, slots=True)
class DropTests:
    """Likelihood-ratio tests of leaving out each term, each of shape (terms,)."""

    terms: tuple[str, ...]
    statistic: Floats
    df: Ints
    p: Floats
    aic: Floats


def compare_nested(small: CoxFit, large: CoxFit) -> ModelTest:
    """Likelihood-ratio test of a model against one that contains it, fitted to the same rows."""
    if small.n != large.n or not np.array_equal(small.data.rows, large.data.rows):
        raise StatisticsError("bad-shape", "the two models were fitted to different rows", "drop rows first")
    df = len(large.terms) - len(small.terms)
    return model_test(2 * (large.loglik - small.loglik), df)


def drop_each(fit: CoxFit) -> DropTests:
    """Likelihood-ratio test of leaving out each column in turn."""
    logliks = []
    for column in range(len(fit.terms)):
        rest = np.delete(fit.data.x, column, axis=1)
        if rest.shape[1]:
            scaled = (rest - rest.mean(axis=0)) / rest.std(axis=0)
            evaluate = evaluator(model_sets(fit.data, fit.ties, scaled), fit.ties)
            logliks.append(maximise(evaluate, np.zeros(rest.shape[1]))[1][0])
        else:
            logliks.append(fit.loglik_null)
    values = np.array(logliks)
    statistic = 2 * (fit.loglik - values)
    df = np.ones(values.size, dtype=np.intp)
    p = chi_squared_p(statistic, df.astype(np.float64))
    return DropTests(fit.terms, statistic, df, p, -2 * values + 2 * (len(fit.terms) - 1))


def cox_profile_intervals(fit: CoxFit, level: float = 0.95) -> ProfileIntervals:
    """Hazard ratios at which twice the loss of the maximised log likelihood reaches the chi-squared quantile.

    A side on which the likelihood never falls that far has the limit 0 or infinity.
    """
    lows, highs = [], []
    for column in range(len(fit.terms)):
        low, high = _profile(fit, column, chi_squared_quantile(level) / 2)
        lows.append(low)
        highs.append(high)
    return ProfileIntervals(fit.terms, fit.estimate, np.exp(np.array(lows)), np.exp(np.array(highs)), level)


def _profile(fit: CoxFit, column: int, loss: float) -> tuple[float, float]:
    from scipy.optimize import brentq

    values, others = fit.data.x[:, column], np.delete(fit.data.x, column, axis=1)
    scale = others.std(axis=0)
    others = (others - others.mean(axis=0)) / scale
    at = np.delete(fit.coefficient, column) * scale

    def lost(b: float) -> float:
        offset = fit.data.offset + b * values
        evaluate = evaluator(model_sets(fit.data, fit.ties, others, offset), fit.ties)
        return float(fit.loglik - maximise(evaluate, at)[1][0] - loss)

    best, step = float(fit.coefficient[column]), float(np.sqrt(fit.covariance_naive[column, column]))
    limits = []
    for side in (-1, 1):
        far = next(
            (b for b in (best + side * step * k for k in (2, 3, 4, 6, 9, 14, 20)) if lost(b) > 0), None
        )
        limits.append(
            side * np.inf if far is None else float(brentq(lost, best, far, xtol=1e-13, rtol=1e-14))
        )
    return limits[0], limits[1]
