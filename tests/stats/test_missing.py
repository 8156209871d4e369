"""Pooling against R, and imputation against what it must do."""

from __future__ import annotations

from typing import Any

import golden
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit, stdtrit

from splenic.stats import missing
from splenic.stats._arrays import StatisticsError
from splenic.stats._distributions import normal_width
from splenic.stats.concordance import concordance
from splenic.stats.cox import fit_cox
from splenic.stats.logistic import fit_logistic
from splenic.stats.survival import kaplan_meier

REL = 1e-8


def all_of(result: missing.Pooled) -> dict[str, float]:
    z, error = normal_width(0.95), result.std_err
    old = result.df_rubin_1987
    half = (z if np.isinf(old) else float(stdtrit(old, 0.975))) * error
    return {
        "estimate": result.estimate,
        "within": result.within,
        "between": result.between,
        "total": result.total,
        "se": error,
        "riv": result.riv,
        "lambda": result.lambda_,
        "fmi": result.fmi,
        "dfcom": result.df_complete,
        "df_rubin_1987": old,
        "df_barnard_rubin": result.df,
        "t": result.t,
        "p": result.p,
        "lower": result.low,
        "upper": result.high,
        "lower_normal": result.estimate - z * error,
        "upper_normal": result.estimate + z * error,
        "lower_rubin_1987": result.estimate - half,
        "upper_rubin_1987": result.estimate + half,
    }


@pytest.mark.parametrize("case_id", golden.ids("missing", "scalar_.*"))
def test_scalar(case_id: str) -> None:
    case = golden.load("missing", case_id)
    given_ = case.raw["input"]
    result = missing.pool(given_["estimate"], given_["variance"], df_complete=float(given_["dfcom"]))
    case.match("", all_of(result), rel=REL)
    for name in ("mice_df", "mice_fmi"):
        if name in case.output:
            case.excuse(name, "the package floors lambda at 1e-4; held to the limit value")
    case.done()


def completed(case: golden.Case) -> list[dict[str, np.ndarray]]:
    table = case.table()
    label = table[case.columns["set"]]
    return [{name: column[label == k] for name, column in table.items()} for k in np.unique(label)]


