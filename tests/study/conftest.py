"""One synthetic study, run once for all tests that look at it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splenic.study import Protocol, Results, StudyData, check_protocol, load_study, run_protocol
from splenic.study.data import Decompensated, Endpoint, Variable
from splenic.study.simulate import simulate_cohort, write_cohort


@dataclasses.dataclass(frozen=True)
class Run:
    """A study that was run: its folder, its protocol file, and what came out."""

    folder: Path
    protocol: Path
    out: Path
    results: Results


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """327 synthetic patients, few resamples."""
    folder = tmp_path_factory.mktemp("study")
    path = write_cohort(simulate_cohort(), folder, resamples=40)
    text = path.read_text(encoding="utf-8").replace("permutations: 100000", "permutations: 2000")
    path.write_text(text, encoding="utf-8")
    return Run(folder, path, folder / "out", run_protocol(path, folder / "out"))


@pytest.fixture(scope="session")
def patients(simulated: Run) -> StudyData:
    """The patients of that study."""
    from splenic.study import read_protocol

    return load_study(read_protocol(simulated.protocol), simulated.folder)


@pytest.fixture(scope="session")
def plan() -> Callable[..., Protocol]:
    """A small protocol with some keys changed."""

    def make(**keys: Any) -> Protocol:
        plain = {
            "title": "test",
            "data": "synthetic",
            "cohort": {"table": "t.csv", "dictionary": "d.yaml"},
            "resamples": 0,
        }
        return check_protocol(plain | keys)

    return make


@pytest.fixture
def tiny() -> StudyData:
    """Forty patients: a marker that decides survival, a category, decompensation, no verdict."""
    n = 40
    random = np.random.default_rng(5)
    marker = np.linspace(100, 900, n)
    time = 30 * np.exp(-marker / 500) + random.uniform(0.5, 3, n)
    event = np.where(np.arange(n) % 7 == 0, 0.0, 1.0)
    within = (marker + random.normal(0, 150, n) > 600).astype(float)
    no = np.zeros(n, dtype=bool)
    return StudyData(
        patients=tuple(f"P{k}" for k in range(n)),
        variables={
            "sv_ml": Variable("sv_ml", "SV", "continuous", marker, "ml"),
            "craniocaudal_mm": Variable(
                "craniocaudal_mm", "Craniocaudal length", "continuous", 60 + 10 * np.cbrt(marker), "mm"
            ),
            "age_years": Variable("age_years", "Age", "continuous", random.normal(65, 8, n), "years"),
            "child_pugh": Variable(
                "child_pugh",
                "Child–Pugh",
                "categorical",
                (np.arange(n) % 3).astype(float),
                None,
                ("A", "B", "C"),
            ),
        },
        endpoints={"os": Endpoint("os", "Overall survival", time, event)},
        development=np.arange(n) < 20,
        verdict=np.full(n, np.nan),
        measured=~no,
        complete=~no,
        decompensation=Decompensated(within, time, within, "death"),
    )
