"""Body size: surface area, lean mass, and SV by body surface."""

from __future__ import annotations

import math

from splenic.cohort.scores.types import Inputs, Score, one_of, positive

MOSTELLER_SOURCE = "Mosteller, N Engl J Med 1987;317:1098"
LEAN_MASS_SOURCES = {
    "janmahasatian": "Janmahasatian et al., Clin Pharmacokinet 2005;44:1051",
    "boer": "Boer, Am J Physiol 1984;247:F632",
    "james": "James, Research on Obesity, HMSO 1976",
}


def body_surface_area(height_cm: float | None, weight_kg: float | None) -> Score:
    """Body surface in m² by Mosteller: √(cm · kg / 3600).

    References
    ----------
    Mosteller RD. N Engl J Med 1987;317:1098.

    Examples
    --------
    >>> print(body_surface_area(178, 80))
    BSA: 1.989
    """
    positive(height_cm=height_cm, weight_kg=weight_kg)
    inputs = Inputs({"height_cm": height_cm, "weight_kg": weight_kg})
    if inputs.missing:
        return inputs.unknown("BSA", MOSTELLER_SOURCE)
    height, weight = (float(value) for value in inputs.used.values())
    return inputs.score("BSA", MOSTELLER_SOURCE, math.sqrt(height * weight / 3600))


def lean_body_mass(
    height_cm: float | None, weight_kg: float | None, sex: str | None, formula: str = "janmahasatian"
) -> Score:
    """Lean body mass in kg.

    Parameters
    ----------
    formula : {"janmahasatian", "boer", "james"}
        James falls with rising weight in severe obesity; Janmahasatian does not.

    References
    ----------
    Janmahasatian S et al. Clin Pharmacokinet 2005;44:1051–1065. Boer P. Am J Physiol 1984;247:F632–F636.
    James WPT. Research on Obesity. London: HMSO 1976.
    """
    one_of("formula", formula, tuple(LEAN_MASS_SOURCES))
    one_of("sex", sex, ("female", "male"))
    positive(height_cm=height_cm, weight_kg=weight_kg)
    source = LEAN_MASS_SOURCES[formula]
    inputs = Inputs({"height_cm": height_cm, "weight_kg": weight_kg, "sex": sex})
    if inputs.missing:
        return inputs.unknown("lean body mass", source)
    height, weight = float(inputs.used["height_cm"]), float(inputs.used["weight_kg"])
    male = sex == "male"
    if formula == "boer":
        value = 0.407 * weight + 0.267 * height - 19.2 if male else 0.252 * weight + 0.473 * height - 48.3
    elif formula == "james":
        ratio = (weight / height) ** 2
        value = 1.1 * weight - 128 * ratio if male else 1.07 * weight - 148 * ratio
    else:
        bmi = weight / (height / 100) ** 2
        value = 9270 * weight / (6680 + 216 * bmi if male else 8780 + 244 * bmi)
    return inputs.score("lean body mass", source, value)


def sv_by_bsa(sv_ml: float | None, height_cm: float | None, weight_kg: float | None) -> Score:
    """SV by body surface, ml/m²."""
    positive(sv_ml=sv_ml, height_cm=height_cm, weight_kg=weight_kg)
    inputs = Inputs({"sv_ml": sv_ml, "height_cm": height_cm, "weight_kg": weight_kg})
    surface = body_surface_area(height_cm, weight_kg).value
    if inputs.missing or surface is None:
        return inputs.unknown("SV/BSA", MOSTELLER_SOURCE)
    return inputs.score("SV/BSA", MOSTELLER_SOURCE, float(inputs.used["sv_ml"]) / surface)
