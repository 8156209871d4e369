"""Proportions and their differences, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import betaincinv

from ._arrays import StatisticsError, check_choice, check_level
from ._distributions import normal_width

ProportionMethod = Literal[
    "wilson", "wilson-continuity", "clopper-pearson", "wald", "agresti-coull", "jeffreys"
]

_REFERENCES = {
    "wilson": "Wilson 1927",
    "wilson-continuity": "Newcombe 1998",
    "clopper-pearson": "Clopper and Pearson 1934",
    "wald": "Laplace 1812",
    "agresti-coull": "Agresti and Coull 1998",
    "jeffreys": "Brown, Cai and DasGupta 2001",
}


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share ``events / n`` with its interval."""

    estimate: float
    low: float
    high: float
    events: int
    n: int
    level: float
    method: str
    reference: str

    def __str__(self) -> str:
        interval = f"{self.level:.0%} interval {100 * self.low:.1f} to {100 * self.high:.1f} %"
        return f"{self.events}/{self.n} = {100 * self.estimate:.1f} % ({interval}, {self.method})"


@dataclass(frozen=True, slots=True)
class ProportionDifference:
    """Difference of two independent shares, first less second."""

    estimate: float
    low: float
    high: float
    n: tuple[int, int]
    events: tuple[int, int]
    level: float
    method: str
    reference: str

    def __str__(self) -> str:
        interval = f"{100 * self.low:.1f} to {100 * self.high:.1f}"
        return (
            f"difference {100 * self.estimate:.1f} percentage points ({self.level:.0%} interval {interval})"
        )


def proportion(
    events: int, n: int, *, method: ProportionMethod = "wilson", level: float = 0.95
) -> Proportion:
    """A proportion and its interval.

    Parameters
    ----------
    events, n : int
        How many of how many.
    method : str
        ``wilson`` by default; ``clopper-pearson`` never covers less than the level; ``wald`` and
        ``agresti-coull`` can leave 0..1 and are not clipped.
    level : float
        Confidence.

    Examples
    --------
    >>> print(proportion(34, 140))
    34/140 = 24.3 % (95% interval 17.9 to 32.0 %, wilson)
    """
    check_choice(method, tuple(_REFERENCES), "method")
    check_level(level)
    if n < 1 or not 0 <= events <= n:
        raise StatisticsError("bad-count", f"events, n: {events} of {n} is no proportion")
    low, high = _interval(events, n, method, level)
    return Proportion(events / n, float(low), float(high), events, n, level, method, _REFERENCES[method])


def _interval(x: int, n: int, method: str, level: float) -> tuple[float, float]:
    z, tail, p = normal_width(level), (1 - level) / 2, x / n
    if method == "clopper-pearson":
        return _beta(x, n, tail, 0, 1)
    if method == "jeffreys":
        return _beta(x, n, tail, 0.5, 0.5)
    if method == "wald":
        half = z * np.sqrt(p * (1 - p) / n)
        return p - half, p + half
    if method == "agresti-coull":
        centre = (x + z**2 / 2) / (n + z**2)
        half = z * np.sqrt(centre * (1 - centre) / (n + z**2))
        return centre - half, centre + half
    shift = 0.5 / n if method == "wilson-continuity" else 0.0
    return _score_limit(p - shift, n, -z), _score_limit(p + shift, n, z)


def _beta(x: int, n: int, tail: float, more: float, less: float) -> tuple[float, float]:
    """Beta quantiles; a limit is 0 or 1 where nothing or everything was counted."""
    low = 0.0 if x == 0 else float(betaincinv(x + more, n - x + less, tail))
    high = 1.0 if x == n else float(betaincinv(x + less, n - x + more, 1 - tail))
    return low, high


def _score_limit(p: float, n: int, z: float) -> float:
    if p <= 0 and z < 0:
        return 0.0
    if p >= 1 and z > 0:
        return 1.0
    return float((p + z**2 / (2 * n) + z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))) / (1 + z**2 / n))


def proportion_difference(
    first: tuple[int, int],
    second: tuple[int, int],
    *,
    method: Literal["newcombe", "wald"] = "newcombe",
    level: float = 0.95,
) -> ProportionDifference:
    """Difference of two independent proportions (events, n), first less second.

    ``newcombe`` joins two Wilson intervals (Newcombe 1998, method 10); ``wald`` is the plain one.
    """
    check_choice(method, ("newcombe", "wald"), "method")
    a, b = proportion(*first, level=level), proportion(*second, level=level)
    difference = a.estimate - b.estimate
    if method == "newcombe":
        below = np.hypot(a.estimate - a.low, b.high - b.estimate)
        above = np.hypot(a.high - a.estimate, b.estimate - b.low)
    else:
        below = above = normal_width(level) * np.sqrt(
            a.estimate * (1 - a.estimate) / a.n + b.estimate * (1 - b.estimate) / b.n
        )
    return ProportionDifference(
        estimate=difference,
        low=float(difference - below),
        high=float(difference + above),
        n=(a.n, b.n),
        events=(a.events, b.events),
        level=level,
        method=method,
        reference="Newcombe 1998" if method == "newcombe" else "Laplace 1812",
    )


def binomial_p(events: int, n: int, share: float = 0.5) -> float:
    """Exact two-sided p that the true proportion is ``share``."""
    from scipy.stats import binomtest

    return float(binomtest(events, n, share).pvalue)
