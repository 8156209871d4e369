"""Reporting checklists: what the run can answer is answered, the rest is marked as a blank.

Topics are put in our own words; the published statements hold the full text:
REMARK (McShane et al. 2005; Altman et al. 2012), TRIPOD+AI (Collins et al. 2024), CLAIM (Mongan et al. 2020,
with "reference standard" for "ground truth" as in the 2024 update).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from splenic.report.document import Row, Table

BLANK = "BLANK: for the authors"
STATES = {"filled": "from the run", "part": "in part", "blank": "blank"}
Answer = Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class Question:
    """An item of a checklist: ``answer`` gives what the run knows; ``open_part`` what only people know."""

    number: str
    part: str
    topic: str
    answer: Answer | None = None
    open_part: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An answered or open item."""

    number: str
    part: str
    topic: str
    filled: str
    blank: str

    @property
    def state(self) -> Literal["filled", "part", "blank"]:
        if not self.filled:
            return "blank"
        return "part" if self.blank else "filled"


@dataclass(frozen=True, slots=True)
class Checklist:
    """A checklist filled from one run."""

    key: str
    title: str
    source: str
    items: tuple[Item, ...]

    def count(self, state: Literal["filled", "part", "blank"]) -> int:
        """Items in a state."""
        return sum(item.state == state for item in self.items)


def fill(key: str, title: str, source: str, questions: Sequence[Question], results: Any) -> Checklist:
    """Answer every question that the run can answer."""
    return Checklist(key, title, source, tuple(_item(q, results) for q in questions))


def _item(question: Question, results: Any) -> Item:
    filled = (question.answer(results) or "") if question.answer else ""
    blank = ""
    if question.open_part:
        blank = f"{BLANK} ({question.open_part})"
    elif not filled:
        blank = BLANK
    return Item(question.number, question.part, question.topic, filled, blank)


def table_of(checklist: Checklist) -> Table:
    """A checklist as a table of the report."""
    rows: list[Row] = []
    part = ""
    for item in checklist.items:
        if item.part != part:
            part = item.part
            rows.append(Row((part, "", "", ""), heading=True))
        answer = " ".join(text for text in (item.filled, item.blank) if text)
        rows.append(Row((item.number, item.topic, answer, STATES[item.state])))
    head = ("Item", "Topic", "Answer", "State")
    done = (
        f"{checklist.count('filled')} of {len(checklist.items)} items filled from the run, "
        f"{checklist.count('part')} in part, "
        f"{checklist.count('blank')} blank. {checklist.source}",
    )
    return Table(
        checklist.key,
        checklist.title,
        head,
        tuple(rows),
        done,
        text_columns=(1, 2, 3),
        widths=(6, 27, 54, 13),
    )
