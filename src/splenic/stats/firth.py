"""Firth's penalised logistic regression: finite estimates for rare events and separated data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from ._arrays import Bools, Floats, StatisticsError, check_level, inverse
from ._distributions import chi_squared_p, chi_squared_quantile, normal_p
from .logistic import deviance_of, find_limit, prepare

_STEPS = 500


@dataclass(frozen=True, slots=True)
class FirthLogistic:
    """A penalised logistic model; arrays have one entry per term, the intercept first and penalised too.

    Attributes
    ----------
    coefficient, std_err : log odds ratios and the inverse information's standard errors.
    std_err_augmented : from the data augmented by the penalty, as newer programs print it.
    estimate, low, high : odds ratios with penalised profile likelihood limits.
    chi_squared, p : penalised likelihood ratio tests; `p_wald` for comparison.
    likelihood_ratio, likelihood_ratio_df, likelihood_ratio_p : test that all slopes are zero.
    """

    terms: tuple[str, ...]
    coefficient: Floats
    std_err: Floats
    std_err_augmented: Floats
    estimate: Floats
    low: Floats
    high: Floats
    chi_squared: Floats
    p: Floats
    p_wald: Floats
    penalised_loglik: float
    likelihood_ratio: float
    likelihood_ratio_df: int
    likelihood_ratio_p: float
    n: int
    events: int
    level: float
    method: str = "logistic regression with Firth's penalty"
    reference: str = "Firth 1993; Heinze and Schemper 2002"

    def __str__(self) -> str:
        rows = "".join(
            f"\n  {name}: odds ratio {ratio:.4g} ({low:.4g} to {high:.4g}), p = {p:.3g}"
            for name, ratio, low, high, p in zip(
                self.terms[1:], self.estimate[1:], self.low[1:], self.high[1:], self.p[1:]
            )
        )
        return f"{self.method}, {self.n} rows, {self.events} events{rows}"


@dataclass(frozen=True, slots=True)
class _State:
    loglik: float
    score: Floats
    information: Floats
    augmented: Floats


def fit_firth_logistic(
    outcome: ArrayLike, x: ArrayLike, *, terms: Sequence[str] | None = None, level: float = 0.95
) -> FirthLogistic:
    """Logistic regression with Jeffreys's prior as penalty.

    Parameters
    ----------
    outcome : array_like of 0 and 1, shape (n,)
    x : array_like, shape (n, p) or (n,)
        Covariates; rows with a missing value are dropped.
    terms : sequence of str, optional
        Names of the columns.
    level : float
        Confidence of the profile limits.
    """
    drop = chi_squared_quantile(check_level(level)) / 2
    y, given, _, names = prepare(outcome, x, terms)
    # Columns of one size keep the steps, which are limited in length, from depending on units.
    scale = np.sqrt(np.mean(given**2, axis=0))
    design = given / scale
    size = design.shape[1]
    free = np.ones(size, dtype=bool)
    beta, best = _maximise(y, design, np.zeros(size), free)
    covariance = inverse(best.information)
    error = np.sqrt(np.diag(covariance))
    low, high, ratio = np.empty(size), np.empty(size), np.empty(size)
    for j in range(size):
        others = free.copy()
        others[j] = False

        def loss(value: float, j: int = j, others: Bools = others) -> float:
            start = beta.copy()
            start[j] = value
            return best.loglik - _maximise(y, design, start, others)[1].loglik

        def rise(value: float, loss: Callable[[float], float] = loss) -> float:
            return loss(value) - drop

        low[j] = find_limit(rise, float(beta[j]), -float(error[j]))
        high[j] = find_limit(rise, float(beta[j]), float(error[j]))
        ratio[j] = 2 * loss(0.0)
    intercept = np.zeros(size, dtype=bool)
    intercept[0] = True
    overall = 2 * (best.loglik - _maximise(y, design, np.zeros(size), intercept)[1].loglik)
    return FirthLogistic(
        terms=names,
        coefficient=beta / scale,
        std_err=error / scale,
        std_err_augmented=np.sqrt(np.diag(inverse(best.augmented))) / scale,
        estimate=np.exp(beta / scale),
        low=np.exp(low / scale),
        high=np.exp(high / scale),
        chi_squared=ratio,
        p=chi_squared_p(ratio, 1),
        p_wald=normal_p(beta / error),
        penalised_loglik=best.loglik + float(np.log(scale).sum()),
        likelihood_ratio=overall,
        likelihood_ratio_df=size - 1,
        likelihood_ratio_p=chi_squared_p(overall, size - 1),
        n=y.size,
        events=int(y.sum()),
        level=level,
    )


def _state(y: Floats, design: Floats, beta: Floats) -> _State:
    predictor = design @ beta
    mean = expit(predictor)
    weight = mean * (1 - mean)
    information = design.T @ (design * weight[:, None])
    sign, logdet = np.linalg.slogdet(information)
    if sign <= 0:
        return _State(-np.inf, np.zeros(beta.size), information, information)
    leverage = weight * np.einsum("ij,ij->i", design @ inverse(information), design)
    score = design.T @ (y - mean + leverage * (0.5 - mean))
    augmented = design.T @ (design * (weight * (1 + leverage))[:, None])
    return _State(-deviance_of(y, predictor) / 2 + 0.5 * float(logdet), score, information, augmented)


def _maximise(y: Floats, design: Floats, start: Floats, free: Bools) -> tuple[Floats, _State]:
    """Newton's steps in the free coefficients, none longer than 2, halved where the likelihood would fall."""
    beta, state = start.copy(), _state(y, design, start)
    if not free.any():
        return beta, state
    for _ in range(_STEPS):
        step = np.zeros(beta.size)
        # The plain information would overshoot up to twofold where one row carries a coefficient.
        step[free] = np.linalg.solve(state.augmented[np.ix_(free, free)], state.score[free])
        step *= min(1.0, 2 / max(float(np.abs(step).max()), 1e-300))
        following = _state(y, design, beta + step)
        while following.loglik < state.loglik - 1e-12 and np.abs(step).max() > 1e-11:
            step /= 2
            following = _state(y, design, beta + step)
        beta, state = beta + step, following
        if np.abs(step).max() < 1e-12:
            return beta, state
    if np.abs(state.score[free]).max() > 1e-6:
        raise StatisticsError("no-convergence", "x: the penalised fit did not converge", "scale the columns")
    return beta, state
