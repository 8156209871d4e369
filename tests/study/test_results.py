"""The results tree: written, read and refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.errors import InputError
from splenic.study import from_json, read_results, to_json, write_results
from splenic.study.results import Interval, rounded

EXAMPLE = Path(__file__).parent / "example_results.json"


def test_the_example_comes_back_byte_for_byte(tmp_path: Path) -> None:
    results = read_results(EXAMPLE)
    write_results(results, tmp_path / "results.json")
    assert (tmp_path / "results.json").read_bytes() == EXAMPLE.read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_an_unknown_field_is_refused_by_name() -> None:
    plain = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    plain["cutoff"]["vlaue"] = 3
    with pytest.raises(InputError, match=r"results\.json: cutoff\.vlaue: "):
        from_json(json.dumps(plain))


def test_another_format_is_refused() -> None:
    plain = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    plain["format_version"] = 99
    with pytest.raises(InputError, match="format_version"):
        from_json(json.dumps(plain))


def test_a_file_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.json: cannot be read"):
        read_results(tmp_path / "nothing.json")


@given(st.floats())
def test_numbers_keep_twelve_digits_and_are_never_infinite(value: float) -> None:
    kept = Interval(estimate=value).estimate
    if not math.isfinite(value):
        assert kept is None
    else:
        assert kept == pytest.approx(value, rel=1e-11, abs=0)
        assert rounded(kept) == kept


def test_what_is_not_known_is_null_in_the_file() -> None:
    text = to_json(read_results(EXAMPLE))
    assert "NaN" not in text
    assert "Infinity" not in text
