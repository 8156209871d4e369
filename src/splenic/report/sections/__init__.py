"""The parts of a report, in the order of the study."""

from __future__ import annotations

from typing import Any

from splenic.report import numbers
from splenic.report.document import Document, Section
from splenic.report.sections import (
    decompensation,
    discrimination,
    markers,
    outcome,
    patients,
    provenance,
    regression,
    risk,
    robustness,
    segmentation,
)
from splenic.report.sections.words import ci, logrank_lines
from splenic.report.tree import triple

ORDER = (
    patients.flow,
    patients.missing,
    patients.baseline,
    segmentation.performance,
    segmentation.approval,
    markers.distributions,
    markers.cutoff,
    outcome.overall,
    outcome.by_sv,
    outcome.by_size,
    outcome.by_factor,
    regression.cox,
    regression.effect,
    discrimination.discrimination,
    decompensation.decompensation,
    robustness.forest,
    robustness.sensitivity,
    risk.risk,
    risk.truth,
    provenance.provenance,
)


def build(results: Any) -> Document:
    """The report of a study from its results."""
    sections = [section for make in ORDER if (section := make(results)) is not None]
    header = results.header
    return Document(
        header.title,
        header.data,
        header.splenic_version,
        tuple(key_facts(results)),
        tuple(sections),
        tuple(results.notes),
    )


def key_facts(results: Any) -> list[tuple[str, str]]:
    """What a reader wants to know first."""
    facts = []
    analysed = patients.analysed(results)
    if analysed is not None:
        facts.append(("Patients analysed", str(analysed)))
    sv = next(
        (d.summary for d in results.distributions if d.marker == results.cutoff.marker and d.summary), None
    )
    if sv is not None:
        facts.append(
            (
                "SV, median (IQR)",
                f"{numbers.measure(sv.median)} ml ({numbers.measure(sv.q1)}–{numbers.measure(sv.q3)})",
            )
        )
    if results.cutoff.not_done is None:
        facts.append(("Cut-off of SV", f"{numbers.measure(results.cutoff.value)} ml"))
    main = next((s for s in results.by_sv if not s.not_done), None)
    if main is not None:
        unit = results.header.time_unit
        facts += [
            (f"{main.endpoint_label}, {g.label}", numbers.median_time(*triple(g.median), unit))
            for g in main.groups
        ]
        facts += [("Comparison", line) for line in logrank_lines(main, results.cutoff)[:1]]
        if main.hazard_ratio is not None:
            facts.append(
                (
                    f"HR, high against low SV ({ci(results.header.level)})",
                    numbers.ratio(*triple(main.hazard_ratio)),
                )
            )
    return facts


__all__ = ["Section", "build", "key_facts"]
