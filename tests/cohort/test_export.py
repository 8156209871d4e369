"""Exports: nothing that a spreadsheet program would run, nothing lost."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from pathlib import Path

import pytest
from clinical_table import changed, dictionary
from hypothesis import given
from hypothesis import strategies as st

from splenic.cohort import Cohort, export, export_cohort, export_csv, read_table, safe_text
from splenic.cohort.values import ValueProblem, parse_number


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(export).failed == 0


@pytest.mark.parametrize(
    "text", ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "\t=1", "\r=1", "=HYPERLINK(1)", "＝1", "-", "-1,5"]
)
def test_a_formula_is_defused(text: str) -> None:
    assert safe_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1.7247", "+3", "-1e-5", "Child A", "", "'=1", "a=b", "2019-03-04"])
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert safe_text(text) == text


@given(st.text(max_size=20))
def test_no_exported_text_starts_a_formula(text: str) -> None:
    safe = safe_text(text)
    assert safe.removeprefix("'") == text.removeprefix("'")
    if safe[:1] in tuple("=+-@\t\r\n"):
        try:
            parse_number(safe, "point")
        except ValueProblem:
            pytest.fail(f"{safe!r} would be run")


def test_an_injection_in_a_clinical_table_does_not_come_out_again(
    cohort_of: Callable[..., Cohort], tmp_path: Path
) -> None:
    attack = "=cmd|'/c calc'!A1"
    by = dictionary('extra:\n  "@note": {column: Note, kind: category}\n')
    lines = changed(2, "ID", attack).splitlines()
    text = "\n".join(f"{line},{cell}" for line, cell in zip(lines, ("Note", "+1+1", "fine", "-2")))
    cohort = cohort_of(text, by)
    assert cohort.patients[0].patient_id == attack
    export_cohort(cohort, tmp_path / "out.csv")
    table = read_table(tmp_path / "out.csv")
    assert table.rows[0]["patient_id"].text == f"'{attack}"
    assert [row["'@note"].text for row in table.rows] == ["'+1+1", "fine", "-2"]
    for row in table.rows:
        assert all(safe_text(cell.text) == cell.text for cell in row.values())
    assert all(safe_text(column) == column for column in table.columns)


def test_values_come_out_as_they_are_known(
    cohort_of: Callable[..., Cohort], small_table: str, tmp_path: Path
) -> None:
    export_cohort(cohort_of(small_table), tmp_path / "out.csv")
    table = read_table(tmp_path / "out.csv")
    first, _, third = table.rows
    assert float(first["ALBI value"].text) == pytest.approx(-1.7247, abs=5e-5)
    assert (first["ALBI group"].text, first["death"].text, first["tace_date"].text) == (
        "2",
        "false",
        "2019-03-04",
    )
    assert (third["tumour_size_cm"].text, third["tumour_number"].text, third["sv_ml"].text) == (
        "",
        "diffuse",
        "",
    )
    assert "STATE value" not in table.columns


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    def rows() -> object:
        yield ("a",)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        export_csv(tmp_path / "out.csv", ["x"], rows())  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    export_csv(tmp_path / "out.csv", ["x", "y"], [("a", None), (True, 0.1 + 0.2)])
    assert (tmp_path / "out.csv").read_text() == "x,y\na,\ntrue,0.3\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
