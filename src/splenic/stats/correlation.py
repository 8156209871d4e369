"""Correlation of two columns: Pearson, Spearman, Kendall; and of two columns with a common third."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from ._arrays import Floats, StatisticsError, as_numbers, check_choice, check_level, complete_rows
from ._distributions import normal_p, normal_width
from ._ranks import mid_ranks

#: Up to this many rows all orders are listed for an exact rank test.
_MOST_ROWS_LISTED = 9


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation coefficient.

    Attributes
    ----------
    estimate, low, high : the coefficient and its interval (NaN where none is defined).
    statistic : t of Pearson and Spearman, z of Kendall.
    df : degrees of freedom of t, NaN for z.
    p : two-sided p value; `p_exact` from all orders, NaN where the rows are too many or tied.
    """

    estimate: float
    low: float
    high: float
    statistic: float
    df: float
    p: float
    p_exact: float
    n: int
    method: str
    reference: str

    def __str__(self) -> str:
        interval = f"{self.low:.3f} to {self.high:.3f}"
        return f"{self.method} {self.estimate:.3f} ({interval}), n = {self.n}, p = {self.p:.3g}"


def pearson(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> Correlation:
    """Product-moment correlation with Fisher's interval; rows with a missing value are dropped."""
    a, b = _pair(x, y)
    r = _pearson(a, b)
    statistic, p = _t_test(r, a.size)
    low, high = _fisher(r, 1.0, a.size, level)
    return Correlation(r, low, high, statistic, a.size - 2.0, p, np.nan, a.size, "pearson", "Fisher 1921")


def spearman(
    x: ArrayLike,
    y: ArrayLike,
    *,
    level: float = 0.95,
    interval: Literal["bonett-wright", "fisher"] = "bonett-wright",
) -> Correlation:
    """Rank correlation; p from the t approximation, and from all orders up to 9 rows without ties.

    The interval is Fisher's z with variance (1 + r^2 / 2) / (n - 3) (Bonett and Wright 2000) or 1 / (n - 3).
    """
    check_choice(interval, ("bonett-wright", "fisher"), "interval")
    a, b = _pair(x, y)
    ranks_a, ranks_b = mid_ranks(a), mid_ranks(b)
    r = _pearson(ranks_a, ranks_b)
    statistic, p = _t_test(r, a.size)
    low, high = _fisher(r, 1 + r**2 / 2 if interval == "bonett-wright" else 1.0, a.size, level)
    exact = _spearman_exact(ranks_a, ranks_b, r) if _untied(a, b) else np.nan
    return Correlation(
        r,
        low,
        high,
        statistic,
        a.size - 2.0,
        p,
        exact,
        a.size,
        "spearman",
        "Spearman 1904; Bonett and Wright 2000",
    )


def kendall(x: ArrayLike, y: ArrayLike) -> Correlation:
    """Kendall's tau-b with the normal test under ties; exact p up to 50 rows without ties."""
    from scipy.stats import kendalltau

    a, b = _pair(x, y)
    tau = float(kendalltau(a, b, method="asymptotic").statistic)
    z = _kendall_z(a, b, tau)
    exact = np.nan
    if a.size <= 50 and np.unique(a).size == np.unique(b).size == a.size:
        exact = float(kendalltau(a, b, method="exact").pvalue)
    return Correlation(
        tau, np.nan, np.nan, z, np.nan, normal_p(z), exact, a.size, "kendall", "Kendall 1938, 1945"
    )


@dataclass(frozen=True, slots=True)
class DependentCorrelations:
    """Test that one column correlates equally with two others of the same rows."""

    first: float
    second: float
    between: float
    statistic: float
    p: float
    n: int
    method: str = "test of two dependent correlations"
    reference: str = "Meng, Rosenthal and Rubin 1992"

    def __str__(self) -> str:
        test = f"z = {self.statistic:.3f}, p = {self.p:.3g}, n = {self.n}"
        return f"r {self.first:.3f} against {self.second:.3f}: {test}"


def compare_correlations(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> DependentCorrelations:
    """Whether ``x`` correlates with ``a`` as it does with ``b``, all measured in the same rows."""
    columns = {"x": as_numbers(x, "x"), "a": as_numbers(a, "a"), "b": as_numbers(b, "b")}
    kept = complete_rows(**columns)
    u, v, w = (column[kept] for column in columns.values())
    if u.size < 4:
        raise StatisticsError("too-few-rows", f"x, a, b: four complete rows are needed, got {u.size}")
    first, second, between = _pearson(u, v), _pearson(u, w), _pearson(v, w)
    mean_square = (first**2 + second**2) / 2
    f = min(1.0, (1 - between) / (2 * (1 - mean_square)))
    h = (1 - f * mean_square) / (1 - mean_square)
    z = (np.arctanh(first) - np.arctanh(second)) * np.sqrt((u.size - 3) / (2 * (1 - between) * h))
    return DependentCorrelations(first, second, between, float(z), normal_p(float(z)), u.size)


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    a, b = as_numbers(x, "x"), as_numbers(y, "y")
    kept = complete_rows(x=a, y=b)
    a, b = a[kept], b[kept]
    if a.size < 3:
        raise StatisticsError("too-few-rows", f"x, y: three complete rows are needed, got {a.size}")
    for name, column in (("x", a), ("y", b)):
        if (column == column[0]).all():
            raise StatisticsError(
                "constant", f"{name}: all values are equal, so nothing can correlate with it"
            )
    return a, b


def _pearson(a: Floats, b: Floats) -> float:
    u, v = a - a.mean(), b - b.mean()
    return float(np.clip((u / np.linalg.norm(u)) @ (v / np.linalg.norm(v)), -1, 1))


def _t_test(r: float, n: int) -> tuple[float, float]:
    if abs(r) == 1:
        return float(np.copysign(np.inf, r)), 0.0
    t = r * np.sqrt((n - 2) / ((1 - r) * (1 + r)))
    return float(t), float(2 * stdtr(n - 2, -abs(t)))


def _fisher(r: float, variance: float, n: int, level: float) -> tuple[float, float]:
    check_level(level)
    if n < 4:
        return np.nan, np.nan
    if abs(r) == 1:
        return r, r
    half = normal_width(level) * np.sqrt(variance / (n - 3))
    return float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))


