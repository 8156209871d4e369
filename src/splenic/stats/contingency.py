"""Tables of counts: chi-squared, Fisher's exact test, odds and risk ratios, McNemar, trend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from ._arrays import Floats, Ints, StatisticsError, as_matrix, check_level
from ._distributions import chi_squared_p, normal_width

#: Tables with the same margins that the exact test of a table beyond 2 x 2 will list.
MOST_TABLES = 5_000_000
#: Fisher's two-sided p adds tables whose probability exceeds the observed one by no more than rounding.
_AS_RARE = 1 + 1e-7


@dataclass(frozen=True, slots=True)
class ChiSquared:
    """Pearson's chi-squared test of a table of counts; `cramers_v` is its effect size."""

    statistic: float
    df: int
    p: float
    expected: Floats
    cramers_v: float
    n: int
    method: str
    reference: str = "Pearson 1900; Yates 1934"

    def __str__(self) -> str:
        effect = f"Cramér's V {self.cramers_v:.3f}"
        return f"{self.method}: {self.statistic:.3f} on {self.df} df, p = {self.p:.3g} ({effect})"


@dataclass(frozen=True, slots=True)
class RatioEstimate:
    """An odds ratio or risk ratio with its interval."""

    estimate: float
    low: float
    high: float
    n: int
    level: float
    method: str
    reference: str

    def __str__(self) -> str:
        return (
            f"{self.method} {self.estimate:.3f} ({self.level:.0%} interval {self.low:.3f} to {self.high:.3f})"
        )


@dataclass(frozen=True, slots=True)
class McNemar:
    """Test that two paired yes/no verdicts are equally often yes."""

    statistic: float
    p: float
    p_continuity: float
    p_exact: float
    n: int
    method: str = "McNemar's test"
    reference: str = "McNemar 1947"

    def __str__(self) -> str:
        exact = f"exact p = {self.p_exact:.3g}"
        return f"{self.method}: {self.statistic:.3f}, p = {self.p:.3g}, {exact}, n = {self.n}"


def chi_squared(table: ArrayLike, *, continuity: bool = False) -> ChiSquared:
    """Chi-squared test of independence.

    Parameters
    ----------
    table : array_like of int, shape (rows, columns)
        Counts; no row and no column all 0.
    continuity : bool
        Yates's correction of a 2 x 2 table, min(0.5, abs(O - E)); other tables are never corrected.
    """
    counts = _counts(table)
    n = counts.sum()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    if (expected == 0).any():
        raise StatisticsError("empty-group", "table: a row or a column holds no count", "leave it out")
    gap = np.abs(counts - expected)
    plain = float(np.sum(gap**2 / expected))
    corrected = continuity and counts.shape == (2, 2)
    if corrected:
        gap = gap - np.minimum(0.5, gap)
    statistic = float(np.sum(gap**2 / expected))
    df = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    smaller = min(counts.shape) - 1
    return ChiSquared(
        statistic=statistic,
        df=df,
        p=chi_squared_p(statistic, df),
        expected=expected,
        cramers_v=float(np.sqrt(plain / n / smaller)) if smaller else np.nan,
        n=int(n),
        method="chi-squared test" + (" with Yates's correction" if corrected else ""),
    )


def fisher_p(table: ArrayLike, alternative: str = "two-sided") -> float:
    """Fisher's exact p of a table of any size; one-sided (``less``, ``greater``) for 2 x 2.

    Raises
    ------
    StatisticsError
        More than five million tables share the margins; use the chi-squared test.
    """
    counts = _counts(table)
    if counts.shape == (2, 2):
        support, logs = _hypergeometric(counts)
        probability = np.exp(logs - logs.max())
        probability /= probability.sum()
        if alternative != "two-sided":
            side = support <= counts[0, 0] if alternative == "less" else support >= counts[0, 0]
            return float(min(1.0, probability[side].sum()))
        observed = probability[int(counts[0, 0] - support[0])]
    else:
        if alternative != "two-sided":
            raise StatisticsError("bad-option", "alternative: only a 2 x 2 table has sides", "use two-sided")
        logs = _all_tables(counts.astype(np.int64))
        probability = np.exp(logs - logs.max())
        observed = np.exp(-gammaln(counts + 1).sum() - logs.max()) / probability.sum()
        probability /= probability.sum()
    return float(min(1.0, probability[probability <= observed * _AS_RARE].sum()))


