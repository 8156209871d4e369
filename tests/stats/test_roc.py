"""ROC curves, time-dependent AUC, Brier score and net benefit against R and their own laws."""

from __future__ import annotations

from typing import Any

import golden
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.stats import roc
from splenic.stats._arrays import StatisticsError
from splenic.stats.cox import fit_cox
from splenic.stats.cox_prediction import predict_survival
from splenic.stats.decision import net_benefit, net_benefit_survival
from splenic.stats.logistic import fit_logistic
from splenic.stats.time_dependent import brier_score, integrated_brier_score, time_dependent_auc

REL = 1e-8


def outcome_of(table: dict[str, np.ndarray], rule: str) -> np.ndarray:
    """'status == 2' as 0 and 1, missing where the column is."""
    name, value = rule.split(" == ")
    return np.where(np.isnan(table[name]), np.nan, table[name] == float(value))


def point(curve: roc.RocCurve, threshold: float) -> dict[str, float]:
    k = int(np.flatnonzero(curve.thresholds == threshold)[0])
    return {"threshold": threshold, "sensitivity": curve.sensitivity[k], "specificity": curve.specificity[k]}


@pytest.mark.parametrize("case_id", golden.ids("roc", "roc_.*"))
def test_roc(case_id: str) -> None:
    case = golden.load("roc", case_id)
    table = case.table()
    y, x = outcome_of(table, case.columns["outcome"]), table[case.columns["marker"]]
    kept = ~(np.isnan(y) | np.isnan(x))
    direction: roc.Direction = "higher" if case.expected("direction") == "<" else "lower"
    curve = roc.roc_curve(y, x, direction=direction)
    up = roc.roc_curve(y, x)
    best = roc.youden_threshold(curve)
    whole = roc.operating_point(y, x, best, direction=direction)
    total = curve.sensitivity + curve.specificity
    got: dict[str, Any] = {
        "n_controls": curve.n - curve.events,
        "n_cases": curve.events,
        "median_controls": np.median(x[kept & (y == 0)]),
        "median_cases": np.median(x[kept & (y == 1)]),
        "auc": curve.estimate,
        "auc_higher_is_case": up.estimate,
        "var_delong": curve.variance,
        "se_delong": np.sqrt(curve.variance),
        "ci_delong": [curve.low, curve.high],
        "n_tied_best": np.sum(total >= total.max() - 1e-12),
        "closest_topleft": point(curve, roc.closest_threshold(curve)),
        "partial_auc_spec_1_to_0.8": roc.partial_auc(curve, 0.8),
        "partial_auc_spec_1_to_0.8_mcclish": roc.partial_auc(curve, 0.8, corrected=True),
        "points": {
            "threshold": curve.thresholds,
            "sensitivity": curve.sensitivity,
            "specificity": curve.specificity,
        },
    }
    assert whole.ppv is not None
    assert whole.npv is not None
    got["youden"] = point(curve, best) | {
        "ppv": whole.ppv.estimate,
        "npv": whole.npv.estimate,
        "accuracy": whole.accuracy.estimate,
        "youden": whole.youden + 1,
    }
    case.match("", got, rel=REL)
    for k, part in enumerate(case.expected("at_specificity")):
        sensitivity = roc.sensitivity_at_specificity(curve, part["specificity"])
        at = {"specificity": part["specificity"], "sensitivity": sensitivity}
        case.match(f"at_specificity.{k}", at, rel=REL)
        threshold(case, f"at_specificity.{k}.threshold", curve)
    for k, part in enumerate(case.expected("at_sensitivity")):
        specificity = roc.specificity_at_sensitivity(curve, part["sensitivity"])
        at = {"specificity": specificity, "sensitivity": part["sensitivity"]}
        case.match(f"at_sensitivity.{k}", at, rel=REL)
        threshold(case, f"at_sensitivity.{k}.threshold", curve)
    case.done()


def threshold(case: golden.Case, path: str, curve: roc.RocCurve) -> None:
    want = case.expected(path)
    case.match(path, np.nan if want is None else curve.thresholds[curve.thresholds == want][0], rel=REL)


@pytest.mark.parametrize("case_id", golden.ids("roc", "paired_.*"))
def test_paired(case_id: str) -> None:
    case = golden.load("roc", case_id)
    table = case.table()
    y, a, b = outcome_of(table, case.columns["outcome"]), table[case.columns["a"]], table[case.columns["b"]]
    result = roc.compare_paired(y, a, b)
    kept = ~(np.isnan(y) | np.isnan(a) | np.isnan(b))
    variances = [roc.roc_curve(y[kept], x[kept]).variance for x in (a, b)]
    got = {"n": result.n[0], "auc": result.areas, "var": variances, "cov": result.covariance}
    got |= {"difference": result.estimate, "se": result.standard_error, "z": result.statistic, "p": result.p}
    case.match("", got, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("roc", "unpaired_.*"))
