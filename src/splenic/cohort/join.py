"""Measured cases to patients: the CT nearest before the first TACE, within a window."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from splenic.cohort.problems import Problem, TableError
from splenic.cohort.table import Cell, Table, read_table
from splenic.cohort.types import Cohort, Exclusion, JoinReport, Patient, Spleen
from splenic.cohort.values import ValueProblem, parse_date, parse_number, shown
from splenic.errors import UsageError

NEEDED = ("case_id", "patient_id", "study_date", "status", "reason", "sv_ml", "complete")
STATUSES = ("ok", "review", "refused", "failed")
SIZES = ("craniocaudal_mm", "axial_diameter_mm", "width_mm", "thickness_mm", "splenic_index_cm3")
VERDICT_FAILED = 3

Unusable = Literal["next-ct", "exclude"]


@dataclass(frozen=True, slots=True)
class JoinPolicy:
    """How a CT is chosen for a patient; every rule is stated, none hidden.

    Attributes
    ----------
    days_before, days_after : int
        The window around the first TACE, both ends included; a CT of the same day counts as before. Whether a
        CT after TACE may stand in is for the protocol to say; by default it may not.
    refused, failed : {"next-ct", "exclude"}
        The nearest CT has no measurement: take the next nearest in the window, or leave the patient out.
    rejected : {"next-ct", "exclude"}
        A reader's verdict is 3 and there is no correction.
    no_spleen : {"next-ct", "exclude"}
        Nothing was found, which is not 0 ml.
    incomplete : {"keep", "next-ct", "exclude"}
        ``complete`` is false: keep SV as the lower bound it is, or not.
    undated : {"exclude", "earliest"}
        A patient without date of TACE: left out, or the earliest CT is taken.
    """

    days_before: int = 90
    days_after: int = 0
    refused: Unusable = "next-ct"
    failed: Unusable = "next-ct"
    rejected: Unusable = "next-ct"
    no_spleen: Unusable = "exclude"
    incomplete: Literal["keep", "next-ct", "exclude"] = "keep"
    undated: Literal["exclude", "earliest"] = "exclude"

    def __post_init__(self) -> None:
        if self.days_before < 0 or self.days_after < 0:
            sentence = f"the window is {self.days_before} days before to {self.days_after} after"
            raise UsageError("bad-window", sentence, "give both as 0 or more")


@dataclass(frozen=True, slots=True)
class MeasuredCase:
    """One row of ``measurements.csv``, as far as the join needs it."""

    row: int
    case_id: str
    patient_id: str
    study_date: datetime.date | None
    status: str
    reason: str
    sv_ml: float | None
    sv_corrected_ml: float | None
    complete: bool | None
    verdict: int | None
    failure_score: float | None
    sizes: tuple[float | None, ...]

    @property
    def best_sv_ml(self) -> float | None:
        """The reader's correction, else the measurement; nothing where a reader rejected it."""
        if self.sv_corrected_ml is not None:
            return self.sv_corrected_ml
        return None if self.verdict == VERDICT_FAILED else self.sv_ml


def read_measurements(path: str | Path) -> tuple[MeasuredCase, ...]:
    """The cases of a ``measurements.csv``.

    Raises
    ------
    TableError
        A column is missing, a case stands twice, a cell cannot be read: all at once, by row and column.
    """
    table = read_table(path)
    lacking = [column for column in NEEDED if column not in table.columns]
    if lacking:
        remedy = "give the measurements.csv that `splenic measure` wrote"
        problems = [Problem("no-column", "the table has no such column", remedy, None, c) for c in lacking]
        raise TableError(table.name, problems)
    reader = _CaseReader(table)
    cases = tuple(reader.case(row) for row in table.rows)
    first: dict[str, int] = {}
    for row in table.rows:
        cell = row["case_id"]
        if cell.text in first:
            sentence = f"the same case as in row {first[cell.text]}"
            reader.problems.append(
                Problem("duplicate-case", sentence, "keep one row for each case", cell.row, cell.column)
            )
        first.setdefault(cell.text, cell.row)
    if reader.problems:
        raise TableError(table.name, reader.problems)
    return cases


