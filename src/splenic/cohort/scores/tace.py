"""Scores made for TACE: HAP, mHAP-II, ALBI-TAE, Bolondi's substages; STATE, ART and START (unverified)."""

from __future__ import annotations

from splenic.cohort.scores.liver import BILIRUBIN_UMOL_L_PER_MG_DL, albi
from splenic.cohort.scores.tumour import TumourNumber, tumour_inputs
from splenic.cohort.scores.types import Inputs, Score, Value, positive

COMPARISON = "as in Cancer Imaging 2023, doi 10.1186/s40644-023-00575-6, Table 1"
HAP_SOURCE = "Kadalayil et al., Ann Oncol 2013;24:2565"
MHAP_2_SOURCE = "Park et al., Liver Int 2016;36:100"
ALBI_TAE_SOURCE = f"ALBI-TAE, {COMPARISON}"
BOLONDI_SOURCE = f"Bolondi et al., Semin Liver Dis 2012;32:348, {COMPARISON}"
STATE_SOURCE = "Hucke et al., J Hepatol 2014;61:1287 (second-hand: check before use)"
ART_SOURCE = "Sieghart et al., Hepatology 2013;57:2261 (points second-hand: check before use)"
START_SOURCE = STATE_SOURCE

HAP_BILIRUBIN_UMOL_L = 17.0
# Park's abstract cuts at 0.9 mg/dl, which is not HAP's 17 µmol/l (0.99 mg/dl).
MHAP_2_BILIRUBIN_UMOL_L = 0.9 * BILIRUBIN_UMOL_L_PER_MG_DL


def hap(
    largest_cm: float | None,
    afp_ng_ml: float | None,
    albumin_g_l: float | None,
    bilirubin_umol_l: float | None,
) -> Score:
    """HAP: one point each for size > 7 cm, AFP > 400 ng/ml, albumin < 36 g/l, bilirubin > 17 µmol/l.

    0 is A, 1 B, 2 C, 3 and 4 D.

    References
    ----------
    Kadalayil L et al. Ann Oncol 2013;24:2565–2570.

    Examples
    --------
    >>> print(hap(4.2, 20, 31, 23.95))
    HAP: 2, C
    """
    inputs = _hap_inputs(largest_cm, afp_ng_ml, albumin_g_l, bilirubin_umol_l)
    if inputs.missing:
        return inputs.unknown("HAP", HAP_SOURCE)
    points = _hap_points(inputs.used, HAP_BILIRUBIN_UMOL_L)
    return inputs.score("HAP", HAP_SOURCE, points, "ABCD"[min(points, 3)])


def mhap_2(
    largest_cm: float | None,
    number: TumourNumber | None,
    afp_ng_ml: float | None,
    albumin_g_l: float | None,
    bilirubin_umol_l: float | None,
    *,
    bilirubin_above_umol_l: float = MHAP_2_BILIRUBIN_UMOL_L,
) -> Score:
    """mHAP-II: the points of HAP, and one for two nodules or more; 0 A, 1 B, 2 C, 3 to 5 D.

    Parameters
    ----------
    number : int, "diffuse" or None
        Diffuse growth has no number of nodules and gets no score.
    bilirubin_above_umol_l : float
        0.9 mg/dl (15.4 µmol/l) in the original; 17 makes it "HAP and number", as some comparisons have it.

    References
    ----------
    Park Y et al. Liver Int 2016;36:100–107.
    """
    known_number = None if number == "diffuse" else number
    inputs = _hap_inputs(largest_cm, afp_ng_ml, albumin_g_l, bilirubin_umol_l, number=known_number)
    if inputs.missing:
        return inputs.unknown("mHAP-II", MHAP_2_SOURCE)
    points = _hap_points(inputs.used, bilirubin_above_umol_l) + (float(inputs.used["number"]) >= 2)
    return inputs.score("mHAP-II", MHAP_2_SOURCE, points, "ABCD"[min(points, 3)])


def _hap_inputs(
    largest_cm: float | None,
    afp_ng_ml: float | None,
    albumin_g_l: float | None,
    bilirubin_umol_l: float | None,
    **more: int | None,
) -> Inputs:
    positive(largest_cm=largest_cm, albumin_g_l=albumin_g_l, bilirubin_umol_l=bilirubin_umol_l, **more)
    return Inputs(
        {
            "largest_cm": largest_cm,
            "afp_ng_ml": afp_ng_ml,
            "albumin_g_l": albumin_g_l,
            "bilirubin_umol_l": bilirubin_umol_l,
            **more,
        }
    )


def _hap_points(used: dict[str, Value], bilirubin_above_umol_l: float) -> int:
    return (
        (float(used["largest_cm"]) > 7)
        + (float(used["afp_ng_ml"]) > 400)
        + (float(used["albumin_g_l"]) < 36)
        + (float(used["bilirubin_umol_l"]) > bilirubin_above_umol_l)
    )


def albi_tae(
    bilirubin_umol_l: float | None,
    albumin_g_l: float | None,
    afp_ng_ml: float | None,
    largest_cm: float | None,
    number: TumourNumber | None,
) -> Score:
    """ALBI-TAE: a point each for ALBI grade 2 or 3, AFP > 200 ng/ml, beyond up-to-11; 0 A, 1 B, 2 C, 3 D."""
    inputs = tumour_inputs(
        largest_cm,
        number,
        bilirubin_umol_l=bilirubin_umol_l,
        albumin_g_l=albumin_g_l,
        afp_ng_ml=afp_ng_ml,
    )
    if inputs.missing:
        return inputs.unknown("ALBI-TAE", ALBI_TAE_SOURCE)
    points = (albi(bilirubin_umol_l, albumin_g_l).group != "1") + (float(inputs.used["afp_ng_ml"]) > 200)
    points += float(inputs.used["largest_cm"]) + float(inputs.used["number"]) > 11
    return inputs.score("ALBI-TAE", ALBI_TAE_SOURCE, points, "ABCD"[points])


