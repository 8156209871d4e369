"""Strange cohorts: whatever cannot be computed is said, and nothing breaks or warns."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from splenic.study import Protocol, StudyData, analyse, from_json, to_json
from splenic.study.data import Decompensated, Endpoint, Reads, Variable

MISSING = ["complete-case", "complete-case"]
if find_spec("statsmodels") is not None:
    MISSING.append("multiple-imputation")


def strange(random: np.random.Generator) -> StudyData:
    """A few patients: ties, constants, separation, blanks, one group, no event, time zero."""
    n = int(random.integers(1, 60))

    def gaps(values: object) -> np.ndarray:
        found = np.array(values, dtype=float)
        found[random.random(n) < random.choice([0, 0, 0.1, 0.6, 1.0])] = np.nan
        return found

    sv = random.lognormal(6, 0.5, n)
    kind = random.integers(0, 6)
    if kind == 1:
        sv[:] = 500.0
    elif kind == 2:
        sv = np.round(sv, -3)
    elif kind == 3:
        sv[:] = 500.0
        sv[0] = 600.0
    time = random.exponential(20, n)
    if random.random() < 0.3:
        time = np.round(time / 6) * 6
    elif random.random() < 0.2:
        time = 30 * np.exp(-sv / 500)  # SV decides survival: hazard ratios are infinite
    event = (random.random(n) < random.choice([0, 0.1, 0.7, 1.0])).astype(float)
    within = (random.random(n) < random.choice([0, 0.05, 0.4, 1])).astype(float)
    numbers = {
        "sv_ml": sv,
        "craniocaudal_mm": 100 * np.cbrt(sv / 500) * random.lognormal(0, 0.1, n),
        "axial_diameter_mm": sv,
        "age_years": random.normal(60, 9, n),
    }
    variables = {key: Variable(key, key, "continuous", gaps(values), "u") for key, values in numbers.items()}
    male = gaps(random.random(n) < random.choice([0.5, 0.02, 1]))
    variables["male"] = Variable("male", "Male", "binary", male, None, ("female", "male"))
    child = gaps(random.integers(0, random.integers(1, 5), n))
    variables["child_pugh"] = Variable("child_pugh", "CP", "categorical", child, None, ("A", "B", "C", "D"))
    status = np.where(within == 1, 1.0, np.where(event == 1, 2.0, 0.0))
    verdict = gaps(random.integers(1, 4, n))
    development = np.arange(n) < n // 3
    return StudyData(
        patients=tuple(f"P{k}" for k in range(n)),
        variables=variables,
        endpoints={
            "os": Endpoint("os", "Overall survival", gaps(time), event),
            "pfs": Endpoint("pfs", "Progression-free survival", time / 2, gaps(event)),
        },
        development=development,
        verdict=verdict,
        measured=variables["sv_ml"].known,
        complete=np.asarray(random.random(n) < 0.9),
        reads=Reads(verdict, development),
        decompensation=Decompensated(gaps(within), gaps(time), status, "death"),
    )


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    method=st.sampled_from(["median", "maxstat", "quantile", "fixed", "youden"]),
    validation=st.sampled_from(["none", "development", "cross-fitted"]),
    least_events=st.sampled_from([2, 5, 10]),
    resamples=st.sampled_from([0, 4]),
    missing=st.sampled_from(MISSING),
)
def test_nothing_breaks(
    plan: Callable[..., Protocol],
    seed: int,
    method: str,
    validation: str,
    least_events: int,
    resamples: int,
    missing: str,
) -> None:
    data = strange(np.random.default_rng(seed))
    covariates = ["age_years", "male", "child_pugh"]
    cutoff = {"method": method, "validation": validation, "permutations": 50, "folds": 3}
    protocol = plan(
        endpoints=["os", "pfs"],
        development={"first": 5},
        decompensation={"definition": "as-recorded"},
        cutoff=cutoff | ({"value": 500} if method == "fixed" else {}),
        univariable=covariates,
        multivariable=covariates,
        baseline=[*covariates, "sv_ml"],
        factors=["child_pugh", "male"],
        subgroups=["child_pugh", "male"],
        resamples=resamples,
        least_events=least_events,
        missing=missing,
        imputations=2,
    )
    results, risks = analyse(protocol, data)
    assert from_json(to_json(results)) == results
    if results.cutoff.not_done is None:
        assert results.cutoff.n_low + results.cutoff.n_high == results.cutoff.n_applied_to
    if risks is not None:
        known = risks.risk[~np.isnan(risks.risk)]
        assert ((known >= 0) & (known <= 1)).all()
