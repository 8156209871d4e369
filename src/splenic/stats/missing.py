"""Missing values: multiple imputation by chained equations, and the rules that pool its results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc, stdtr, stdtrit

from ._arrays import Floats, StatisticsError, as_matrix, as_numbers, check_level
from ._distributions import normal_p, normal_width


@dataclass(frozen=True, slots=True)
class Pooled:
    """One quantity pooled over completed data sets.

    Attributes
    ----------
    estimate, low, high, p : pooled estimate with its t interval and test of 0, on `df`.
    std_err, total : pooled standard error, and variance: `within` + (1 + 1/m) `between`.
    riv : relative increase in variance. lambda_ : share of the variance that is due to the missing values.
    fmi : fraction of missing information.
    df_rubin_1987, df_complete : Rubin's first degrees of freedom, and those of the complete data.
    df : Barnard and Rubin's, never more than those of the complete data.
    sets : number of completed data sets.
    """

    estimate: float
    low: float
    high: float
    p: float
    t: float
    df: float
    std_err: float
    total: float
    within: float
    between: float
    riv: float
    lambda_: float
    fmi: float
    df_rubin_1987: float
    df_complete: float
    sets: int
    level: float
    method: str = "Rubin's rules"
    reference: str = "Rubin 1987; Barnard and Rubin 1999"

    def __str__(self) -> str:
        interval = f"{self.level:.0%} interval {self.low:.4g} to {self.high:.4g}"
        return f"{self.estimate:.4g} ({interval}), p = {self.p:.3g}, {self.sets} sets, fmi {self.fmi:.1%}"


@dataclass(frozen=True, slots=True)
class JointTest:
    """F test that several pooled coefficients are all zero; `increase` is their relative gain in variance."""

    statistic: float
    df1: float
    df2: float
    p: float
    increase: float
    method: str
    reference: str

    def __str__(self) -> str:
        return (
            f"{self.method}: F = {self.statistic:.3f} on {self.df1:g} and {self.df2:.1f} df, p = {self.p:.3g}"
        )


def pool(
    estimates: ArrayLike, variances: ArrayLike, *, df_complete: float = np.inf, level: float = 0.95
) -> Pooled:
    """Pool one quantity by Rubin's rules.

    Parameters
    ----------
    estimates, variances : array_like, shape (m,)
        The quantity and its variance in each completed data set; transform it first where its distribution is
        skewed (a concordance to the logit, a survival to log(-log)).
    df_complete : float
        Degrees of freedom that complete data would give: rows (or events) less coefficients.
    level : float
        Confidence.

    Examples
    --------
    >>> print(pool([0.41, 0.52, 0.38, 0.47, 0.44], [0.020, 0.022, 0.019, 0.021, 0.020], df_complete=280))
    0.444 (95% interval 0.1373 to 0.7507), p = 0.00496, 5 sets, fmi 16.3%
    """
    check_level(level)
    q, u = as_numbers(estimates, "estimates"), as_numbers(variances, "variances")
    _check_sets(q.size, q.size == u.size and not (np.isnan(q).any() or np.isnan(u).any()))
    if (u <= 0).any() or df_complete <= 0:
        raise StatisticsError("bad-values", "variances, df_complete: both must be greater than 0")
    m = q.size
    mean, within, between = float(q.mean()), float(u.mean()), float(q.var(ddof=1))
    if np.ptp(q) == 0:
        between = 0.0  # rounding of the mean must not pass for spread
    extra = (1 + 1 / m) * between
    total = within + extra
    lambda_, riv = extra / total, extra / within
    old = (m - 1) / lambda_**2 if lambda_ > 0 else np.inf
    df = _barnard_rubin(old, lambda_, df_complete)
    error = float(np.sqrt(total))
    t = mean / error
    half = (normal_width(level) if np.isinf(df) else float(stdtrit(df, 0.5 + level / 2))) * error
    return Pooled(
        estimate=mean,
        low=mean - half,
        high=mean + half,
        p=normal_p(t) if np.isinf(df) else float(2 * stdtr(df, -abs(t))),
        t=t,
        df=df,
        std_err=error,
        total=total,
        within=within,
        between=between,
        riv=riv,
        lambda_=lambda_,
        fmi=(riv + 2 / (df + 3)) / (riv + 1),
        df_rubin_1987=old,
        df_complete=df_complete,
        sets=m,
        level=level,
    )


def _barnard_rubin(old: float, lambda_: float, df_complete: float) -> float:
    if np.isinf(df_complete):
        return old
    observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - lambda_)
    return observed if np.isinf(old) else old * observed / (old + observed)


def joint_test_d1(estimates: ArrayLike, covariances: ArrayLike) -> JointTest:
    """Test that several coefficients are all zero, from estimates and covariances (D1).

    Parameters
    ----------
    estimates : array_like, shape (m, k)
        Coefficients of each completed data set.
    covariances : array_like, shape (m, k, k)
        Their covariance matrices.
    """
    q, u = as_matrix(estimates, "estimates"), np.asarray(covariances, dtype=np.float64)
    m, k = q.shape
    _check_sets(m, u.shape == (m, k, k))
    mean, within = q.mean(axis=0), u.mean(axis=0)
    between = np.atleast_2d(np.cov(q, rowvar=False))
    increase = (1 + 1 / m) * float(np.trace(np.linalg.solve(within, between))) / k
    statistic = float(mean @ np.linalg.solve(within, mean)) / (k * (1 + increase))
    t = k * (m - 1.0)
    if increase == 0:
        df2 = np.inf
    elif t > 4:
        df2 = 4 + (t - 4) * (1 + (1 - 2 / t) / increase) ** 2
    else:
        df2 = t * (1 + 1 / k) * (1 + 1 / increase) ** 2 / 2
    reference = "Li, Raghunathan and Rubin 1991"
    return JointTest(
        statistic, float(k), df2, _f_p(statistic, k, df2), increase, "D1, pooled Wald test", reference
    )


def joint_test_d2(statistics: ArrayLike, df: int) -> JointTest:
    """Test from the chi-squared statistics (m,) of the completed data sets alone, each on ``df`` (D2)."""
    d = as_numbers(statistics, "statistics")
    m = d.size
    _check_sets(m, not (np.isnan(d).any() or (d < 0).any()))
    if df < 1:
        raise StatisticsError("bad-option", f"df: {df} degrees of freedom")
    increase = (1 + 1 / m) * float(np.sqrt(d).var(ddof=1))
    statistic = (float(d.mean()) / df - (m + 1) / (m - 1) * increase) / (1 + increase)
    df2 = df ** (-3 / m) * (m - 1) * (1 + 1 / increase) ** 2 if increase > 0 else np.inf
    method, reference = "D2, pooled chi-squared statistics", "Li, Meng, Raghunathan and Rubin 1991"
    return JointTest(statistic, float(df), df2, _f_p(statistic, df, df2), increase, method, reference)


def _f_p(statistic: float, df1: float, df2: float) -> float:
    if np.isinf(df2):
        from ._distributions import chi_squared_p

        return chi_squared_p(df1 * statistic, df1)
    return float(fdtrc(df1, df2, max(0.0, statistic)))


def _check_sets(m: int, matching: bool) -> None:
    if m < 2 or not matching:
        raise StatisticsError(
            "bad-shape",
            "estimates: two or more completed data sets are needed, each with its variance and no gap",
        )


def impute_chained(
    columns: ArrayLike, *, sets: int = 20, burn_in: int = 10, donors: int = 5, seed: int = 0
) -> Floats:
    """Completed data sets by chained equations with predictive mean matching.

    Every column with gaps is regressed on all others in turn; a gap takes the value of one of the ``donors``
    rows whose predictions are nearest, so that only values occur that were observed. Include the outcome of
    the later analysis (for survival the event and the Nelson-Aalen hazard at each time).

    Parameters
    ----------
    columns : array_like, shape (n, p)
        NaN where missing; categories coded as 0/1 columns.
    sets : int
        Number of completed data sets.
    burn_in : int
        Rounds before the first set, and between two sets.
    donors : int
        Rows from which a value is drawn.
    seed : int
        Same seed, same sets.

    Returns
    -------
    ndarray, shape (sets, n, p)

    Raises
    ------
    StatisticsError
        A column holds no value at all or only one, or a row none.
    """
    matrix = as_matrix(columns, "columns")
    if sets < 1 or burn_in < 1 or donors < 1:
        raise StatisticsError("bad-option", "sets, burn_in, donors: each is at least 1")
    gaps = np.isnan(matrix)
    if not gaps.any():
        return np.repeat(matrix[None], sets, axis=0)
    _check_gaps(matrix, gaps, donors)
    try:
        import pandas as pd
        from statsmodels.imputation.mice import MICEData
    except ImportError as error:
        raise StatisticsError(
            "imputation-extra-missing",
            "multiple imputation needs statsmodels, which is not installed",
            "install the extra: pip install 'splenic[imputation]', or choose complete cases",
        ) from error

    names = [f"c{k}" for k in range(matrix.shape[1])]
    random = np.random.default_rng(seed)
    chain = MICEData(pd.DataFrame(matrix, columns=names), k_pmm=donors, rng=random)
    completed = []
    for _ in range(sets):
        chain.update_all(burn_in)
        completed.append(chain.data[names].to_numpy(dtype=np.float64).copy())
    return np.stack(completed)


def _check_gaps(matrix: Floats, gaps: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], donors: int) -> None:
    if matrix.shape[1] < 2:
        raise StatisticsError("too-few-columns", "columns: imputation needs a second column to predict from")
    for k in np.flatnonzero(gaps.any(axis=0)).tolist():
        seen = matrix[~gaps[:, k], k]
        if seen.size < max(donors, matrix.shape[1] + 1) or np.ptp(seen) == 0:
            raise StatisticsError(
                "too-few-rows",
                f"columns: column {k} has too few different values to impute its gaps",
                "leave it out",
            )


def missing_shares(columns: ArrayLike, names: Sequence[str]) -> dict[str, float]:
    """Share of missing values of each named column."""
    matrix = as_matrix(columns, "columns")
    if len(names) != matrix.shape[1]:
        raise StatisticsError("bad-shape", f"names: {len(names)} names for {matrix.shape[1]} columns")
    return dict(zip(names, np.isnan(matrix).mean(axis=0).tolist()))
