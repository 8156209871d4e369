"""Blood tests for fibrosis and risk of HCC: FIB-4, APRI, aMAP."""

from __future__ import annotations

import math

from splenic.cohort.scores.liver import albi
from splenic.cohort.scores.types import Inputs, Score, one_of, positive

FIB_4_SOURCE = "Sterling et al., Hepatology 2006;43:1317"
APRI_SOURCE = "Wai et al., Hepatology 2003;38:518"
AMAP_SOURCE = "Fan et al., J Hepatol 2020;73:1368"

FIB_4_CUTS_HCV = (1.45, 3.25)
FIB_4_CUTS_NAFLD = (1.3, 2.67)
APRI_CUTS = (0.5, 1.5)


def fib_4(
    age_years: float | None,
    ast_u_l: float | None,
    alt_u_l: float | None,
    platelets_10e9_l: float | None,
    *,
    cuts: tuple[float, float] = FIB_4_CUTS_HCV,
) -> Score:
    """FIB-4: age · AST / (platelets · √ALT); ``low`` below the first cut, ``high`` above the second.

    Parameters
    ----------
    cuts : tuple of float
        1.45 and 3.25 for hepatitis C, :data:`FIB_4_CUTS_NAFLD` for fatty liver disease.

    References
    ----------
    Sterling RK et al. Hepatology 2006;43:1317–1325.

    Examples
    --------
    >>> print(fib_4(69, 64, 41, 129))
    FIB-4: 5.346, high
    """
    positive(age_years=age_years, ast_u_l=ast_u_l, alt_u_l=alt_u_l, platelets_10e9_l=platelets_10e9_l)
    inputs = Inputs(
        {"age_years": age_years, "ast_u_l": ast_u_l, "alt_u_l": alt_u_l, "platelets_10e9_l": platelets_10e9_l}
    )
    if inputs.missing:
        return inputs.unknown("FIB-4", FIB_4_SOURCE)
    age, ast, alt, platelets = (float(value) for value in inputs.used.values())
    value = age * ast / (platelets * math.sqrt(alt))
    return inputs.score("FIB-4", FIB_4_SOURCE, value, _between(value, cuts))


def apri(
    ast_u_l: float | None,
    ast_upper_limit_u_l: float | None,
    platelets_10e9_l: float | None,
    *,
    cuts: tuple[float, float] = APRI_CUTS,
) -> Score:
    """APRI: (AST / the laboratory's upper limit of normal) / platelets · 100.

    The upper limit differs between laboratories (often 35 to 40 U/l), so there is no default.

    References
    ----------
    Wai CT et al. Hepatology 2003;38:518–526.
    """
    positive(ast_u_l=ast_u_l, ast_upper_limit_u_l=ast_upper_limit_u_l, platelets_10e9_l=platelets_10e9_l)
    inputs = Inputs(
        {"ast_u_l": ast_u_l, "ast_upper_limit_u_l": ast_upper_limit_u_l, "platelets_10e9_l": platelets_10e9_l}
    )
    if inputs.missing:
        return inputs.unknown("APRI", APRI_SOURCE)
    ast, limit, platelets = (float(value) for value in inputs.used.values())
    value = ast / limit / platelets * 100
    return inputs.score("APRI", APRI_SOURCE, value, _between(value, cuts))


def amap(
    age_years: float | None,
    sex: str | None,
    bilirubin_umol_l: float | None,
    albumin_g_l: float | None,
    platelets_10e9_l: float | None,
) -> Score:
    """aMAP, 0 to 100: below 50 ``low``, 50 to 60 ``medium``, above 60 ``high``.

    ((0.06 · age + 0.89 · male + 0.48 · ALBI − 0.01 · platelets) + 7.4) / 14.77 · 100, clipped.

    References
    ----------
    Fan R et al. J Hepatol 2020;73:1368–1378.
    """
    one_of("sex", sex, ("female", "male"))
    positive(age_years=age_years, platelets_10e9_l=platelets_10e9_l)
    positive(bilirubin_umol_l=bilirubin_umol_l, albumin_g_l=albumin_g_l)
    inputs = Inputs(
        {
            "age_years": age_years,
            "sex": sex,
            "bilirubin_umol_l": bilirubin_umol_l,
            "albumin_g_l": albumin_g_l,
            "platelets_10e9_l": platelets_10e9_l,
        }
    )
    albi_value = albi(bilirubin_umol_l, albumin_g_l).value
    if inputs.missing or albi_value is None:
        return inputs.unknown("aMAP", AMAP_SOURCE)
    exact = 0.06 * float(inputs.used["age_years"]) + 0.89 * (sex == "male") + 0.48 * albi_value
    exact = (exact - 0.01 * float(inputs.used["platelets_10e9_l"]) + 7.4) / 14.77 * 100
    value = min(max(exact, 0.0), 100.0)
    group = "low" if value < 50 else "medium" if value <= 60 else "high"
    return inputs.score("aMAP", AMAP_SOURCE, value, group, unrounded=exact)


def _between(value: float, cuts: tuple[float, float]) -> str:
    return "low" if value < cuts[0] else "intermediate" if value <= cuts[1] else "high"
