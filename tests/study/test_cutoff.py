"""Cut-offs: where they are found, and in whom they are judged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from splenic.stats import find_cutoff, logrank_test
from splenic.study import Protocol, StudyData
from splenic.study.cutoff import folds, split

Make = Callable[..., Protocol]


def _split(plan: Make, data: StudyData, **cutoff: object) -> object:
    keys = {"first": 20} if cutoff.get("validation") == "development" else {}
    protocol = plan(cutoff={"permutations": 200, **cutoff}, development=keys)
    return split(protocol, protocol.cutoff, data, data.variable("sv_ml"), data.endpoint("os"))


def test_development_cases_find_it_and_the_rest_is_judged(plan: Make, tiny: StudyData) -> None:
    found = _split(plan, tiny, method="maxstat", validation="development")
    first = slice(0, 20)
    end, sv = tiny.endpoint("os"), tiny.variable("sv_ml").values
    alone = find_cutoff(end.time[first], end.event[first], sv[first])
    assert found.value == alone.estimate
    assert found.cutoff.value == pytest.approx(alone.estimate, rel=1e-11)
    assert found.cutoff.p_corrected == pytest.approx(alone.p, rel=1e-9)
    np.testing.assert_array_equal(found.evaluated, ~tiny.development)
    assert found.cutoff.n_low + found.cutoff.n_high == found.cutoff.n_applied_to == 20
    assert found.grouping().patients == "patients not used in development"


def test_searched_and_judged_in_the_same_patients_is_said(plan: Make, tiny: StudyData) -> None:
    found = _split(plan, tiny, method="maxstat").cutoff
    end, sv = tiny.endpoint("os"), tiny.variable("sv_ml").values
    assert found.p_uncorrected == pytest.approx(logrank_test(end.time, end.event, sv > found.value).p)
    assert found.p_corrected > found.p_uncorrected
    assert {p.method for p in found.p_values} == {"gaussian", "permutation", "lausen92", "lausen94"}
    assert "only the corrected p value holds" in found.notes[0]
    assert len(found.tried) == len(found.tried_statistics) > 20
    assert max(found.tried_statistics) == found.statistic


def test_cross_fitted_patients_do_not_choose_their_own(plan: Make, tiny: StudyData) -> None:
    found = _split(plan, tiny, method="maxstat", validation="cross-fitted", folds=4)
    end, sv = tiny.endpoint("os"), tiny.variable("sv_ml").values
    place = folds(40, 4, end.event, 2022)
    for k, cut in enumerate(found.cutoff.fold_values):
        others = place != k
        alone = find_cutoff(end.time[others], end.event[others], sv[others]).estimate
        assert cut == pytest.approx(alone, rel=1e-11)
        np.testing.assert_array_equal(found.high[~others], sv[~others] > alone)


@pytest.mark.parametrize(
    ("cutoff", "value"),
    [
        ({"method": "median"}, 500.0),
        ({"method": "quantile", "quantile": 0.25}, 300.0),
        ({"method": "fixed", "value": 532}, 532.0),
    ],
)
def test_cutoffs_without_search(plan: Make, tiny: StudyData, cutoff: dict[str, object], value: float) -> None:
    found = _split(plan, tiny, **cutoff).cutoff
    assert found.value == pytest.approx(value)
    assert found.p_corrected is None
    assert found.notes == ()


def test_youden(plan: Make, tiny: StudyData) -> None:
    protocol = plan(cutoff={"method": "youden"}, decompensation={"definition": "as-recorded"})
    found = split(protocol, protocol.cutoff, tiny, tiny.variable("sv_ml"), tiny.endpoint("os"))
    sv, ill = tiny.variable("sv_ml").values, tiny.decompensation.within
    index = [np.mean(ill[ill == 1] == (sv[ill == 1] > c)) + np.mean(sv[ill == 0] <= c) for c in sv]
    above = sv > found.cutoff.value
    assert np.mean(above[ill == 1]) + np.mean(~above[ill == 0]) == pytest.approx(max(index))


def test_too_few_events_are_said(plan: Make, tiny: StudyData) -> None:
    protocol = plan(least_events=50)
    found = split(protocol, protocol.cutoff, tiny, tiny.variable("sv_ml"), tiny.endpoint("os"))
    assert found.cutoff.not_done is not None
    assert "40 patients with 34 events of known SV are too few to test" in found.cutoff.not_done
    assert np.isnan(found.high).all()


def test_folds_share_events_evenly() -> None:
    event = (np.arange(53) % 3 == 0).astype(float)
    place = folds(53, 5, event, 1)
    assert np.ptp(np.bincount(place)) <= 1
    assert np.ptp(np.bincount(place[event == 1])) <= 1
    np.testing.assert_array_equal(place, folds(53, 5, event, 1))
