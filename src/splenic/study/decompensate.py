"""Decompensation: within a window, and over time with competing events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from splenic.stats import (
    CumulativeIncidence,
    FirthLogistic,
    LogisticFit,
    RocCurve,
    StatisticsError,
    adjust_p,
    bootstrap_roc,
    compare_paired,
    cumulative_incidence,
    fit_cox,
    fit_fine_gray,
    fit_firth_logistic,
    fit_logistic,
    gray_test,
    operating_point,
    rank_sum_test,
    roc_curve,
    standardised_difference,
    threshold_at_specificity,
    youden_threshold,
)
from splenic.study import give
from splenic.study.cutoff import Split
from splenic.study.data import Bools, Decompensated, Floats, StudyData, Variable
from splenic.study.discriminate import compared
from splenic.study.protocol import DECOMPENSATION_DEFINITIONS, DecompensationPlan, Protocol
from splenic.study.regress import covariate_terms
from splenic.study.results import (
    Curve,
    Decompensation,
    Incidence,
    IncidenceGroup,
    Interval,
    Landmark,
    Logistic,
    LogisticRow,
    MarkerDifference,
    OperatingPoint,
    OutcomeComparison,
    RegressionRow,
    Roc,
    Test,
)
from splenic.study.survive import at_risk_times
from splenic.study.terms import Term, design

Model = Literal["fine-gray", "cause-specific"]
_MODELS: tuple[Model, ...] = ("fine-gray", "cause-specific")


def decompensation(protocol: Protocol, data: StudyData, split: Split) -> Decompensation:
    """Everything about decompensation."""
    plan = protocol.decompensation
    if plan is None:
        return Decompensation(not_done="the protocol names no decompensation")
    base = Decompensation(
        definition=plan.definition,
        definition_label=DECOMPENSATION_DEFINITIONS[plan.definition],
        window_days=plan.window_days,
    )
    event = data.decompensation
    if event is None or event.not_done is not None:
        reason = "the cohort has no decompensation" if event is None else event.not_done
        return base.but(not_done=reason)
    within = event.within
    known = ~np.isnan(within)
    counted = base.but(
        n=int(known.sum()),
        events=int(np.nansum(within)),
        unknown=int((~known).sum()),
        incidence=_incidence(protocol, data, event, split),
        notes=event.notes,
    )
    markers = compared(protocol, data)
    least = protocol.least_events
    rows = known & (markers[0].known if markers else False)
    if give.too_few(rows, within, least) or give.too_few(rows, 1 - within, least):
        n, events = int(rows.sum()), int(np.nansum(within[rows]))
        few = f"{events} of {n} patients with known {protocol.marker} decompensated: too few to test"
        return counted.but(
            comparisons=tuple(_untested(v, within, few) for v in markers), logistic=Logistic(not_done=few)
        )
    rocs = tuple(_roc(protocol, plan, v, within, split) for v in markers)
    return counted.but(
        comparisons=tuple(_comparison(protocol, v, within) for v in markers),
        rocs=tuple(roc for roc in rocs if roc is not None),
        differences=_differences(protocol, markers, within),
        logistic=_logistic(protocol, data, within),
    )


def _untested(variable: Variable, within: Floats, reason: str) -> OutcomeComparison:
    return OutcomeComparison(
        marker=variable.key,
        label=variable.label,
        unit=variable.unit,
        with_event=give.summary(variable.values[within == 1]),
        without_event=give.summary(variable.values[within == 0]),
        not_done=reason,
    )


def _comparison(protocol: Protocol, variable: Variable, within: Floats) -> OutcomeComparison:
    ill = variable.values[(within == 1) & variable.known]
    well = variable.values[(within == 0) & variable.known]
    base = _untested(variable, within, "").but(not_done=None)
    if min(ill.size, well.size) < 2:
        return base.but(not_done="fewer than two patients with a value in one group")
    found = rank_sum_test(ill, well, level=protocol.level)
    return base.but(
        shift=Interval(
            estimate=found.estimate,
            low=found.low,
            high=found.high,
            level=protocol.level,
            method="Hodges-Lehmann",
        ),
        test=give.hypothesis(found, n=ill.size + well.size),
        smd=standardised_difference(ill, well).estimate,
    )


# ROC


def _roc(
    protocol: Protocol, plan: DecompensationPlan, variable: Variable, within: Floats, split: Split
) -> Roc | None:
    rows = variable.known & ~np.isnan(within)
    outcome, marker = within[rows], variable.values[rows]
    lower = variable.key in protocol.lower_is_risk
    direction: Any = "lower" if lower else "higher"
    try:
        curve = roc_curve(outcome, marker, direction=direction, level=protocol.level)
    except StatisticsError:
        return None
    sign = -1 if lower else 1
    rank = rank_sum_test(sign * marker[outcome == 1], sign * marker[outcome == 0])
    points = _points(protocol, plan, curve, outcome, marker, variable.key == protocol.marker)
    if split.done and variable.key == split.cutoff.marker:
        points.append(_point("cutoff", "Cut-off for survival", curve, outcome, marker, split.value))
    return Roc(
        marker=variable.key,
        label=variable.label,
        n=curve.n,
        events=curve.events,
        auc=give.interval(curve, "DeLong"),
        p=rank.p,
        false_positive_rate=tuple((1 - curve.specificity)[::-1].tolist()),
        sensitivity=tuple(curve.sensitivity[::-1].tolist()),
        operating_points=tuple(points),
    )


def _points(
    protocol: Protocol, plan: DecompensationPlan, curve: RocCurve, outcome: Floats, marker: Floats, main: bool
) -> list[OperatingPoint]:
    """Thresholds that the data choose; how uncertain they are is worked out for the main marker."""
    youden = _point("youden", "Youden's index", curve, outcome, marker, youden_threshold(curve))
    at = threshold_at_specificity(curve, plan.specificity)
    if protocol.resamples and main:
        spread = bootstrap_roc(
            outcome,
            marker,
            specificity=plan.specificity,
            direction=curve.direction,
            resamples=protocol.resamples,
            seed=protocol.seed,
            level=protocol.level,
        )
        youden = youden.but(threshold_low=spread.youden[0], threshold_high=spread.youden[1])
    points = [youden]
    if np.isfinite(at):
        label = f"Specificity of at least {plan.specificity:.0%}"
        points.append(_point("specificity", label, curve, outcome, marker, at))
    return points


def _point(
    rule: Any, label: str, curve: RocCurve, outcome: Floats, marker: Floats, threshold: float
) -> OperatingPoint:
    found = operating_point(outcome, marker, threshold, direction=curve.direction, level=curve.level)
    return OperatingPoint(
        rule=rule,
        label=label,
        threshold=threshold,
        sensitivity=give.interval(found.sensitivity, "Wilson"),
        specificity=give.interval(found.specificity, "Wilson"),
        ppv=None if found.ppv is None else give.interval(found.ppv, "Wilson"),
        npv=None if found.npv is None else give.interval(found.npv, "Wilson"),
    )


def _differences(
    protocol: Protocol, markers: Sequence[Variable], within: Floats
) -> tuple[MarkerDifference, ...]:
    """AUC of the main marker less that of each other one, DeLong, in the patients who have both."""
    found = []
    first = markers[0]
    for other in markers[1:]:
        rows = first.known & other.known & ~np.isnan(within)
        a, b = (
            -v.values[rows] if v.key in protocol.lower_is_risk else v.values[rows] for v in (first, other)
        )
        try:
            found.append((other.key, compare_paired(within[rows], a, b, level=protocol.level)))
        except StatisticsError:
            continue
    if not found:
        return ()
    adjusted = adjust_p([one.p for _, one in found], "holm")
    return tuple(
        MarkerDifference(
            first=first.key,
            second=key,
            quantity="auc",
            n=one.n[0],
            difference=give.interval(one, "DeLong, paired"),
            p=one.p,
            p_adjusted=float(p),
        )
        for (key, one), p in zip(found, adjusted)
    )


# Logistic model


def _logistic(protocol: Protocol, data: StudyData, within: Floats) -> Logistic:
    """The marker per step beside the multivariable covariates, as many of them as the events carry."""
    variable = data.variable(protocol.marker)
    step = f"per {protocol.marker_step:g}" + (f" {variable.unit}" if variable.unit else "")
    lead = Term(
        variable.key, variable.key, variable.label, variable.values / protocol.marker_step, None, step
    )
    terms = [lead, *(t for t in covariate_terms(protocol.multivariable, data) if t.variable != variable.key)]
    rows = ~np.isnan(within) & ~np.isnan(design(terms)).any(axis=1)
    fewer = min(int(within[rows].sum()), int((1 - within[rows]).sum()))
    notes: tuple[str, ...] = ()
    if fewer < 5 * len(terms):
        notes = (
            f"Without covariates: {fewer} patients in the smaller group do not carry {len(terms)} terms.",
        )
        terms = [lead]
        rows = ~np.isnan(within) & lead_known(lead)
    outcome, x = within[rows], design(terms)[rows]
    try:
        return _logistic_rows(protocol, terms, outcome, x, notes)
    except StatisticsError as error:
        return Logistic(not_done=str(error))
    except np.linalg.LinAlgError:
        return Logistic(not_done="the terms of the model depend on each other")


def lead_known(term: Term) -> Bools:
    """Where a term has a value."""
    return np.asarray(~np.isnan(term.values))


def _logistic_rows(
    protocol: Protocol, terms: Sequence[Term], outcome: Floats, x: Floats, notes: tuple[str, ...]
) -> Logistic:
    names = [term.name for term in terms]
    fit: LogisticFit | FirthLogistic
    try:
        fit = fit_logistic(outcome, x, terms=names, level=protocol.level)
        fitted = fit.fitted
    except StatisticsError:  # separation: Firth's penalty keeps the estimates finite
        fit = fit_firth_logistic(outcome, x, terms=names, level=protocol.level)
        eta = np.column_stack([np.ones(len(outcome)), x]) @ fit.coefficient
        fitted = 1 / (1 + np.exp(-eta))
    rows = tuple(
        LogisticRow(
            term=term.name,
            variable=term.variable,
            label=term.label,
            reference=term.reference,
            unit=term.unit,
            coefficient=fit.coefficient[k],
            std_err=fit.std_err[k],
            odds_ratio=fit.estimate[k],
            low=fit.low[k],
            high=fit.high[k],
            p=fit.p[k],
        )
        for k, term in enumerate(terms, start=len(fit.terms) - len(terms))
    )
    ratio = fit.likelihood_ratio
    df, p = fit.likelihood_ratio_df, fit.likelihood_ratio_p
    return Logistic(
        n=fit.n,
        events=fit.events,
        method=fit.method,
        rows=rows,
        likelihood_ratio=Test(method="likelihood ratio", statistic=ratio, df=df, p=p, n=fit.n),
        auc=give.interval(roc_curve(outcome, fitted, level=protocol.level), "DeLong, apparent"),
        brier=float(np.mean((outcome - fitted) ** 2)),
        r2_nagelkerke=fit.r2_nagelkerke if isinstance(fit, LogisticFit) else None,
        notes=notes,
    )


# Competing risks


def _incidence(protocol: Protocol, data: StudyData, event: Decompensated, split: Split) -> Incidence:
    known = ~(np.isnan(event.time) | np.isnan(event.status))
    if not known.any():
        return Incidence(not_done="no times of decompensation are known")
    grouping = split.grouping()
    rows = known & ~np.isnan(grouping.codes)
    groups: list[tuple[str, str, Bools]] = [("all", "All patients", known)]
    tested = split.done and rows.any()
    if tested:
        groups = [
            (grouping.keys[k], grouping.labels[k], rows & (grouping.codes == k))
            for k in range(2)
            if (rows & (grouping.codes == k)).any()
        ]
    used = rows if tested else known
    time, status = event.time, event.status
    ticks = at_risk_times(float(time[used].max()))
    base = Incidence(
        n=int(used.sum()),
        events=int((status[used] == 1).sum()),
        competing=int((status[used] == 2).sum()),
        competing_label=event.competing,
        groups=tuple(
            _incidence_group(protocol, key, label, time[m], status[m], ticks) for key, label, m in groups
        ),
        at_risk_times=ticks,
    )
    decompensated = np.where(np.isnan(status), np.nan, status == 1)
    reason = give.too_few(used, decompensated, protocol.least_events, "decompensation")
    if reason is not None or not tested or len(groups) < 2:
        return base.but(notes=(f"Not tested: {reason or 'there are no SV groups'}.",))
    gray = gray_test(time[used], status[used], grouping.codes[used])
    return base.but(
        gray=give.hypothesis(gray, n=gray.n),
        rows=_incidence_rows(protocol, data, event, split, grouping.codes),
    )


def _incidence_group(
    protocol: Protocol, key: str, label: str, time: Floats, status: Floats, ticks: Sequence[float]
) -> IncidenceGroup:
    own = _curve_of(time, status, 1, protocol.level)
    other = _curve_of(time, status, 2, protocol.level)
    moments = [t for t in protocol.landmarks_months if t <= float(time.max())]
    at = own.at(moments) if own is not None and moments else None
    return IncidenceGroup(
        key=key,
        label=label,
        n=time.size,
        events=int((status == 1).sum()),
        competing=int((status == 2).sum()),
        curve=_steps(own),
        competing_curve=_steps(other),
        at_risk=tuple(int((time >= t).sum()) for t in ticks),
        landmarks=()
        if at is None
        else tuple(
            Landmark(
                time=moment,
                at_risk=int((time >= moment).sum()),
                survival=Interval(
                    estimate=at[0][k],
                    low=at[2][k],
                    high=at[3][k],
                    level=protocol.level,
                    method="Aalen-Johansen",
                ),
            )
            for k, moment in enumerate(moments)
        ),
    )


def _curve_of(time: Floats, status: Floats, cause: int, level: float) -> CumulativeIncidence | None:
    return cumulative_incidence(time, status, cause, level=level) if (status == cause).any() else None


def _steps(found: CumulativeIncidence | None) -> Curve:
    if found is None:
        return Curve(time=(0.0,), estimate=(0.0,), low=(0.0,), high=(0.0,))
    steps = np.diff(found.estimate, prepend=0.0) > 0
    return Curve(
        time=(0.0, *found.time[steps].tolist()),
        estimate=(0.0, *found.estimate[steps].tolist()),
        low=(0.0, *found.low[steps].tolist()),
        high=(0.0, *found.high[steps].tolist()),
    )


def _incidence_rows(
    protocol: Protocol, data: StudyData, event: Decompensated, split: Split, high: Floats
) -> tuple[RegressionRow, ...]:
    """High against low in the patients judged, and the marker as a number in all."""
    variable = data.variable(split.cutoff.marker)
    step = f"per {protocol.marker_step:g}" + (f" {variable.unit}" if variable.unit else "")
    group = Term(f"{variable.key}_high", variable.key, f"High {variable.label}", high, "low")
    number = Term(
        variable.key, variable.key, variable.label, variable.values / protocol.marker_step, None, step
    )
    found = [_hazard_row(protocol, model, term, event) for term in (group, number) for model in _MODELS]
    return tuple(row for row in found if row is not None)


def _hazard_row(protocol: Protocol, model: Model, term: Term, event: Decompensated) -> RegressionRow | None:
    """One term in one model; None where its estimate is not finite."""
    rows = ~(np.isnan(event.time) | np.isnan(event.status) | np.isnan(term.values))
    time, status, x = event.time[rows], event.status[rows], term.values[rows]
    if term.binary and min(((status == 1) & (x == group)).sum() for group in (0, 1)) == 0:
        return None  # one group without the event: the ratio is 0 or infinite
    try:
        fit: Any = (
            fit_fine_gray(time, status, x, level=protocol.level)
            if model == "fine-gray"
            else fit_cox(time, status == 1, x, ties=protocol.ties, level=protocol.level)
        )
    except (StatisticsError, np.linalg.LinAlgError):  # an estimate that runs off to infinity
        return None
    if getattr(fit, "infinite", ()):
        return None
    return RegressionRow(
        model=model,
        term=term.name,
        label=term.label,
        unit=term.unit,
        estimate=fit.estimate[0],
        low=fit.low[0],
        high=fit.high[0],
        p=fit.p[0],
        n=fit.n,
        events=fit.events,
    )
