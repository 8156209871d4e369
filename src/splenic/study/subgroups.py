"""The main comparison in subgroups, and under other choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from splenic.stats import (
    CoxFit,
    StatisticsError,
    compare_nested,
    fit_cox,
    logrank_test,
)
from splenic.study import give
from splenic.study.cutoff import Split, split
from splenic.study.data import Bools, Endpoint, Floats, StudyData, Variable
from splenic.study.protocol import CutoffPlan, Protocol
from splenic.study.regress import covariate_terms
from splenic.study.results import Forest, ForestRow, Sensitivity, SensitivityRow
from splenic.study.terms import design, grouped

# Patients in the smaller group for a hazard ratio to be tried.
_LEAST_GROUP = 2


def forest(protocol: Protocol, data: StudyData, endpoint: Endpoint, chosen: Split) -> Forest:
    """Hazard ratio of high against low in every level of every subgroup variable."""
    base = Forest(endpoint=endpoint.key, endpoint_label=endpoint.label)
    if not chosen.done:
        return base.but(not_done=f"there are no SV groups: {chosen.cutoff.not_done}")
    if not protocol.subgroups:
        return base.but(not_done="the protocol names no subgroup")
    rows = chosen.evaluated & endpoint.known & ~np.isnan(chosen.high)
    found = [_forest_row(protocol, endpoint, chosen.high, rows, ("all", "All patients", ""), None)]
    for covariate in protocol.subgroups:
        variable = grouped(covariate, data)
        interaction = _interaction(protocol, endpoint, chosen.high, variable, rows)
        found += [
            _forest_row(
                protocol,
                endpoint,
                chosen.high,
                rows & (variable.values == k),
                (variable.key, variable.label, level),
                interaction,
            )
            for k, level in enumerate(variable.levels)
        ]
    return base.but(
        rows=tuple(found),
        notes=("Subgroups were not chosen for their size; the test of interaction is what to look at.",),
    )


def _forest_row(
    protocol: Protocol,
    endpoint: Endpoint,
    high: Floats,
    rows: Bools,
    names: tuple[str, str, str],
    interaction: float | None,
) -> ForestRow:
    base = ForestRow(
        variable=names[0],
        variable_label=names[1],
        level=names[2],
        n=int(rows.sum()),
        events=int(endpoint.event[rows].sum()),
        n_high=int((high[rows] == 1).sum()),
        interaction_p=interaction,
    )
    reason = give.too_few(rows, endpoint.event, protocol.least_events)
    if reason is not None:
        return base.but(not_done=reason)
    fit = _two_groups(protocol, endpoint, high, rows)
    if isinstance(fit, str):
        return base.but(not_done=fit)
    return base.but(hazard_ratio=fit.estimate[0], low=fit.low[0], high=fit.high[0], p=fit.p[0])


def _two_groups(protocol: Protocol, endpoint: Endpoint, high: Floats, rows: Bools) -> CoxFit | str:
    """Cox model of high against low, or why there is none."""
    sizes = [int((high[rows] == k).sum()) for k in (0, 1)]
    if min(sizes) < _LEAST_GROUP:
        return f"{sizes[0]} patients with low and {sizes[1]} with high values"
    try:
        fit = fit_cox(
            endpoint.time[rows], endpoint.event[rows], high[rows], ties=protocol.ties, level=protocol.level
        )
    except StatisticsError as error:
        return str(error)
    return "one group has no event: the hazard ratio is not finite" if fit.infinite else fit


def _interaction(
    protocol: Protocol, endpoint: Endpoint, high: Floats, variable: Variable, rows: Bools
) -> float | None:
    """Likelihood ratio test that the effect is the same in all levels that can be fitted."""
    used = rows & variable.known
    levels = [
        k
        for k in range(len(variable.levels))
        if min(int((high[used & (variable.values == k)] == g).sum()) for g in (0, 1)) >= _LEAST_GROUP
        and endpoint.event[used & (variable.values == k)].sum() > 0
    ]
    used &= np.isin(variable.values, levels)
    if len(levels) < 2:
        return None
    main = [high, *((variable.values == k).astype(np.float64) for k in levels[1:])]
    crossed = [high * column for column in main[1:]]
    time, event = endpoint.time[used], endpoint.event[used]
    try:
        small = fit_cox(time, event, np.column_stack(main)[used], ties=protocol.ties)
        large = fit_cox(time, event, np.column_stack([*main, *crossed])[used], ties=protocol.ties)
    except StatisticsError:
        return None
    if small.infinite or large.infinite:
        return None
    return compare_nested(small, large).p


# Sensitivity


@dataclass(frozen=True, slots=True)
class _Choice:
    """Another choice: its name, the cut-off plan, the patients left in."""

    key: str
    label: str
    plan: CutoffPlan
    patients: Bools


def sensitivity(protocol: Protocol, data: StudyData, endpoint: Endpoint, chosen: Split) -> Sensitivity:
    """The main comparison again under each choice that the protocol names."""
    base = Sensitivity(endpoint=endpoint.key, endpoint_label=endpoint.label)
    if not chosen.done:
        return base.but(not_done=f"there are no SV groups: {chosen.cutoff.not_done}")
    main = _as_chosen(protocol, endpoint, chosen.high, chosen.evaluated, "main", "As planned").but(
        cutoff=chosen.cutoff.value, p_corrected=_search_p(chosen)
    )
    rows = [main]
    for name in protocol.sensitivity:
        if name == "per-step":
            rows.append(_continuous(protocol, data, endpoint))
        elif name in ("without-development", "failed-excluded", "complete-spleens", "complete-case"):
            rows.append(_fewer(protocol, data, endpoint, chosen, name))
        else:
            rows.append(_other_cutoff(protocol, data, endpoint, name))
    return base.but(rows=tuple(rows))


def _as_chosen(
    protocol: Protocol, endpoint: Endpoint, high: Floats, patients: Bools, key: str, label: str
) -> SensitivityRow:
    rows = patients & endpoint.known & ~np.isnan(high)
    base = SensitivityRow(
        key=key,
        label=label,
        n=int(rows.sum()),
        events=int(endpoint.event[rows].sum()),
        n_high=int((high[rows] == 1).sum()),
    )
    reason = give.too_few(rows, endpoint.event, protocol.least_events)
    if reason is not None:
        return base.but(not_done=reason)
    fit = _two_groups(protocol, endpoint, high, rows)
    if isinstance(fit, str):
        return base.but(not_done=fit)
    return base.but(
        hazard_ratio=fit.estimate[0],
        low=fit.low[0],
        high=fit.high[0],
        p=fit.p[0],
        logrank_p=logrank_test(endpoint.time[rows], endpoint.event[rows], high[rows]).p,
    )


def _other_cutoff(protocol: Protocol, data: StudyData, endpoint: Endpoint, name: str) -> SensitivityRow:
    """Another cut-off, found and judged in all patients."""
    variable = data.variable(protocol.marker)
    unit = f" {variable.unit}" if variable.unit else ""
    if name == "median":
        plan, label = CutoffPlan(method="median"), "Cut-off: median"
    elif name == "maxstat":
        plan = CutoffPlan(method="maxstat", permutations=0)
        label = "Cut-off: maximally selected (p corrected for the search)"
    elif name == "cross-fitted":
        plan = CutoffPlan(method="maxstat", validation="cross-fitted", permutations=0)
        label = "Cut-off: maximally selected, cross-fitted"
    else:
        value = float(name.removeprefix("fixed-"))
        plan, label = CutoffPlan(method="fixed", value=value), f"Cut-off: {value:g}{unit}"
    other = split(protocol.but(resamples=0), plan, data, variable, endpoint)
    if not other.done:
        return SensitivityRow(key=name, label=label, not_done=other.cutoff.not_done)
    row = _as_chosen(protocol, endpoint, other.high, other.evaluated, name, label)
    return row.but(
        cutoff=other.cutoff.value,
        p_corrected=_search_p(other),
        notes=() if plan.validation == "none" else other.cutoff.notes,
    )


def _search_p(used: Split) -> float | None:
    """The p corrected for the search, where search and judgement used the same patients."""
    return used.cutoff.p_corrected if used.cutoff.validation == "none" else None


def _fewer(
    protocol: Protocol, data: StudyData, endpoint: Endpoint, chosen: Split, name: str
) -> SensitivityRow:
    """The same cut-off in fewer patients."""
    rules: dict[str, tuple[str, Callable[[], Bools], str]] = {
        "without-development": (
            "Without development cases",
            lambda: ~data.development,
            "no development case is among the patients compared",
        ),
        "failed-excluded": (
            "Without rejected segmentations",
            lambda: ~(data.verdict == 3),
            "no rejected segmentation is among the patients compared",
        ),
        "complete-spleens": (
            "Only spleens that lie wholly in the scan",
            lambda: data.complete,
            "every spleen compared lies wholly in the scan",
        ),
        "complete-case": (
            "Only patients with all covariates",
            lambda: _complete(protocol, data),
            "no covariate of the patients compared is missing",
        ),
    }
    label, kept, nobody = rules[name]
    patients = kept()
    if patients[chosen.evaluated].all():
        return SensitivityRow(key=name, label=label, not_done=f"{nobody}: the same as planned")
    return _as_chosen(protocol, endpoint, chosen.high, patients & chosen.evaluated, name, label).but(
        cutoff=chosen.cutoff.value
    )


def _complete(protocol: Protocol, data: StudyData) -> Bools:
    terms = covariate_terms(protocol.multivariable, data)
    if not terms:
        return np.ones(data.n, dtype=np.bool_)
    return np.asarray(~np.isnan(design(terms)).any(axis=1))


def _continuous(protocol: Protocol, data: StudyData, endpoint: Endpoint) -> SensitivityRow:
    """Without any cut-off."""
    variable = data.variable(protocol.marker)
    unit = f" {variable.unit}" if variable.unit else ""
    label = f"No cut-off: per {protocol.marker_step:g}{unit}"
    rows = variable.known & endpoint.known
    found: dict[str, Any] = {
        "key": "per-step",
        "label": label,
        "n": int(rows.sum()),
        "events": int(endpoint.event[rows].sum()),
    }
    try:
        fit = fit_cox(
            endpoint.time[rows],
            endpoint.event[rows],
            variable.values[rows] / protocol.marker_step,
            ties=protocol.ties,
            level=protocol.level,
        )
    except StatisticsError as error:
        return SensitivityRow(**found, not_done=str(error))
    return SensitivityRow(**found, hazard_ratio=fit.estimate[0], low=fit.low[0], high=fit.high[0], p=fit.p[0])
