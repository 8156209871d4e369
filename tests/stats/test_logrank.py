"""Log-rank tests against R's survdiff, coin and hand-coded weights, and what must hold for any data."""

from __future__ import annotations

from typing import Any

import golden
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from splenic.stats._arrays import StatisticsError
from splenic.stats.logrank import logrank_test, pairwise_logrank, permutation_logrank, trend_test

REL = 1e-9
WEIGHTS = {
    "logrank": {},
    "gehan": {"weighting": "gehan"},
    "tarone_ware": {"weighting": "tarone-ware"},
    "peto_prentice": {"weighting": "peto-prentice"},
    "fh_rho1_gamma0": {"rho": 1},
    "fh_rho0_gamma1": {"gamma": 1},
    "fh_rho1_gamma1": {"rho": 1, "gamma": 1},
    "fh_rho05_gamma05": {"rho": 0.5, "gamma": 0.5},
}


def columns_of(case: golden.Case) -> dict[str, np.ndarray]:
    data = case.table()
    return {role: data[name] for role, name in case.columns.items()}


@pytest.mark.parametrize("case_id", golden.ids("logrank", "(?!trend|pairwise|weighted|coin).*"))
def test_group_comparisons_equal_r(case_id: str) -> None:
    case = golden.load("logrank", case_id)
    rho = {"rho05": 0.5, "rho1": 1.0}.get(case_id.split("_")[-1], 0.0)
    test = logrank_test(**columns_of(case), rho=rho)
    case.match("levels", test.levels, rel=0)
    found = {"n": test.n, "observed": test.observed, "expected": test.expected, "variance": test.variance}
    case.match("", found | {"chisq": test.statistic, "df": test.df, "p": test.p}, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("logrank", "trend.*"))
def test_trend_equals_the_quadratic_form_of_r(case_id: str) -> None:
    case = golden.load("logrank", case_id)
    test = trend_test(**columns_of(case), levels=tuple(case.expected("levels")))
    found = {"scores": test.scores, "u": test.estimate, "variance": test.variance, "z": test.z}
    case.match("", found | {"levels": test.levels, "chisq": test.statistic, "df": 1, "p": test.p}, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("logrank", "pairwise.*"))
def test_pairs_and_their_adjustments_equal_r(case_id: str) -> None:
    case = golden.load("logrank", case_id)
    for adjustment in ("holm", "bh", "bonferroni", "hochberg"):
        tests = pairwise_logrank(**columns_of(case), adjustment=adjustment)
        case.match(f"p_{adjustment}", tests.p_adjusted, rel=REL)
    found = {"first": tests.first, "second": tests.second, "chisq": tests.statistic, "p": tests.p}
    case.match("", found, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("logrank", "weighted.*"))
def test_weights_equal_the_formulas(case_id: str) -> None:
    case = golden.load("logrank", case_id)
    for name, options in WEIGHTS.items():
        test = logrank_test(**columns_of(case), **options)
        u, variance = test.observed[1] - test.expected[1], test.variance[1, 1]
        found = {"u": u, "variance": variance, "z": u / variance**0.5, "chisq": test.statistic, "p": test.p}
        case.match(name, found, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("logrank", "coin.*"))
def test_the_permutation_form_equals_coin(case_id: str) -> None:
    case = golden.load("logrank", case_id)
    ties = "nelson-aalen" if "mid" in case_id else "hothorn-lausen"
    test = permutation_logrank(**columns_of(case), ties=ties)
    case.match("", {"z": -test.z, "p_asymptotic": test.p, "p_exact": test.p_exact}, rel=REL)
    # coin's scores have the other sign: a long life counts up there, an event here.
    case.match("scores", -test.scores, rel=REL)
    case.done()


rows = st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(0, 2)), min_size=4, max_size=40)


def columns(data: list[tuple[int, bool, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    time, event, group = (np.array(column, dtype=float) for column in zip(*data))
    assume(len(set(group)) > 1)
    return time, event, group


@given(rows, st.randoms(use_true_random=False))
def test_neither_order_nor_unit_matters(data: list[tuple[int, bool, int]], random: Any) -> None:
    time, event, group = columns(data)
    order = list(range(time.size))
    random.shuffle(order)
    one = logrank_test(time, event, group, rho=1)
    other = logrank_test(time[order] / 7, event[order], group[order], rho=1)
    np.testing.assert_allclose(other.statistic, one.statistic, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other.expected, one.expected, rtol=1e-9)


@given(rows)
def test_what_is_observed_was_expected_in_all(data: list[tuple[int, bool, int]]) -> None:
    test = logrank_test(*columns(data))
    np.testing.assert_allclose(test.observed.sum(), test.expected.sum(), atol=1e-9)
    np.testing.assert_allclose(test.variance.sum(axis=1), 0, atol=1e-9)
    assert test.statistic >= -1e-9
    assert np.isnan(test.p) or 0 <= test.p <= 1


@given(rows)
def test_one_stratum_is_none_and_copies_of_a_group_do_not_differ(data: list[tuple[int, bool, int]]) -> None:
    time, event, group = columns(data)
    one, other = (
        logrank_test(time, event, group),
        logrank_test(time, event, group, strata=np.zeros(time.size)),
    )
    np.testing.assert_allclose(one.statistic, other.statistic)
    twice = logrank_test(np.tile(time, 2), np.tile(event, 2), np.repeat([0, 1], time.size))
    np.testing.assert_allclose(twice.statistic, 0, atol=1e-9)


def test_all_censored_has_no_degree_of_freedom() -> None:
    test = logrank_test([1, 2, 3, 4], [0, 0, 0, 0], ["a", "a", "b", "b"])
    assert test.df == 0
    assert np.isnan(test.p)


def test_one_event_leaves_one_comparison() -> None:
    test = logrank_test([1, 2, 3, 4], [0, 1, 0, 0], ["a", "a", "b", "b"])
    assert test.observed.tolist() == [1, 0]
    assert test.expected == pytest.approx([1 / 3, 2 / 3])
    assert test.statistic == pytest.approx((2 / 3) ** 2 / (2 / 9))


def test_an_empty_group_takes_no_part_and_a_lone_one_is_refused() -> None:
    test = logrank_test([1, 2, 3], [1, 1, 1], ["a", "b", "b"], levels=("a", "b", "c"))
    assert test.levels == ("a", "b")
    with pytest.raises(StatisticsError, match="two groups or more"):
        logrank_test([1, 2], [1, 1], ["a", None])
    assert "log-rank test: chi-squared" in str(test)
