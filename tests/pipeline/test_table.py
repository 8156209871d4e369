"""`measurements.csv`: the columns of the contract, and what stands in them."""

from __future__ import annotations

import csv
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from splenic.ct import Geometry, ScanInfo
from splenic.measure.types import Calliper, Measurement
from splenic.pipeline.record import CaseRecord, ScanRecord
from splenic.pipeline.table import COLUMNS, number, row, write_table

CONTRACT = (
    "case_id, patient_id, study_date, status, reason, sv_ml, sv_low_ml, sv_high_ml, complete, "
    "craniocaudal_mm, "
    "axial_diameter_mm, width_mm, thickness_mm, splenic_index_cm3, sv_ellipsoid_ml, sv_prassopoulos_ml, "
    "surface_cm2, hu_mean, hu_sd, hu_median, centroid_l_mm, centroid_p_mm, centroid_s_mm, failure_score, "
    "phase, slice_thickness_mm, slice_spacing_mm, pixel_mm, slices, kernel, series_description, study_uid, "
    "series_uid, acquisition, engine, model, model_version, splenic_version, seconds, verdict, reader, "
    "sv_corrected_ml"
)
AXIAL = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


def record(
    case_id: str = "20200101-0", patient: str = "P1", date: str = "20200101", **values: object
) -> CaseRecord:
    info = ScanInfo(
        patient_id=patient, study_date=date, slice_thickness_mm=5.0, series_description="Abdomen, axial"
    )
    grid = Geometry((40, 512, 512), (0.0, 0.0, 0.0), (2.5, 0.75, 0.75), AXIAL)
    scan = ScanRecord(info, "id", "dicom", "portal-venous", grid, 40, "ab")
    return CaseRecord(case_id, "ok", scan=scan, **values)  # type: ignore[arg-type]


def read(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_columns_are_those_of_the_contract_in_order() -> None:
    assert ", ".join(COLUMNS) == CONTRACT


def test_what_was_measured_stands_in_its_column() -> None:
    size = Calliper(101.26, (0, 0, 0), (0, 0, 101.26))
    found = Measurement(
        sv_ml=148.66, complete=False, craniocaudal=size, hu_mean=-3.04, centroid_lps_mm=(1.0, 2.0, -3.0)
    )
    cells = row(record(measurement=found))
    assert cells["sv_ml"] == "148.7"
    assert cells["complete"] == "false"
    assert cells["craniocaudal_mm"] == "101.3"
    assert cells["hu_mean"] == "-3.0"
    assert cells["centroid_s_mm"] == "-3.0"
    assert (cells["slice_spacing_mm"], cells["pixel_mm"], cells["slices"]) == ("2.500", "0.7500", "40")


def test_what_is_not_known_is_empty_and_never_zero() -> None:
    cells = row(CaseRecord("00000000-0", "refused", source="export.zip"))
    filled = {name for name, cell in cells.items() if cell}
    assert filled == {"case_id", "status", "seconds", "series_description"}
    assert row(record())["sv_ml"] == row(record())["complete"] == ""


@given(st.none() | st.just(float("nan")) | st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_number_is_its_nearest_decimal(value: float | None, digits: int) -> None:
    text = number(value, digits)
    if value is None or value != value:
        assert text == ""
    else:
        assert abs(float(text) - value) <= 0.5000001 * 10**-digits
        assert not (text.startswith("-") and float(text) == 0)


def test_rows_are_sorted_by_patient_date_and_case(tmp_path: Path) -> None:
    records = [
        record("b", "P2", "2001"),
        record("z", "P1", "2002"),
        record("y", "P1", "2002"),
        record("x", "P1", "2003"),
    ]
    write_table(tmp_path / "t.csv", records)
    assert [cells["case_id"] for cells in read(tmp_path / "t.csv")] == ["y", "z", "x", "b"]


def test_a_description_can_hold_anything_but_a_formula(tmp_path: Path) -> None:
    from dataclasses import replace

    wanted = {
        'a, "b"\nc': 'a, "b" c',
        "=1+1": "'=1+1",
        "+C 2.5": "+C 2.5",
        "-2+3|cmd": "'-2+3|cmd",
        "Bauch äöü": "Bauch äöü",
    }
    for given_text, expected in wanted.items():
        one = record()
        assert one.scan is not None
        info = replace(one.scan.info, series_description=given_text)
        write_table(tmp_path / "t.csv", [replace(one, scan=replace(one.scan, info=info))])
        assert read(tmp_path / "t.csv")[0]["series_description"] == expected
