"""Tables for other programs: CSV that a spreadsheet program opens without running anything."""

from __future__ import annotations

import csv
import datetime
import io
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from splenic.cohort.patient_scores import cohort_scores
from splenic.cohort.types import PATIENT_NAMES, SPLEEN_NAMES, Cohort

# What a spreadsheet program takes for the start of a formula; tab and carriage return are skipped by some.
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def safe_text(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet program would run it as a formula.

    Examples
    --------
    >>> safe_text('=HYPERLINK("http://example.org")'), safe_text("-1.72"), safe_text("Child A")
    ('\\'=HYPERLINK("http://example.org")', '-1.72', 'Child A')
    """
    if text.startswith(_RISKY) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def export_csv(path: str | Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, UTF-8, whole or not at all; None is an empty cell.

    Every cell goes through :func:`safe_text`, the header too: names of columns come from users' tables.
    """
    path = Path(path)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([safe_text(name) for name in header])
    for row in rows:
        writer.writerow([safe_text(_text(value)) for value in row])
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(buffer.getvalue(), encoding="utf-8", newline="")
    os.replace(beside, path)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def export_cohort(cohort: Cohort, path: str | Path, *, unverified: bool = False) -> None:
    """One row a patient: all values, the spleen, the covariates, and each score's value and group."""
    extra = tuple(cohort.patients[0].extra) if cohort.patients else ()
    scores = cohort_scores(cohort, unverified=unverified)
    columns: dict[str, Sequence[object]] = {
        name: cohort.values(name) for name in (*PATIENT_NAMES, *extra, *SPLEEN_NAMES)
    }
    for name, found in scores.items():
        columns[f"{name} value"] = [score.value for score in found]
        columns[f"{name} group"] = [score.group for score in found]
    export_csv(path, tuple(columns), zip(*columns.values()))
