"""Agreement of two measurements of the same thing: Bland-Altman, Lin, Passing-Bablok, Deming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, stdtr, stdtrit

from ._arrays import Floats, StatisticsError, as_numbers, check_choice, check_level, complete_rows
from ._distributions import normal_width

Scale = Literal["difference", "percent", "log-ratio"]
LimitMethod = Literal["exact", "mover", "approximate-1999", "approximate-1986"]

#: Limits of agreement are mean +- 1.96 SD by definition.
LIMIT = 1.96


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Differences of two measurements, second less first, on the chosen scale.

    Attributes
    ----------
    estimate, low, high : mean difference (bias) and its interval; `p` of no bias.
    sd : standard deviation of the differences.
    lower_limit, upper_limit : bias -+ 1.96 SD; each with its interval by `method`.
    slope, intercept, slope_p : differences on means; a slope is proportional bias.
    correlation : of differences and means.
    mean_absolute, rms : mean absolute and root mean square difference.
    within_sd, repeatability : within-subject deviation and 1.96 sqrt(2) times it, in the unit measured.
    within_cv_percent : root mean square of the within-subject coefficient of variation.
    """

    estimate: float
    low: float
    high: float
    p: float
    sd: float
    lower_limit: float
    lower_limit_low: float
    lower_limit_high: float
    upper_limit: float
    upper_limit_low: float
    upper_limit_high: float
    slope: float
    intercept: float
    slope_p: float
    correlation: float
    mean_absolute: float
    rms: float
    within_sd: float
    repeatability: float
    within_cv_percent: float
    n: int
    level: float
    scale: str
    method: str
    reference: str

    def __str__(self) -> str:
        bias = f"bias {self.estimate:.4g} ({self.level:.0%} interval {self.low:.4g} to {self.high:.4g})"
        lower = f"{self.lower_limit:.4g} ({self.lower_limit_low:.4g} to {self.lower_limit_high:.4g})"
        upper = f"{self.upper_limit:.4g} ({self.upper_limit_low:.4g} to {self.upper_limit_high:.4g})"
        return f"{bias}, limits of agreement {lower} to {upper}, n = {self.n} ({self.scale}, {self.method})"


@dataclass(frozen=True, slots=True)
class LinConcordance:
    """Lin's concordance correlation.

    Attributes
    ----------
    estimate, low, high : the coefficient (variances with divisor n) and its interval on Fisher's z.
    correlation : Pearson's. bias_correction : estimate over correlation.
    scale_shift, location_shift : deviation of the second over the first, and second less first mean over
        the geometric mean of the deviations.
    """

    estimate: float
    low: float
    high: float
    correlation: float
    bias_correction: float
    scale_shift: float
    location_shift: float
    n: int
    level: float
    method: str = "Lin's concordance correlation"
    reference: str = "Lin 1989, 2000"

    def __str__(self) -> str:
        interval = f"{self.level:.0%} interval {self.low:.4f} to {self.high:.4f}"
        return f"{self.method} {self.estimate:.4f} ({interval}), n = {self.n}"


@dataclass(frozen=True, slots=True)
class LineOfAgreement:
    """A line fitted where both columns have error; NaN limits where the method has none."""

    slope: float
    slope_low: float
    slope_high: float
    intercept: float
    intercept_low: float
    intercept_high: float
    n: int
    level: float
    method: str
    reference: str

    def __str__(self) -> str:
        slope = f"slope {self.slope:.4f} ({self.slope_low:.4f} to {self.slope_high:.4f})"
        intercept = f"intercept {self.intercept:.4g} ({self.intercept_low:.4g} to {self.intercept_high:.4g})"
        return f"{self.method}: {slope}, {intercept}, n = {self.n}"


