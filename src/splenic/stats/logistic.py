"""Logistic regression: Wald and profile intervals, explained variation, goodness of fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from ._arrays import (
    Floats,
    StatisticsError,
    as_events,
    as_matrix,
    check_level,
    complete_rows,
    inverse,
    sum_by_place,
)
from ._distributions import chi_squared_p, chi_squared_quantile, normal_p, normal_width

#: Newton steps; a fit that exists needs fewer than ten.
_STEPS = 100


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """A fitted logistic model; arrays have one entry per term, the intercept first.

    Attributes
    ----------
    coefficient, std_err, z, p : log odds ratios with Wald tests.
    estimate, low, high : odds ratios with Wald intervals.
    covariance : of the coefficients.
    fitted : ndarray, shape (n,). Predicted probabilities of the rows that were used.
    likelihood_ratio, likelihood_ratio_df, likelihood_ratio_p : test that all slopes are zero.
    """

    terms: tuple[str, ...]
    coefficient: Floats
    std_err: Floats
    z: Floats
    p: Floats
    estimate: Floats
    low: Floats
    high: Floats
    covariance: Floats
    fitted: Floats
    outcome: Floats
    design: Floats
    deviance: float
    null_deviance: float
    likelihood_ratio: float
    likelihood_ratio_df: int
    likelihood_ratio_p: float
    n: int
    events: int
    level: float
    method: str = "logistic regression"
    reference: str = "Cox 1958"

    @property
    def loglik(self) -> float:
        """Log-likelihood."""
        return -self.deviance / 2

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return self.deviance + 2 * self.coefficient.size

    @property
    def bic(self) -> float:
        """Schwarz's criterion."""
        return self.deviance + float(np.log(self.n)) * self.coefficient.size

    @property
    def brier(self) -> float:
        """Mean squared distance of the predicted probabilities from the outcomes."""
        return float(np.mean((self.fitted - self.outcome) ** 2))

    @property
    def r2_mcfadden(self) -> float:
        """Share of the deviance explained (McFadden 1974)."""
        return 1 - self.deviance / self.null_deviance

    @property
    def r2_cox_snell(self) -> float:
        """Likelihood R2 (Cox and Snell 1989)."""
        return float(1 - np.exp((self.deviance - self.null_deviance) / self.n))

    @property
    def r2_nagelkerke(self) -> float:
        """Cox and Snell's, scaled to reach 1 (Nagelkerke 1991)."""
        return self.r2_cox_snell / float(1 - np.exp(-self.null_deviance / self.n))

    @property
    def r2_tjur(self) -> float:
        """Difference of the mean prediction in cases and controls (Tjur 2009)."""
        cases = self.outcome == 1
        return float(self.fitted[cases].mean() - self.fitted[~cases].mean())

    def predict(self, x: ArrayLike) -> Floats:
        """Predicted probabilities of new rows, shape (m,)."""
        rows = as_matrix(x, "x")
        if rows.shape[1] != self.coefficient.size - 1:
            raise StatisticsError(
                "bad-shape", f"x: {self.coefficient.size - 1} columns are needed, got {rows.shape[1]}"
            )
        return np.asarray(expit(self.coefficient[0] + rows @ self.coefficient[1:]), dtype=np.float64)

    def __str__(self) -> str:
        rows = "".join(
            f"\n  {name}: odds ratio {ratio:.4g} ({low:.4g} to {high:.4g}), p = {p:.3g}"
            for name, ratio, low, high, p in zip(
                self.terms[1:], self.estimate[1:], self.low[1:], self.high[1:], self.p[1:]
            )
        )
        return f"{self.method}, {self.n} rows, {self.events} events{rows}"


@dataclass(frozen=True, slots=True)
class HosmerLemeshow:
    """Observed against expected events in groups of similar predictions.

    With fewer than three groups the test does not exist and ``p`` is NaN.
    """

    statistic: float
    df: int
    p: float
    n: Floats
    observed: Floats
    expected: Floats
    method: str = "Hosmer-Lemeshow test"
    reference: str = "Hosmer and Lemeshow 1980"

    def __str__(self) -> str:
        return f"{self.method}: {self.statistic:.3f} on {self.df} df, p = {self.p:.3g}, {self.n.size} groups"


