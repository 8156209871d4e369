"""Reliability of readers: intraclass correlation and Cohen's kappa."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc, fdtri

from ._arrays import Floats, StatisticsError, as_labels, as_matrix, check_choice, check_level, complete_rows
from ._distributions import normal_p, normal_width

Weights = Literal["none", "linear", "quadratic"]


@dataclass(frozen=True, slots=True)
class IntraclassCorrelation:
    """One intraclass correlation with its F test and interval."""

    estimate: float
    low: float
    high: float
    f: float
    df1: float
    df2: float
    p: float
    n: int
    readers: int
    level: float
    method: str
    reference: str = "Shrout and Fleiss 1979; McGraw and Wong 1996"

    def __str__(self) -> str:
        interval = f"{self.level:.0%} interval {self.low:.3f} to {self.high:.3f}"
        return f"{self.method} {self.estimate:.3f} ({interval}), {self.n} subjects, {self.readers} readers"


@dataclass(frozen=True, slots=True)
class IntraclassCorrelations:
    """All six forms of Shrout and Fleiss, from the mean squares of the two-way analysis of variance.

    ``icc_2_1`` is absolute agreement of single readers drawn at random, ``icc_3_1`` their consistency; ``_k``
    is the mean of all readers. ``agreement_df`` are Satterthwaite's for ``icc_2_1``.
    """

    icc_1_1: IntraclassCorrelation
    icc_2_1: IntraclassCorrelation
    icc_3_1: IntraclassCorrelation
    icc_1_k: IntraclassCorrelation
    icc_2_k: IntraclassCorrelation
    icc_3_k: IntraclassCorrelation
    ms_rows: float
    ms_columns: float
    ms_error: float
    agreement_df: float

    def __str__(self) -> str:
        forms = (self.icc_1_1, self.icc_2_1, self.icc_3_1, self.icc_1_k, self.icc_2_k, self.icc_3_k)
        return "\n".join(str(form) for form in forms)


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance of two readers.

    Attributes
    ----------
    estimate, low, high : kappa and its interval, from `std_err`.
    std_err_null : standard error under kappa = 0, for `z` and `p`.
    observed, expected : (weighted) agreement, and by chance.
    counts : ndarray, shape (k, k), first reader by second. levels : their labels.
    """

    estimate: float
    low: float
    high: float
    std_err: float
    std_err_null: float
    z: float
    p: float
    observed: float
    expected: float
    counts: Floats
    levels: tuple[Any, ...]
    n: int
    level: float
    method: str
    reference: str = "Cohen 1960, 1968; Fleiss, Cohen and Everitt 1969"

    def __str__(self) -> str:
        interval = f"{self.level:.0%} interval {self.low:.3f} to {self.high:.3f}"
        return f"{self.method} {self.estimate:.3f} ({interval}), agreement {self.observed:.1%}, n = {self.n}"


def intraclass_correlations(ratings: ArrayLike, *, level: float = 0.95) -> IntraclassCorrelations:
    """Intraclass correlations of readers who all measured the same subjects.

    Parameters
    ----------
    ratings : array_like, shape (subjects, readers)
        Rows with a missing value are dropped.
    level : float
        Confidence.
    """
    tail = (1 - check_level(level)) / 2
    m = as_matrix(ratings, "ratings")
    m = m[~np.isnan(m).any(axis=1)]
    n, k = m.shape
    if n < 2 or k < 2:
        raise StatisticsError(
            "too-few-rows", f"ratings: two subjects and two readers are needed, got {n} and {k}"
        )
    rows, columns, grand = m.mean(axis=1), m.mean(axis=0), float(m.mean())
    msr = k * float(np.sum((rows - grand) ** 2)) / (n - 1)
    msc = n * float(np.sum((columns - grand) ** 2)) / (k - 1)
    residual = m - rows[:, None] - columns + grand
    mse = float(np.sum(residual**2)) / ((n - 1) * (k - 1))
    if msr == 0 or mse == 0:
        raise StatisticsError("constant", "ratings: no spread between subjects or no disagreement of readers")
    msw = ((k - 1) * msc + (n - 1) * (k - 1) * mse) / (n * (k - 1))

    def one(
        name: str, value: float, limits: tuple[float, float], f: float, df2: float
    ) -> IntraclassCorrelation:
        return IntraclassCorrelation(
            value, *limits, f, n - 1.0, df2, float(fdtrc(n - 1, df2, f)), n, k, level, name
        )

    def single(f: float, df2: float) -> tuple[float, float]:
        low, high = f / float(fdtri(n - 1, df2, 1 - tail)), f * float(fdtri(df2, n - 1, 1 - tail))
        return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)

    def mean(limits: tuple[float, float]) -> tuple[float, float]:
        first, second = (k * limit / (1 + (k - 1) * limit) for limit in limits)
        return first, second

    df_within, df_error = n * (k - 1.0), (n - 1) * (k - 1.0)
    f1, f3 = msr / msw, msr / mse
    icc2 = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
    limits1, limits3 = single(f1, df_within), single(f3, df_error)
    nu = _agreement_df(msc, mse, icc2, n, k)
    limits2 = _agreement_limits(msr, msc, mse, nu, n, k, tail)
    return IntraclassCorrelations(
        icc_1_1=one("ICC(1,1)", (msr - msw) / (msr + (k - 1) * msw), limits1, f1, df_within),
        icc_2_1=one("ICC(2,1)", icc2, limits2, f3, df_error),
        icc_3_1=one("ICC(3,1)", (msr - mse) / (msr + (k - 1) * mse), limits3, f3, df_error),
        icc_1_k=one("ICC(1,k)", 1 - 1 / f1, mean(limits1), f1, df_within),
        icc_2_k=one("ICC(2,k)", (msr - mse) / (msr + (msc - mse) / n), mean(limits2), f3, df_error),
        icc_3_k=one("ICC(3,k)", 1 - 1 / f3, mean(limits3), f3, df_error),
        ms_rows=msr,
        ms_columns=msc,
        ms_error=mse,
        agreement_df=nu,
    )


