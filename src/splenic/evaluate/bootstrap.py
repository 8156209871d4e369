"""Confidence intervals that know that a patient's scans are no independent cases."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A statistic with its percentile interval.

    ``low`` and ``high`` are NaN with fewer than two patients, and where the statistic of any resample is.
    """

    estimate: float
    low: float
    high: float
    level: float
    resamples: int
    patients: int
    cases: int


def bootstrap_by_patient(
    values: npt.ArrayLike,
    patients: Sequence[Hashable],
    statistic: Callable[[npt.NDArray[np.float64]], float],
    seed: int,
    resamples: int = 2000,
    level: float = 0.95,
) -> Bootstrap:
    """Percentile interval of a statistic, patients drawn with replacement with all their cases.

    Parameters
    ----------
    values : array (n,) or (n, k)
        A case per row. NaN reaches the statistic as it is: whoever wants to leave cases out does so
        before, and says so.
    patients : sequence (n,)
        Whose case each row is.
    statistic : callable
        From values (m,) or (m, k) to a number, e.g. ``numpy.mean``.
    seed : int
        Same seed, same interval.
    resamples : int
    level : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If ``values`` is empty or the lengths differ.

    References
    ----------
    Field CA, Welsh AH. Bootstrapping clustered data. J R Stat Soc B 2007;69:369-390 (the cluster bootstrap).

    Examples
    --------
    >>> bootstrap_by_patient([0.9, 0.9, 0.96], ["a", "a", "b"], np.mean, seed=1).estimate
    0.92
    """
    table = np.asarray(values, float)
    if len(table) == 0 or len(table) != len(patients):
        raise ValueError(f"{len(table)} cases and {len(patients)} patients' names")
    names = list(dict.fromkeys(patients))
    place = {name: index for index, name in enumerate(names)}
    of_patient = np.array([place[name] for name in patients])
    rows = [np.flatnonzero(of_patient == index) for index in range(len(names))]
    estimate = float(statistic(table))
    if len(names) < 2:
        return Bootstrap(estimate, math.nan, math.nan, level, resamples, len(names), len(table))
    rng = np.random.default_rng(seed)
    found = np.empty(resamples)
    for index in range(resamples):
        drawn = rng.integers(len(names), size=len(names))
        found[index] = statistic(table[np.concatenate([rows[k] for k in drawn])])
    low, high = _percentiles(found, level)
    return Bootstrap(estimate, low, high, level, resamples, len(names), len(table))


def _percentiles(found: npt.NDArray[np.float64], level: float) -> tuple[float, float]:
    """Both ends of the interval, as values that occurred: infinities cannot be interpolated."""
    if np.isnan(found).any():
        return math.nan, math.nan
    tail = (1 - level) / 2
    low = np.quantile(found, tail, method="lower")
    high = np.quantile(found, 1 - tail, method="higher")
    return float(low), float(high)
