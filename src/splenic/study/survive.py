"""Survival in groups: Kaplan-Meier, log-rank, hazard ratio, landmarks, restricted means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from splenic.stats import (
    CoxFit,
    StatisticsError,
    SurvivalCurve,
    fit_cox,
    fit_cox_by_period,
    follow_up,
    kaplan_meier,
    logrank_test,
    numbers_at_risk,
    pairwise_logrank,
    quantiles,
    restricted_mean,
    restricted_mean_difference,
    survival_at,
)
from splenic.study import give
from splenic.study.data import Endpoint, Floats
from splenic.study.protocol import Protocol
from splenic.study.results import (
    Curve,
    HazardRatio,
    Interval,
    Landmark,
    Pairwise,
    Survival,
    SurvivalGroup,
    Test,
)
from splenic.study.terms import Term, design

_TICKS = (1, 2, 3, 6, 12, 24, 36, 60, 120)


@dataclass(frozen=True, slots=True)
class Grouping:
    """How patients are grouped: codes (n,) with NaN for nobody's group, and names of the groups."""

    key: str
    label: str
    codes: Floats
    keys: tuple[str, ...]
    labels: tuple[str, ...]
    patients: str = "all patients"


def everybody(n: int) -> Grouping:
    """One group."""
    return Grouping("all", "All patients", np.zeros(n), ("all",), ("All patients",))


def survival(
    protocol: Protocol, endpoint: Endpoint, grouping: Grouping, adjust: Sequence[Term] = ()
) -> Survival:
    """Survival of every group, and between them what can be tested.

    With two groups the second is held against the first, also adjusted for ``adjust``.
    """
    rows = endpoint.known & ~np.isnan(grouping.codes)
    time, event, code = endpoint.time[rows], endpoint.event[rows], grouping.codes[rows]
    named: dict[str, Any] = {
        "endpoint": endpoint.key,
        "endpoint_label": endpoint.label,
        "grouping": grouping.key,
        "grouping_label": grouping.label,
        "patients": grouping.patients,
    }
    if time.size == 0:
        return Survival(**named, not_done=f"no patient has {endpoint.label} and {grouping.label}")
    present = [k for k in range(len(grouping.keys)) if (code == k).any()]
    ticks = at_risk_times(float(time.max()))
    curves = {
        k: kaplan_meier(time[code == k], event[code == k], interval=protocol.interval, level=protocol.level)
        for k in present
    }
    base = Survival(
        **named,
        n=time.size,
        events=int(event.sum()),
        groups=tuple(_group(protocol, grouping, k, curves[k], ticks) for k in present),
        at_risk_times=ticks,
        follow_up_median=_follow_up(time, event, protocol),
    )
    if len(grouping.keys) == 1:
        return base
    if len(present) < 2:
        return base.but(notes=(f"All are {grouping.labels[present[0]]}.",))
    reason = give.too_few(rows, endpoint.event, protocol.least_events)
    if reason is not None:
        return base.but(notes=(f"Not tested: {reason}.",))
    tests = _tests(protocol, grouping, present, time, event, code, curves)
    return base.but(**tests, **_adjusted(protocol, endpoint, grouping, present, adjust))


def at_risk_times(longest: float, most: int = 9) -> tuple[float, ...]:
    """Evenly spaced times from 0 on, at round numbers of months."""
    step = next((tick for tick in _TICKS if longest / tick < most), _TICKS[-1])
    return tuple(float(t) for t in range(0, int(longest) + 1, step))


def _group(
    protocol: Protocol, grouping: Grouping, k: int, curve: SurvivalCurve, ticks: Sequence[float]
) -> SurvivalGroup:
    middle = quantiles(curve, (0.5,))
    seen = curve.events_at > 0
    limit = protocol.restricted_mean_months
    area = restricted_mean(curve, limit)
    landmarks = [t for t in protocol.landmarks_months if t <= float(curve.time.max())]
    return SurvivalGroup(
        key=grouping.keys[k],
        label=grouping.labels[k],
        n=int(curve.n),
        events=int(curve.events),
        curve=Curve(
            time=(0.0, *curve.time[seen].tolist()),
            estimate=(1.0, *curve.estimate[seen].tolist()),
            low=(1.0, *curve.low[seen].tolist()),
            high=(1.0, *curve.high[seen].tolist()),
        ),
        censor_times=tuple(curve.time[curve.censored_at > 0].tolist()),
        at_risk=tuple(int(n) for n in numbers_at_risk(curve, ticks).at_risk),
        median=give.interval(middle, f"Kaplan-Meier, {protocol.interval}", place=0).but(level=protocol.level),
        landmarks=_landmarks(curve, landmarks, protocol),
        restricted_mean=None
        if area.beyond_follow_up
        else Interval(
            estimate=area.estimate,
            low=area.low,
            high=area.high,
            level=protocol.level,
            method=f"restricted to {limit:g} months",
        ),
    )


def _landmarks(curve: SurvivalCurve, times: Sequence[float], protocol: Protocol) -> tuple[Landmark, ...]:
    if not times:
        return ()
    found = survival_at(curve, times)
    return tuple(
        Landmark(
            time=times[k],
            at_risk=int(found.at_risk[k]),
            survival=Interval(
                estimate=found.estimate[k],
                low=found.low[k],
                high=found.high[k],
                level=protocol.level,
                method=f"Kaplan-Meier, {protocol.interval}",
            ),
        )
        for k in range(len(times))
    )


