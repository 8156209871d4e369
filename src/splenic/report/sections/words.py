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
    """The log-rank p with what it is and is not corrected for."""
    test = survival.logrank
    if test is None:
        return []
    if searched(cutoff):
        lines = []
        if cutoff.p_corrected is not None:
            lines.append(f"{numbers.p_phrase(cutoff.p_corrected)} (corrected for the searched cut-off)")
        return [
            *lines,
            f"Log-rank {numbers.p_phrase(test.p)} (unadjusted: cut-off searched in these patients)",
        ]
    origin = {"development": "; cut-off from other patients", "cross-fitted": "; cut-off cross-fitted"}
    known = "" if cutoff is None else origin.get(cutoff.validation or "", "")
    return [f"Log-rank {numbers.p_phrase(test.p)} (unadjusted{known})"]


def ratio_line(ratio: Any, level: float | None, name: str = "HR") -> str:
    """A hazard ratio with interval and p."""
    text = numbers.ratio(ratio.estimate, ratio.low, ratio.high)
    return f"{name} ({ci(level)}) {text}"


def not_done_rows(rows: Any) -> list[str]:
    """Reasons of lines that could not be computed."""
    return [f"{row.label}: {row.not_done}." for row in rows if row.not_done]
