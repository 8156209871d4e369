"""Intervals by patient."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.evaluate import bootstrap_by_patient


def test_all_resamples_of_two_patients_are_known() -> None:
    """Two patients are drawn as aa, ab, ba or bb; the means over their cases are 1, 1.5, 1.5 and 3."""
    found = bootstrap_by_patient([1, 1, 1, 3], ["a", "a", "a", "b"], np.mean, seed=0, resamples=4000)
    assert (found.estimate, found.low, found.high) == (1.5, 1.0, 3.0)
    assert (found.patients, found.cases) == (2, 4)
    median = bootstrap_by_patient([1, 1, 1, 3], ["a", "a", "a", "b"], np.mean, 0, 4000, level=0.4)
    assert (median.low, median.high) == (1.5, 1.5)


def test_one_case_each_gives_the_normal_interval() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(10, 2, 200)
    found = bootstrap_by_patient(values, list(range(200)), np.mean, seed=1, resamples=3000)
    half = 1.96 * values.std() / math.sqrt(200)
    assert found.low == pytest.approx(values.mean() - half, abs=0.06)
    assert found.high == pytest.approx(values.mean() + half, abs=0.06)


def test_repeating_each_case_within_its_patient_adds_no_certainty() -> None:
    values = np.random.default_rng(2).normal(size=12)
    names = list("abcdefghijkl")
    once = bootstrap_by_patient(values, names, np.mean, seed=3)
    thrice = bootstrap_by_patient(np.repeat(values, 3), np.repeat(names, 3).tolist(), np.mean, seed=3)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=12), st.integers(0, 99))
def test_same_seed_same_interval_within_the_data(values: list[float], seed: int) -> None:
    names = [index // 2 for index in range(len(values))]
    found = bootstrap_by_patient(values, names, np.mean, seed, resamples=50)
    again = bootstrap_by_patient(values, names, np.mean, seed, resamples=50)
    assert repr(found) == repr(again)
    if found.patients > 1:
        assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


def test_pairs_stay_together() -> None:
    pairs = np.array([[1.0, 2.0], [2.0, 4.0], [5.0, 10.0]])
    found = bootstrap_by_patient(pairs, "abc", lambda t: float(t[:, 1].sum() / t[:, 0].sum()), seed=0)
    assert (found.low, found.high) == (2.0, 2.0)


def test_nan_is_not_dropped_and_infinity_is_kept() -> None:
    with_nan = bootstrap_by_patient([1.0, math.nan, 2.0], "abc", np.mean, seed=0)
    assert math.isnan(with_nan.estimate)
    assert math.isnan(with_nan.low)
    with_infinite = bootstrap_by_patient([1.0, math.inf, 2.0], "abc", np.median, seed=0)
    assert (with_infinite.estimate, with_infinite.low, with_infinite.high) == (2.0, 1.0, math.inf)


def test_one_patient_has_no_interval() -> None:
    found = bootstrap_by_patient([1.0, 2.0], ["a", "a"], np.mean, seed=0)
    assert found.estimate == 1.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize(("values", "patients"), [([], []), ([1.0], ["a", "b"])])
def test_lengths_must_fit(values: list[float], patients: list[str]) -> None:
    with pytest.raises(ValueError, match="cases"):
        bootstrap_by_patient(values, patients, np.mean, seed=0)
