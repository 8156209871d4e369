"""Hepatic decompensation: SV by group, ROC, logistic model, cumulative incidence."""

from __future__ import annotations

from typing import Any

from splenic.report import figures, numbers
from splenic.report.document import Section, Table, rows_of
from splenic.report.sections.discrimination import differences_table
from splenic.report.sections.words import ci, empty, in_words, sentence, unit_of
from splenic.report.style import Drawing
from splenic.report.tree import array, triple


def decompensation(results: Any) -> Section:
    """Everything about decompensation as the protocol defines it."""
    part = results.decompensation
    title = "Decompensation"
    if part.not_done:
        return empty("decompensation", title, part)
    window = f" within {part.window_days:g} days" if part.window_days is not None else ""
    text = [
        f"Defined as: {part.definition_label or part.definition}{window}. It occurred in "
        f"{numbers.count_of(part.events, part.n)} patients; in {part.unknown} it is not known."
    ]
    drawings, tables, notes = [], [], list(part.notes)
    if part.comparisons:
        tables.append(_comparisons(results, part))
    if part.rocs:
        drawings.append(_roc(results, part))
        tables.append(_operating_points(results, part))
        labels = {r.marker: r.label for r in part.rocs}
        tables += differences_table(
            results, part.differences, labels, "decompensation-differences", "Paired differences of the AUC"
        )
    for piece, name, make in (
        (part.logistic, "Logistic model", _logistic),
        (part.incidence, "Cumulative incidence", _incidence),
    ):
        if piece.not_done:
            notes.append(f"{name}: {sentence(piece.not_done)}")
            continue
        words, more_drawings, more_tables = make(results, piece)
        text += words
        drawings += more_drawings
        tables += more_tables
        notes += piece.notes
    return Section("decompensation", title, tuple(text), tuple(drawings), tuple(tables), tuple(notes))


def _comparisons(results: Any, part: Any) -> Table:
    rows = []
    for c in part.comparisons:
        if c.not_done:
            continue
        with_, without = c.with_event, c.without_event
        decimals = numbers.decimals_of(with_.median, with_.q3, without.median)
        median = [
            f"{numbers.fixed(s.median, decimals)} ({numbers.interval(s.q1, s.q3, decimals)}), n = {s.n}"
            for s in (with_, without)
        ]
        shift = numbers.with_interval(*triple(c.shift), decimals)
        rows.append(
            (
                unit_of(c.label, c.unit),
                *median,
                shift,
                numbers.p_value(c.test.p if c.test else None),
                c.test.method if c.test else numbers.UNKNOWN,
                numbers.fixed(c.smd, 2),
            )
        )
    notes = [f"{c.label}: {sentence(c.not_done)}" for c in part.comparisons if c.not_done]
    head = (
        "Marker",
        "With decompensation",
        "Without",
        f"Shift ({ci(results.header.level)})",
        "p",
        "Test",
        "SMD",
    )
    return Table(
        "decompensation-markers",
        "Markers in patients with and without decompensation",
        head,
        rows_of(rows),
        ("Median (interquartile range). Shift: Hodges–Lehmann estimate.", *notes),
        sortable=True,
        text_columns=(5,),
    )


def _roc(results: Any, part: Any) -> Drawing:
    units = {d.marker: f" {d.unit}" for d in results.distributions if d.unit}
    lines = []
    for r in part.rocs:
        points = tuple(
            (
                1 - p.specificity.estimate,
                p.sensitivity.estimate,
                f"{p.label}: {numbers.measure(p.threshold)}{units.get(r.marker, '')}",
            )
            for p in r.operating_points
            if p.specificity.estimate is not None and p.sensitivity.estimate is not None
        )
        lines.append(
            figures.RocLine(
                r.label, array(r.false_positive_rate), array(r.sensitivity), triple(r.auc), points
            )
        )
    return figures.roc_curves(
        lines[:6],
        key="roc-decompensation",
        title="ROC curves for decompensation",
        data=results.header.data,
        level=results.header.level or 0.95,
        caption=f"Decompensation in {part.rocs[0].events} of {part.rocs[0].n} patients. Marked: "
        f"thresholds of {part.rocs[0].label}.",
    )


def _operating_points(results: Any, part: Any) -> Table:
    rows = []
    for r in part.rocs:
        for p in r.operating_points:
            limits = (
                numbers.UNKNOWN
                if p.threshold_low is None
                else f"{numbers.measure(p.threshold_low)}–{numbers.measure(p.threshold_high)}"
            )
            shares = [_share(x) for x in (p.sensitivity, p.specificity, p.ppv, p.npv)]
            rows.append(
                (
                    f"{r.label}, {p.label}",
                    numbers.with_interval(*triple(r.auc), 2),
                    numbers.p_value(r.p),
                    numbers.measure(p.threshold),
                    limits,
                    *shares,
                )
            )
        if not r.operating_points:
            rows.append(
                (
                    r.label,
                    numbers.with_interval(*triple(r.auc), 2),
                    numbers.p_value(r.p),
                    *[numbers.UNKNOWN] * 6,
                )
            )
    level = ci(results.header.level)
    head = (
        "Marker and threshold",
        f"AUC ({level})",
        "p",
        "Threshold",
        f"Threshold, {level}",
        f"Sensitivity, % ({level})",
        f"Specificity, % ({level})",
        f"PPV, % ({level})",
        f"NPV, % ({level})",
    )
    return Table(
        "decompensation-thresholds",
        "Areas under the ROC curve and thresholds",
        head,
        rows_of(rows),
        sortable=True,
    )


