"""The manuscript pack: filled from the run, and blank where only people know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from splenic.report.document import Document
from splenic.report.manuscript import Manuscript, manuscript, table_of
from splenic.report.tree import Node

BLANK = "BLANK: for the authors"


def _pack(content: dict[str, Any]) -> Manuscript:
    nothing = Document(
        "", "synthetic", "", (), ()
    )  # legends and results come from the report; not of interest
    return manuscript(Node(content), nothing)


@pytest.fixture(scope="module")
def pack() -> Manuscript:
    path = Path(__file__).parent.parent / "study" / "example_results.json"
    return _pack(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("key", "items", "whole"), [("remark", 20, 20), ("tripod-ai", 52, 27), ("claim", 42, 42)]
)
def test_checklists_are_complete(pack: Manuscript, key: str, items: int, whole: int) -> None:
    checklist = next(c for c in pack.checklists if c.key == key)
    numbers = [item.number for item in checklist.items]
    assert len(numbers) == len(set(numbers)) == items
    assert [*dict.fromkeys(int(n.rstrip("abcdefg")) for n in numbers)] == list(range(1, whole + 1))


def test_every_item_is_answered_or_marked_as_a_blank(pack: Manuscript) -> None:
    for checklist in pack.checklists:
        for item in checklist.items:
            assert item.filled or item.blank.startswith(BLANK), (checklist.key, item.number)
            assert item.state == ("filled" if not item.blank else "part" if item.filled else "blank")
        assert sum(checklist.count(state) for state in ("filled", "part", "blank")) == len(checklist.items)


def test_answers_come_from_the_run(pack: Manuscript, example: dict[str, Any]) -> None:
    remark = {item.number: item for item in pack.checklists[0].items}
    assert "540 ml" in remark["11"].filled
    assert "p = 0.031" in remark["11"].filled
    assert "1.82 (1.17–2.83)" in remark["15"].filled
    assert "44.1 months" in remark["6"].filled
    assert remark["3"].state == remark["19"].state == "blank"
    example["cutoff"]["value"] = 777.0
    changed = {item.number: item for item in _pack(example).checklists[0].items}
    assert "777 ml" in changed["11"].filled


def test_what_was_not_done_is_a_blank_and_not_an_invention(example: dict[str, Any]) -> None:
    example["header"]["models"] = []
    example["risk_model"]["not_done"] = "not asked for"
    example["cox_multivariable"] = []
    example["performance"]["not_done"] = "no report"
    pack = _pack(example)
    remark, tripod, claim = ({item.number: item for item in c.items} for c in pack.checklists)
    assert remark["16"].state == "blank"
    assert tripod["22"].state == tripod["23a"].state == "blank"
    assert claim["28"].state == "blank"
    methods = dict(pack.methods)
    assert "How SV was measured: [to be written by the authors]" in methods["Imaging and measurement"]
    assert "cross-validated" not in methods["Statistical analysis"]


def test_methods_name_versions_and_seed(pack: Manuscript) -> None:
    text = dict(pack.methods)["Software"]
    assert "Splenic 0.1.0" in text
    assert "numpy 2.4.0" in text
    assert "seed 2022" in text


def test_ethics_and_scanners_are_left_to_the_authors(pack: Manuscript) -> None:
    methods = dict(pack.methods)
    assert "ethics approval: [to be written by the authors]" in methods["Patients"]
    assert (
        "Scanners, contrast phase and slice thickness: [to be written" in methods["Imaging and measurement"]
    )


def test_a_checklist_says_how_much_is_filled(pack: Manuscript) -> None:
    table = table_of(pack.checklists[0])
    assert table.notes[0].startswith(f"{pack.checklists[0].count('filled')} of 20 items filled from the run")


def test_blanks_are_highlighted_in_word_and_stand_in_the_text(report: Path) -> None:
    import docx

    word = docx.Document(str(report / "manuscript.docx"))
    marked = [
        run.text
        for table in word.tables
        for row in table.rows
        for run in row.cells[2].paragraphs[0].runs
        if run.font.highlight_color is not None
    ]
    assert len(marked) > 40
    assert set(marked) == {BLANK}
    text = (report / "manuscript.md").read_text(encoding="utf-8")
    assert text.count(BLANK) == len(marked)
    assert "**SYNTHETIC DATA**" in text
