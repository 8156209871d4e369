"""Tumour burden and stage: BCLC 2022, up-to-seven and its relatives. Sizes in cm, as the rules are."""

from __future__ import annotations

import math
from typing import Literal

from splenic.cohort.scores.types import Inputs, Score, one_of, positive

BCLC_SOURCE = "Reig et al., J Hepatol 2022;76:681"
UP_TO_7_SOURCE = "Mazzaferro et al., Lancet Oncol 2009;10:35"
UP_TO_11_SOURCE = "Cancer Imaging 2023, doi 10.1186/s40644-023-00575-6, Table 1"
SIX_AND_TWELVE_SOURCE = "Wang et al., J Hepatol 2019;70:893"
SEVEN_ELEVEN_SOURCE = UP_TO_11_SOURCE
TUMOUR_BURDEN_SOURCE = "Sasaki et al., Ann Surg 2018;267:132"

CHILD_PUGH_CLASSES = ("A", "B", "C", "no_cirrhosis")

TumourNumber = int | Literal["diffuse"]


def bclc_2022(
    largest_cm: float | None,
    number: TumourNumber | None,
    portal_invasion: bool | None,
    extrahepatic_spread: bool | None,
    ecog: int | None,
    child_pugh_class: str | None,
    *,
    end_stage_liver: bool | None = None,
) -> Score:
    """Stage 0, A, B, C or D of the Barcelona Clinic Liver Cancer system, 2022.

    In this order: D, end-stage liver or ECOG 3–4; C, portal invasion, extrahepatic spread or ECOG 1–2;
    0, single up to 2 cm; A, single of any size or up to 3 nodules of up to 3 cm each; B, all others.
    Diffuse growth is at least B and needs no size.

    Parameters
    ----------
    largest_cm : float or None
        Largest nodule.
    number : int, "diffuse" or None
    portal_invasion, extrahepatic_spread : bool or None
    ecog : int or None
        Performance status 0–4.
    child_pugh_class : {"A", "B", "C", "no_cirrhosis"} or None
    end_stage_liver : bool, optional
        BCLC gives no number for "preserved liver function". By default Child–Pugh C is end-stage; True or
        False overrides it (a transplantable patient, say), and the class is then not needed.

    Notes
    -----
    The subgroups of B are choices of treatment and are not computed.

    References
    ----------
    Reig M et al. J Hepatol 2022;76:681–693.

    Examples
    --------
    >>> print(bclc_2022(4.2, 3, False, False, 0, "A"))
    BCLC 2022: B
    """
    _check_tumour(largest_cm, number)
    one_of("child_pugh_class", child_pugh_class, CHILD_PUGH_CLASSES)
    if ecog is not None and ecog not in range(5):
        raise ValueError(f"ecog must be 0 to 4, not {ecog}")
    given: dict[str, float | str | bool | None] = {"number": number}
    if number != "diffuse":
        given["largest_cm"] = largest_cm
    given |= {"portal_invasion": portal_invasion, "extrahepatic_spread": extrahepatic_spread, "ecog": ecog}
    if end_stage_liver is None:
        given["child_pugh_class"] = child_pugh_class
    else:
        given["end_stage_liver"] = end_stage_liver
    inputs = Inputs(given)
    if inputs.missing:
        return inputs.unknown("BCLC 2022", BCLC_SOURCE)
    end_stage = child_pugh_class == "C" if end_stage_liver is None else end_stage_liver
    if end_stage or int(inputs.used["ecog"]) >= 3:
        stage = "D"
    elif portal_invasion or extrahepatic_spread or int(inputs.used["ecog"]) >= 1:
        stage = "C"
    else:
        stage = _liver_confined_stage(largest_cm, number)
    return inputs.score("BCLC 2022", BCLC_SOURCE, None, stage)


def _liver_confined_stage(largest_cm: float | None, number: TumourNumber | None) -> str:
    if number == "diffuse" or largest_cm is None or number is None:
        return "B"
    if number == 1:
        return "0" if largest_cm <= 2 else "A"
    return "A" if number <= 3 and largest_cm <= 3 else "B"


def up_to_7(largest_cm: float | None, number: TumourNumber | None) -> Score:
    """Largest nodule in cm plus number of nodules: ``in`` up to 7, ``out`` above.

    Diffuse growth has no number of nodules and gets no sum.

    References
    ----------
    Mazzaferro V et al. Lancet Oncol 2009;10:35–43.
    """
    return _sum_score("up-to-7", UP_TO_7_SOURCE, largest_cm, number, ((7, "in"), (math.inf, "out")))


def up_to_11(largest_cm: float | None, number: TumourNumber | None) -> Score:
    """Largest nodule in cm plus number of nodules: ``in`` up to 11, ``out`` above."""
    return _sum_score("up-to-11", UP_TO_11_SOURCE, largest_cm, number, ((11, "in"), (math.inf, "out")))


def six_and_twelve(largest_cm: float | None, number: TumourNumber | None) -> Score:
    """Largest nodule in cm plus number: A up to 6, B above 6 to 12, C above 12.

    Tables that print "7–12" for the middle group leave a gap between 6 and 7; here it belongs to B.

    References
    ----------
    Wang Q et al. J Hepatol 2019;70:893–903.
    """
    groups = ((6, "A"), (12, "B"), (math.inf, "C"))
    return _sum_score("six-and-twelve", SIX_AND_TWELVE_SOURCE, largest_cm, number, groups)


def seven_eleven(largest_cm: float | None, number: TumourNumber | None) -> Score:
    """Largest nodule in cm plus number: A up to 7, B above 7 to 11, C above 11."""
    groups = ((7, "A"), (11, "B"), (math.inf, "C"))
    return _sum_score("seven-eleven", SEVEN_ELEVEN_SOURCE, largest_cm, number, groups)


def tumour_burden_score(largest_cm: float | None, number: TumourNumber | None) -> Score:
    """√(largest² + number²): A below 3.36, B from 3.36 to 13.74, C above 13.74.

    References
    ----------
    Sasaki K et al. Ann Surg 2018;267:132–141.
    """
    inputs = tumour_inputs(largest_cm, number)
    if inputs.missing:
        return inputs.unknown("tumour burden score", TUMOUR_BURDEN_SOURCE)
    value = math.hypot(float(inputs.used["largest_cm"]), float(inputs.used["number"]))
    group = "A" if value < 3.36 else "B" if value <= 13.74 else "C"
    return inputs.score("tumour burden score", TUMOUR_BURDEN_SOURCE, value, group)


def tumour_inputs(
    largest_cm: float | None, number: TumourNumber | None, **more: float | str | bool | None
) -> Inputs:
    """Size and number checked; diffuse growth counts as an unknown number of nodules."""
    _check_tumour(largest_cm, number)
    return Inputs({"largest_cm": largest_cm, "number": None if number == "diffuse" else number, **more})


def _check_tumour(largest_cm: float | None, number: TumourNumber | None) -> None:
    positive(largest_cm=largest_cm)
    if number is not None and number != "diffuse" and (number < 1 or number != int(number)):
        raise ValueError(f"number must be a whole number from 1, or diffuse, not {number}")


def _sum_score(
    name: str,
    source: str,
    largest_cm: float | None,
    number: TumourNumber | None,
    groups: tuple[tuple[float, str], ...],
) -> Score:
    inputs = tumour_inputs(largest_cm, number)
    if inputs.missing:
        return inputs.unknown(name, source)
    value = float(inputs.used["largest_cm"]) + float(inputs.used["number"])
    return inputs.score(name, source, value, next(group for limit, group in groups if value <= limit))
