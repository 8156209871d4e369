"""Tail probabilities and quantiles, with SciPy imported only when one is asked for."""

from __future__ import annotations

from typing import overload

import numpy as np

from ._arrays import Floats, check_level


def normal_width(level: float) -> float:
    """Half-width of a two-sided normal interval in standard errors: 1.959964 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + check_level(level) / 2))


@overload
def normal_p(z: float) -> float: ...
@overload
def normal_p(z: Floats) -> Floats: ...
def normal_p(z: float | Floats) -> float | Floats:
    """Two-sided p of a standard normal statistic, without loss of digits in the tail."""
    from scipy.special import ndtr

    p: float | Floats = 2 * ndtr(-np.abs(z))
    return float(p) if isinstance(z, int | float) else p


@overload
def chi_squared_p(statistic: float, df: float) -> float: ...
@overload
def chi_squared_p(statistic: Floats, df: float | Floats) -> Floats: ...
def chi_squared_p(statistic: float | Floats, df: float | Floats) -> float | Floats:
    """Upper tail of the chi-squared distribution; NaN where there is no degree of freedom."""
    from scipy.special import gammaincc

    half = np.maximum(np.asarray(statistic, dtype=np.float64), 0) / 2
    p = np.where(np.asarray(df) > 0, gammaincc(np.asarray(df) / 2, half), np.nan)
    return float(p) if isinstance(statistic, int | float) else p


def chi_squared_quantile(level: float) -> float:
    """Quantile of the chi-squared distribution with one degree of freedom: 3.841459 for 0.95."""
    return normal_width(level) ** 2
