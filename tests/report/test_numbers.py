"""Numbers as printed."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.report import numbers


def test_the_examples_of_the_docstrings_run() -> None:
    result = doctest.testmod(numbers)
    assert result.attempted >= 10
    assert result.failed == 0


@given(st.floats(0, 1))
def test_no_p_value_is_ever_printed_as_zero_or_one(p: float) -> None:
    text = numbers.p_value(p)
    assert text not in ("0.000", "1.000")
    assert text in ("< 0.001", "> 0.999") or abs(float(text) - p) <= 0.0005 + 1e-12


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_fixed_number_reads_back_and_never_shows_minus_zero(value: float, decimals: int) -> None:
    text = numbers.fixed(value, decimals)
    assert "-" not in text
    assert float(text.replace(numbers.MINUS, "-")) == pytest.approx(value, abs=0.5 * 10**-decimals + 1e-9)
    assert not (text.startswith(numbers.MINUS) and float(text[1:]) == 0)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ((1.0, 0.5, None), "1.00 (0.50–∞)"),
        ((5000.0, 2.0, float("inf")), "> 1000 (2.00–∞)"),
        ((0.001, 0.0001, 0.2), "< 0.01 (< 0.01–0.20)"),
        ((None, None, None), "not estimable"),
    ],
)
def test_ratios_at_their_ends(value: tuple[float | None, ...], printed: str) -> None:
    assert numbers.ratio(*value) == printed


def test_unknown_is_a_dash_and_never_a_zero() -> None:
    assert {numbers.fixed(None, 1), numbers.percent(None), numbers.p_value(None), numbers.measure(None)} == {
        "–"
    }
    assert numbers.fixed(float("nan"), 1) == "–"


def test_limits_beyond_the_curve_are_said_to_be_not_reached() -> None:
    assert numbers.median_time(None, 12.3, None) == "not reached (12.3–not reached)"
