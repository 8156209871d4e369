"""Concordance against R's, against counting every pair, and what must hold for any data."""

from __future__ import annotations

import re
from typing import Any

import golden
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from splenic.stats._arrays import StatisticsError
from splenic.stats.concordance import concordance, concordance_difference
from splenic.stats.cox import fit_cox
from splenic.stats.survival import follow_up, kaplan_meier

REL = 1e-8
FLAW = "R takes the time weights once (shown in the test) where a variance has their squares, as ours"


def weighted_once(time: Any, event: Any, risk: Any, weight: str, limit: float | None) -> float:
    """R's null variance, event by event: that of the ranks at risk times the time weight, not squared."""
    total = 0.0
    curve, censoring = kaplan_meier(time, event), follow_up(time, event, deaths_first=True).curve
    for t in time[event == 1]:
        at_risk = risk[time >= t]
        place = np.searchsorted(curve.time, t)
        s, g = (np.append(1.0, c.estimate)[place] for c in (curve, censoring))
        dead = (event == 1) & (time == t)
        alone = at_risk.size == dead.sum() and weight in ("S", "S/G")
        factors = {"S": time.size * s / at_risk.size, "I": 1 / at_risk.size, "n/G2": 1 / g**2}
        factor = factors.get(weight, factors["S"] / g)
        if (limit is None or t <= limit) and not alone:
            ordered = np.sort(at_risk)
            below, upto = (np.searchsorted(ordered, at_risk, side=side) for side in ("left", "right"))
            total += factor * np.mean((below - (at_risk.size - upto)) ** 2.0)
    return total


@pytest.mark.parametrize("case_id", golden.ids("cox", "concordance_(?!two).*"))
def test_concordance_equals_r_under_every_weight(case_id: str) -> None:
    case = golden.load("cox", case_id)
    data, terms = case.table(), list(case.expected("coef"))
    names = re.search(r"Surv\((\w+), (\w+)\)", case.raw["call"])
    x = np.column_stack([data[term] for term in terms])
    fit = fit_cox(data[names[1]], data[names[2]], x, terms=terms)
    case.match("coef", dict(zip(terms, fit.coefficient)), rel=REL)
    risk = fit.data.x @ fit.coefficient
    for weight in ("n", "S", "S/G", "n/G2", "I"):
        for index, expected in enumerate(case.expected(weight)):
            c = concordance(fit.data.time, fit.data.event, risk, weight=weight, limit=expected["tau"])
            found = {"tau": c.limit, "concordance": c.estimate, "se": c.std_err, "concordant": c.concordant}
            found |= {"discordant": c.discordant, "tied.x": c.tied_risk, "tied.y": c.tied_time}
            for name, value in (found | {"tied.xy": c.tied_both}).items():
                case.match_parts((weight, index, name), value, rel=REL)
            if weight == "n":
                case.match_parts((weight, index, "se_conservative"), c.std_err_conservative, rel=REL)
                continue
            once = weighted_once(fit.data.time, fit.data.event, risk, weight, expected["tau"])
            pairs = c.concordant + c.discordant + c.tied_risk
            assert np.sqrt(once) / (2 * pairs) == pytest.approx(expected["se_conservative"], rel=REL)
            case.excuse(f"{weight}.{index}.se_conservative", FLAW)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("cox", "concordance_two_models_.*"))
def test_the_difference_of_two_models_equals_r(case_id: str) -> None:
    case = golden.load("cox", case_id)
    data = case.table()
    whole = ~np.isnan(np.column_stack([data[name] for name in ("albi", "child_b", "log10_afp")])).any(axis=1)
    time, event = data["os_months"][whole], data["os_event"][whole]
    risks = []
    for names in (["albi", "log10_afp"], ["albi", "log10_afp", "log2_sv"]):
        x = np.column_stack([data[name][whole] for name in names])
        risks.append(x @ fit_cox(time, event, x).coefficient)
    found = concordance_difference(time, event, *risks, weight="n" if "harrell" in case_id else "n/G2")
    named = {"concordance": [found.first.estimate, found.second.estimate], "vcov": found.covariance}
    named |= {"difference": found.estimate, "se_difference": found.std_err, "z": found.z, "p": found.p}
    case.match("", named, rel=REL)
    case.done()


