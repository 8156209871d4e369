"""The chance of a maximally selected statistic at least as large as the one found.

All functions take the maximum ``b`` of the standardised two-sample statistics and what the search was
allowed to try. The Gaussian value is the one to report; the bounds of Lausen and Schumacher are kept because
papers quote them, the permutation values because they are exact where the sample is small.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log, pi

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, roots_legendre

from ._arrays import Floats, StatisticsError

Ints = NDArray[np.int64]

#: Two statistics closer than this count as equal: permutations rearrange sums, and rounding must not decide.
EQUAL = 1e-9
#: Up to this many cuts the Gaussian value is computed cut by cut; beyond, on thinned grids.
MOST_CUTS = 1000
#: Up to this many rows all orders are counted exactly.
MOST_ROWS_EXACT = 20


def p_lausen92(b: float, minprop: float, maxprop: float) -> float:
    """Asymptotic p value that knows only the range of the search.

    Formula (8) of Lausen and Schumacher, Biometrics 48 (1992) 73-85; clipped to 0..1, and 1 for ``b < 1``.

    Parameters
    ----------
    b : float
        Maximum of the absolute standardised statistics.
    minprop, maxprop : float
        Smallest and largest share of rows at or below the cut-off.
    """
    if b < 1:
        return 1.0
    odds = maxprop * (1 - minprop)
    if minprop <= 0 or maxprop >= 1:
        return 1.0
    density = float(np.exp(-(b**2) / 2) / np.sqrt(2 * pi))
    p = 4 * density / b + density * (b - 1 / b) * log(odds / ((1 - maxprop) * minprop))
    return min(1.0, max(0.0, p))


def p_lausen94(b: float, sizes: ArrayLike, n: int) -> float:
    """Improved Bonferroni approximation from the cuts that the data allow.

    Lausen, Sauerbrei and Schumacher (1994), in: Computational Statistics, 483-496. Clipped to 0..1. It is no
    bound: too large with many cuts, too small (even 0) for a large ``b`` with few cuts far apart.

    Parameters
    ----------
    b : float
        Maximum of the absolute standardised statistics.
    sizes : array_like of int, shape (k,)
        Rows at or below each cut, increasing.
    n : int
        Rows.
    """
    m = np.asarray(sizes, dtype=np.float64)
    first, second = m[:-1], m[1:]
    step = np.sqrt(1 - first * (n - second) / ((n - first) * second))
    overlap = np.exp(-(b**2) / 2) / pi * (step - (b**2 / 4 - 1) * step**3 / 6)
    return float(np.clip(2 * ndtr(-b) + overlap.sum(), 0.0, 1.0))


def p_gaussian(b: float, sizes: ArrayLike, n: int) -> float:
    """Chance that the Gaussian limit of the search exceeds ``b`` at one of the cuts.

    With m_i rows at or below cut i the correlation of two statistics is
    sqrt(m_i (n - m_j) / (m_j (n - m_i))), so they form a Markov chain. The density of "not yet beyond b" is
    carried from cut to cut by Gauss-Legendre quadrature on [-b, b] and the first-passage probabilities are
    added, which keeps all digits of a tiny p. This is the distribution that Hothorn and Lausen (Comput. Stat.
    Data Anal. 43 (2003) 121-137) call exact Gaussian, without simulation.

    Beyond 1,000 cuts the value is computed for four thinned sets of cuts and extrapolated (relative error
    near 1e-5 for a marker without ties).

    Parameters
    ----------
    b : float
        Maximum of the absolute standardised statistics.
    sizes : array_like of int, shape (k,)
        Rows at or below each cut, increasing.
    n : int
        Rows.

    Returns
    -------
    float
        p value, 0..1.
    """
    m = np.asarray(sizes, dtype=np.float64)
    if m.size == 0:
        raise StatisticsError("no-cut", "the search allows no cut", "widen minprop and maxprop")
    if b <= 0:
        return 1.0
    if m.size <= MOST_CUTS:
        return min(1.0, _first_passage(b, m, n))
    return min(1.0, _extrapolated(b, m, n))


def _first_passage(b: float, m: Floats, n: int) -> float:
    p = 2.0 * float(ndtr(-b))
    if m.size == 1:
        return p
    before, after = m[:-1], m[1:]
    deviation = np.sqrt(n * (after - before) / (after * (n - before)))
    correlation = np.sqrt(before / after * (n - after) / (n - before))
    # Node spacing at most the smallest step / 1.7, or the narrow kernel falls between the nodes.
    x, weight = _positive_nodes(int(50 * np.ceil(max(100.0, 1.7 * pi * b / float(deviation.min())) / 50)))
    z, weight = b * x, b * weight
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * pi)
    for k in range(m.size - 1):
        s, shrunk = float(deviation[k]), correlation[k] * z
        mass = weight * density
        p += 2 * float(mass @ (ndtr((-b - shrunk) / s) + ndtr((shrunk - b) / s)))
        if k < m.size - 2:
            density = _carried(mass, shrunk, z, s, b) / (s * np.sqrt(2 * pi))
    return p


@lru_cache(maxsize=64)
def _positive_nodes(count: int) -> tuple[Floats, Floats]:
    """The positive half of the Gauss-Legendre nodes and their weights; densities here are even."""
    x, weight = roots_legendre(count)
    return np.asarray(x[count // 2 :], dtype=np.float64), np.asarray(weight[count // 2 :], dtype=np.float64)


def _carried(mass: Floats, shrunk: Floats, z: Floats, s: float, b: float) -> Floats:
    """Sum of the Gaussian kernels of all nodes and their mirror images, without those that add nothing.

    Seen from a target, its sources lie within 9 s of their mean; seen from a source that is 9 s + b s^2.
    """
    reach = 9 * s + b * s**2
    result = np.zeros(z.size)
    for start in range(0, z.size, 64):
        rows = slice(start, start + 64)
        first = int(np.searchsorted(z, shrunk[start] - reach))
        last = int(np.searchsorted(z, shrunk[rows][-1] + reach))
        distance = np.subtract.outer(shrunk[rows] / s, z[first:last] / s)
        result[first:last] += mass[rows] @ np.exp(-0.5 * distance**2)
    mirrored, near = int(np.searchsorted(shrunk, reach)), int(np.searchsorted(z, reach))
    distance = np.add.outer(shrunk[:mirrored] / s, z[:near] / s)
    result[:near] += mass[:mirrored] @ np.exp(-0.5 * distance**2)
    return result


def _extrapolated(b: float, m: Floats, n: int) -> float:
    """Value for all cuts from every k-th, 2k-th, 4k-th and 8k-th.

    The error of a barrier that is watched at discrete times is a series in the square root of the step.
    """
    stride = -(-m.size // (MOST_CUTS // 2))
    strides = np.array([stride, 2 * stride, 4 * stride, 8 * stride])
    logs = [log(_first_passage(b, np.append(m[:-1:step], m[-1]), n)) for step in strides.tolist()]
    return float(np.exp(np.polyval(np.polyfit(np.sqrt(strides), logs, 3), 1.0)))


def critical_value(alpha: float, sizes: ArrayLike, n: int) -> float:
    """Value that the maximum exceeds with probability ``alpha`` under no effect (Gaussian law).

    Parameters
    ----------
    alpha : float
        Level, 0..1.
    sizes : array_like of int, shape (k,)
        Rows at or below each cut, increasing.
    n : int
        Rows.
    """
    from scipy.optimize import brentq

    if not 0 < alpha < 1:
        raise StatisticsError("bad-level", f"alpha is {alpha:g}", "choose a level between 0 and 1")
    m = np.asarray(sizes, dtype=np.float64)

    def excess(b: float) -> float:
        return log(p_gaussian(b, m, n)) - log(alpha)

    high = 2.0
    while excess(high) > 0:
        high += 2.0
    return float(brentq(excess, 1e-6, high, xtol=1e-13, rtol=1e-14))


@dataclass(frozen=True, slots=True)
class PermutationP:
    """Result of a permutation of the scores over the marker.

    Attributes
    ----------
    p : float
        (k + 1) / (B + 1), k permutations with a maximum at least as large as the observed one: never 0.
    p_strict : float
        Share of permutations with a strictly larger maximum, as older programs report; may be 0.
    permutations : int
        B.
    """

    p: float
    p_strict: float
    permutations: int

    def __str__(self) -> str:
        return f"p = {self.p:.4g} from {self.permutations:,} permutations"


def p_permutation(
    b: float, scores: ArrayLike, sizes: ArrayLike, permutations: int = 100_000, seed: int = 0
) -> PermutationP:
    """Permutation p value by simulation, O(n) for each permutation.

    Parameters
    ----------
    b : float
        Maximum of the absolute standardised statistics.
    scores : array_like, shape (n,)
        Scores of the rows, in any order.
    sizes : array_like of int, shape (k,)
        Rows at or below each cut, increasing.
    permutations : int
        How many; the standard error of p is sqrt(p (1 - p) / permutations).
    seed : int
        Same seed, same value.
    """
    a = np.asarray(scores, dtype=np.float64)
    m = np.asarray(sizes, dtype=np.int64)
    if permutations < 1:
        raise StatisticsError(
            "bad-count", f"{permutations} permutations were asked for", "ask for at least one"
        )
    centred = a - a.mean()
    scale = deviations(a, m)
    if not np.any(scale > 0):
        return PermutationP(1.0, 0.0, permutations)
    random = np.random.default_rng(seed)
    # A block of about 4 MB stays in the cache of the processor.
    block = max(1, min(permutations, 2**19 // a.size))
    first, last = int(m[0]), int(m[-1])
    columns = None if m.size == last - first + 1 else m - first
    low, high = (b - EQUAL) * scale, (b + EQUAL) * scale
    at_least = larger = done = 0
    while done < permutations:
        rows = min(block, permutations - done)
        order = random.permuted(np.broadcast_to(centred, (rows, a.size)), axis=1)
        head = order[:, :first].sum(axis=1)
        sums = order[:, first - 1 : last]
        sums[:, 0] = head
        np.cumsum(sums, axis=1, out=sums)
        np.abs(sums, out=sums)
        tried = sums if columns is None else sums[:, columns]
        at_least += int((tried >= low).any(axis=1).sum())
        larger += int((tried > high).any(axis=1).sum())
        done += rows
    return PermutationP((at_least + 1) / (permutations + 1), larger / permutations, permutations)


def p_all_orders(b: float, scores: ArrayLike, sizes: ArrayLike) -> float:
    """Exact permutation p value from all n! orders, for at most 20 rows.

    The orders are not listed: a path through the 2^n subsets of rows is an order, and the probability of a
    first passage beyond ``b`` is carried from subset to subset.

    Parameters
    ----------
    b : float
        Maximum of the absolute standardised statistics; permutations that equal it count.
    scores : array_like, shape (n,)
        Scores of the rows, in any order.
    sizes : array_like of int, shape (k,)
        Rows at or below each cut, increasing.
    """
    a = np.asarray(scores, dtype=np.float64)
    n = a.size
    if n > MOST_ROWS_EXACT:
        raise StatisticsError(
            "too-many-rows",
            f"all orders are counted up to {MOST_ROWS_EXACT} rows, not {n}",
            "use the permutation p value",
        )
    cuts = set(np.asarray(sizes, dtype=np.int64).tolist())
    total = np.zeros(1)
    members = np.zeros(1, dtype=np.int64)
    for value in a - a.mean():
        total = np.concatenate([total, total + value])
        members = np.concatenate([members, members + 1])
    scale = deviations(a, np.arange(n + 1))
    mass = np.zeros(2**n)
    mass[0] = 1.0
    p = 0.0
    bits = 2 ** np.arange(n)
    for m in range(1, max(cuts) + 1):
        subsets = np.flatnonzero(members == m)
        arrived = np.zeros(subsets.size)
        for bit in bits:
            inside = (subsets & bit) > 0
            arrived[inside] += mass[subsets[inside] ^ bit]
        arrived /= n - m + 1
        if m in cuts:
            passed = np.abs(total[subsets]) >= (b - EQUAL) * scale[m]
            p += float(arrived[passed].sum())
            arrived[passed] = 0.0
        mass[subsets] = arrived
    return min(1.0, p)


def deviations(scores: Floats, m: Ints) -> Floats:
    """Permutation standard deviation of the sum of the scores of ``m`` rows."""
    n = scores.size
    size = np.asarray(m, dtype=np.float64)
    return np.sqrt(size * (n - size) / (n * (n - 1)) * float(np.sum((scores - scores.mean()) ** 2)))
