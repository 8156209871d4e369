"""What a run can answer of the checklists, a sentence or two each; None where it cannot."""

from __future__ import annotations

from typing import Any

from splenic.report import numbers
from splenic.report.manuscript import methods
from splenic.report.sections.patients import analysed
from splenic.report.sections.words import METHODS, ci, logrank_lines, ratio_line, sentence
from splenic.report.tree import triple


def marker(r: Any) -> str | None:
    d = next(iter(r.distributions), None)
    return None if d is None else f"Marker: {d.label}{f' ({d.unit})' if d.unit else ''}, measured on CT."


def flow(r: Any) -> str | None:
    if r.flow.not_done or not r.flow.steps:
        return None
    lost = [f"{s.excluded} {s.reason or 'excluded'}" for s in r.flow.steps if s.excluded]
    events = [f"{s.endpoint_label.lower()}: {s.events} events in {s.n}" for s in r.overall if not s.not_done]
    text = (
        f"{r.flow.steps[0].n} in the table, {analysed(r)} analysed; excluded: "
        f"{', '.join(lost) or 'none'}; {'; '.join(events)}"
    )
    return sentence(text.rstrip("; ")) + " See the flow chart."


def source(r: Any) -> str | None:
    rows = [
        f"{f.role} {f.name}" + (f" ({f.rows} rows)" if f.rows is not None else "") for f in r.header.inputs
    ]
    kind = "Synthetic data. " if r.header.data == "synthetic" else ""
    return kind + sentence(f"read from {', '.join(rows)}") if rows else kind or None


def segmentation(r: Any) -> str | None:
    return (
        f"Automatic outline by {', '.join(r.header.models)}, Splenic {r.header.splenic_version}."
        if r.header.models
        else None
    )


def follow_up(r: Any) -> str | None:
    part = next((s for s in (*r.overall, *r.by_sv) if s.follow_up_median is not None), None)
    if part is None:
        return None
    return (
        f"Median follow-up {numbers.median_time(*triple(part.follow_up_median), r.header.time_unit)} "
        "(reverse Kaplan–Meier)."
    )


def endpoints(r: Any) -> str | None:
    labels = list(dict.fromkeys(s.endpoint_label for s in (*r.overall, *r.by_sv)))
    text = f"Endpoints: {', '.join(labels)}." if labels else ""
    d = r.decompensation
    if not d.not_done:
        text += f" Decompensation: {d.definition_label or d.definition}" + (
            f", within {d.window_days:g} days." if d.window_days else "."
        )
    return text.strip() or None


def candidates(r: Any) -> str | None:
    labels = list(
        dict.fromkeys(row.label for p in (*r.cox_univariable, *r.cox_multivariable) for row in p.rows)
    )
    return f"Variables examined: {', '.join(labels)}." if labels else None


def sample_size(r: Any) -> str | None:
    models = [(p.model, len(p.rows)) for p in r.cox_multivariable if p.model is not None]
    if not models:
        return None
    m, terms = models[0]
    per = numbers.fixed(m.events / terms, 1) if terms else numbers.UNKNOWN
    return (
        f"All eligible patients of the table; multivariable model: {m.events} events, {terms} terms, "
        f"{per} events per term."
    )


def statistics(r: Any) -> str | None:
    return dict(methods.methods(r))["Statistical analysis"]


def missing(r: Any) -> str | None:
    return None if r.missing_data.not_done else dict(methods.methods(r))["Missing data"]


def cutoff(r: Any) -> str | None:
    c = r.cutoff
    if c.not_done:
        return sentence(c.not_done)
    unit = f" {c.unit}" if c.unit else ""
    text = (
        f"Cut-off {numbers.measure(c.value)}{unit} ({METHODS.get(c.method, c.method)}; validation: "
        f"{c.validation})."
    )
    if c.p_corrected is not None:
        text += f" Corrected for the search: {numbers.p_phrase(c.p_corrected)}."
    return text + (" Also analysed as a continuous variable." if r.sv_effect else "")


def demographics(r: Any) -> str | None:
    if r.baseline.not_done:
        return None
    names = ", ".join(row.label for row in r.baseline.rows)
    return f"Baseline table ({names}), with missing values per row; distribution of SV."


