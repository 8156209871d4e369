"""Measured cases and their patients: the window, ties, orphans, refused scans, corrections."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clinical_table import dictionary_of
from hypothesis import given
from hypothesis import strategies as st

from splenic.cohort import (
    Cohort,
    JoinPolicy,
    MeasuredCase,
    Patient,
    TableError,
    join_measurements,
    read_cohort,
    read_measurements,
)
from splenic.errors import UsageError
from splenic.pipeline.table import COLUMNS

TACE = datetime.date(2019, 3, 4)


def case(case_id: str = "c", days: int = -10, patient_id: str = "P1", **more: Any) -> MeasuredCase:
    values: dict[str, Any] = {
        "row": 2,
        "case_id": case_id,
        "patient_id": patient_id,
        "study_date": TACE + datetime.timedelta(days=days),
        "status": "ok",
        "reason": "",
        "sv_ml": 551.0,
        "sv_corrected_ml": None,
        "complete": True,
        "verdict": None,
        "failure_score": 0.1,
        "sizes": (120.0, 110.0, 100.0, 50.0, 600.0),
    }
    return MeasuredCase(**{**values, **more})


def cohort(*patients: Patient) -> Cohort:
    default = (Patient(2, "P1", tace_date=TACE, height_cm=178, weight_kg=80),)
    return Cohort("small", "t.csv", len(patients or default), patients or default)


def joined(*cases: MeasuredCase, **policy: Any) -> Cohort:
    return join_measurements(cohort(), cases, JoinPolicy(**policy))


def chosen(*cases: MeasuredCase, **policy: Any) -> str | None:
    """The case that stands for the patient, or None where the patient is left out."""
    patients = joined(*cases, **policy).patients
    return patients[0].spleen.case_id if patients and patients[0].spleen else None


def reasons(result: Cohort) -> dict[str, int]:
    return {exclusion.reason: exclusion.n for exclusion in result.exclusions}


def test_the_nearest_ct_before_tace() -> None:
    assert chosen(case("far", -60), case("near", -5), case("after", 1), days_after=30) == "near"
    assert chosen(case("same-day", 0), case("before", -1)) == "same-day"
    assert chosen(case("near", 2), case("far", 20), days_after=30) == "near"
    assert chosen(case("far before", -80), case("near after", 1), days_after=30) == "far before"


def test_both_ends_of_the_window_are_inside() -> None:
    assert chosen(case(days=-90)) == "c"
    assert chosen(case(days=-91)) is None
    assert chosen(case(days=1)) is None
    assert chosen(case(days=7), days_after=7) == "c"
    assert chosen(case(days=8), days_after=7) is None
    assert reasons(joined(case(days=-91))) == {"no CT within the window": 1}
    with pytest.raises(UsageError, match="give both as 0 or more"):
        JoinPolicy(days_before=-1)


def test_several_cases_of_one_day_are_listed() -> None:
    cases = (
        case("b", failure_score=0.4),
        case("a", failure_score=0.5),
        case("cut", complete=False, failure_score=0.0),
        case("look", status="review", failure_score=0.0),
    )
    result = joined(*cases)
    assert chosen(*cases) == "b"
    assert result.join is not None
    assert result.join.ties == ("case b taken, not a, look, cut of the same day",)
    assert chosen(case("b"), case("a")) == "a"


@pytest.mark.parametrize(
    ("fault", "rule", "reason"),
    [
        ({"status": "refused", "sv_ml": None}, "refused", "CT refused"),
        ({"status": "failed", "sv_ml": None}, "failed", "measurement failed"),
        ({"verdict": 3}, "rejected", "outline rejected by the reader, not corrected"),
        ({"status": "review", "sv_ml": None, "complete": None}, "no_spleen", "no spleen found"),
        ({"complete": False}, "incomplete", "spleen cut by the scan"),
    ],
)
def test_a_ct_that_cannot_stand_for_the_patient(fault: dict[str, Any], rule: str, reason: str) -> None:
    near, far = case("near", -5, **fault), case("far", -50)
    assert chosen(near, far, **{rule: "next-ct"}) == "far"
    assert chosen(near, far, **{rule: "exclude"}) is None
    result = joined(near, far, **{rule: "exclude"})
    assert reasons(result) == {reason: 1}
    result = joined(near, far, **{rule: "next-ct"})
    assert result.join is not None
    assert result.join.passed_over == (f"case near of the patient in row 2: {reason}",)
    assert reasons(joined(near, **{rule: "next-ct"})) == {reason: 1}


def test_a_cut_spleen_is_kept_as_a_lower_bound_unless_told_otherwise() -> None:
    spleen = joined(case(complete=False)).patients[0].spleen
    assert spleen is not None
    assert spleen.complete is False


def test_a_correction_comes_before_the_measurement() -> None:
    spleen = joined(case(sv_corrected_ml=600.0, verdict=3)).patients[0].spleen
    assert spleen is not None
    assert (spleen.sv_ml, spleen.corrected, spleen.craniocaudal_mm) == (600, True, None)
    spleen = joined(case(verdict=2)).patients[0].spleen
    assert spleen is not None
    assert (spleen.sv_ml, spleen.corrected, spleen.craniocaudal_mm) == (551, False, 120)
    spleen = joined(case(status="failed", sv_ml=None, sv_corrected_ml=600.0)).patients[0].spleen
    assert spleen is not None
    assert spleen.sv_ml == 600


def test_sv_by_body_surface() -> None:
    result = joined(case())
    assert result.patients[0].sv_bsa_ml_m2 == pytest.approx(277.0, abs=0.05)
    assert result.numbers("sv_bsa_ml_m2")[0] == result.numbers("sv_ml")[0] / result.numbers("bsa_m2")[0]
    assert result.values("days_from_tace") == (-10,)


def test_orphans_unmeasured_and_undated() -> None:
    patients = (
        Patient(2, "P1", tace_date=TACE),
        Patient(3, "P2", tace_date=TACE),
        Patient(4, "P3"),
    )
    cases = (
        case("a"),
        case("late", patient_id="P3", days=40),
        case("early", patient_id="P3"),
        case("x", patient_id="Z"),
    )
    result = join_measurements(cohort(*patients), cases)
    assert result.join is not None
    assert (result.join.joined, result.join.orphans, result.join.unmeasured) == (1, ("x",), (3,))
    assert reasons(result) == {"no CT measured": 1, "no date of first TACE": 1}
    assert result.flow() == (
        ("in t.csv", 3),
        ("no CT measured", 1),
        ("no date of first TACE", 1),
        ("in the analysis", 1),
    )
    assert "1 cases of patients not in the table: x" in str(result.join)
    result = join_measurements(cohort(*patients), cases, JoinPolicy(undated="earliest"))
    spleen = result.patients[1].spleen
    assert spleen is not None
    assert (spleen.case_id, spleen.days_from_tace) == ("early", None)


def measurements(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "measurements.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


ROW = {"case_id": "c1", "patient_id": "P1", "study_date": "20190222", "status": "ok", "sv_ml": "551.2"}


def test_measurements_as_the_pipeline_writes_them(tmp_path: Path) -> None:
    more = {"complete": "true", "craniocaudal_mm": "120.5", "failure_score": "0.031", "verdict": "2"}
    (found,) = read_measurements(measurements(tmp_path, {**ROW, **more}))
    assert (found.sv_ml, found.complete, found.verdict, found.sizes[0]) == (551.2, True, 2, 120.5)
    assert found.study_date == datetime.date(2019, 2, 22)
    assert (found.sv_corrected_ml, found.sizes[1]) == (None, None)


def test_bad_measurements(tmp_path: Path) -> None:
    rows = ({**ROW, "sv_ml": "0"}, {**ROW, "status": "good", "complete": "maybe", "verdict": "4"})
    with pytest.raises(TableError) as caught:
        read_measurements(measurements(tmp_path, *rows))
    assert str(caught.value) == (
        "measurements.csv: 5 problems\n"
        '  row 2, column "sv_ml": 0 ml is impossible for a spleen; unknown is empty; mend the cell\n'
        '  row 3, column "complete": "maybe" is neither true nor false; mend the cell\n'
        '  row 3, column "status": "good" is no status (ok, review, refused, failed); mend the cell\n'
        '  row 3, column "verdict": "4" is no verdict (1, 2, 3); mend the cell\n'
        '  row 3, column "case_id": the same case as in row 2; keep one row for each case'
    )
    (tmp_path / "other.csv").write_text("ID,SV\nA,500\n")
    with pytest.raises(TableError, match='column "case_id": the table has no such column'):
        read_measurements(tmp_path / "other.csv")


def test_real_measured_spleens_find_their_patients(shared_dir: Path, tmp_path: Path) -> None:
    """The reference masks' SV, written as a table of measurements, joined with the real clinical table."""
    data = shared_dir / "data"
    with (data / "cases.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    rows = [
        {
            "case_id": row["case"],
            "patient_id": row["patient"],
            "study_date": row["study_date"],
            "status": "ok",
            "sv_ml": row["sv_ml"],
            "complete": row["complete"].lower(),
        }
        for row in found
    ]
    clinical = read_cohort(data / "clinical" / "hcc_tace_seg.csv", "hcc-tace-seg")
    path = measurements(tmp_path, *rows)
    result = join_measurements(clinical, path, JoinPolicy(undated="earliest"))
    patients = {row["patient"] for row in found} & {p.patient_id for p in clinical.patients}
    assert {patient.patient_id for patient in result.patients} == patients
    assert len(patients) >= 5
    assert reasons(result) == {"no CT measured": 105 - len(patients)}
    for patient in result.patients:
        dates = [row["study_date"] for row in found if row["patient"] == patient.patient_id]
        assert patient.spleen is not None
        assert patient.spleen.study_date.strftime("%Y%m%d") == min(dates)
    assert reasons(join_measurements(clinical, path))["no date of first TACE"] == len(patients)


