"""Cox regression of the study: one term at a time, all together, and SV as a curve."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import chi2

from splenic.stats import (
    CoxFit,
    OptimismCorrected,
    StatisticsError,
    concordance,
    fit_cox,
    fit_cox_penalised_spline,
    fit_firth_cox,
    impute_chained,
    nelson_aalen,
    optimism_corrected,
    pool,
)
from splenic.study import give
from splenic.study.cutoff import Split
from splenic.study.data import Bools, Endpoint, Floats, StudyData, Variable
from splenic.study.optimism import MOST_PATIENTS, Optimism, optimism
from splenic.study.protocol import Covariate, Protocol
from splenic.study.results import CoxModel, CoxRow, CoxTable, Effect, Interval, Test
from splenic.study.terms import Term, design, grouped, terms_of

_SPLINE_POINTS = 60


def marker_terms(protocol: Protocol, data: StudyData, split: Split) -> tuple[Term, ...]:
    """The marker by group (where there are groups) and per step, as far as it is known."""
    variable = data.variables.get(protocol.marker)
    if variable is None or not split.done:
        return ()
    step = f"per {protocol.marker_step:g}" + (f" {variable.unit}" if variable.unit else "")
    return (
        Term(f"{variable.key}_high", variable.key, f"High {variable.label}", split.high, "low"),
        Term(variable.key, variable.key, variable.label, variable.values / protocol.marker_step, None, step),
    )


def size_terms(protocol: Protocol, data: StudyData) -> tuple[Term, ...]:
    """The compared markers, per standard deviation, so that their hazard ratios can be held side by side."""
    found = []
    for key in protocol.markers:
        variable = data.variables.get(key)
        if variable is None or variable.known.sum() < 3 or np.nanstd(variable.values) == 0:
            continue
        spread = float(np.nanstd(variable.values, ddof=1))
        unit = f"per standard deviation ({spread:.4g}" + (f" {variable.unit})" if variable.unit else ")")
        found.append(Term(key, key, variable.label, variable.values / spread, None, unit))
    return tuple(found)


def univariable(
    protocol: Protocol, data: StudyData, endpoint: Endpoint, terms: Sequence[Sequence[Term]]
) -> CoxTable:
    """One model per covariate; a categorical one has all its terms in it."""
    rows = tuple(row for group in terms for row in _one_model(protocol, endpoint, group))
    return CoxTable(
        endpoint=endpoint.key,
        endpoint_label=endpoint.label,
        kind="univariable",
        rows=rows,
        missing_data="complete cases of each covariate",
    )


def _one_model(protocol: Protocol, endpoint: Endpoint, terms: Sequence[Term]) -> list[CoxRow]:
    if not terms:
        return []
    rows = endpoint.known & ~np.isnan(design(terms)).any(axis=1)
    reason = give.too_few(rows, endpoint.event, protocol.least_events)
    if reason is not None:
        return [_empty(term, rows, endpoint, reason) for term in terms]
    try:
        fit = _fit(protocol, endpoint, terms, rows)
    except StatisticsError as error:
        return [_empty(term, rows, endpoint, str(error)) for term in terms]
    return cox_rows(fit, terms, endpoint, rows)


def _empty(term: Term, rows: Bools, endpoint: Endpoint, reason: str) -> CoxRow:
    return CoxRow(
        term=term.name,
        variable=term.variable,
        label=term.label,
        reference=term.reference,
        unit=term.unit,
        n=int(rows.sum()),
        events=int(np.nansum(endpoint.event[rows])),
        not_done=reason,
    )


def _fit(protocol: Protocol, endpoint: Endpoint, terms: Sequence[Term], rows: Bools) -> CoxFit:
    names = [term.name for term in terms]
    return fit_cox(
        endpoint.time[rows],
        endpoint.event[rows],
        design(terms)[rows],
        terms=names,
        ties=protocol.ties,
        level=protocol.level,
    )


def cox_rows(fit: CoxFit, terms: Sequence[Term], endpoint: Endpoint, rows: Bools) -> list[CoxRow]:
    """A row a term; where an estimate runs off to infinity, all are Firth's."""
    shared: list[dict[str, Any]] = [
        {
            "term": term.name,
            "variable": term.variable,
            "label": term.label,
            "reference": term.reference,
            "unit": term.unit,
            "n": fit.n,
            "events": fit.events,
        }
        for term in terms
    ]
    if fit.infinite:
        firth = fit_firth_cox(endpoint.time[rows], endpoint.event[rows], design(terms)[rows], level=fit.level)
        columns = zip(firth.coefficient, firth.std_err, firth.estimate, firth.low, firth.high, firth.p)
        return [
            CoxRow(
                **plain,
                coefficient=b,
                std_err=se,
                hazard_ratio=hr,
                low=low,
                high=high,
                p=p,
                note="Firth's penalty, profile interval: without it an estimate is infinite",
            )
            for plain, (b, se, hr, low, high, p) in zip(shared, columns)
        ]
    hazards = give.hazards(fit)
    return [
        CoxRow(
            **plain,
            coefficient=fit.coefficient[k],
            std_err=fit.std_err[k],
            hazard_ratio=fit.estimate[k],
            low=fit.low[k],
            high=fit.high[k],
            p=fit.p[k],
            ph_statistic=None if hazards is None else hazards.statistic[k],
            ph_p=None if hazards is None else hazards.p[k],
        )
        for k, plain in enumerate(shared)
    ]