def marker_and_standard(r: Any) -> str | None:
    return (
        None
        if r.baseline.not_done or len(r.baseline.columns) < 2
        else "Baseline table by SV group with tests and SMD."
    )


def univariable(r: Any) -> str | None:
    s = next((s for s in r.by_sv if not s.not_done), None)
    if s is None:
        return None
    text = f"{s.endpoint_label}: " + "; ".join(
        f"{g.label} median {numbers.median_time(*triple(g.median), r.header.time_unit)}" for g in s.groups
    )
    if s.hazard_ratio is not None:
        text += f"; {ratio_line(s.hazard_ratio, r.header.level)}"
    return "; ".join([text, *logrank_lines(s, r.cutoff)]) + ". Kaplan–Meier figure."


def multivariable(r: Any) -> str | None:
    p = next((p for p in r.cox_multivariable if not p.not_done), None)
    if p is None:
        return None
    rows = [
        f"{row.label} {numbers.ratio(row.hazard_ratio, row.low, row.high)}"
        for row in p.rows
        if row.hazard_ratio is not None
    ]
    return (
        f"Multivariable Cox, HR ({ci(r.header.level)}): {'; '.join(rows)}. All covariates of the "
        "protocol were kept."
    )


def sensitivity(r: Any) -> str | None:
    if r.sensitivity.not_done:
        return None
    return (
        "Sensitivity analyses: "
        + ", ".join(row.label for row in r.sensitivity.rows if not row.not_done)
        + "; subgroups: forest plot."
    )


def protocol(r: Any) -> str | None:
    return "The protocol of the analysis, with every default, stands in results.json and under Provenance."


def software(r: Any) -> str | None:
    return methods.software(r)[0]


def partitions(r: Any) -> str | None:
    if not r.flow.development:
        return None
    return f"{r.flow.development} development cases and {r.flow.rest} others, split by patient."


def verdicts(r: Any) -> str | None:
    if r.approval.not_done or not r.approval.parts:
        return None
    v = r.approval.parts[-1]
    return (
        f"{v.label}: {numbers.count_of(v.failed, v.n_read)} failed, {v.acceptable} acceptable, "
        f"{v.perfect} perfect by readers' verdict."
    )


def performance(r: Any) -> str | None:
    if r.performance.not_done:
        return None
    rows = [
        f"{x.label} {numbers.with_interval(x.value, x.low, x.high, 3)}" + (f" (n = {x.n})" if x.n else "")
        for x in r.performance.rows
    ]
    return "; ".join(rows) + "."


def risk_model(r: Any) -> str | None:
    m = r.risk_model
    if m.not_done:
        return None
    return (
        f"Cox model of {', '.join(t.label for t in m.terms)} for the risk by {m.horizon:g} "
        f"{r.header.time_unit}; equation in the report."
    )


def risk_performance(r: Any) -> str | None:
    m = r.risk_model
    if m.not_done:
        return None
    return (
        f"Cross-validated: C {numbers.with_interval(*triple(m.concordance), 2)}, Brier score "
        f"{numbers.with_interval(*triple(m.brier), 3)}, "
        f"calibration slope {numbers.with_interval(*triple(m.calibration_slope), 2)}, observed/expected "
        f"{numbers.with_interval(*triple(m.calibration_ratio), 2)}."
    )


def validation(r: Any) -> str | None:
    m = r.risk_model
    return None if m.not_done else f"Internal: {m.folds}-fold cross-validation. External: none in this run."


def output(r: Any) -> str | None:
    m = r.risk_model
    return (
        None
        if m.not_done
        else f"Probability of the event by {m.horizon:g} {r.header.time_unit}; no class is assigned."
    )


def subgroups(r: Any) -> str | None:
    if r.forest.not_done:
        return None
    names = dict.fromkeys(row.variable_label for row in r.forest.rows if row.variable != "all")
    return (
        f"Effect of SV in subgroups by {', '.join(names)}, with interaction tests (forest plot)."
        if names
        else None
    )


def code(r: Any) -> str | None:
    return f"Splenic {r.header.splenic_version}, open source (Apache-2.0)."


def synthetic(r: Any) -> str | None:
    return "Not applicable: synthetic data, no patients." if r.header.data == "synthetic" else None
