"""`CaseRecord`: everything known of one case, and its JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from splenic.ct.geometry import Geometry
from splenic.ct.types import Finding, ScanInfo
from splenic.errors import InputError
from splenic.measure.types import Measurement
from splenic.quality.types import Quality

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Status = Literal["ok", "review", "refused", "failed"]

SCHEMA_VERSION = 1
SCHEMA_FILE = Path(__file__).with_name("record-1.schema.json")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scan that could have been the case, and why it was or was not taken."""

    series_uid: str
    series_number: str
    series_description: str
    acquisition: str
    kind: str
    phase: str
    slices: int
    slice_distance_mm: float | None
    kernel: str
    findings: tuple[Finding, ...]
    chosen: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """The scan that was measured or refused.

    ``files`` counts its files; ``sha256`` is the hash of the sorted hashes of their contents, so that it does
    not depend on names, order or packing. ``geometry`` is in the DICOM patient system (LPS, mm).
    """

    info: ScanInfo
    identity: str
    kind: str
    phase: str
    geometry: Geometry | None
    files: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SegmentationRecord:
    """What made the mask. ``box`` is [start, stop) along slice, row and column of the scan's grid."""

    engine: str
    model: str
    model_version: str
    model_hash: str
    device: str
    box: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    disagreement: float | None


@dataclass(frozen=True, slots=True)
class Times:
    """When and how long; the only part of a record that differs between two equal runs."""

    started: str = ""
    seconds: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """Everything known of one case; ``record.json`` is its JSON.

    Parameters
    ----------
    case_id : str
        Study date and a short hash of patient and scan; no names.
    status : str
        ``ok``, ``review`` (measured, but a reader must look), ``refused`` (the input cannot be trusted) or
        ``failed`` (the program or an engine could not finish).
    reasons, sentences : tuple of str
        The codes behind the status, and the same in words.
    source : str
        For an input that held no scan: the name of the file or folder. Empty otherwise.
    fingerprint : str
        Hash of the input, the options, the model and the version: equal means nothing to do.
    """

    case_id: str
    status: Status
    reasons: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    source: str = ""
    scan: ScanRecord | None = None
    candidates: tuple[Candidate, ...] = ()
    findings: tuple[Finding, ...] = ()
    segmentation: SegmentationRecord | None = None
    measurement: Measurement = field(default_factory=Measurement)
    quality: Quality | None = None
    fingerprint: str = ""
    splenic_version: str = ""
    times: Times = field(default_factory=Times)
    schema_version: Literal[1] = 1

    @property
    def reason(self) -> str:
        """The reasons as the column ``reason`` has them."""
        return ";".join(self.reasons)

    def to_json(self) -> str:
        """JSON text, UTF-8, one space of indentation; NaN never occurs, unknown is null."""
        plain = _finite(_adapter().dump_python(self, mode="json"))
        return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @staticmethod
    def from_json(text: str) -> CaseRecord:
        """Read a record back.

        Raises
        ------
        InputError
            If the text is not a record of this version.
        """
        from pydantic import ValidationError

        try:
            return _adapter().validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise InputError(
                "record-unreadable",
                f"a record cannot be read ({where}: {first['msg']})",
                "measure the case again with --overwrite",
            ) from error


def _finite(value: Any) -> Any:
    """JSON has no NaN: a value that is none is null, a feature that is none is left out."""
    if isinstance(value, dict):
        cleaned = {key: _finite(part) for key, part in value.items()}
        if isinstance(cleaned.get("features"), dict):
            cleaned["features"] = {key: part for key, part in cleaned["features"].items() if part is not None}
        return cleaned
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@cache
def _adapter() -> TypeAdapter[CaseRecord]:
    from pydantic import TypeAdapter

    return TypeAdapter(CaseRecord)


def schema() -> dict[str, Any]:
    """The JSON Schema of ``record.json``, as the shipped file has it."""
    plain = _adapter().json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Splenic case record",
        **{key: value for key, value in plain.items() if key != "title"},
    }


def write_schema(path: Path = SCHEMA_FILE) -> None:
    """Write the schema file anew; a test holds it equal to the dataclasses."""
    path.write_text(json.dumps(schema(), indent=1) + "\n", encoding="utf-8")
