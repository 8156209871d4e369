"""Agreement of readers against R and its own laws."""

from __future__ import annotations

from typing import Any

import golden
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import stdtrit

from splenic.stats import agreement, reliability
from splenic.stats._arrays import StatisticsError
from splenic.stats._distributions import normal_width
from splenic.stats.groups import shapiro_wilk

REL = 1e-9


def pair(case: golden.Case, one: str = "first", two: str = "second") -> tuple[np.ndarray, np.ndarray]:
    table = case.table()
    return table[case.columns[one]], table[case.columns[two]]


@pytest.mark.parametrize("case_id", golden.ids("agreement", "bland_altman_.*"))
def test_bland_altman(case_id: str) -> None:
    case = golden.load("agreement", case_id)
    x, y = pair(case)
    scale: agreement.Scale = "log-ratio" if "log_ratio" in case_id else case_id.split("_")[-1]  # type: ignore[assignment]
    result = agreement.bland_altman(x, y, scale=scale)
    got: dict[str, Any] = {
        "n": result.n,
        "bias": result.estimate,
        "sd": result.sd,
        "lower_limit": result.lower_limit,
        "upper_limit": result.upper_limit,
        "bias_ci": [result.low, result.high],
        "bias_t_p": result.p,
        "proportional_bias": {
            "slope": result.slope,
            "intercept": result.intercept,
            "p": result.slope_p,
            "r": result.correlation,
        },
        "mean_absolute": result.mean_absolute,
        "rms": result.rms,
        "within_sd": result.within_sd,
        "repeatability_coefficient": result.repeatability,
        "within_cv_percent_rms": result.within_cv_percent,
    }
    case.match("", got, rel=REL)
    d = {"difference": y - x, "percent": 200 * (y - x) / (x + y), "log-ratio": np.log(y / x)}[scale]
    case.match("shapiro_p", shapiro_wilk(d)[1], rel=1e-6)
    t = float(stdtrit(result.n - 1, 0.975))
    for name, method in (
        ("exact_carkeet", "exact"),
        ("mover", "mover"),
        ("approximate_1986", "approximate-1986"),
        ("approximate_1999", "approximate-1999"),
    ):
        other = agreement.bland_altman(x, y, scale=scale, limits=method)  # type: ignore[arg-type]
        got = {"lower_limit_ci": [other.lower_limit_low, other.lower_limit_high]}
        got |= {"upper_limit_ci": [other.upper_limit_low, other.upper_limit_high]}
        if name.startswith("approximate"):
            got["se_limit"] = (other.upper_limit_high - other.upper_limit) / t
        if method == "exact":
            got["k"] = (np.array(got["upper_limit_ci"]) - other.estimate) / other.sd
        case.match(name, got, rel=1e-8)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("agreement", "icc_.*"))
def test_intraclass_correlation(case_id: str) -> None:
    case = golden.load("agreement", case_id)
    table = case.table()
    last = int(case.columns["rows"].split()[-1])
    ratings = np.column_stack([table[name] for name in case.columns["raters"].split(", ")])[:last]
    result = reliability.intraclass_correlations(ratings)
    got: dict[str, Any] = {"n": result.icc_2_1.n, "k": result.icc_2_1.readers, "ms_rows": result.ms_rows}
    got |= {"ms_columns": result.ms_columns, "ms_error": result.ms_error}
    for form in ("icc_1_1", "icc_2_1", "icc_3_1", "icc_1_k", "icc_2_k", "icc_3_k"):
        one = getattr(result, form)
        got[form] = {"icc": one.estimate, "f": one.f, "df1": one.df1, "df2": one.df2, "p": one.p}
        got[form] |= {"lower": one.low, "upper": one.high}
    two, three = result.icc_2_1, result.icc_3_1
    got["by_hand"] = {
        "icc_2_1": two.estimate,
        "icc_2_1_ci": [two.low, two.high],
        "icc_3_1": three.estimate,
        "icc_3_1_ci": [three.low, three.high],
        "nu": result.agreement_df,
    }
    case.match("", got, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("agreement", "kappa_.*"))
def test_kappa(case_id: str) -> None:
    case = golden.load("agreement", case_id)
    x, y = pair(case)
    for name, weights in (("unweighted", "none"), ("linear", "linear"), ("quadratic", "quadratic")):
        result = reliability.cohen_kappa(x, y, weights=weights)  # type: ignore[arg-type]
        got: dict[str, Any] = {
            "kappa": result.estimate,
            "observed": result.observed,
            "expected": result.expected,
            "se": result.std_err,
            "lower": result.low,
            "upper": result.high,
            "se_null": result.std_err_null,
            "z": result.z,
            "p": result.p,
        }
        case.match(name, got, rel=REL)
        case.match(f"vcd.{name}", [result.estimate, result.std_err], rel=REL)
    case.match("counts", result.counts, rel=0)
    if "pabak" in case.output:
        plain = reliability.cohen_kappa(x, y)
        index = reliability.binary_agreement(plain)
        got = {
            "prevalence_index": index.prevalence_index,
            "bias_index": index.bias_index,
            "pabak": index.pabak,
        }
        half = normal_width(0.95) * plain.std_err_null
        said = [plain.estimate, plain.std_err_null, plain.estimate - half, plain.estimate + half]
        case.match("", got | {"epiR_kappa_est_se_lower_upper": said}, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("agreement", "ccc_.*"))
