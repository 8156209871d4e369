"""Firth's Cox regression against hand-coded values checked with coxphf, and what must hold for any data."""

from __future__ import annotations

import golden
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splenic.stats._arrays import StatisticsError
from splenic.stats.cox import fit_cox
from splenic.stats.firth_cox import fit_firth_cox


@pytest.mark.parametrize("case_id", golden.ids("cox", "firth_.*"))
def test_firth_fits_equal_the_golden_values(case_id: str) -> None:
    case = golden.load("cox", case_id)
    data, terms = case.table(), case.expected("terms")
    x = np.column_stack([data[term] for term in terms])
    fit = fit_firth_cox(data[case.columns["time"]], data[case.columns["event"]], x, terms=terms)
    found = {
        "terms": fit.terms,
        "coef": fit.coefficient,
        "se": fit.std_err,
        "lower_profile": np.log(fit.low),
        "upper_profile": np.log(fit.high),
        "chisq_lr": fit.statistic,
        "p_lr": fit.p,
        "penalised_loglik": fit.loglik,
        "overall_lr": {"chisq": fit.overall.statistic, "df": fit.overall.df, "p": fit.overall.p},
    }
    case.match("", found, rel=1e-7, abs=1e-10)
    case.done()


def test_separation_has_a_finite_estimate() -> None:
    time, event, group = [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]
    assert fit_cox(time, event, group).infinite
    fit = fit_firth_cox(time, event, group, terms=["group"])
    assert np.isfinite(fit.coefficient[0])
    assert fit.high[0] < 1
    assert "group: hazard ratio" in str(fit)


def test_with_many_events_the_penalty_fades() -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=(2000, 2))
    time = random.exponential(np.exp(-x @ [0.5, -0.3]))
    one, other = fit_firth_cox(time, np.ones(2000), x), fit_cox(time, np.ones(2000), x)
    assert one.coefficient == pytest.approx(other.coefficient, abs=1e-3)
    assert one.std_err == pytest.approx(other.std_err, rel=1e-3)


@settings(max_examples=10)
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(0, 1)), min_size=6, max_size=25))
def test_turning_a_column_round_turns_its_estimate_round(data: list[tuple[int, bool, int]]) -> None:
    time, event, group = (np.array(column, dtype=float) for column in zip(*data))
    at_risk = [np.ptp(group[time >= t]) for t in time[event == 1]]
    if not any(at_risk):
        return
    one, other = fit_firth_cox(time, event, group), fit_firth_cox(time * 7, event, 1 - group)
    assert other.coefficient == pytest.approx(-one.coefficient, abs=1e-7)
    assert other.p == pytest.approx(one.p, abs=1e-7)


def test_what_cannot_be_fitted_is_named() -> None:
    with pytest.raises(StatisticsError, match="no complete row has an event"):
        fit_firth_cox([1, 2], [0, 0], [0, 1])
    with pytest.raises(StatisticsError, match="constant or determined"):
        fit_firth_cox([1, 2, 3], [1, 1, 0], [[0, 0], [1, 2], [2, 4]])
