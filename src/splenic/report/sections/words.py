"""Wordings that several sections share."""

from __future__ import annotations

from typing import Any

from splenic.report import numbers
from splenic.report.document import Section

METHODS = {
    "maxstat": "maximally selected log-rank statistic",
    "median": "median",
    "fixed": "fixed beforehand",
    "quantile": "quantile",
    "youden": "Youden index",
}


def ci(level: float | None) -> str:
    """Head of a column with intervals, e.g. ``95 % CI``."""
    return f"{100 * (level or 0.95):g} % CI"


def empty(key: str, title: str, part: Any) -> Section:
    """A section that was not done, with the reason."""
    return Section(key, title, notes=tuple(part.notes), not_done=sentence(part.not_done))


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def unit_of(label: str, unit: str | None) -> str:
    """A label with its unit, e.g. ``SV, ml``."""
    return f"{label}, {unit}" if unit else label


def in_words(test: Any, name: str | None = None) -> str:
    """A test in words, e.g. ``Gray's test: χ² = 5.20 (1 df), p = 0.023``."""
    if test is None:
        return ""
    statistic = ""
    if test.statistic is not None and test.df is not None:
        statistic = f"χ² = {numbers.fixed(test.statistic, 2)} ({test.df:g} df), "
    return f"{name or sentence(test.method)[:-1]}: {statistic}{numbers.p_phrase(test.p)}"


def searched(cutoff: Any) -> bool:
    """Whether the groups were cut where they differed most in these same patients."""
    return cutoff is not None and cutoff.method in ("maxstat", "youden") and cutoff.validation == "none"


def logrank_lines(survival: Any, cutoff: Any = None) -> list[str]:
    """The log-rank p with what it is and is not corrected for; short enough for a figure."""
    test = survival.logrank
    if test is None:
        return []
    if searched(cutoff):
        lines = [f"Log-rank {numbers.p_phrase(test.p)} (unadjusted, cut-off searched)"]
        if cutoff.p_corrected is not None:
            lines.insert(0, f"{numbers.p_phrase(cutoff.p_corrected)} (cut-corrected)")
        return lines
    return [f"Log-rank {numbers.p_phrase(test.p)} (unadjusted)"]


def cutoff_origin(cutoff: Any) -> str:
    """Where the groups come from, for a legend; empty where there is no cut-off."""
    if cutoff is None or cutoff.not_done or cutoff.value is None:
        return ""
    unit = f" {cutoff.unit}" if cutoff.unit else ""
    method = METHODS.get(cutoff.method, cutoff.method)
    text = f"Cut-off {numbers.measure(cutoff.value)}{unit} (low: at or below it; {method}"
    if searched(cutoff):
        return f"{text}), searched in these patients: their difference is exaggerated by the search."
    if cutoff.validation == "development":
        return f"{text}), found in other patients ({cutoff.found_in})."
    if cutoff.validation == "cross-fitted":
        return f"{text}); every patient was classified by a cut-off found in others."
    return f"{text})."


def lower(label: str) -> str:
    """A label in the middle of a sentence: abbreviations and names stay as they are."""
    plain = len(label) > 1 and label[1].islower() and not label.startswith(("Child", "Barcelona", "Okuda"))
    return label[:1].lower() + label[1:] if plain else label


def ratio_line(ratio: Any, level: float | None, name: str = "HR") -> str:
    """A hazard ratio with interval and p."""
    text = numbers.ratio(ratio.estimate, ratio.low, ratio.high)
    return f"{name} ({ci(level)}) {text}"


def not_done_rows(rows: Any) -> list[str]:
    """Reasons of lines that could not be computed."""
    return [f"{row.label}: {row.not_done}." for row in rows if row.not_done]
