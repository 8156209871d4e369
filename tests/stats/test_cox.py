"""Cox regression against R's coxph, and what must hold for any data."""

from __future__ import annotations

import re
from typing import Any

import golden
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from splenic.stats._arrays import StatisticsError
from splenic.stats._risk_sets import information, moments, risk_sets, score, score_residuals
from splenic.stats.cox import CoxFit, fit_cox
from splenic.stats.cox_inference import compare_nested, cox_profile_intervals, drop_each

REL = 1e-8
FITS = (
    "(lung_3|veteran_5|tace_7_months|tace_7_weeks|ties_small|ovarian_2)_.*|tace_univariable_.*|pbc_4_efron"
    "|lung_strata_female|tace_strata_.*|heart_time_dependent|tace_interaction|tace_weighted_robust"
    "|lung_cluster_inst|lung_robust|tace_cluster_centre"
)


def covariates(data: dict[str, np.ndarray], terms: list[str]) -> np.ndarray:
    """Columns by name; a:b is their product."""
    return np.column_stack([np.prod([data[part] for part in term.split(":")], axis=0) for term in terms])


def response(data: dict[str, np.ndarray], call: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Time, event and entry as named in the Surv() of R's call."""
    names = [data[name] for name in re.split(r",\s*", re.search(r"Surv\(([^)]*)\)", call)[1])]
    return (names[0], names[1], None) if len(names) == 2 else (names[1], names[2], names[0])


def check_fit(case: golden.Case, fit: CoxFit, *, rel: float = REL) -> None:
    tests = {"likelihood_ratio": fit.likelihood_ratio, "wald": fit.wald, "score": fit.score}
    found: dict[str, Any] = {
        name: {"test": t.statistic, "df": t.df, "pvalue": t.p} for name, t in tests.items()
    }
    found |= {
        "n": fit.n,
        "events": fit.events,
        "ties": fit.ties,
        "terms": fit.terms,
        "coef": fit.coefficient,
        "se": fit.std_err,
        "hr": fit.estimate,
        "lower": fit.low,
        "upper": fit.high,
        "z": fit.z,
        "p": fit.p,
        "vcov": fit.covariance,
        "loglik_null": fit.loglik_null,
        "loglik": fit.loglik,
        "aic": fit.aic,
        "bic_events": fit.bic,
    }
    if fit.robust_score is not None:
        robust = fit.robust_score
        found["se_naive"] = np.sqrt(np.diag(fit.covariance_naive))
        found["robust_score"] = {"test": robust.statistic, "df": robust.df, "pvalue": robust.p}
    case.match("", found, rel=rel)


@pytest.mark.parametrize("case_id", golden.ids("cox", FITS))
def test_fits_equal_r(case_id: str) -> None:
    case = golden.load("cox", case_id)
    data, call, terms = case.table(), case.raw["call"], case.expected("terms")
    time, event, entry = response(data, call)
    strata = re.search(r"strata\((\w+)\)", call)
    cluster = re.search(r"cluster = (\w+)", call)
    if case_id == "lung_robust":  # R was given the rows that have an institution.
        time = np.where(np.isnan(data["inst"]), np.nan, time)
    fit = fit_cox(
        time,
        event,
        covariates(data, terms),
        terms=terms,
        entry=entry,
        strata=data[strata[1]] if strata else None,
        weights=np.where(data["centre"] == 1, 1.5, 0.75) if "weights" in call else None,
        cluster=data[cluster[1]] if cluster else None,
        robust="robust" in call,
        ties=case.expected("ties"),
    )
    check_fit(case, fit)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("cox", "tace_nested_lrt"))