@given(
    st.lists(st.tuples(st.integers(-120, 60), st.sampled_from(["ok", "refused"])), max_size=6), st.randoms()
)
def test_the_choice_does_not_depend_on_the_order_of_cases(days: list[tuple[int, str]], random: Any) -> None:
    cases = [
        case(f"c{n}", day, status=status, sv_ml=None if status == "refused" else 500.0)
        for n, (day, status) in enumerate(days)
    ]
    first = joined(*cases, days_after=30)
    shuffled = list(cases)
    random.shuffle(shuffled)
    assert joined(*shuffled, days_after=30) == first
    usable = [day for day, status in days if status == "ok" and -90 <= day <= 30]
    before = [day for day in usable if day <= 0]
    best = max(before) if before else min(usable, default=None)
    spleens = [patient.spleen for patient in first.patients]
    assert [spleen.days_from_tace for spleen in spleens if spleen] == ([] if best is None else [best])
    assert first.read == len(first) + sum(exclusion.n for exclusion in first.exclusions)


def test_ids_of_numbers_in_a_workbook_match(tmp_path: Path, cohort_of: Callable[..., Cohort]) -> None:
    clinical = cohort_of("ID,T\n0017,2019-03-04\n18,2019-03-04", dictionary_of("tace_date: {column: T}"))
    path = measurements(tmp_path, {**ROW, "patient_id": "0017"}, {**ROW, "case_id": "c2", "patient_id": "18"})
    assert join_measurements(clinical, path).values("sv_ml") == (551.2, 551.2)
