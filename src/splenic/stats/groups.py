"""Two or more groups compared: t and rank tests, analysis of variance, balance, description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc, stdtr, stdtrit

from ._arrays import Floats, StatisticsError, as_labels, as_matrix, as_numbers, check_level
from ._distributions import chi_squared_p
from ._ranks import mid_ranks


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """A t test: the difference of two means (first less second) or of pairs."""

    estimate: float
    low: float
    high: float
    standard_error: float
    statistic: float
    df: float
    p: float
    n: tuple[int, ...]
    level: float
    method: str
    reference: str = "Student 1908; Welch 1947"

    def __str__(self) -> str:
        interval = f"{self.level:.0%} interval {self.low:.4g} to {self.high:.4g}"
        test = f"t = {self.statistic:.3f} on {self.df:.1f} df, p = {self.p:.3g}"
        return f"{self.method}: difference {self.estimate:.4g} ({interval}), {test}"


@dataclass(frozen=True, slots=True)
class GroupsTest:
    """A test that several groups do not differ; `df2` is infinite for a chi-squared statistic."""

    statistic: float
    df: float
    df2: float
    p: float
    n: int
    groups: int
    method: str
    reference: str

    def __str__(self) -> str:
        return f"{self.method}: {self.statistic:.3f}, {self.groups} groups, n = {self.n}, p = {self.p:.3g}"


def t_test(
    x: ArrayLike, y: ArrayLike, *, equal_variances: bool = False, level: float = 0.95
) -> MeanDifference:
    """Difference of two means, by Welch unless equal variances are assumed; missing values are dropped."""
    a, b = _present(x, "x", 2), _present(y, "y", 2)
    share_a, share_b = a.var(ddof=1) / a.size, b.var(ddof=1) / b.size
    if equal_variances:
        df = a.size + b.size - 2.0
        pooled = (share_a * a.size * (a.size - 1) + share_b * b.size * (b.size - 1)) / df
        square = pooled * (1 / a.size + 1 / b.size)
    else:
        square = share_a + share_b
        lost = share_a**2 / (a.size - 1) + share_b**2 / (b.size - 1)
        df = float(square**2 / lost) if lost > 0 else a.size + b.size - 2.0
    method = "Student's t test" if equal_variances else "Welch's t test"
    return _mean_difference(a.mean() - b.mean(), square, df, (a.size, b.size), level, method)


def paired_t_test(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> MeanDifference:
    """Mean difference of pairs; a pair with a missing value is dropped."""
    d = _differences(x, y)
    return _mean_difference(d.mean(), d.var(ddof=1) / d.size, d.size - 1.0, (d.size,), level, "paired t test")


def _mean_difference(
    gap: float, square: float, df: float, n: tuple[int, ...], level: float, method: str
) -> MeanDifference:
    half = float(stdtrit(df, 0.5 + check_level(level) / 2) * np.sqrt(square))
    error = float(np.sqrt(square))
    if error > 0:
        t = float(gap / error)
        p = float(2 * stdtr(df, -abs(t)))
    else:
        t, p = (0.0, 1.0) if gap == 0 else (float(np.copysign(np.inf, gap)), 0.0)
    return MeanDifference(float(gap), float(gap - half), float(gap + half), error, t, df, p, n, level, method)


def kruskal_wallis(values: ArrayLike, group: ArrayLike) -> GroupsTest:
    """Rank test of k groups with the correction for ties."""
    parts = _split(values, group)
    pooled = np.concatenate(parts)
    n = pooled.size
    ranks = np.split(mid_ranks(pooled), np.cumsum([part.size for part in parts])[:-1])
    ties = np.unique(pooled, return_counts=True)[1].astype(np.float64)
    h = 12 / (n * (n + 1)) * sum(float(r.sum()) ** 2 / r.size for r in ranks) - 3 * (n + 1)
    correction = 1 - float(np.sum(ties**3 - ties)) / (n**3 - n)
    h = h / correction if correction > 0 else 0.0
    df = len(parts) - 1
    return GroupsTest(
        h, df, np.inf, chi_squared_p(h, df), n, len(parts), "Kruskal-Wallis test", "Kruskal and Wallis 1952"
    )


def analysis_of_variance(values: ArrayLike, group: ArrayLike, *, equal_variances: bool = False) -> GroupsTest:
    """F test that k means agree, Welch's unless equal variances are assumed."""
    parts = _split(values, group, 2)
    sizes = np.array([part.size for part in parts], dtype=np.float64)
    means = np.array([part.mean() for part in parts])
    variances = np.array([part.var(ddof=1) for part in parts])
    n, k = float(sizes.sum()), len(parts)
    if equal_variances:
        df2 = n - k
        within = float((sizes - 1) @ variances) / df2
        f = float(sizes @ (means - sizes @ means / n) ** 2) / (k - 1) / within if within > 0 else np.inf
        method = "analysis of variance"
    else:
        if (variances == 0).any():
            raise StatisticsError("constant", "values: a group has no spread", "assume equal variances")
        weights = sizes / variances
        share = weights / weights.sum()
        lack = float(np.sum((1 - share) ** 2 / (sizes - 1))) / (k**2 - 1)
        f = float(weights @ (means - share @ means) ** 2) / ((k - 1) * (1 + 2 * (k - 2) * lack))
        df2 = 1 / (3 * lack)
        method = "Welch's analysis of variance"
    return GroupsTest(
        f, k - 1, df2, float(fdtrc(k - 1, df2, f)), int(n), k, method, "Fisher 1925; Welch 1951"
    )