def test_nested_models_equal_r(case_id: str) -> None:
    case = golden.load("cox", case_id)
    data = case.table()
    time = np.where(np.isnan(data["child_b"]), np.nan, data["os_months"])
    names = ["albi", "log10_afp", "log2_sv", "pvt"]
    small, large = (
        fit_cox(time, data["os_event"], covariates(data, names[:k]), terms=names[:k]) for k in (2, 4)
    )
    test, drop = compare_nested(small, large), drop_each(large)
    found = {"loglik_small": small.loglik, "loglik_large": large.loglik, "chisq": test.statistic}
    found |= {"df": test.df, "p": test.p}
    case.match("", found, rel=REL)
    dropped = {"terms": drop.terms, "chisq": drop.statistic, "df": drop.df, "p": drop.p, "aic": drop.aic}
    case.match("drop1", dropped, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("cox", "profile_ci_.*"))
def test_profile_intervals_equal_r(case_id: str) -> None:
    case = golden.load("cox", case_id)
    data, terms = case.table(), case.expected("terms")
    time, event, _ = response(data, case.columns["response"])
    fit = fit_cox(time, event, covariates(data, terms), terms=terms, ties=case_id.split("_")[-1])
    found = cox_profile_intervals(fit)
    case.match("", {"terms": terms, "hr": found.estimate, "lower": found.low, "upper": found.high}, rel=REL)
    case.done()


rows = st.lists(
    st.tuples(st.integers(1, 10), st.booleans(), st.integers(-3, 3), st.integers(0, 1)),
    min_size=8,
    max_size=40,
)


