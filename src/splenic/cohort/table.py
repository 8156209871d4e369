"""A clinical table as text: CSV or XLSX, every cell with its row and column."""

from __future__ import annotations

import csv
import datetime
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splenic.cohort.problems import Problem, TableError
from splenic.errors import UsageError

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
DELIMITERS = (";", ",", "\t")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as text, stripped.

    Attributes
    ----------
    text : str
    row : int
        As a spreadsheet numbers it: the header is row 1.
    column : str
    formula : bool
        The workbook has a formula here, and `text` is its stored result.
    number : bool
        The workbook holds a number, so the decimal mark of `text` is a point.
    """

    text: str
    row: int
    column: str
    formula: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with one header row.

    Attributes
    ----------
    name : str
        File name, with the sheet's name where there is one.
    columns : tuple of str
        Header, in the table's order.
    rows : tuple of dict of str to Cell
        Rows that hold anything, each with a cell for every column.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, Cell], ...]


def read_table(path: str | Path, sheet: str | None = None) -> Table:
    """Read a CSV or XLSX file, every cell as text.

    CSV may be UTF-8 (with or without BOM), UTF-16 with BOM, or Western European (Windows-1252 or Latin-1),
    with ``;``, ``,`` or tab between cells. In XLSX, dates become ISO text, and a formula counts by its stored
    result.

    Parameters
    ----------
    path : str or Path
    sheet : str, optional
        Sheet of a workbook; the first one if not given.

    Raises
    ------
    TableError
        Empty, no header, a name twice in the header, a row of another length than the header, a formula
        without stored result, an error value.
    UsageError
        Not a file, of another kind, or no such sheet.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError("no-table", f"{path} is no file", "name a CSV or XLSX file")
    suffix = path.suffix.lower()
    if suffix in (".xlsx", ".xlsm"):
        name, lines = _workbook_lines(path, sheet)
    elif suffix in TEXT_SUFFIXES:
        if sheet is not None:
            raise UsageError(
                "no-sheet", f"{path.name} is a text table and has no sheets", "leave out the sheet"
            )
        name, lines = path.name, _text_lines(path)
    else:
        kind = (
            "the old Excel format"
            if suffix == ".xls"
            else f"of a kind that is not read ({suffix or 'no ending'})"
        )
        raise UsageError("unknown-table", f"{path.name} is {kind}", "save it as .xlsx or .csv")
    return _table(name, lines)


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of cells with its number; `wrong` says what is wrong with a cell."""

    number: int
    cells: list[str]
    formulas: frozenset[int] = frozenset()
    numbers: frozenset[int] = frozenset()
    wrong: tuple[tuple[int, str, str, str], ...] = ()


def _text_lines(path: Path) -> list[_Line]:
    text = _decode(path)
    rows: list[list[str]] = []
    # Strict, for otherwise a quotation mark that is never closed swallows the rows after it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for row in reader:
            rows.append(row)
    except csv.Error:
        sentence = "a quotation mark is not closed, or text follows it"
        problem = Problem("bad-quotes", sentence, "mend the quotation marks from here on", len(rows) + 1)
        raise TableError(path.name, [problem]) from None
    return [_Line(number, [cell.strip() for cell in row]) for number, row in enumerate(rows, 1)]


def _decode(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            problem = Problem("not-text", "the file begins as UTF-16 and is none", "save it as UTF-8")
            raise TableError(path.name, [problem]) from None
    if b"\0" in data:
        remedy = "if it is a workbook, give it the ending .xlsx"
        raise TableError(path.name, [Problem("not-text", "the file is binary, not a text table", remedy)])
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _delimiter(text: str) -> str:
    """The one that makes the most cells of the first row that holds anything."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([first], delimiter=delimiter), [])))


