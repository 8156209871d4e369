"""Cox regression: ties by Efron, Breslow or exactly; strata, delayed entry, weights, robust variance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import (
    Floats,
    Ints,
    StatisticsError,
    as_events,
    as_labels,
    as_matrix,
    as_numbers,
    as_times,
    check_choice,
    complete_rows,
    inverse,
    sum_by_place,
)
from ._distributions import chi_squared_p, normal_p, normal_width
from ._exact_ties import exact_likelihood
from ._newton import Evaluation, maximise
from ._risk_sets import RiskSets, information, moments, risk_sets, score, score_residuals

Ties = Literal["efron", "breslow", "exact"]


@dataclass(frozen=True, slots=True)
class ModelTest:
    """A chi-squared statistic with its degrees of freedom and p."""

    statistic: float
    df: int
    p: float

    def __str__(self) -> str:
        return f"chi-squared {self.statistic:.3f} on {self.df} df, p = {self.p:.3g}"


@dataclass(frozen=True, slots=True)
class CoxData:
    """The complete rows of a fit: covariates (n, p), the others (n,); `rows` are positions in the input."""

    x: Floats
    time: Floats
    event: Floats
    entry: Floats | None
    stratum: Ints
    strata: tuple[object, ...]
    weight: Floats
    offset: Floats
    rows: Ints


@dataclass(frozen=True, slots=True)
class CoxFit:
    """A fitted Cox model; arrays have one entry per column of the covariates, shape (p,).

    Attributes
    ----------
    coefficient, std_err, z, p : log hazard ratios with Wald tests; robust where asked for.
    estimate, low, high : hazard ratios with Wald intervals.
    covariance, covariance_naive : of the coefficients, as used, and without the robust correction.
    likelihood_ratio, wald, score : tests that all coefficients are zero. robust_score : None unless robust.
    infinite : columns whose estimate runs off to infinity (see `fit_firth_cox`).
    """

    terms: tuple[str, ...]
    coefficient: Floats
    std_err: Floats
    estimate: Floats
    low: Floats
    high: Floats
    z: Floats
    p: Floats
    covariance: Floats
    covariance_naive: Floats
    loglik_null: float
    loglik: float
    likelihood_ratio: ModelTest
    wald: ModelTest
    score: ModelTest
    robust_score: ModelTest | None
    n: int
    events: int
    ties: Ties
    level: float
    infinite: tuple[str, ...]
    data: CoxData
    method: str = "Cox regression"
    reference: str = "Cox 1972; Efron 1977; Lin & Wei 1989"

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return -2 * self.loglik + 2 * len(self.terms)

    @property
    def bic(self) -> float:
        """Schwarz's criterion with the number of events (Volinsky & Raftery 2000)."""
        return -2 * self.loglik + float(np.log(self.events)) * len(self.terms)

    def __str__(self) -> str:
        head = f"{self.method} ({self.ties} ties), {self.n} rows, {self.events} events"
        rows = "".join(
            f"\n  {term}: hazard ratio {hr:.4g} ({low:.4g} to {high:.4g}), p = {p:.3g}"
            for term, hr, low, high, p in zip(self.terms, self.estimate, self.low, self.high, self.p)
        )
        endless = f"\n  no finite estimate: {', '.join(self.infinite)}" if self.infinite else ""
        return f"{head}{rows}{endless}\n  likelihood ratio {self.likelihood_ratio}"