def fit(call: str, table: dict[str, np.ndarray]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Terms, coefficients and covariance of the model that an R call names."""
    formula = call[call.index("(") + 1 : call.index(") on each set")].split(", binomial")[0]
    left, right = formula.split(" ~ ")
    terms = right.split(" + ")
    x = np.column_stack([table[term] for term in terms])
    if call.startswith("coxph"):
        cox = fit_cox(table["os_days"], table["os_event"], x, terms=terms)
        return terms, cox.coefficient, cox.covariance
    if call.startswith("glm"):
        model = fit_logistic(table[left], x, terms=terms)
        return list(model.terms), model.coefficient, model.covariance
    design = np.column_stack([np.ones(len(x)), x])
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ table[left]
    rest = table[left] - design @ beta
    return ["(Intercept)", *terms], beta, inverse * (rest @ rest) / (len(x) - design.shape[1])


@pytest.mark.parametrize("case_id", golden.ids("missing", "(cox|logistic|linear)_.*"))
def test_models(case_id: str) -> None:
    case = golden.load("missing", case_id)
    fits = [fit(case.raw["call"], table) for table in completed(case)]
    terms = fits[0][0]
    q, u = np.array([one[1] for one in fits]), np.array([one[2] for one in fits])
    assert terms == case.expected("terms")
    spread = np.diagonal(u, axis1=1, axis2=2)
    case.match("", {"per_set_coef": q, "per_set_var": spread}, rel=REL)
    df = float(case.expected(f"pooled.{terms[0]}.dfcom"))
    results = [missing.pool(q[:, k], spread[:, k], df_complete=df) for k in range(len(terms))]
    for term, result in zip(terms, results):
        case.match(f"pooled.{term}", all_of(result), rel=REL)
    case.match(
        "mice",
        {
            "estimate": [result.estimate for result in results],
            "se": [result.std_err for result in results],
            "fmi": [result.fmi for result in results],
            "lambda": [result.lambda_ for result in results],
            "riv": [result.riv for result in results],
            "df": [result.df for result in results],
            "p": [result.p for result in results],
            "lower": [result.low for result in results],
            "upper": [result.high for result in results],
        },
        rel=1e-6,
    )
    if "joint_d1" in case.output:
        joint(case, terms, q, u)
    case.done()


def joint(case: golden.Case, terms: list[str], q: np.ndarray, u: np.ndarray) -> None:
    slopes = [k for k, term in enumerate(terms) if term != "(Intercept)"]
    q, u = q[:, slopes], u[:, slopes][:, :, slopes]
    first = missing.joint_test_d1(q, u)
    got: dict[str, Any] = {"statistic": first.statistic, "df1": first.df1, "df2": first.df2}
    case.match("joint_d1", got | {"r": first.increase, "p": first.p}, rel=REL)
    wald = [b @ np.linalg.solve(v, b) for b, v in zip(q, u)]
    second = missing.joint_test_d2(wald, len(slopes))
    got = {"per_set_wald": wald, "statistic": second.statistic, "df1": second.df1, "df2": second.df2}
    case.match("joint_d2", got | {"r": second.increase, "p": second.p}, rel=REL)


@pytest.mark.parametrize("case_id", golden.ids("missing", "survival_.*"))
def test_survival_on_the_log_log_scale(case_id: str) -> None:
    case = golden.load("missing", case_id)
    values, errors = [], []
    for table in completed(case):
        rows = table["child_b"] == 1
        curve = kaplan_meier(table["os_days"][rows], table["os_event"][rows])
        k = int(np.searchsorted(curve.time, 365, side="right")) - 1
        values.append(float(curve.estimate[k]))
        errors.append(float(curve.std_err[k]))
    s, e = np.array(values), np.array(errors)
    case.match("", {"per_set": s, "per_set_se": e}, rel=REL)
    result = missing.pool(np.log(-np.log(s)), (e / (s * np.log(s))) ** 2)
    case.match("loglog", all_of(result), rel=REL)
    got = {"estimate": result.estimate, "lower": result.high, "upper": result.low}
    case.match("", {name: np.exp(-np.exp(value)) for name, value in got.items()}, rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("missing", "concordance_.*"))
def test_concordance_on_the_logit_scale(case_id: str) -> None:
    case = golden.load("missing", case_id)
    values, spread = [], []
    for table in completed(case):
        x = np.column_stack([table[term] for term in ("log2_sv", "log10_afp", "child_b")])
        model = fit_cox(table["os_days"], table["os_event"], x)
        result = concordance(table["os_days"], table["os_event"], x @ model.coefficient)
        values.append(result.estimate)
        spread.append(result.std_err**2)
    c, v = np.array(values), np.array(spread)
    case.match("", {"per_set": c, "per_set_var": v}, rel=REL)
    pooled = missing.pool(logit(c), v / (c * (1 - c)) ** 2)
    case.match("logit", all_of(pooled), rel=REL)
    got = {"estimate": pooled.estimate, "lower": pooled.low, "upper": pooled.high}
    case.match("", {name: expit(value) for name, value in got.items()}, rel=REL)
    case.done()


sets_strategy = st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 9)), min_size=2, max_size=10)


@given(sets_strategy, st.integers(1, 500))
def test_pooling_never_gains(rows: list[tuple[int, int]], df: int) -> None:
    q, u = (np.array(column, dtype=float) for column in zip(*rows))
    result = missing.pool(q, u, df_complete=df)
    assert result.total >= result.within - 1e-12
    assert 0 <= result.lambda_ <= 1
    assert result.df <= df + 1e-9
    assert result.low <= result.estimate <= result.high
    turned = missing.pool(-q[::-1], u[::-1], df_complete=df)
    assert (turned.low, turned.p) == pytest.approx((-result.high, result.p))


def test_imputation_fills_gaps_with_observed_values() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(80, 3))
    x[:, 1] += 2 * x[:, 0]
    full = x.copy()
    x[random.random(80) < 0.3, 1] = np.nan
    sets = missing.impute_chained(x, sets=3, burn_in=2, seed=7)
    known = ~np.isnan(x)
    assert sets.shape == (3, 80, 3)
    assert not np.isnan(sets).any()
    for one in sets:
        assert np.array_equal(one[known], x[known])
        assert np.isin(one[:, 1], x[known[:, 1], 1]).all()
    assert np.array_equal(sets, missing.impute_chained(x, sets=3, burn_in=2, seed=7))
    assert not np.array_equal(sets, missing.impute_chained(x, sets=3, burn_in=2, seed=8))
    gaps = ~known[:, 1]
    assert np.corrcoef(sets[0][gaps, 1], full[gaps, 1])[0, 1] > 0.5
    assert missing.missing_shares(x, ["a", "b", "c"])["b"] == pytest.approx(gaps.mean())


def test_nothing_missing_is_left_alone() -> None:
    x = np.arange(12.0).reshape(6, 2)
    assert np.array_equal(missing.impute_chained(x, sets=2), np.stack([x, x]))


def test_what_cannot_be_pooled_is_said() -> None:
    gap = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, 1.0]])
    for call, code in (
        (lambda: missing.pool([1], [1]), "bad-shape"),
        (lambda: missing.pool([1, 2], [0, 1]), "bad-values"),
        (lambda: missing.joint_test_d1([[1, 2], [1, 2]], np.ones((2, 3, 3))), "bad-shape"),
        (lambda: missing.joint_test_d2([1, 2], 0), "bad-option"),
        (lambda: missing.impute_chained(gap), "too-few-rows"),
        (lambda: missing.impute_chained(gap[:, 1:]), "too-few-columns"),
    ):
        with pytest.raises(StatisticsError) as caught:
            call()
        assert caught.value.code == code


def test_results_read_well() -> None:
    assert "5 sets" in str(missing.pool([1, 2, 1, 2, 1], [1, 1, 1, 1, 1]))
    assert "D2" in str(missing.joint_test_d2([3, 5, 4], 2))
