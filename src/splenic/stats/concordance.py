"""Concordance of a risk with survival: Harrell's C, Uno's C and other weights, and the difference of two.

A pair is comparable where one row has an event and the other is known to have lived longer; an event and a
censoring at the same time are comparable. It is concordant where the earlier event had the higher risk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import (
    Floats,
    Ints,
    StatisticsError,
    as_events,
    as_numbers,
    as_times,
    check_choice,
    complete_rows,
    sum_by_place,
)
from ._distributions import normal_p, normal_width

TimeWeight = Literal["n", "S", "S/G", "n/G2", "I"]

_REFERENCES = {
    "n": "Harrell 1982",
    "S": "Peto & Peto 1972; Therneau & Watson 2017",
    "S/G": "Schemper 2009",
    "n/G2": "Uno 2011",
    "I": "Therneau & Watson 2017",
}


@dataclass(frozen=True, slots=True)
class Concordance:
    """A concordance with its interval.

    Attributes
    ----------
    estimate : (concordant + half of those tied in risk) / all three kinds.
    std_err : infinitesimal jackknife, the time weights taken as known.
    std_err_conservative : from the variance of the ranks under no association, with squared time weights.
        (R's survival 3.5 takes the time weights once, which makes its value right for the weight ``n`` only.)
    concordant, discordant, tied_risk : (weighted) comparable pairs.
    tied_time, tied_both : pairs of events at one time, of different and of equal risk; they do not count.
    influence : change of the estimate with the weight of each row used, shape (n,).
    limit : pairs whose earlier event lies after it do not count; None for no limit.
    """

    estimate: float
    std_err: float
    low: float
    high: float
    std_err_conservative: float
    concordant: float
    discordant: float
    tied_risk: float
    tied_time: float
    tied_both: float
    influence: Floats
    weight: TimeWeight
    limit: float | None
    n: int
    events: int
    level: float
    reference: str

    @property
    def method(self) -> str:
        """What the estimate is called."""
        names = {"n": "Harrell's C", "n/G2": "Uno's C"}
        return names.get(self.weight, f"concordance with time weight {self.weight}")

    def __str__(self) -> str:
        upto = "" if self.limit is None else f" up to {self.limit:g}"
        return f"{self.method}{upto}: {self.estimate:.4f} ({self.low:.4f} to {self.high:.4f})"


@dataclass(frozen=True, slots=True)
class ConcordanceDifference:
    """Concordance of a second risk minus that of a first, on the same rows."""

    estimate: float
    std_err: float
    low: float
    high: float
    z: float
    p: float
    covariance: Floats
    first: Concordance
    second: Concordance

    def __str__(self) -> str:
        return (
            f"{self.first.method}: {self.second.estimate:.4f} minus {self.first.estimate:.4f} is "
            f"{self.estimate:.4f} ({self.low:.4f} to {self.high:.4f}), p = {self.p:.3g}"
        )


@dataclass(frozen=True, slots=True)
class _PairSums:
    """For each row (n,): weights of comparable partners below, equal and above in risk."""

    below: Floats
    equal: Floats
    above: Floats


def concordance(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    *,
    weight: TimeWeight = "n",
    limit: float | None = None,
    level: float = 0.95,
) -> Concordance:
    """Concordance of a risk score (higher means shorter life) with survival.

    Parameters
    ----------
    time, event, risk : shape (n,). Rows with a missing value are dropped. Risks that differ by less than
        1e-12 of the largest are tied: equal patients get linear predictors that differ in the last bit.
    weight : of the pairs of an event at time t: ``n`` one each (Harrell), ``n/G2`` by 1 / G(t-)^2 with G the
        censoring distribution (Uno), ``S`` by n S(t-) / n(t), ``S/G`` by n S(t-) / (n(t) G(t-)), ``I`` by
        1 / n(t).
    limit : events after it do not count (Uno's tau).

    Raises
    ------
    StatisticsError
        If no pair is comparable.

    Examples
    --------
    >>> print(concordance([2, 4, 6, 8, 9], [1, 1, 0, 1, 0], [5, 3, 4, 1, 2]))
    Harrell's C: 0.7500 (0.4627 to 1.0000)
    """
    check_choice(weight, ("n", "S", "S/G", "n/G2", "I"), "weight")
    t, e, x = as_times(time), as_events(event), as_numbers(risk, "risk")
    keep = complete_rows(time=t, event=e, risk=x)
    t, e, x = t[keep], e[keep], x[keep]
    # At one time events come before censorings, so that the two are comparable and two events are not.
    order = np.unique(t, return_inverse=True)[1] * 2 + (e == 0)
    ranks = _ranks(x)
    factor = e * _time_weights(t, e, weight)
    if limit is not None:
        factor = np.where(t > limit, 0.0, factor)
    later, earlier = _pair_sums(order, ranks, factor, e == 1)
    concordant, discordant = float(factor @ later.below), float(factor @ later.above)
    tied = float(factor @ later.equal)
    pairs = concordant + discordant + tied
    if pairs <= 0:
        raise StatisticsError(
            "no-pair", "no two rows can be compared", "a concordance needs events and follow-up"
        )
    estimate = (concordant + tied / 2) / pairs
    gain = factor * (later.below - later.above) + earlier.above - earlier.below
    share = factor * (later.below + later.equal + later.above) + earlier.above + earlier.equal + earlier.below
    influence = (gain - (2 * estimate - 1) * share) / (2 * pairs)
    std_err = float(np.sqrt(influence @ influence))
    tied_time, tied_both = _tied_events(order, ranks, factor)
    width = normal_width(level) * std_err
    return Concordance(
        estimate,
        std_err,
        max(estimate - width, 0.0),
        min(estimate + width, 1.0),
        float(np.sqrt(_rank_variance(order, ranks, e, factor)) / (2 * pairs)),
        concordant,
        discordant,
        tied,
        tied_time,
        tied_both,
        influence,
        weight,
        limit,
        t.size,
        int(e.sum()),
        level,
        _REFERENCES[weight],
    )


def concordance_difference(
    time: ArrayLike,
    event: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    weight: TimeWeight = "n",
    limit: float | None = None,
    level: float = 0.95,
) -> ConcordanceDifference:
    """Concordance of the second risk minus that of the first, on the rows in which both are known."""
    t, e = as_times(time), as_events(event)
    a, b = as_numbers(first, "first"), as_numbers(second, "second")
    keep = complete_rows(time=t, event=e, first=a, second=b)
    one, two = (
        concordance(t[keep], e[keep], x[keep], weight=weight, limit=limit, level=level) for x in (a, b)
    )
    both = np.column_stack([one.influence, two.influence])
    change = two.influence - one.influence
    estimate, std_err = two.estimate - one.estimate, float(np.sqrt(change @ change))
    z = estimate / std_err if std_err > 0 else float("nan")
    width = normal_width(level) * std_err
    return ConcordanceDifference(
        estimate, std_err, estimate - width, estimate + width, z, normal_p(z), both.T @ both, one, two
    )


def _ranks(x: Floats) -> Ints:
    order = np.argsort(x, kind="stable")
    apart = np.diff(x[order]) > 1e-12 * np.abs(x).max(initial=0)
    ranks = np.empty(x.size, dtype=np.intp)
    ranks[order] = np.concatenate([[0], np.cumsum(apart)])
    return ranks


def _time_weights(time: Floats, event: Floats, weight: TimeWeight) -> Floats:
    """Weight of each row's time, shape (n,); it matters for events only."""
    times, place = np.unique(time, return_inverse=True)
    k = times.size
    deaths, leaving = sum_by_place(place, event, k), sum_by_place(place, np.ones(time.size), k)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    survival = np.cumprod((at_risk - deaths) / at_risk)
    # Deaths leave before the censorings of the same time: nobody is at risk of censoring only where all died.
    censoring = np.cumprod(1 - (leaving - deaths) / np.maximum(at_risk - deaths, 1))
    s, g = (np.concatenate([[1.0], curve])[:-1] for curve in (survival, censoring))
    if weight == "n":
        values = np.ones(k)
    elif weight == "n/G2":
        values = 1 / g**2
    elif weight == "I":
        values = 1 / at_risk
    else:
        values = time.size * s / at_risk / (g if weight == "S/G" else 1.0)
        values[at_risk == deaths] = 0.0  # nobody is left to be compared with
    weights: Floats = values[place]
    return weights


def _pair_sums(order: Ints, ranks: Ints, factor: Floats, event: Floats) -> tuple[_PairSums, _PairSums]:
    """Partners of each row that live longer (counted), and events before it (weighted by their factor).

    Two rows with different `order` differ first at one highest bit; taking the bits one by one, and at each
    the rows that agree above it as blocks sorted by risk, every pair is met exactly once: O(n log n) a bit.
    """
    n = order.size
    later, earlier = np.zeros((3, n)), np.zeros((3, n))
    by_risk = np.argsort(ranks, kind="stable")
    for bit in range(max(int(order.max(initial=0)).bit_length(), 1)):
        block = order[by_risk] >> (bit + 1)
        rows = by_risk[np.argsort(block, kind="stable")]
        upper = (order[rows] >> bit) & 1 == 1
        group = order[rows] >> (bit + 1)
        ends = np.flatnonzero(np.diff(group)) + 1
        starts = np.concatenate([[0], ends])
        size = np.diff(np.concatenate([starts, [n]]))
        first, last = np.repeat(starts, size), np.repeat(starts + size, size)
        changes = np.flatnonzero((np.diff(group) != 0) | (np.diff(ranks[rows]) != 0)) + 1
        tie_start = np.concatenate([[0], changes])
        tie_size = np.diff(np.concatenate([tie_start, [n]]))
        low, high = np.repeat(tie_start, tie_size), np.repeat(tie_start + tie_size, tie_size)
        for into, values, mine in (
            (later, upper.astype(np.float64), ~upper),
            (earlier, np.where(upper, 0.0, factor[rows]), upper),
        ):
            sums = np.concatenate([[0.0], np.cumsum(values)])
            own = rows[mine]
            into[0, own] += (sums[low] - sums[first])[mine]
            into[1, own] += (sums[high] - sums[low])[mine]
            into[2, own] += (sums[last] - sums[high])[mine]
    later[:, ~event.astype(bool)] = 0.0
    return _PairSums(*later), _PairSums(*earlier)


def _tied_events(order: Ints, ranks: Ints, factor: Floats) -> tuple[float, float]:
    """Weighted pairs of events at one time: of different risk, of equal risk."""
    used = np.flatnonzero(order % 2 == 0)
    _, place, count = np.unique(order[used], return_inverse=True, return_counts=True)
    pairs = np.column_stack([order[used], ranks[used]])
    _, both, same = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    both = both.reshape(-1)
    together = float(factor[used] @ (count[place] - 1.0)) / 2
    equal = float(factor[used] @ (same[both] - 1.0)) / 2
    return together - equal, equal


def _rank_variance(order: Ints, ranks: Ints, event: Floats, factor: Floats) -> float:
    """Variance of concordant minus discordant pairs if risk and survival were unrelated.

    At each event, the variance over those at risk of the number below minus the number above in risk is
    (n^3 - sum of g^3) / (3 n), g being the sizes of the groups of equal risk.
    """
    times = order >> 1
    sequence = np.lexsort([times, ranks])
    group = ranks[sequence]
    starts = np.flatnonzero(np.concatenate([[True], np.diff(group) != 0]))
    size = np.diff(np.concatenate([starts, [group.size]]))
    left = (np.repeat(starts + size, size) - np.arange(group.size)).astype(np.float64)
    # When a row leaves, the cube of its group's size falls from left^3 to (left - 1)^3.
    lost = np.empty(group.size)
    lost[sequence] = left**3 - (left - 1) ** 3
    k = int(times.max()) + 1
    cubes = np.cumsum(sum_by_place(times, lost, k)[::-1])[::-1]
    at_risk = np.cumsum(sum_by_place(times, np.ones(times.size), k)[::-1])[::-1]
    spread = (at_risk**3 - cubes) / (3 * at_risk)
    return float(np.sum(event * factor**2 * spread[times]))
