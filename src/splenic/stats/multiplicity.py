"""Adjustment of p values for several tests."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import Floats, StatisticsError, as_numbers, check_choice

Adjustment = Literal["holm", "hochberg", "hommel", "bonferroni", "bh", "by", "none"]


def adjust_p(p: ArrayLike, method: Adjustment = "holm") -> Floats:
    """Adjusted p values; missing ones stay missing and do not count.

    Parameters
    ----------
    p : array_like, shape (k,)
        p values, 0..1 or NaN.
    method : str
        ``holm`` (1979), ``hochberg`` (1988), ``hommel`` (1988) and ``bonferroni`` bound the chance of any
        false finding; ``bh`` (Benjamini and Hochberg 1995) and ``by`` (Benjamini and Yekutieli 2001) the
        share of false findings.

    Examples
    --------
    >>> adjust_p([0.01, 0.04, 0.03], "holm").round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    check_choice(method, ("holm", "hochberg", "hommel", "bonferroni", "bh", "by", "none"), "method")
    values = as_numbers(p, "p")
    given = ~np.isnan(values)
    if ((values[given] < 0) | (values[given] > 1)).any():
        raise StatisticsError("bad-p", "p: a value lies outside 0..1")
    adjusted = np.full(values.size, np.nan)
    order = np.argsort(values[given], kind="stable")
    ordered = values[given][order]
    result = np.empty(ordered.size)
    result[order] = np.minimum(1.0, _ordered(ordered, method))
    adjusted[given] = result
    return adjusted


def _ordered(p: Floats, method: Adjustment) -> Floats:
    """Adjusted values of increasing p values, not yet cut at 1."""
    k = p.size
    rank = np.arange(1, k + 1)
    if method == "none" or k == 0:
        return p
    if method == "bonferroni":
        return np.asarray(k * p)
    if method == "holm":
        return np.maximum.accumulate((k - rank + 1) * p)
    if method == "hommel":
        return _hommel(p)
    factor = (k - rank + 1.0) if method == "hochberg" else k / rank
    if method == "by":
        factor = factor * np.sum(1 / rank)
    return np.asarray(np.minimum.accumulate((factor * p)[::-1])[::-1], dtype=np.float64)


def _hommel(p: Floats) -> Floats:
    """Closed testing with Simes' test, by the algorithm of Wright (1992)."""
    k = p.size
    adjusted = np.full(k, np.min(k * p / np.arange(1, k + 1)))
    lower_bound = adjusted.copy()
    for m in range(k - 1, 1, -1):
        head, tail = np.arange(k - m + 1), np.arange(k - m + 1, k)
        smallest = np.min(m * p[tail] / np.arange(2, m + 1))
        lower_bound[head] = np.minimum(m * p[head], smallest)
        lower_bound[tail] = lower_bound[k - m]
        adjusted = np.maximum(adjusted, lower_bound)
    return np.maximum(adjusted, p)
