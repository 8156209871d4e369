"""Optimism correction and calibration, against data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from splenic.stats._arrays import StatisticsError
from splenic.stats.concordance import concordance
from splenic.stats.cox import fit_cox
from splenic.stats.cox_prediction import predict_survival
from splenic.stats.validation import calibration_at, optimism_corrected


def simulated(n: int, p: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One covariate of effect, the others none; exponential times of mean 20 at zero, censored."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, p))
    time, censored = random.exponential(20 * np.exp(-0.7 * x[:, 0])), random.exponential(40, n)
    return np.minimum(time, censored), (time <= censored).astype(float), x


@pytest.mark.slow
def test_over_many_cohorts_the_corrected_concordance_is_that_in_new_patients() -> None:
    new_time, new_event, new_x = simulated(4000, 8, 99)
    found, truth = [], []
    for seed in range(12):
        time, event, x = simulated(100, 8, seed)
        found.append(optimism_corrected(time, event, x, resamples=20, seed=seed))
        risk = new_x @ fit_cox(time, event, x).coefficient
        truth.append(concordance(new_time, new_event, risk).estimate)
    apparent, corrected = (
        np.mean([getattr(f, name) for f in found] - np.array(truth)) for name in ("apparent", "estimate")
    )
    # The mean of 12 cohorts has a standard error of about 0.01 on either difference.
    assert apparent > 0.02
    assert abs(corrected) < apparent / 2
    assert np.mean([f.calibration_slope for f in found]) < 0.95
    assert all(f.low < f.estimate < f.high and f.failed == 0 for f in found)


def test_the_seed_decides_the_resamples() -> None:
    data = simulated(60, 2, 3)
    one, same, other = (optimism_corrected(*data, resamples=5, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.optimism != other.optimism
    assert "5 resamples" in str(one)


def test_a_true_model_is_calibrated_and_a_distorted_one_is_not() -> None:
    time, event, x = simulated(4000, 1, 5)
    truth = np.exp(-12 / 20 * np.exp(0.7 * x[:, 0]))
    right = calibration_at(time, event, truth, 12)
    assert right.low < 1 < right.high
    assert right.slope_low < 1 < right.slope_high
    assert right.mean_error < 0.02
    assert ((right.observed_low <= right.predicted) & (right.predicted <= right.observed_high)).sum() >= 4
    assert right.group_n.sum() == 4000
    wide = calibration_at(time, event, np.exp(-12 / 20 * np.exp(1.4 * x[:, 0])), 12)
    assert wide.slope == pytest.approx(right.slope / 2, abs=0.01)
    assert wide.slope_high < 1
    low = calibration_at(time, event, truth**0.5, 12)
    assert low.low > 1
    assert low.mean_error > 0.1
    assert "observed over expected" in str(low)


def test_a_fitted_model_agrees_with_its_own_data_in_the_large() -> None:
    time, event, x = simulated(600, 2, 6)
    fit = fit_cox(time, event, x)
    predicted = predict_survival(fit, x, [15]).estimate[0]
    found = calibration_at(time, event, predicted, 15)
    assert found.estimate == pytest.approx(1, abs=0.03)
    assert found.slope == pytest.approx(1, abs=0.1)


def test_what_cannot_be_judged_is_named() -> None:
    time, event, _ = simulated(50, 1, 7)
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        calibration_at(time, event, np.ones(50), 5)
    with pytest.raises(StatisticsError, match="nobody is followed up"):
        calibration_at(time, event, np.full(50, 0.5), 1e6)
