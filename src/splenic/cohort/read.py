"""Cells to values, by the data dictionary: converted, checked, and questioned where they are doubtful."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from splenic.cohort.dictionary import DataDictionary, Extra, Source
from splenic.cohort.problems import Problem
from splenic.cohort.schema import (
    CODES,
    FLAGS,
    MOST_NODULES,
    PATIENT_ID,
    QUANTITIES,
    TUMOUR_NUMBER,
    Quantity,
    Unit,
)
from splenic.cohort.table import Cell
from splenic.cohort.types import Value
from splenic.cohort.values import ValueProblem, decimal_mark, parse_date, parse_number, shown

ACCEPT = "mend it, or accept it with a reason in the dictionary"
MEND = "mend the value, or its unit in the dictionary"

Row = dict[str, Cell]


@dataclass(slots=True)
class Findings:
    """What is wrong and what is doubtful, gathered over all cells."""

    problems: list[Problem] = field(default_factory=list)
    questions: list[Problem] = field(default_factory=list)

    def wrong(self, cell: Cell, code: str, sentence: str, remedy: str = "") -> None:
        """Note what must be mended."""
        self.problems.append(Problem(code, sentence, remedy, cell.row, cell.column))

    def ask(self, cell: Cell, code: str, sentence: str) -> None:
        """Note what only a person can answer."""
        self.questions.append(Problem(code, sentence, ACCEPT, cell.row, cell.column))


def attribute(name: str) -> str:
    """What a field of the schema is called in a patient."""
    return QUANTITIES[name].attribute if name in QUANTITIES else name


def same_code(text: str, code: str) -> bool:
    """Whether two texts are one code: ``1``, ``1.0`` and ``1,0`` are."""
    if text == code:
        return True
    try:
        return parse_number(text) == parse_number(code)
    except ValueProblem:
        return False


def read_row(row: Row, dictionary: DataDictionary, findings: Findings) -> dict[str, object]:
    """All values of one patient by attribute; what cannot be read is None and in `findings`."""
    values: dict[str, object] = {}
    for name, source in dictionary.fields.items():
        values[attribute(name)] = _read_field(name, source, row, dictionary, findings)
    values["extra"] = {
        name: _read_extra(extra, row, dictionary, findings) for name, extra in dictionary.extra.items()
    }
    return values


def _read_field(
    name: str, source: Source, row: Row, dictionary: DataDictionary, findings: Findings
) -> object | None:
    if name in QUANTITIES:
        unit = QUANTITIES[name].find_unit(source.unit or "")
        assert unit is not None, "the dictionary has checked it"
        cells = _known(source, row, dictionary)
        values = [
            _quantity(name, QUANTITIES[name], unit, cell, text, dictionary, findings) for cell, text in cells
        ]
        return max((value for value in values if value is not None), default=None)
    if name in FLAGS:
        return _flag(source, row, dictionary, findings)
    known = next(iter(_known(source, row, dictionary)), None)
    if known is None:
        if name == PATIENT_ID:
            findings.wrong(row[source.columns[0]], "no-patient-id", "no patient is named", "name the patient")
        return None
    cell, text = known
    if name == PATIENT_ID:
        return text
    if name in CODES:
        return _code(source, cell, text, findings)
    if name == TUMOUR_NUMBER:
        return _nodules(source, cell, text, findings)
    return _date(cell, text, dictionary, findings)


def _read_extra(extra: Extra, row: Row, dictionary: DataDictionary, findings: Findings) -> Value:
    if extra.kind == "flag":
        return _flag(extra, row, dictionary, findings)
    known = _known(extra, row, dictionary)
    if extra.kind == "number":
        numbers = [_number(cell, text, dictionary, findings) for cell, text in known]
        return max((number for number in numbers if number is not None), default=None)
    if not known:
        return None
    cell, text = known[0]
    return text if extra.codes is None else _code(extra, cell, text, findings)


def _known(source: Source, row: Row, dictionary: DataDictionary) -> list[tuple[Cell, str]]:
    """The source's cells that hold something, with the text that counts."""
    found = []
    for column in source.columns:
        cell = row[column]
        text = next((new for old, new in source.replace.items() if same_code(cell.text, old)), cell.text)
        if text and not any(same_code(text, missing) for missing in dictionary.missing):
            found.append((cell, text))
    return found


def _number(cell: Cell, text: str, dictionary: DataDictionary, findings: Findings) -> float | None:
    try:
        return parse_number(text, "point" if cell.number and text == cell.text else dictionary.decimal)
    except ValueProblem as problem:
        findings.wrong(cell, problem.code, problem.sentence, problem.remedy)
        return None