def _all_tables(counts: Ints) -> Floats:
    """Logarithm of 1 / (product of the factorials) of every table with the margins of ``counts``."""
    if counts.shape[0] > counts.shape[1]:
        counts = counts.T
    left = counts.sum(axis=0)[None, :]
    logs = np.zeros(1)
    for total in counts.sum(axis=1)[:-1]:
        left, logs = _fill_row(left, logs, int(total))
    return np.asarray(logs - gammaln(left + 1).sum(axis=1), dtype=np.float64)


def _fill_row(left: Ints, logs: Floats, total: int) -> tuple[Ints, Floats]:
    """Every way to fill one more row, cell by cell, with what the columns have left."""
    rest = np.full(left.shape[0], total)
    for column in range(left.shape[1]):
        room = left[:, column + 1 :].sum(axis=1)
        low, high = np.maximum(0, rest - room), np.minimum(left[:, column], rest)
        ways = high - low + 1
        if ways.sum() > MOST_TABLES:
            raise StatisticsError(
                "too-many-tables",
                f"table: more than {MOST_TABLES:,} tables share these margins",
                "use the chi-squared test",
            )
        source = np.repeat(np.arange(ways.size), ways)
        cell = np.arange(source.size) - np.repeat(np.cumsum(ways) - ways, ways) + low[source]
        left, logs, rest = left[source].copy(), logs[source] - gammaln(cell + 1), rest[source] - cell
        left[:, column] -= cell
    return left, logs