class _CaseReader:
    """Cells of ``measurements.csv`` to values, noting what cannot be read."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.problems: list[Problem] = []

    def case(self, row: dict[str, Cell]) -> MeasuredCase:
        verdict = self._number(row, "verdict")
        complete = row["complete"].text.lower()
        if complete not in ("", "true", "false"):
            self._wrong(row["complete"], "unknown-code", f"{shown(complete)} is neither true nor false")
        if row["status"].text not in STATUSES:
            sentence = f"{shown(row['status'].text)} is no status ({', '.join(STATUSES)})"
            self._wrong(row["status"], "unknown-code", sentence)
        if verdict not in (None, 1, 2, 3):
            self._wrong(
                row["verdict"], "unknown-code", f"{shown(row['verdict'].text)} is no verdict (1, 2, 3)"
            )
        return MeasuredCase(
            row=row["case_id"].row,
            case_id=row["case_id"].text,
            patient_id=row["patient_id"].text,
            study_date=self._date(row["study_date"]),
            status=row["status"].text,
            reason=row["reason"].text,
            sv_ml=self._number(row, "sv_ml"),
            sv_corrected_ml=self._number(row, "sv_corrected_ml"),
            complete={"true": True, "false": False}.get(complete),
            verdict=None if verdict is None else int(verdict),
            failure_score=self._number(row, "failure_score"),
            sizes=tuple(self._number(row, name) for name in SIZES),
        )

    def _wrong(self, cell: Cell, code: str, sentence: str) -> None:
        self.problems.append(Problem(code, sentence, "mend the cell", cell.row, cell.column))

    def _number(self, row: dict[str, Cell], name: str) -> float | None:
        cell = row.get(name)
        if cell is None or not cell.text:
            return None
        try:
            value = parse_number(cell.text)
        except ValueProblem as problem:
            self._wrong(cell, problem.code, problem.sentence)
            return None
        if value <= 0 and name.startswith("sv"):
            self._wrong(
                cell, "impossible-value", f"{value:g} ml is impossible for a spleen; unknown is empty"
            )
        return value

    def _date(self, cell: Cell) -> datetime.date | None:
        if not cell.text:
            return None
        try:
            return parse_date(cell.text).date
        except ValueProblem as problem:
            self._wrong(cell, problem.code, problem.sentence)
            return None


def join_measurements(
    cohort: Cohort, cases: Sequence[MeasuredCase] | str | Path, policy: JoinPolicy | None = None
) -> Cohort:
    """The cohort with a spleen for each patient; who has none is left out and counted.

    Of the cases in the window the nearest before TACE is taken, else the nearest after it. Of several of that
    day, in this order: complete, ``ok`` before ``review``, the lower failure score, the first by `case_id`;
    each such choice is listed.

    Parameters
    ----------
    cohort : Cohort
    cases : sequence of MeasuredCase, or a path to ``measurements.csv``
    policy : JoinPolicy, optional

    Returns
    -------
    Cohort
        With `exclusions` grown by the steps of the join, and `join` filled.
    """
    policy = policy or JoinPolicy()
    if isinstance(cases, (str, Path)):
        cases = read_measurements(cases)
    by_patient: dict[str, list[MeasuredCase]] = defaultdict(list)
    for case in cases:
        by_patient[case.patient_id].append(case)
    known = {patient.patient_id for patient in cohort.patients}
    outcomes = [
        _choose(patient, by_patient.get(patient.patient_id, []), policy) for patient in cohort.patients
    ]
    kept = tuple(outcome.patient for outcome in outcomes if outcome.excluded is None)
    report = JoinReport(
        joined=len(kept),
        orphans=tuple(sorted(case.case_id for case in cases if case.patient_id not in known)),
        unmeasured=tuple(p.row for p in cohort.patients if p.patient_id not in by_patient),
        ties=tuple(outcome.tie for outcome in outcomes if outcome.tie),
        passed_over=tuple(sentence for outcome in outcomes for sentence in outcome.passed_over),
    )
    exclusions = (*cohort.exclusions, *_exclusions(outcomes))
    return replace(cohort, patients=kept, exclusions=exclusions, join=report)


@dataclass(frozen=True, slots=True)
class _Outcome:
    patient: Patient
    excluded: str | None = None
    tie: str = ""
    passed_over: tuple[str, ...] = ()


# Reasons in the order of a flow chart.
NO_CT, NO_DATE, OUTSIDE = "no CT measured", "no date of first TACE", "no CT within the window"
REFUSED, FAILED = "CT refused", "measurement failed"
REJECTED, NO_SPLEEN = "outline rejected by the reader, not corrected", "no spleen found"
INCOMPLETE = "spleen cut by the scan"
REASONS = (NO_CT, NO_DATE, OUTSIDE, REFUSED, FAILED, REJECTED, NO_SPLEEN, INCOMPLETE)


def _exclusions(outcomes: list[_Outcome]) -> list[Exclusion]:
    rows = {
        reason: tuple(outcome.patient.row for outcome in outcomes if outcome.excluded == reason)
        for reason in REASONS
    }
    return [Exclusion(reason, len(numbers), numbers) for reason, numbers in rows.items() if numbers]


def _choose(patient: Patient, cases: list[MeasuredCase], policy: JoinPolicy) -> _Outcome:
    if not cases:
        return _Outcome(patient, NO_CT)
    tace = patient.tace_date
    if tace is None and policy.undated == "exclude":
        return _Outcome(patient, NO_DATE)
    dated = [case for case in cases if case.study_date is not None]
    if tace is not None:
        dated = [case for case in dated if -policy.days_before <= _days(case, tace) <= policy.days_after]
    if not dated:
        return _Outcome(patient, OUTSIDE)
    dated.sort(key=_nearness(tace))
    passed_over: list[str] = []
    reason = OUTSIDE
    for place, case in enumerate(dated):
        fault = _fault(case)
        if fault is None or (fault == INCOMPLETE and policy.incomplete == "keep"):
            spleen = _spleen(case, tace)
            tie = _tie(case, dated[place + 1 :])
            return _Outcome(replace(patient, spleen=spleen), None, tie, tuple(passed_over))
        reason = reason if passed_over else fault
        passed_over.append(f"case {case.case_id} of the patient in row {patient.row}: {fault}")
        if _rule(fault, policy) == "exclude":
            return _Outcome(patient, fault, "", tuple(passed_over))
    return _Outcome(patient, reason, "", tuple(passed_over))


def _days(case: MeasuredCase, tace: datetime.date) -> int:
    assert case.study_date is not None
    return (case.study_date - tace).days


def _nearness(tace: datetime.date | None) -> Callable[[MeasuredCase], tuple[object, ...]]:
    """Before TACE first, then by days, then the better of one day's cases."""

    def key(case: MeasuredCase) -> tuple[object, ...]:
        score = 1.0 if case.failure_score is None else case.failure_score
        quality = (case.complete is not True, STATUSES.index(case.status), score, case.case_id)
        if tace is None:
            return (case.study_date, *quality)
        days = _days(case, tace)
        return (days > 0, abs(days), *quality)

    return key


