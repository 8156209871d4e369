"""Tables for other programs: CSV that a spreadsheet program opens without running anything."""

from __future__ import annotations

import csv
import datetime
import io
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from splenic.cohort.patient_scores import patient_scores
from splenic.cohort.types import PATIENT_NAMES, SPLEEN_NAMES, Cohort, Patient

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
    names = tuple(patient_scores(Patient(0, ""), unverified=unverified))
    header = [*PATIENT_NAMES, *extra, *SPLEEN_NAMES]
    header += [f"{name} {part}" for name in names for part in ("value", "group")]
    export_csv(path, header, (_row(patient, cohort, unverified) for patient in cohort.patients))


def _row(patient: Patient, cohort: Cohort, unverified: bool) -> list[object]:
    spleen = patient.spleen
    cells: list[object] = [getattr(patient, name) for name in PATIENT_NAMES]
    cells += patient.extra.values()
    cells += [None if spleen is None else getattr(spleen, name) for name in SPLEEN_NAMES]
    scores = patient_scores(patient, reported_in=cohort.reported_in, unverified=unverified)
    for score in scores.values():
        cells += [score.value, score.group]
    return cells