def bland_altman(
    first: ArrayLike,
    second: ArrayLike,
    *,
    scale: Scale = "difference",
    limits: LimitMethod = "exact",
    level: float = 0.95,
) -> BlandAltman:
    """Bland and Altman's limits of agreement, with intervals of the limits themselves.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Two measurements of the same subjects; incomplete pairs are dropped.
    scale : {"difference", "percent", "log-ratio"}
        ``second - first``, 100 times that over the mean of both, or ``log(second / first)``.
    limits : str
        ``exact`` (Carkeet 2015, noncentral t), ``mover`` (Donner and Zou 2012), ``approximate-1999`` or
        ``approximate-1986`` (Bland and Altman).
    level : float
        Confidence.
    """
    check_choice(scale, ("difference", "percent", "log-ratio"), "scale")
    check_choice(limits, tuple(_LIMITS), "limits")
    check_level(level)
    x, y = _pairs(first, second, 3)
    if scale == "log-ratio" and (x.min() <= 0 or y.min() <= 0):
        raise StatisticsError("bad-values", "first, second: a log ratio needs measurements above 0")
    if scale == "percent" and (x + y == 0).any():
        raise StatisticsError(
            "bad-values", "first, second: a pair has mean 0, so its percentage does not exist"
        )
    middle = (x + y) / 2
    d = y - x
    if scale == "percent":
        d = 100 * d / middle
    elif scale == "log-ratio":
        d = np.log(y / x)
    n, bias, sd = d.size, float(d.mean()), float(d.std(ddof=1))
    half = float(stdtrit(n - 1, 0.5 + level / 2)) * sd / np.sqrt(n)
    inner, outer = _limit_factors(limits, n, level)
    slope, intercept, slope_p, correlation = _line(middle, d)
    within = float(np.sqrt(np.mean((y - x) ** 2) / 2))
    return BlandAltman(
        estimate=bias,
        low=bias - half,
        high=bias + half,
        p=_t_p(bias, sd / np.sqrt(n), n - 1),
        sd=sd,
        lower_limit=bias - LIMIT * sd,
        lower_limit_low=bias - outer * sd,
        lower_limit_high=bias - inner * sd,
        upper_limit=bias + LIMIT * sd,
        upper_limit_low=bias + inner * sd,
        upper_limit_high=bias + outer * sd,
        slope=slope,
        intercept=intercept,
        slope_p=slope_p,
        correlation=correlation,
        mean_absolute=float(np.abs(d).mean()),
        rms=float(np.sqrt(np.mean(d**2))),
        within_sd=within,
        repeatability=LIMIT * np.sqrt(2) * within,
        within_cv_percent=_within_cv(x, y),
        n=n,
        level=level,
        scale=scale,
        method=f"{limits} limits",
        reference="Bland and Altman 1986, 1999; " + _LIMITS[limits],
    )


_LIMITS = {
    "exact": "Carkeet 2015",
    "mover": "Donner and Zou 2012",
    "approximate-1999": "Bland and Altman 1999",
    "approximate-1986": "Bland and Altman 1986",
}


def _limit_factors(method: str, n: int, level: float) -> tuple[float, float]:
    """Distances of the two ends of a limit's interval from the bias, in standard deviations."""
    t = float(stdtrit(n - 1, 0.5 + level / 2))
    if method == "exact":
        from scipy.stats import nct

        tails = nct.ppf([(1 - level) / 2, (1 + level) / 2], n - 1, LIMIT * np.sqrt(n)) / np.sqrt(n)
        return float(tails[0]), float(tails[1])
    if method == "mover":
        low = np.sqrt((n - 1) / chdtri(n - 1, (1 - level) / 2))
        high = np.sqrt((n - 1) / chdtri(n - 1, (1 + level) / 2))
        below = np.hypot(t / np.sqrt(n), LIMIT * (1 - low))
        above = np.hypot(t / np.sqrt(n), LIMIT * (high - 1))
        return float(LIMIT - below), float(LIMIT + above)
    error = np.sqrt(3 / n) if method == "approximate-1986" else np.sqrt(1 / n + LIMIT**2 / (2 * (n - 1)))
    return float(LIMIT - t * error), float(LIMIT + t * error)


def _within_cv(x: Floats, y: Floats) -> float:
    total = x + y
    return float(100 * np.sqrt(np.mean(2 * ((y - x) / total) ** 2))) if (total != 0).all() else np.nan


def _line(x: Floats, d: Floats) -> tuple[float, float, float, float]:
    """Least squares of ``d`` on ``x``: slope, intercept, p of the slope, correlation."""
    u, v = x - x.mean(), d - d.mean()
    if u @ u == 0:
        return np.nan, np.nan, np.nan, np.nan
    slope = float(u @ v / (u @ u))
    left = v - slope * u
    error = float(np.sqrt(left @ left / (x.size - 2) / (u @ u)))
    spread = float(np.sqrt((u @ u) * (v @ v)))
    correlation = float(u @ v) / spread if spread else np.nan
    return slope, float(d.mean() - slope * x.mean()), _t_p(slope, error, x.size - 2), correlation


def _t_p(estimate: float, error: float, df: int) -> float:
    if error == 0:
        return 1.0 if estimate == 0 else 0.0
    return float(2 * stdtr(df, -abs(estimate / error)))