def friedman(blocks: ArrayLike) -> GroupsTest:
    """Rank test of k treatments given to the same subjects, one row each; incomplete rows are dropped."""
    from scipy.stats import friedmanchisquare

    rows = as_matrix(blocks, "blocks")
    rows = rows[~np.isnan(rows).any(axis=1)]
    if rows.shape[0] < 1 or rows.shape[1] < 3:
        raise StatisticsError("too-few-rows", f"blocks: a complete row of three is needed, got {rows.shape}")
    result = friedmanchisquare(*rows.T)
    k = rows.shape[1]
    return GroupsTest(
        float(result.statistic),
        k - 1,
        np.inf,
        float(result.pvalue),
        rows.shape[0],
        k,
        "Friedman test",
        "Friedman 1937",
    )


@dataclass(frozen=True, slots=True)
class StandardisedDifference:
    """Standardised difference of two groups, first less second where it has a sign.

    Attributes
    ----------
    estimate : absolute difference in units of the common spread; 0.1 is the usual limit of balance.
    signed : with its sign; NaN for categories.
    cohens_d : with the pooled deviation; `variance_ratio` first over second; NaN for categories.
    """

    estimate: float
    signed: float
    cohens_d: float
    variance_ratio: float
    n: tuple[int, int]
    method: str
    reference: str = "Austin 2009; Yang and Dalton 2012"

    def __str__(self) -> str:
        return f"standardised difference {self.estimate:.3f} ({self.method}, n = {self.n[0]} and {self.n[1]})"


def standardised_difference(x: ArrayLike, y: ArrayLike) -> StandardisedDifference:
    """Standardised mean difference, spread sqrt((s1^2 + s2^2) / 2) with n - 1 variances."""
    a, b = _present(x, "x", 2), _present(y, "y", 2)
    gap, one, two = float(a.mean() - b.mean()), float(a.var(ddof=1)), float(b.var(ddof=1))
    pooled = ((a.size - 1) * one + (b.size - 1) * two) / (a.size + b.size - 2)

    def scaled(square: float) -> float:
        return gap / np.sqrt(square) if square > 0 else float(np.sign(gap)) * np.inf if gap else 0.0

    signed = scaled((one + two) / 2)
    ratio = one / two if two > 0 else np.inf if one > 0 else np.nan
    return StandardisedDifference(abs(signed), signed, scaled(pooled), ratio, (a.size, b.size), "continuous")


def standardised_difference_categories(x: ArrayLike, y: ArrayLike) -> StandardisedDifference:
    """Standardised difference of a categorical column, from the multinomial covariance with divisor n.

    Levels are those of both groups together, the first left out; missing labels are dropped.
    """
    first, second = as_labels(x, "x"), as_labels(y, "y")
    levels = sorted(set(first.levels) | set(second.levels))
    shares, sizes = [], []
    for labels in (first, second):
        names = np.array([levels.index(level) for level in labels.levels], dtype=np.intp)
        codes = labels.codes[~np.isnan(labels.codes)].astype(np.intp)
        if codes.size == 0:
            raise StatisticsError("empty-group", "x, y: a group holds no label")
        sizes.append(codes.size)
        shares.append(np.bincount(names[codes], minlength=len(levels))[1:] / codes.size)
    gap = shares[0] - shares[1]
    covariance = sum(np.diag(p) - np.outer(p, p) for p in shares) / 2
    if not gap.any():
        distance = 0.0
    elif np.linalg.matrix_rank(covariance) < gap.size:
        distance = _singular_distance(gap, np.asarray(covariance))
    else:
        distance = float(np.sqrt(gap @ np.linalg.solve(covariance, gap)))
    return StandardisedDifference(distance, np.nan, np.nan, np.nan, (sizes[0], sizes[1]), "categorical")