def test_concordance(case_id: str) -> None:
    case = golden.load("agreement", case_id)
    result = agreement.concordance_correlation(*pair(case))
    got: dict[str, Any] = {"ccc": result.estimate, "lower": result.low, "upper": result.high}
    got |= {"scale_shift": result.scale_shift, "location_shift": result.location_shift}
    case.match("epiR", got | {"bias_correction": result.bias_correction}, rel=REL)
    got = {"pearson": result.correlation, "ccc_divisor_n": result.estimate}
    case.match("", got | {"location_shift_divisor_n": -result.location_shift}, rel=REL)
    case.excuse("ccc_divisor_n_minus_1", "another definition; ours is Lin's, with divisor n")
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("agreement", "regression_.*"))
def test_lines(case_id: str) -> None:
    case = golden.load("agreement", case_id)
    x, y = pair(case, "x", "y")
    line = agreement.passing_bablok(x, y)
    got = {"slope": line.slope, "slope_lower": line.slope_low, "slope_upper": line.slope_high}
    got |= {"intercept": line.intercept, "intercept_lower": line.intercept_low}
    case.match("passing_bablok", got | {"intercept_upper": line.intercept_high}, rel=REL)
    straight = agreement.deming(x, y)
    case.match("deming", {"slope": straight.slope, "intercept": straight.intercept}, rel=REL)
    case.done()


measured = st.lists(
    st.tuples(st.integers(1, 400), st.integers(1, 400)), min_size=5, max_size=25, unique=True
).filter(lambda rows: len({a for a, _ in rows}) > 2 and len({b for _, b in rows}) > 2)


@given(measured)
def test_exchanging_readers_turns_the_bias(rows: list[tuple[int, int]]) -> None:
    x, y = (np.array(column, dtype=float) for column in zip(*rows))
    for limits in ("exact", "mover", "approximate-1999", "approximate-1986"):
        one = agreement.bland_altman(x, y, limits=limits)  # type: ignore[arg-type]
        two = agreement.bland_altman(y, x, limits=limits)  # type: ignore[arg-type]
        assert one.estimate == pytest.approx(-two.estimate)
        assert one.upper_limit_high == pytest.approx(-two.lower_limit_low)
        assert one.lower_limit_low <= one.lower_limit <= one.lower_limit_high
    assert agreement.concordance_correlation(x, y).estimate == pytest.approx(
        agreement.concordance_correlation(y, x).estimate
    )


@given(measured, st.floats(0.1, 10))
def test_units_do_not_matter(rows: list[tuple[int, int]], unit: float) -> None:
    x, y = (np.array(column, dtype=float) for column in zip(*rows))
    assume(np.ptp(y - x) > 0 and np.ptp(y + x) > 0)
    one = reliability.intraclass_correlations(np.column_stack([x, y]))
    two = reliability.intraclass_correlations(unit * np.column_stack([x, y]))
    assert two.icc_2_1.estimate == pytest.approx(one.icc_2_1.estimate, rel=1e-6, abs=1e-9)
    assert agreement.bland_altman(unit * x, unit * y, scale="percent").estimate == pytest.approx(
        agreement.bland_altman(x, y, scale="percent").estimate, abs=1e-9
    )


@given(st.lists(st.sampled_from("abc"), min_size=4, max_size=20).filter(lambda labels: len(set(labels)) > 1))
def test_perfect_agreement(labels: list[str]) -> None:
    for weights in ("none", "linear", "quadratic"):
        assert reliability.cohen_kappa(labels, labels, weights=weights).estimate == pytest.approx(1)  # type: ignore[arg-type]


def test_lines_through_exact_points() -> None:
    x = np.arange(1.0, 12.0)
    for line in (agreement.passing_bablok(x, 2 * x + 3), agreement.deming(x, 2 * x + 3)):
        assert (line.slope, line.intercept) == pytest.approx((2, 3))
        assert "slope 2.0000" in str(line)


def test_what_cannot_be_compared_is_said() -> None:
    for call, code in (
        (lambda: agreement.bland_altman([1, 2], [1, 2]), "too-few-rows"),
        (lambda: agreement.bland_altman([1, 2, 0], [1, 2, 3], scale="log-ratio"), "bad-values"),
        (lambda: agreement.concordance_correlation([1, 1, 1], [1, 2, 3]), "constant"),
        (lambda: reliability.cohen_kappa([1, 1], [1, 1], levels=(1, 2)), "constant"),
        (lambda: reliability.intraclass_correlations([[1, 2]]), "too-few-rows"),
    ):
        with pytest.raises(StatisticsError) as caught:
            call()
        assert caught.value.code == code


def test_results_read_well() -> None:
    assert "limits of agreement" in str(agreement.bland_altman([1, 2, 3, 4], [1, 3, 3, 5]))
    assert "ICC(2,1)" in str(reliability.intraclass_correlations([[1, 2], [2, 2], [3, 5]]))
    assert "kappa" in str(reliability.cohen_kappa([1, 2, 1, 2], [1, 2, 2, 2]))
    assert "Lin" in str(agreement.concordance_correlation([1, 2, 3, 4], [1, 3, 3, 5]))
