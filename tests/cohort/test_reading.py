"""Tables, numbers and dates as they are read."""

from __future__ import annotations

import datetime
import doctest
import re
import zipfile
from pathlib import Path

import pytest
from clinical_table import new_workbook
from hypothesis import given
from hypothesis import strategies as st

from splenic.cohort import Table, read_table, values
from splenic.cohort.values import SERIAL_ZERO, ValueProblem, parse_date, parse_number
from splenic.errors import UsageError


def written(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row.values()] for row in table.rows]


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(values).failed == 0


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_and_quotes(tmp_path: Path, delimiter: str) -> None:
    lines = (("ID", "Note", "Age"), ("A", '"one, two; three"', " 60 "), ("B", '"two\nlines"', "61"))
    table = read_table(written(tmp_path, "\r\n".join(delimiter.join(line) for line in lines)))
    assert table.columns == ("ID", "Note", "Age")
    assert texts(table) == [["A", "one, two; three", "60"], ["B", "two\nlines", "61"]]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, '\nID,Age\n\n"A\nB",60\n,,\nC,61\n'.replace(",,", ",")))
    assert [row["ID"].row for row in table.rows] == [4, 6]


def test_a_workbook_gives_the_same_texts(tmp_path: Path) -> None:
    workbook = new_workbook()
    workbook.active.title = "notes"
    sheet = workbook.create_sheet("patients")
    sheet.append(["ID", "TACE", "Seen", "Age", "Albumin", "Late"])
    sheet.append([7, datetime.date(2019, 3, 4), datetime.datetime(2020, 1, 2, 8, 30), 60.0, 31.5, True])
    workbook.save(tmp_path / "table.xlsx")
    table = read_table(tmp_path / "table.xlsx", "patients")
    assert table.name == 'table.xlsx, sheet "patients"'
    assert texts(table) == [["7", "2019-03-04", "2020-01-02 08:30:00", "60", "31.5", "True"]]
    assert parse_date(table.rows[0]["Seen"].text).date == datetime.date(2020, 1, 2)
    with pytest.raises(UsageError) as caught:
        read_table(tmp_path / "table.xlsx", "patient")
    assert str(caught.value) == 'table.xlsx has no sheet "patient"; take one of "notes", "patients"'


def test_a_formula_counts_by_its_stored_result(tmp_path: Path) -> None:
    """openpyxl stores no results; the sheet's XML is mended as a spreadsheet program would write it."""
    workbook = new_workbook()
    workbook.active.append(["ID", "Age"])
    workbook.active.append(["A", "=59+1"])
    workbook.save(tmp_path / "plain.xlsx")
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as plain, zipfile.ZipFile(tmp_path / "t.xlsx", "w") as new:
        for name in plain.namelist():
            content = plain.read(name)
            if name.endswith("sheet1.xml"):
                content, times = re.subn(rb"</f><v>?\s*(</v>|/>)", b"</f><v>60</v>", content)
                assert times == 1
            new.writestr(name, content)
    cell = read_table(tmp_path / "t.xlsx").rows[0]["Age"]
    assert (cell.text, cell.formula) == ("60", True)


def test_the_published_workbook_is_the_published_table(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "clinical"
    text = read_table(folder / "hcc_tace_seg.csv")
    book = read_table(folder / "hcc_tace_seg.xlsx", "data table")
    assert text.columns == book.columns
    assert len(text.columns) == 57
    assert len(text.rows) == len(book.rows) == 105
    for one, other in zip(text.rows, book.rows):
        for column in text.columns:
            assert one[column].row == other[column].row
            first, second = one[column].text, other[column].text
            assert first == second or float(first) == pytest.approx(float(second), abs=1e-6)


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("3.5", "auto", 3.5),
        ("3,5", "auto", 3.5),
        ("-0,25", "auto", -0.25),
        ("1.234,5", "auto", 1234.5),
        ("1,234.5", "auto", 1234.5),
        ("12.345.678,9", "auto", 12345678.9),
        ("0,125", "auto", 0.125),
        ("1,234", "point", 1234.0),
        ("1,234", "comma", 1.234),
        ("1.234", "comma", 1234.0),
        ("1.234", "auto", 1.234),
        ("\u22123", "auto", -3.0),
        ("1e3", "auto", 1000.0),
        ("1\u00a0234", "auto", 1234.0),
    ],
)
def test_numbers(text: str, decimal: values.Decimal, value: float) -> None:
    assert parse_number(text, decimal) == value


@pytest.mark.parametrize(
    "text", ["", "x", "1,2,3", "1.2.3", "12,34.5", "<2", "5 mg", "1/2", "nan", "inf", "--1", "1e999"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueProblem, match="is no number"):
        parse_number(text)


@pytest.mark.parametrize(("text", "decimal"), [("1.5", "comma"), ("1,5", "point")])
def test_the_other_decimal_mark_is_no_number(text: str, decimal: values.Decimal) -> None:
    with pytest.raises(ValueProblem, match="is no number"):
        parse_number(text, decimal)


@given(st.floats(-1e9, 1e9).filter(lambda x: abs(x) > 1e-4 or x == 0))
def test_any_number_comes_back_with_either_mark(value: float) -> None:
    text = f"{value:.6f}"
    assert parse_number(text) == float(text)
    assert parse_number(text.replace(".", ",")) == float(text)


@given(st.dates(datetime.date(1930, 1, 1), datetime.date(2150, 1, 1)))
def test_any_date_comes_back_in_every_form(date: datetime.date) -> None:
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y"):
        text = date.strftime(form)
        assert parse_date(text).date == date
    assert parse_date(date.strftime("%d/%m/%Y"), "day-first").date == date
    assert parse_date(date.strftime("%m/%d/%Y"), "month-first").date == date
    serial = (date - SERIAL_ZERO).days
    if serial >= 10000:
        assert parse_date(str(serial)) == values.ReadDate(date, serial=True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("04.03.19", "not-a-date"),
        ("March 2019", "not-a-date"),
        ("2019", "not-a-date"),
        ("2019-13-01", "not-a-date"),
        ("31.04.2019", "not-a-date"),
        ("1819-03-04", "impossible-date"),
        ("03/04/2019", "ambiguous-date"),
    ],
)
def test_what_is_no_date(text: str, code: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        parse_date(text)
    assert caught.value.code == code


def test_a_slashed_date_that_has_one_reading() -> None:
    assert parse_date("25/04/2019").date == parse_date("04/25/2019").date == datetime.date(2019, 4, 25)
    assert parse_date("04/04/2019").date == datetime.date(2019, 4, 4)
