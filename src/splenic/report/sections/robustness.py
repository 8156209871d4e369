"""Whether the main result holds in subgroups and under other choices."""

from __future__ import annotations

from typing import Any

from splenic.report import figures, numbers
from splenic.report.document import Section, Table, rows_of
from splenic.report.sections.words import ci, empty, sentence


def forest(results: Any) -> Section:
    """Subgroups."""
    part = results.forest
    title = "Subgroups"
    if part.not_done:
        return empty("subgroups", title, part)
    lines: list[figures.ForestLine] = []
    last = None
    for r in part.rows:
        whole = r.variable == "all"
        if not whole and r.variable != last:
            p = "" if r.interaction_p is None else numbers.p_value(r.interaction_p)
            lines.append(figures.ForestLine(r.variable_label, p=p))
        last = r.variable
        label = r.variable_label if whole else r.level
        lines.append(
            figures.ForestLine(
                label,
                f"{r.events}/{r.n}",
                r.hazard_ratio,
                r.low,
                r.high,
                note=r.not_done or "not estimable",
                indent=not whole,
                whole=whole,
            )
        )
    level = results.header.level
    drawing = figures.forest(
        lines,
        key="forest",
        title=f"{part.endpoint_label}, high against low SV in subgroups",
        data=results.header.data,
        effect_label=f"HR ({ci(level)})",
        p_label="p, interaction",
        caption=f"Hazard ratio of high against low SV, {part.endpoint_label.lower()}; events/patients. p "
        "of the "
        "interaction of the subgroup with SV; not adjusted for the number of subgroups.",
    )
    return Section(
        "subgroups", title, drawings=(drawing,), tables=(_forest_table(part, level),), notes=tuple(part.notes)
    )


def _forest_table(part: Any, level: float | None) -> Table:
    rows = [
        (
            r.variable_label if r.variable == "all" else f"{r.variable_label}: {r.level}",
            f"{r.events}/{r.n}",
            numbers.UNKNOWN if r.n_high is None else str(r.n_high),
            numbers.ratio(r.hazard_ratio, r.low, r.high),
            numbers.p_value(r.p),
            numbers.p_value(r.interaction_p),
        )
        for r in part.rows
    ]
    head = ("Subgroup", "Events/n", "High SV, n", f"HR ({ci(level)})", "p", "Interaction, p")
    notes = tuple(f"{r.variable_label}, {r.level}: {sentence(r.not_done)}" for r in part.rows if r.not_done)
    return Table("subgroups", "Subgroups", head, rows_of(rows), notes)


def sensitivity(results: Any) -> Section:
    """The main comparison under other choices."""
    part = results.sensitivity
    title = "Sensitivity analyses"
    if part.not_done:
        return empty("sensitivity", title, part)
    rows = []
    for r in part.rows:
        if r.not_done:
            continue
        counts = numbers.UNKNOWN if r.n is None else f"{r.events}/{r.n}"
        rows.append(
            (
                r.label,
                numbers.measure(r.cutoff),
                counts,
                numbers.UNKNOWN if r.n_high is None else str(r.n_high),
                numbers.ratio(r.hazard_ratio, r.low, r.high),
                numbers.p_value(r.p),
                numbers.p_value(r.logrank_p),
                numbers.p_value(r.p_corrected),
            )
        )
    unit = results.cutoff.unit or "ml"
    head = (
        "Analysis",
        f"Cut-off, {unit}",
        "Events/n",
        "High SV, n",
        f"HR ({ci(results.header.level)})",
        "p",
        "Log-rank p",
        "p, corrected for search",
    )
    notes = [f"{r.label}: {sentence(r.not_done)}" for r in part.rows if r.not_done]
    notes += [f"{r.label}: {sentence(n)}" for r in part.rows for n in r.notes]
    table = Table("sensitivity", f"{title}, {part.endpoint_label.lower()}", head, rows_of(rows), tuple(notes))
    return Section("sensitivity", title, tables=(table,), notes=tuple(part.notes))