def _quantity(
    name: str,
    quantity: Quantity,
    unit: Unit,
    cell: Cell,
    text: str,
    dictionary: DataDictionary,
    findings: Findings,
) -> float | None:
    number = _number(cell, text, dictionary, findings)
    if number is None:
        return None
    value = unit.convert(number)
    called = name.replace("_", " ")
    written = f"{number:g}" if unit.name == "1" else f"{number:g} {unit.name}"
    if quantity.time and value < 0:
        findings.wrong(
            cell, "negative-time", f"{written} lies before the start", "mend the time or its start"
        )
        return None
    if not quantity.possible[0] <= value <= quantity.possible[1]:
        sentence = f"{written} is impossible for {called}{_other_units(quantity, unit, number)}"
        findings.wrong(cell, "impossible-value", sentence, MEND)
        return None
    if quantity.whole and value != int(value):
        findings.wrong(cell, "not-whole", f"{written} is no whole number", "mend the value")
        return None
    if not quantity.usual[0] <= value <= quantity.usual[1]:
        sentence = f"{written} is unusual for {called}{_other_units(quantity, unit, number)}"
        findings.ask(cell, "unusual-value", sentence)
    return value


def _other_units(quantity: Quantity, unit: Unit, number: float) -> str:
    """``, but usual in g/dl``: the sign of a column whose unit is not what the dictionary says."""
    low, high = quantity.usual
    fitting = [
        other.name
        for other in quantity.units
        if (other.times, other.by) != (unit.times, unit.by) and low <= other.convert(number) <= high
    ]
    return f", but usual in {fitting[0]}" if fitting and not quantity.time else ""


def _flag(source: Source, row: Row, dictionary: DataDictionary, findings: Findings) -> bool | None:
    known = _known(source, row, dictionary)
    meanings = [_code(source, cell, text, findings) for cell, text in known]
    if any(meaning is True for meaning in meanings):
        return True
    all_said = len(known) == len(source.columns) and all(meaning is False for meaning in meanings)
    return False if all_said else None


def _code(source: Source, cell: Cell, text: str, findings: Findings) -> str | bool | None:
    codes = source.codes or {}
    for code, meaning in codes.items():
        if same_code(text, code):
            return meaning
    known = ", ".join(codes)
    findings.wrong(
        cell,
        "unknown-code",
        f"{shown(text)} is none of the codes {known}",
        "mend it, or add it to codes or missing in the dictionary",
    )
    return None


def _nodules(source: Source, cell: Cell, text: str, findings: Findings) -> int | str | None:
    if any(same_code(text, code) for code in source.codes or {}):
        return "diffuse"
    try:
        number = parse_number(text)
    except ValueProblem:
        number = 0
    if number != int(number) or not 1 <= number <= MOST_NODULES:
        sentence = f"{shown(text)} is no number of nodules (1 to {MOST_NODULES})"
        findings.wrong(cell, "impossible-value", sentence, "mend it, or say under codes what means diffuse")
        return None
    return int(number)


def _date(cell: Cell, text: str, dictionary: DataDictionary, findings: Findings) -> object | None:
    try:
        found = parse_date(text, dictionary.date_order)
    except ValueProblem as problem:
        findings.wrong(cell, problem.code, problem.sentence, problem.remedy)
        return None
    if found.serial:
        sentence = f"{text} was read as a spreadsheet's day number, {found.date.isoformat()}"
        findings.ask(cell, "serial-date", sentence)
    return found.date


def check_decimals(rows: list[Row], dictionary: DataDictionary, findings: Findings) -> None:
    """Numbers with a comma and numbers with a point in one table: a point may then part thousands."""
    if dictionary.decimal != "auto":
        return
    sources = [source for name, source in dictionary.fields.items() if name in QUANTITIES]
    sources += [extra for extra in dictionary.extra.values() if extra.kind == "number"]
    first: dict[str, tuple[Cell, str]] = {}
    for row in rows:
        for source in sources:
            for cell, text in _known(source, row, dictionary):
                mark = "" if cell.number else decimal_mark(text)
                if mark:
                    first.setdefault(mark, (cell, text))
    if len(first) > 1:
        (cell, text), (other, other_text) = first["."], first[","]
        sentence = f'{shown(text)} has a point, but row {other.row}, column "{other.column}" has a comma'
        sentence += f" ({shown(other_text)})"
        remedy = "say decimal: comma or decimal: point in the dictionary"
        findings.wrong(cell, "mixed-decimals", sentence, remedy)


def formula_columns(rows: Iterable[Row], columns: Iterable[str]) -> list[tuple[str, int]]:
    """Columns that hold formulas, with the number of such cells."""
    rows = list(rows)
    counts = [(column, sum(row[column].formula for row in rows)) for column in columns]
    return [(column, count) for column, count in counts if count]