def fit_cox(
    time: ArrayLike,
    event: ArrayLike,
    x: ArrayLike,
    *,
    terms: Sequence[str] | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    robust: bool = False,
    ties: Ties = "efron",
    level: float = 0.95,
) -> CoxFit:
    """Fit a Cox proportional hazards model.

    Parameters
    ----------
    time, event : shape (n,). Rows with a missing value in any used column are dropped.
    x : covariates, shape (n, p) or (n,).
    terms : names of the columns; x1, x2, ... if not given.
    entry : start of a row's time at risk (delayed entry, or a row per period of a patient); a row is at risk
        in (entry, time].
    strata : each has its own baseline hazard.
    weights : of the rows in the likelihood; not for exact ties.
    cluster : rows that belong together, for the robust variance. robust : rows are their own clusters.

    Raises
    ------
    StatisticsError
        If no event is left, or a column is constant or determined by others.

    Examples
    --------
    >>> fit = fit_cox([5, 8, 1, 6, 9, 3], [1, 1, 1, 0, 1, 1], [0, 0, 1, 1, 0, 1], terms=["sv_high"])
    >>> print(fit)
    Cox regression (efron ties), 6 rows, 5 events
      sv_high: hazard ratio 3.411 (0.2924 to 39.81), p = 0.328
      likelihood ratio chi-squared 1.032 on 1 df, p = 0.31
    """
    check_choice(ties, ("efron", "breslow", "exact"), "ties")
    data, groups = _columns(time, event, x, entry, strata, weights, offset, cluster)
    if ties == "exact" and (entry is not None or weights is not None):
        raise StatisticsError(
            "bad-option", "ties: exact ties allow neither delayed entry nor weights", "use efron"
        )
    names = _names(terms, data.x.shape[1])
    centre, scale = data.x.mean(axis=0), data.x.std(axis=0)
    _refuse_constant(scale, centre, names)
    sets = model_sets(data, ties, (data.x - centre) / scale)
    evaluate = evaluator(sets, ties)
    null = evaluate(np.zeros(len(names)))
    _refuse_collinear(null[2], names)
    beta, (loglik, _, info), converged = maximise(evaluate, np.zeros(len(names)))
    endless: tuple[str, ...] = ()
    if not converged:
        far = np.abs(beta) >= min(5.0, np.abs(beta).max())
        endless = tuple(name for name, runs_off in zip(names, far) if runs_off)
        # Far out the likelihood is flat: a trace of curvature leaves the standard error huge, not undefined.
        info = info + 1e-12 * np.eye(len(names))
    naive = inverse(info)
    covariance, robust_score = naive, None
    if robust or cluster is not None:
        if ties == "exact":
            raise StatisticsError("bad-option", "robust: exact ties have no robust variance", "use efron")
        covariance, robust_score = _robust(sets, beta, naive, groups)
    score_test = _test(null[1], null[2])
    wald = _test(beta, covariance)
    units = np.outer(scale, scale)
    return _result(
        names,
        beta / scale,
        covariance / units,
        naive / units,
        null[0],
        loglik,
        wald,
        score_test,
        robust_score,
        data,
        ties,
        level,
        endless,
    )


def model_test(statistic: float, df: int) -> ModelTest:
    """A chi-squared test from its statistic."""
    return ModelTest(statistic, df, chi_squared_p(statistic, df))


def evaluator(sets: RiskSets, ties: Ties) -> Callable[[Floats], Evaluation]:
    """The function that gives log likelihood, score and information at coefficients."""
    if ties == "exact":
        return lambda beta: exact_likelihood(sets, beta)

    def evaluate(beta: Floats) -> Evaluation:
        now = moments(sets, beta)
        return now.loglik, score(sets, now), information(sets, now)

    return evaluate


def model_sets(data: CoxData, ties: Ties, x: Floats | None = None, offset: Floats | None = None) -> RiskSets:
    """Risk sets of a fit's rows, with its own covariates and offset or others."""
    return risk_sets(
        data.x if x is None else x,
        data.time,
        data.event,
        entry=data.entry,
        stratum=data.stratum,
        weight=data.weight,
        offset=data.offset if offset is None else offset,
        efron=ties == "efron",
    )


def _robust(sets: RiskSets, beta: Floats, naive: Floats, groups: Ints) -> tuple[Floats, ModelTest]:
    """Sandwich variance from the score residuals summed by cluster, and the score test of the same kind."""

    def summed(at: Floats) -> Floats:
        residuals = score_residuals(sets, moments(sets, at)) * sets.weight[:, np.newaxis]
        size = int(groups.max()) + 1
        columns = [sum_by_place(groups, column, size) for column in residuals.T]
        return np.column_stack(columns).astype(np.float64)

    here, null = summed(beta) @ naive, summed(np.zeros(beta.size))
    test = _test(null.sum(axis=0), null.T @ null)
    return here.T @ here, test


def _test(u: Floats, info: Floats) -> ModelTest:
    """Quadratic form; columns determined by earlier ones (a variance from too few clusters) add nothing."""
    used: list[int] = []
    for column in range(u.size):
        if _share_unexplained(info, column, used) > 1e-10:
            used.append(column)
    return model_test(float(u[used] @ np.linalg.solve(info[np.ix_(used, used)], u[used])), u.size)


