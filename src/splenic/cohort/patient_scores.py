"""All scores of a patient, from the values of the cohort."""

from __future__ import annotations

from typing import Any

from splenic.cohort import scores as rules
from splenic.cohort.scores import Score
from splenic.cohort.types import Cohort, Patient

ECOG_FOR_BCLC = {"0": 0, "1": 1, "2": 2, "3": 3, "4": 4, "1-2": 1, "3-4": 3}
YOUNGEST, ADULT = 12, 18


def patient_scores(
    patient: Patient, *, reported_in: str = "mg/dl", unverified: bool = False
) -> dict[str, Score]:
    """Every score, by name; those with missing inputs say which.

    Parameters
    ----------
    patient : Patient
    reported_in : {"mg/dl", "umol/l"}
        :attr:`splenic.cohort.Cohort.reported_in`.
    unverified : bool
        Also STATE, ART and START, whose rules are known second-hand.
    """
    found = [
        *_liver(patient, reported_in),
        *_transplant(patient),
        *_tumour(patient, reported_in),
        *_other(patient),
    ]
    if unverified:
        found += _unverified(patient, reported_in)
    return {score.name: score for score in found}


def cohort_scores(cohort: Cohort, *, unverified: bool = False) -> dict[str, tuple[Score, ...]]:
    """Every score by name, one of each patient, in the cohort's order."""
    empty = patient_scores(Patient(0, ""), unverified=unverified)
    all_scores = [
        patient_scores(patient, reported_in=cohort.reported_in, unverified=unverified)
        for patient in cohort.patients
    ]
    return {name: tuple(scores[name] for scores in all_scores) for name in empty}


def child_pugh_class_of(patient: Patient, reported_in: str = "mg/dl") -> str | None:
    """The class in the table, else by its points, else computed from the laboratory values."""
    if patient.child_pugh is not None:
        return patient.child_pugh
    if patient.child_pugh_points is not None:
        return rules.child_pugh_class(patient.child_pugh_points)
    return _child_pugh(patient, reported_in).group


def _child_pugh(patient: Patient, reported_in: str) -> Score:
    unit: Any = reported_in
    no_cirrhosis = patient.child_pugh == "no_cirrhosis" or (
        patient.child_pugh is None and patient.cirrhosis is False
    )
    return rules.child_pugh(
        patient.bilirubin_umol_l,
        patient.albumin_g_l,
        patient.inr,
        patient.ascites,
        patient.encephalopathy,
        pt_prolongation_s=patient.pt_prolongation_s,
        cholestatic=patient.cholestatic is True,
        cirrhosis=not no_cirrhosis,
        reported_in=unit,
    )


def _liver(patient: Patient, reported_in: str) -> list[Score]:
    blood = (patient.bilirubin_umol_l, patient.albumin_g_l)
    return [_child_pugh(patient, reported_in), rules.albi(*blood), rules.malbi(*blood)]


def _transplant(patient: Patient) -> list[Score]:
    bilirubin = _divided(patient.bilirubin_umol_l, rules.BILIRUBIN_UMOL_L_PER_MG_DL)
    albumin = _divided(patient.albumin_g_l, 10)
    blood = (bilirubin, patient.inr, patient.creatinine_mg_dl)
    dialysis = patient.dialysis is True
    age = patient.age_years
    if age is None or age < YOUNGEST:
        source = rules.meld_3(None, None, None, None, None, None).source
        meld_3 = Score("MELD 3.0", None, None, source, missing=("age_years from 12",))
    else:
        meld_3 = rules.meld_3(
            *blood, patient.sodium_mmol_l, albumin, patient.sex, dialysis=dialysis, adolescent=age < ADULT
        )
    return [
        rules.meld(*blood, dialysis=dialysis),
        rules.meld_na(*blood, patient.sodium_mmol_l, dialysis=dialysis),
        meld_3,
    ]


def _divided(value: float | None, by: float) -> float | None:
    return None if value is None else value / by


def _tumour(patient: Patient, reported_in: str) -> list[Score]:
    number: Any = patient.tumour_number
    burden = (patient.tumour_size_cm, number)
    liver = (patient.albumin_g_l, patient.bilirubin_umol_l)
    ecog = patient.ecog
    bclc = rules.bclc_2022(
        *burden,
        _either(patient.portal_vein_thrombosis, patient.vascular_invasion),
        patient.extrahepatic_spread,
        None if ecog is None else ECOG_FOR_BCLC[ecog],
        child_pugh_class_of(patient, reported_in),
    )
    return [
        bclc,
        rules.up_to_7(*burden),
        rules.up_to_11(*burden),
        rules.six_and_twelve(*burden),
        rules.seven_eleven(*burden),
        rules.tumour_burden_score(*burden),
        rules.hap(patient.tumour_size_cm, patient.afp_ng_ml, *liver),
        rules.mhap_2(*burden, patient.afp_ng_ml, *liver),
        rules.albi_tae(patient.bilirubin_umol_l, patient.albumin_g_l, patient.afp_ng_ml, *burden),
        _bolondi(patient, bclc, reported_in),
    ]


def _either(first: bool | None, second: bool | None) -> bool | None:
    """True where one of them is known to be, false where all that is known says so."""
    known = [value for value in (first, second) if value is not None]
    return any(known) if known else None


def _bolondi(patient: Patient, bclc: Score, reported_in: str) -> Score:
    """Only of BCLC B; a coded ECOG of 1-2 is no single number and so missing."""
    points = _points(patient, reported_in)
    ecog = int(patient.ecog) if patient.ecog is not None and patient.ecog.isdigit() else None
    number: Any = patient.tumour_number
    score = rules.bolondi_b(points, patient.tumour_size_cm, number, ecog, patient.portal_vein_thrombosis)
    if bclc.group is not None and bclc.group != "B":
        return Score(score.name, None, "not BCLC B", score.source, (("bclc_2022", bclc.group),))
    return score


def _points(patient: Patient, reported_in: str) -> int | None:
    points = patient.child_pugh_points
    if points is None:
        points = _child_pugh(patient, reported_in).value
    return None if points is None else int(points)


def _other(patient: Patient) -> list[Score]:
    size = (patient.height_cm, patient.weight_kg)
    sv_ml = None if patient.spleen is None else patient.spleen.sv_ml
    return [
        rules.amap(
            patient.age_years,
            patient.sex,
            patient.bilirubin_umol_l,
            patient.albumin_g_l,
            patient.platelets_10e9_l,
        ),
        rules.fib_4(patient.age_years, patient.ast_u_l, patient.alt_u_l, patient.platelets_10e9_l),
        rules.apri(patient.ast_u_l, patient.ast_upper_limit_u_l, patient.platelets_10e9_l),
        rules.body_surface_area(*size),
        rules.lean_body_mass(*size, patient.sex),
        rules.sv_by_bsa(sv_ml, *size),
    ]


def _unverified(patient: Patient, reported_in: str) -> list[Score]:
    number: Any = patient.tumour_number
    state = rules.state(patient.albumin_g_l, patient.tumour_size_cm, number, patient.crp_mg_dl)
    after = patient.child_pugh_points_after
    before = _points(patient, reported_in)
    art = rules.art(
        before,
        None if after is None else int(after),
        patient.ast_u_l,
        patient.ast_after_u_l,
        patient.radiologic_response,
    )
    return [state, art, rules.start(state.value, art.value)]
