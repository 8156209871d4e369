"""Survival curves against R's survfit, and what must hold for any data."""

from __future__ import annotations

from typing import Any

import golden
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.stats._arrays import StatisticsError
from splenic.stats.survival import INTERVALS, follow_up, kaplan_meier, kaplan_meier_by_group, nelson_aalen
from splenic.stats.survival_summaries import (
    numbers_at_risk,
    quantiles,
    restricted_mean,
    restricted_mean_difference,
    restricted_mean_ratio,
    survival_at,
    survival_difference,
)

REL = 1e-9


def check_curve(case: golden.Case, at: str, time: np.ndarray, event: np.ndarray) -> None:
    curve = kaplan_meier(time, event)
    prefix = f"{at}." if at else ""
    case.match(
        f"{prefix}curve",
        {
            "n": curve.n,
            "time": curve.time,
            "n_risk": curve.at_risk,
            "n_event": curve.events_at,
            "n_censor": curve.censored_at,
            "surv": curve.estimate,
            "std_err_surv": curve.std_err,
            "std_err_cumhaz": curve.std_err_cumulative_hazard,
        },
        rel=REL,
    )
    for interval in INTERVALS:
        other = kaplan_meier(time, event, interval=interval)
        if f"lower_{interval}" in case.expected(f"{prefix}curve"):
            case.match(f"{prefix}curve.lower_{interval}", other.low, rel=REL)
            case.match(f"{prefix}curve.upper_{interval}", other.high, rel=REL)
        found = quantiles(other, (0.25, 0.5, 0.75))
        case.match(
            f"{prefix}quantiles.{interval}",
            {"probs": found.share, "quantile": found.estimate, "lower": found.low, "upper": found.high},
            rel=REL,
        )
        if interval in case.expected(f"{prefix}landmarks"):
            marks = survival_at(other, case.expected(f"{prefix}landmarks.{interval}.time"))
            case.match(
                f"{prefix}landmarks.{interval}",
                {
                    "time": marks.time,
                    "n_risk": marks.at_risk,
                    "surv": marks.estimate,
                    "std_err_surv": marks.std_err,
                    "lower": marks.low,
                    "upper": marks.high,
                },
                rel=REL,
            )
    for index, expected in enumerate(case.expected(f"{prefix}rmst")):
        mean = restricted_mean(curve, expected["tau"])
        case.match(
            f"{prefix}rmst.{index}", {"tau": mean.limit, "rmst": mean.estimate, "se": mean.std_err}, rel=REL
        )


@pytest.mark.parametrize("case_id", golden.ids("km", "km_(?!heart).*"))
def test_curves_quantiles_landmarks_and_restricted_means_equal_r(case_id: str) -> None:
    case = golden.load("km", case_id)
    data, columns = case.table(), case.columns
    time, event = data[columns["time"]], data[columns["event"]]
    if "group" not in columns:
        check_curve(case, "", time, event)
        case.done()
        return
    group = data[columns["group"]]
    curves = kaplan_meier_by_group(time, event, group)
    for index, expected in enumerate(case.expected("strata")):
        rows = group == expected["level"]
        assert curves[expected["level"]].n == rows.sum()
        case.match(f"strata.{index}.level", expected["level"], rel=0)
        check_curve(case, f"strata.{index}", time[rows], event[rows])
    if len(curves) == 2:
        check_differences(case, *curves.values())
    case.done()


def check_differences(case: golden.Case, first: Any, second: Any) -> None:
    for index, expected in enumerate(case.expected("rmst_difference")):
        tau = expected["tau"]
        gain, ratio = (
            restricted_mean_difference(first, second, tau),
            restricted_mean_ratio(first, second, tau),
        )
        case.match(
            f"rmst_difference.{index}",
            {
                "tau": tau,
                "second_minus_first": gain.estimate,
                "se": gain.std_err,
                "lower": gain.low,
                "upper": gain.high,
                "z": gain.z,
                "p": gain.p,
                "ratio": ratio.estimate,
                "ratio_lower": ratio.low,
                "ratio_upper": ratio.high,
            },
            rel=REL,
        )
    times = case.expected("landmark_difference.time")
    found = [survival_difference(first, second, time) for time in times]
    case.match(
        "landmark_difference",
        {
            "time": times,
            "second_minus_first": [x.estimate for x in found],
            "se": [x.std_err for x in found],
            "lower": [x.low for x in found],
            "upper": [x.high for x in found],
            "p": [x.p for x in found],
        },
        rel=REL,
    )


@pytest.mark.parametrize("case_id", golden.ids("km", "followup_.*"))
def test_follow_up_equals_r_under_both_orders_of_ties(case_id: str) -> None:
    case = golden.load("km", case_id)
    data = case.table()
    time, event = data[case.columns["time"]], data[case.columns["event"]]
    flip = follow_up(time, event)
    found = quantiles(flip.curve, (0.25, 0.5, 0.75))
    loglog = follow_up(time, event, interval="log-log")
    case.match(
        "flip",
        {
            "time": flip.curve.time,
            "surv": flip.curve.estimate,
            "probs": found.share,
            "quantile": found.estimate,
            "lower": found.low,
            "upper": found.high,
            "median_loglog": {"lower": loglog.low, "upper": loglog.high},
        },
        rel=REL,
    )
    first = follow_up(time, event, deaths_first=True).curve
    case.match("prodlim", {"time": first.time, "surv": first.estimate}, rel=REL)
    case.match("median_follow_up_all", flip.median_all, rel=REL)
    case.match("median_follow_up_censored", flip.median_censored, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("km", "nelson_aalen_.*"))