def test_unpaired(case_id: str) -> None:
    case = golden.load("roc", case_id)
    table = case.table()
    y, x = outcome_of(table, case.columns["outcome"]), table[case.columns["marker"]]
    here = outcome_of(table, case.columns["split"]) == 1
    result = roc.compare_unpaired(y[here], x[here], y[~here], x[~here])
    variances = [roc.roc_curve(y[rows], x[rows]).variance for rows in (here, ~here)]
    from scipy.special import ndtr

    got = {"auc": result.areas, "var": variances, "z_or_t": result.statistic, "df": result.df, "p": result.p}
    got |= {"z": result.statistic, "p_normal": 2 * ndtr(-abs(result.statistic))}
    case.match("", got, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("roc", "tdauc_.*"))
def test_time_dependent_auc(case_id: str) -> None:
    case = golden.load("roc", case_id)
    table, at = case.table(), case.expected("time")
    time, status = table[case.columns["time"]], table[case.columns["status"]]
    marker = table[case.columns["marker"]] * (-1 if "marker minus" in case.raw["call"] else 1)
    result = time_dependent_auc(time, status, marker, at)
    got: dict[str, Any] = {"n": result.n, "time": at, "cases": result.events, "survivors": result.survivors}
    got["G_at_time"] = result.uncensored
    if "auc" in case.output:
        got["auc"] = result.estimate
    else:
        free = time_dependent_auc(time, status, marker, at, controls="event-free")
        got["auc_controls_event_free"] = free.estimate
        got["auc_controls_event_free_or_competing"] = result.estimate
    case.match("", got, rel=REL)
    case.match("riskRegression.auc", result.estimate, rel=REL)
    limits = {"se": result.standard_error, "lower": result.low, "upper": result.high}
    case.match("riskRegression", limits, rel=1e-5)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("roc", "brier_.*"))
def test_brier(case_id: str) -> None:
    case = golden.load("roc", case_id)
    table, at = case.table(), case.expected("time")
    terms = case.columns["terms"].split(", ")
    time, event = table[case.columns["time"]], table[case.columns["event"]]
    x = np.column_stack([table[term] for term in terms])
    kept = ~(np.isnan(time) | np.isnan(event) | np.isnan(x).any(axis=1))
    time, event, x = time[kept], event[kept], x[kept]
    fit = fit_cox(time, event, x, terms=terms, ties="breslow")
    case.match("coef", dict(zip(terms, fit.coefficient)), rel=1e-7)
    risk = 1 - predict_survival(fit, x, at).estimate.T
    result = brier_score(time, event, risk, at)
    got: dict[str, Any] = {"n": result.n, "time": at, "brier": result.estimate, "scaled": result.scaled}
    got |= {"brier_kaplan_meier": result.null, "risk_first_5_rows": risk[:5]}
    case.match("", got, rel=REL)
    case.match("riskRegression", {"brier": result.estimate, "brier_null": result.null}, rel=REL)
    limits = {"se": result.standard_error, "lower": result.low, "upper": result.high}
    case.match("riskRegression", limits, rel=1e-5)
    grid = case.expected("integrated.grid")
    over = 1 - predict_survival(fit, x, grid).estimate.T
    step = integrated_brier_score(time, event, over, grid)
    straight = integrated_brier_score(time, event, over, grid, rule="trapezoid")
    scores = brier_score(time, event, over, grid).estimate
    got = {"tau": grid[-1], "grid": grid, "brier": scores, "step_left": step, "trapezoid": straight}
    case.match("integrated", got, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("roc", "net_benefit_.*"))
def test_net_benefit(case_id: str) -> None:
    case = golden.load("roc", case_id)
    table, thresholds = case.table(), case.expected("threshold")
    markers = np.column_stack([table["log2_sv"], table["albi"]])
    if "survival" in case_id:
        covariates = np.column_stack([markers, table["pvt"]])
        fit = fit_cox(table["os_months"], table["os_event"], covariates, ties="breslow")
        risk = 1 - predict_survival(fit, covariates, [24]).estimate[0]
        curve = net_benefit_survival(table["os_months"], table["os_event"], risk, thresholds, at=24)
    else:
        model = fit_logistic(table["decomp_status"] == 1, markers, terms=["log2_sv", "albi"])
        if "competing" in case_id:
            time, status = table["decomp_days"], table["decomp_status"]
            curve = net_benefit_survival(time, status, model.fitted, thresholds, at=730)
        else:
            curve = net_benefit(table["decomp_status"] == 1, model.fitted, thresholds)
            case.match("coef", dict(zip(["(Intercept)", "log2_sv", "albi"], model.coefficient)), rel=1e-7)
            avoided = {"interventions_avoided_per_100": curve.interventions_avoided}
            case.match("", avoided | {"treat_none": 0 * curve.thresholds}, rel=REL)
    got = {"threshold": thresholds, "net_benefit": curve.net_benefit, "treat_all": curve.treat_all}
    if "incidence_all" in case.output:
        got |= {"share_positive": curve.positive, "incidence_in_positive": curve.incidence}
        got |= {"incidence_all": curve.incidence_all}
    case.match("", got, rel=REL)
    case.done()


