"""A table and its data dictionary to a cohort, or to the list of all that stands in the way."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from splenic.cohort.checks import EVENTS, check_duplicates, check_missing, check_patient
from splenic.cohort.dictionary import DataDictionary, Source, load_dictionary
from splenic.cohort.problems import Problem, TableError
from splenic.cohort.read import (
    Findings,
    Row,
    attribute,
    check_decimals,
    formula_columns,
    read_row,
    same_code,
)
from splenic.cohort.schema import BLANK_IS_USUAL, PATIENT_ID, QUANTITIES, plain_unit
from splenic.cohort.table import Table, read_table
from splenic.cohort.types import Cohort, ColumnSource, Exclusion, Patient


def read_cohort(
    path: str | Path, dictionary: DataDictionary | str | Path, sheet: str | None = None
) -> Cohort:
    """Read a clinical table by its data dictionary.

    Parameters
    ----------
    path : str or Path
        CSV or XLSX.
    dictionary : DataDictionary, str or Path
        Or the file, or the name of a built-in one.
    sheet : str, optional
        Sheet of a workbook, in place of the dictionary's.

    Raises
    ------
    TableError
        With everything that must be mended or answered.
    """
    if not isinstance(dictionary, DataDictionary):
        dictionary = load_dictionary(dictionary)
    workbook = Path(path).suffix.lower() in (".xlsx", ".xlsm")
    return build_cohort(read_table(path, sheet or (dictionary.sheet if workbook else None)), dictionary)


def build_cohort(table: Table, dictionary: DataDictionary) -> Cohort:
    """A cohort from a table already read.

    In this order: columns looked up; rows left out as the dictionary says; cells converted and checked;
    values checked against each other; patients without a required value left out; questions compared with the
    dictionary's answers.

    Raises
    ------
    TableError
        With everything that must be mended or answered.
    """
    _check_columns(table, dictionary)
    rows, exclusions = _exclude(table, dictionary)
    findings = Findings()
    check_duplicates(rows, dictionary.fields[PATIENT_ID].columns[0], findings)
    check_decimals(rows, dictionary, findings)
    patients = [_patient(row, dictionary, findings) for row in rows]
    _check_missing(patients, dictionary, findings)
    kept, required = _require(patients, dictionary)
    accepted, questions, unused = _answer(findings.questions, dictionary)
    if findings.problems or questions:
        raise TableError(table.name, findings.problems, questions)
    used = _used_columns(dictionary)
    formulas = [
        Problem("formulas", f"{count} cells count by the stored result of a formula", column=column)
        for column, count in formula_columns(rows, used)
    ]
    bilirubin = dictionary.fields.get("bilirubin")
    in_umol = bilirubin is not None and plain_unit(bilirubin.unit or "") == "umol/l"
    return Cohort(
        name=dictionary.name,
        table=table.name,
        read=len(table.rows),
        patients=tuple(kept),
        exclusions=(*exclusions, *required),
        warnings=(*accepted, *unused, *formulas),
        sources=_sources(kept, dictionary),
        unused_columns=tuple(column for column in table.columns if column and column not in used),
        reported_in="umol/l" if in_umol else "mg/dl",
    )


def _used_columns(dictionary: DataDictionary) -> list[str]:
    sources = [*dictionary.fields.values(), *dictionary.extra.values()]
    columns = [column for source in sources for column in source.columns]
    return list(dict.fromkeys([*columns, *(exclusion.column for exclusion in dictionary.exclude)]))


def _check_columns(table: Table, dictionary: DataDictionary) -> None:
    problems = []
    for column in _used_columns(dictionary):
        if column in table.columns:
            continue
        near = difflib.get_close_matches(column, table.columns, n=1)
        remedy = f'the table has "{near[0]}"' if near else "mend its name in the dictionary"
        problems.append(Problem("no-column", "the table has no such column", remedy, None, column))
    if problems:
        raise TableError(table.name, problems)


def _exclude(table: Table, dictionary: DataDictionary) -> tuple[list[Row], list[Exclusion]]:
    rows, exclusions = list(table.rows), []
    for exclusion in dictionary.exclude:
        hit = [row for row in rows if any(same_code(row[exclusion.column].text, v) for v in exclusion.values)]
        numbers = tuple(_number(row) for row in hit)
        exclusions.append(Exclusion(exclusion.reason, len(hit), numbers))
        rows = [row for row in rows if _number(row) not in numbers]
    return rows, exclusions


def _number(row: Row) -> int:
    return next(iter(row.values())).row


def _patient(row: Row, dictionary: DataDictionary, findings: Findings) -> Patient:
    values: dict[str, Any] = read_row(row, dictionary, findings)
    check_patient(values, row, dictionary, findings)
    values["patient_id"] = values["patient_id"] or ""
    return Patient(row=_number(row), **values)


def _check_missing(patients: list[Patient], dictionary: DataDictionary, findings: Findings) -> None:
    for name, source in dictionary.fields.items():
        if name not in BLANK_IS_USUAL:
            known = sum(getattr(patient, attribute(name)) is not None for patient in patients)
            check_missing(source.columns[0], known, len(patients), findings)
    for name, source in dictionary.extra.items():
        known = sum(patient.extra[name] is not None for patient in patients)
        check_missing(source.columns[0], known, len(patients), findings)


def _require(patients: list[Patient], dictionary: DataDictionary) -> tuple[list[Patient], list[Exclusion]]:
    exclusions = []
    for requirement in dictionary.require:
        lacking = [patient for patient in patients if _value(patient, requirement.field) is None]
        rows = tuple(patient.row for patient in lacking)
        exclusions.append(Exclusion(requirement.reason, len(lacking), rows))
        patients = [patient for patient in patients if patient.row not in rows]
    return patients, exclusions


def _value(patient: Patient, name: str) -> object | None:
    return patient.extra[name] if name in patient.extra else getattr(patient, attribute(name))


def _answer(
    questions: Iterable[Problem], dictionary: DataDictionary
) -> tuple[list[Problem], list[Problem], list[Problem]]:
    """Questions with an answer, questions without, and answers without a question."""
    answers = dictionary.accept
    accepted, waiting, needed = [], [], set()
    for question in questions:
        for place, answer in enumerate(answers):
            fits = (answer.code, answer.column) == (question.code, question.column)
            if fits and (answer.rows is None or question.row in answer.rows):
                accepted.append(
                    Problem(
                        question.code,
                        question.sentence,
                        question.remedy,
                        question.row,
                        question.column,
                        answer.reason,
                    )
                )
                needed.add(place)
                break
        else:
            waiting.append(question)
    unused = [
        Problem(
            "unused-acceptance",
            f"nothing of the kind {answer.code} is left to accept",
            "",
            None,
            answer.column,
        )
        for place, answer in enumerate(answers)
        if place not in needed
    ]
    return accepted, waiting, unused


def _sources(patients: list[Patient], dictionary: DataDictionary) -> tuple[ColumnSource, ...]:
    found = []
    for name, source in dictionary.fields.items():
        known = sum(getattr(patient, attribute(name)) is not None for patient in patients)
        conversion = _conversion(name, source)
        found.append(ColumnSource(attribute(name), source.columns, source.unit or "", conversion, known))
    for event in EVENTS:
        found += _derived(event.flag, event.date, event.time, event.days, patients, dictionary)
    for name, source in dictionary.extra.items():
        known = sum(patient.extra[name] is not None for patient in patients)
        found.append(ColumnSource(name, source.columns, source.unit or "", _conversion(name, source), known))
    return tuple(found)


def _derived(
    flag: str, date: str, time: str, days: str, patients: list[Patient], dictionary: DataDictionary
) -> list[ColumnSource]:
    """Flags and times that come from dates."""
    found = []
    fields = dictionary.fields
    if flag not in fields and date in fields:
        columns = fields[date].columns
        found.append(ColumnSource(flag, columns, "", "true where there is a date", len(patients)))
    known = sum(getattr(patient, days) is not None for patient in patients)
    if known and "tace_date" in fields and (time not in fields or date in fields):
        names = [name for name in ("tace_date", date, "last_contact_date") if name in fields]
        columns = tuple(column for name in names for column in fields[name].columns)
        rule = "days from first TACE to the event, else to the end of follow-up"
        rule += ", where no time is given" if time in fields else ""
        found.append(ColumnSource(days, columns, "", rule, known))
    return found


def _conversion(name: str, source: Source) -> str:
    parts = []
    if source.replace:
        parts.append("; ".join(f"{old} read as {new}" for old, new in source.replace.items()))
    if source.codes:
        parts.append("; ".join(f"{code} → {_meaning(meaning)}" for code, meaning in source.codes.items()))
    if name in QUANTITIES and source.unit is not None:
        unit = QUANTITIES[name].find_unit(source.unit)
        if unit is not None and unit.rule:
            parts.append(f"{unit.rule} → {QUANTITIES[name].unit}")
    if len(source.columns) > 1:
        parts.append("true if any is" if source.codes else "the largest")
    return "; ".join(parts)


def _meaning(meaning: str | bool) -> str:
    return str(meaning).lower() if isinstance(meaning, bool) else meaning