def _untied(a: Floats, b: Floats) -> bool:
    return bool(a.size <= _MOST_ROWS_LISTED and np.unique(a).size == np.unique(b).size == a.size)


def _spearman_exact(a: Floats, b: Floats, r: float) -> float:
    """Twice the share of orders at least as far out on the side of ``r``."""
    orders = np.array(list(permutations(b - b.mean())))
    reached = orders @ (a - a.mean()) * np.sign(r) >= abs(r) * np.sum((a - a.mean()) ** 2) - 1e-9
    return float(min(1.0, 2 * reached.mean()))


def _kendall_z(a: Floats, b: Floats, tau: float) -> float:
    """Concordant less discordant pairs over its standard deviation under ties (Kendall 1970, chapter 4)."""
    n = a.size
    pairs = n * (n - 1) / 2
    ties_a, ties_b = (np.unique(column, return_counts=True)[1].astype(np.float64) for column in (a, b))
    two_a, two_b = (float(np.sum(ties * (ties - 1))) for ties in (ties_a, ties_b))
    score = tau * np.sqrt((pairs - two_a / 2) * (pairs - two_b / 2))
    spread = n * (n - 1) * (2 * n + 5.0)
    for ties in (ties_a, ties_b):
        spread -= float(np.sum(ties * (ties - 1) * (2 * ties + 5)))
    variance = spread / 18 + two_a * two_b / (2 * n * (n - 1))
    if n > 2:
        three_a, three_b = (float(np.sum(ties * (ties - 1) * (ties - 2))) for ties in (ties_a, ties_b))
        variance += three_a * three_b / (9 * n * (n - 1) * (n - 2))
    return float(score / np.sqrt(variance))
