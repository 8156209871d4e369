"""ROC curves of a marker: area with DeLong's variance, comparisons, thresholds, operating points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from ._arrays import (
    Bools,
    Floats,
    StatisticsError,
    as_events,
    as_numbers,
    check_choice,
    check_level,
    complete_rows,
)
from ._distributions import normal_p, normal_width
from ._ranks import mid_ranks
from .proportions import Proportion, proportion

Direction = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class RocCurve:
    """A ROC curve and its area.

    Attributes
    ----------
    estimate, low, high : area under the curve and DeLong's interval, cut at 0 and 1.
    variance : DeLong's variance of the area.
    thresholds, sensitivity, specificity : ndarray, shape (k,). The curve from "all positive" to "none";
        thresholds lie midway between observed values, with infinities at the ends.
    direction : "higher" where a case has the larger marker; positive is then marker > threshold, else <.
    n, events : rows, and cases among them.
    """

    estimate: float
    low: float
    high: float
    variance: float
    thresholds: Floats
    sensitivity: Floats
    specificity: Floats
    direction: Direction
    n: int
    events: int
    level: float
    method: str = "area under the ROC curve, DeLong"
    reference: str = "DeLong, DeLong and Clarke-Pearson 1988; Sun and Xu 2014"

    def __str__(self) -> str:
        interval = f"{self.level:.0%} interval {self.low:.3f} to {self.high:.3f}"
        cases = f"{self.events} cases, {self.n - self.events} controls"
        return f"AUC {self.estimate:.3f} ({interval}; {cases}, cases have {self.direction} values)"


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold does: counts turned into shares, each with Wilson's interval."""

    threshold: float
    direction: Direction
    sensitivity: Proportion
    specificity: Proportion
    ppv: Proportion | None
    npv: Proportion | None
    accuracy: Proportion
    youden: float

    def __str__(self) -> str:
        sign = ">" if self.direction == "higher" else "<"
        shares = f"sensitivity {self.sensitivity}, specificity {self.specificity}"
        return f"positive {sign} {self.threshold:g}: {shares}"


@dataclass(frozen=True, slots=True)
class AucComparison:
    """Two areas compared; `estimate` is the first less the second, `df` infinite for a normal test."""

    estimate: float
    low: float
    high: float
    standard_error: float
    statistic: float
    df: float
    p: float
    areas: tuple[float, float]
    covariance: float
    n: tuple[int, ...]
    level: float
    method: str
    reference: str = "DeLong, DeLong and Clarke-Pearson 1988"

    def __str__(self) -> str:
        interval = f"{self.level:.0%} interval {self.low:.3f} to {self.high:.3f}"
        return f"{self.method}: difference {self.estimate:.3f} ({interval}), p = {self.p:.3g}"


def roc_curve(
    outcome: ArrayLike, marker: ArrayLike, *, direction: Direction = "higher", level: float = 0.95
) -> RocCurve:
    """ROC curve and area of a marker.

    Parameters
    ----------
    outcome : array_like of 0 and 1, shape (n,)
        1 for a case. Rows with a missing value are dropped.
    marker : array_like, shape (n,)
    direction : {"higher", "lower"}
        Whether cases have higher or lower values; never guessed.
    level : float
        Confidence of the interval.

    Examples
    --------
    >>> print(roc_curve([0, 0, 1, 1], [1.0, 2.0, 1.5, 3.0]))
    AUC 0.750 (95% interval 0.057 to 1.000; 2 cases, 2 controls, cases have higher values)
    """
    check_choice(direction, ("higher", "lower"), "direction")
    width = normal_width(level)
    y, x = _columns(outcome, marker)
    turned = x if direction == "higher" else -x
    of_cases, of_controls = _placements(y, turned)
    area = float(of_cases.mean())
    variance = _variance(of_cases) + _variance(of_controls)
    half = width * float(np.sqrt(variance)) if np.isfinite(variance) else np.nan
    thresholds, sensitivity, specificity = _points(y, turned)
    return RocCurve(
        estimate=area,
        low=max(0.0, area - half),
        high=min(1.0, area + half),
        variance=variance,
        thresholds=thresholds if direction == "higher" else -thresholds,
        sensitivity=sensitivity,
        specificity=specificity,
        direction=direction,
        n=y.size,
        events=int(y.sum()),
        level=level,
    )


def compare_paired(
    outcome: ArrayLike, first: ArrayLike, second: ArrayLike, *, level: float = 0.95
) -> AucComparison:
    """Areas of two markers of the same patients, DeLong's paired test; higher values are cases.

    Turn a marker (``-x``) whose low values are the cases.
    """
    y, a, b = as_events(outcome, "outcome"), as_numbers(first, "first"), as_numbers(second, "second")
    kept = complete_rows(outcome=y, first=a, second=b)
    y, a, b = y[kept], a[kept], b[kept]
    _check_both(y)
    case_a, control_a = _placements(y == 1, a)
    case_b, control_b = _placements(y == 1, b)
    covariance = _covariance(case_a, case_b) + _covariance(control_a, control_b)
    spread = (
        _variance(case_a) + _variance(control_a) + _variance(case_b) + _variance(control_b) - 2 * covariance
    )
    return _comparison(
        float(case_a.mean()), float(case_b.mean()), spread, np.inf, covariance, (y.size,), level, "paired"
    )


