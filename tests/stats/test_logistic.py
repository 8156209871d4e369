"""Logistic regression, Firth's penalty and calibration against R and their own laws."""

from __future__ import annotations

from typing import Any

import golden
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splenic.stats._arrays import StatisticsError
from splenic.stats.calibration import calibrate
from splenic.stats.firth import fit_firth_logistic
from splenic.stats.logistic import fit_logistic, hosmer_lemeshow, profile_intervals
from splenic.stats.roc import roc_curve

REL = 1e-7


def columns(case: golden.Case) -> tuple[np.ndarray, np.ndarray, list[str], dict[str, np.ndarray]]:
    table, terms = case.table(), case.columns["terms"].split(", ")
    name, value = case.columns["outcome"].split(" == ")
    outcome = np.where(np.isnan(table[name]), np.nan, table[name] == float(value))
    return outcome, np.column_stack([table[term] for term in terms]), terms, table


@pytest.mark.parametrize("case_id", golden.ids("logistic", "logistic_.*"))
def test_logistic(case_id: str) -> None:
    case = golden.load("logistic", case_id)
    outcome, x, terms, _ = columns(case)
    fit = fit_logistic(outcome, x, terms=terms)
    low, high = profile_intervals(fit)
    assert list(fit.terms) == case.expected("terms")
    got: dict[str, Any] = {
        "n": fit.n,
        "events": fit.events,
        "coef": fit.coefficient,
        "se": fit.std_err,
        "z": fit.z,
        "p": fit.p,
        "or": fit.estimate,
        "wald_lower": fit.low,
        "wald_upper": fit.high,
        "vcov": fit.covariance,
        "profile_lower": low,
        "profile_upper": high,
        "deviance": fit.deviance,
        "null_deviance": fit.null_deviance,
        "loglik": fit.loglik,
        "aic": fit.aic,
        "bic": fit.bic,
        "auc": roc_curve(fit.outcome, fit.fitted).estimate,
        "brier": fit.brier,
        "r2_mcfadden": fit.r2_mcfadden,
        "r2_cox_snell": fit.r2_cox_snell,
        "r2_nagelkerke": fit.r2_nagelkerke,
        "tjur": fit.r2_tjur,
        "fitted_first_5": fit.fitted[:5],
        "lr": {"chisq": fit.likelihood_ratio, "df": fit.likelihood_ratio_df, "p": fit.likelihood_ratio_p},
    }
    for groups in (5, 10):
        test = hosmer_lemeshow(fit.outcome, fit.fitted, groups=groups)
        got[f"hosmer_lemeshow_{groups}"] = {
            "groups": test.n.size,
            "n": test.n,
            "observed": test.observed,
            "expected": test.expected,
            "chisq": test.statistic,
            "df": test.df,
            "p": test.p,
        }
    case.match("", got, rel=REL, abs=1e-10)
    for name in ("profile_lower_MASS", "profile_upper_MASS"):
        case.excuse(name, "interpolated by the package with a spline (1e-4); held to the roots")
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("logistic", "firth_.*"))
def test_firth(case_id: str) -> None:
    case = golden.load("logistic", case_id)
    outcome, x, terms, _ = columns(case)
    fit = fit_firth_logistic(outcome, x, terms=terms)
    assert list(fit.terms) == case.expected("terms")
    got: dict[str, Any] = {
        "n": fit.n,
        "coef": fit.coefficient,
        "se": fit.std_err,
        "se_augmented_as_logistf_1_26": fit.std_err_augmented,
        "or": fit.estimate,
        "lower_profile": np.log(fit.low),
        "upper_profile": np.log(fit.high),
        "chisq_lr": fit.chi_squared,
        "p_lr": fit.p,
        "penalised_loglik": fit.penalised_loglik,
        "wald_p": fit.p_wald,
        "overall_lr": {
            "chisq": fit.likelihood_ratio,
            "df": fit.likelihood_ratio_df,
            "p": fit.likelihood_ratio_p,
        },
    }
    case.match("", got, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("logistic", "calibration_.*"))
