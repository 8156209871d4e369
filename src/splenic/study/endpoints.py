"""Outcomes of patients as times and events, in months of 365.25 / 12 days from the first TACE."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from splenic.cohort import Patient, months
from splenic.study.data import Decompensated, Endpoint
from splenic.study.protocol import DECOMPENSATION_DEFINITIONS, DecompensationPlan

Outcome = tuple[float, float]
_UNKNOWN: Outcome = (np.nan, np.nan)

LABELS = {
    "os": "Overall survival",
    "pfs": "Progression-free survival",
    "ttp": "Time to progression",
}


def endpoint_of(
    key: str, patients: Sequence[Patient], transplant: Literal["ignore", "censor", "event"]
) -> Endpoint:
    """An endpoint of every patient.

    Overall survival ends with death. Progression-free survival ends with progression or death; who has
    neither is censored at the last assessment. Time to progression is censored by death.
    """
    rule: Callable[[Patient], Outcome] = {"os": _os, "pfs": _pfs, "ttp": _ttp}[key]
    outcomes = [_transplanted(rule(patient), patient, transplant) for patient in patients]
    time, event = np.array(outcomes, dtype=np.float64).reshape(-1, 2).T
    return Endpoint(key, LABELS[key], np.array([months(days) for days in time.tolist()]), event)


def _os(patient: Patient) -> Outcome:
    if patient.os_days is None or patient.death is None:
        return _UNKNOWN
    return patient.os_days, float(patient.death)


def _pfs(patient: Patient) -> Outcome:
    if patient.progression is None:
        return _UNKNOWN
    if patient.progression:
        return _UNKNOWN if patient.progression_days is None else (patient.progression_days, 1.0)
    time, died = _os(patient)
    if died == 1:
        return time, 1.0
    return (time, 0.0) if patient.progression_days is None else (patient.progression_days, 0.0)


def _ttp(patient: Patient) -> Outcome:
    if patient.progression is None:
        return _UNKNOWN
    if patient.progression_days is not None:
        return patient.progression_days, float(patient.progression)
    return _UNKNOWN if patient.progression else (_os(patient)[0], 0.0)


def _transplanted(outcome: Outcome, patient: Patient, rule: str) -> Outcome:
    """End follow-up at a transplantation, if the protocol says so."""
    time, _ = outcome
    at = patient.transplant_days if patient.transplant else None
    if rule == "ignore" or at is None or not at < time:
        return outcome
    return at, 1.0 if rule == "event" else 0.0


# Decompensation


def decompensated(plan: DecompensationPlan, patients: Sequence[Patient]) -> Decompensated:
    """Decompensation by the protocol's definition, within its window and over time.

    By points, it is judged from Child-Pugh before and after, and has no time. Every other definition is the
    table's own column of decompensation, which must have been filled in by that definition.
    """
    competing = " or ".join(plan.competing) or "nothing"
    nothing = np.full(len(patients), np.nan)
    if plan.definition in ("child-pugh-1", "child-pugh-2"):
        gain = 1 if plan.definition == "child-pugh-1" else 2
        within = np.array([_by_points(patient, gain) for patient in patients], dtype=np.float64)
        why = None if (~np.isnan(within)).any() else "no patient has Child-Pugh points before and after TACE"
        note = "Child-Pugh points give no time of decompensation, so that there is no cumulative incidence."
        return Decompensated(within, nothing, nothing, competing, why, () if why else (note,))
    outcomes = [_timed(patient, plan.competing) for patient in patients]
    days, status = np.array(outcomes, dtype=np.float64).reshape(-1, 2).T
    within = np.array(
        [_within(patient, *one, plan.window_days) for patient, one in zip(patients, outcomes)],
        dtype=np.float64,
    )
    if np.isnan(within).all():
        return Decompensated(
            nothing, nothing, nothing, competing, "the clinical table has no column of decompensation"
        )
    what = DECOMPENSATION_DEFINITIONS[plan.definition]
    note = f"Decompensation is taken from the clinical table, which must follow the definition: {what}."
    timed = np.array([months(value) for value in days.tolist()])
    return Decompensated(within, timed, status, competing, None, (note,))


def _by_points(patient: Patient, gain: int) -> float:
    before, after = patient.child_pugh_points, patient.child_pugh_points_after
    return np.nan if before is None or after is None else float(after - before >= gain)


def _timed(patient: Patient, competing: Sequence[str]) -> Outcome:
    """Days, and 0 censored, 1 decompensation, 2 competing."""
    if patient.decompensation is None:
        return _UNKNOWN
    if patient.decompensation:
        return _UNKNOWN if patient.decompensation_days is None else (patient.decompensation_days, 1.0)
    time, died = _os(patient)
    if np.isnan(time):
        return _UNKNOWN
    if patient.transplant and patient.transplant_days is not None and patient.transplant_days < time:
        return patient.transplant_days, 2.0 if "transplant" in competing else 0.0
    return time, 2.0 if died == 1 and "death" in competing else 0.0


def _within(patient: Patient, days: float, status: float, window: float) -> float:
    """1 decompensated by the end of the window; 0 not, nor before dying in it; NaN lost before its end."""
    if np.isnan(days):
        return 0.0 if patient.decompensation is False else np.nan
    if days > window:
        return 0.0
    return {1.0: 1.0, 2.0: 0.0}.get(status, np.nan)
