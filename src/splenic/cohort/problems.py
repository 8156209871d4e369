"""What is wrong or doubtful in a table: every cell at once, by row and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from splenic.errors import InputError

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or a question that only a person can answer.

    Attributes
    ----------
    code : str
        Kebab-case, e.g. ``negative-time``.
    sentence : str
        What is wrong, without the place.
    remedy : str
        What to do; may be empty.
    row : int or None
        Row as a spreadsheet numbers it: the header is row 1. None for a whole column or table.
    column : str or None
        The table's own name of the column.
    reason : str
        For an accepted question: why, in the dictionary's words.
    """

    code: str
    sentence: str
    remedy: str = ""
    row: int | None = None
    column: str | None = None
    reason: str = ""

    @property
    def place(self) -> str:
        """``row 17, column "Albumin"``, as far as known."""
        parts = []
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f'column "{self.column}"')
        return ", ".join(parts)

    def __str__(self) -> str:
        text = f"{self.place}: {self.sentence}" if self.place else self.sentence
        if self.reason:
            return f"{text} (accepted: {self.reason})"
        return f"{text}; {self.remedy}" if self.remedy else text


class TableError(InputError):
    """A table cannot be used as it is; carries all that is wrong with it, not only the first.

    Parameters
    ----------
    name : str
        File name of the table.
    problems : sequence of Problem
        What must be mended.
    questions : sequence of Problem
        What is doubtful and not acknowledged in the data dictionary.
    """

    def __init__(self, name: str, problems: Sequence[Problem], questions: Sequence[Problem] = ()) -> None:
        self.name = name
        self.problems = tuple(problems)
        self.questions = tuple(questions)
        everything = (*self.problems, *self.questions)
        code = everything[0].code if len({problem.code for problem in everything}) == 1 else "bad-table"
        if len(everything) == 1:
            sentence = f"{name}: {everything[0]}"
        else:
            lines = [f"  {problem}" for problem in everything[:SHOWN]]
            if len(everything) > SHOWN:
                lines.append(f"  and {len(everything) - SHOWN} more")
            sentence = "\n".join([f"{name}: {_counted(self.problems, self.questions)}", *lines])
        super().__init__(code, sentence)

    def __reduce__(self) -> tuple[type[TableError], tuple[str, tuple[Problem, ...], tuple[Problem, ...]]]:  # type: ignore[override]
        return (type(self), (self.name, self.problems, self.questions))


def _counted(problems: Sequence[Problem], questions: Sequence[Problem]) -> str:
    parts = []
    if problems:
        parts.append(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}")
    if questions:
        parts.append(f"{len(questions)} question{'s' if len(questions) > 1 else ''} not yet answered")
    return " and ".join(parts)
