"""Values of one patient against each other: events and dates, the order of dates, times against dates."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from splenic.cohort.dictionary import DataDictionary
from splenic.cohort.problems import Problem
from splenic.cohort.read import ACCEPT, Findings, Row
from splenic.cohort.schema import DATES, QUANTITIES
from splenic.cohort.scores import child_pugh_class
from splenic.cohort.table import Cell

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """An event with its flag, its date and its time."""

    flag: str
    date: str
    time: str
    days: str


EVENTS = (
    Event("death", "death_date", "os_time", "os_days"),
    Event("progression", "progression_date", "progression_time", "progression_days"),
    Event("decompensation", "decompensation_date", "decompensation_time", "decompensation_days"),
    Event("transplant", "transplant_date", "transplant_time", "transplant_days"),
)

ORDER = (
    ("diagnosis_date", "tace_date"),
    *(("tace_date", later) for later in DATES if later not in ("diagnosis_date", "tace_date")),
    *((earlier, "death_date") for earlier in DATES[2:-1]),
)


def check_patient(values: Values, row: Row, dictionary: DataDictionary, findings: Findings) -> None:
    """Check one patient's values, and derive times and flags that only dates give."""
    for event in EVENTS:
        _event(event, values, row, dictionary, findings)
    for earlier, later in ORDER:
        first, second = values.get(earlier), values.get(later)
        if first is not None and second is not None and second < first:
            cell, column = _cell(later, row, dictionary), dictionary.fields[earlier].columns[0]
            sentence = f'{second} is before "{column}" ({first})'
            findings.wrong(cell, "date-order", sentence, "mend one of the dates")
    _child_pugh(values, row, dictionary, findings)


def _cell(name: str, row: Row, dictionary: DataDictionary) -> Cell:
    return row[dictionary.fields[name].columns[0]]


def _event(event: Event, values: Values, row: Row, dictionary: DataDictionary, findings: Findings) -> None:
    fields = dictionary.fields
    date = values.get(event.date)
    if event.flag not in fields:
        if event.date not in fields:
            return
        values[event.flag] = date is not None
    happened = values[event.flag]
    if date is not None and not happened:
        stated = "not known" if happened is None else "false"
        sentence = f"a date of {event.flag}, and {event.flag} is {stated}"
        findings.wrong(
            _cell(event.date, row, dictionary), "date-without-event", sentence, "mend either of them"
        )
    if values.get(event.days) is not None:
        _compare_time(event, values, row, dictionary, findings)
    elif event.date in fields or event.flag == "death":
        values[event.days] = _days_by_dates(event, values)
    _check_dated(event, values, row, dictionary, findings)
    _time_order(event, values, row, dictionary, findings)


def _check_dated(
    event: Event, values: Values, row: Row, dictionary: DataDictionary, findings: Findings
) -> None:
    """An event needs a date or a time; one that has neither column, but for death, is a mere yes or no."""
    if not values[event.flag] or values.get(event.days) is not None or values.get(event.date) is not None:
        return
    fields = dictionary.fields
    cell = _cell(event.flag, row, dictionary) if event.flag in fields else None
    dated = event.flag == "death" or event.date in fields or event.time in fields
    if cell is None or not dated or any(problem.row == cell.row for problem in findings.problems):
        return
    wanted = "a survival time" if event.flag == "death" else "a time"
    sentence = f"{event.flag} without a date or {wanted}"
    findings.wrong(cell, f"{event.flag}-without-date", sentence, "add the date")


def _days_by_dates(event: Event, values: Values) -> float | None:
    """From the first TACE to the event, else to the end of follow-up."""
    start, happened = values.get("tace_date"), values[event.flag]
    if start is None or happened is None:
        return None
    end: datetime.date | None = values.get(event.date)
    if not happened:
        if event.flag != "death":
            os_days: float | None = values.get("os_days")
            return os_days
        end = values.get("last_contact_date")
    return float((end - start).days) if end is not None and end >= start else None


def _compare_time(
    event: Event, values: Values, row: Row, dictionary: DataDictionary, findings: Findings
) -> None:
    days, start, end = values[event.days], values.get("tace_date"), values.get(event.date)
    if start is None or end is None:
        return
    by_dates = (end - start).days
    if abs(days - by_dates) > _tolerance_days(event.time, dictionary):
        sentence = f"{days:g} days, but {by_dates} days from first TACE to the date of {event.flag}"
        findings.ask(_cell(event.time, row, dictionary), "time-against-dates", sentence)


def _time_order(
    event: Event, values: Values, row: Row, dictionary: DataDictionary, findings: Findings
) -> None:
    days, os_days = values.get(event.days), values.get("os_days")
    if event.flag == "death" or not values[event.flag] or days is None or os_days is None:
        return
    if days > os_days + _tolerance_days(event.time, dictionary):
        name = event.time if event.time in dictionary.fields else event.date
        sentence = f"{event.flag} after {days:g} days, but follow-up ends after {os_days:g}"
        findings.ask(_cell(name, row, dictionary), "time-order", sentence)


def _tolerance_days(name: str, dictionary: DataDictionary) -> float:
    """Half a unit, for times were rounded to it, and a day for which end is counted; none for dates."""
    if name not in dictionary.fields:
        return 0
    unit = QUANTITIES[name].find_unit(dictionary.fields[name].unit or "")
    return 1 if unit is None else unit.convert(1) / 2 + 1


def _child_pugh(values: Values, row: Row, dictionary: DataDictionary, findings: Findings) -> None:
    points, stated = values.get("child_pugh_points"), values.get("child_pugh")
    if points is None or stated is None or stated == child_pugh_class(points):
        return
    sentence = f"Child-Pugh {stated}, but {points:g} points are class {child_pugh_class(points)}"
    findings.ask(_cell("child_pugh", row, dictionary), "child-pugh-mismatch", sentence)


def check_duplicates(rows: list[Row], column: str, findings: Findings) -> None:
    """Name every further row of a patient who has one already."""
    first: dict[str, int] = {}
    for row in rows:
        cell = row[column]
        if not cell.text:
            continue
        if cell.text in first:
            sentence = f"the same patient as in row {first[cell.text]}"
            findings.wrong(cell, "duplicate-patient", sentence, "keep one row for each patient")
        first.setdefault(cell.text, cell.row)


def check_missing(column: str, known: int, patients: int, findings: Findings) -> None:
    """Ask about a column of which more than half is not known."""
    missing = patients - known
    if missing * 2 > patients:
        sentence = f"{missing} of {patients} values ({100 * missing / patients:.0f} %) are missing"
        findings.questions.append(Problem("mostly-missing", sentence, ACCEPT, None, column))
