"""Survival: the whole cohort, by SV group, by 2D sizes and by other factors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from splenic.report import figures, numbers
from splenic.report.document import Row, Section, Table
from splenic.report.sections.markers import slug
from splenic.report.sections.words import (
    ci,
    cutoff_origin,
    empty,
    in_words,
    logrank_lines,
    lower,
    ratio_line,
    searched,
    sentence,
)
from splenic.report.style import Drawing
from splenic.report.tree import array, triple


def overall(results: Any) -> Section:
    """The whole cohort."""
    return _section(results, "survival", "Survival of the whole cohort", [(s, None) for s in results.overall])


def by_sv(results: Any) -> Section:
    """High against low SV."""
    pairs = [(s, results.cutoff) for s in results.by_sv]
    return _section(results, "survival-by-sv", "Survival by SV", pairs)


def by_size(results: Any) -> Section:
    """The same for 2D sizes and other markers."""
    pairs = [(m.survival, m.cutoff) for m in results.by_size]
    section = _section(results, "survival-by-size", "Survival by 2D sizes and other markers", pairs)
    notes = []
    for m in results.by_size:
        text = sentence(m.cutoff.not_done) if m.cutoff.not_done else cutoff_origin(m.cutoff)
        notes.append(f"{m.label}: {text}")
    return Section(
        section.key,
        section.title,
        section.paragraphs,
        section.drawings,
        section.tables,
        (*notes, *section.notes),
        section.not_done,
    )


def by_factor(results: Any) -> Section:
    """Other groupings the protocol asks for."""
    return _section(
        results, "survival-by-factor", "Survival by other factors", [(s, None) for s in results.by_factor]
    )


def _section(results: Any, key: str, title: str, pairs: list[tuple[Any, Any]]) -> Section:
    done = [(s, c) for s, c in pairs if not s.not_done]
    notes = [n for s, _ in done for n in s.notes]
    notes += [f"{s.endpoint_label}{_by(s)}: {sentence(s.not_done)}" for s, _ in pairs if s.not_done]
    if not pairs:
        return Section(key, title, not_done="Not asked for by the protocol.")
    if not done:
        return empty(key, title, pairs[0][0])
    drawings = tuple(_figure(results, s, c) for s, c in done)
    tables = (
        _summary_table(results, key, title, done),
        *_landmark_table(results, key, title, [s for s, _ in done]),
    )
    paragraphs = tuple(text for s, c in done for text in [_words(results, s, c)] if text)
    return Section(key, title, paragraphs, drawings, tables, tuple(dict.fromkeys(notes)))


def _by(survival: Any) -> str:
    return "" if survival.grouping == "all" else f" by {lower(survival.grouping_label)}"


def km_groups(survival: Any) -> list[figures.KmGroup]:
    """Groups of a survival analysis as the figure takes them."""
    return [
        figures.KmGroup(
            g.label,
            g.n,
            g.events,
            array(g.curve.time),
            array(g.curve.estimate),
            array(g.curve.low),
            array(g.curve.high),
            array(g.censor_times),
            triple(g.median),
        )
        for g in survival.groups
    ]


def _figure(results: Any, survival: Any, cutoff: Any) -> Drawing:
    level = results.header.level
    lines = logrank_lines(survival, cutoff)
    if survival.hazard_ratio is not None:
        lines.append(ratio_line(survival.hazard_ratio, level))
    if survival.adjusted_hazard_ratio is not None and len(lines) < 3:
        lines.append(ratio_line(survival.adjusted_hazard_ratio, level, "adjusted HR"))
    by = _by(survival)
    return figures.kaplan_meier(
        km_groups(survival),
        key=f"km-{slug(survival.endpoint)}-{slug(survival.grouping)}",
        title=f"{survival.endpoint_label}{by}",
        data=results.header.data,
        endpoint=survival.endpoint_label,
        time_unit=results.header.time_unit,
        lines=lines,
        level=level or 0.95,
        remark=cutoff_origin(cutoff),
    )


def _words(results: Any, survival: Any, cutoff: Any) -> str:
    """The comparison in one or two sentences."""
    unit = results.header.time_unit
    parts = [f"{g.label} {numbers.median_time(*triple(g.median), unit)}" for g in survival.groups]
    text = f"{survival.endpoint_label}, median: {'; '.join(parts)}"
    if survival.patients:
        text += f" ({survival.patients}; n = {survival.n}, {survival.events} events)"
    tail = [in_words(survival.logrank, "log-rank test")] if survival.logrank else []
    if searched(cutoff) and cutoff.p_corrected is not None:
        tail.append(f"{numbers.p_phrase(cutoff.p_corrected)} corrected for the searched cut-off")
    if survival.hazard_ratio is not None:
        h = survival.hazard_ratio
        tail.append(f"{ratio_line(h, results.header.level)}, {numbers.p_phrase(h.p)}")
    if survival.follow_up_median is not None and survival.grouping == "all":
        tail.append(
            f"median follow-up {numbers.median_time(*triple(survival.follow_up_median), unit)} (reverse "
            "Kaplan–Meier)"
        )
    return sentence("; ".join([text, *tail]))


def _summary_table(results: Any, key: str, title: str, pairs: list[tuple[Any, Any]]) -> Table:
    level, unit = results.header.level, results.header.time_unit
    head = (
        "Group",
        "n",
        "Events",
        f"Median, {unit} ({ci(level)})",
        f"Restricted mean, {unit} ({ci(level)})",
        f"HR ({ci(level)})",
        f"Adjusted HR ({ci(level)})",
        "Log-rank p",
    )
    rows: list[Row] = []
    limits = set()
    for survival, _ in pairs:
        if len(pairs) > 1 or len(survival.groups) > 1:
            by = _by(survival)
            rows.append(Row((f"{survival.endpoint_label}{by}", *[""] * 7), heading=True))
        limits |= {survival.restricted_mean_limit} - {None}
        rows += [_group_row(survival, g, i) for i, g in enumerate(survival.groups)]
    notes = [
        "HR: hazard ratio of Cox regression against the reference. Log-rank p: unadjusted"
        + (
            "; for searched cut-offs see the table of the cut-off."
            if any(c is not None for _, c in pairs)
            else "."
        )
    ]
    if limits:
        notes.append(f"Restricted mean: up to {', '.join(f'{x:g}' for x in sorted(limits))} {unit}.")
    return Table(f"{key}-medians", f"{title}: medians and comparison", head, tuple(rows), tuple(notes))


def _group_row(survival: Any, group: Any, place: int) -> Row:
    mean = group.restricted_mean
    return Row(
        (
            group.label,
            str(group.n),
            str(group.events),
            numbers.median_time(*triple(group.median)),
            numbers.with_interval(*triple(mean), 1) if mean else numbers.UNKNOWN,
            _ratio_of(survival.hazard_ratio, group),
            _ratio_of(survival.adjusted_hazard_ratio, group),
            numbers.p_value(survival.logrank.p, "") if survival.logrank and place == 0 else "",
        ),
        indent=len(survival.groups) > 1,
    )


def _ratio_of(ratio: Any, group: Any) -> str:
    if ratio is None:
        return numbers.UNKNOWN
    if group.key == ratio.reference:
        return "1 (reference)"
    return numbers.ratio(*triple(ratio)) if group.key == ratio.group else numbers.UNKNOWN


def _landmark_table(results: Any, key: str, title: str, survivals: Iterable[Any]) -> list[Table]:
    level, unit = results.header.level, results.header.time_unit
    survivals = list(survivals)
    times = sorted({m.time for s in survivals for g in s.groups for m in g.landmarks})
    if not times:
        return []
    rows: list[Row] = []
    for survival in survivals:
        if len(survivals) > 1 or len(survival.groups) > 1:
            by = _by(survival)
            rows.append(Row((f"{survival.endpoint_label}{by}", *[""] * len(times)), heading=True))
        for group in survival.groups:
            found = {m.time: m for m in group.landmarks}
            rows.append(
                Row((group.label, *(_landmark(found.get(t)) for t in times)), indent=len(survival.groups) > 1)
            )
    head = ("Group", *(f"{t:g} {unit}, % ({ci(level)}) [at risk]" for t in times))
    return [Table(f"{key}-landmarks", f"{title}: estimates at fixed times", head, tuple(rows))]


def _landmark(landmark: Any) -> str:
    if landmark is None or landmark.survival.estimate is None:
        return numbers.UNKNOWN
    percent = [None if v is None else 100 * v for v in triple(landmark.survival)]
    return f"{numbers.with_interval(percent[0], percent[1], percent[2], 1)} [{landmark.at_risk}]"
