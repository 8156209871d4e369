"""A good table: values, flow chart, where everything came from; and the real one."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from clinical_table import changed, dictionary, dictionary_of
from hypothesis import given
from hypothesis import strategies as st

from splenic.cohort import (
    BUILT_IN,
    Cohort,
    Patient,
    child_pugh_class_of,
    months,
    patient_scores,
    read_cohort,
)
from splenic.stats.survival import kaplan_meier
from splenic.stats.survival_summaries import quantiles

CohortOf = Callable[..., Cohort]


def test_values_are_converted_and_typed(cohort_of: CohortOf, small_table: str) -> None:
    cohort = cohort_of(small_table)
    first, second, third = cohort.patients
    assert (first.row, first.patient_id, first.sex, first.age_years) == (2, "P1", "male", 69)
    assert first.bilirubin_umol_l == 1.4 * 17.104
    assert first.tumour_size_cm == 4.2
    assert (first.tumour_number, third.tumour_number, third.tumour_size_cm) == (3, "diffuse", None)
    assert (first.death, second.death) == (False, True)
    assert cohort.values("ascites") == ("none", "slight", "none")
    np.testing.assert_array_equal(cohort.numbers("death"), [0, 1, 1])
    np.testing.assert_array_equal(cohort.numbers("tumour_size_cm"), [4.2, 2.8, math.nan])
    with pytest.raises(TypeError, match="sex is no number"):
        cohort.numbers("sex")
    with pytest.raises(KeyError):
        cohort.numbers("colour")


def test_survival_comes_from_dates_where_no_time_is_given(cohort_of: CohortOf, small_table: str) -> None:
    cohort = cohort_of(small_table)
    np.testing.assert_array_equal(cohort.numbers("os_days"), [678, 366, 225])
    source = next(source for source in cohort.sources if source.name == "os_days")
    assert source.columns == ("TACE", "Died", "Last seen")
    assert source.conversion == "days from first TACE to the event, else to the end of follow-up"


def test_death_comes_from_its_date_where_no_flag_is_given(cohort_of: CohortOf) -> None:
    by = dictionary_of("tace_date: {column: T}", "death_date: {column: D}", "last_contact_date: {column: L}")
    cohort = cohort_of("ID,T,D,L\nA,2019-01-01,2019-01-31,\nB,2019-01-01,,2019-03-02", by)
    assert cohort.values("death") == (True, False)
    assert cohort.values("os_days") == (30, 60)


def test_a_time_that_is_not_given_comes_from_dates(cohort_of: CohortOf) -> None:
    by = dictionary_of(
        "tace_date: {column: T}",
        "death_date: {column: D}",
        "os_time: {column: OS, unit: days}",
        'death: {column: Dead, codes: {"1": true, "0": false}}',
    )
    cohort = cohort_of("ID,T,D,OS,Dead\nA,2019-01-01,2019-01-31,,1\nB,2019-01-01,,50,0", by)
    assert cohort.values("os_days") == (30, 50)
    assert cohort.sources[-1].conversion.endswith("else to the end of follow-up, where no time is given")


def test_decompensation_may_be_a_mere_yes_or_no(cohort_of: CohortOf) -> None:
    by = dictionary_of(
        "os_time: {column: OS, unit: days}",
        'death: {column: Dead, codes: {"1": true, "0": false}}',
        'decompensation: {column: Dec, codes: {"1": true, "0": false}}',
    )
    cohort = cohort_of("ID,OS,Dead,Dec\nA,100,1,1\nB,80,0,0", by)
    assert cohort.values("decompensation") == (True, False)
    assert cohort.values("decompensation_days") == (None, None)


def test_progression_of_those_without_it_ends_with_follow_up(cohort_of: CohortOf) -> None:
    by = dictionary_of(
        "tace_date: {column: T}",
        "os_time: {column: OS, unit: days}",
        'death: {column: Dead, codes: {"1": true, "0": false}}',
        "progression_date: {column: P}",
    )
    cohort = cohort_of("ID,T,OS,Dead,P\nA,2019-01-01,100,1,2019-01-31\nB,2019-01-01,80,0,", by)
    assert cohort.values("progression") == (True, False)
    assert cohort.values("progression_days") == (30, 80)


def test_where_every_value_came_from(cohort_of: CohortOf, small_table: str) -> None:
    cohort = cohort_of(
        small_table.replace("Platelets", "PLT (/nl)"), dictionary(platelets="{column: PLT (/nl), unit: /nl}")
    )
    by_name = {source.name: source for source in cohort.sources}
    bilirubin = by_name["bilirubin_umol_l"]
    assert (bilirubin.columns, bilirubin.unit) == (("Bilirubin",), "mg/dL")
    assert (bilirubin.conversion, bilirubin.known) == ("× 17.104 → umol/l", 3)
    assert by_name["tumour_size_cm"].conversion == "÷ 10 → cm"
    assert by_name["sex"].conversion == "m → male; f → female"
    assert by_name["platelets_10e9_l"].conversion == ""
    assert cohort.unused_columns == ()
    assert cohort_of(f"{small_table}".replace("Platelets", "Plt"), without("platelets")).unused_columns == (
        "Plt",
    )


def without(field: str) -> object:
    from clinical_table import DICTIONARY

    from splenic.cohort import parse_dictionary

    lines = [line for line in DICTIONARY.splitlines() if not line.startswith(f"  {field}:")]
    return parse_dictionary("\n".join(lines), "small.yaml")


def test_the_flow_chart_counts_who_is_left_out_in_order(cohort_of: CohortOf) -> None:
    by = dictionary_of(
        "age: {column: Age, unit: years}",
        top=(
            'exclude:\n  - {reason: treated before, column: Prior, values: ["1"]}\n'
            '  - {reason: no HCC, column: HCC, values: ["0", "?"]}\n'
            "require:\n  - {reason: age not known, field: age}\n"
        ),
    )
    text = "ID,Age,Prior,HCC\nA,60,0,1\nB,x,1,0\nC,61,0,?\nA,9999,1,1\nD,,0,1\nE,62,0,1\nF,63,0,1"
    cohort = cohort_of(text, by)
    assert cohort.flow() == (
        ("in table.csv", 7),
        ("treated before", 2),
        ("no HCC", 1),
        ("age not known", 1),
        ("in the analysis", 3),
    )
    assert [exclusion.rows for exclusion in cohort.exclusions] == [(3, 5), (4,), (6,)]
    assert str(cohort).splitlines()[:3] == [
        "cohort small: 7 in table.csv",
        "  -     2  treated before",
        "  -     1  no HCC",
    ]


def test_of_several_columns_the_largest_number_and_any_flag_count(cohort_of: CohortOf) -> None:
    by = dictionary_of(
        "tumour_size: {column: [S1, S2], unit: mm}",
        'extrahepatic_spread: {column: [M, N], codes: {"1": true, "0": false}}',
    )
    cohort = cohort_of("ID,S1,S2,M,N\nA,20,35,0,1\nB,40,,0,0\nC,30,10,0,\nD,30,10,,1", by)
    assert cohort.values("tumour_size_cm") == (3.5, 4, 3, 3)
    assert cohort.values("extrahepatic_spread") == (True, False, None, True)


def test_extra_covariates_keep_their_names(cohort_of: CohortOf) -> None:
    top = (
        "extra:\n  etiology: {column: Et, kind: category, codes: {C: HCV, B: HBV}}\n"
        '  smoker: {column: Sm, kind: flag, codes: {y: true, "n": false}}\n'
        "  bmi: {column: BMI, kind: number}\n"
    )
    cohort = cohort_of("ID,Et,Sm,BMI\nA,C,y,25\nB,B,n,31.5", dictionary_of(top=top))
    assert cohort.values("etiology") == ("HCV", "HBV")
    np.testing.assert_array_equal(cohort.numbers("smoker"), [1, 0])
    np.testing.assert_array_equal(cohort.numbers("bmi"), [25, 31.5])


def test_codes_match_as_numbers_too(cohort_of: CohortOf) -> None:
    assert cohort_of(changed(2, "Death", "0.0")).patients[0].death is False


def test_scores_of_a_patient(cohort_of: CohortOf, small_table: str) -> None:
    patient = cohort_of(small_table).patients[0]
    scores = patient_scores(patient)
    assert scores["Child-Pugh"].group == "A"
    assert scores["ALBI"].value == pytest.approx(-1.7247, abs=5e-5)
    assert scores["up-to-7"].group == "out"
    assert scores["MELD"].missing == ("creatinine_mg_dl",)
    assert "extrahepatic_spread" in scores["BCLC 2022"].missing
    assert not {"STATE", "ART", "START"} & set(scores)
    assert not patient_scores(patient, unverified=True)["STATE"].verified
    assert child_pugh_class_of(patient) == "A"
    assert child_pugh_class_of(Patient(2, "x", child_pugh_points=8)) == "B"
    assert child_pugh_class_of(Patient(2, "x", child_pugh="no_cirrhosis")) == "no_cirrhosis"
    assert child_pugh_class_of(Patient(2, "x", cirrhosis=False)) == "no_cirrhosis"
    assert child_pugh_class_of(Patient(2, "x")) is None


def test_patient_r_from_a_cohort() -> None:
    patient = Patient(
        2, "R", sex="male", age_years=69, height_cm=178, weight_kg=80, bilirubin_umol_l=1.4 * 17.104,
        albumin_g_l=31, inr=1.2, platelets_10e9_l=129, ast_u_l=64, alt_u_l=41, ast_upper_limit_u_l=40,
        creatinine_mg_dl=0.9, sodium_mmol_l=138, afp_ng_ml=20, crp_mg_dl=1.5, tumour_size_cm=4.2,
        tumour_number=3, ascites="none", encephalopathy="none", ecog="0", portal_vein_thrombosis=False,
        extrahepatic_spread=False,
    )  # fmt: skip
    scores = patient_scores(patient, unverified=True)
    missing = {name for name, score in scores.items() if score.missing}
    assert missing == {"SV/BSA", "ART"}
    assert scores["MELD 3.0"].unrounded == pytest.approx(9.932, abs=5e-4)
    assert scores["BCLC 2022"].group == "B"
    assert scores["Bolondi B"].group == "B2"
    assert scores["START"].group == "no-tace"
    assert scores["aMAP"].value == pytest.approx(69.82, abs=5e-3)


def test_a_bilirubin_reported_in_umol_decides_the_limits_of_child_pugh(cohort_of: CohortOf) -> None:
    fields = (
        "albumin: {column: Alb, unit: g/l}",
        'inr: {column: INR, unit: "1"}',
        'ascites: {column: As, codes: {"0": none}}',
        'encephalopathy: {column: HE, codes: {"0": none}}',
    )
    text = "ID,Bili,Alb,INR,As,HE\nA,34,40,1,0,0"
    cohort = cohort_of(text, dictionary_of("bilirubin: {column: Bili, unit: µmol/l}", *fields))
    scores = patient_scores(cohort.patients[0], reported_in=cohort.reported_in)
    assert (cohort.reported_in, scores["Child-Pugh"].value) == ("umol/l", 6)
    cohort = cohort_of(
        text.replace("34", "1.99"), dictionary_of("bilirubin: {column: Bili, unit: mg/dl}", *fields)
    )
    scores = patient_scores(cohort.patients[0], reported_in=cohort.reported_in)
    assert (cohort.reported_in, scores["Child-Pugh"].value) == ("mg/dl", 5)


def test_the_real_cohort(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "clinical"
    text, book = (read_cohort(folder / f"hcc_tace_seg.{kind}", "hcc-tace-seg") for kind in ("csv", "xlsx"))
    assert len(text) == len(book) == 105
    assert text.warnings == ()
    np.testing.assert_allclose(text.numbers("os_days"), book.numbers("os_days"), rtol=1e-9)
    for name in ("child_pugh", "sex", "bclc", "ecog", "hepatitis", "death", "extrahepatic_spread"):
        assert text.values(name) == book.values(name)
    assert text.numbers("death").sum() == 93
    assert text.known("tumour_size_cm") == 53
    assert text.values("sex").count("male") == 68
    assert len(text.unused_columns) == 57 - len({c for s in text.sources for c in s.columns})


def test_the_real_cohort_has_the_survival_that_r_finds(shared_dir: Path, golden_dir: Path) -> None:
    cohort = read_cohort(shared_dir / "data" / "clinical" / "hcc_tace_seg.csv", "hcc-tace-seg")
    os_months = np.array([months(days) for days in cohort.numbers("os_days")])
    curve = kaplan_meier(os_months, cohort.numbers("death"), interval="log-log")
    median = quantiles(curve, (0.5,))
    found = [median.estimate[0], median.low[0], median.high[0]]
    assert found == pytest.approx([24.90, 19.65, 28.12], abs=0.005)
    cases = json.loads((golden_dir / "hcc_tace_seg.json").read_text(encoding="utf-8"))["cases"]
    overall = next(case["output"] for case in cases if case["id"] == "overall")
    assert found == pytest.approx(overall["median_months_log-log"], rel=1e-9)
    assert (len(cohort), cohort.numbers("death").sum()) == (overall["n"], overall["events"])


def test_built_in_waw_tace_reads_a_table_of_its_columns(cohort_of: CohortOf) -> None:
    """The published file is not at hand: this shows the mapping, not that the file has these columns."""
    header = (
        "PATPRI,age,gender_woman,survival_time,death,lab_albumin,lab_bilirubin,lab_creatinine,lab_inr,lab_alt,"
        "lab_afp,lesions_number,lesion1_diameter,lesion2_diameter,lesion3_diameter"
    )
    from splenic.cohort import load_dictionary

    cohort = cohort_of(f"{header}\n7,66,1,800,1,3.8,1.0,0.9,1.1,40,50,2,31,12,", load_dictionary(BUILT_IN[1]))
    patient = cohort.patients[0]
    assert (patient.sex, patient.death, patient.os_days) == ("female", True, 800)
    assert (patient.albumin_g_l, patient.tumour_size_cm, patient.tumour_number) == (38, 3.1, 2)


@given(st.permutations(range(3)))
def test_the_order_of_rows_changes_nothing_but_the_order(order: list[int]) -> None:
    from clinical_table import HEADER, ROWS

    from splenic.cohort import build_cohort
    from splenic.cohort.table import Cell, Table

    columns = tuple(HEADER.split(","))
    rows = tuple(
        {c: Cell(text, number, c) for c, text in zip(columns, ROWS[place].split(","))}
        for number, place in enumerate(order, 2)
    )
    cohort = build_cohort(Table("t", columns, rows), dictionary())
    ages = {"P1": 69.0, "P2": 71.0, "P3": 58.0}
    assert {patient.patient_id: patient.age_years for patient in cohort.patients} == ages


def test_months() -> None:
    assert months(365.25) == 12
