"""The marker: its distribution, its cut-off and what the search costs."""

from __future__ import annotations

from typing import Any

from splenic.report import figures, numbers
from splenic.report.document import Section, Table, rows_of
from splenic.report.sections.words import METHODS, empty, searched, sentence, unit_of
from splenic.report.style import Drawing
from splenic.report.tree import array


def distributions(results: Any) -> Section:
    """Distribution of SV, in a figure, and of every marker, in a table."""
    title = "Distribution of SV and the 2D sizes"
    done = [d for d in results.distributions if not d.not_done]
    if not done:
        reasons = [d.not_done for d in results.distributions] or ["no marker was measured"]
        return Section("distribution", title, not_done=sentence(reasons[0]))
    drawings = [_histogram(results, d) for d in done[:1] if d.bin_counts]
    rows = [_summary(d) for d in done]
    head = ("Marker", "n", "Missing", "Median (IQR)", "Mean (SD)", "Range", "Skewness", "Normality, p")
    table = Table("distribution", "Distribution of the markers", head, rows_of(rows), sortable=True)
    notes = [f"{d.label}: {sentence(n)}" for d in results.distributions for n in d.notes]
    notes += [f"{d.label}: {sentence(d.not_done)}" for d in results.distributions if d.not_done]
    return Section("distribution", title, drawings=tuple(drawings), tables=(table,), notes=tuple(notes))


def _histogram(results: Any, part: Any) -> Drawing:
    cutoff, summary = results.cutoff, part.summary
    same = cutoff.not_done is None and cutoff.marker == part.marker
    return figures.distribution(
        array(part.bin_edges),
        array(part.bin_counts),
        key=f"distribution-{slug(part.marker)}",
        title=f"Distribution of {part.label}",
        data=results.header.data,
        label=part.label,
        unit=part.unit or "",
        grid_x=array(part.grid),
        density=array(part.density),
        cutoff=cutoff.value if same else None,
        quartiles=(None, None, None) if summary is None else (summary.q1, summary.median, summary.q3),
    )


def _summary(part: Any) -> tuple[str, ...]:
    s = part.summary
    label = unit_of(part.label, part.unit)
    if s is None:
        return (label, *[numbers.UNKNOWN] * 7)
    decimals = numbers.decimals_of(s.q1, s.median, s.q3, s.mean)
    return (
        label,
        str(s.n),
        str(s.missing),
        f"{numbers.fixed(s.median, decimals)} ({numbers.interval(s.q1, s.q3, decimals)})",
        f"{numbers.fixed(s.mean, decimals)} ({numbers.fixed(s.sd, decimals)})",
        numbers.interval(s.smallest, s.largest, decimals),
        numbers.fixed(part.skewness, 2),
        numbers.p_value(part.normality.p if part.normality else None),
    )


def cutoff(results: Any) -> Section:
    """The cut-off of SV."""
    part = results.cutoff
    title = "Cut-off of SV"
    if part.not_done:
        return empty("cutoff", title, part)
    drawings = []
    if len(part.tried) > 2 and part.method == "maxstat" and part.value is not None:
        drawings.append(_search(results, part))
    table = Table("cutoff", title, ("Quantity", "Value"), rows_of(cutoff_facts(part)), text_columns=(1,))
    warning = []
    if searched(part):
        warning.append(
            "The cut-off was searched in the patients in whom it is used. The groups differ by chance "
            "more than they "
            "would in new patients: quote the corrected p and the hazard ratio corrected for optimism."
        )
    return Section("cutoff", title, tuple(warning), tuple(drawings), (table,), tuple(part.notes))


def cutoff_facts(part: Any) -> list[tuple[str, str]]:
    """Lines of the table of a cut-off."""
    unit = f" {part.unit}" if part.unit else ""
    rows = [("Cut-off (low group at or below it)", f"{numbers.measure(part.value)}{unit}")]
    rows.append(("Method", METHODS.get(part.method or "", part.method or numbers.UNKNOWN)))
    if part.found_in:
        rows.append(("Found in", f"{part.found_in} (n = {part.n_found_in})"))
    if part.applied_to:
        rows.append(("Applied to", f"{part.applied_to} (n = {part.n_applied_to})"))
    if part.n_low is not None:
        rows.append(("Patients in the low and high group", f"{part.n_low} and {part.n_high}"))
    if part.fold_values:
        rows.append(("Cut-offs of the folds", ", ".join(numbers.measure(v) for v in part.fold_values) + unit))
    if part.statistic is not None:
        rows.append(("Largest standardised statistic", numbers.fixed(part.statistic, 2)))
    rows += [(f"p corrected for the search: {p.label}", numbers.p_value(p.p)) for p in part.p_values]
    if part.p_uncorrected is not None:
        rows.append(("Log-rank p as if not searched (not to be quoted)", numbers.p_value(part.p_uncorrected)))
    if part.minprop is not None and part.method == "maxstat":
        rows.append(("Range searched, shares of patients", numbers.interval(part.minprop, part.maxprop, 2)))
    boot = part.bootstrap
    if boot is not None:
        rows.append(
            (
                f"Interval of the cut-off, {boot.resamples} bootstrap samples",
                f"{numbers.measure(boot.low)}–{numbers.measure(boot.high)}{unit}",
            )
        )
        rows.append(("Hazard ratio, apparent", numbers.ratio(boot.hazard_ratio_apparent)))
        rows.append(("Hazard ratio, corrected for optimism", numbers.ratio(boot.hazard_ratio_corrected)))
    return rows


def _search(results: Any, part: Any) -> Drawing:
    lines = []
    if part.p_corrected is not None:
        lines.append(f"{numbers.p_phrase(part.p_corrected)} corrected for the search")
        if part.p_uncorrected is not None:
            lines[0] += f"; {numbers.p_phrase(part.p_uncorrected)} as if it had not been searched"
    boot = part.bootstrap
    if boot is not None and boot.hazard_ratio_corrected is not None:
        lines.append(
            f"HR at the cut-off {numbers.ratio(boot.hazard_ratio_apparent)}, corrected for optimism "
            f"{numbers.ratio(boot.hazard_ratio_corrected)}"
        )
    return figures.cutoff_search(
        array(part.tried),
        abs(array(part.tried_statistics)),
        key="cutoff-search",
        title=f"Search for the cut-off of {part.label}",
        data=results.header.data,
        cutoff=part.value,
        label=part.label,
        unit=part.unit or "",
        resampled=() if boot is None else array(boot.cutoffs).tolist(),
        limits=(None, None) if boot is None else (boot.low, boot.high),
        lines=lines,
    )


def slug(text: str) -> str:
    """A name for a file: lower case, words joined by hyphens."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