def _agreement_df(msc: float, mse: float, icc: float, n: int, k: int) -> float:
    """Satterthwaite's degrees of freedom of the column and error mean squares in ICC(2,1)."""
    a, b = k * icc * msc / mse, n * (1 + (k - 1) * icc) - k * icc
    return (k - 1) * (n - 1) * (a + b) ** 2 / ((n - 1) * a**2 + b**2)


def _agreement_limits(
    msr: float, msc: float, mse: float, nu: float, n: int, k: int, tail: float
) -> tuple[float, float]:
    """Interval of ICC(2,1)."""
    upper, lower = float(fdtri(n - 1, nu, 1 - tail)), float(fdtri(nu, n - 1, 1 - tail))
    rest = k * msc + (k * n - k - n) * mse
    return n * (msr - upper * mse) / (upper * rest + n * msr), n * (lower * msr - mse) / (
        rest + n * lower * msr
    )


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    *,
    weights: Weights = "none",
    levels: tuple[Any, ...] | None = None,
    level: float = 0.95,
) -> Kappa:
    """Cohen's kappa of two readers' labels.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Labels; incomplete pairs are dropped.
    weights : {"none", "linear", "quadratic"}
        Credit for near misses of ordered labels.
    levels : tuple, optional
        All labels in order; by default those that occur, sorted.
    level : float
        Confidence.
    """
    check_choice(weights, ("none", "linear", "quadratic"), "weights")
    width = normal_width(level)
    if levels is None:
        levels = tuple(
            sorted(set(as_labels(first, "first").levels) | set(as_labels(second, "second").levels))
        )
    a, b = as_labels(first, "first", levels), as_labels(second, "second", levels)
    kept = complete_rows(first=a.codes, second=b.codes)
    k, n = len(levels), int(kept.sum())
    if n == 0 or k < 2:
        raise StatisticsError("too-few-rows", "first, second: two labels and a complete pair are needed")
    pairs = (a.codes[kept] * k + b.codes[kept]).astype(np.intp)
    counts = np.bincount(pairs, minlength=k * k).reshape(k, k).astype(np.float64)
    share = counts / n
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1)
    credit = {"none": np.eye(k), "linear": 1 - distance, "quadratic": 1 - distance**2}[weights]
    chance = np.outer(rows, columns)
    observed, expected = float((credit * share).sum()), float((credit * chance).sum())
    if expected == 1:
        raise StatisticsError(
            "constant", "first, second: both readers gave one and the same label throughout"
        )
    kappa = (observed - expected) / (1 - expected)
    both = np.add.outer(credit @ columns, rows @ credit)
    spread = float((share * (credit - both * (1 - kappa)) ** 2).sum()) - (kappa - expected * (1 - kappa)) ** 2
    null = float((chance * (credit - both) ** 2).sum()) - expected**2
    error, error_null = (float(np.sqrt(max(0.0, v) / n)) / (1 - expected) for v in (spread, null))
    z = kappa / error_null if error_null > 0 else np.nan
    name = "Cohen's kappa" if weights == "none" else f"Cohen's kappa, {weights} weights"
    return Kappa(
        estimate=kappa,
        low=kappa - width * error,
        high=kappa + width * error,
        std_err=error,
        std_err_null=error_null,
        z=z,
        p=normal_p(z) if error_null > 0 else np.nan,
        observed=observed,
        expected=expected,
        counts=counts,
        levels=levels,
        n=n,
        level=level,
        method=name,
    )


@dataclass(frozen=True, slots=True)
class BinaryAgreement:
    """What distorts kappa of two labels: prevalence and bias; and kappa without either (PABAK)."""

    prevalence_index: float
    bias_index: float
    pabak: float


def binary_agreement(kappa: Kappa) -> BinaryAgreement:
    """Prevalence and bias indices of a 2 x 2 table (Byrt, Bishop and Carlin 1993)."""
    if kappa.counts.shape != (2, 2):
        raise StatisticsError("bad-shape", "kappa: these indices belong to two labels")
    (a, b), (c, d) = kappa.counts / kappa.n
    return BinaryAgreement(float(abs(a - d)), float(abs(b - c)), float(2 * (a + d) - 1))