def compare_unpaired(
    outcome: ArrayLike,
    marker: ArrayLike,
    other_outcome: ArrayLike,
    other_marker: ArrayLike,
    *,
    level: float = 0.95,
) -> AucComparison:
    """Areas in two independent groups, by t with Welch's degrees of freedom; higher values are cases."""
    one, two = roc_curve(outcome, marker), roc_curve(other_outcome, other_marker)
    spread = one.variance + two.variance
    df = spread**2 / (one.variance**2 / (one.n - 1) + two.variance**2 / (two.n - 1)) if spread > 0 else np.inf
    return _comparison(one.estimate, two.estimate, spread, df, 0.0, (one.n, two.n), level, "unpaired")


def _comparison(
    one: float,
    two: float,
    spread: float,
    df: float,
    covariance: float,
    n: tuple[int, ...],
    level: float,
    kind: str,
) -> AucComparison:
    gap, error = one - two, float(np.sqrt(max(0.0, spread)))
    z = gap / error if error > 0 else 0.0 if gap == 0 else float(np.copysign(np.inf, gap))
    p = normal_p(z) if np.isinf(df) else float(2 * stdtr(df, -abs(z)))
    half = normal_width(level) * error
    method = f"{kind} DeLong test"
    return AucComparison(
        gap, gap - half, gap + half, error, z, df, p, (one, two), covariance, n, level, method
    )


def operating_point(
    outcome: ArrayLike,
    marker: ArrayLike,
    threshold: float,
    *,
    direction: Direction = "higher",
    level: float = 0.95,
) -> OperatingPoint:
    """Sensitivity, specificity and predictive values at a threshold; positive lies beyond it, not on it."""
    check_choice(direction, ("higher", "lower"), "direction")
    y, x = _columns(outcome, marker)
    positive = x > threshold if direction == "higher" else x < threshold
    hit, alarm = int((positive & y).sum()), int((positive & ~y).sum())
    cases, controls = int(y.sum()), int((~y).sum())
    called, passed = hit + alarm, y.size - hit - alarm
    correct_negative = controls - alarm

    def share(events: int, n: int) -> Proportion:
        return proportion(events, n, level=level)

    return OperatingPoint(
        threshold=float(threshold),
        direction=direction,
        sensitivity=share(hit, cases),
        specificity=share(correct_negative, controls),
        ppv=share(hit, called) if called else None,
        npv=share(correct_negative, passed) if passed else None,
        accuracy=share(hit + correct_negative, y.size),
        youden=hit / cases + correct_negative / controls - 1,
    )


def youden_threshold(curve: RocCurve) -> float:
    """Threshold of the largest sensitivity + specificity, the first on the curve if several share it."""
    total = curve.sensitivity + curve.specificity
    return float(curve.thresholds[np.flatnonzero(total >= total.max() - 1e-12)[0]])


def closest_threshold(curve: RocCurve) -> float:
    """Threshold whose point lies closest to perfect (the upper left corner)."""
    distance = (1 - curve.sensitivity) ** 2 + (1 - curve.specificity) ** 2
    return float(curve.thresholds[np.flatnonzero(distance <= distance.min() + 1e-12)[0]])


def threshold_at_specificity(curve: RocCurve, specificity: float) -> float:
    """Threshold with the largest sensitivity among those of at least this specificity."""
    _check_share(specificity, "specificity")
    enough = np.flatnonzero(curve.specificity >= specificity - 1e-12)
    return float(curve.thresholds[enough[np.argmax(curve.sensitivity[enough])]])


def sensitivity_at_specificity(curve: RocCurve, specificity: float) -> float:
    """Sensitivity on the curve at a specificity, interpolated; the upper end of a vertical step."""
    _check_share(specificity, "specificity")
    return _interpolate(curve.specificity, curve.sensitivity, specificity)


def specificity_at_sensitivity(curve: RocCurve, sensitivity: float) -> float:
    """Specificity on the curve at a sensitivity, interpolated between its points."""
    _check_share(sensitivity, "sensitivity")
    return _interpolate(curve.sensitivity[::-1], curve.specificity[::-1], sensitivity)


def _interpolate(rising: Floats, falling: Floats, at: float) -> float:
    exact = np.isclose(rising, at, rtol=0, atol=1e-12)
    if exact.any():
        return float(falling[exact].max())
    k = int(np.searchsorted(rising, at))
    share = (at - rising[k - 1]) / (rising[k] - rising[k - 1])
    return float(falling[k - 1] + share * (falling[k] - falling[k - 1]))


