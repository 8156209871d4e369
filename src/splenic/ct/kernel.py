"""What a reconstruction kernel's name says of its sharpness, maker by maker."""

from __future__ import annotations

import re
from typing import Literal

from splenic.ct.types import ScanInfo

Sharpness = Literal["soft", "sharp", "unknown"]

_SHARP_WORDS = re.compile(
    r"lung|bone|edge|ultra|sharp|detail\+|poumon|knochen|lunge|osseux|hueso|pulmon|\bos\b|osso|"
    r"\bhr\b|hrct|inner ear|temporal"
)
_SOFT_WORDS = re.compile(r"soft|stand|detail|body|abd|medium smooth|smooth|weich|chst|chest|mediast|parench")
# Siemens: a letter or two, a number, sometimes a dose letter (B30f, Br40d, I31s, Qr40); Philips: one letter,
# Y before it for the sharp ones; Canon and Toshiba: FC and a number.
_SIEMENS = re.compile(r"^[biqhju][rfvpwl]?(\d\d)", re.IGNORECASE)
_CANON = re.compile(r"^fc(\d\d)", re.IGNORECASE)
_PHILIPS_SOFT, _PHILIPS_SHARP = (
    {"a", "b", "c", "sa", "sb", "ub"},
    {"d", "e", "f", "l", "ya", "yb", "yc", "yd", "ye"},
)


def sharpness(info: ScanInfo) -> Sharpness:
    """Soft or sharp, by the kernel's name, else by the words of the description."""
    kernel = info.kernel.strip().lower()
    if (match := _SIEMENS.match(kernel)) or (match := _CANON.match(kernel)):
        number, limit = int(match.group(1)), 50 if kernel[0] != "f" else 30
        return "soft" if number < limit else "sharp"
    if kernel in _PHILIPS_SOFT:
        return "soft"
    if kernel in _PHILIPS_SHARP:
        return "sharp"
    for text in (kernel, info.series_description.lower()):
        if _SHARP_WORDS.search(text):
            return "sharp"
        if _SOFT_WORDS.search(text):
            return "soft"
    return "unknown"