def _result(
    names: tuple[str, ...],
    beta: Floats,
    covariance: Floats,
    naive: Floats,
    loglik_null: float,
    loglik: float,
    wald: ModelTest,
    score_test: ModelTest,
    robust_score: ModelTest | None,
    data: CoxData,
    ties: Ties,
    level: float,
    endless: tuple[str, ...],
) -> CoxFit:
    std_err, width = np.sqrt(np.diag(covariance)), normal_width(level)
    z = beta / std_err
    lr = model_test(2 * (loglik - loglik_null), len(names))
    with np.errstate(over="ignore"):
        low, high = np.exp(beta - width * std_err), np.exp(beta + width * std_err)
    return CoxFit(
        names,
        beta,
        std_err,
        np.exp(beta),
        low,
        high,
        z,
        normal_p(z),
        covariance,
        naive,
        loglik_null,
        loglik,
        lr,
        wald,
        score_test,
        robust_score,
        data.time.size,
        int(data.event.sum()),
        ties,
        level,
        endless,
        data,
    )


def _columns(
    time: ArrayLike,
    event: ArrayLike,
    x: ArrayLike,
    entry: ArrayLike | None,
    strata: ArrayLike | None,
    weights: ArrayLike | None,
    offset: ArrayLike | None,
    cluster: ArrayLike | None,
) -> tuple[CoxData, Ints]:
    t, e, matrix = as_times(time), as_events(event), as_matrix(x, "x")
    start = None if entry is None else as_numbers(entry, "entry")
    by = None if strata is None else as_labels(strata, "strata")
    w = np.ones(t.size) if weights is None else as_times(weights, "weights")
    off = np.zeros(t.size) if offset is None else as_numbers(offset, "offset")
    groups = np.arange(float(t.size)) if cluster is None else as_labels(cluster, "cluster").codes
    stratum = None if by is None else by.codes
    keep = complete_rows(
        time=t, event=e, x=matrix, entry=start, strata=stratum, weights=w, offset=off, cluster=groups
    )
    keep &= w > 0
    if not (e[keep] == 1).any():
        raise StatisticsError("no-event", "no complete row has an event", "a Cox model needs events")
    if start is not None and (start[keep] >= t[keep]).any():
        raise StatisticsError("late-entry", "entry: a row enters at or after its time", "correct the dates")
    used = np.zeros(int(keep.sum())) if stratum is None else stratum[keep]
    found, codes = np.unique(used, return_inverse=True)
    labels = (None,) if by is None else tuple(by.levels[int(code)] for code in found)
    data = CoxData(
        matrix[keep],
        t[keep],
        e[keep],
        None if start is None else start[keep],
        codes.astype(np.intp),
        labels,
        w[keep],
        off[keep],
        np.flatnonzero(keep),
    )
    return data, np.unique(groups[keep], return_inverse=True)[1].astype(np.intp)


def _names(terms: Sequence[str] | None, p: int) -> tuple[str, ...]:
    names = tuple(f"x{index + 1}" for index in range(p)) if terms is None else tuple(terms)
    if len(names) != p:
        raise StatisticsError("bad-shape", f"terms: {p} columns need {p} names, got {len(names)}")
    return names


def _refuse_constant(scale: Floats, centre: Floats, names: tuple[str, ...]) -> None:
    constant = scale <= 1e-12 * np.maximum(np.abs(centre), 1e-300)
    if constant.any():
        name = names[int(np.flatnonzero(constant)[0])]
        raise StatisticsError(
            "constant-column", f"{name}: the column has one value in all rows", "leave it out"
        )


def _share_unexplained(matrix: Floats, column: int, others: list[int]) -> float:
    """Share of a diagonal element of a positive matrix that the other columns leave over."""
    total = float(matrix[column, column])
    if not others or total <= 0:
        return 1.0 if total > 0 else 0.0
    cross = matrix[column, others]
    return 1 - float(cross @ np.linalg.solve(matrix[np.ix_(others, others)], cross)) / total


def _refuse_collinear(info: Floats, names: tuple[str, ...]) -> None:
    for column in range(len(names)):
        if _share_unexplained(info, column, list(range(column))) <= 1e-10:
            raise StatisticsError(
                "collinear", f"{names[column]}: the column is determined by the others", "leave it out"
            )
