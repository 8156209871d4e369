"""Endpoints and decompensation from patients, against cases worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from splenic.cohort import Patient, months
from splenic.study.endpoints import decompensated, endpoint_of
from splenic.study.protocol import DecompensationPlan


def _patient(**keys: Any) -> Patient:
    return Patient(row=2, patient_id="P", **keys)


NAN = float("nan")


@pytest.mark.parametrize(
    ("key", "patient", "expected"),
    [
        ("os", {"os_days": 100, "death": True}, (100, 1)),
        ("os", {"os_days": 100, "death": False}, (100, 0)),
        ("os", {"death": True}, (NAN, NAN)),
        ("pfs", {"os_days": 100, "death": True, "progression": True, "progression_days": 40}, (40, 1)),
        ("pfs", {"os_days": 100, "death": True, "progression": False, "progression_days": 40}, (100, 1)),
        ("pfs", {"os_days": 100, "death": False, "progression": False, "progression_days": 40}, (40, 0)),
        ("pfs", {"os_days": 100, "death": False, "progression": False}, (100, 0)),
        ("pfs", {"os_days": 100, "death": True}, (NAN, NAN)),
        ("pfs", {"os_days": 100, "death": True, "progression": True}, (NAN, NAN)),
        ("ttp", {"os_days": 100, "death": True, "progression": False}, (100, 0)),
        ("ttp", {"os_days": 100, "death": True, "progression": True, "progression_days": 40}, (40, 1)),
    ],
)
def test_time_and_event(key: str, patient: dict[str, Any], expected: tuple[float, float]) -> None:
    found = endpoint_of(key, [_patient(**patient)], "ignore")
    np.testing.assert_allclose([found.time[0], found.event[0]], [months(expected[0]), expected[1]])


@pytest.mark.parametrize(
    ("rule", "expected"), [("ignore", (100, 1)), ("censor", (60, 0)), ("event", (60, 1))]
)
def test_transplantation(rule: Any, expected: tuple[float, float]) -> None:
    patient = _patient(os_days=100, death=True, transplant=True, transplant_days=60)
    found = endpoint_of("os", [patient], rule)
    np.testing.assert_allclose([found.time[0], found.event[0]], [months(expected[0]), expected[1]])
    after = _patient(os_days=50, death=True, transplant=True, transplant_days=60)
    assert endpoint_of("os", [after], rule).event[0] == 1


@pytest.mark.parametrize(
    ("patient", "within", "status"),
    [
        ({"decompensation": True, "decompensation_days": 30, "os_days": 400, "death": True}, 1, 1),
        ({"decompensation": True, "decompensation_days": 200, "os_days": 400, "death": True}, 0, 1),
        ({"decompensation": False, "os_days": 60, "death": True}, 0, 2),
        ({"decompensation": False, "os_days": 60, "death": False}, NAN, 0),
        ({"decompensation": False, "os_days": 400, "death": False}, 0, 0),
        ({"decompensation": False}, 0, NAN),
        ({"os_days": 400, "death": True}, NAN, NAN),
        (
            {
                "decompensation": False,
                "os_days": 400,
                "death": True,
                "transplant": True,
                "transplant_days": 50,
            },
            0,
            2,
        ),
    ],
)
def test_decompensation(patient: dict[str, Any], within: float, status: float) -> None:
    # Somebody must be known for the section to exist at all.
    other = _patient(decompensation=True, decompensation_days=5, os_days=9, death=True)
    plan = DecompensationPlan(definition="clinical-event", window_days=90)
    found = decompensated(plan, [_patient(**patient), other])
    np.testing.assert_equal([found.within[0], found.status[0]], [within, status])


def test_death_that_does_not_compete_censors() -> None:
    plan = DecompensationPlan(definition="clinical-event", competing=("transplant",))
    patient = _patient(decompensation=False, os_days=400, death=True)
    assert decompensated(plan, [patient]).status[0] == 0


@pytest.mark.parametrize(("definition", "within"), [("child-pugh-1", (1, 1, 0)), ("child-pugh-2", (0, 1, 0))])
def test_decompensation_by_points(definition: Any, within: tuple[int, ...]) -> None:
    pairs = ((6, 7), (6, 9), (7, 6), (6, None))
    patients = [_patient(child_pugh_points=a, child_pugh_points_after=b) for a, b in pairs]
    found = decompensated(DecompensationPlan(definition=definition), patients)
    np.testing.assert_equal(found.within, [*within, NAN])
    assert np.isnan(found.time).all()


def test_nothing_recorded_is_said() -> None:
    found = decompensated(DecompensationPlan(definition="as-recorded"), [_patient(os_days=3, death=True)])
    assert found.not_done == "the clinical table has no column of decompensation"
