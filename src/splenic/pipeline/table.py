"""`measurements.csv`: one row a case, always rebuilt from the records."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from splenic.measure.types import Calliper, Measurement
from splenic.pipeline.files import write_whole
from splenic.pipeline.record import CaseRecord

COLUMNS = (
    "case_id",
    "patient_id",
    "study_date",
    "status",
    "reason",
    "sv_ml",
    "sv_low_ml",
    "sv_high_ml",
    "complete",
    "craniocaudal_mm",
    "axial_diameter_mm",
    "width_mm",
    "thickness_mm",
    "splenic_index_cm3",
    "sv_ellipsoid_ml",
    "sv_prassopoulos_ml",
    "surface_cm2",
    "hu_mean",
    "hu_sd",
    "hu_median",
    "centroid_l_mm",
    "centroid_p_mm",
    "centroid_s_mm",
    "failure_score",
    "phase",
    "slice_thickness_mm",
    "slice_spacing_mm",
    "pixel_mm",
    "slices",
    "kernel",
    "series_description",
    "study_uid",
    "series_uid",
    "acquisition",
    "engine",
    "model",
    "model_version",
    "splenic_version",
    "seconds",
    "verdict",
    "reader",
    "sv_corrected_ml",
)


def number(value: float | None, digits: int) -> str:
    """A number with a fixed count of decimals; empty where it is not known; never ``-0.0``."""
    if value is None or value != value:
        return ""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def row(record: CaseRecord) -> dict[str, str]:
    """The row of one case, a text for every column.

    The review columns (``verdict``, ``reader``, ``sv_corrected_ml``) stay empty until a reader fills them.
    """
    cells = dict.fromkeys(COLUMNS, "")
    cells.update(
        case_id=record.case_id,
        status=record.status,
        reason=record.reason,
        splenic_version=record.splenic_version,
        seconds=number(record.times.seconds, 2),
    )
    cells.update(_scan_cells(record))
    cells.update(_measured_cells(record.measurement))
    if record.quality is not None:
        cells["failure_score"] = number(record.quality.failure_score, 3)
    made = record.segmentation
    if made is not None:
        cells.update(engine=made.engine, model=made.model, model_version=made.model_version)
    return {name: cells[name] for name in COLUMNS}


def _scan_cells(record: CaseRecord) -> dict[str, str]:
    scan = record.scan
    if scan is None:
        return {"series_description": record.source}
    info, grid = scan.info, scan.geometry
    cells = {
        "patient_id": info.patient_id,
        "study_date": info.study_date,
        "phase": scan.phase,
        "slice_thickness_mm": number(info.slice_thickness_mm, 3),
        "kernel": info.kernel,
        "series_description": info.series_description,
        "study_uid": info.study_uid,
        "series_uid": info.series_uid,
        "acquisition": info.acquisition,
    }
    if grid is not None:
        cells.update(
            slice_spacing_mm=number(grid.slice_distance_mm, 3),
            pixel_mm=number(grid.spacing_mm[2], 4),
            slices=str(grid.shape[0]),
        )
    return cells


def _measured_cells(found: Measurement) -> dict[str, str]:
    def length(size: Calliper | None) -> str:
        return number(size.length_mm if size else None, 1)

    centroid = found.centroid_lps_mm or (None, None, None)
    return {
        "sv_ml": number(found.sv_ml, 1),
        "sv_low_ml": number(found.sv_low_ml, 1),
        "sv_high_ml": number(found.sv_high_ml, 1),
        "complete": "" if found.complete is None else str(found.complete).lower(),
        "craniocaudal_mm": length(found.craniocaudal),
        "axial_diameter_mm": length(found.axial_diameter),
        "width_mm": length(found.width),
        "thickness_mm": length(found.thickness),
        "splenic_index_cm3": number(found.splenic_index_cm3, 1),
        "sv_ellipsoid_ml": number(found.sv_ellipsoid_ml, 1),
        "sv_prassopoulos_ml": number(found.sv_prassopoulos_ml, 1),
        "surface_cm2": number(found.surface_cm2, 1),
        "hu_mean": number(found.hu_mean, 1),
        "hu_sd": number(found.hu_sd, 1),
        "hu_median": number(found.hu_median, 1),
        "centroid_l_mm": number(centroid[0], 1),
        "centroid_p_mm": number(centroid[1], 1),
        "centroid_s_mm": number(centroid[2], 1),
    }


def in_order(records: Iterable[CaseRecord]) -> list[CaseRecord]:
    """Records sorted by patient, date and case, as the table has them."""

    def key(record: CaseRecord) -> tuple[str, str, str]:
        info = record.scan.info if record.scan else None
        return (info.patient_id if info else "", info.study_date if info else "", record.case_id)

    return sorted(records, key=key)


def write_table(path: Path, records: Iterable[CaseRecord]) -> None:
    """Write ``measurements.csv`` whole or not at all: UTF-8, a header, one row a case."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for record in in_order(records):
        writer.writerow({name: _plain(cell) for name, cell in row(record).items()})
    write_whole(path, text.getvalue().encode("utf-8"))


def _plain(cell: str) -> str:
    """A cell on one line, and never a formula for the spreadsheet that opens it."""
    flat = " ".join(cell.split()) if any(c in cell for c in "\r\n\t\0") else cell
    formula = flat[:1] in ("=", "@") or (flat[:1] in ("+", "-") and ("|" in flat or "(" in flat))
    return "'" + flat if formula else flat
