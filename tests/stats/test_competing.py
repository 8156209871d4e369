"""Competing events against R and their own laws."""

from __future__ import annotations

from typing import Any

import golden
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.stats._arrays import StatisticsError
from splenic.stats.competing import cumulative_incidence, gray_test, incidence_at

REL = 1e-8


def columns(case: golden.Case, *keys: str) -> list[np.ndarray]:
    """Columns of the case, rows with a missing value in any of them dropped."""
    table = case.table()
    found = [table[case.columns[key]] for key in keys if key in case.columns]
    kept = ~np.any([np.isnan(column) for column in found], axis=0)
    return [column[kept] for column in found]


@pytest.mark.parametrize("case_id", golden.ids("competing", "cif_.*"))
def test_cumulative_incidence(case_id: str) -> None:
    case = golden.load("competing", case_id)
    time, status, *group = columns(case, "time", "status", "group")
    if group:
        for k, level in enumerate(np.unique(group[0])):
            rows = group[0] == level
            case.match(f"groups.{k}.level", level, rel=0)
            one_group(case, f"groups.{k}.", time[rows], status[rows])
        tests = [gray_test(time, status, group[0], int(cause)) for cause in case.expected("gray.cause")]
        gray(case, "gray", tests)
    else:
        one_group(case, "", time, status)
    case.done()


def one_group(case: golden.Case, at: str, time: np.ndarray, status: np.ndarray) -> None:
    case.match(f"{at}n", time.size, rel=0)
    for k, part in enumerate(case.expected(f"{at}causes")):
        one_cause(case, f"{at}causes.{k}.", time, status, part)
    free = cumulative_incidence(time, status, 1)
    times = case.expected(f"{at}event_free.time")
    place = np.searchsorted(free.time, times, side="right") - 1
    got = {"time": times, "surv": free.event_free[place], "std_err": free.event_free_error[place]}
    case.match(f"{at}event_free", got, rel=REL)
    if "curve" in case.output:
        other = cumulative_incidence(time, status, 2)
        states = np.column_stack([free.event_free, free.estimate, other.estimate])
        errors = np.column_stack([free.event_free_error, free.standard_error, other.standard_error])
        got = {"time": free.time, "n_risk": free.at_risk, "pstate": states, "std_err": errors}
        case.match("curve", got, rel=REL)


def one_cause(case: golden.Case, at: str, time: np.ndarray, status: np.ndarray, part: dict[str, Any]) -> None:
    cause, times = part["cause"], part["time"]
    delta = cumulative_incidence(time, status, cause)
    estimate, error, low, high = delta.at(times)
    got = {"cause": cause, "time": times, "survfit_est": estimate, "by_hand_est": estimate}
    got |= {"survfit_std_err": error, "by_hand_var_delta": error**2}
    for scale, name in (("log", "log"), ("log-log", "loglog"), ("plain", "plain")):
        result = cumulative_incidence(time, status, cause, interval=scale)  # type: ignore[arg-type]
        _, _, low, high = result.at(times)
        nothing = (estimate == 0) & (scale != "plain")
        got |= {f"survfit_lower_{name}": np.where(nothing, np.nan, low)}
        got |= {f"survfit_upper_{name}": np.where(nothing, np.nan, high)}
    aalen = cumulative_incidence(time, status, cause, variance="aalen").at(times)[1]
    gray_variance = cumulative_incidence(time, status, cause, variance="gray")
    # The package stops at the last follow-up, and has no row for a cause that nobody died of.
    known = np.where((np.asarray(times) <= time.max()) & (status == cause).any(), 1.0, np.nan)
    got |= {"by_hand_var_aalen": aalen**2, "cmprsk_est": estimate * known}
    spread = gray_variance.at(times)[1] ** 2
    got |= {"cmprsk_var": spread * known}
    got |= {"by_hand_var_cmprsk": np.where(np.asarray(times) <= time.max(), spread, np.nan)}
    case.match(at[:-1], got, rel=REL)
    _, _, low, high = gray_variance.at(times)
    nothing = np.where(estimate > 0, known, np.nan)
    case.match(f"{at}loglog_from_cmprsk_var", {"lower": low * nothing, "upper": high * nothing}, rel=REL)
    wrong = cumulative_incidence(time, status == cause).at(times)[0]
    case.match(f"{at}one_minus_km_wrong", wrong, rel=REL)
    assert (estimate <= wrong + 1e-12).all()


