"""From features to a failure score: a logistic model whose terms only ever add doubt."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from splenic.ct.types import Volume
from splenic.measure.types import Measurement
from splenic.quality.features import features
from splenic.quality.types import Quality
from splenic.segment.types import Segmentation

REVIEW_THRESHOLD = 0.5
"""Failure score at and above which a case is ``review``."""

_SPEAKS_AGAINST = 0.5


@dataclass(frozen=True, slots=True)
class Term:
    """One piece of evidence against a mask.

    It adds ``weight × min(most, (value - beyond) / scale)`` to the logit where the feature's value is
    past ``beyond``; with a negative ``scale``, where it is below. Otherwise it adds nothing.
    """

    feature: str
    beyond: float
    scale: float
    weight: float
    most: float
    reason: str
    sentence: str

    def evidence(self, values: Mapping[str, float]) -> float:
        """What this term adds to the logit, ≥ 0; 0 where the feature is not known."""
        if self.feature not in values:
            return 0.0
        past = (values[self.feature] - self.beyond) / self.scale
        return self.weight * min(max(past, 0.0), self.most)

    def in_words(self, values: Mapping[str, float]) -> str:
        """The sentence with its number."""
        value = values[self.feature]
        return self.sentence.format(value=value, complement=1 - value)


@dataclass(frozen=True, slots=True)
class Model:
    """The logistic model: an intercept, terms that only add, and how the numbers were come by."""

    intercept: float
    terms: tuple[Term, ...]
    basis: str = ""

    def score(self, values: Mapping[str, float]) -> float:
        """Failure score of a mask with these features."""
        logit = self.intercept + sum(term.evidence(values) for term in self.terms)
        return 1 / (1 + math.exp(-logit))


@cache
def shipped_model() -> Model:
    """The model of ``coefficients.json``."""
    text = files("splenic.quality").joinpath("coefficients.json").read_text(encoding="utf-8")
    data = json.loads(text)
    return Model(float(data["intercept"]), tuple(Term(**term) for term in data["terms"]), data["basis"])


def assess(measurement: Measurement, segmentation: Segmentation, volume: Volume) -> Quality:
    """Estimate how likely a reader would reject a mask, with the reasons.

    Parameters
    ----------
    measurement, segmentation, volume
        One case; ``measurement`` of that very mask.

    Returns
    -------
    Quality
        Score 1 with the reason ``no-spleen-found`` where the mask is empty: there is no mask that a
        reader could accept, and a spleen that was missed must be looked at first.
    """
    if not segmentation.mask.any():
        return Quality(1.0, ("no-spleen-found",), ("no spleen was found on this scan",), {})
    values = features(measurement, segmentation, volume)
    model = shipped_model()
    against = sorted(((term.evidence(values), term) for term in model.terms), key=lambda pair: -pair[0])
    heard = [term for evidence, term in against if evidence >= _SPEAKS_AGAINST]
    return Quality(model.score(values), tuple(term.reason for term in heard),
                   tuple(term.in_words(values) for term in heard), values)
