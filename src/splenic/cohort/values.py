"""Text of a cell to numbers and dates; what could mean two things is never guessed."""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from typing import Literal

Decimal = Literal["auto", "comma", "point"]
DateOrder = Literal["day-first", "month-first"]

# Day 0 of spreadsheets' serial numbers, so that the nonexistent 29 February 1900 is passed.
SERIAL_ZERO = datetime.date(1899, 12, 30)
EARLIEST, LATEST = datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")


class ValueProblem(ValueError):
    """A cell that cannot be read: a code, a sentence and a remedy."""

    def __init__(self, code: str, sentence: str, remedy: str = "") -> None:
        self.code, self.sentence, self.remedy = code, sentence, remedy
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class ReadDate:
    """A date; `serial` where it was a spreadsheet's day number."""

    date: datetime.date
    serial: bool = False


def shown(text: str) -> str:
    """A cell's text for a message: quoted, and cut short."""
    return f'"{text[:37]}..."' if len(text) > 40 else f'"{text}"'


def parse_number(text: str, decimal: Decimal = "auto") -> float:
    """A number with decimal point or comma.

    Parameters
    ----------
    text : str
    decimal : {"auto", "comma", "point"}
        With "auto", ``3,5`` is 3.5, ``1.234,5`` and ``1,234.5`` are 1234.5, and ``1,234`` is refused,
        because it may be either.

    Examples
    --------
    >>> parse_number("3,5"), parse_number("1.234,5"), parse_number("-2e3")
    (3.5, 1234.5, -2000.0)
    """
    plain = text.replace("\u2212", "-").replace("\u00a0", "").replace("\u202f", "")
    if "," in plain:
        plain = _without_commas(plain, decimal)
    elif decimal == "comma":
        plain = _grouped(plain, ".") if plain.count(".") else plain
    # A number too large for a float is none either.
    if not _PLAIN.fullmatch(plain) or not math.isfinite(float(plain)):
        remedy = (
            "write a number; list it under missing if it means not known, or under replace with its value"
        )
        raise ValueProblem("not-a-number", f"{shown(text)} is no number", remedy)
    return float(plain)


def decimal_mark(text: str) -> str:
    """``,`` or ``.`` where a number has one of them, once; empty where it has none, or both.

    Examples
    --------
    >>> decimal_mark("3,5"), decimal_mark("1.234"), decimal_mark("12"), decimal_mark("1.234,5")
    (',', '.', '', '')
    """
    marks = [mark for mark in text if mark in ",."]
    return marks[0] if len(marks) == 1 and _PLAIN.fullmatch(text.replace(",", ".")) else ""


def _without_commas(text: str, decimal: Decimal) -> str:
    both = "." in text
    if decimal == "auto" and not both and re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text):
        whole = text.replace(",", "")
        sentence = f"{shown(text)} may be {whole} or {text.replace(',', '.')}"
        raise ValueProblem(
            "ambiguous-number", sentence, "say decimal: comma or decimal: point in the dictionary"
        )
    last_is_comma = text.rfind(",") > text.rfind(".")
    if decimal == "comma" or (decimal == "auto" and (not both or last_is_comma)):
        return _grouped(text, ".").replace(",", ".") if text.count(",") == 1 else text
    return _grouped(text, ",")


def _grouped(text: str, mark: str) -> str:
    """Without the marks between thousands; unchanged, and so no number, where they stand elsewhere."""
    other = "," if mark == "." else "."
    head = text.split(other, maxsplit=1)[0]
    if mark not in text:
        return text
    if not re.fullmatch(rf"[+-]?\d{{1,3}}(\{mark}\d{{3}})+", head):
        return f"{text}?"
    return head.replace(mark, "") + text[len(head) :]


def parse_date(text: str, order: DateOrder | None = None) -> ReadDate:
    """A date: year first, D.M.YYYY, or with slashes by the declared order; or a spreadsheet's day number.

    Examples
    --------
    >>> parse_date("4.3.2019").date.isoformat(), parse_date("43528")
    ('2019-03-04', ReadDate(date=datetime.date(2019, 3, 4), serial=True))
    """
    if _SERIAL.fullmatch(text):
        return ReadDate(_within(SERIAL_ZERO + datetime.timedelta(days=int(float(text))), text), serial=True)
    for pattern in (_ISO, _COMPACT):
        if match := pattern.fullmatch(text):
            year, month, day = (int(part) for part in match.groups())
            return ReadDate(_date(year, month, day, text))
    if match := _DOTTED.fullmatch(text):
        day, month, year = (int(part) for part in match.groups())
        return ReadDate(_date(year, month, day, text))
    if match := _SLASHED.fullmatch(text):
        first, second, year = (int(part) for part in match.groups())
        day, month = _ordered(first, second, order, text)
        return ReadDate(_date(year, month, day, text))
    raise ValueProblem("not-a-date", f"{shown(text)} is no date", "write dates as YYYY-MM-DD")


def _ordered(first: int, second: int, order: DateOrder | None, text: str) -> tuple[int, int]:
    if order is None:
        if first == second:
            return first, second
        if first > 12 or second > 12:
            return (first, second) if first > 12 else (second, first)
        remedy = "say date_order: day-first or date_order: month-first in the dictionary"
        raise ValueProblem("ambiguous-date", f"{shown(text)} may be day or month first", remedy)
    return (first, second) if order == "day-first" else (second, first)


def _date(year: int, month: int, day: int, text: str) -> datetime.date:
    try:
        return _within(datetime.date(year, month, day), text)
    except ValueProblem:
        raise
    except ValueError:
        raise ValueProblem(
            "not-a-date", f"{shown(text)} is no day of the calendar", "mend the date"
        ) from None


def _within(date: datetime.date, text: str) -> datetime.date:
    if not EARLIEST <= date <= LATEST:
        raise ValueProblem("impossible-date", f"{shown(text)} lies outside 1900 to 2199", "mend the date")
    return date