def bolondi_b(
    child_pugh_points: int | None,
    largest_cm: float | None,
    number: TumourNumber | None,
    ecog: int | None,
    portal_vein_thrombosis: bool | None,
) -> Score:
    """Bolondi's substage of a BCLC B patient: B1 to B4.

    B1: Child–Pugh 5–7 within up-to-7; B2: 5–6 beyond; B3: 7 beyond; each ECOG 0. B4: 8–9, any burden,
    ECOG 0–1. No portal vein thrombosis. Whoever fits none is ``none``. That the patient is BCLC B is
    for the caller to know.

    References
    ----------
    Bolondi L et al. Semin Liver Dis 2012;32:348–359.
    """
    inputs = tumour_inputs(
        largest_cm,
        number,
        child_pugh_points=child_pugh_points,
        ecog=ecog,
        portal_vein_thrombosis=portal_vein_thrombosis,
    )
    if inputs.missing:
        return inputs.unknown("Bolondi B", BOLONDI_SOURCE)
    points, performance = int(inputs.used["child_pugh_points"]), int(inputs.used["ecog"])
    within = float(inputs.used["largest_cm"]) + float(inputs.used["number"]) <= 7
    group = "none"
    if not portal_vein_thrombosis and performance == 0 and 5 <= points <= 7:
        group = "B1" if within else "B2" if points <= 6 else "B3"
    elif not portal_vein_thrombosis and performance <= 1 and 8 <= points <= 9:
        group = "B4"
    return inputs.score("Bolondi B", BOLONDI_SOURCE, None, group)


def state(
    albumin_g_l: float | None,
    largest_cm: float | None,
    number: TumourNumber | None,
    crp_mg_dl: float | None,
) -> Score:
    """STATE, unverified: albumin in g/l, less 12 beyond up-to-7, less 12 if CRP ≥ 1 mg/dl; ``go`` from 18.

    References
    ----------
    Hucke F et al. J Hepatol 2014;61:1287–1296, known second-hand; `verified` is False.
    """
    positive(albumin_g_l=albumin_g_l)
    inputs = tumour_inputs(largest_cm, number, albumin_g_l=albumin_g_l, crp_mg_dl=crp_mg_dl)
    if inputs.missing:
        return inputs.unknown("STATE", STATE_SOURCE, verified=False)
    beyond = float(inputs.used["largest_cm"]) + float(inputs.used["number"]) > 7
    inflamed = float(inputs.used["crp_mg_dl"]) >= 1
    value = float(inputs.used["albumin_g_l"]) - 12 * beyond - 12 * inflamed
    return inputs.score("STATE", STATE_SOURCE, value, "go" if value >= 18 else "avoid", verified=False)


def art(
    child_pugh_points_before: int | None,
    child_pugh_points_after: int | None,
    ast_before_u_l: float | None,
    ast_after_u_l: float | None,
    radiologic_response: bool | None,
) -> Score:
    """ART before the second TACE, unverified.

    Child–Pugh + 1 point: 1.5, + 2 or more: 3; AST up by more than 25 %: 4; no radiologic response: 1.
    Groups ``0-1.5`` and ``2.5+``.

    References
    ----------
    Sieghart W et al. Hepatology 2013;57:2261–2273, points known second-hand; `verified` is False.
    """
    positive(ast_before_u_l=ast_before_u_l, ast_after_u_l=ast_after_u_l)
    inputs = Inputs(
        {
            "child_pugh_points_before": child_pugh_points_before,
            "child_pugh_points_after": child_pugh_points_after,
            "ast_before_u_l": ast_before_u_l,
            "ast_after_u_l": ast_after_u_l,
            "radiologic_response": radiologic_response,
        }
    )
    if inputs.missing:
        return inputs.unknown("ART", ART_SOURCE, verified=False)
    gained = int(inputs.used["child_pugh_points_after"]) - int(inputs.used["child_pugh_points_before"])
    value = 3.0 if gained >= 2 else 1.5 if gained == 1 else 0.0
    # 4 a > 5 b rather than a > 1.25 b: exact for whole numbers.
    value += 4.0 * (4 * float(inputs.used["ast_after_u_l"]) > 5 * float(inputs.used["ast_before_u_l"]))
    value += 0.0 if radiologic_response else 1.0
    return inputs.score("ART", ART_SOURCE, value, "0-1.5" if value <= 1.5 else "2.5+", verified=False)


def start(state_value: float | None, art_value: float | None) -> Score:
    """START, unverified: STATE ≥ 18 → first TACE, then ART ≤ 1.5 → second TACE.

    Groups ``no-tace``, ``one-tace`` and ``two-tace``; with STATE below 18, ART is not needed.

    References
    ----------
    Hucke F et al. J Hepatol 2014;61:1287–1296, known second-hand; `verified` is False.
    """
    if state_value is not None and state_value < 18:
        inputs = Inputs({"state_value": state_value})
        return inputs.score("START", START_SOURCE, None, "no-tace", verified=False)
    inputs = Inputs({"state_value": state_value, "art_value": art_value})
    if inputs.missing:
        return inputs.unknown("START", START_SOURCE, verified=False)
    group = "two-tace" if float(inputs.used["art_value"]) <= 1.5 else "one-tace"
    return inputs.score("START", START_SOURCE, None, group, verified=False)
