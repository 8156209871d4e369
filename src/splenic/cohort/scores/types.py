"""What a score returns, and how its inputs are checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Value = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Score:
    """A clinical score of one patient, with everything needed to check it by hand.

    Attributes
    ----------
    name : str
        Such as ``MELD-Na``.
    value : float or None
        The number, rounded where the score's own rule rounds; None where the score has none or an input is
        missing.
    group : str or None
        Class, grade or stage; None where the score has none or an input is missing.
    inputs : tuple of (str, value)
        The inputs as used, after clamping, units in their names; empty where one is missing.
    clamps : tuple of str
        Which limits changed an input, e.g. ``creatinine_mg_dl 0.9 → 1.0``.
    missing : tuple of str
        The inputs that are not known. Nothing is ever filled in.
    source : str
        The publication whose rule is followed.
    unrounded : float or None
        The number before the rule's rounding.
    verified : bool
        False where the rule was taken from a second-hand source and must be checked before use.
    """

    name: str
    value: float | None
    group: str | None
    source: str
    inputs: tuple[tuple[str, Value], ...] = ()
    clamps: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unrounded: float | None = None
    verified: bool = True

    def __str__(self) -> str:
        if self.missing:
            return f"{self.name}: not known ({', '.join(self.missing)} missing)"
        number = "" if self.value is None else f"{self.value:.4g}"
        return f"{self.name}: " + ", ".join(part for part in (number, self.group) if part)


@dataclass(slots=True)
class Inputs:
    """The inputs of one score: which are missing, and which were clamped."""

    given: Mapping[str, Value | None]
    clamps: list[str] = field(default_factory=list)
    used: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.given.items():
            if value is None or (isinstance(value, float) and math.isnan(value)):
                continue
            if not isinstance(value, (str, bool)) and not math.isfinite(value):
                raise ValueError(f"{name} is {value}")
            self.used[name] = value

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the inputs that are not known, in the order given."""
        return tuple(name for name in self.given if name not in self.used)

    def clamp(self, name: str, low: float | None = None, high: float | None = None) -> float:
        """The input within its limits; a change is noted."""
        value = float(self.used[name])
        kept = value if low is None else max(value, low)
        kept = kept if high is None else min(kept, high)
        if kept != value:
            self.clamps.append(f"{name} {value:g} → {kept:g}")
        self.used[name] = kept
        return kept

    def score(
        self,
        name: str,
        source: str,
        value: float | None,
        group: str | None = None,
        *,
        unrounded: float | None = None,
        verified: bool = True,
    ) -> Score:
        """The finished score."""
        used = tuple(self.used.items())
        return Score(name, value, group, source, used, tuple(self.clamps), (), unrounded, verified)

    def unknown(self, name: str, source: str, *, verified: bool = True) -> Score:
        """No score, because inputs are missing."""
        return Score(name, None, None, source, missing=self.missing, verified=verified)


def positive(**values: float | int | str | None) -> None:
    """Refuse what no measurement can be: zero, below zero, text for a number."""
    for name, value in values.items():
        if isinstance(value, str) or (value is not None and value <= 0):
            raise ValueError(f"{name} must be above 0, not {value}")


def one_of(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    """Refuse a code that the score does not know."""
    if value is not None and value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


def round_half_up(value: float, digits: int = 0) -> float:
    """Round as by hand: a half goes up, where Python's ``round`` goes to the even neighbour."""
    scale = 10.0**digits
    return math.floor(value * scale + 0.5) / scale
