"""Risk of each patient by a horizon, from a model that did not see the patient, and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from splenic.stats import (
    CoxFit,
    StatisticsError,
    baseline_hazard,
    brier_score,
    calibration_at,
    concordance,
    fit_cox,
    net_benefit_survival,
    predict_survival,
    time_dependent_auc,
)
from splenic.study import give
from splenic.study.cutoff import folds
from splenic.study.data import Bools, Endpoint, Floats, StudyData
from splenic.study.protocol import Protocol, RiskPlan
from splenic.study.regress import covariate_terms
from splenic.study.results import (
    CalibrationGroup,
    DecisionPoint,
    Interval,
    RiskModel,
    RiskProfile,
    RiskTerm,
)
from splenic.study.terms import Term, design

_THRESHOLDS = tuple(round(0.05 * k, 2) for k in range(1, 20))


@dataclass(frozen=True, slots=True)
class PatientRisks:
    """Cross-validated risk of every patient, shape (n,); NaN where a term is not known."""

    risk: Floats
    low: Floats
    high: Floats
    horizon_months: float
    endpoint: str


@dataclass(frozen=True, slots=True)
class _Task:
    protocol: Protocol
    plan: RiskPlan
    endpoint: Endpoint
    terms: tuple[Term, ...]
    x: Floats
    rows: Bools

    @property
    def time(self) -> Floats:
        return self.endpoint.time[self.rows]

    @property
    def event(self) -> Floats:
        return self.endpoint.event[self.rows]

    def fit(self, chosen: Bools) -> CoxFit:
        """The model in some of the rows."""
        names = [term.name for term in self.terms]
        return fit_cox(
            self.time[chosen],
            self.event[chosen],
            self.x[chosen],
            terms=names,
            ties=self.protocol.ties,
            level=self.protocol.level,
        )


def risk_model(protocol: Protocol, data: StudyData) -> tuple[RiskModel, PatientRisks | None]:
    """The model, its cross-validated quality, and the risks of the patients."""
    plan = protocol.risk
    if plan is None:
        return RiskModel(not_done="the protocol asks for no risk model"), None
    endpoint = data.endpoint(plan.endpoint)
    base = RiskModel(endpoint=endpoint.key, endpoint_label=endpoint.label, horizon=plan.horizon_months)
    terms = _terms(protocol, plan, data)
    if not terms:
        return base.but(not_done="neither the marker nor any covariate is known"), None
    x = design(terms)
    rows = endpoint.known & ~np.isnan(x).any(axis=1)
    upto = np.where(endpoint.time <= plan.horizon_months, endpoint.event, 0.0)
    reason = give.too_few(rows, upto, max(protocol.least_events, 20), f"{plan.horizon_months:g} months")
    if reason is not None:
        return base.but(not_done=reason), None
    task = _Task(protocol, plan, endpoint, terms, x[rows], rows)
    try:
        whole = task.fit(np.ones(int(rows.sum()), dtype=np.bool_))
        survival, low, high = _cross_validated(task)
        quality = _quality(task, survival)
    except StatisticsError as error:
        return base.but(not_done=str(error)), None
    model = base.but(
        n=whole.n,
        events=whole.events,
        folds=plan.folds,
        **_equation(task, whole),
        **quality,
        profiles=_profiles(task, whole),
        notes=(
            "Each patient's risk comes from a model fitted without that patient. The model was not validated "
            "in another hospital, and is no basis for a decision about a patient.",
        ),
    )
    return model, _spread(task, data.n, survival, low, high)


def _terms(protocol: Protocol, plan: RiskPlan, data: StudyData) -> tuple[Term, ...]:
    if plan.covariates is not None:
        return covariate_terms(plan.covariates, data)
    variable = data.variables.get(protocol.marker)
    others = covariate_terms(protocol.multivariable, data)
    if variable is None or variable.known.sum() < protocol.least_events:
        return others
    step = f"per {protocol.marker_step:g}" + (f" {variable.unit}" if variable.unit else "")
    values = variable.values / protocol.marker_step
    lead = Term(variable.key, variable.key, variable.label, values, None, step)
    return (lead, *(term for term in others if term.variable != variable.key))


def _cross_validated(task: _Task) -> tuple[Floats, Floats, Floats]:
    """Survival at the horizon with its limits, each fold predicted by the others."""
    n = task.time.size
    fold = folds(n, task.plan.folds, task.event, task.protocol.seed)
    survival, low, high = np.empty((3, n))
    for k in range(task.plan.folds):
        inside = fold == k
        if not inside.any():
            continue
        fit = task.fit(~inside)
        found = predict_survival(
            fit, task.x[inside], [task.plan.horizon_months], interval="log-log", level=task.protocol.level
        )
        survival[inside], low[inside], high[inside] = found.estimate[0], found.low[0], found.high[0]
    return survival, low, high


def _quality(task: _Task, survival: Floats) -> dict[str, Any]:
    horizon, level = task.plan.horizon_months, task.protocol.level
    risk = 1 - survival
    inside = np.clip(survival, 1e-9, 1 - 1e-9)
    found = calibration_at(task.time, task.event, inside, horizon, groups=5, level=level)
    brier = brier_score(task.time, task.event, risk, [horizon], level=level)
    area = time_dependent_auc(task.time, task.event, risk, [horizon], level=level)
    decision = net_benefit_survival(task.time, task.event, risk, _THRESHOLDS, at=horizon)
    ranked = concordance(task.time, task.event, risk, level=level)
    return {
        "concordance": give.interval(ranked, f"{ranked.method}, cross-validated"),
        "auc": give.interval(area, "IPCW, cross-validated", place=0),
        "brier": give.interval(brier, "IPCW, cross-validated", place=0),
        "brier_null": brier.null[0],
        "calibration_ratio": give.interval(found, "observed over expected"),
        "calibration_slope": Interval(
            estimate=found.slope, low=found.slope_low, high=found.slope_high, level=level, method="Cox"
        ),
        "calibration": tuple(
            CalibrationGroup(
                n=int(found.group_n[k]),
                predicted=found.predicted[k],
                observed=Interval(
                    estimate=found.observed[k],
                    low=found.observed_low[k],
                    high=found.observed_high[k],
                    level=level,
                    method="Kaplan-Meier",
                ),
            )
            for k in range(found.group_n.size)
        ),
        "calibration_error": found.mean_error,
        "decision": tuple(
            DecisionPoint(threshold=t, net_benefit=model, treat_all=everyone)
            for t, model, everyone in zip(decision.thresholds, decision.net_benefit, decision.treat_all)
        ),
    }


def _centres(task: _Task) -> Floats:
    """Means of numbers; the reference of categories."""
    return np.array([0.0 if term.binary else float(task.x[:, k].mean()) for k, term in enumerate(task.terms)])


def _equation(task: _Task, fit: CoxFit) -> dict[str, Any]:
    """Risk = 1 − S0 ** exp(sum of coefficient (value − centre))."""
    centres = _centres(task)
    hazard = baseline_hazard(fit)
    before = hazard.time <= task.plan.horizon_months
    total = float(hazard.estimate[before][-1]) if before.any() else 0.0
    return {
        "baseline_survival": float(np.exp(-total * np.exp(centres @ fit.coefficient))),
        "terms": tuple(
            RiskTerm(
                term=term.name,
                label=term.label + (f", {term.unit}" if term.unit else ""),
                coefficient=fit.coefficient[k],
                centre=centres[k],
            )
            for k, term in enumerate(task.terms)
        ),
    }


def _profiles(task: _Task, fit: CoxFit) -> tuple[RiskProfile, ...]:
    """The typical patient at the quartiles of the first number among the terms."""
    first = next((k for k, term in enumerate(task.terms) if not term.binary), None)
    if first is None:
        return ()
    term = task.terms[first]
    step = task.protocol.marker_step if term.variable == task.protocol.marker else 1.0
    found = []
    for share, words in ((0.25, "first quartile"), (0.5, "median"), (0.75, "third quartile")):
        row = _centres(task)
        row[first] = np.quantile(task.x[:, first], share)
        at = predict_survival(
            fit, row[np.newaxis], [task.plan.horizon_months], interval="log-log", level=task.protocol.level
        )
        found.append(
            RiskProfile(
                label=f"Typical patient, {term.label} at its {words}",
                values={term.variable: float(row[first]) * step},
                risk=Interval(
                    estimate=1 - at.estimate[0, 0],
                    low=1 - at.high[0, 0],
                    high=1 - at.low[0, 0],
                    level=task.protocol.level,
                    method="Cox regression",
                ),
            )
        )
    return tuple(found)


def _spread(task: _Task, n: int, survival: Floats, low: Floats, high: Floats) -> PatientRisks:
    risk, least, most = np.full((3, n), np.nan)
    risk[task.rows], least[task.rows], most[task.rows] = 1 - survival, 1 - high, 1 - low
    return PatientRisks(risk, least, most, task.plan.horizon_months, task.endpoint.key)


def risk_rows(data: StudyData, risks: PatientRisks, marker: str) -> Sequence[tuple[str, ...]]:
    """Rows of ``risks.csv``, header first; only patients with a risk."""
    values = data.variables[marker].values if marker in data.variables else np.full(data.n, np.nan)
    head = ("patient_id", marker, "endpoint", "horizon_months", "risk", "risk_low", "risk_high", "statement")
    rows: list[tuple[str, ...]] = [head]
    for k in np.flatnonzero(~np.isnan(risks.risk)).tolist():
        numbers = (risks.risk[k], risks.low[k], risks.high[k])
        event = {"os": "death", "pfs": "progression or death", "ttp": "progression"}[risks.endpoint]
        statement = (
            f"estimated risk of {event} within {risks.horizon_months:g} months: {numbers[0]:.0%} "
            f"({numbers[1]:.0%} to {numbers[2]:.0%})"
        )
        rows.append(
            (
                data.patients[k],
                "" if np.isnan(values[k]) else f"{values[k]:g}",
                risks.endpoint,
                f"{risks.horizon_months:g}",
                *(f"{value:.6f}" for value in numbers),
                statement,
            )
        )
    return rows
