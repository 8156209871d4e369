"""Many resamples at once against one after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.stats import StatisticsError, concordance, fit_cox, optimism_corrected, time_dependent_auc
from splenic.study import resampling
from splenic.study.optimism import batch_cox, optimism


def _patients(seed: int, n: int = 60, ties: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 3))
    x[:, 2] = x[:, 2] > 0.3
    time = random.exponential(np.exp(-x @ [0.5, 0.0, 0.6])) * 20 + 0.2
    if ties:
        time = np.ceil(time)
        x[:, 0] = x[:, 0].round(1)
    return time, (random.random(n) < 0.7).astype(float), x


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_resample_is_what_its_own_rows_give(seed: int) -> None:
    time, event, x = _patients(seed)
    risk, n = x[:, 0], len(time)
    counts = resampling.resample_counts(n, 12, seed)
    harrell = resampling.concordances(time, event, risk, counts)
    uno = resampling.uno_concordances(time, event, risk, counts)
    area = resampling.time_aucs(time, event, risk, (5.0, 10.0), counts)
    models = batch_cox(time, event, x, counts)
    for k, count in enumerate(counts):
        rows = np.repeat(np.arange(n), count.astype(int))
        t, e, r = time[rows], event[rows], risk[rows]
        assert harrell[k] == pytest.approx(concordance(t, e, r).estimate, abs=1e-12)
        assert uno[k] == pytest.approx(concordance(t, e, r, weight="n/G2").estimate, abs=1e-12)
        found = time_dependent_auc(t, e, r, (5.0, 10.0)).estimate
        np.testing.assert_allclose(area[k], found, atol=1e-12)
        np.testing.assert_allclose(models[k], fit_cox(t, e, x[rows]).coefficient, atol=1e-7)


@pytest.mark.parametrize("ties", [True, False])
def test_optimism_is_that_of_one_model_after_the_other(ties: bool) -> None:
    time, event, x = _patients(4, 90, ties)
    fast = optimism(time, event, x, resamples=15, seed=7, level=0.95)
    slow = optimism_corrected(time, event, x, resamples=15, seed=7)
    assert fast is not None
    for name, other in (("estimate", slow.estimate), ("low", slow.low), ("high", slow.high)):
        assert getattr(fast, name) == pytest.approx(other, abs=1e-9), name
    assert fast.slope == pytest.approx(slow.calibration_slope, abs=1e-7)


def test_a_column_that_a_resample_lacks_makes_it_fail_and_no_other() -> None:
    time, event, x = _patients(5, 40)
    x[:, 2] = 0.0
    x[7, 2] = 1.0  # about one resample in three has no such patient
    counts = resampling.resample_counts(40, 30, 1)
    models = batch_cox(time, event, x, counts)
    lacking = counts[:, 7] == 0
    assert lacking.any()
    assert np.isnan(models[lacking]).all()
    found = optimism(time, event, x, resamples=30, seed=1, level=0.95)
    assert found is not None
    assert found.failed >= lacking.sum()
    with pytest.raises(StatisticsError):
        fit_cox(time, event, np.zeros((40, 1)))


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=50))
def test_p_of_a_difference_is_symmetric_and_never_zero(values: list[float]) -> None:
    differences = np.array(values)
    p = resampling.bootstrap_p(differences)
    assert 0 < p <= 1
    assert p == resampling.bootstrap_p(-differences)


def test_p_ignores_resamples_that_gave_nothing() -> None:
    values = np.r_[np.full(99, 0.1), np.nan]
    assert resampling.bootstrap_p(values) == pytest.approx(2 / 100)
