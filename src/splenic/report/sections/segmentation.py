"""How good the masks are: performance on development cases, readers' approval."""

from __future__ import annotations

from typing import Any

from splenic.report import numbers
from splenic.report.document import Section, Table, rows_of
from splenic.report.sections.words import ci, empty


def performance(results: Any) -> Section:
    """Numbers of the development report."""
    part = results.performance
    title = "Segmentation performance"
    if part.not_done:
        return empty("performance", title, part)
    rows = [
        (
            r.label + (f", {r.unit}" if r.unit else ""),
            str(r.n) if r.n is not None else numbers.UNKNOWN,
            _value(r),
        )
        for r in part.rows
    ]
    table = Table(
        "performance", title, ("Quantity", "n", f"Value ({ci(results.header.level)})"), rows_of(rows)
    )
    text = (f"As reported by the development of the network ({part.source}).",) if part.source else ()
    return Section("performance", title, text, tables=(table,), notes=tuple(part.notes))


def _value(row: Any) -> str:
    small = row.value is not None and abs(row.value) < 2
    return numbers.with_interval(row.value, row.low, row.high, 3 if small else 1)


def approval(results: Any) -> Section:
    """Readers' verdicts."""
    part = results.approval
    title = "Readers' approval of the masks"
    if part.not_done:
        return empty("approval", title, part)
    head = (
        "Cases",
        "Cases, n",
        "Read, n",
        "Perfect",
        "Acceptable",
        "Failed",
        f"Approved ({ci(results.header.level)})",
        f"Failed ({ci(results.header.level)})",
    )
    rows = [
        (
            v.label,
            str(v.n_cases),
            str(v.n_read),
            str(v.perfect),
            str(v.acceptable),
            str(v.failed),
            f"{numbers.percent(v.approved.estimate)} ({_range(v.approved)})",
            f"{numbers.percent(v.failed_share.estimate)} ({_range(v.failed_share)})",
        )
        for v in part.parts
    ]
    notes = (
        "Approved: verdict perfect or acceptable, of the cases read; Wilson interval. Failed: "
        "Clopper–Pearson interval.",
    )
    return Section(
        "approval",
        title,
        tables=(Table("approval", title, head, rows_of(rows), notes),),
        notes=tuple(part.notes),
    )


def _range(interval: Any) -> str:
    low = None if interval.low is None else 100 * interval.low
    high = None if interval.high is None else 100 * interval.high
    return numbers.interval(low, high, 1)