def gray(case: golden.Case, at: str, tests: list[Any]) -> None:
    got = {"cause": [test.cause for test in tests], "stat": [test.statistic for test in tests]}
    case.match(at, got | {"df": [test.df for test in tests]}, rel=REL)
    for k, test in enumerate(tests):
        path = f"{at}.p.{k}" if at else f"p.{k}"
        if test.p < 1e-6:
            assert case.expected(path) == pytest.approx(test.p, abs=1e-15)
            case.excuse(path, "digits lost by the package's subtraction from 1; equal within 1e-15 absolute")
        else:
            case.match(path, test.p, rel=REL)


@pytest.mark.parametrize("case_id", golden.ids("competing", "gray_.*"))
def test_gray(case_id: str) -> None:
    case = golden.load("competing", case_id)
    time, status, group, *strata = columns(case, "time", "status", "group", "strata")
    options: dict[str, Any] = {"strata": strata[0] if strata else None, "rho": 1 if "rho1" in case_id else 0}
    tests = [gray_test(time, status, group, int(cause), **options) for cause in case.expected("cause")]
    gray(case, "", tests)
    case.match("n", time.size, rel=0)
    case.done()


rows_strategy = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from([0, 1, 2]), st.sampled_from(["a", "b", "c"])),
    min_size=2,
    max_size=40,
)


@given(rows_strategy)
def test_states_sum_to_one(rows: list[tuple[int, int, str]]) -> None:
    time, status, _ = (np.array(column) for column in zip(*rows))
    one, two = cumulative_incidence(time, status, 1), cumulative_incidence(time, status, 2)
    np.testing.assert_allclose(one.estimate + two.estimate + one.event_free, 1, atol=1e-12)
    assert (np.diff(one.estimate) >= -1e-15).all()
    assert ((one.low <= one.estimate + 1e-12) & (one.estimate <= one.high + 1e-12)).all()
    assert incidence_at(time, status, 6) == pytest.approx(one.at([6])[0][0], abs=1e-15)


@given(rows_strategy, st.randoms(use_true_random=False))
def test_order_of_rows_and_unit_of_time_do_not_matter(rows: list[tuple[int, int, str]], random: Any) -> None:
    if len({group for _, _, group in rows}) < 2:
        return
    time, status, group = (np.array(column) for column in zip(*rows))
    first = gray_test(time, status, group)
    order = list(range(len(rows)))
    random.shuffle(order)
    other = gray_test(30.5 * time[order], status[order], group[order])
    assert other.df == first.df
    assert other.statistic == pytest.approx(first.statistic, rel=1e-6, abs=1e-9)


@given(rows_strategy)
def test_without_a_rival_it_is_kaplan_meier(rows: list[tuple[int, int, str]]) -> None:
    time, status, _ = (np.array(column) for column in zip(*rows))
    alone = np.minimum(status, 1)
    curve = cumulative_incidence(time, alone, 1)
    np.testing.assert_allclose(1 - curve.estimate, curve.event_free, atol=1e-12)
    np.testing.assert_allclose(curve.standard_error, curve.event_free_error, atol=1e-7)


def test_all_censored() -> None:
    curve = cumulative_incidence([1, 2, 3], [0, 0, 0])
    assert not curve.estimate.any()
    assert not curve.high.any()
    test = gray_test([1, 2, 3, 4], [0, 0, 0, 0], [0, 0, 1, 1])
    assert (test.statistic, test.df, test.p) == (0, 0, 1)


def test_what_cannot_be_estimated_is_said() -> None:
    for call, code in (
        (lambda: cumulative_incidence([1], [0.5]), "unknown-code"),
        (lambda: cumulative_incidence([np.nan], [1]), "no-rows"),
        (lambda: cumulative_incidence([1], [1], 0), "bad-option"),
        (lambda: gray_test([1, 2], [1, 1], ["a", "a"]), "too-few-groups"),
    ):
        with pytest.raises(StatisticsError) as caught:
            call()
        assert caught.value.code == code


def test_results_read_well() -> None:
    assert "cause 1" in str(cumulative_incidence([1, 2, 3], [1, 2, 0]))
    assert "Gray" in str(gray_test([1, 2, 3, 4], [1, 2, 1, 0], [0, 0, 1, 1]))