def _share(interval: Any) -> str:
    percent = [None if v is None else 100 * v for v in triple(interval)]
    return numbers.with_interval(percent[0], percent[1], percent[2], 0)


def _logistic(results: Any, part: Any) -> tuple[list[str], list[Drawing], list[Table]]:
    rows = [
        (
            r.label
            + (f", {r.unit}" if r.unit else "")
            + (f" (reference: {r.reference})" if r.reference else ""),
            numbers.ratio(r.odds_ratio, r.low, r.high),
            numbers.p_value(r.p),
        )
        for r in part.rows
    ]
    text = [f"{part.method}: n = {part.n}, {part.events} events"]
    if part.likelihood_ratio is not None:
        text.append(in_words(part.likelihood_ratio, "likelihood ratio test"))
    if part.auc is not None:
        text.append(f"AUC {numbers.with_interval(*triple(part.auc), 2)}")
    if part.brier is not None:
        text.append(f"Brier score {numbers.fixed(part.brier, 3)}")
    if part.r2_nagelkerke is not None:
        text.append(f"Nagelkerke's R² {numbers.fixed(part.r2_nagelkerke, 2)}")
    head = ("Variable", f"OR ({ci(results.header.level)})", "p")
    return (
        [sentence("; ".join(text))],
        [],
        [
            Table(
                "decompensation-logistic",
                "Logistic regression of decompensation",
                head,
                rows_of(rows),
                sortable=True,
            )
        ],
    )


def _incidence(results: Any, part: Any) -> tuple[list[str], list[Drawing], list[Table]]:
    level = results.header.level
    groups = [
        figures.IncidenceCurve(
            g.label,
            g.n,
            g.events,
            g.competing,
            array(g.curve.time),
            array(g.curve.estimate),
            array(g.curve.low),
            array(g.curve.high),
            array(g.competing_curve.time),
            array(g.competing_curve.estimate),
            array(g.at_risk),
        )
        for g in part.groups
    ]
    fine_gray = [r for r in part.rows if r.model == "fine-gray"]
    lines = [in_words(part.gray, "Gray's test").replace("Gray's test: ", "Gray ")] if part.gray else []
    if len(fine_gray) >= 1:
        r = fine_gray[0]
        lines.append(f"{r.label}: sHR ({ci(level)}) {numbers.ratio(r.estimate, r.low, r.high)}")
    drawing = figures.cumulative_incidence(
        groups,
        list(part.at_risk_times),
        key="cumulative-incidence",
        title="Cumulative incidence of decompensation",
        data=results.header.data,
        competing=part.competing_label or "competing event",
        time_unit=results.header.time_unit,
        lines=lines,
        level=level or 0.95,
    )
    text = (
        f"Time to decompensation: n = {part.n}, {part.events} events, {part.competing} with "
        f"{part.competing_label} first"
    )
    if part.gray is not None:
        text += f"; {in_words(part.gray, 'Gray’s test')}"
    models = {"fine-gray": "Fine–Gray (subdistribution)", "cause-specific": "Cox (cause-specific)"}
    rows = [
        (
            r.label,
            models.get(r.model, r.model),
            numbers.UNKNOWN if r.n is None else f"{r.events}/{r.n}",
            numbers.ratio(r.estimate, r.low, r.high),
            numbers.p_value(r.p),
        )
        for r in part.rows
    ]
    tables = []
    if rows:
        head = ("Variable", "Model", "Events/n", f"HR ({ci(level)})", "p")
        tables.append(
            Table(
                "incidence-models",
                "Regression of time to decompensation",
                head,
                rows_of(rows),
                sortable=True,
                text_columns=(1,),
            )
        )
    times = sorted({m.time for g in part.groups for m in g.landmarks})
    if times:
        lines_at = [(g.label, *(_share_at(g, t) for t in times)) for g in part.groups]
        head_at = ("Group", *(f"{t:g} {results.header.time_unit}, % ({ci(level)})" for t in times))
        tables.append(
            Table("incidence-landmarks", "Cumulative incidence at fixed times", head_at, rows_of(lines_at))
        )
    return [sentence(text)], [drawing], tables


def _share_at(group: Any, time: float) -> str:
    found = next((m for m in group.landmarks if m.time == time), None)
    if found is None or found.survival.estimate is None:
        return numbers.UNKNOWN
    percent = [None if v is None else 100 * v for v in triple(found.survival)]
    return numbers.with_interval(percent[0], percent[1], percent[2], 1)
