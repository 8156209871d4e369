"""Data dictionaries: every fault with its place."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from clinical_table import DICTIONARY

from splenic.cohort import BUILT_IN, DictionaryError, load_dictionary, parse_dictionary
from splenic.cohort.schema import CODES, FIELDS, FLAGS, QUANTITIES
from splenic.cohort.types import PATIENT_NAMES
from splenic.errors import UsageError


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(DictionaryError) as caught:
        parse_dictionary(text, "x.yaml")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    return caught.value.faults


def with_field(line: str) -> str:
    return f"name: x\nfields:\n  patient_id: {{column: ID}}\n  {line}\n"


def test_every_field_of_the_schema_has_a_place_in_a_patient() -> None:
    for name in FIELDS:
        assert (QUANTITIES[name].attribute if name in QUANTITIES else name) in PATIENT_NAMES
    assert len(set(FIELDS)) == len(FIELDS)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("albumn: {column: A}", "fields.albumn: not a field of the schema; did you mean albumin"),
        ("albumin: {column: A}", "fields.albumin: say the unit (g/l, g/dl)"),
        ("albumin: {column: A, unit: mg}", "fields.albumin: mg is not a unit of albumin; one of g/l, g/dl"),
        ("albumin: {column: A, unit: g/l, codes: {a: b}}", "fields.albumin: codes have no meaning here"),
        ("death: {column: A}", "fields.death: say which codes mean true and false"),
        ("death: {column: A, codes: {1: dead}}", "fields.death: the code 1 must mean true or false"),
        ("sex: {column: A}", "fields.sex: say what the codes mean (female, male)"),
        ("sex: {column: A, codes: {m: man}}", "fields.sex: man is not a meaning; one of female, male"),
        ("sex: {column: [A, B], codes: {m: male}}", "fields.sex: takes one column"),
        ("tace_date: {column: A, unit: days}", "fields.tace_date: a unit has no meaning here"),
        ("tumour_number: {column: A, codes: {x: 9}}",
         "fields.tumour_number: codes may only say which code means diffuse"),
        ("age: {column: A, unit: years, colour: red}", "fields.age.colour: unknown key"),
    ],
)  # fmt: skip
def test_faults(line: str, fault: str) -> None:
    assert faults(with_field(line)) == (fault,)


def test_a_code_that_yaml_takes_for_a_truth_value_must_be_quoted() -> None:
    (fault,) = faults(with_field("death: {column: A, codes: {no: false, yes: true}}"))[:1]
    assert fault.endswith("put the code in quotes: YAML reads it as false")


def test_all_faults_come_at_once() -> None:
    text = with_field("albumin: {column: A, unit: mg}\n  death: {column: D}").replace("patient_id", "patient")
    assert len(faults(text)) == 4
    assert faults("name: x\nfields:\n  age: {column: A}\n  age: {column: B}")[0].startswith(
        "the key age stands twice"
    )
    assert faults("- a") == ("the file must hold fields and their columns",)
    assert faults("name: x\nfieldz: {}\nfields: {patient_id: {column: A}}") == ("fieldz: unknown key",)


def test_extra_covariates_and_requirements() -> None:
    extra = "extra:\n  age: {column: A, kind: number}\n  note: {column: [A, B], kind: category}\n"
    assert faults(with_field("") + extra) == (
        "extra.age: the schema has a field of this name; use it",
        "extra.note: takes one column",
    )
    extra = "extra:\n  sv_ml: {column: A, kind: number}\n"
    assert faults(with_field("") + extra) == (
        "extra.sv_ml: a patient or a spleen has a value of this name; take another",
    )
    requirement = "require: [{reason: r, field: nothing}]\n"
    assert faults(with_field("") + requirement) == ("require: nothing is no field of this dictionary",)


@pytest.mark.parametrize("name", sorted(QUANTITIES))
def test_units_however_spelled(name: str) -> None:
    for unit in QUANTITIES[name].units:
        for spelled in (unit.name, unit.name.upper(), unit.name.replace("u", "µ"), f" {unit.name} "):
            assert QUANTITIES[name].find_unit(spelled) is unit


def test_conversions() -> None:
    def value(name: str, unit: str, number: float) -> float:
        found = QUANTITIES[name].find_unit(unit)
        assert found is not None
        return found.convert(number)

    assert value("bilirubin", "mg/dL", 1.4) == pytest.approx(23.9456)
    assert value("albumin", "g/dl", 3.1) == pytest.approx(31)
    assert value("creatinine", "µmol/L", 88.42) == 1
    assert value("platelets", "/nl", 129) == value("platelets", "/µl", 129000) == 129
    assert value("tumour_size", "mm", 42) == 4.2
    assert value("crp", "mg/l", 15) == 1.5
    assert value("height", "m", 1.78) == pytest.approx(178)
    assert value("os_time", "weeks", 10) == 70
    assert value("os_time", "months", 12) == 365.25
    assert value("os_time", "years", 2) == 730.5


def test_usual_values_are_possible() -> None:
    for quantity in QUANTITIES.values():
        assert quantity.possible[0] <= quantity.usual[0] < quantity.usual[1] <= quantity.possible[1]


def test_built_in_dictionaries_load(tmp_path: Path) -> None:
    for name in BUILT_IN:
        assert load_dictionary(name).name == name
    (tmp_path / "mine.yaml").write_text(DICTIONARY, encoding="utf-8-sig")
    assert load_dictionary(tmp_path / "mine.yaml").name == "small"
    with pytest.raises(UsageError, match="name a YAML file or one of hcc-tace-seg, waw-tace"):
        load_dictionary("lung")


def test_codes_and_flags_are_apart() -> None:
    assert not set(CODES) & set(FLAGS)
