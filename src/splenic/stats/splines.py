"""Effect of a continuous marker in a Cox model as a smooth curve: regression and penalised splines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import (
    Floats,
    StatisticsError,
    as_events,
    as_matrix,
    as_numbers,
    as_times,
    check_choice,
    complete_rows,
    inverse,
)
from ._distributions import chi_squared_p, normal_width
from ._newton import Evaluation, maximise
from ._risk_sets import information, moments, risk_sets, score
from ._spline_bases import EvenBSplines, NaturalCubic, RestrictedCubic, natural_cubic, restricted_cubic
from .cox import CoxFit, ModelTest, fit_cox, model_test
from .cox_inference import compare_nested


@dataclass(frozen=True, slots=True)
class EffectCurve:
    """Hazard ratios of marker values against a reference value, each of shape (q,)."""

    x: Floats
    reference_value: float
    log_hazard_ratio: Floats
    std_err: Floats
    estimate: Floats
    low: Floats
    high: Floats
    level: float

    def __str__(self) -> str:
        rows = zip(self.x, self.estimate, self.low, self.high)
        lines = "".join(f"\n  {x:g}: {hr:.3g} ({low:.3g} to {high:.3g})" for x, hr, low, high in rows)
        return f"hazard ratio against {self.reference_value:g}{lines}"


@dataclass(frozen=True, slots=True)
class SplineEffect:
    """A marker as a regression spline; the first columns of `fit` are the spline's."""

    fit: CoxFit
    linear: CoxFit
    basis: RestrictedCubic | NaturalCubic
    nonlinear_lr: ModelTest
    nonlinear_wald: ModelTest | None
    curve: EffectCurve
    method: str
    reference: str = "Harrell 2015; Hastie 1992"

    def __str__(self) -> str:
        return f"{self.method}: departure from a straight line {self.nonlinear_lr}\n{self.curve}"


@dataclass(frozen=True, slots=True)
class PenalisedSplineEffect:
    """A marker as a penalised spline.

    Attributes
    ----------
    df : effective degrees of freedom. smoothing : weight of the penalty (theta / (1 - theta) in R).
    loglik : log partial likelihood, without the penalty. linear_slope, linear_std_err : the straight part.
    linear, nonlinear : approximate Wald tests; nonlinear_df : effective degrees of freedom less one.
    """

    df: float
    smoothing: float
    loglik: float
    loglik_null: float
    linear_slope: float
    linear_std_err: float
    linear: ModelTest
    nonlinear_statistic: float
    nonlinear_df: float
    nonlinear_p: float
    coefficient: Floats
    covariance: Floats
    basis: EvenBSplines
    curve: EffectCurve
    n: int
    events: int
    method: str = "penalised spline"
    reference: str = "Eilers & Marx 1996; Gray 1992; Therneau & Grambsch 2000"

    def __str__(self) -> str:
        bent = f"{self.nonlinear_statistic:.3f} on {self.nonlinear_df:.2f} df, p = {self.nonlinear_p:.3g}"
        return (
            f"{self.method} ({self.df:.2f} df): straight {self.linear}; bent chi-squared {bent}\n{self.curve}"
        )


def fit_cox_spline(
    time: ArrayLike,
    event: ArrayLike,
    x: ArrayLike,
    *,
    adjust: ArrayLike | None = None,
    kind: Literal["restricted-cubic", "natural"] = "restricted-cubic",
    knots: int = 4,
    df: int = 3,
    grid: ArrayLike | None = None,
    reference_value: float | None = None,
    level: float = 0.95,
) -> SplineEffect:
    """Cox model with a marker as a regression spline, and the test of its departure from a straight line.

    Parameters
    ----------
    time, event, x : shape (n,). adjust : further covariates (n, p). Incomplete rows are dropped.
    kind : ``restricted-cubic`` has 3 to 7 `knots` at Harrell's shares; ``natural`` has `df` columns.
    grid : values at which the curve is given; 100 between the 1st and 99th percentile if not given.
    reference_value : the value with hazard ratio 1; the median if not given.
    """
    check_choice(kind, ("restricted-cubic", "natural"), "kind")
    t, e, marker, others = _columns(time, event, x, adjust)
    basis = restricted_cubic(marker, knots) if kind == "restricted-cubic" else natural_cubic(marker, df)
    columns = basis.columns(marker)
    k = columns.shape[1]
    names = [f"spline {i + 1}" for i in range(k)]
    rest = [f"adjust {i + 1}" for i in range(others.shape[1])]
    fit = fit_cox(t, e, np.column_stack([columns, others]), terms=[*names, *rest], level=level)
    linear = fit_cox(t, e, np.column_stack([marker, others]), terms=["x", *rest], level=level)
    wald = None
    if kind == "restricted-cubic":
        bent, v = fit.coefficient[1:k], fit.covariance[1:k, 1:k]
        wald = model_test(float(bent @ np.linalg.solve(v, bent)), k - 1)
    curve = _curve(basis, fit.coefficient[:k], fit.covariance[:k, :k], marker, grid, reference_value, level)
    name = (
        f"restricted cubic spline, {knots} knots"
        if kind == "restricted-cubic"
        else f"natural spline, {df} df"
    )
    lr = compare_nested(linear, fit)
    return SplineEffect(fit, linear, basis, lr, wald, curve, name)


