"""SV against the 2D sizes: who ranks patients better."""

from __future__ import annotations

from typing import Any

from splenic.report import figures, numbers
from splenic.report.document import Section, Table, rows_of
from splenic.report.sections.markers import slug
from splenic.report.sections.words import ci, sentence
from splenic.report.style import Drawing
from splenic.report.tree import array, triple

QUANTITIES = {
    "concordance": "Harrell's C",
    "concordance-uno": "Uno's C",
    "time-auc": "time-dependent AUC",
    "auc": "AUC",
}


def discrimination(results: Any) -> Section:
    """C-index and time-dependent AUC of every marker, and their paired differences."""
    title = "Discrimination: SV against 2D sizes and other markers"
    parts = results.discrimination
    done = [p for p in parts if not p.not_done]
    notes = [n for p in parts for n in p.notes]
    notes += [f"{p.endpoint_label}: {sentence(p.not_done)}" for p in parts if p.not_done]
    if not done:
        return Section(
            "discrimination", title, not_done=sentence(parts[0].not_done if parts else "not asked for")
        )
    drawings, tables = [], []
    for part in done:
        if any(m.auc for m in part.markers):
            drawings.append(_figure(results, part))
        tables += [_markers(results, part), *_differences(results, part), *_correlations(results, part)]
    text = tuple(
        f"{p.endpoint_label}: the {p.n} patients who have all markers ({p.events} events)." for p in done
    )
    return Section("discrimination", title, text, tuple(drawings), tuple(tables), tuple(notes))


def _figure(results: Any, part: Any) -> Drawing:
    lines = []
    for m in part.markers:
        if m.auc:
            estimate, low, high = (array([triple(a.auc)[i] for a in m.auc]) for i in range(3))
            lines.append(figures.AucLine(m.label, array([a.time for a in m.auc]), estimate, low, high))
    return figures.auc_over_time(
        lines,
        key=f"auc-{slug(part.endpoint)}",
        title=f"Time-dependent AUC, {part.endpoint_label.lower()}",
        data=results.header.data,
        time_unit=results.header.time_unit,
        level=results.header.level or 0.95,
    )


def _markers(results: Any, part: Any) -> Table:
    level, unit = results.header.level, results.header.time_unit
    times = sorted({a.time for m in part.markers for a in m.auc})
    rows = []
    for m in part.markers:
        found = {a.time: a for a in m.auc}
        name = m.label + (" (lower: higher risk)" if m.lower_is_risk else "")
        aucs = [
            numbers.with_interval(*triple(found[t].auc), 2) if t in found else numbers.UNKNOWN for t in times
        ]
        rows.append(
            (
                name,
                numbers.with_interval(*triple(m.concordance), 2),
                numbers.with_interval(*triple(m.concordance_uno), 2),
                *aucs,
            )
        )
    head = (
        "Marker",
        f"Harrell's C ({ci(level)})",
        f"Uno's C ({ci(level)})",
        *(f"AUC at {t:g} {unit} ({ci(level)})" for t in times),
    )
    cases = [
        f"{a.cases} and {a.controls} at {a.time:g} {unit}"
        for a in (part.markers[0].auc if part.markers else ())
    ]
    notes = (f"Cases and controls of the AUC: {'; '.join(cases)}.",) if cases else ()
    return Table(
        f"discrimination-{slug(part.endpoint)}",
        f"Discrimination, {part.endpoint_label.lower()}",
        head,
        rows_of(rows),
        notes,
        sortable=True,
    )


def differences_table(results: Any, rows: Any, labels: dict[str, str], key: str, title: str) -> list[Table]:
    """Paired differences of two markers."""
    if not rows:
        return []
    unit = results.header.time_unit
    lines = []
    for d in rows:
        quantity = QUANTITIES.get(d.quantity, d.quantity) + (
            f" at {d.time:g} {unit}" if d.time is not None else ""
        )
        lines.append(
            (
                f"{labels.get(d.first, d.first)} less {labels.get(d.second, d.second)}",
                quantity,
                numbers.with_interval(*triple(d.difference), 3),
                numbers.p_value(d.p),
                numbers.p_value(d.p_adjusted),
                d.difference.method,
            )
        )
    head = (
        "Comparison",
        "Quantity",
        f"Difference ({ci(results.header.level)})",
        "p",
        "p, adjusted",
        "Method",
    )
    return [Table(key, title, head, rows_of(lines), sortable=True, text_columns=(1, 5))]


def _differences(results: Any, part: Any) -> list[Table]:
    labels = {m.marker: m.label for m in part.markers}
    return differences_table(
        results,
        part.differences,
        labels,
        f"differences-{slug(part.endpoint)}",
        f"Paired differences, {part.endpoint_label.lower()}",
    )


def _correlations(results: Any, part: Any) -> list[Table]:
    if not part.correlation:
        return []
    labels = {m.marker: m.label for m in part.markers}
    rows = [
        (
            f"{labels.get(c.first, c.first)} and {labels.get(c.second, c.second)}",
            str(c.n),
            numbers.with_interval(*triple(c.correlation), 2),
            numbers.p_value(c.p),
        )
        for c in part.correlation
    ]
    head = ("Markers", "n", f"Spearman's ρ ({ci(results.header.level)})", "p")
    return [
        Table(
            f"correlation-{slug(part.endpoint)}",
            "Correlation of the markers",
            head,
            rows_of(rows),
            sortable=True,
        )
    ]
