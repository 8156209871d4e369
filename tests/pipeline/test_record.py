"""`record.json`: its schema, and that nothing is lost on the way to the file and back."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splenic.ct import Finding, Geometry, ScanInfo
from splenic.errors import InputError
from splenic.measure.types import Calliper, Measurement
from splenic.pipeline.record import (
    SCHEMA_FILE,
    Candidate,
    CaseRecord,
    ScanRecord,
    SegmentationRecord,
    Times,
    schema,
)
from splenic.quality.types import Quality

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
number = st.floats(-1e6, 1e6)
maybe = st.none() | number
findings = st.lists(st.builds(Finding, text, text, st.booleans()), max_size=3).map(tuple)
vector = st.tuples(number, number, number)
callipers = st.none() | st.builds(Calliper, number, vector, vector, st.none() | st.integers(0, 999))
grids = st.none() | st.builds(
    Geometry, st.tuples(*[st.integers(1, 600)] * 3), vector, vector, st.tuples(vector, vector, vector)
)
spans = st.tuples(st.integers(0, 9), st.integers(0, 9))
records = st.builds(
    CaseRecord,
    case_id=text,
    status=st.sampled_from(["ok", "review", "refused", "failed"]),
    reasons=st.lists(text, max_size=2).map(tuple),
    sentences=st.lists(text, max_size=2).map(tuple),
    source=text,
    scan=st.none()
    | st.builds(
        ScanRecord,
        st.builds(ScanInfo, text, slice_thickness_mm=maybe),
        text,
        text,
        text,
        grids,
        st.integers(0, 2000),
        text,
    ),
    candidates=st.lists(
        st.builds(
            Candidate,
            text,
            text,
            text,
            text,
            text,
            text,
            st.integers(0, 9),
            maybe,
            text,
            findings,
            st.booleans(),
            text,
        ),
        max_size=2,
    ).map(tuple),
    findings=findings,
    segmentation=st.none()
    | st.builds(SegmentationRecord, text, text, text, text, text, st.tuples(spans, spans, spans), maybe),
    measurement=st.builds(
        Measurement,
        maybe,
        maybe,
        maybe,
        st.none() | st.booleans(),
        craniocaudal=callipers,
        centroid_lps_mm=st.none() | vector,
    ),
    quality=st.none() | st.builds(Quality, number, features=st.dictionaries(text, number, max_size=2)),
    fingerprint=text,
    splenic_version=text,
    times=st.builds(Times, text, number, st.dictionaries(text, number, max_size=2), number),
)


@settings(max_examples=15)
@given(records)
def test_a_record_read_back_is_the_record(record: CaseRecord) -> None:
    assert CaseRecord.from_json(record.to_json()) == record


@settings(max_examples=15)
@given(records)
def test_every_record_fits_the_shipped_schema(record: CaseRecord) -> None:
    shipped = json.loads(SCHEMA_FILE.read_text("utf-8"))
    jsonschema.validate(json.loads(record.to_json()), shipped, cls=jsonschema.Draft202012Validator)


def test_the_shipped_schema_is_that_of_the_dataclasses() -> None:
    # Where this fails: `make schema`; count the version up if a reader of older records would stumble.
    assert json.loads(SCHEMA_FILE.read_text("utf-8")) == schema()


def test_the_schema_refuses_what_is_no_record() -> None:
    shipped = json.loads(SCHEMA_FILE.read_text("utf-8"))
    good = json.loads(CaseRecord("20200101-0", "ok").to_json())
    for wrong in ({**good, "status": "fine"}, {**good, "reasons": "a;b"}, {**good, "schema_version": 2}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, shipped)


def test_what_is_not_a_record_is_named() -> None:
    with pytest.raises(InputError, match="status") as caught:
        CaseRecord.from_json('{"case_id": "a", "status": "fine"}')
    assert caught.value.code == "record-unreadable"


def test_unknown_is_null_and_never_nan() -> None:
    nan = float("nan")
    quality = Quality(0.5, features={"entropy": nan, "components": 2.0})
    record = CaseRecord("a", "review", measurement=Measurement(sv_ml=1.0, hu_sd=nan), quality=quality)
    plain = json.loads(record.to_json())
    assert plain["measurement"]["hu_sd"] is None
    assert plain["quality"]["features"] == {"components": 2.0}
    assert CaseRecord.from_json(record.to_json()).measurement == Measurement(sv_ml=1.0)