def fit_logistic(
    outcome: ArrayLike,
    x: ArrayLike,
    *,
    terms: Sequence[str] | None = None,
    offset: ArrayLike | None = None,
    level: float = 0.95,
) -> LogisticFit:
    """Maximum likelihood logistic regression with an intercept.

    Parameters
    ----------
    outcome : array_like of 0 and 1, shape (n,)
    x : array_like, shape (n, p) or (n,)
        Covariates; rows with a missing value are dropped. ``p`` may be 0.
    terms : sequence of str, optional
        Names of the columns; x1, x2, ... if not given.
    offset : array_like, shape (n,), optional
        Added to the linear predictor.
    level : float
        Confidence of the intervals.

    Raises
    ------
    StatisticsError
        A column is constant or determined by others, or the outcome is separated (use `fit_firth_logistic`).
    """
    z = normal_width(level)
    y, design, shift, names = prepare(outcome, x, terms, offset)
    coefficient, deviance = maximise(y, design, shift)
    fitted = expit(design @ coefficient + shift)
    covariance, error = _covariance(design, fitted, coefficient)
    _, null = maximise(y, design[:, :1], shift)
    ratio, df = null - deviance, design.shape[1] - 1
    return LogisticFit(
        terms=names,
        coefficient=coefficient,
        std_err=error,
        z=coefficient / error,
        p=normal_p(coefficient / error),
        estimate=np.exp(coefficient),
        low=np.exp(coefficient - z * error),
        high=np.exp(coefficient + z * error),
        covariance=covariance,
        fitted=fitted,
        outcome=y,
        design=design,
        deviance=deviance,
        null_deviance=null,
        likelihood_ratio=ratio,
        likelihood_ratio_df=df,
        likelihood_ratio_p=chi_squared_p(ratio, df),
        n=y.size,
        events=int(y.sum()),
        level=level,
    )