def _fault(case: MeasuredCase) -> str | None:
    """Why a case cannot stand for its patient; a reader's correction mends all but a cut spleen."""
    if case.sv_corrected_ml is None:
        if case.status in ("refused", "failed"):
            return REFUSED if case.status == "refused" else FAILED
        if case.verdict == VERDICT_FAILED:
            return REJECTED
        if case.sv_ml is None:
            return NO_SPLEEN
    return INCOMPLETE if case.complete is False else None


def _rule(fault: str, policy: JoinPolicy) -> str:
    rules = {
        REFUSED: policy.refused,
        FAILED: policy.failed,
        REJECTED: policy.rejected,
        NO_SPLEEN: policy.no_spleen,
        INCOMPLETE: policy.incomplete,
    }
    return rules[fault]


def _tie(chosen: MeasuredCase, others: list[MeasuredCase]) -> str:
    same = [case.case_id for case in others if case.study_date == chosen.study_date]
    return f"case {chosen.case_id} taken, not {', '.join(same)} of the same day" if same else ""


def _spleen(case: MeasuredCase, tace: datetime.date | None) -> Spleen:
    sv_ml = case.best_sv_ml
    assert sv_ml is not None
    assert case.study_date is not None
    sizes = (None,) * len(SIZES) if case.verdict == VERDICT_FAILED else case.sizes
    return Spleen(
        case.case_id,
        case.study_date,
        case.status,
        None if tace is None else _days(case, tace),
        sv_ml,
        case.sv_corrected_ml is not None,
        case.complete,
        case.verdict,
        *sizes,
    )
