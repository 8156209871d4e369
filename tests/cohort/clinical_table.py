"""A small clinical table and its dictionary, to be broken one way at a time."""

from __future__ import annotations

from typing import Any

from splenic.cohort import DataDictionary, parse_dictionary

HEADER = "ID,Sex,Age,TACE,Last seen,Died,Death,Albumin,Bilirubin,INR,Ascites,HE,Nodules,Size mm,Platelets"
ROWS = (
    "P1,m,69,2019-03-04,2021-01-10,,0,31,1.4,1.2,0,0,3,42,129",
    "P2,f,71,2019-04-01,,2020-04-01,1,27,2.2,1.3,1,0,1,28,87",
    "P3,m,58,2019-05-20,,2019-12-31,1,42,0.7,1.0,0,0,diff,,192",
)
TABLE = "\n".join((HEADER, *ROWS))
DICTIONARY = """
name: small
fields:
  patient_id: {column: ID}
  sex: {column: Sex, codes: {m: male, f: female}}
  age: {column: Age, unit: years}
  tace_date: {column: TACE}
  last_contact_date: {column: Last seen}
  death_date: {column: Died}
  death: {column: Death, codes: {"1": true, "0": false}}
  albumin: {column: Albumin, unit: g/l}
  bilirubin: {column: Bilirubin, unit: mg/dL}
  inr: {column: INR, unit: "1"}
  ascites: {column: Ascites, codes: {"0": none, "1": slight, "2": moderate_severe}}
  encephalopathy: {column: HE, codes: {"0": none, "1": grade_1_2, "2": grade_3_4}}
  tumour_number: {column: Nodules, codes: {diff: diffuse}}
  tumour_size: {column: Size mm, unit: mm}
  platelets: {column: Platelets, unit: /nl}
"""


def dictionary(extra: str = "", **changed: str) -> DataDictionary:
    """The small dictionary with lines added, or with a field's line changed."""
    text = DICTIONARY
    for field, source in changed.items():
        lines = text.splitlines()
        place = next(n for n, line in enumerate(lines) if line.startswith(f"  {field}:"))
        lines[place] = f"  {field}: {source}"
        text = "\n".join(lines)
    return parse_dictionary(f"{text}\n{extra}", "small.yaml")


def changed(row: int, column: str, text: str) -> str:
    """The small table as CSV with one cell changed; the header is row 1."""
    lines = [line.split(",") for line in (HEADER, *ROWS)]
    lines[row - 1][lines[0].index(column)] = text
    return "\n".join(",".join(line) for line in lines)


def dictionary_of(*fields: str, top: str = "") -> DataDictionary:
    """A dictionary of a patient column ID and the given fields; `top` is added beside them."""
    lines = "\n".join(f"  {field}" for field in ("patient_id: {column: ID}", *fields))
    return parse_dictionary(f"name: small\nfields:\n{lines}\n{top}", "small.yaml")


def new_workbook() -> Any:
    """An empty workbook of one sheet."""
    import openpyxl

    return openpyxl.Workbook()
