"""Transplant priority: MELD, MELD-Na and MELD 3.0.

Bilirubin and creatinine in mg/dl, albumin in g/dl, sodium in mmol/l, as the rules are written.
"""

from __future__ import annotations

import math

from splenic.cohort.scores.types import Inputs, Score, one_of, positive, round_half_up

MELD_SOURCE = "Kamath et al., Hepatology 2001;33:464, as implemented by UNOS"
MELD_NA_SOURCE = "OPTN policy 9, in force January 2016 to July 2023"
MELD_3_SOURCE = "Kim et al., Gastroenterology 2021;161:1887; OPTN policy 9 from 13 July 2023"

LOWEST, HIGHEST = 6, 40
SODIUM_LOW, SODIUM_HIGH = 125.0, 137.0


def meld(
    bilirubin_mg_dl: float | None,
    inr: float | None,
    creatinine_mg_dl: float | None,
    *,
    dialysis: bool = False,
) -> Score:
    """MELD of UNOS, 6 to 40.

    10 · (0.957 ln creatinine + 0.378 ln bilirubin + 1.120 ln INR + 0.643), rounded. Each input is at least
    1.0, creatinine at most 4.0; with dialysis creatinine is 4.0 whatever was measured.

    Parameters
    ----------
    bilirubin_mg_dl, inr, creatinine_mg_dl : float or None
        `creatinine_mg_dl` is not needed with dialysis.
    dialysis : bool
        At least twice in a week, or 24 hours of continuous haemodialysis, in the week before.

    References
    ----------
    Kamath PS et al. Hepatology 2001;33:464–470; rounding and limits as in the OPTN policies.

    Examples
    --------
    >>> print(meld(2.2, 1.3, 1.3))
    MELD: 15
    """
    inputs = _inputs(bilirubin_mg_dl, inr, creatinine_mg_dl, dialysis, cap=4.0)
    if inputs.missing:
        return inputs.unknown("MELD", MELD_SOURCE)
    exact = _meld_exact(inputs, cap=4.0)
    return inputs.score("MELD", MELD_SOURCE, _bounded(_meld_initial(exact)), unrounded=exact)


def meld_na(
    bilirubin_mg_dl: float | None,
    inr: float | None,
    creatinine_mg_dl: float | None,
    sodium_mmol_l: float | None,
    *,
    dialysis: bool = False,
) -> Score:
    """MELD with sodium by the OPTN rule of 2016, 6 to 40.

    The bracket of MELD is rounded to one decimal and *then* multiplied by 10, so MELD(i) is a whole number.
    Only above 11 the sodium term is added:
    MELD(i) + 1.32 · (137 − Na) − 0.033 · MELD(i) · (137 − Na), sodium within 125 to 137; the sum is rounded.
    Implementations that round ten times the bracket to one decimal instead differ by a point in about a
    fifth of all cases.

    References
    ----------
    OPTN policy 9.1.D (2016). Formula: Kim WR et al. N Engl J Med 2008;359:1018, refitted.

    Examples
    --------
    >>> print(meld_na(2.2, 1.3, 1.3, 132))
    MELD-Na: 19
    """
    inputs = _inputs(bilirubin_mg_dl, inr, creatinine_mg_dl, dialysis, cap=4.0, sodium_mmol_l=sodium_mmol_l)
    if inputs.missing:
        return inputs.unknown("MELD-Na", MELD_NA_SOURCE)
    initial = _meld_initial(_meld_exact(inputs, cap=4.0))
    lack = SODIUM_HIGH - inputs.clamp("sodium_mmol_l", SODIUM_LOW, SODIUM_HIGH)
    exact = initial + 1.32 * lack - 0.033 * initial * lack if initial > 11 else initial
    return inputs.score("MELD-Na", MELD_NA_SOURCE, _bounded(round_half_up(exact)), unrounded=exact)


