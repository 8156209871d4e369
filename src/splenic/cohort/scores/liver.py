"""Liver function: Child–Pugh, ALBI and its modification."""

from __future__ import annotations

import math
from typing import Literal

from splenic.cohort.scores.types import Inputs, Score, one_of, positive

BILIRUBIN_UMOL_L_PER_MG_DL = 17.104

ASCITES = ("none", "slight", "moderate_severe")
ENCEPHALOPATHY = ("none", "grade_1_2", "grade_3_4")

CHILD_PUGH_SOURCE = "Pugh et al., Br J Surg 1973;60:646"
ALBI_SOURCE = "Johnson et al., J Clin Oncol 2015;33:550"
MALBI_SOURCE = "Hiraoka et al., Liver Cancer 2019;8:121"

Unit = Literal["mg/dl", "umol/l"]


def child_pugh(
    bilirubin_umol_l: float | None,
    albumin_g_l: float | None,
    inr: float | None,
    ascites: str | None,
    encephalopathy: str | None,
    *,
    pt_prolongation_s: float | None = None,
    cholestatic: bool = False,
    cirrhosis: bool = True,
    reported_in: Unit = "mg/dl",
) -> Score:
    """Child–Pugh points (5–15) and class A (5–6), B (7–9), C (10–15).

    Parameters
    ----------
    bilirubin_umol_l, albumin_g_l, inr : float or None
        In µmol/l, g/l and without unit.
    ascites : {"none", "slight", "moderate_severe"} or None
        Slight or controlled by treatment; moderate to severe or refractory.
    encephalopathy : {"none", "grade_1_2", "grade_3_4"} or None
        Grade I–II or controlled by treatment; III–IV or refractory.
    pt_prolongation_s : float, optional
        Prolongation of the prothrombin time in seconds; used only where `inr` is None.
    cholestatic : bool
        Primary biliary or sclerosing cholangitis: bilirubin limits of 4 and 10 mg/dl.
    cirrhosis : bool
        False gives the group ``no_cirrhosis``, which is neither a class nor missing.
    reported_in : {"mg/dl", "umol/l"}
        The laboratory's unit. Limits are published in both (2 and 3 mg/dl; 34 and 51 µmol/l) and differ
        by rounding: 2.0 mg/dl is 34.2 µmol/l.

    Returns
    -------
    Score
        A value equal to a limit gets 2 points at both ends.

    References
    ----------
    Pugh RN et al. Br J Surg 1973;60:646–649. PBC/PSC limits as in common use.

    Examples
    --------
    >>> print(child_pugh(23.95, 31, 1.2, "none", "none"))
    Child-Pugh: 6, A
    """
    one_of("ascites", ascites, ASCITES)
    one_of("encephalopathy", encephalopathy, ENCEPHALOPATHY)
    positive(bilirubin_umol_l=bilirubin_umol_l, albumin_g_l=albumin_g_l, inr=inr)
    if not cirrhosis:
        return Score("Child-Pugh", None, "no_cirrhosis", CHILD_PUGH_SOURCE, (("cirrhosis", False),))
    clotting = "pt_prolongation_s" if inr is None and pt_prolongation_s is not None else "inr"
    inputs = Inputs(
        {
            "bilirubin_umol_l": bilirubin_umol_l,
            "albumin_g_l": albumin_g_l,
            clotting: pt_prolongation_s if clotting == "pt_prolongation_s" else inr,
            "ascites": ascites,
            "encephalopathy": encephalopathy,
        }
    )
    if inputs.missing:
        return inputs.unknown("Child-Pugh", CHILD_PUGH_SOURCE)
    low, high = _bilirubin_limits(cholestatic, reported_in)
    points = _rising(float(inputs.used["bilirubin_umol_l"]), low, high)
    points += 4 - _rising(float(inputs.used["albumin_g_l"]), 28, 35)
    points += _rising(float(inputs.used[clotting]), *((1.7, 2.3) if clotting == "inr" else (4.0, 6.0)))
    points += 1 + ASCITES.index(str(ascites)) + 1 + ENCEPHALOPATHY.index(str(encephalopathy))
    return inputs.score("Child-Pugh", CHILD_PUGH_SOURCE, points, child_pugh_class(points))


def child_pugh_class(points: float) -> str:
    """A for 5–6 points, B for 7–9, C for 10–15."""
    if not 5 <= points <= 15 or points != int(points):
        raise ValueError(f"Child-Pugh points run from 5 to 15, not {points}")
    return "A" if points <= 6 else "B" if points <= 9 else "C"


def _bilirubin_limits(cholestatic: bool, reported_in: Unit) -> tuple[float, float]:
    if cholestatic:
        return 4 * BILIRUBIN_UMOL_L_PER_MG_DL, 10 * BILIRUBIN_UMOL_L_PER_MG_DL
    if reported_in == "umol/l":
        return 34.0, 51.0
    return 2 * BILIRUBIN_UMOL_L_PER_MG_DL, 3 * BILIRUBIN_UMOL_L_PER_MG_DL


def _rising(value: float, low: float, high: float) -> int:
    """1 below, 2 from low to high (both included), 3 above."""
    return 1 if value < low else 2 if value <= high else 3


def albi(bilirubin_umol_l: float | None, albumin_g_l: float | None) -> Score:
    """Albumin–bilirubin score and grade.

    0.66 · log10(bilirubin in µmol/l) − 0.085 · (albumin in g/l); grade 1 up to −2.60, grade 2 up to −1.39,
    grade 3 above. Some copies print −0.0852 for the second coefficient; the original's −0.085 is used.

    References
    ----------
    Johnson PJ et al. J Clin Oncol 2015;33:550–558.

    Examples
    --------
    >>> print(albi(1.4 * 17.104, 31))
    ALBI: -1.725, 2
    """
    inputs, value = _albi(bilirubin_umol_l, albumin_g_l)
    if value is None:
        return inputs.unknown("ALBI", ALBI_SOURCE)
    grade = "1" if value <= -2.60 else "2" if value <= -1.39 else "3"
    return inputs.score("ALBI", ALBI_SOURCE, value, grade)


def malbi(bilirubin_umol_l: float | None, albumin_g_l: float | None) -> Score:
    """Modified ALBI grade: 1, 2a (up to −2.27), 2b, 3.

    References
    ----------
    Hiraoka A et al. Liver Cancer 2019;8:121–129. The value is that of :func:`albi`.
    """
    inputs, value = _albi(bilirubin_umol_l, albumin_g_l)
    if value is None:
        return inputs.unknown("mALBI", MALBI_SOURCE)
    limits = ((-2.60, "1"), (-2.27, "2a"), (-1.39, "2b"), (math.inf, "3"))
    grade = next(grade for limit, grade in limits if value <= limit)
    return inputs.score("mALBI", MALBI_SOURCE, value, grade)


def _albi(bilirubin_umol_l: float | None, albumin_g_l: float | None) -> tuple[Inputs, float | None]:
    positive(bilirubin_umol_l=bilirubin_umol_l, albumin_g_l=albumin_g_l)
    inputs = Inputs({"bilirubin_umol_l": bilirubin_umol_l, "albumin_g_l": albumin_g_l})
    if inputs.missing:
        return inputs, None
    bilirubin, albumin = float(inputs.used["bilirubin_umol_l"]), float(inputs.used["albumin_g_l"])
    return inputs, 0.66 * math.log10(bilirubin) - 0.085 * albumin
