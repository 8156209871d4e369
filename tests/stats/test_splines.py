"""Splines of a marker in a Cox model against R's rcs, ns and pspline."""

from __future__ import annotations

from typing import Any

import golden
import numpy as np
import pytest

from splenic.stats._arrays import StatisticsError
from splenic.stats.cox import fit_cox
from splenic.stats.splines import SplineEffect, fit_cox_penalised_spline, fit_cox_spline

REL = 1e-7


def nonlinear(test: Any) -> dict[str, Any]:
    return {"chisq": test.statistic, "df": test.df, "p": test.p}


def check_regression_splines(case: golden.Case, rcs: SplineEffect, natural: SplineEffect) -> None:
    curve = rcs.curve
    found = {
        "knots": rcs.basis.knots,
        "coef": rcs.fit.coefficient,
        "se": rcs.fit.std_err,
        "loglik": rcs.fit.loglik,
        "nonlinear_lr": nonlinear(rcs.nonlinear_lr),
        "nonlinear_wald": nonlinear(rcs.nonlinear_wald),
        "curve": {
            "reference": curve.reference_value,
            "x": curve.x,
            "log_hr": curve.log_hazard_ratio,
            "se": curve.std_err,
            "hr": curve.estimate,
            "lower": curve.low,
            "upper": curve.high,
        },
    }
    case.match("rcs4", found, rel=REL, abs=1e-10)
    found = {
        "knots_inner": natural.basis.inner,
        "knots_boundary": natural.basis.boundary,
        "coef": natural.fit.coefficient,
        "se": natural.fit.std_err,
        "loglik": natural.fit.loglik,
        "nonlinear_lr": nonlinear(natural.nonlinear_lr),
        "basis_at_grid": natural.basis.columns(curve.x),
    }
    case.match("ns3", found, rel=REL)


@pytest.mark.parametrize("case_id", golden.ids("cox", "spline_.*"))
def test_splines_equal_r(case_id: str) -> None:
    case = golden.load("cox", case_id)
    data, columns = case.table(), case.columns
    time, event, x = (data[columns[role]] for role in ("time", "event", "x"))
    names = [name for name in columns["adjust"].split(", ") if name]
    adjust = np.column_stack([data[name] for name in names]) if names else None
    grid = case.expected("rcs4.curve.x")
    rcs = fit_cox_spline(time, event, x, adjust=adjust, grid=grid)
    natural = fit_cox_spline(time, event, x, adjust=adjust, kind="natural", grid=grid)
    case.match("n", rcs.fit.n, rel=0)
    case.match("linear", {"coef": rcs.linear.coefficient[0], "loglik": rcs.linear.loglik}, rel=REL)
    check_regression_splines(case, rcs, natural)
    if "pspline4" in case.output:
        reached = case.expected("pspline4.df.0")
        smooth = fit_cox_penalised_spline(time, event, x, df=reached, segments=10, grid=grid)
        straight = smooth.linear
        found = {
            "loglik": smooth.loglik,
            "linear": [smooth.linear_slope, smooth.linear_std_err, straight.statistic, 1, straight.p],
            "nonlinear": [smooth.nonlinear_statistic, smooth.nonlinear_df, smooth.nonlinear_p],
            "x": grid,
            "log_hr_against_reference": smooth.curve.log_hazard_ratio,
        }
        case.match("pspline4", found, rel=1e-6)
        case.excuse(
            "pspline4.df", "where R's search for 4 df stopped: the degrees of freedom we are asked for"
        )
    case.done()


def marker_data(n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    x = random.normal(500, 150, n)
    time = random.exponential(20 * np.exp(-(((x - 500) / 150) ** 2) / 2))
    return np.ceil(time), (random.random(n) < 0.8).astype(float), x


def test_a_curve_is_one_at_its_reference_and_finds_a_bend() -> None:
    time, event, x = marker_data()
    effect = fit_cox_spline(time, event, x, grid=[200, 500, 800], reference_value=500)
    assert effect.curve.estimate[1] == pytest.approx(1)
    assert effect.curve.std_err[1] == pytest.approx(0)
    assert effect.curve.low[[0, 2]].min() > 1
    assert effect.nonlinear_lr.p < 1e-6
    assert "hazard ratio against 500" in str(effect)


def test_the_unit_of_the_marker_does_not_matter() -> None:
    time, event, x = marker_data()
    for kind in ("restricted-cubic", "natural"):
        one = fit_cox_spline(time, event, x, kind=kind, grid=[300, 700])
        other = fit_cox_spline(time, event, x / 1000, kind=kind, grid=[0.3, 0.7])
        assert other.curve.estimate == pytest.approx(one.curve.estimate)


def test_a_penalised_spline_meets_its_degrees_of_freedom_and_becomes_straight() -> None:
    time, event, x = marker_data()
    for df in (2.0, 4.0):
        assert fit_cox_penalised_spline(time, event, x, df=df).df == pytest.approx(df, abs=1e-6)
    stiff = fit_cox_penalised_spline(time, event, x, df=1.001, segments=10, grid=[300, 700])
    slope = fit_cox(time, event, x).coefficient[0]
    assert np.diff(stiff.curve.log_hazard_ratio)[0] == pytest.approx(400 * slope, abs=0.02)


def test_beyond_the_data_every_basis_is_straight() -> None:
    time, event, x = marker_data()
    outside = np.array([1500.0, 1600.0, 1700.0])
    for effect in (
        fit_cox_spline(time, event, x),
        fit_cox_spline(time, event, x, kind="natural"),
        fit_cox_penalised_spline(time, event, x),
    ):
        assert np.diff(effect.basis.columns(outside), n=2, axis=0) == pytest.approx(0, abs=1e-9)


def test_a_marker_with_few_values_is_refused() -> None:
    with pytest.raises(StatisticsError, match="four different values"):
        fit_cox_spline([1, 2, 3, 4, 5], [1, 1, 1, 1, 1], [0, 1, 0, 1, 2])