def test_calibration(case_id: str) -> None:
    case = golden.load("logistic", case_id)
    outcome, x, terms, table = columns(case)
    here = table["centre"] == 1
    model = fit_logistic(outcome[here], x[here], terms=terms)
    case.match("coef_development", dict(zip(model.terms, model.coefficient)), rel=REL)
    risk = model.predict(x[~here])
    result = calibrate(outcome[~here], risk)
    got: dict[str, Any] = {
        "n_test": result.n,
        "events_test": result.events,
        "slope": result.slope,
        "slope_se": result.slope_error,
        "slope_ci": [result.slope_low, result.slope_high],
        "intercept_with_slope": result.intercept_with_slope,
        "intercept_in_the_large": result.intercept,
        "intercept_in_the_large_se": result.intercept_error,
        "observed_over_expected": result.observed_over_expected,
        "unreliability_lr": {"chisq": result.unreliability, "df": 2, "p": result.unreliability_p},
        "brier": result.brier,
        "spiegelhalter_z": result.spiegelhalter_z,
        "spiegelhalter_p": result.spiegelhalter_p,
        "p_first_5": risk[:5],
    }
    case.match("", got, rel=REL)
    case.done()


rows_strategy = st.lists(st.tuples(st.booleans(), st.integers(-5, 5)), min_size=6, max_size=30).filter(
    lambda rows: 0 < sum(y for y, _ in rows) < len(rows) and len({x for _, x in rows}) > 1
)


@settings(max_examples=10)
@given(rows_strategy, st.floats(0.01, 100), st.randoms(use_true_random=False))
def test_firth_is_finite_and_knows_no_unit(rows: list[tuple[bool, int]], unit: float, random: Any) -> None:
    y, x = (np.array(column) for column in zip(*rows))
    fit = fit_firth_logistic(y, x)
    order = list(range(len(rows)))
    random.shuffle(order)
    other = fit_firth_logistic(y[order], unit * x[order])
    assert np.isfinite(fit.coefficient).all()
    np.testing.assert_allclose(other.coefficient[1] * unit, fit.coefficient[1], rtol=1e-6, atol=1e-8)
    assert other.p[1] == pytest.approx(fit.p[1], rel=1e-6, abs=1e-9)


def test_a_model_is_calibrated_on_its_own_rows() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=200)
    y = random.random(200) < 1 / (1 + np.exp(-x))
    result = calibrate(y, fit_logistic(y, x).fitted)
    assert (result.slope, result.intercept) == pytest.approx((1, 0), abs=1e-9)
    assert result.observed_over_expected == pytest.approx(1)


def test_a_very_strong_marker_is_not_separation() -> None:
    x = np.concatenate([np.linspace(-40, 40, 400), [-1, 1]])
    y = np.concatenate([np.linspace(-40, 40, 400) > 0, [True, False]])
    fit = fit_logistic(y, x)
    assert fit.fitted.min() < 1e-9
    assert fit.std_err[1] < fit.coefficient[1]


def test_what_cannot_be_fitted_is_said() -> None:
    separated = ([0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 5, 6])
    for call, code in (
        (lambda: fit_logistic(*separated), "separation"),
        (lambda: fit_logistic([0, 1, 0, 1, 1], [0, 0, 0, 1, 1]), "separation"),
        (lambda: fit_logistic([0, 1, 0], [1, 1, 1]), "collinear"),
        (lambda: fit_logistic([0, 1, 0, 1], [[1, 2], [2, 4], [3, 6], [1, 2]]), "collinear"),
        (lambda: fit_logistic([0, 0], [1, 2]), "empty-group"),
        (lambda: calibrate([0, 1], [0, 1]), "bad-risk"),
    ):
        with pytest.raises(StatisticsError) as caught:
            call()
        assert caught.value.code == code
    assert np.isfinite(fit_firth_logistic(*separated).coefficient).all()


def test_results_read_well() -> None:
    y, x = [0, 1, 0, 1, 1, 0], [1, 2, 3, 4, 1, 4]
    assert "odds ratio" in str(fit_logistic(y, x, terms=["sv"]))
    assert "Firth" in str(fit_firth_logistic(y, x, terms=["sv"]))
    assert "slope" in str(calibrate(y, [0.2, 0.7, 0.5, 0.6, 0.4, 0.3]))
