"""From files to the patients of a study: clinical table, measurements, endpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from splenic.cohort import (
    BUILT_IN,
    Cohort,
    JoinPolicy,
    MeasuredCase,
    Patient,
    Score,
    Spleen,
    child_pugh_class_of,
    join_measurements,
    patient_scores,
    read_cohort,
    read_measurements,
)
from splenic.errors import UsageError
from splenic.study.columns import CATEGORIES, FLAG_LABELS, NUMBERS, SCORES, SPLEEN_NUMBERS
from splenic.study.data import Bools, Decompensated, Endpoint, Floats, Reads, StudyData, Variable
from splenic.study.endpoints import decompensated, endpoint_of
from splenic.study.protocol import DevelopmentPlan, Protocol, resolve
from splenic.study.results import FlowStep, InputFile

_REJECTED = "outline rejected"


def load_study(protocol: Protocol, folder: Path) -> StudyData:
    """Read what the protocol names; paths are relative to ``folder``.

    Raises
    ------
    SplenicError
        With everything that must be mended in the tables.
    """
    plan = protocol.cohort
    table = resolve(plan.table, folder)
    built_in = plan.dictionary in BUILT_IN
    dictionary = plan.dictionary if built_in else resolve(plan.dictionary, folder)
    cohort = read_cohort(table, dictionary, plan.sheet)
    inputs = [_file("clinical table", table, cohort.read)]
    if not built_in:
        inputs.append(_file("data dictionary", Path(dictionary), None))
    cases: tuple[MeasuredCase, ...] = ()
    models: tuple[str, ...] = ()
    if plan.measurements is not None:
        path = resolve(plan.measurements, folder)
        cases = read_measurements(path)
        models = _models(path)
        inputs.append(_file("measurements", path, len(cases)))
    if plan.development_report is not None:
        inputs.append(_file("development report", resolve(plan.development_report, folder), None))
    return replace(study_of(protocol, cohort, cases), inputs=tuple(inputs), models=models)


def study_of(protocol: Protocol, cohort: Cohort, cases: Sequence[MeasuredCase] = ()) -> StudyData:
    """The patients of a study from a cohort and measured cases."""
    spleens, rejected, steps, notes = _joined(protocol, cohort, cases)
    everybody = [replace(patient, spleen=spleens.get(patient.row)) for patient in cohort.patients]
    included = [p.spleen is not None or protocol.cohort.patients == "all" for p in everybody]
    developed = _development(protocol.development, everybody, included)
    verdicts = np.array([_verdict(patient, rejected) for patient in everybody], dtype=np.float64)
    kept = np.array(included, dtype=np.bool_)
    seen = np.array([p.spleen is not None or p.row in rejected for p in everybody], dtype=np.bool_)
    patients = [patient for patient, inside in zip(everybody, included) if inside]
    variables = {v.key: v for v in _variables(patients, cohort.reported_in)}
    endpoints: dict[str, Endpoint] = {
        key: endpoint_of(key, patients, protocol.transplant) for key in ("os", "pfs", "ttp")
    }
    event: Decompensated | None = None
    if protocol.decompensation is not None:
        event = decompensated(protocol.decompensation, patients)
    return StudyData(
        patients=tuple(patient.patient_id for patient in patients),
        variables=variables,
        endpoints={key: found for key, found in endpoints.items() if found.known.any()},
        development=developed[kept],
        verdict=verdicts[kept],
        measured=np.array([p.spleen is not None for p in patients], dtype=np.bool_),
        complete=np.array(
            [p.spleen is not None and p.spleen.complete is not False for p in patients], dtype=np.bool_
        ),
        reads=Reads(verdicts[seen], developed[seen]),
        decompensation=event,
        flow=(*_table_steps(cohort), *_spleen_steps(protocol, len(cohort), steps)),
        notes=notes,
    )


# Joining


def _joined(
    protocol: Protocol, cohort: Cohort, cases: Sequence[MeasuredCase]
) -> tuple[dict[int, Spleen], set[int], tuple[FlowStep, ...], tuple[str, ...]]:
    """Spleen by row of the table, rows whose outline was rejected, steps of the flow chart, notes."""
    n = len(cohort)
    if not cases:
        return {}, set(), (FlowStep(label="With measured SV", n=0, excluded=n, reason="no measurements"),), ()
    plan = protocol.cohort
    policy = JoinPolicy(
        days_before=plan.days_before,
        days_after=plan.days_after,
        undated=plan.undated,
        incomplete=plan.incomplete,
    )
    joined = join_measurements(cohort, cases, policy)
    strict = join_measurements(cohort, cases, replace(policy, rejected="exclude"))
    left_out = strict.exclusions[len(cohort.exclusions) :]
    rejected = {row for step in left_out if step.reason.startswith(_REJECTED) for row in step.rows}
    spleens = {p.row: p.spleen for p in joined.patients if p.spleen is not None}
    steps = []
    for step in joined.exclusions[len(cohort.exclusions) :]:
        n -= step.n
        steps.append(FlowStep(label="With measured SV", n=n, excluded=step.n, reason=step.reason))
    if not steps:
        steps.append(FlowStep(label="With measured SV", n=n))
    report = joined.join
    notes = []
    if report is not None and report.orphans:
        notes.append(f"{len(report.orphans)} measured cases belong to no patient of the table.")
    if report is not None and report.ties:
        notes.append(f"For {len(report.ties)} patients one of several CTs of the same day was taken.")
    if report is not None and report.passed_over:
        notes.append(f"{len(report.passed_over)} nearer CTs could not be used.")
    return spleens, rejected, tuple(steps), tuple(notes)


def _table_steps(cohort: Cohort) -> Iterator[FlowStep]:
    n = cohort.read
    yield FlowStep(label="In the clinical table", n=n)
    for step in cohort.exclusions:
        n -= step.n
        yield FlowStep(label="In the cohort", n=n, excluded=step.n, reason=step.reason)


def _spleen_steps(protocol: Protocol, n: int, steps: tuple[FlowStep, ...]) -> tuple[FlowStep, ...]:
    """Where all patients are analysed, one without a measured spleen is not left out."""
    if protocol.cohort.patients != "all":
        return steps
    return FlowStep(label="Analysed", n=n), FlowStep(label="Of these, with measured SV", n=steps[-1].n)


def _verdict(patient: Patient, rejected: set[int]) -> float:
    if patient.row in rejected:
        return 3.0
    verdict = None if patient.spleen is None else patient.spleen.verdict
    return np.nan if verdict is None else float(verdict)


def _development(plan: DevelopmentPlan, patients: Sequence[Patient], included: Sequence[bool]) -> Bools:
    """Development cases: a flag of the cohort, or the first N by date of TACE (by row without dates).

    N counts patients of the study; others who came before the last of them were development cases, too.
    """
    chosen = np.zeros(len(patients), dtype=np.bool_)
    if plan.column is not None:
        known = {name for patient in patients for name in patient.extra} | {"development"}
        if plan.column not in known:
            raise UsageError(
                "unknown-column",
                f"development: the cohort has no flag {plan.column}",
                f"it has {', '.join(sorted(known))}; map it in the dictionary",
            )
        flags = [p.extra.get(plan.column, getattr(p, plan.column, None)) for p in patients]
        return np.array([flag is True for flag in flags], dtype=np.bool_)
    days = [0 if p.tace_date is None else p.tace_date.toordinal() for p in patients]
    dated = all(patient.tace_date is not None for patient in patients)
    order = sorted(range(len(patients)), key=lambda k: (days[k] if dated else 0, k))
    left = plan.first or 0
    for k in order:
        if left <= 0:
            break
        chosen[k] = True
        left -= included[k]
    return chosen


# Columns


def _variables(patients: Sequence[Patient], reported_in: str) -> Iterator[Variable]:
    for name, (label, unit) in NUMBERS.items():
        yield from _number(name, label, unit, [getattr(patient, name) for patient in patients])
    for name, (label, unit) in SPLEEN_NUMBERS.items():
        # Present even where nobody was measured: the protocol may name them, and the report says why not.
        values = [None if p.spleen is None else getattr(p.spleen, name) for p in patients]
        yield Variable(name, label, "continuous", _floats(values), unit)
    for name, label in FLAG_LABELS.items():
        yield from _flag(name, label, [getattr(patient, name) for patient in patients])
    classes = [child_pugh_class_of(patient, reported_in) for patient in patients]
    for name, (label, levels) in CATEGORIES.items():
        values = classes if name == "child_pugh" else [getattr(patient, name) for patient in patients]
        yield from _category(name, label, values, levels)
    yield from _scores([patient_scores(patient, reported_in=reported_in) for patient in patients])
    yield from _extra(patients)


def _number(key: str, label: str, unit: str | None, values: Sequence[object]) -> Iterator[Variable]:
    found = _floats(values)
    if not np.isnan(found).all():
        yield Variable(key, label, "continuous", found, unit)


def _floats(values: Sequence[object]) -> Floats:
    return np.array([float(v) if isinstance(v, int | float) else np.nan for v in values], dtype=np.float64)


def _flag(key: str, label: str, values: Sequence[object]) -> Iterator[Variable]:
    found = _floats(values)
    if not np.isnan(found).all():
        yield Variable(key, label, "binary", found, None, ("no", "yes"))


def _category(
    key: str, label: str, values: Sequence[object], levels: Sequence[str] | None = None
) -> Iterator[Variable]:
    present = {str(value) for value in values if value is not None}
    if not present:
        return
    names = tuple(level for level in levels or sorted(present) if level in present)
    codes = np.array([np.nan if v is None else float(names.index(str(v))) for v in values])
    if key == "sex":
        yield Variable(
            "male",
            "Male",
            "binary",
            _floats([None if v is None else v == "male" for v in values]),
            None,
            ("female", "male"),
        )
    yield Variable(key, label, "categorical", codes, None, tuple(name.replace("_", " ") for name in names))


def _scores(found: Sequence[dict[str, Score]]) -> Iterator[Variable]:
    for name, (key, label, unit) in SCORES.items():
        scores = [one.get(name) for one in found]
        yield from _number(key, label, unit, [None if score is None else score.value for score in scores])
        groups = [None if score is None else score.group for score in scores]
        yield from _category(f"{key}_group", f"{label} group", groups)


def _extra(patients: Sequence[Patient]) -> Iterator[Variable]:
    names = dict.fromkeys(name for patient in patients for name in patient.extra)
    for name in names:
        values = [patient.extra.get(name) for patient in patients]
        label = name.replace("_", " ").capitalize()
        if any(isinstance(value, bool) for value in values):
            yield from _flag(name, label, values)
        elif any(isinstance(value, str) for value in values):
            yield from _category(name, label, values)
        else:
            yield from _number(name, label, None, values)


# Files


def _file(role: str, path: Path, rows: int | None) -> InputFile:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return InputFile(role=role, name=path.name, sha256=digest, rows=rows)


def _models(path: Path) -> tuple[str, ...]:
    """Segmentation models named in ``measurements.csv``."""
    import csv

    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        found = {f"{row.get('model') or ''} {row.get('model_version') or ''}".strip() for row in rows}
    return tuple(sorted(found - {""}))