def partial_auc(curve: RocCurve, specificity: float, *, corrected: bool = False) -> float:
    """Area between specificity 1 and the given one.

    Corrected by McClish (1989) it runs from 0.5 for no information to 1; NaN below the diagonal.
    """
    _check_share(specificity, "specificity")
    false_positive, sensitivity = 1 - curve.specificity[::-1], curve.sensitivity[::-1]
    most = 1 - specificity
    inside = false_positive <= most + 1e-12
    edge = sensitivity_at_specificity(curve, specificity)
    area = float(np.trapezoid(np.append(sensitivity[inside], edge), np.append(false_positive[inside], most)))
    if not corrected:
        return area
    least = most**2 / 2
    return (1 + (area - least) / (most - least)) / 2 if area >= least else np.nan


@dataclass(frozen=True, slots=True)
class RocBootstrap:
    """Percentile intervals from resampling cases and controls apart.

    Attributes
    ----------
    youden : interval of Youden's threshold.
    sensitivity : interval of the sensitivity at `specificity`.
    threshold : interval of the threshold at `specificity`.
    """

    youden: tuple[float, float]
    specificity: float
    sensitivity: tuple[float, float]
    threshold: tuple[float, float]
    resamples: int
    level: float

    def __str__(self) -> str:
        youden = f"Youden's threshold {self.youden[0]:g} to {self.youden[1]:g}"
        sensitivity = f"sensitivity {self.sensitivity[0]:.3f} to {self.sensitivity[1]:.3f}"
        at = f"at specificity {self.specificity:.0%}: {sensitivity}"
        return f"{self.level:.0%} of {self.resamples} resamples: {youden}; {at}"


def bootstrap_roc(
    outcome: ArrayLike,
    marker: ArrayLike,
    *,
    specificity: float = 0.9,
    direction: Direction = "higher",
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> RocBootstrap:
    """Intervals of the thresholds that the data chose, and of the sensitivity at a fixed specificity."""
    check_level(level)
    y, x = _columns(outcome, marker)
    cases, controls = np.flatnonzero(y), np.flatnonzero(~y)
    random = np.random.default_rng(seed)
    found = np.empty((resamples, 3))
    for k in range(resamples):
        rows = np.concatenate([random.choice(cases, cases.size), random.choice(controls, controls.size)])
        curve = roc_curve(y[rows], x[rows], direction=direction)
        found[k] = (
            youden_threshold(curve),
            sensitivity_at_specificity(curve, specificity),
            threshold_at_specificity(curve, specificity),
        )
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0, method="nearest")
    pairs = [(float(a), float(b)) for a, b in zip(low, high)]
    return RocBootstrap(pairs[0], specificity, pairs[1], pairs[2], resamples, level)


def _columns(outcome: ArrayLike, marker: ArrayLike) -> tuple[Bools, Floats]:
    y, x = as_events(outcome, "outcome"), as_numbers(marker, "marker")
    kept = complete_rows(outcome=y, marker=x)
    _check_both(y[kept])
    return y[kept] == 1, x[kept]


def _check_both(y: Floats) -> None:
    if not 0 < y.sum() < y.size:
        raise StatisticsError("empty-group", "outcome: a ROC curve needs at least one case and one control")


def _check_share(value: float, name: str) -> None:
    if not 0 <= value <= 1:
        raise StatisticsError("bad-option", f"{name}: {value:g} lies outside 0..1")


def _placements(y: Bools, x: Floats) -> tuple[Floats, Floats]:
    """Share of controls below each case and of cases above each control, from three mid-rankings."""
    cases, controls = x[y], x[~y]
    ranks = mid_ranks(np.concatenate([cases, controls]))
    m, n = cases.size, controls.size
    of_cases = (ranks[:m] - mid_ranks(cases)) / n
    of_controls = 1 - (ranks[m:] - mid_ranks(controls)) / m
    return np.asarray(of_cases, dtype=np.float64), np.asarray(of_controls, dtype=np.float64)


def _variance(placements: Floats) -> float:
    """Variance of their mean; NaN where only one is there."""
    return float(placements.var(ddof=1)) / placements.size if placements.size > 1 else np.nan


def _covariance(one: Floats, two: Floats) -> float:
    return (
        float((one - one.mean()) @ (two - two.mean())) / (one.size - 1) / one.size if one.size > 1 else np.nan
    )


def _points(y: Bools, x: Floats) -> tuple[Floats, Floats, Floats]:
    values, place = np.unique(x, return_inverse=True)
    cases = np.bincount(place, weights=y, minlength=values.size)
    controls = np.bincount(place, weights=~y, minlength=values.size)
    thresholds = np.concatenate([[-np.inf], (values[:-1] + values[1:]) / 2, [np.inf]])
    below_cases = np.concatenate([[0], np.cumsum(cases)])
    below_controls = np.concatenate([[0], np.cumsum(controls)])
    return thresholds, 1 - below_cases / cases.sum(), below_controls / controls.sum()