def concordance_correlation(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> LinConcordance:
    """Lin's concordance correlation coefficient; incomplete pairs are dropped."""
    z = normal_width(level)
    x, y = _pairs(first, second, 3)
    n = x.size
    sx, sy, sxy = float(x.var()), float(y.var()), float(np.mean((x - x.mean()) * (y - y.mean())))
    if sx == 0 or sy == 0:
        raise StatisticsError("constant", "first, second: a column without spread cannot be concordant")
    gap = float(y.mean() - x.mean())
    ccc = 2 * sxy / (sx + sy + gap**2)
    r = sxy / np.sqrt(sx * sy)
    shift = gap / np.sqrt(np.sqrt(sx * sy))
    low, high = _lin_interval(ccc, float(r), float(shift), n, z)
    return LinConcordance(
        estimate=float(ccc),
        low=low,
        high=high,
        correlation=float(r),
        bias_correction=float(ccc / r) if r else np.nan,
        scale_shift=float(np.sqrt(sy / sx)),
        location_shift=float(shift),
        n=n,
        level=level,
    )


def _lin_interval(ccc: float, r: float, shift: float, n: int, z: float) -> tuple[float, float]:
    if abs(r) == 1 or ccc == 0 or r == 0:
        return np.nan, np.nan
    variance = (
        (1 - r**2) * ccc**2 * (1 - ccc**2) / r**2
        + 2 * ccc**3 * (1 - ccc) * shift**2 / r
        - ccc**4 * shift**4 / (2 * r**2)
    ) / (n - 2)
    half = z * np.sqrt(variance) / (1 - ccc**2)
    return float(np.tanh(np.arctanh(ccc) - half)), float(np.tanh(np.arctanh(ccc) + half))


def passing_bablok(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> LineOfAgreement:
    """Passing and Bablok's line, the shifted median of all slopes; incomplete pairs are dropped.

    Memory grows with the square of the rows; 5,000 rows are the limit.
    """
    width = normal_width(level)
    a, b = _pairs(x, y, 3)
    n = a.size
    if n > 5000:
        raise StatisticsError("too-many-rows", f"x, y: {n} rows have too many slopes", "use Deming's line")
    upper = np.triu_indices(n, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = (np.subtract.outer(b, b) / np.subtract.outer(a, a))[upper]
    slopes = np.sort(slopes[np.isfinite(slopes) & (slopes != -1)])
    count = slopes.size
    if count == 0:
        raise StatisticsError("constant", "x, y: no two rows define a slope")
    shift = int((slopes < -1).sum())
    reach = width * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    first = int(np.rint((count - reach) / 2))

    def at(position: int) -> float:
        return float(slopes[min(max(position, 0), count - 1)])

    slope = (at((count - 1) // 2 + shift) + at(count // 2 + shift)) / 2
    low, high = at(first + shift - 1), at(count - first + shift)
    return LineOfAgreement(
        slope=slope,
        slope_low=low,
        slope_high=high,
        intercept=float(np.median(b - slope * a)),
        intercept_low=float(np.median(b - high * a)),
        intercept_high=float(np.median(b - low * a)),
        n=n,
        level=level,
        method="Passing-Bablok regression",
        reference="Passing and Bablok 1983",
    )


def deming(
    x: ArrayLike, y: ArrayLike, *, variance_ratio: float = 1.0, level: float = 0.95
) -> LineOfAgreement:
    """Deming's line, errors of y and x in the given ratio of variances; jackknife limits (Linnet 1993)."""
    a, b = _pairs(x, y, 4)
    n = a.size
    whole = _deming(a, b, variance_ratio)
    without = np.array([_deming(np.delete(a, k), np.delete(b, k), variance_ratio) for k in range(n)])
    pseudo = n * np.array(whole) - (n - 1) * without
    half = float(stdtrit(n - 2, 0.5 + check_level(level) / 2)) * pseudo.std(axis=0, ddof=1) / np.sqrt(n)
    return LineOfAgreement(
        slope=whole[0],
        slope_low=whole[0] - float(half[0]),
        slope_high=whole[0] + float(half[0]),
        intercept=whole[1],
        intercept_low=whole[1] - float(half[1]),
        intercept_high=whole[1] + float(half[1]),
        n=n,
        level=level,
        method="Deming regression",
        reference="Deming 1943; Linnet 1993",
    )


def _deming(x: Floats, y: Floats, ratio: float) -> tuple[float, float]:
    sxx, syy = float(x.var(ddof=1)), float(y.var(ddof=1))
    sxy = float((x - x.mean()) @ (y - y.mean())) / (x.size - 1)
    if sxy == 0:
        raise StatisticsError("constant", "x, y: uncorrelated columns define no line")
    gap = syy - ratio * sxx
    slope = (gap + np.sqrt(gap**2 + 4 * ratio * sxy**2)) / (2 * sxy)
    return float(slope), float(y.mean() - slope * x.mean())


def _pairs(first: ArrayLike, second: ArrayLike, least: int) -> tuple[Floats, Floats]:
    x, y = as_numbers(first, "first"), as_numbers(second, "second")
    kept = complete_rows(first=x, second=y)
    if kept.sum() < least:
        raise StatisticsError(
            "too-few-rows", f"first, second: {least} complete pairs needed, got {kept.sum()}"
        )
    return x[kept], y[kept]