def multivariable(
    protocol: Protocol, data: StudyData, endpoint: Endpoint, lead: Term | None, title: str
) -> CoxTable:
    """All covariates together, with the marker in front where there is one."""
    base = CoxTable(
        endpoint=endpoint.key,
        endpoint_label=endpoint.label,
        kind="multivariable",
        title=title,
        missing_data=protocol.missing,
    )
    terms = [*([lead] if lead is not None else []), *covariate_terms(protocol.multivariable, data)]
    if not terms:
        return base.but(not_done="the protocol names no covariate")
    rows = endpoint.known & ~np.isnan(design(terms)).any(axis=1)
    reason = give.too_few(rows, endpoint.event, protocol.least_events)
    if reason is not None:
        return base.but(not_done=reason)
    try:
        fit = _fit(protocol, endpoint, terms, rows)
        found = cox_rows(fit, terms, endpoint, rows)
        update: dict[str, Any] = {"model": model_of(protocol, endpoint, terms, rows, fit)}
        if protocol.missing == "multiple-imputation" and rows.sum() < endpoint.known.sum():
            found, note = imputed_rows(protocol, data, endpoint, lead)
            update["notes"] = (note,)
    except StatisticsError as error:
        return base.but(not_done=str(error))
    few = fit.events / len(terms)
    if few < 10:
        note = f"{fit.events} events for {len(terms)} terms ({few:.1f} each): estimates may be too extreme."
        update["notes"] = (*update.get("notes", ()), note)
    return base.but(**update, rows=tuple(found))


def covariate_terms(covariates: Sequence[Covariate], data: StudyData) -> tuple[Term, ...]:
    """Terms of several covariates, in order."""
    return tuple(term for covariate in covariates for term in terms_of(covariate, data))


def model_of(
    protocol: Protocol, endpoint: Endpoint, terms: Sequence[Term], rows: Bools, fit: CoxFit
) -> CoxModel:
    """Tests, concordance and its optimism, of the complete cases."""
    time, event, x = endpoint.time[rows], endpoint.event[rows], design(terms)[rows]
    risk = x @ np.where(np.isfinite(fit.coefficient), fit.coefficient, 0.0)
    hazards = give.hazards(fit)
    tests = {
        name: Test(method=name.replace("_", " "), statistic=found.statistic, df=found.df, p=found.p)
        for name, found in (
            ("likelihood_ratio", fit.likelihood_ratio),
            ("wald", fit.wald),
            ("score", fit.score),
        )
    }
    corrected, slope = _corrected(protocol, time, event, x)
    return CoxModel(
        n=fit.n,
        events=fit.events,
        method=fit.method,
        ties=fit.ties,
        loglik_null=fit.loglik_null,
        loglik=fit.loglik,
        aic=fit.aic,
        **tests,
        proportional_hazards=None
        if hazards is None
        else Test(
            method=hazards.method,
            statistic=hazards.global_statistic,
            df=hazards.global_df,
            p=hazards.global_p,
        ),
        concordance=give.interval(concordance(time, event, risk, level=protocol.level)),
        concordance_uno=give.interval(concordance(time, event, risk, weight="n/G2", level=protocol.level)),
        concordance_corrected=corrected,
        calibration_slope=slope,
    )


def _corrected(
    protocol: Protocol, time: Floats, event: Floats, x: Floats
) -> tuple[Interval | None, float | None]:
    """Concordance corrected for optimism, and the calibration slope; None where no resample can be fitted."""
    if not protocol.resamples:
        return None, None
    how = f"Harrell's C, corrected by {protocol.resamples} resamples"
    shared: dict[str, Any] = {
        "resamples": protocol.resamples,
        "seed": protocol.seed,
        "level": protocol.level,
    }
    found: Optimism | OptimismCorrected | None
    slope: float | None
    try:
        if protocol.ties == "efron" and time.size <= MOST_PATIENTS:
            fast = optimism(time, event, x, **shared)
            found, slope = fast, None if fast is None else fast.slope
        else:
            slow = optimism_corrected(time, event, x, ties=protocol.ties, **shared)
            found, slope = slow, slow.calibration_slope
    except StatisticsError:
        return None, None  # the apparent concordance stands alone
    if found is None:
        return None, None
    return Interval(
        estimate=found.estimate, low=found.low, high=found.high, level=protocol.level, method=how
    ), slope


# Missing covariates


@dataclass(frozen=True, slots=True)
class _Gap:
    """A covariate on the scale on which it is imputed."""

    label: str
    variable: Variable
    values: Floats
    term: Term | None  # of a number