def test_cumulative_hazards_equal_r(case_id: str) -> None:
    case = golden.load("km", case_id)
    data = case.table()
    time, event = data["time"], data["event"]
    hazard, spread = nelson_aalen(time, event), nelson_aalen(time, event, method="fleming-harrington")
    case.match(
        "",
        {
            "time": hazard.time,
            "nelson_aalen": hazard.estimate,
            "nelson_aalen_std": hazard.std_err,
            "breslow_surv": kaplan_meier(time, event, method="breslow").estimate,
            "fh_cumhaz": spread.estimate,
            "fh_surv": kaplan_meier(time, event, method="fleming-harrington").estimate,
        },
        rel=REL,
    )
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("km", "km_heart_delayed_entry"))
def test_delayed_entry_equals_r(case_id: str) -> None:
    case = golden.load("km", case_id)
    data = case.table()
    curve = kaplan_meier(data["stop"], data["event"], entry=data["start"])
    case.match(
        "",
        {
            "time": curve.time,
            "n_risk": curve.at_risk,
            "n_event": curve.events_at,
            "surv": curve.estimate,
            "std_err_cumhaz": curve.std_err_cumulative_hazard,
            "lower_log": curve.low,
            "upper_log": curve.high,
        },
        rel=REL,
    )
    case.done()


rows = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=40)


def columns(data: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([float(t) for t, _ in data]), np.array([float(e) for _, e in data])


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(data: list[tuple[int, bool]], random: Any) -> None:
    shuffled = list(data)
    random.shuffle(shuffled)
    one, other = kaplan_meier(*columns(data)), kaplan_meier(*columns(shuffled))
    np.testing.assert_array_equal(one.estimate, other.estimate)
    np.testing.assert_array_equal(one.low, other.low)


@given(rows)
def test_a_curve_falls_from_one_and_lies_within_its_interval(data: list[tuple[int, bool]]) -> None:
    time, event = columns(data)
    for interval in INTERVALS:
        curve = kaplan_meier(time, event, interval=interval)
        assert (np.diff(curve.estimate, prepend=1) <= 0).all()
        known = ~np.isnan(curve.low)
        assert (curve.low[known] <= curve.estimate[known] + 1e-12).all()
        assert (curve.high[known] >= curve.estimate[known] - 1e-12).all()
        assert curve.events_at.sum() + curve.censored_at.sum() == len(data)


@given(rows, st.sampled_from([0.25, 7.0, 30.4375]))
def test_the_unit_of_time_does_not_matter(data: list[tuple[int, bool]], factor: float) -> None:
    time, event = columns(data)
    one, other = kaplan_meier(time, event), kaplan_meier(time * factor, event)
    np.testing.assert_array_equal(one.estimate, other.estimate)
    np.testing.assert_allclose(quantiles(other).estimate, quantiles(one).estimate * factor)
    mean, scaled = restricted_mean(one, 6), restricted_mean(other, 6 * factor)
    np.testing.assert_allclose(
        [scaled.estimate, scaled.std_err], [mean.estimate * factor, mean.std_err * factor]
    )


@given(rows)
def test_weights_count_as_copies(data: list[tuple[int, bool]]) -> None:
    time, event = columns(data)
    copies = np.arange(time.size) % 3 + 1
    one = kaplan_meier(time, event, weights=copies)
    other = kaplan_meier(np.repeat(time, copies), np.repeat(event, copies))
    np.testing.assert_allclose(one.estimate, other.estimate)
    np.testing.assert_allclose(one.std_err, other.std_err)


def test_all_censored_stays_at_one_and_has_no_median() -> None:
    curve = kaplan_meier([3, 1, 2], [0, 0, 0])
    assert curve.estimate.tolist() == [1, 1, 1]
    assert np.isnan(quantiles(curve).estimate).all()
    assert restricted_mean(curve, 3).estimate == 3
    assert "not reached" in str(curve)


def test_one_event_among_many() -> None:
    curve = kaplan_meier([4, 2, 9], [0, 1, 0])
    assert curve.estimate.tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3])
    assert numbers_at_risk(curve, [0, 2, 3, 10]).at_risk.tolist() == [3, 3, 2, 0]
    assert numbers_at_risk(curve, [0, 2, 3, 10]).events.tolist() == [0, 1, 1, 1]
    assert numbers_at_risk(curve, [4, 10]).censored.tolist() == [1, 2]


def test_rows_with_a_missing_value_are_dropped_and_an_empty_group_has_no_curve() -> None:
    curves = kaplan_meier_by_group([1, 2, np.nan, 4], [1, 0, 1, 1], ["a", "b", "b", None], ("a", "b", "c"))
    assert list(curves) == ["a", "b"]
    assert curves["b"].n == 1


@pytest.mark.parametrize(
    ("time", "event", "code"),
    [
        ([1, -2], [1, 0], "negative-time"),
        ([1, 2], [1, 2], "unknown-code"),
        ([1, 2], [1], "bad-shape"),
        ([np.nan], [1], "no-rows"),
        ([np.inf], [1], "infinite-value"),
        (["x"], [1], "not-a-number"),
    ],
)
def test_bad_input_is_named(time: Any, event: Any, code: str) -> None:
    with pytest.raises(StatisticsError) as caught:
        kaplan_meier(time, event)
    assert caught.value.code == code


def test_a_late_entry_is_named() -> None:
    with pytest.raises(StatisticsError, match="row 1 enters at or after"):
        kaplan_meier([1, 2], [1, 1], entry=[0, 2])
