"""The table at the end of a measurement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from splenic.cli.console import STYLES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from splenic.pipeline import CaseRecord, Summary
    from splenic.pipeline.demo import DemoCase

MOST_ROWS = 60


def show(console: Console, summary: Summary) -> None:
    """Print the cases, what was wrong with those that are not ``ok``, and where everything lies."""
    records = summary.records
    shown = (
        records if len(records) <= MOST_ROWS else tuple(r for r in records if r.status != "ok")[:MOST_ROWS]
    )
    console.print(table(shown))
    if len(shown) < len(records):
        console.print(f"{len(records) - len(shown)} more cases are in the table")
    for record in shown:
        if record.reasons:
            what = f"{record.case_id} {record.status}: {', '.join(record.reasons)}"
            console.print(f"[{STYLES[record.status]}]{_safe(what)}[/]", soft_wrap=True)
        for sentence in record.sentences:
            console.print(f"  {_safe(sentence)}", soft_wrap=True)
    for fault in summary.faults:
        console.print(f"not read: {_safe(fault.sentence)}", soft_wrap=True)
    if summary.skipped:
        passed = ", ".join(f"{count} {what}" for what, count in summary.skipped.items())
        console.print(f"files that are no CT scan: {_safe(passed)}", soft_wrap=True)
    counts = ", ".join(f"{count} {status}" for status, count in summary.counts.items()) or "no cases"
    before = f" ({summary.unchanged} as before)" if summary.unchanged else ""
    console.print(
        f"{counts}{before} in {summary.wall_s:.1f} s; table: {_safe(str(summary.out / 'measurements.csv'))}",
        soft_wrap=True,
    )


def table(records: tuple[CaseRecord, ...]) -> Table:
    """One row a case: status, SV in ml, craniocaudal length and axial diameter in mm, phase, score."""
    from rich.table import Table

    from splenic.pipeline import row

    out = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("case", "patient", "status", "SV ml", "length", "axial", "phase", "score"):
        right = name in ("SV ml", "length", "axial", "score")
        fold = name in ("patient", "phase")
        out.add_column(name, justify="right" if right else "left", no_wrap=not fold, overflow="fold")
    for record in records:
        cells = row(record)
        bound = "≥ " if cells["sv_ml"] and cells["complete"] == "false" else ""
        out.add_row(
            cells["case_id"],
            _safe(cells["patient_id"] or record.source),
            f"[{STYLES[record.status]}]{record.status}[/]",
            bound + cells["sv_ml"],
            cells["craniocaudal_mm"],
            cells["axial_diameter_mm"],
            cells["phase"].replace("-", " "),
            cells["failure_score"],
        )
    return out


def truth_table(truths: Sequence[DemoCase], summary: Summary) -> Table:
    """Truth beside result for the synthetic cohort."""
    from rich.table import Table

    found = {record.scan.info.patient_id: record for record in summary.records if record.scan is not None}
    out = Table(
        title="SYNTHETIC patients: truth and result",
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    names = (
        "patient",
        "what it is",
        "true SV ml",
        "measured ml",
        "difference",
        "complete",
        "status",
        "reason",
    )
    for name in names:
        right = "ml" in name or name == "difference"
        out.add_column(name, justify="right" if right else "left", overflow="fold")
    for truth in truths:
        record = found.get(truth.patient_id)
        sv_ml = record.measurement.sv_ml if record else None
        known = truth.sv_ml is not None and sv_ml is not None
        complete = record.measurement.complete if record else None
        status = record.status if record else "failed"
        out.add_row(
            truth.patient_id,
            truth.story,
            "none" if truth.sv_ml is None else f"{truth.sv_ml:.0f}",
            "" if sv_ml is None else f"{sv_ml:.0f}",
            f"{100 * (sv_ml / truth.sv_ml - 1):+.1f} %" if known else "",  # type: ignore[operator]
            "" if complete is None else ("yes" if complete else "no"),
            f"[{STYLES[status]}]{status}[/]",
            record.reason if record else "no row",
        )
    return out


def as_json(summary: Summary, extra: Mapping[str, Any] | None = None) -> str:
    """The same for programs: counts, and every row with the sentences behind its status."""
    from splenic.pipeline import row

    cases = [{**row(record), "sentences": list(record.sentences)} for record in summary.records]
    whole = {
        "out": str(summary.out),
        "counts": summary.counts,
        "unchanged": summary.unchanged,
        "skipped_files": summary.skipped,
        "unreadable_files": [fault.sentence for fault in summary.faults],
        "wall_seconds": round(summary.wall_s, 3),
        "cases": cases,
        **(extra or {}),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False)


def _safe(text: str) -> str:
    """Text from files, with nothing that the console would take for markup."""
    from rich.markup import escape

    return escape(text)