def columns(data: list[tuple[int, bool, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    time, event, one, two = (np.array(column, dtype=float) for column in zip(*data))
    return time, event, np.column_stack([one, two])


def finite_fit(*args: Any, **options: Any) -> CoxFit:
    """A fit that has a finite maximum; other data are not what the property speaks of."""
    try:
        fit = fit_cox(*args, **options)
    except StatisticsError:
        assume(False)
    assume(not fit.infinite and np.abs(fit.coefficient).max() < 5)
    return fit


@given(rows, st.randoms(use_true_random=False), st.sampled_from(["efron", "breslow", "exact"]))
def test_neither_order_nor_unit_of_time_matters(data: Any, random: Any, ties: Any) -> None:
    time, event, x = columns(data)
    one = finite_fit(time, event, x, ties=ties)
    order = list(range(time.size))
    random.shuffle(order)
    other = fit_cox(time[order] * 30.4375, event[order], x[order], ties=ties)
    np.testing.assert_allclose(other.coefficient, one.coefficient, atol=1e-8)
    np.testing.assert_allclose(other.loglik, one.loglik, atol=1e-8)


@given(rows)
def test_without_ties_the_three_rules_are_one(data: Any) -> None:
    time, event, x = columns(data)
    time = time + np.arange(time.size) / 1000
    efron = finite_fit(time, event, x)
    for ties in ("breslow", "exact"):
        other = fit_cox(time, event, x, ties=ties)
        np.testing.assert_allclose(other.coefficient, efron.coefficient, atol=1e-8)
        np.testing.assert_allclose(other.loglik, efron.loglik, atol=1e-8)


@given(rows, st.integers(2, 4))
def test_splitting_the_time_at_risk_changes_nothing(data: Any, cut: int) -> None:
    time, event, x = columns(data)
    whole = finite_fit(time, event, x)
    late = time > cut
    start = np.concatenate([np.zeros(time.size), np.full(late.sum(), float(cut))])
    stop = np.concatenate([np.minimum(time, cut), time[late]])
    died = np.concatenate([np.where(late, 0, event), event[late]])
    split = fit_cox(stop, died, np.vstack([x, x[late]]), entry=start)
    np.testing.assert_allclose(split.coefficient, whole.coefficient, atol=1e-7)
    np.testing.assert_allclose(split.loglik, whole.loglik, atol=1e-7)


@given(rows)
def test_whole_weights_count_as_copies_under_breslow(data: Any) -> None:
    time, event, x = columns(data)
    copies = np.arange(time.size) % 3 + 1
    one = finite_fit(time, event, x, weights=copies, ties="breslow")
    other = fit_cox(
        np.repeat(time, copies), np.repeat(event, copies), np.repeat(x, copies, axis=0), ties="breslow"
    )
    np.testing.assert_allclose(one.coefficient, other.coefficient, atol=1e-7)
    np.testing.assert_allclose(one.std_err, other.std_err, rtol=1e-6)


def test_an_estimate_that_runs_off_is_named() -> None:
    time, event, group = [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]
    fit = fit_cox(time, event, group, terms=["group"])
    assert fit.infinite == ("group",)
    assert "no finite estimate: group" in str(fit)


def test_one_event_gives_an_estimate_when_it_can() -> None:
    fit = fit_cox([1, 2, 3, 4], [0, 1, 0, 0], [5.0, 1.0, 2.0, 0.0])
    # One risk set {1, 2, 0}, the middle value dies: the score x - mean is zero at beta = 0.
    assert fit.coefficient[0] == pytest.approx(0, abs=1e-9)
    assert fit.events == 1


@pytest.mark.parametrize(
    ("event", "x", "code"),
    [
        ([0, 0, 0, 0], [[1, 0], [2, 1], [3, 0], [4, 1]], "no-event"),
        ([1, 1, 0, 1], [[1, 7], [2, 7], [3, 7], [4, 7]], "constant-column"),
        ([1, 1, 1, 1], [[1, 2], [2, 4], [4, 8], [3, 6]], "collinear"),
    ],
)
def test_what_cannot_be_fitted_is_named(event: list[int], x: list[list[float]], code: str) -> None:
    with pytest.raises(StatisticsError) as caught:
        fit_cox([1, 2, 3, 4], event, x)
    assert caught.value.code == code


def test_exact_ties_refuse_weights_and_nested_models_need_the_same_rows() -> None:
    time, event, x = [1, 1, 2, 3, 4], [1, 1, 1, 0, 1], np.array([[1, 0], [0, 1], [1, 1], [0, 2], [np.nan, 1]])
    with pytest.raises(StatisticsError, match="exact ties allow neither"):
        fit_cox(time, event, x[:, 1], weights=[1, 2, 1, 1, 1], ties="exact")
    with pytest.raises(StatisticsError, match="different rows"):
        compare_nested(fit_cox(time, event, x[:, 1]), fit_cox(time, event, x))


@given(rows, st.booleans(), st.integers(0, 1000))
def test_score_and_information_are_derivatives_of_the_likelihood(data: Any, efron: bool, seed: int) -> None:
    time, event, x = columns(data)
    assume(event.any())
    random = np.random.default_rng(seed)
    options = {
        "entry": time * random.choice([0.0, 0.5, 0.9], time.size),
        "stratum": random.integers(0, 2, time.size),
        "weight": random.choice([0.5, 1.0, 3.0], time.size),
    }
    sets = risk_sets(x, time, event, efron=efron, **options)
    beta, step = np.array([0.3, -0.4]), 1e-5
    now = moments(sets, beta)
    for column, away in enumerate(np.eye(2) * step):
        ahead, behind = moments(sets, beta + away), moments(sets, beta - away)
        slope = (ahead.loglik - behind.loglik) / (2 * step)
        assert score(sets, now)[column] == pytest.approx(slope, abs=1e-5)
        bend = (score(sets, behind) - score(sets, ahead)) / (2 * step)
        assert information(sets, now)[column] == pytest.approx(bend, abs=1e-5)
    summed = score_residuals(sets, now) * sets.weight[:, np.newaxis]
    assert summed.sum(axis=0) == pytest.approx(score(sets, now), abs=1e-8)


def test_an_absurdly_wide_column_does_not_break_the_fit() -> None:
    time, event = np.arange(1.0, 31), np.tile([1.0, 1.0, 0.0], 10)
    x = np.append(np.sin(np.arange(29.0)), 1e9)
    fit = fit_cox(time, event, x)
    # The row with the huge value is the last and censored: the smaller its hazard, the better.
    assert fit.infinite == ("x1",)
    assert fit.std_err[0] * x.std() > 1e3
    assert fit.loglik >= fit.loglik_null