def fit_cox_penalised_spline(
    time: ArrayLike,
    event: ArrayLike,
    x: ArrayLike,
    *,
    df: float = 4.0,
    segments: int | None = None,
    grid: ArrayLike | None = None,
    reference_value: float | None = None,
    level: float = 0.95,
) -> PenalisedSplineEffect:
    """Cox model (Efron ties) with a marker as a penalised spline of given effective degrees of freedom.

    R's ``pspline`` stops its search within 0.1 of the degrees of freedom asked for; here they are met.

    Parameters
    ----------
    df : effective degrees of freedom, above 1.
    segments : pieces between the ends of the data; 2.5 times `df` if not given.
    """
    t, e, marker, _ = _columns(time, event, x, None)
    pieces = round(2.5 * df) if segments is None else segments
    if not 1 < df < pieces + 2:
        raise StatisticsError("bad-option", f"df: between 1 and {pieces + 2} are possible, got {df:g}")
    basis = EvenBSplines((float(marker.min()), float(marker.max())), pieces)
    columns = basis.columns(marker)
    sets = risk_sets(columns - columns.mean(axis=0), t, e)
    penalty = basis.penalty()

    def penalised(weight: float) -> tuple[Floats, Floats, float]:
        def evaluate(beta: Floats) -> Evaluation:
            now, pull = moments(sets, beta), weight * penalty
            loglik = now.loglik - float(beta @ pull @ beta) / 2
            return loglik, score(sets, now) - pull @ beta, information(sets, now) + pull

        beta = maximise(evaluate, np.zeros(pieces + 2))[0]
        now = moments(sets, beta)
        return beta, information(sets, now), now.loglik

    weight = _weight_for(df, lambda theta: _effective_df(penalised(theta)[1], theta * penalty))
    beta, info, loglik = penalised(weight)
    covariance = inverse(info + weight * penalty)
    slope, std_err, whole = _straight_part(basis.centres, beta, covariance)
    straight = (slope / std_err) ** 2
    null = moments(sets, np.zeros(pieces + 2)).loglik
    curve = _curve(basis, beta, covariance, marker, grid, reference_value, level)
    reached = _effective_df(info, weight * penalty)
    p = chi_squared_p(whole - straight, max(0.5, reached - 1))
    return PenalisedSplineEffect(
        reached,
        weight,
        loglik,
        null,
        slope,
        std_err,
        model_test(straight, 1),
        whole - straight,
        reached - 1,
        p,
        beta,
        covariance,
        basis,
        curve,
        t.size,
        int(e.sum()),
    )


def _weight_for(df: float, effective: Callable[[float], float]) -> float:
    """Weight of the penalty at which the effective degrees of freedom are as asked for."""
    from scipy.optimize import brentq

    def excess(theta: float) -> float:
        return effective(theta / (1 - theta)) - df

    theta = float(brentq(excess, 1e-8, 1 - 1e-8, xtol=1e-14, rtol=1e-13))
    return theta / (1 - theta)


def _effective_df(info: Floats, pull: Floats) -> float:
    return float(np.trace(np.linalg.solve(info + pull, info)))


def _straight_part(centres: Floats, beta: Floats, covariance: Floats) -> tuple[float, float, float]:
    """Slope of the coefficients on their columns' centres with its standard error, and the test of all."""
    precision = inverse(covariance)
    design = np.column_stack([np.ones_like(centres), centres])
    weights = np.linalg.solve(design.T @ precision @ design, design.T @ precision)[1]
    std_err = float(np.sqrt(weights @ covariance @ weights))
    return float(weights @ beta), std_err, float(beta @ precision @ beta)


def _curve(
    basis: RestrictedCubic | NaturalCubic | EvenBSplines,
    coefficient: Floats,
    covariance: Floats,
    marker: Floats,
    grid: ArrayLike | None,
    reference_value: float | None,
    level: float,
) -> EffectCurve:
    ends = np.quantile(marker, (0.01, 0.99))
    at = np.linspace(ends[0], ends[1], 100) if grid is None else as_numbers(grid, "grid")
    zero = float(np.median(marker)) if reference_value is None else float(reference_value)
    away = basis.columns(at) - basis.columns(np.array([zero]))
    log_hr = away @ coefficient
    std_err = np.sqrt(np.einsum("ij,jk,ik->i", away, covariance, away))
    width = normal_width(level) * std_err
    return EffectCurve(
        at, zero, log_hr, std_err, np.exp(log_hr), np.exp(log_hr - width), np.exp(log_hr + width), level
    )


def _columns(
    time: ArrayLike, event: ArrayLike, x: ArrayLike, adjust: ArrayLike | None
) -> tuple[Floats, Floats, Floats, Floats]:
    t, e, marker = as_times(time), as_events(event), as_numbers(x, "x")
    others = np.empty((t.size, 0)) if adjust is None else as_matrix(adjust, "adjust")
    keep = complete_rows(time=t, event=e, x=marker, adjust=others)
    if np.unique(marker[keep]).size < 4:
        raise StatisticsError("constant-column", "x: a spline needs at least four different values")
    return t[keep], e[keep], marker[keep], others[keep]
