"""Residuals, the proportional-hazards test, predictions and time-dependent coefficients."""

from __future__ import annotations

import re
from typing import Any

import golden
import numpy as np
import pytest

from splenic.stats._arrays import StatisticsError
from splenic.stats.cox import CoxFit, fit_cox
from splenic.stats.cox_diagnostics import cox_residuals, proportional_hazards_test, schoenfeld_residuals
from splenic.stats.cox_prediction import baseline_hazard, linear_predictor, predict_survival, typical_row
from splenic.stats.cox_time import fit_cox_by_period, fit_cox_time_interaction, split_time

REL = 1e-8


def fit_of(case: golden.Case, terms: list[str]) -> CoxFit:
    data, call = case.table(), case.raw["call"]
    found = re.search(r"Surv\((\w+), (\w+)\)", call) or re.search(r"(time), (event)", "time, event")
    ties = "breslow" if "breslow" in case.id else "efron"
    strata = re.search(r"strata\((\w+)\)", call)
    x = np.column_stack([data[term] for term in terms])
    by = data[strata[1]] if strata else None
    return fit_cox(data[found[1]], data[found[2]], x, terms=terms, ties=ties, strata=by)


@pytest.mark.parametrize("case_id", golden.ids("cox", "residuals_.*"))
def test_residuals_equal_r(case_id: str) -> None:
    case = golden.load("cox", case_id)
    fit = fit_of(case, case.columns["terms"].split(", "))
    found = cox_residuals(fit)
    predictor = linear_predictor(fit, fit.data.x)
    residuals = {"martingale": found.martingale, "deviance": found.deviance, "score": found.score}
    case.match("", residuals | {"dfbeta": found.dfbeta}, rel=REL)
    case.match("", {"linear_predictor_centred": predictor.estimate, "means": typical_row(fit)}, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("cox", "zph_.*"))
def test_proportional_hazards_tests_equal_r(case_id: str) -> None:
    case = golden.load("cox", case_id)
    if case_id == "zph_veteran_factor_terms":
        cells = ["smallcell", "adeno", "large"]
        test = proportional_hazards_test(fit_of(case, ["trt", "karno", *cells]), groups={"celltype": cells})
        case.match("", table_of(test), rel=REL)
        case.done()
        return
    fit = fit_of(case, case.expected("km.terms")[:-1])
    for scale in ("km", "rank", "identity", "log"):
        case.match(scale if scale != "km" else "km", table_of(proportional_hazards_test(fit, scale)), rel=REL)
    if "schoenfeld" in case.output:
        found, test = schoenfeld_residuals(fit), proportional_hazards_test(fit)
        named = {"time": found.time, "residuals": found.residual, "scaled": found.scaled}
        case.match("schoenfeld", named, rel=REL)
        plot = {"time": test.event_time, "transformed_time": test.transformed_time}
        case.match("km_detail", plot | {"scaled_residuals_plus_coef": found.scaled}, rel=REL)
    case.done()


def table_of(test: Any) -> dict[str, Any]:
    return {
        "terms": [*test.terms, "GLOBAL"],
        "chisq": [*test.statistic, test.global_statistic],
        "df": [*test.df, test.global_df],
        "p": [*test.p, test.global_p],
    }


@pytest.mark.parametrize("case_id", golden.ids("cox", "predict_.*"))
def test_baseline_and_predicted_survival_equal_r(case_id: str) -> None:
    case = golden.load("cox", case_id)
    terms = list(case.expected("coef"))
    fit = fit_of(case, terms)
    case.match("coef", dict(zip(terms, fit.coefficient)), rel=REL)
    case.match("means", dict(zip(terms, typical_row(fit))), rel=REL)
    base = baseline_hazard(fit)
    case.match("baseline_at_zero", {"time": base.time, "cumhaz": base.estimate}, rel=REL)
    case.match("baseline_at_means", baseline_hazard(fit, at="typical").estimate, rel=REL)
    rows = np.column_stack([case.expected("newdata")[term] for term in terms])
    case.match("newdata", dict(zip(terms, rows.T)), rel=0)
    for rule in ("breslow", "efron"):
        name = f"{rule}_baseline"
        times = case.expected(name)["time"]
        log = predict_survival(fit, rows, times, baseline=rule)
        loglog = predict_survival(fit, rows, times, baseline=rule, interval="log-log")
        named = {"time": log.time, "surv": log.estimate, "std_err_surv": log.std_err, "lower_log": log.low}
        named |= {"upper_log": log.high, "lower_loglog": loglog.low, "upper_loglog": loglog.high}
        case.match(name, named, rel=REL)
    predictor = linear_predictor(fit, rows)
    case.match("linear_predictor", {"value": predictor.estimate, "se": predictor.std_err}, rel=REL)
    case.done()


