"""Who was studied: flow chart, missing values, baseline table."""

from __future__ import annotations

from typing import Any

from splenic.report import figures, numbers
from splenic.report.document import Row, Section, Table, rows_of
from splenic.report.sections.words import empty, sentence, unit_of


def flow(results: Any) -> Section:
    """The flow chart."""
    part = results.flow
    if part.not_done:
        return empty("flow", "Patients", part)
    leaves = []
    if part.development:
        leaves.append(("Development cases", f"n = {part.development}"))
    if part.development and part.rest is not None:
        leaves.append(("The rest", f"n = {part.rest}"))
    steps = [figures.FlowBox(s.label, s.n, s.excluded, s.reason or "") for s in part.steps]
    drawing = figures.flow_chart(
        steps, leaves, key="flow-chart", title="Flow chart", data=results.header.data
    )
    paragraphs = []
    whole = analysed(results)
    if part.with_sv is not None and whole:
        paragraphs.append(f"SV is known in {numbers.count_of(part.with_sv, whole)} patients.")
    return Section("flow", "Patients", tuple(paragraphs), (drawing,), notes=tuple(part.notes))


def analysed(results: Any) -> int | None:
    """Patients of the main analysis: those whose survival is shown, or those left by the flow chart."""
    whole = next((s.n for s in results.overall if not s.not_done), None)
    return whole if whole is not None else next((step.n for step in reversed(results.flow.steps)), None)


def missing(results: Any) -> Section:
    """How much was missing and what was done about it."""
    part = results.missing_data
    if part.not_done:
        return empty("missing", "Missing values", part)
    policy = {
        "complete-case": "complete cases only",
        "multiple-imputation": "multiple imputation by chained equations",
    }
    text = f"Missing covariates were treated by {policy.get(part.policy, part.policy)}"
    if part.imputations:
        text += f" ({part.imputations} imputed data sets, pooled by Rubin's rules)"
    table = Table(
        "missing",
        "Missing values by variable",
        ("Variable", "Missing, n", "Missing, %"),
        rows_of(
            [
                (r.label, f"{r.missing}/{r.n}", numbers.percent(r.missing / r.n if r.n else None))
                for r in part.rows
            ]
        ),
        sortable=True,
    )
    tables = (table,) if part.rows else ()
    return Section("missing", "Missing values", (sentence(text),), tables=tables, notes=tuple(part.notes))


def baseline(results: Any) -> Section:
    """Characteristics of all patients and of the SV groups."""
    part = results.baseline
    if part.not_done:
        return empty("baseline", "Baseline characteristics", part)
    keys = [c.key for c in part.columns]
    grouped = len(keys) > 1
    head = ["Characteristic", *(f"{c.label} (n = {c.n})" for c in part.columns), "Missing, n"]
    head += ["p", "Test", "SMD"] if grouped else []
    rows: list[Row] = []
    for variable in part.rows:
        rows += _variable(variable, keys, grouped)
    notes: tuple[str, ...] = (
        "Continuous variables: median (interquartile range). Categories: n of those with a value (%). "
        "Missing: in all patients. SMD: standardised mean difference between the SV groups (absolute value).",
    )
    methods = dict.fromkeys(v.test.method for v in part.rows if v.test and "," in v.test.method)
    notes += (f"Tests in full: {'; '.join(methods)}.",) if methods and grouped else ()
    table = Table(
        "baseline",
        "Baseline characteristics",
        tuple(head),
        tuple(rows),
        notes,
        text_columns=(len(keys) + 3,) if grouped else (),
    )
    return Section("baseline", "Baseline characteristics", tables=(table,), notes=tuple(part.notes))


def _variable(variable: Any, keys: list[str], grouped: bool) -> list[Row]:
    missing_all = variable.missing.get("all", sum(variable.missing.get(k, 0) for k in keys))
    tail = [str(missing_all)]
    if grouped:
        test = variable.test
        smd = None if variable.smd is None else abs(variable.smd)
        tail += [
            numbers.p_value(test.p if test else None),
            test.method.split(",")[0] if test else numbers.UNKNOWN,
            numbers.fixed(smd, 2),
        ]
    blank = [""] * len(tail)
    if variable.kind == "continuous":
        cells = [_median(variable.summaries.get(key)) for key in keys]
        return [Row((unit_of(variable.label, variable.unit), *cells, *tail))]
    if variable.kind == "binary" and len(variable.categories) == 1:
        return [Row((variable.label, *(_count(variable.categories[0], key) for key in keys), *tail))]
    first = Row((variable.label, *([""] * len(keys)), *tail))
    return [
        first,
        *(Row((c.label, *(_count(c, k) for k in keys), *blank), indent=True) for c in variable.categories),
    ]


def _median(summary: Any) -> str:
    if summary is None or summary.median is None:
        return numbers.UNKNOWN
    decimals = numbers.decimals_of(summary.q1, summary.median, summary.q3)
    return f"{numbers.fixed(summary.median, decimals)} ({numbers.interval(summary.q1, summary.q3, decimals)})"


def _count(category: Any, key: str) -> str:
    count, share = category.counts.get(key), category.shares.get(key)
    return numbers.UNKNOWN if count is None else f"{count} ({numbers.percent(share)})"
