"""Firth's penalised Cox regression, for rare events and for groups without any.

The log partial likelihood (Breslow ties) gets half the log determinant of its information, Jeffreys' prior:
the estimate is always finite, and less biased. Intervals and tests come from the profile of the penalised
likelihood, which a Wald interval would misread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import (
    Floats,
    StatisticsError,
    as_events,
    as_matrix,
    as_times,
    complete_rows,
    inverse,
)
from ._distributions import chi_squared_p, chi_squared_quantile
from ._risk_sets import RiskSets, at_places, risk_sets
from .cox import ModelTest, model_test

_STEP = 1e-10
_MOST_STEPS = 60


@dataclass(frozen=True, slots=True)
class FirthCoxFit:
    """A Cox model with Firth's penalty; arrays have one entry per column, shape (p,).

    Attributes
    ----------
    coefficient, std_err : log hazard ratios and the root of the inverse information.
    estimate, low, high : hazard ratios with profile-penalised-likelihood intervals.
    statistic, p : penalised likelihood-ratio test of each column.
    overall : the test of all columns. loglik : penalised log likelihood, in the units of the columns.
    """

    terms: tuple[str, ...]
    coefficient: Floats
    std_err: Floats
    estimate: Floats
    low: Floats
    high: Floats
    statistic: Floats
    p: Floats
    overall: ModelTest
    loglik: float
    n: int
    events: int
    level: float
    method: str = "Cox regression with Firth's penalty (Breslow ties)"
    reference: str = "Firth 1993; Heinze & Schemper 2001"

    def __str__(self) -> str:
        rows = "".join(
            f"\n  {term}: hazard ratio {hr:.4g} ({low:.4g} to {high:.4g}), p = {p:.3g}"
            for term, hr, low, high, p in zip(self.terms, self.estimate, self.low, self.high, self.p)
        )
        return f"{self.method}, {self.n} rows, {self.events} events{rows}\n  overall {self.overall}"


@dataclass(frozen=True, slots=True)
class _Point:
    beta: Floats
    loglik: float
    score: Floats
    info: Floats


def fit_firth_cox(
    time: ArrayLike,
    event: ArrayLike,
    x: ArrayLike,
    *,
    terms: Sequence[str] | None = None,
    level: float = 0.95,
) -> FirthCoxFit:
    """Fit a Cox model with Firth's penalty.

    Parameters
    ----------
    time, event : shape (n,); x : covariates (n, p) or (n,). Incomplete rows are dropped.

    Raises
    ------
    StatisticsError
        If no event is left, or a column is constant or determined by others.
    """
    t, e, matrix = as_times(time), as_events(event), as_matrix(x, "x")
    keep = complete_rows(time=t, event=e, x=matrix)
    t, e, matrix = t[keep], e[keep], matrix[keep]
    p = matrix.shape[1]
    names = tuple(f"x{i + 1}" for i in range(p)) if terms is None else tuple(terms)
    if not (e == 1).any():
        raise StatisticsError("no-event", "no complete row has an event", "a Cox model needs events")
    scale = matrix.std(axis=0)
    if (scale == 0).any() or np.linalg.matrix_rank(
        (matrix - matrix.mean(axis=0)) / np.where(scale, scale, 1)
    ) < p:
        raise StatisticsError(
            "collinear", "x: a column is constant or determined by the others", "leave it out"
        )
    sets = risk_sets((matrix - matrix.mean(axis=0)) / scale, t, e, efron=False)
    best = _maximise(sets, np.zeros(p), np.ones(p, dtype=bool))
    std_err = np.sqrt(np.diag(inverse(best.info)))
    lows, highs, statistics = np.empty(p), np.empty(p), np.empty(p)
    for column in range(p):
        lows[column], highs[column] = _profile(sets, best, column, std_err[column], level)
        statistics[column] = 2 * (best.loglik - _held(sets, best, column, 0.0).loglik)
    null = _maximise(sets, np.zeros(p), np.zeros(p, dtype=bool))
    with np.errstate(over="ignore"):
        limits = np.exp(lows / scale), np.exp(highs / scale)
    return FirthCoxFit(
        names,
        best.beta / scale,
        std_err / scale,
        np.exp(best.beta / scale),
        *limits,
        statistics,
        chi_squared_p(statistics, np.ones(p)),
        model_test(2 * (best.loglik - null.loglik), p),
        best.loglik + float(np.log(scale).sum()),
        t.size,
        int(e.sum()),
        level,
    )


def _evaluate(sets: RiskSets, beta: Floats) -> _Point:
    """Penalised log likelihood and its score; information without the penalty.

    Its derivative by a coefficient is half the trace of the inverse information times the derivative
    of the information, which is the third central moment of the covariates over each risk set.
    """
    n, p = sets.x.shape
    eta = sets.x @ beta
    shift = eta.max()
    risk = np.exp(eta - shift)
    products = (sets.x[:, :, np.newaxis] * sets.x[:, np.newaxis, :]).reshape(n, p * p)
    total = at_places(sets, risk)
    mean = at_places(sets, risk[:, np.newaxis] * sets.x) / total[:, np.newaxis]
    second = (at_places(sets, risk[:, np.newaxis] * products) / total[:, np.newaxis]).reshape(-1, p, p)
    deaths = np.bincount(sets.place, minlength=total.size).astype(np.float64)
    info = np.tensordot(deaths, second - mean[:, :, np.newaxis] * mean[:, np.newaxis, :], 1)
    v = inverse(info)
    # Sum over the risk set of pi (c' V c) c for c = x - mean, written in raw moments of s = x' V x.
    s = np.einsum("ij,jk,ik->i", sets.x, v, sets.x)
    s0 = at_places(sets, risk * s) / total
    s1 = at_places(sets, (risk * s)[:, np.newaxis] * sets.x) / total[:, np.newaxis]
    vm = mean @ v
    mvm = np.einsum("ij,ij->i", vm, mean)
    cross = np.einsum("kij,kj->ki", second, vm)
    # sum pi (s - 2 x'Vm + m'Vm)(x - m): the terms in order.
    third = s1 - s0[:, np.newaxis] * mean - 2 * (cross - mvm[:, np.newaxis] * mean)
    gradient = sets.x[sets.dead].sum(axis=0) - deaths @ mean + deaths @ third / 2
    loglik = float(np.sum(eta[sets.dead] - shift) - deaths @ np.log(total))
    sign, logdet = np.linalg.slogdet(info)
    return _Point(beta, loglik + logdet / 2 if sign > 0 else -np.inf, gradient, info)


def _maximise(sets: RiskSets, start: Floats, free: np.ndarray) -> _Point:
    """Maximum over the free coefficients, the others staying where they start."""
    now = _evaluate(sets, start)
    if not free.any():
        return now
    for _ in range(_MOST_STEPS):
        step = np.zeros(start.size)
        step[free] = np.linalg.solve(_curvature(sets, now, free), now.score[free])
        step *= min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-300))
        following = _evaluate(sets, now.beta + step)
        while following.loglik < now.loglik - 1e-12 * (abs(now.loglik) + 1) and np.abs(step).max() > _STEP:
            step = step / 2
            following = _evaluate(sets, now.beta + step)
        now = following
        if np.abs(step).max() <= _STEP:
            return now
    raise StatisticsError(
        "not-converged", f"Firth's fit did not settle in {_MOST_STEPS} steps", "scale the columns"
    )


def _curvature(sets: RiskSets, now: _Point, free: np.ndarray) -> Floats:
    """Minus the second derivative of the penalised log likelihood, from differences of its exact score.

    The information alone is too flat where events are rare, and Newton's steps then swing around the maximum.
    """
    columns = []
    for column in np.flatnonzero(free):
        away = np.zeros(now.beta.size)
        away[column] = 1e-5
        difference = _evaluate(sets, now.beta - away).score - _evaluate(sets, now.beta + away).score
        columns.append(difference[free] / 2e-5)
    curvature: Floats = np.array(columns)
    curvature = (curvature + curvature.T) / 2
    if np.linalg.eigvalsh(curvature)[0] > 0:
        return curvature
    flat: Floats = now.info[np.ix_(free, free)]
    return flat


def _held(sets: RiskSets, best: _Point, column: int, value: float) -> _Point:
    free = np.ones(best.beta.size, dtype=bool)
    free[column] = False
    start = best.beta.copy()
    start[column] = value
    return _maximise(sets, start, free)


def _profile(sets: RiskSets, best: _Point, column: int, std_err: float, level: float) -> tuple[float, float]:
    from scipy.optimize import brentq

    loss = chi_squared_quantile(level) / 2

    def lost(value: float) -> float:
        return best.loglik - _held(sets, best, column, value).loglik - loss

    limits = []
    for side in (-1, 1):
        far = next(
            (
                b
                for b in (best.beta[column] + side * std_err * k for k in (1, 2, 3, 5, 8, 13, 21))
                if lost(b) > 0
            ),
            None,
        )
        limits.append(
            side * np.inf if far is None else float(brentq(lost, best.beta[column], far, xtol=1e-12))
        )
    return limits[0], limits[1]