def simulated(n: int = 200, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = np.column_stack([random.normal(size=n), random.integers(0, 2, n)])
    time = np.ceil(random.exponential(20 * np.exp(-0.5 * x[:, 0] - 0.3 * x[:, 1])))
    censored = np.ceil(random.exponential(40, n))
    return np.minimum(time, censored), (time <= censored).astype(float), x


def test_residuals_sum_to_zero_and_expected_events_to_observed() -> None:
    fit = fit_cox(*simulated(), terms=["a", "b"])
    found = cox_residuals(fit)
    assert found.martingale.sum() == pytest.approx(0, abs=1e-9)
    assert found.score.sum(axis=0) == pytest.approx([0, 0], abs=1e-8)
    assert schoenfeld_residuals(fit).residual.sum(axis=0) == pytest.approx([0, 0], abs=1e-8)


def test_dfbeta_foretells_what_leaving_a_row_out_does() -> None:
    time, event, x = simulated()
    fit = fit_cox(time, event, x)
    rest = np.arange(time.size) != 17
    moved = fit.coefficient - fit_cox(time[rest], event[rest], x[rest]).coefficient
    assert cox_residuals(fit).dfbeta[17] == pytest.approx(moved, abs=2e-3)


def test_predictions_of_a_stratum_equal_a_model_of_its_own_when_nothing_is_shared() -> None:
    time, event, x = simulated()
    strata = np.where(x[:, 1] > 0, "high", "low")
    fit = fit_cox(time, event, x[:, 0], strata=strata)
    high, low = (baseline_hazard(fit, stratum=name) for name in ("high", "low"))
    assert high.time.tolist() == np.unique(time[strata == "high"]).tolist()
    assert (np.diff(low.estimate) >= 0).all()
    alive = predict_survival(fit, [[0.0]], [0, 5, 50], stratum="low")
    assert alive.estimate[0, 0] == alive.low[0, 0] == 1
    assert np.interp(5, low.time, low.estimate) == pytest.approx(-np.log(alive.estimate[1, 0]), abs=0.05)
    with pytest.raises(StatisticsError, match="none of the model's"):
        baseline_hazard(fit, stratum="middle")


def test_rows_split_at_cuts_keep_time_and_events() -> None:
    time, event, _ = simulated()
    parts = split_time(time, event, [3, 8, 8, 500])
    assert np.bincount(parts.row, parts.stop - parts.start) == pytest.approx(time)
    assert np.bincount(parts.row, parts.event) == pytest.approx(event)
    assert (parts.stop > parts.start).all()


def test_one_cut_beyond_the_last_time_changes_nothing_and_an_early_one_fits_each_part_alone() -> None:
    time, event, x = simulated()
    whole = fit_cox(time, event, x[:, 0], terms=["a"])
    by_period = fit_cox_by_period(time, event, x[:, 0], terms=["a"], varying="a", cuts=[10])
    assert by_period.terms == ("a (0 to 10)", "a (from 10)")
    early = fit_cox(np.minimum(time, 10), np.where(time > 10, 0, event), x[:, 0])
    late = fit_cox(time[time > 10], event[time > 10], x[time > 10, 0])
    assert by_period.coefficient == pytest.approx([early.coefficient[0], late.coefficient[0]], abs=1e-8)
    assert by_period.loglik >= whole.loglik


def test_a_coefficient_that_falls_with_time_is_found() -> None:
    random = np.random.default_rng(5)
    x = random.integers(0, 2, 1500).astype(float)
    early = random.exponential(10 / np.exp(1.0 * x))
    time = np.where(early < 5, early, 5 + random.exponential(10, 1500))
    fit = fit_cox_time_interaction(
        np.ceil(time), np.ones(1500), x, terms=["x"], varying="x", scale="identity"
    )
    assert fit.terms == ("x", "x x time")
    assert fit.coefficient[1] + 3 * fit.std_err[1] < 0
    test = proportional_hazards_test(fit_cox(np.ceil(time), np.ones(1500), x))
    assert test.p[0] < 1e-4
    assert "global" in str(test)


def test_exact_ties_have_no_residuals_and_unknown_columns_are_named() -> None:
    time, event, x = simulated(40)
    with pytest.raises(StatisticsError, match="Efron's or Breslow's"):
        cox_residuals(fit_cox(time, event, x, ties="exact"))
    with pytest.raises(StatisticsError, match="no column of the model"):
        proportional_hazards_test(fit_cox(time, event, x), groups={"g": ["nothing"]})