def _follow_up(time: Floats, event: Floats, protocol: Protocol) -> Interval:
    found = follow_up(time, event, interval=protocol.interval, level=protocol.level)
    return Interval(
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        level=protocol.level,
        method="reverse Kaplan-Meier",
    )


def _tests(
    protocol: Protocol,
    grouping: Grouping,
    present: Sequence[int],
    time: Floats,
    event: Floats,
    code: Floats,
    curves: dict[int, SurvivalCurve],
) -> dict[str, Any]:
    found = logrank_test(time, event, code)
    update: dict[str, Any] = {"logrank": give.hypothesis(found, n=time.size)}
    if len(present) > 2:
        update["pairwise"] = _pairs(grouping, time, event, code)
        return update
    low, high = present
    member = np.asarray(code == high, dtype=np.float64)
    fit = fit_cox(time, event, member, ties=protocol.ties, level=protocol.level)
    update["hazard_ratio"] = _ratio(fit, grouping, present)
    update |= _proportional(protocol, grouping, present, fit, time, event, member)
    limit = protocol.restricted_mean_months
    if all(not restricted_mean(curves[k], limit).beyond_follow_up for k in present):
        gap = restricted_mean_difference(curves[low], curves[high], limit)
        update |= {
            "restricted_mean_limit": limit,
            "restricted_mean_difference": give.interval(gap),
            "restricted_mean_p": gap.p,
        }
    return update


def _proportional(
    protocol: Protocol,
    grouping: Grouping,
    present: Sequence[int],
    fit: CoxFit,
    time: Floats,
    event: Floats,
    member: Floats,
) -> dict[str, Any]:
    """Test of proportional hazards; where it fails, the hazard ratio before and after the first landmark."""
    found = give.hazards(fit)
    if found is None:
        return {}
    p = found.global_p
    update: dict[str, Any] = {
        "proportional_hazards": Test(
            method=found.method, statistic=found.global_statistic, df=found.global_df, p=p, n=time.size
        )
    }
    cuts = [t for t in protocol.landmarks_months[:1] if 0 < t < float(time.max())]
    if p >= 0.05 or not cuts:
        return update
    try:
        parts = fit_cox_by_period(
            time,
            event,
            member,
            terms=["high"],
            varying="high",
            cuts=cuts,
            ties=protocol.ties,
            level=protocol.level,
        )
    except StatisticsError:
        return update
    names = (f"0 to {cuts[0]:g} months", f"after {cuts[0]:g} months")
    whole = _ratio(fit, grouping, present, ", by period")
    update["by_period"] = tuple(
        whole.but(
            period=name,
            estimate=parts.estimate[k],
            low=parts.low[k],
            high=parts.high[k],
            p=parts.p[k],
            n=None,
            events=None,
        )
        for k, name in enumerate(names)
        if parts.terms[k] not in parts.infinite
    )
    update["notes"] = (
        f"Hazards are not proportional (p = {p:.2g}): one hazard ratio is an average over follow-up.",
    )
    return update


def _pairs(grouping: Grouping, time: Floats, event: Floats, code: Floats) -> tuple[Pairwise, ...]:
    found = pairwise_logrank(time, event, code, adjustment="holm")
    return tuple(
        Pairwise(
            first=grouping.keys[int(one)],
            second=grouping.keys[int(other)],
            test=Test(
                method=found.method, statistic=statistic, df=1, p=p, p_adjusted=adjusted, adjustment="holm"
            ),
        )
        for one, other, statistic, p, adjusted in zip(
            found.first, found.second, found.statistic, found.p, found.p_adjusted
        )
    )


def _ratio(fit: CoxFit, grouping: Grouping, present: Sequence[int], how: str = "") -> HazardRatio:
    low, high = present
    finite = not fit.infinite
    return HazardRatio(
        estimate=fit.estimate[0] if finite else None,
        low=fit.low[0] if finite else None,
        high=fit.high[0] if finite else None,
        level=fit.level,
        method=f"Cox regression, {fit.ties} ties, Wald interval{how}",
        group=grouping.keys[high],
        reference=grouping.keys[low],
        p=fit.p[0] if finite else None,
        n=fit.n,
        events=fit.events,
    )


def _adjusted(
    protocol: Protocol, endpoint: Endpoint, grouping: Grouping, present: Sequence[int], adjust: Sequence[Term]
) -> dict[str, Any]:
    """Hazard ratio of two groups beside the protocol's covariates, in complete cases."""
    others = [term for term in adjust if term.variable != grouping.key]
    if len(present) != 2 or not others:
        return {}
    high = np.where(np.isnan(grouping.codes), np.nan, grouping.codes == present[1])
    columns = np.column_stack([high, design(others)])
    rows = endpoint.known & ~np.isnan(columns).any(axis=1)
    if give.too_few(rows, endpoint.event, protocol.least_events) is not None:
        return {}
    try:
        fit = fit_cox(
            endpoint.time[rows], endpoint.event[rows], columns[rows], ties=protocol.ties, level=protocol.level
        )
    except StatisticsError:
        return {}  # the table of the model says why
    names = ", ".join(dict.fromkeys(term.title or term.label for term in others))
    return {"adjusted_hazard_ratio": _ratio(fit, grouping, present, f", adjusted for {names}")}


def not_done(endpoint: Endpoint, grouping: Grouping, reason: str) -> Survival:
    """The section without content."""
    return Survival(
        endpoint=endpoint.key,
        endpoint_label=endpoint.label,
        grouping=grouping.key,
        grouping_label=grouping.label,
        not_done=reason,
    )
