"""Numbers as a journal prints them: p with three decimals, hazard ratios with two, never a bare "0.000"."""

from __future__ import annotations

import math

DASH = "–"
MINUS = "−"
UNKNOWN = "–"


def fixed(value: float | None, decimals: int, unknown: str = UNKNOWN) -> str:
    """A number with fixed decimals and a true minus sign.

    Examples
    --------
    >>> fixed(-1.25, 1)
    '−1.2'
    >>> fixed(None, 2)
    '–'
    """
    if value is None or not math.isfinite(value):
        return unknown
    text = f"{value:.{decimals}f}"
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0.") else MINUS + text[1:]
    return text


def measure(value: float | None, unknown: str = UNKNOWN) -> str:
    """A measured number with about three digits: 551, 42.3, 1.40.

    Examples
    --------
    >>> measure(551.2), measure(42.31), measure(1.4)
    ('551', '42.3', '1.40')
    """
    return fixed(value, decimals_of(value), unknown)


def decimals_of(*values: float | None) -> int:
    """Decimals that give the largest of some numbers about three digits."""
    sizes = [abs(v) for v in values if v is not None and math.isfinite(v)]
    largest = max(sizes, default=0.0)
    if largest >= 99.95:
        return 0
    return 1 if largest >= 9.995 else 2


def interval(low: float | None, high: float | None, decimals: int, open_end: str = UNKNOWN) -> str:
    """Two limits, joined by a dash, or by "to" where a minus sign would stand beside it.

    Examples
    --------
    >>> interval(1.2, 3.456, 2), interval(-0.1, 0.2, 1)
    ('1.20–3.46', '−0.1 to 0.2')
    """
    ends = fixed(low, decimals, open_end), fixed(high, decimals, open_end)
    plain = all(e[:1].isdigit() for e in ends)
    return DASH.join(ends) if plain else " to ".join(ends)


def with_interval(
    estimate: float | None, low: float | None, high: float | None, decimals: int, unknown: str = UNKNOWN
) -> str:
    """An estimate and its interval, e.g. ``1.85 (1.32–2.60)``."""
    if estimate is None or not math.isfinite(estimate):
        return unknown
    if low is None and high is None:
        return fixed(estimate, decimals)
    return f"{fixed(estimate, decimals)} ({interval(low, high, decimals, 'open')})"


def ratio(estimate: float | None, low: float | None = None, high: float | None = None) -> str:
    """A hazard or odds ratio with its interval, two decimals; what exceeds 1000 is said to.

    Examples
    --------
    >>> ratio(1.851, 1.32, 2.6), ratio(0.5), ratio(None)
    ('1.85 (1.32–2.60)', '0.50', 'not estimable')
    """
    if estimate is None or not math.isfinite(estimate):
        return "not estimable"
    if low is None and high is None:
        return _ratio(estimate)
    return f"{_ratio(estimate)} ({_ratio(low)}{DASH}{_ratio(high)})"


def _ratio(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "∞"
    if value > 1000:
        return "> 1000"
    return "< 0.01" if 0 < value < 0.005 else f"{value:.2f}"


def median_time(estimate: float | None, low: float | None, high: float | None, unit: str = "") -> str:
    """A median survival time; what the curve does not reach is said to be not reached.

    Examples
    --------
    >>> median_time(24.9, 19.65, 28.12, "months")
    '24.9 months (19.6–28.1)'
    >>> median_time(24.9, 19.65, None)
    '24.9 (19.6–not reached)'
    >>> median_time(None, None, None)
    'not reached'
    """
    if estimate is None or not math.isfinite(estimate):
        if low is None or not math.isfinite(low):
            return "not reached"
        return f"not reached ({fixed(low, 1)}{DASH}not reached)"
    ends = fixed(low, 1, "not reached"), fixed(high, 1, "not reached")
    return f"{fixed(estimate, 1)}{' ' + unit if unit else ''} ({DASH.join(ends)})"


def p_value(p: float | None, unknown: str = UNKNOWN) -> str:
    """A p value with three decimals; ``< 0.001`` and ``> 0.999`` beyond.

    Examples
    --------
    >>> p_value(0.0421), p_value(0.0004), p_value(1.0)
    ('0.042', '< 0.001', '> 0.999')
    """
    if p is None or not math.isfinite(p):
        return unknown
    if p < 0.001:
        return "< 0.001"
    return "> 0.999" if p > 0.999 else f"{p:.3f}"


def p_phrase(p: float | None) -> str:
    """A p value with its sign, e.g. ``p = 0.042`` or ``p < 0.001``."""
    text = p_value(p, "")
    if not text:
        return "p not computed"
    return f"p {text}" if text[0] in "<>" else f"p = {text}"


def percent(share: float | None, decimals: int = 1) -> str:
    """A share (0 to 1) in percent.

    Examples
    --------
    >>> percent(0.982)
    '98.2 %'
    """
    return UNKNOWN if share is None else f"{fixed(100 * share, decimals)} %"


def count_of(part: int, whole: int) -> str:
    """A count with its denominator and share, e.g. ``223/227 (98.2 %)``."""
    return f"{part}/{whole} ({percent(part / whole)})" if whole else f"{part}/{whole}"
