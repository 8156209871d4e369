"""The pages say what the code does: examples run, and every field and score has its line."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from clinical_table import dictionary

from splenic.cohort import JoinPolicy, Patient, parse_dictionary, patient_scores
from splenic.cohort.schema import CODES, DATES, FLAGS, QUANTITIES

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def page() -> str:
    return (DOCS / "cohort.md").read_text(encoding="utf-8")


def test_the_examples_of_the_scores_run() -> None:
    result = doctest.testfile(str(DOCS / "scores.md"), module_relative=False, encoding="utf-8")
    assert result.attempted >= 4
    assert result.failed == 0


def test_every_score_has_a_line() -> None:
    text = (DOCS / "scores.md").read_text(encoding="utf-8")
    for name in patient_scores(Patient(2, ""), unverified=True):
        assert re.search(rf"^\| {re.escape(name)}( \(unverified\))? \|", text, re.MULTILINE), name


def test_the_dictionary_of_the_page_is_valid(page: str) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert parse_dictionary(example, "page.yaml").name == "my-cohort"


def test_every_field_stands_on_the_page(page: str) -> None:
    for field in (*DATES, *FLAGS, *CODES):
        assert f"`{field}`" in page, field
    for meanings in CODES.values():
        assert all(f"`{meaning}`" in page for meaning in meanings)
    for name, quantity in QUANTITIES.items():
        line = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        _, _, attribute, units, possible, usual, _ = (cell.strip() for cell in line.split("|"))
        assert attribute == f"`{quantity.attribute}`"
        assert units == ", ".join(unit.name for unit in quantity.units)
        for cell, limits in ((possible, quantity.possible), (usual, quantity.usual)):
            assert tuple(float(limit) for limit in re.split(r"–| to ", cell)) == limits


def test_the_policy_of_the_page_is_the_default(page: str) -> None:
    policy = JoinPolicy()
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    for line in lines:
        names = re.findall(r"`(\w+)`", line.split("|")[1])
        if names and all(hasattr(policy, name) for name in names):
            stated = line.split("|")[2].strip().strip("`").split(", ")
            for name, value in zip(names, stated * len(names) if len(stated) == 1 else stated):
                assert str(getattr(policy, name)) == value, name


def test_the_questions_of_the_page_are_those_of_the_code(page: str) -> None:
    source = Path(dictionary.__code__.co_filename).resolve().parents[2] / "src" / "splenic" / "cohort"
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(source.glob("*.py")))
    asked = set(re.findall(r'findings\.ask\([^"]*?"([a-z-]+)"', code)) | {"mostly-missing"}
    assert len(asked) >= 5
    assert all(f"`{name}`" in page for name in asked)