def odds_ratio(table: ArrayLike, *, level: float = 0.95) -> RatioEstimate:
    """Sample odds ratio ad / bc with Woolf's interval; NaN limits where a cell is empty."""
    (a, b), (c, d) = counts = _two_by_two(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = a * d / np.float64(b * c)
        half = normal_width(level) * np.sqrt((1 / counts).sum())
        return _ratio(float(ratio), half, counts, level, "odds ratio", "Woolf 1955")


def risk_ratio(table: ArrayLike, *, level: float = 0.95) -> RatioEstimate:
    """Risk in the first row over risk in the second, events in the first column."""
    (a, b), (c, d) = counts = _two_by_two(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.float64(a) / (a + b) / (np.float64(c) / (c + d))
        half = normal_width(level) * np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
        return _ratio(float(ratio), half, counts, level, "risk ratio", "Katz 1978")


def _ratio(
    ratio: float, half: float, counts: Floats, level: float, method: str, source: str
) -> RatioEstimate:
    low, high = ratio * np.exp(-half), ratio * np.exp(half)
    return RatioEstimate(ratio, float(low), float(high), int(counts.sum()), level, method, source)


def conditional_odds_ratio(table: ArrayLike, *, level: float = 0.95) -> RatioEstimate:
    """Odds ratio of largest likelihood given all margins, with exact limits, both solved to full accuracy."""
    check_level(level)
    counts = _two_by_two(table)
    support, logs = _hypergeometric(counts)
    x, tail = counts[0, 0], (1 - level) / 2

    def chances(log_odds: float) -> Floats:
        weighted = logs + log_odds * support
        weighted = np.exp(weighted - weighted.max())
        return np.asarray(weighted / weighted.sum(), dtype=np.float64)

    at_low, at_high = x == support[0], x == support[-1]
    estimate = 0.0 if at_low else np.inf if at_high else _root(lambda v: float(support @ chances(v)) - x)
    low = 0.0 if at_low else _root(lambda v: float(chances(v)[support >= x].sum()) - tail)
    high = np.inf if at_high else _root(lambda v: tail - float(chances(v)[support <= x].sum()))
    return RatioEstimate(
        estimate, low, high, int(counts.sum()), level, "conditional odds ratio", "Fisher 1935; Cornfield 1956"
    )


def _root(rising: Callable[[float], float]) -> float:
    from scipy.optimize import brentq

    reach = 2.0
    while rising(-reach) > 0 or rising(reach) < 0:
        reach *= 2
    return float(np.exp(brentq(rising, -reach, reach, xtol=1e-14, rtol=1e-14)))


def mcnemar(table: ArrayLike) -> McNemar:
    """McNemar's test of a 2 x 2 table of pairs, plain, corrected for continuity, and exact."""
    from scipy.stats import binomtest

    counts = _two_by_two(table)
    b, c = counts[0, 1], counts[1, 0]
    if b + c == 0:
        return McNemar(0.0, 1.0, 1.0, 1.0, int(counts.sum()))
    statistic = float((b - c) ** 2 / (b + c))
    corrected = max(0.0, abs(b - c) - 1) ** 2 / (b + c)
    exact = float(binomtest(int(b), int(b + c)).pvalue)
    return McNemar(
        statistic, chi_squared_p(statistic, 1), chi_squared_p(float(corrected), 1), exact, int(counts.sum())
    )


@dataclass(frozen=True, slots=True)
class ProportionTrend:
    """Test that a proportion rises or falls over ordered groups."""

    statistic: float
    p: float
    n: int
    events: int
    method: str = "Cochran-Armitage test for trend"
    reference: str = "Cochran 1954; Armitage 1955"

    def __str__(self) -> str:
        return f"{self.method}: chi-squared {self.statistic:.3f}, p = {self.p:.3g}, {self.events} of {self.n}"


def proportion_trend(
    events: ArrayLike, totals: ArrayLike, scores: ArrayLike | None = None
) -> ProportionTrend:
    """Trend of ``events / totals`` over groups with the given scores, 1, 2, ... by default."""
    x = np.asarray(events, dtype=np.float64)
    n = np.asarray(totals, dtype=np.float64)
    s = np.arange(1.0, n.size + 1) if scores is None else np.asarray(scores, dtype=np.float64)
    if not x.shape == n.shape == s.shape or (x > n).any() or (x < 0).any() or n.sum() == 0:
        raise StatisticsError("bad-count", "events, totals: not matching counts of groups")
    share = x.sum() / n.sum()
    centred = s - (n @ s) / n.sum()
    spread = share * (1 - share) * float(n @ centred**2)
    statistic = float((x @ centred) ** 2 / spread) if spread > 0 else 0.0
    return ProportionTrend(statistic, chi_squared_p(statistic, 1), int(n.sum()), int(x.sum()))


def _counts(table: ArrayLike) -> Floats:
    counts = as_matrix(table, "table")
    if (
        np.isnan(counts).any()
        or (counts < 0).any()
        or (counts != np.round(counts)).any()
        or counts.sum() == 0
    ):
        raise StatisticsError("bad-count", "table: counts are whole numbers from 0, and not all 0")
    return counts


def _two_by_two(table: ArrayLike) -> Floats:
    counts = _counts(table)
    if counts.shape != (2, 2):
        raise StatisticsError("bad-shape", f"table: 2 x 2 is needed, got {counts.shape}")
    return counts


def _hypergeometric(counts: Floats) -> tuple[Floats, Floats]:
    """First cells that the margins allow, and the log probability (up to a constant) of each."""
    row, column, n = counts[0].sum(), counts[:, 0].sum(), counts.sum()
    support = np.arange(max(0.0, row + column - n), min(row, column) + 1)
    cells = (support, row - support, column - support, n - row - column + support)
    return support, np.asarray(-sum(gammaln(cell + 1) for cell in cells), dtype=np.float64)