rows = st.lists(st.tuples(st.integers(1, 8), st.booleans(), st.integers(0, 5)), min_size=3, max_size=30)


def columns(data: list[tuple[int, bool, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    time, event, risk = (np.array(column, dtype=float) for column in zip(*data))
    later = (time[None, :] > time[:, None]) | ((time[None, :] == time[:, None]) & (event[None, :] == 0))
    assume((later & (event[:, None] == 1)).any())
    return time, event, risk


@given(rows)
def test_every_pair_counted_one_by_one_gives_the_same(data: list[tuple[int, bool, int]]) -> None:
    time, event, risk = columns(data)
    counted = {"concordant": 0, "discordant": 0, "tied_risk": 0, "tied_time": 0, "tied_both": 0}
    for i in range(time.size):
        for j in range(time.size):
            if event[i] and (time[j] > time[i] or (time[j] == time[i] and not event[j])):
                kind = {1: "concordant", -1: "discordant", 0: "tied_risk"}[int(np.sign(risk[i] - risk[j]))]
                counted[kind] += 1
            if i < j and event[i] and event[j] and time[i] == time[j]:
                counted["tied_both" if risk[i] == risk[j] else "tied_time"] += 1
    found = concordance(time, event, risk)
    assert {name: getattr(found, name) for name in counted} == pytest.approx(counted)


@given(rows, st.randoms(use_true_random=False), st.sampled_from(["n", "S", "S/G", "n/G2", "I"]))
def test_neither_order_nor_unit_nor_scale_of_risk_matters(data: Any, random: Any, weight: Any) -> None:
    time, event, risk = columns(data)
    order = list(range(time.size))
    random.shuffle(order)
    try:
        one = concordance(time, event, risk, weight=weight)
    except StatisticsError:
        assume(False)
    other = concordance(time[order] / 12, event[order], np.exp(risk[order]), weight=weight)
    assert other.estimate == pytest.approx(one.estimate)
    assert other.std_err == pytest.approx(one.std_err, abs=1e-12)
    assert concordance(time, event, -risk, weight=weight).estimate == pytest.approx(1 - one.estimate)


@given(rows)
def test_the_influence_is_the_derivative_by_a_rows_weight(data: list[tuple[int, bool, int]]) -> None:
    time, event, risk = columns(data)
    found = concordance(time, event, risk)
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)
    for i in range(time.size):
        again = [np.append(column, column[i]) for column in (time, event, risk)]
        # A whole copy is a large step: its direction is that of the derivative, or both are nothing.
        assert (concordance(*again).estimate - found.estimate) * found.influence[i] >= -1e-12


def test_risks_that_differ_in_the_last_bit_are_tied() -> None:
    risk = np.array([0.1 + 0.2, 0.3, 1.0])
    assert risk[0] != risk[1]
    found = concordance([1, 2, 3], [1, 1, 1], risk)
    assert (found.tied_risk, found.discordant, found.concordant) == (1, 2, 0)


def test_a_perfect_risk_has_one_and_none_has_a_half() -> None:
    assert concordance([1, 2, 3], [1, 1, 1], [3, 2, 1]).estimate == 1
    assert concordance([1, 2, 3], [1, 1, 0], [2, 2, 2]).estimate == 0.5
    assert "Uno's C up to 2" in str(concordance([1, 2, 3], [1, 1, 0], [2, 1, 1], weight="n/G2", limit=2))


@pytest.mark.parametrize(
    ("time", "event"), [([1, 2, 3], [0, 0, 0]), ([1, 2, 3], [0, 0, 1]), ([2, 2], [1, 1])]
)
def test_without_a_pair_there_is_no_concordance(time: list[float], event: list[int]) -> None:
    with pytest.raises(StatisticsError, match="no two rows"):
        concordance(time, event, np.arange(len(time)))