def _workbook_lines(path: Path, sheet: str | None) -> tuple[str, list[_Line]]:
    from openpyxl import load_workbook

    try:
        written, stored = load_workbook(path), load_workbook(path, data_only=True)
    except Exception as error:  # openpyxl passes on whatever zip and XML raise
        problem = Problem("not-a-workbook", "the file is no readable workbook", "save it again as .xlsx")
        raise TableError(path.name, [problem]) from error
    names = [worksheet.title for worksheet in written.worksheets]
    if sheet is not None and sheet not in names:
        listed = ", ".join(f'"{name}"' for name in names)
        raise UsageError("no-sheet", f'{path.name} has no sheet "{sheet}"', f"take one of {listed}")
    chosen = names[0] if sheet is None else sheet
    pairs = zip(written[chosen].iter_rows(), stored[chosen].iter_rows())
    lines = [_workbook_line(number, formulas, values) for number, (formulas, values) in enumerate(pairs, 1)]
    return (path.name if len(names) == 1 else f'{path.name}, sheet "{chosen}"'), lines


def _workbook_line(number: int, written: tuple[Any, ...], stored: tuple[Any, ...]) -> _Line:
    cells, formulas, numbers, wrong = [], set(), set(), []
    for place, (formula, value) in enumerate(zip(written, stored)):
        cells.append(_cell_text(value.value))
        if value.data_type == "n" and value.value is not None:
            numbers.add(place)
        if formula.data_type == "f":
            formulas.add(place)
            if value.value is None:
                sentence = "a formula without a stored result"
                remedy = "open and save the workbook in a spreadsheet program, or put the value in its place"
                wrong.append((place, "formula-without-value", sentence, remedy))
        if value.data_type == "e":
            wrong.append((place, "cell-error", f"the cell holds the error {value.value}", "mend or empty it"))
    return _Line(number, cells, frozenset(formulas), frozenset(numbers), tuple(wrong))


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


def _table(name: str, lines: list[_Line]) -> Table:
    filled = [line for line in lines if any(line.cells) or line.wrong]
    if not filled:
        raise TableError(name, [Problem("empty-table", "the table is empty", "there must be a header row")])
    header, body = filled[0], filled[1:]
    width = len(header.cells)
    while width and not header.cells[width - 1]:
        width -= 1
    columns = header.cells[:width]
    problems = _header_problems(columns, header, body)
    for line in body:
        problems += _line_problems(line, columns)
    if not body:
        problems.append(
            Problem("no-patients", "the table has a header and no rows", "there is nothing to read")
        )
    if problems:
        raise TableError(name, problems)
    return Table(name, tuple(columns), tuple(_cells(line, columns) for line in body))


def _header_problems(columns: list[str], header: _Line, body: list[_Line]) -> list[Problem]:
    problems = []
    for column, times in Counter(columns).items():
        if column and times > 1:
            sentence = f"{times} columns have this name"
            problems.append(Problem("double-column", sentence, "rename them", header.number, column))
    for place, column in enumerate(columns):
        if not column and any(place < len(line.cells) and line.cells[place] for line in body):
            sentence = f"column {place + 1} holds values and has no name"
            problems.append(Problem("nameless-column", sentence, "name it", header.number))
    return problems


def _line_problems(line: _Line, columns: list[str]) -> list[Problem]:
    problems = []
    for place, code, sentence, remedy in line.wrong:
        column = columns[place] if place < len(columns) else f"number {place + 1}"
        problems.append(Problem(code, sentence, remedy, line.number, column))
    count = len(line.cells)
    too_long = any(line.cells[len(columns) :])
    if too_long or count < len(columns):
        sentence = f"{count} cells where the header has {len(columns)}"
        remedy = "quote cells that hold the delimiter, such as decimal commas" if too_long else "mend the row"
        problems.append(Problem("row-length", sentence, remedy, line.number))
    return problems


def _cells(line: _Line, columns: list[str]) -> dict[str, Cell]:
    return {
        column: Cell(line.cells[place], line.number, column, place in line.formulas, place in line.numbers)
        for place, column in enumerate(columns)
        if column
    }