def _singular_distance(gap: Floats, covariance: Floats) -> float:
    """Infinite where the groups differ in a direction in which neither varies, else by the pseudo-inverse."""
    inverse = np.linalg.pinv(covariance, hermitian=True)
    unseen = gap - covariance @ inverse @ gap
    return np.inf if np.abs(unseen).max() > 1e-9 else float(np.sqrt(gap @ inverse @ gap))


@dataclass(frozen=True, slots=True)
class Description:
    """A column in numbers; `quantiles` at `probabilities`."""

    n: int
    missing: int
    mean: float
    sd: float
    low: float
    high: float
    probabilities: tuple[float, ...]
    quantiles: tuple[float, ...]

    @property
    def interquartile_range(self) -> float:
        """Upper less lower quartile, where both were asked for."""
        at = dict(zip(self.probabilities, self.quantiles))
        return at.get(0.75, np.nan) - at.get(0.25, np.nan)

    def __str__(self) -> str:
        missing = f", {self.missing} missing" if self.missing else ""
        points = ", ".join(f"{p:.0%} {q:.4g}" for p, q in zip(self.probabilities, self.quantiles))
        return f"n = {self.n}{missing}, mean {self.mean:.4g} (SD {self.sd:.4g}), {points}"


def describe(
    values: ArrayLike,
    probabilities: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    *,
    quantile_type: int = 7,
) -> Description:
    """Mean, deviation, range and quantiles of a column, missing values counted and left out.

    ``quantile_type`` 7 interpolates between order statistics (the usual default), 6 uses (n + 1) p (Hyndman
    and Fan 1996).
    """
    if quantile_type not in (6, 7):
        raise StatisticsError("bad-option", f"quantile_type: {quantile_type} is neither 6 nor 7")
    column = as_numbers(values, "values")
    kept = _present(values, "values", 1)
    at = list(probabilities)
    quantiles = np.quantile(kept, at) if quantile_type == 7 else np.quantile(kept, at, method="weibull")
    return Description(
        n=kept.size,
        missing=column.size - kept.size,
        mean=float(kept.mean()),
        sd=float(kept.std(ddof=1)) if kept.size > 1 else np.nan,
        low=float(kept.min()),
        high=float(kept.max()),
        probabilities=tuple(probabilities),
        quantiles=tuple(float(q) for q in quantiles),
    )


def shapiro_wilk(values: ArrayLike) -> tuple[float, float]:
    """Shapiro and Wilk's W and its p, a test of normality for 3 to 5,000 rows (Royston 1995)."""
    from scipy.stats import shapiro

    kept = _present(values, "values", 3)
    result = shapiro(kept)
    return float(result.statistic), float(result.pvalue)


def _present(values: ArrayLike, name: str, least: int) -> Floats:
    column = as_numbers(values, name)
    column = column[~np.isnan(column)]
    if column.size < least:
        raise StatisticsError(
            "too-few-rows", f"{name}: at least {least} values are needed, got {column.size}"
        )
    return column


def _differences(x: ArrayLike, y: ArrayLike) -> Floats:
    a, b = as_numbers(x, "x"), as_numbers(y, "y")
    if a.size != b.size:
        raise StatisticsError("bad-shape", f"x, y: pairs are needed, got {a.size} and {b.size} values")
    return _present(a - b, "x - y", 2)


def _split(values: ArrayLike, group: ArrayLike, least: int = 1) -> list[Floats]:
    """Values of each group, rows with a missing value or label dropped."""
    column, labels = as_numbers(values, "values"), as_labels(group, "group")
    if column.size != labels.codes.size:
        raise StatisticsError(
            "bad-shape", f"values, group: {column.size} values but {labels.codes.size} labels"
        )
    known = ~np.isnan(column)
    parts = [column[known & (labels.codes == code)] for code in range(len(labels.levels))]
    parts = [part for part in parts if part.size]
    if len(parts) < 2 or min(part.size for part in parts) < least:
        raise StatisticsError("too-few-rows", f"group: two groups of at least {least} values are needed")
    return parts
