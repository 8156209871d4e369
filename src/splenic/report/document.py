"""What a report consists of, before it becomes a page, a PDF or a Word file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from splenic.report.style import DataKind, Drawing


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; a heading spans it, an indented one belongs to the line above."""

    cells: tuple[str, ...]
    heading: bool = False
    indent: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the first column names the line, the others are set right.

    ``sortable`` is for tables whose lines stand for themselves. ``text_columns`` are set left like the first.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    sortable: bool = False
    text_columns: tuple[int, ...] = ()
    widths: tuple[int, ...] = ()
    """Shares of the width in percent, where the content alone would not lead to good ones."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report; ``not_done`` says why it is empty."""

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    not_done: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report."""

    title: str
    data: DataKind
    version: str
    facts: tuple[tuple[str, str], ...]
    """Name and value of what stands first, e.g. patients, deaths, median survival."""
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    language: str = field(default="en")

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(table for section in self.sections for table in section.tables)

    @property
    def drawings(self) -> tuple[Drawing, ...]:
        return tuple(drawing for section in self.sections for drawing in section.drawings)


def rows_of(cells: Sequence[Sequence[str]]) -> tuple[Row, ...]:
    """Plain lines of a table."""
    return tuple(Row(tuple(line)) for line in cells)