rows_strategy = st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=30).filter(
    lambda rows: 0 < sum(y for y, _ in rows) < len(rows)
)


@given(rows_strategy)
def test_area_is_the_share_of_pairs(rows: list[tuple[bool, int]]) -> None:
    y, x = (np.array(column) for column in zip(*rows))
    gap = np.subtract.outer(x[y], x[~y])
    curve = roc.roc_curve(y, x)
    assert curve.estimate == pytest.approx(np.mean((gap > 0) + 0.5 * (gap == 0)))
    assert curve.estimate == pytest.approx(np.trapezoid(curve.sensitivity[::-1], 1 - curve.specificity[::-1]))
    assert roc.roc_curve(y, x, direction="lower").estimate == pytest.approx(1 - curve.estimate)
    assert roc.roc_curve(y, 3.0 * x + 1).estimate == curve.estimate
    assert roc.partial_auc(curve, 0.0) == pytest.approx(curve.estimate)


@given(rows_strategy)
def test_points_are_what_their_thresholds_do(rows: list[tuple[bool, int]]) -> None:
    y, x = (np.array(column) for column in zip(*rows))
    for direction in ("higher", "lower"):
        curve = roc.roc_curve(y, x, direction=direction)  # type: ignore[arg-type]
        for k, cut in enumerate(curve.thresholds):
            at = roc.operating_point(y, x, cut, direction=curve.direction)
            assert at.sensitivity.estimate == pytest.approx(curve.sensitivity[k])
            assert at.specificity.estimate == pytest.approx(curve.specificity[k])


@given(rows_strategy)
def test_without_censoring_it_is_the_plain_auc(rows: list[tuple[bool, int]]) -> None:
    y, x = (np.array(column) for column in zip(*rows))
    time = np.where(y, 1, 3)
    result = time_dependent_auc(time, np.ones(y.size), x, [2])
    plain = roc.roc_curve(y, x)
    assert result.estimate[0] == pytest.approx(plain.estimate)
    perfect = brier_score(time, np.ones(y.size), y * 1.0, [2])
    assert perfect.estimate[0] == 0


def test_a_marker_compared_with_itself() -> None:
    same = roc.compare_paired([0, 1, 0, 1, 1], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
    assert (same.estimate, same.p) == (0, 1)


def test_no_case_by_then() -> None:
    result = time_dependent_auc([5, 6, 7], [1, 1, 0], [1, 2, 3], [1])
    assert np.isnan(result.estimate[0])


def test_bootstrap_repeats() -> None:
    random = np.random.default_rng(0)
    y = np.arange(80) % 2
    x = y + random.normal(size=80)
    first = roc.bootstrap_roc(y, x, resamples=50, seed=1)
    assert first == roc.bootstrap_roc(y, x, resamples=50, seed=1)
    curve = roc.roc_curve(y, x)
    assert first.sensitivity[0] <= roc.sensitivity_at_specificity(curve, 0.9) <= first.sensitivity[1]
    cut = roc.threshold_at_specificity(curve, 0.9)
    assert roc.operating_point(y, x, cut).specificity.estimate >= 0.9


def test_what_cannot_be_judged_is_said() -> None:
    for call, code in (
        (lambda: roc.roc_curve([0, 0], [1, 2]), "empty-group"),
        (lambda: net_benefit([0, 1], [0.5, 1.5], [0.1]), "bad-risk"),
        (lambda: net_benefit([0, 1], [0.5, 0.5], [1.0]), "bad-threshold"),
        (lambda: brier_score([1], [1], [[0.5, 0.5]], [1]), "bad-shape"),
        (lambda: integrated_brier_score([1, 2], [1, 0], [[0.5], [0.5]], [1]), "bad-option"),
        (lambda: roc.partial_auc(roc.roc_curve([0, 1], [1, 2]), 2), "bad-option"),
    ):
        with pytest.raises(StatisticsError) as caught:
            call()
        assert caught.value.code == code


def test_results_read_well() -> None:
    curve = roc.roc_curve([0, 1, 0, 1], [1, 2, 3, 4])
    assert "AUC 0.750" in str(curve)
    assert "positive > 1.5" in str(roc.operating_point([0, 1, 0, 1], [1, 2, 3, 4], 1.5))
    assert "beyond" in str(time_dependent_auc([1, 2, 3], [1, 0, 1], [3, 2, 1], [1.5]))
    assert "all" in str(net_benefit([0, 1], [0.2, 0.7], [0.5]))
