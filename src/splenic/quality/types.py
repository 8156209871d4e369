"""How far a result can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Quality:
    """The failure score of one case with its reasons.

    Parameters
    ----------
    failure_score : float
        Estimated probability, 0..1, that a reader would reject the mask.
    reasons : tuple of str
        Kebab-case codes of what speaks against the mask, strongest first.
    sentences : tuple of str
        The same in words, with the numbers.
    features : mapping of name to value
        The numbers behind the score.
    """

    failure_score: float
    reasons: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    features: Mapping[str, float] = field(default_factory=dict)
