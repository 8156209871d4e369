"""The cut-off of a marker: found, checked and applied as the protocol says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from splenic.stats import (
    CutoffSearch,
    StatisticsError,
    bootstrap_cutoff,
    find_cutoff,
    logrank_test,
    median_split,
    roc_curve,
    youden_threshold,
)
from splenic.study import give
from splenic.study.data import Bools, Endpoint, Floats, StudyData, Variable
from splenic.study.protocol import CutoffPlan, Protocol
from splenic.study.results import BootstrapCutoff, Cutoff, PValue
from splenic.study.survive import Grouping

PMethod = Literal["gaussian", "permutation", "lausen92", "lausen94"]

P_LABELS = {
    "gaussian": "Gaussian quadrature",
    "permutation": "permutation",
    "lausen92": "Lausen and Schumacher 1992",
    "lausen94": "Lausen and Schumacher 1994",
}
_APPLIED = {
    "none": "all patients",
    "development": "patients not used in development",
    "cross-fitted": "all patients, each by a cut-off found in the others",
}


@dataclass(frozen=True, slots=True)
class Split:
    """A cut-off in use.

    Attributes
    ----------
    cutoff : Cutoff
        The section of the results.
    high : ndarray, shape (n,)
        1 above the cut-off, 0 at or below, NaN where the marker is not known; all NaN without a cut-off.
    value : float
        The cut-off as found; that of the section is rounded, and could fall below the value it was.
    evaluated : ndarray of bool, shape (n,)
        The patients in whom survival by group is judged: those who had no part in finding the cut-off, where
        the protocol asks for that.
    """

    cutoff: Cutoff
    high: Floats
    evaluated: Bools
    value: float = float("nan")

    @property
    def done(self) -> bool:
        """Whether there are groups."""
        return self.cutoff.not_done is None

    def grouping(self) -> Grouping:
        """Low and high among the evaluated."""
        codes = np.where(self.evaluated, self.high, np.nan)
        label = self.cutoff.label
        names = (f"Low {label}", f"High {label}")
        return Grouping(
            self.cutoff.marker, label, codes, ("low", "high"), names, self.cutoff.applied_to or "all patients"
        )


@dataclass(frozen=True, slots=True)
class _Task:
    """A cut-off to be found: how, for which marker, by which outcome."""

    protocol: Protocol
    plan: CutoffPlan
    data: StudyData
    variable: Variable
    endpoint: Endpoint


def split(
    protocol: Protocol, plan: CutoffPlan, data: StudyData, variable: Variable, endpoint: Endpoint
) -> Split:
    """Find the cut-off of a marker for an endpoint and apply it."""
    task = _Task(protocol, plan, data, variable, endpoint)
    base = Cutoff(
        marker=variable.key,
        label=variable.label,
        unit=variable.unit,
        method=plan.method,
        validation=plan.validation,
    )
    rows = variable.known & endpoint.known
    developed = plan.validation == "development"
    learn = rows & data.development if developed else rows
    reason = give.too_few(rows, endpoint.event, protocol.least_events, f"known {variable.label}")
    if not variable.known.any():
        reason = f"{variable.label} is known for no patient"
    if reason is None and developed:
        reason = give.too_few(learn, endpoint.event, protocol.least_events, "the development cases")
    fitted = None
    if reason is None:
        try:
            found = _found(task, learn)
            if plan.validation == "cross-fitted":
                fitted, found["fold_values"] = _cross_fitted(task, rows)
        except StatisticsError as error:
            reason = str(error)
    if reason is not None:
        return Split(base.but(not_done=reason), np.full(data.n, np.nan), rows)
    high = np.where(variable.known, variable.values > found["value"], np.nan) if fitted is None else fitted
    evaluated = rows & ~data.development if developed else rows
    return Split(
        base.but(
            **found,
            found_in="development cases" if developed else "all patients",
            n_found_in=int(learn.sum()),
            applied_to=_APPLIED[plan.validation],
            n_applied_to=int(evaluated.sum()),
            n_low=int((high[evaluated] == 0).sum()),
            n_high=int((high[evaluated] == 1).sum()),
            notes=_notes(plan),
        ),
        high,
        evaluated,
        found["value"],
    )


def _notes(plan: CutoffPlan) -> tuple[str, ...]:
    if plan.method == "maxstat" and plan.validation == "none":
        return (
            "The cut-off was searched for and judged in the same patients: only the corrected p value holds "
            "for the comparison of the groups, and the hazard ratio is too far from 1; the corrected one "
            "stands beside it.",
        )
    if plan.validation == "cross-fitted":
        return (
            "Each patient was grouped by a cut-off found without that patient. The cut-offs share patients: "
            "the log-rank p value is close, not exact (Faraggi and Simon 1996).",
        )
    return ()


def _value(task: _Task, rows: Bools) -> float:
    """The cut-off alone, found in the given rows."""
    plan, marker = task.plan, task.variable.values
    if plan.method == "fixed":
        return float(plan.value or 0.0)
    if plan.method == "median":
        return median_split(marker[rows])
    if plan.method == "quantile":
        return float(np.quantile(marker[rows], plan.quantile))
    if plan.method == "youden":
        return _youden(task.data, marker, rows)
    return _search(task, rows, ("lausen94",)).estimate


def _youden(data: StudyData, marker: Floats, rows: Bools) -> float:
    event = data.decompensation
    if event is None or event.not_done is not None:
        raise StatisticsError("no-outcome", "Youden's cut-off needs decompensation, which is not known")
    used = rows & ~np.isnan(event.within)
    return youden_threshold(roc_curve(event.within[used], marker[used]))


def _search(task: _Task, rows: Bools, methods: tuple[PMethod, ...]) -> CutoffSearch:
    return find_cutoff(
        task.endpoint.time[rows],
        task.endpoint.event[rows],
        task.variable.values[rows],
        minprop=task.plan.minprop,
        maxprop=task.plan.maxprop,
        methods=methods,
        permutations=task.plan.permutations,
        seed=task.protocol.seed,
    )


def _found(task: _Task, rows: Bools) -> dict[str, Any]:
    """Value of the cut-off and, where it was searched for, what the search costs."""
    plan = task.plan
    if plan.method != "maxstat":
        return {"value": _value(task, rows)}
    permuted: tuple[PMethod, ...] = ("permutation",) if plan.permutations else ()
    search = _search(task, rows, ("gaussian", *permuted, "lausen92", "lausen94"))
    time, event = task.endpoint.time[rows], task.endpoint.event[rows]
    marker = task.variable.values[rows]
    return {
        "value": search.estimate,
        "statistic": search.statistic,
        "p_corrected": search.p,
        "p_uncorrected": logrank_test(time, event, marker > search.estimate).p,
        "p_values": tuple(
            PValue(method=name, label=_p_label(name, plan), p=p) for name, p in search.p_by_method.items()
        ),
        "tried": tuple(search.cuts.tolist()),
        "tried_statistics": tuple(search.statistics.tolist()),
        "minprop": plan.minprop,
        "maxprop": plan.maxprop,
        "bootstrap": _bootstrap(task.protocol, plan, time, event, marker),
    }


def _p_label(name: str, plan: CutoffPlan) -> str:
    return f"{plan.permutations:,} permutations" if name == "permutation" else P_LABELS[name]


def _bootstrap(
    protocol: Protocol, plan: CutoffPlan, time: Floats, event: Floats, marker: Floats
) -> BootstrapCutoff | None:
    if not protocol.resamples:
        return None
    found = bootstrap_cutoff(
        time,
        event,
        marker,
        resamples=protocol.resamples,
        seed=protocol.seed,
        minprop=plan.minprop,
        maxprop=plan.maxprop,
        level=protocol.level,
    )
    return BootstrapCutoff(
        resamples=protocol.resamples,
        low=found.low,
        high=found.high,
        cutoffs=tuple(np.sort(found.cutoffs).tolist()),
        hazard_ratio_apparent=found.apparent,
        hazard_ratio_corrected=found.estimate,
        method=found.method,
    )


def _cross_fitted(task: _Task, rows: Bools) -> tuple[Floats, tuple[float, ...]]:
    """Every patient grouped by a cut-off found in the other folds."""
    marker = task.variable.values
    place = np.full(marker.size, -1)
    place[rows] = folds(int(rows.sum()), task.plan.folds, task.endpoint.event[rows], task.protocol.seed)
    high = np.full(marker.size, np.nan)
    values = []
    for k in range(task.plan.folds):
        inside = place == k
        cut = _value(task, rows & ~inside)
        high[inside] = marker[inside] > cut
        values.append(cut)
    return high, tuple(values)


def folds(n: int, k: int, event: Floats, seed: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """A fold for every row, shape (n,): events and the others are dealt out apart, in random order."""
    random = np.random.default_rng(seed)
    fold = np.empty(n, dtype=np.intp)
    start = 0
    for kind in (1.0, 0.0):
        members = np.flatnonzero(event == kind)
        fold[random.permutation(members)] = (start + np.arange(members.size)) % k
        start += members.size
    return fold