def meld_3(
    bilirubin_mg_dl: float | None,
    inr: float | None,
    creatinine_mg_dl: float | None,
    sodium_mmol_l: float | None,
    albumin_g_dl: float | None,
    sex: str | None,
    *,
    dialysis: bool = False,
    adolescent: bool = False,
) -> Score:
    """MELD 3.0, 6 to 40.

    1.33 (women) + 4.56 ln bili + 0.82 (137 − Na) − 0.24 (137 − Na) ln bili + 9.09 ln INR + 11.14 ln Cr
    + 1.85 (3.5 − alb) − 1.83 (3.5 − alb) ln Cr + 6, rounded. Bilirubin, INR and creatinine at least 1.0,
    creatinine at most 3.0 (dialysis: 3.0), sodium 125 to 137, albumin 1.5 to 3.5.

    Parameters
    ----------
    sex : {"female", "male"} or None
        Not needed for adolescents.
    adolescent : bool
        12 to 17 years: the constant is 7.33 and there is no term for sex.

    References
    ----------
    Kim WR et al. Gastroenterology 2021;161:1887–1895.

    Examples
    --------
    >>> print(meld_3(1.4, 1.2, 0.9, 138, 3.1, "female"))
    MELD 3.0: 11
    """
    one_of("sex", sex, ("female", "male"))
    positive(albumin_g_dl=albumin_g_dl)
    more: dict[str, float | str | None] = {"sodium_mmol_l": sodium_mmol_l, "albumin_g_dl": albumin_g_dl}
    if not adolescent:
        more["sex"] = sex
    inputs = _inputs(bilirubin_mg_dl, inr, creatinine_mg_dl, dialysis, cap=3.0, **more)
    if inputs.missing:
        return inputs.unknown("MELD 3.0", MELD_3_SOURCE)
    log_bilirubin, log_inr, log_creatinine = _logs(inputs, cap=3.0)
    lack = SODIUM_HIGH - inputs.clamp("sodium_mmol_l", SODIUM_LOW, SODIUM_HIGH)
    low_albumin = 3.5 - inputs.clamp("albumin_g_dl", 1.5, 3.5)
    exact = 6 + (1.33 if adolescent or sex == "female" else 0)
    exact += 4.56 * log_bilirubin + 0.82 * lack - 0.24 * lack * log_bilirubin + 9.09 * log_inr
    exact += 11.14 * log_creatinine + 1.85 * low_albumin - 1.83 * low_albumin * log_creatinine
    return inputs.score("MELD 3.0", MELD_3_SOURCE, _bounded(round_half_up(exact)), unrounded=exact)


def _inputs(
    bilirubin_mg_dl: float | None,
    inr: float | None,
    creatinine_mg_dl: float | None,
    dialysis: bool,
    cap: float,
    **more: float | str | None,
) -> Inputs:
    positive(bilirubin_mg_dl=bilirubin_mg_dl, inr=inr, creatinine_mg_dl=creatinine_mg_dl)
    positive(sodium_mmol_l=more.get("sodium_mmol_l"))
    creatinine = cap if dialysis else creatinine_mg_dl
    given = {"bilirubin_mg_dl": bilirubin_mg_dl, "inr": inr, "creatinine_mg_dl": creatinine}
    inputs = Inputs({**given, **more})
    if dialysis:
        before = "not measured" if creatinine_mg_dl is None else f"{creatinine_mg_dl:g}"
        inputs.clamps.append(f"creatinine_mg_dl {before} → {cap:g} (dialysis)")
    return inputs


def _logs(inputs: Inputs, cap: float) -> tuple[float, float, float]:
    """Natural logarithms of bilirubin, INR and creatinine within their limits."""
    bilirubin = inputs.clamp("bilirubin_mg_dl", low=1.0)
    return (
        math.log(bilirubin),
        math.log(inputs.clamp("inr", low=1.0)),
        math.log(inputs.clamp("creatinine_mg_dl", 1.0, cap)),
    )


def _meld_exact(inputs: Inputs, cap: float) -> float:
    log_bilirubin, log_inr, log_creatinine = _logs(inputs, cap)
    return 10 * (0.957 * log_creatinine + 0.378 * log_bilirubin + 1.120 * log_inr + 0.643)


def _meld_initial(exact: float) -> float:
    """MELD(i): the bracket to one decimal, times 10, a whole number."""
    return round_half_up(exact)


def _bounded(value: float) -> float:
    return float(min(max(value, LOWEST), HIGHEST))