def profile_intervals(fit: LogisticFit, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Limits of the odds ratios at which twice the log-likelihood drops by the chi-squared quantile.

    Found as roots, not by interpolation; the fit must have been made without an offset.
    """
    drop = chi_squared_quantile(check_level(level))
    low, high = np.empty(fit.coefficient.size), np.empty(fit.coefficient.size)
    for j in range(fit.coefficient.size):
        rest, column = np.delete(fit.design, j, axis=1), fit.design[:, j]

        def rise(value: float, rest: Floats = rest, column: Floats = column) -> float:
            return maximise(fit.outcome, rest, value * column)[1] - fit.deviance - drop

        low[j] = find_limit(rise, float(fit.coefficient[j]), -float(fit.std_err[j]))
        high[j] = find_limit(rise, float(fit.coefficient[j]), float(fit.std_err[j]))
    return np.exp(low), np.exp(high)


def find_limit(rise: Callable[[float], float], start: float, step: float) -> float:
    """Root of ``rise`` beyond ``start`` in the direction of ``step``; infinite if it never gets there."""
    from scipy.optimize import brentq

    inner, outer = start, start + 2 * step
    for _ in range(30):
        if rise(outer) > 0:
            return float(brentq(rise, inner, outer, xtol=1e-13, rtol=1e-14))
        inner, outer, step = outer, outer + 2 * step, 2 * step
    return np.inf if step > 0 else -np.inf


def hosmer_lemeshow(outcome: ArrayLike, risk: ArrayLike, *, groups: int = 10) -> HosmerLemeshow:
    """Hosmer and Lemeshow's test.

    Groups are cut at type 7 quantiles of the predictions, limits belong to the lower group, equal limits are
    merged.
    """
    y, p = as_events(outcome, "outcome"), np.asarray(risk, dtype=np.float64)
    kept = complete_rows(outcome=y, risk=p)
    y, p = y[kept], p[kept]
    limits = np.unique(np.quantile(p, np.linspace(0, 1, groups + 1)))
    place = np.clip(np.searchsorted(limits, p, side="left") - 1, 0, max(0, limits.size - 2))
    n, observed, expected = (sum_by_place(place, w, limits.size) for w in (np.ones(p.size), y, p))
    filled = n > 0
    n, observed, expected = n[filled], observed[filled], expected[filled]
    statistic = float(
        np.sum((observed - expected) ** 2 / expected + (observed - expected) ** 2 / (n - expected))
    )
    df = n.size - 2
    return HosmerLemeshow(
        statistic, df, chi_squared_p(statistic, df) if df > 0 else np.nan, n, observed, expected
    )


def prepare(
    outcome: ArrayLike, x: ArrayLike, terms: Sequence[str] | None, offset: ArrayLike | None = None
) -> tuple[Floats, Floats, Floats, tuple[str, ...]]:
    """Complete rows: outcome (n,), design with intercept (n, p + 1), offset (n,), names of the terms."""
    y, columns = as_events(outcome, "outcome"), as_matrix(x, "x")
    shift = np.zeros(y.size) if offset is None else np.asarray(offset, dtype=np.float64)
    kept = complete_rows(outcome=y, x=columns, offset=shift)
    y, columns, shift = y[kept], columns[kept], shift[kept]
    names = tuple(terms) if terms is not None else tuple(f"x{k + 1}" for k in range(columns.shape[1]))
    if len(names) != columns.shape[1]:
        raise StatisticsError("bad-shape", f"terms: {len(names)} names for {columns.shape[1]} columns")
    if not 0 < y.sum() < y.size:
        raise StatisticsError("empty-group", "outcome: a logistic model needs cases and controls")
    design = np.column_stack([np.ones(y.size), columns])
    _refuse_collinear(design, names)
    return y, design, shift, ("(Intercept)", *names)


def _refuse_collinear(design: Floats, names: tuple[str, ...]) -> None:
    for k, name in enumerate(names, start=1):
        column = design[:, k]
        left = column - design[:, :k] @ np.linalg.lstsq(design[:, :k], column, rcond=None)[0]
        if float(left @ left) <= 1e-20 * max(float(column @ column), 1e-300):
            raise StatisticsError(
                "collinear",
                f"x: the column {name} is constant or determined by the columns before it",
                "leave it out",
            )


def _covariance(design: Floats, fitted: Floats, coefficient: Floats) -> tuple[Floats, Floats]:
    """Inverse information and standard errors.

    The likelihood of separated data has no maximum: the steps stop at a large coefficient whose standard
    error dwarfs it, or where nothing is left of the information.
    """
    separation = StatisticsError(
        "separation",
        "x: a combination of the columns separates cases from controls, so the estimates are infinite",
        "use Firth's penalty (fit_firth_logistic)",
    )
    try:
        covariance = inverse(design.T @ (design * (fitted * (1 - fitted))[:, None]))
    except np.linalg.LinAlgError:
        raise separation from None
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.diag(covariance))
    size = np.abs(coefficient) * np.sqrt(np.mean(design**2, axis=0))
    if not np.isfinite(error).all() or ((size > 5) & (error > 10 * np.abs(coefficient))).any():
        raise separation
    return covariance, np.asarray(error, dtype=np.float64)


def maximise(y: Floats, design: Floats, offset: Floats) -> tuple[Floats, float]:
    """Coefficients of largest likelihood and the deviance, by Newton's steps, halved where it would rise."""
    beta = np.zeros(design.shape[1])
    if design.shape[1] == 0:
        return beta, deviance_of(y, offset)
    current = deviance_of(y, offset)
    for _ in range(_STEPS):
        mean = expit(design @ beta + offset)
        information = design.T @ (design * (mean * (1 - mean))[:, None])
        score = design.T @ (y - mean)
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            break
        following = deviance_of(y, design @ (beta + step) + offset)
        while not following <= current + 1e-9 * abs(current) and np.abs(step).max() > 1e-12:
            step = step / 2
            following = deviance_of(y, design @ (beta + step) + offset)
        beta, current = beta + step, following
        # The decrement bounds what is left to gain; rounding keeps it from reaching 0.
        if float(step @ score) < 1e-18 * max(1.0, current):
            break
    return beta, current


def deviance_of(y: Floats, predictor: Floats) -> float:
    """Twice the negative log-likelihood of a linear predictor."""
    return float(2 * np.sum(np.logaddexp(0, np.where(y == 1, -predictor, predictor))))
