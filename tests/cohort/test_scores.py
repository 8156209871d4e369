"""Every score against its worked examples, on both sides of each limit, and with inputs missing."""

from __future__ import annotations

import doctest
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.cohort import scores as s
from splenic.cohort.scores import body, fibrosis, liver, tace, transplant
from splenic.cohort.scores import tumour as tumour_module
from splenic.cohort.scores.types import round_half_up

MG_DL = s.BILIRUBIN_UMOL_L_PER_MG_DL
# Patient R: the medians of the reference cohort, with assumptions.
BILI, ALB = 1.4 * MG_DL, 31.0
EPS = 1e-9


@pytest.mark.parametrize("module", [body, fibrosis, liver, tace, transplant, tumour_module])
def test_the_examples_in_the_docstrings_run(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_patient_r() -> None:
    assert pytest.approx(23.95, abs=0.005) == BILI
    child = s.child_pugh(BILI, ALB, 1.2, "none", "none")
    assert (child.value, child.group) == (6, "A")
    assert s.albi(BILI, ALB).value == pytest.approx(-1.7247, abs=5e-5)
    assert s.albi(BILI, ALB).group == "2"
    assert s.malbi(BILI, ALB).group == "2b"
    assert s.meld(1.4, 1.2, 0.9).unrounded == pytest.approx(9.744, abs=5e-4)
    assert s.meld(1.4, 1.2, 0.9).value == 10
    assert s.meld_na(1.4, 1.2, 0.9, 138).value == 10
    assert s.meld_3(1.4, 1.2, 0.9, 138, 3.1, "male").unrounded == pytest.approx(9.932, abs=5e-4)
    assert s.meld_3(1.4, 1.2, 0.9, 138, 3.1, "male").value == 10
    assert s.meld_3(1.4, 1.2, 0.9, 138, 3.1, "female").unrounded == pytest.approx(11.262, abs=5e-4)
    assert s.bclc_2022(4.2, 3, False, False, 0, "A").group == "B"
    assert s.up_to_7(4.2, 3).value == pytest.approx(7.2)
    assert s.up_to_7(4.2, 3).group == "out"
    assert s.up_to_11(4.2, 3).group == "in"
    assert s.six_and_twelve(4.2, 3).group == "B"
    assert s.seven_eleven(4.2, 3).group == "B"
    assert s.tumour_burden_score(4.2, 3).value == pytest.approx(5.161, abs=5e-4)
    assert s.tumour_burden_score(4.2, 3).group == "B"
    assert (s.hap(4.2, 20, ALB, BILI).value, s.hap(4.2, 20, ALB, BILI).group) == (2, "C")
    assert (s.mhap_2(4.2, 3, 20, ALB, BILI).value, s.mhap_2(4.2, 3, 20, ALB, BILI).group) == (3, "D")
    assert (s.albi_tae(BILI, ALB, 20, 4.2, 3).value, s.albi_tae(BILI, ALB, 20, 4.2, 3).group) == (1, "B")
    assert s.bolondi_b(6, 4.2, 3, 0, False).group == "B2"
    assert (s.state(ALB, 4.2, 3, 1.5).value, s.state(ALB, 4.2, 3, 1.5).group) == (7, "avoid")
    assert s.amap(69, "male", BILI, ALB, 129).value == pytest.approx(69.82, abs=5e-3)
    assert s.fib_4(69, 64, 41, 129).value == pytest.approx(5.346, abs=5e-4)
    assert s.apri(64, 40, 129).value == pytest.approx(1.240, abs=5e-4)
    assert s.body_surface_area(178, 80).value == pytest.approx(1.9889, abs=5e-5)
    assert s.sv_by_bsa(551, 178, 80).value == pytest.approx(277.0, abs=0.05)


@pytest.mark.parametrize(
    ("bilirubin_mg_dl", "albumin_g_l", "value", "grade"),
    [(0.8, 35, -2.2251, "2"), (2.2, 27, -1.2552, "3"), (0.7, 42, -2.8584, "1")],
)
def test_albi_examples(bilirubin_mg_dl: float, albumin_g_l: float, value: float, grade: str) -> None:
    found = s.albi(bilirubin_mg_dl * MG_DL, albumin_g_l)
    assert found.value == pytest.approx(value, abs=5e-5)
    assert found.group == grade


def test_meld_examples() -> None:
    assert s.meld(2.2, 1.3, 1.3).unrounded == pytest.approx(14.860, abs=5e-4)
    assert s.meld(2.2, 1.3, 1.3).value == 15
    assert s.meld(5, 2, 2.5).unrounded == pytest.approx(29.046, abs=5e-4)
    assert s.meld(5, 2, 2.5).value == 29
    assert s.meld_na(2.2, 1.3, 1.3, 132).unrounded == pytest.approx(19.125)
    assert s.meld_na(2.2, 1.3, 1.3, 132).value == 19
    assert s.meld_na(5, 2, 2.5, 128).unrounded == pytest.approx(32.267, abs=5e-4)
    assert s.meld_na(5, 2, 2.5, 128).value == 32
    assert s.meld_3(2.2, 1.3, 1.3, 132, 2.7, "male").unrounded == pytest.approx(19.153, abs=5e-4)
    assert s.meld_3(2.2, 1.3, 1.3, 132, 2.7, "female").unrounded == pytest.approx(20.483, abs=5e-4)
    assert s.meld_3(5, 2, 2.5, 128, 2.4, "male").unrounded == pytest.approx(33.941, abs=5e-4)
    assert s.meld_3(5, 2, 2.5, 128, 2.4, "female").unrounded == pytest.approx(35.271, abs=5e-4)


def test_dialysis_sets_creatinine_whatever_was_measured() -> None:
    for creatinine in (None, 0.8, 9.0):
        old = s.meld(2.2, 1.3, creatinine, dialysis=True)
        new = s.meld_3(2.2, 1.3, creatinine, 132, 2.7, "male", dialysis=True)
        assert old.unrounded == pytest.approx(25.616, abs=5e-4)
        assert new.unrounded == pytest.approx(27.244, abs=5e-4)
        assert "(dialysis)" in old.clamps[0]


def test_meld_3_of_adolescents_has_no_term_for_sex() -> None:
    adult = s.meld_3(2.2, 1.3, 1.3, 132, 2.7, "male")
    young = s.meld_3(2.2, 1.3, 1.3, 132, 2.7, None, adolescent=True)
    assert adult.unrounded is not None
    assert young.unrounded == pytest.approx(adult.unrounded + 1.33)


def test_meld_na_rounds_the_bracket_before_multiplying_by_ten() -> None:
    assert s.meld_na(1.0, 1.5, 1.3, 130).value == 19
    differing = 0
    for i in range(40):
        for j in range(35):
            bilirubin, inr = 1 + i * 0.5, round(1 + j * 0.1, 1)
            bracket = s.meld(bilirubin, inr, 1.3).unrounded
            assert bracket is not None
            initial = round(bracket, 1)
            other = initial + 1.32 * 7 - 0.033 * initial * 7 if initial > 11 else initial
            differing += s.meld_na(bilirubin, inr, 1.3, 130).value != min(round_half_up(other), 40)
    assert differing == 265


def test_clamps_are_named() -> None:
    found = s.meld_3(0.5, 0.9, 5.0, 145, 4.2, "male")
    assert found.clamps == (
        "bilirubin_mg_dl 0.5 → 1",
        "inr 0.9 → 1",
        "creatinine_mg_dl 5 → 3",
        "sodium_mmol_l 145 → 137",
        "albumin_g_dl 4.2 → 3.5",
    )
    assert dict(found.inputs)["creatinine_mg_dl"] == 3.0


@pytest.mark.parametrize(("bilirubin_mg_dl", "points"), [(1.99, 1), (2.0, 2), (3.0, 2), (3.01, 3)])
def test_child_pugh_bilirubin(bilirubin_mg_dl: float, points: int) -> None:
    assert s.child_pugh(bilirubin_mg_dl * MG_DL, 40, 1.0, "none", "none").value == 4 + points


@pytest.mark.parametrize(("bilirubin_umol_l", "points"), [(33.9, 1), (34, 2), (51, 2), (51.1, 3)])
def test_child_pugh_bilirubin_reported_in_umol(bilirubin_umol_l: float, points: int) -> None:
    found = s.child_pugh(bilirubin_umol_l, 40, 1.0, "none", "none", reported_in="umol/l")
    assert found.value == 4 + points


@pytest.mark.parametrize(("bilirubin_mg_dl", "points"), [(3.99, 1), (4.0, 2), (10.0, 2), (10.01, 3)])
def test_child_pugh_in_cholestatic_disease(bilirubin_mg_dl: float, points: int) -> None:
    found = s.child_pugh(bilirubin_mg_dl * MG_DL, 40, 1.0, "none", "none", cholestatic=True)
    assert found.value == 4 + points


@pytest.mark.parametrize(("albumin_g_l", "points"), [(35.1, 1), (35, 2), (28, 2), (27.9, 3)])
def test_child_pugh_albumin(albumin_g_l: float, points: int) -> None:
    assert s.child_pugh(10, albumin_g_l, 1.0, "none", "none").value == 4 + points


@pytest.mark.parametrize(("inr", "points"), [(1.69, 1), (1.7, 2), (2.3, 2), (2.31, 3)])
def test_child_pugh_inr(inr: float, points: int) -> None:
    assert s.child_pugh(10, 40, inr, "none", "none").value == 4 + points


@pytest.mark.parametrize(("seconds", "points"), [(0, 1), (3.9, 1), (4, 2), (6, 2), (6.1, 3)])
def test_child_pugh_prothrombin_time_stands_in_for_inr(seconds: float, points: int) -> None:
    found = s.child_pugh(10, 40, None, "none", "none", pt_prolongation_s=seconds)
    assert found.value == 4 + points


def test_child_pugh_codes_and_classes() -> None:
    assert s.child_pugh(10, 40, 1, "moderate_severe", "grade_3_4").value == 9
    assert s.child_pugh(100, 20, 3, "moderate_severe", "grade_3_4").value == 15
    assert [s.child_pugh_class(points) for points in (5, 6, 7, 9, 10, 15)] == list("AABBCC")
    for wrong in (4, 16, 6.5):
        with pytest.raises(ValueError, match="5 to 15"):
            s.child_pugh_class(wrong)
    with pytest.raises(ValueError, match="ascites must be one of none, slight, moderate_severe"):
        s.child_pugh(10, 40, 1, "massive", "none")


def test_no_cirrhosis_is_neither_a_class_nor_missing() -> None:
    found = s.child_pugh(None, None, None, None, None, cirrhosis=False)
    assert (found.value, found.group, found.missing) == (None, "no_cirrhosis", ())


@pytest.mark.parametrize(
    ("largest_cm", "number", "portal", "spread", "ecog", "child", "stage"),
    [
        (2.0, 1, False, False, 0, "A", "0"),
        (2.1, 1, False, False, 0, "A", "A"),
        (12.0, 1, False, False, 0, "B", "A"),
        (3.0, 3, False, False, 0, "no_cirrhosis", "A"),
        (3.1, 3, False, False, 0, "A", "B"),
        (1.0, 4, False, False, 0, "A", "B"),
        (None, "diffuse", False, False, 0, "A", "B"),
        (None, "diffuse", True, False, 0, "A", "C"),
        (1.0, 1, False, True, 0, "A", "C"),
        (1.0, 1, False, False, 1, "A", "C"),
        (1.0, 1, False, False, 2, "B", "C"),
        (1.0, 1, True, False, 3, "A", "D"),
        (1.0, 1, False, False, 0, "C", "D"),
    ],
)
def test_bclc(
    largest_cm: float | None,
    number: tumour_module.TumourNumber,
    portal: bool,
    spread: bool,
    ecog: int,
    child: str,
    stage: str,
) -> None:
    assert s.bclc_2022(largest_cm, number, portal, spread, ecog, child).group == stage


def test_bclc_takes_another_word_for_end_stage_liver() -> None:
    assert s.bclc_2022(1.0, 1, False, False, 0, "C", end_stage_liver=False).group == "0"
    assert s.bclc_2022(1.0, 1, False, False, 0, None, end_stage_liver=True).group == "D"


@pytest.mark.parametrize(
    ("score", "cases"),
    [
        (s.up_to_7, {6.0: "in", 6.1: "out"}),
        (s.up_to_11, {10.0: "in", 10.1: "out"}),
        (s.six_and_twelve, {5.0: "A", 5.5: "B", 11.0: "B", 11.1: "C"}),
        (s.seven_eleven, {6.0: "A", 6.1: "B", 10.0: "B", 10.1: "C"}),
        (s.tumour_burden_score, {3.20: "A", 3.21: "B", 13.70: "B", 13.71: "C"}),
    ],
)
def test_limits_of_the_sums(score: object, cases: dict[float, str]) -> None:
    for largest_cm, group in cases.items():
        assert score(largest_cm, 1).group == group  # type: ignore[operator]


def test_diffuse_growth_gets_no_sum() -> None:
    found = s.up_to_7(4.0, "diffuse")
    assert (found.value, found.group, found.missing) == (None, None, ("number",))
    assert s.mhap_2(4.0, "diffuse", 20, ALB, BILI).missing == ("number",)


def test_hap_limits() -> None:
    assert s.hap(7.0, 400, 36, 17).value == 0
    assert s.hap(7.0, 400, 36, 17).group == "A"
    for case in ((7.1, 400, 36, 17), (7, 401, 36, 17), (7, 400, 35.9, 17)):
        assert s.hap(*case).value == 1
    assert s.hap(7, 400, 36, 17.1).value == 1
    assert s.hap(8, 500, 30, 30).group == "D"


def test_mhap_2_cuts_bilirubin_lower_than_hap() -> None:
    assert s.mhap_2(4, 1, 20, 40, 0.9 * MG_DL).value == 0
    assert s.mhap_2(4, 1, 20, 40, 16).value == 1
    assert s.mhap_2(4, 1, 20, 40, 16, bilirubin_above_umol_l=17).value == 0
    assert s.mhap_2(4, 2, 20, 40, 10).group == "B"


def test_albi_tae_limits() -> None:
    assert s.albi_tae(10, 45, 200, 10.0, 1).group == "A"
    assert s.albi_tae(10, 45, 201, 10.0, 1).group == "B"
    assert s.albi_tae(10, 45, 201, 10.1, 1).group == "C"
    assert s.albi_tae(60, 25, 201, 10.1, 1).group == "D"


@pytest.mark.parametrize(
    ("points", "largest_cm", "ecog", "thrombosis", "group"),
    [
        (5, 4.0, 0, False, "B1"),
        (7, 4.0, 0, False, "B1"),
        (6, 4.1, 0, False, "B2"),
        (7, 4.1, 0, False, "B3"),
        (8, 4.0, 1, False, "B4"),
        (9, 9.0, 0, False, "B4"),
        (9, 9.0, 2, False, "none"),
        (5, 4.0, 1, False, "none"),
        (5, 4.0, 0, True, "none"),
        (10, 4.0, 0, False, "none"),
    ],
)
def test_bolondi(points: int, largest_cm: float, ecog: int, thrombosis: bool, group: str) -> None:
    assert s.bolondi_b(points, largest_cm, 3, ecog, thrombosis).group == group


def test_state_art_start_are_marked_unverified() -> None:
    assert s.state(30, 4, 3, 0.9).group == "go"
    assert s.state(18, 4, 3, 0.99).group == "go"
    assert s.state(17.9, 4, 3, 0.99).group == "avoid"
    assert s.state(30, 4, 3, 1.0).value == 18
    found = s.art(6, 7, 100, 130, True)
    assert (found.value, found.group) == (5.5, "2.5+")
    assert s.art(6, 6, 100, 125, True).value == 0
    assert s.art(6, 5, 100, 126, True).value == 4
    assert s.art(6, 8, 100, 100, False).value == 4
    assert s.art(6, 7, 100, 100, True).group == "0-1.5"
    assert s.start(17, None).group == "no-tace"
    assert s.start(18, 1.5).group == "two-tace"
    assert s.start(18, 2.5).group == "one-tace"
    assert s.start(18, None).missing == ("art_value",)
    for score in (s.state(30, 4, 3, 0.9), found, s.start(18, 1.5), s.state(None, 4, 3, 1)):
        assert not score.verified
    assert s.hap(7, 400, 36, 17).verified


def test_fibrosis_and_amap_examples() -> None:
    assert s.amap(50, "female", 0.7 * MG_DL, 42, 220).value == pytest.approx(46.23, abs=5e-3)
    assert s.amap(50, "female", 0.7 * MG_DL, 42, 220).group == "low"
    assert s.fib_4(69, 64, 41, 129).group == "high"
    assert s.fib_4(50, 29, 25, 200, cuts=s.FIB_4_CUTS_NAFLD).group == "intermediate"
    assert s.fib_4(50, 29, 25, 200).value == pytest.approx(1.45)
    assert s.apri(20, 40, 100).group == "intermediate"
    assert s.apri(19.9, 40, 100).group == "low"
    assert s.apri(60.1, 40, 100).group == "high"


def test_body_examples() -> None:
    assert s.body_surface_area(165, 60).value == pytest.approx(1.6583, abs=5e-5)
    for formula, male, female in (
        ("janmahasatian", 61.12, 39.29),
        ("boer", 60.89, 44.87),
        ("james", 62.14, 44.63),
    ):
        assert s.lean_body_mass(178, 80, "male", formula).value == pytest.approx(male, abs=5e-3)
        assert s.lean_body_mass(165, 60, "female", formula).value == pytest.approx(female, abs=5e-3)


@pytest.mark.parametrize(
    ("score", "arguments"),
    [
        (s.child_pugh, (BILI, ALB, 1.2, "none", "none")),
        (s.albi, (BILI, ALB)),
        (s.malbi, (BILI, ALB)),
        (s.meld, (1.4, 1.2, 0.9)),
        (s.meld_na, (1.4, 1.2, 0.9, 138.0)),
        (s.meld_3, (1.4, 1.2, 0.9, 138.0, 3.1, "male")),
        (s.bclc_2022, (4.2, 3, False, False, 0, "A")),
        (s.up_to_7, (4.2, 3)),
        (s.up_to_11, (4.2, 3)),
        (s.six_and_twelve, (4.2, 3)),
        (s.seven_eleven, (4.2, 3)),
        (s.tumour_burden_score, (4.2, 3)),
        (s.hap, (4.2, 20.0, ALB, BILI)),
        (s.mhap_2, (4.2, 3, 20.0, ALB, BILI)),
        (s.albi_tae, (BILI, ALB, 20.0, 4.2, 3)),
        (s.bolondi_b, (6, 4.2, 3, 0, False)),
        (s.state, (ALB, 4.2, 3, 1.5)),
        (s.art, (6, 7, 100.0, 130.0, True)),
        (s.start, (20.0, 1.5)),
        (s.amap, (69.0, "male", BILI, ALB, 129.0)),
        (s.fib_4, (69.0, 64.0, 41.0, 129.0)),
        (s.apri, (64.0, 40.0, 129.0)),
        (s.body_surface_area, (178.0, 80.0)),
        (s.lean_body_mass, (178.0, 80.0, "male")),
        (s.sv_by_bsa, (551.0, 178.0, 80.0)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_any_missing_input_means_no_score(score: object, arguments: tuple[object, ...]) -> None:
    whole = score(*arguments)  # type: ignore[operator]
    assert whole.missing == ()
    assert len(whole.source) > 10
    for place, value in enumerate(arguments):
        for nothing in (None, math.nan) if isinstance(value, float) else (None,):
            found = score(*arguments[:place], nothing, *arguments[place + 1 :])  # type: ignore[operator]
            assert (found.value, found.group, found.unrounded) == (None, None, None)
            assert len(found.missing) == 1
            assert "missing" in str(found)


@pytest.mark.parametrize("wrong", [0.0, -1.0])
def test_impossible_inputs_are_refused_by_name(wrong: float) -> None:
    with pytest.raises(ValueError, match=f"bilirubin_umol_l must be above 0, not {wrong}"):
        s.albi(wrong, 31)
    with pytest.raises(ValueError, match="creatinine_mg_dl must be above 0"):
        s.meld(1, 1, wrong)
    with pytest.raises(ValueError, match="height_cm must be above 0"):
        s.body_surface_area(wrong, 80)


LABS = st.floats(0.05, 60, allow_nan=False)


@given(LABS, LABS, st.floats(5, 60))
def test_albi_rises_with_bilirubin_and_falls_with_albumin(
    first: float, second: float, albumin: float
) -> None:
    low, high = sorted((first, second))
    assert s.albi(low, albumin).value <= s.albi(high, albumin).value  # type: ignore[operator]
    assert s.albi(low, albumin + 1).value < s.albi(low, albumin).value  # type: ignore[operator]


@given(st.floats(0.1, 50), st.floats(0.5, 9), st.floats(0.2, 9), st.floats(110, 160), st.floats(1, 5))
def test_melds_stay_within_their_bounds_and_rise(
    bilirubin: float, inr: float, creatinine: float, sodium: float, albumin: float
) -> None:
    for low, high in pairwise(
        [
            s.meld_na(bilirubin, inr, creatinine, sodium),
            s.meld_na(bilirubin + 1, inr, creatinine, sodium),
            s.meld_na(bilirubin + 1, inr + 1, creatinine, sodium),
        ]
    ):
        assert low.value is not None
        assert high.value is not None
        # One point of rounding: the bracket is rounded before the sodium term.
        assert 6 <= low.value <= high.value <= 40
    for sex in ("male", "female"):
        found = s.meld_3(bilirubin, inr, creatinine, sodium, albumin, sex)
        assert found.value is not None
        assert 6 <= found.value <= 40


@given(st.floats(1, 600), st.floats(5, 60), st.floats(0.8, 8), st.sampled_from(s.ASCITES))
def test_child_pugh_never_falls_as_the_liver_fails(
    bilirubin: float, albumin: float, inr: float, ascites: str
) -> None:
    first = s.child_pugh(bilirubin, albumin, inr, ascites, "none")
    worse = s.child_pugh(bilirubin + 5, albumin - 2, inr + 0.3, "moderate_severe", "grade_1_2")
    assert first.value is not None
    assert worse.value is not None
    assert 5 <= first.value < worse.value <= 15


@given(st.floats(0.2, 25), st.integers(1, 20))
def test_the_groups_of_the_sums_agree(largest_cm: float, number: int) -> None:
    total = s.up_to_7(largest_cm, number).value
    assert total is not None
    third = s.seven_eleven(largest_cm, number).group
    assert (s.up_to_7(largest_cm, number).group == "in") == (third == "A")
    assert (s.up_to_11(largest_cm, number).group == "out") == (third == "C")
    assert (s.six_and_twelve(largest_cm, number).group == "A") == (total <= 6)