def imputed_rows(
    protocol: Protocol, data: StudyData, endpoint: Endpoint, lead: Term | None
) -> tuple[list[CoxRow], str]:
    """Rows of the model pooled over completed data sets; the marker itself is never imputed."""
    rows = endpoint.known if lead is None else endpoint.known & ~np.isnan(lead.values)
    time, event = endpoint.time[rows], endpoint.event[rows]
    gaps = [_gap(covariate, data) for covariate in protocol.multivariable]
    columns = [gap.values[rows] for gap in gaps]
    outcome = [event, _hazard_at(time, event)] + ([lead.values[rows]] if lead is not None else [])
    with warnings.catch_warnings():
        # Columns that depend on each other predict as well as any of them; the fit says it at every step.
        warnings.simplefilter("ignore")
        completed = impute_chained(
            np.column_stack([*columns, *outcome]), sets=protocol.imputations, seed=protocol.seed
        )
    fits, terms = [], []
    for one in completed:
        terms = [] if lead is None else [replace(lead, values=lead.values[rows])]
        for k, gap in enumerate(gaps):
            terms += _completed(gap, one[:, k])
        fits.append(fit_cox(time, event, design(terms), ties=protocol.ties, level=protocol.level))
    found = [_pooled(term, k, fits, protocol.level) for k, term in enumerate(terms)]
    patients = int(np.isnan(np.column_stack(columns)).any(axis=1).sum())
    note = (
        f"Missing covariates of {patients} patients were imputed {protocol.imputations} times by chained "
        "equations with predictive mean matching, and the estimates pooled by Rubin's rules; tests and "
        "concordance of the model are those of the complete cases."
    )
    return found, note


def _gap(covariate: Covariate, data: StudyData) -> _Gap:
    variable = data.variable(covariate.column)
    label = covariate.label or variable.label
    if variable.kind == "continuous":
        term = terms_of(covariate, data)[0]
        return _Gap(label, variable, term.values, term)
    variable = grouped(covariate, data)
    return _Gap(label, variable, variable.values, None)


def _completed(gap: _Gap, values: Floats) -> list[Term]:
    if gap.term is not None:
        return [replace(gap.term, values=values)]
    levels = gap.variable.levels
    return [
        Term(
            f"{gap.variable.key}={levels[k]}",
            gap.variable.key,
            f"{gap.label} {levels[k]}",
            (values == k).astype(np.float64),
            levels[0],
        )
        for k in range(1, len(levels))
    ]


def _hazard_at(time: Floats, event: Floats) -> Floats:
    curve = nelson_aalen(time, event)
    return np.asarray(curve.estimate[np.searchsorted(curve.time, time)], dtype=np.float64)


def _pooled(term: Term, k: int, fits: Sequence[CoxFit], level: float) -> CoxRow:
    found = pool(
        [fit.coefficient[k] for fit in fits],
        [fit.std_err[k] ** 2 for fit in fits],
        df_complete=fits[0].events - len(fits[0].terms),
        level=level,
    )
    return CoxRow(
        term=term.name,
        variable=term.variable,
        label=term.label,
        reference=term.reference,
        unit=term.unit,
        n=fits[0].n,
        events=fits[0].events,
        coefficient=found.estimate,
        std_err=found.std_err,
        hazard_ratio=float(np.exp(found.estimate)),
        low=float(np.exp(found.low)),
        high=float(np.exp(found.high)),
        p=found.p,
    )


# SV as a curve


def effect(protocol: Protocol, variable: Variable, endpoint: Endpoint, reference: float) -> Effect:
    """Hazard ratio along the marker, from its 2nd to its 98th percentile.

    The reference value is the median where it is NaN.
    """
    base = Effect(endpoint=endpoint.key, marker=variable.key, label=variable.label, unit=variable.unit)
    rows = variable.known & endpoint.known
    reason = give.too_few(rows, endpoint.event, max(protocol.least_events, 20), f"known {variable.label}")
    if reason is not None:
        return base.but(not_done=reason)
    values = variable.values[rows]
    low, high = np.quantile(values, [0.02, 0.98]).tolist()
    middle = float(np.median(values)) if np.isnan(reference) else float(np.clip(reference, low, high))
    try:
        found = fit_cox_penalised_spline(
            endpoint.time[rows],
            endpoint.event[rows],
            values,
            grid=np.linspace(low, high, _SPLINE_POINTS),
            reference_value=middle,
            level=protocol.level,
        )
    except StatisticsError as error:
        return base.but(not_done=str(error))
    whole = found.linear.statistic + found.nonlinear_statistic
    curve = found.curve
    return Effect(
        **base.model_dump(include={"endpoint", "marker", "label", "unit"}),
        reference_value=middle,
        x=tuple(curve.x.tolist()),
        hazard_ratio=tuple(curve.estimate.tolist()),
        low=tuple(curve.low.tolist()),
        high=tuple(curve.high.tolist()),
        p_overall=float(chi2.sf(whole, max(found.df, 1.0))),
        p_nonlinear=found.nonlinear_p,
        method=f"{found.method}, {found.df:.0f} degrees of freedom",
        n=found.n,
        events=found.events,
    )
