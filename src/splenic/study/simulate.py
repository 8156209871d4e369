"""SYNTHETIC patients with a known effect of SV, written as the files that a real study would have.

Nothing here describes real people: the numbers are drawn so that the effects are known and can be held beside
what the analysis finds.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splenic.errors import UsageError
from splenic.study.data import Floats
from splenic.study.results import Results, Truth
from splenic.study.template import Template, protocol_text

DAYS_PER_MONTH = 365.25 / 12
DEFINITION = "clinical-event"
TRUTH_FILE = "truth.json"

_DICTIONARY = """\
# SYNTHETIC cohort: what its columns mean.
format: 1
name: synthetic
description: SYNTHETIC patients, simulated by Splenic
decimal: point
fields:
  patient_id: {column: patient_id}
  tace_date: {column: tace_date}
  age: {column: age, unit: years}
  sex: {column: sex, codes: {m: male, f: female}}
  child_pugh: {column: child_pugh, codes: {A: A, B: B, C: C}}
  bclc: {column: bclc, codes: {A: A, B: B, C: C, D: D}}
  tumour_size: {column: tumour_size, unit: mm}
  multinodular: {column: multinodular, codes: {"1": true, "0": false}}
  portal_vein_thrombosis: {column: pvt, codes: {"1": true, "0": false}}
  albumin: {column: albumin, unit: g/l}
  bilirubin: {column: bilirubin, unit: mg/dl}
  platelets: {column: platelets, unit: /nl}
  afp: {column: afp, unit: ng/ml}
  os_time: {column: os_days, unit: days}
  death: {column: death, codes: {"1": true, "0": false}}
  progression_time: {column: progression_days, unit: days}
  progression: {column: progression, codes: {"1": true, "0": false}}
  decompensation_time: {column: decompensation_days, unit: days}
  decompensation: {column: decompensation, codes: {"1": true, "0": false}}
"""


@dataclass(frozen=True, slots=True)
class Effects:
    """Hazard ratios that the patients are made with; of SV per 100 ml."""

    death_per_100_ml: float = 1.10
    decompensation_per_100_ml: float = 1.20
    progression_per_100_ml: float = 1.02
    age_per_10: float = 1.15
    child_pugh_b: float = 1.5
    child_pugh_c: float = 2.6
    portal_vein_thrombosis: float = 1.9
    tumour_per_cm: float = 1.06
    afp_per_tenfold: float = 1.12


@dataclass(frozen=True, slots=True)
class SimulatedCohort:
    """SYNTHETIC patients.

    Attributes
    ----------
    columns : mapping of str to list of str
        The clinical table.
    measurements : mapping of str to list of str
        What `splenic measure` and a reader would have written.
    effects : Effects
        The truth.
    """

    columns: Mapping[str, list[str]]
    measurements: Mapping[str, list[str]]
    effects: Effects
    seed: int

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.columns["patient_id"])


def simulate_cohort(
    n: int = 327,
    seed: int = 2022,
    *,
    effects: Effects | None = None,
    sv_ml: Sequence[float] = (),
    missing: float = 0.02,
) -> SimulatedCohort:
    """Draw patients.

    Parameters
    ----------
    n, seed : int
        How many, and where the random numbers start.
    effects : Effects, optional
    sv_ml : sequence of float
        True SV of the first patients, e.g. of phantoms that are really segmented; the others are drawn.
    missing : float
        Share of AFP and albumin that is blank.
    """
    effects = effects or Effects()
    random = np.random.default_rng(seed)
    sv = np.clip(random.lognormal(np.log(500), 0.48, n), 80, 2200)
    sv[: len(sv_ml)] = sv_ml[:n]
    age = np.clip(random.normal(68.5, 9, n), 30, 90)
    # Portal hypertension: a larger spleen goes with a worse liver and fewer platelets.
    liver = 0.9 * (np.log(sv) - np.log(500)) + random.normal(0, 0.9, n)
    child = np.digitize(liver, [0.15, 1.35])
    pvt = (random.random(n) < 0.2).astype(float)
    size = np.clip(random.lognormal(np.log(4.2), 0.55, n), 0.8, 20)
    afp = np.clip(random.lognormal(np.log(25), 2.3, n), 1, 2e5)
    shared = (
        np.log(effects.age_per_10) * (age - 68.5) / 10
        + np.log([1, effects.child_pugh_b, effects.child_pugh_c])[child]
        + np.log(effects.portal_vein_thrombosis) * pvt
        + np.log(effects.tumour_per_cm) * (size - 4.2)
        + np.log(effects.afp_per_tenfold) * np.log10(afp / 25)
    )
    away = (sv - 550) / 100
    death = _weibull(random, 21, 1.1, shared + np.log(effects.death_per_100_ml) * away)
    progression = _weibull(random, 14, 1.0, 0.4 * shared + np.log(effects.progression_per_100_ml) * away)
    worse = _weibull(random, 40, 0.8, 0.4 * shared + np.log(effects.decompensation_per_100_ml) * away)
    end = random.uniform(9, 110, n)
    columns = {
        "patient_id": [f"SYN-{k + 1:04d}" for k in range(n)],
        "tace_date": _dates(random, n),
        "age": [f"{value:.1f}" for value in age],
        "sex": ["f" if value < 0.156 else "m" for value in random.random(n)],
        "child_pugh": ["ABC"[k] for k in child],
        "tumour_size": [f"{10 * value:.0f}" for value in size],
        "multinodular": [f"{value < 0.72:d}" for value in random.random(n)],
        "pvt": [f"{value:.0f}" for value in pvt],
        "albumin": _blank(random, missing, np.clip(34 - 3.2 * liver + random.normal(0, 3.5, n), 16, 50)),
        "bilirubin": [f"{value:.2f}" for value in np.exp(0.1 + 0.3 * liver + random.normal(0, 0.4, n))],
        "platelets": [
            f"{value:.0f}"
            for value in np.clip(150 * (sv / 500) ** -0.5 * random.lognormal(0, 0.4, n), 15, 700)
        ],
        "afp": _blank(random, missing, afp),
        **_outcomes(death, progression, worse, end),
    }
    columns["bclc"] = _bclc(columns, child, pvt)
    return SimulatedCohort(columns, _measured(random, columns, sv), effects, seed)


def _weibull(random: np.random.Generator, median: float, shape: float, risk: Floats) -> Floats:
    """Times in months with proportional hazards; ``median`` is that of a patient of no excess risk."""
    hazard = random.exponential(size=risk.size) * np.exp(-risk) / np.log(2)
    return np.asarray(median * hazard ** (1 / shape), dtype=np.float64)


def _dates(random: np.random.Generator, n: int) -> list[str]:
    first = datetime.date(2010, 1, 4)
    days = np.sort(random.integers(0, 3950, n))
    return [(first + datetime.timedelta(days=int(day))).isoformat() for day in days]


def _blank(random: np.random.Generator, share: float, values: Floats) -> list[str]:
    gone = random.random(values.size) < share
    return ["" if blank else f"{value:.1f}" for blank, value in zip(gone, values)]


def _outcomes(
    death: Floats,
    progression: Floats,
    worse: Floats,
    end: Floats,
) -> dict[str, list[str]]:
    """What is seen before the end of follow-up, in whole days of at least one."""
    last = np.minimum(death, end)

    def days(months: float) -> str:
        return f"{max(1, round(months * DAYS_PER_MONTH))}"

    progressed, decompensated = progression < last, worse < last
    return {
        "os_days": [days(value) for value in last],
        "death": [f"{value:d}" for value in death <= end],
        "progression_days": [days(min(a, b)) for a, b in zip(progression, last)],
        "progression": [f"{value:d}" for value in progressed],
        "decompensation_days": [days(a) if seen else "" for a, seen in zip(worse, decompensated)],
        "decompensation": [f"{value:d}" for value in decompensated],
    }


def _bclc(
    columns: Mapping[str, list[str]],
    child: NDArray[np.intp],
    pvt: Floats,
) -> list[str]:
    found = []
    for k, single in enumerate(columns["multinodular"]):
        if child[k] == 2:
            found.append("D")
        elif pvt[k]:
            found.append("C")
        else:
            found.append("B" if single == "1" else "A")
    return found


def _measured(
    random: np.random.Generator,
    columns: Mapping[str, list[str]],
    sv: Floats,
) -> dict[str, list[str]]:
    """SV within 2 %, 2D sizes that follow it loosely, verdicts: about one in fifty rejected and corrected."""
    n = sv.size
    scale = np.cbrt(sv / 500)
    seen = sv * np.exp(random.normal(0, 0.02, n))
    length, axial = 128 * scale * np.exp(random.normal(0, [[0.13], [0.13]], (2, n)))
    width, thickness = (
        92 * scale * np.exp(random.normal(0, 0.14, n)),
        52 * scale * np.exp(random.normal(0, 0.15, n)),
    )
    verdict = np.where(random.random(n) < 0.018, 3, np.where(random.random(n) < 0.25, 2, 1))
    before = random.integers(1, 45, n)
    dates = [
        (datetime.date.fromisoformat(day) - datetime.timedelta(days=int(ago))).isoformat()
        for day, ago in zip(columns["tace_date"], before)
    ]
    failed = verdict == 3
    shown = np.where(failed, seen * random.uniform(0.4, 0.8, n), seen)
    return {
        "case_id": [f"{day}-{name.lower()}" for day, name in zip(dates, columns["patient_id"])],
        "patient_id": list(columns["patient_id"]),
        "study_date": dates,
        "status": ["review" if bad else "ok" for bad in failed],
        "reason": ["failure-score" if bad else "" for bad in failed],
        "sv_ml": [f"{value:.1f}" for value in shown],
        "complete": ["true"] * n,
        "craniocaudal_mm": [f"{value:.1f}" for value in length],
        "axial_diameter_mm": [f"{value:.1f}" for value in axial],
        "width_mm": [f"{value:.1f}" for value in width],
        "thickness_mm": [f"{value:.1f}" for value in thickness],
        "splenic_index_cm3": [f"{value:.1f}" for value in length * width * thickness / 1000],
        "failure_score": [f"{0.6 if bad else 0.02:.2f}" for bad in failed],
        "model": ["simulated"] * n,
        "model_version": ["1"] * n,
        "verdict": [f"{value}" for value in verdict],
        "sv_corrected_ml": [f"{value:.1f}" if bad else "" for value, bad in zip(seen, failed)],
    }


def write_cohort(cohort: SimulatedCohort, folder: Path, *, resamples: int = 1000) -> Path:
    """Write ``clinical.csv``, ``dictionary.yaml``, ``measurements.csv``, ``truth.json``, ``protocol.yaml``.

    Returns
    -------
    Path
        Of the protocol, to be run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clinical.csv").write_text(_csv(cohort.columns), encoding="utf-8")
    (folder / "measurements.csv").write_text(_csv(cohort.measurements), encoding="utf-8")
    (folder / "dictionary.yaml").write_text(_DICTIONARY, encoding="utf-8")
    plain = {name: getattr(cohort.effects, name) for name in Effects.__dataclass_fields__}
    (folder / TRUTH_FILE).write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    template = Template(
        title="SYNTHETIC: splenic volume and survival after TACE",
        data="synthetic",
        first=min(100, cohort.n // 3),
        decompensation=DEFINITION,
        factors=("portal_vein_thrombosis",),
        resamples=resamples,
        seed=cohort.seed,
    )
    protocol = folder / "protocol.yaml"
    protocol.write_text(protocol_text(template), encoding="utf-8")
    return protocol


def read_effects(path: Path) -> Effects:
    """The truth as `write_cohort` wrote it."""
    try:
        return Effects(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise UsageError(
            "bad-truth", f"{path.name}: holds no effects of a synthetic cohort", "simulate the cohort again"
        ) from None


def _csv(columns: Mapping[str, list[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values()))
    return text.getvalue()


def truths(effects: Effects, results: Results) -> tuple[Truth, ...]:
    """Each known effect beside its estimate in the model that has all covariates and SV as a number."""
    named = {
        "sv_ml": ("SV, per 100 ml", effects.death_per_100_ml),
        "age_years": ("Age, per 10 years", effects.age_per_10),
        "child_pugh=B": ("Child–Pugh B against A", effects.child_pugh_b),
        "child_pugh=C": ("Child–Pugh C against A", effects.child_pugh_c),
        "portal_vein_thrombosis": ("Portal vein thrombosis", effects.portal_vein_thrombosis),
        "tumour_size_cm": ("Largest tumour, per cm", effects.tumour_per_cm),
        "log10_afp_ng_ml": ("AFP, per tenfold", effects.afp_per_tenfold),
    }
    model = next(
        (t for t in results.cox_multivariable if t.endpoint == "os" and t.title == "with SV as a number"),
        None,
    )
    rows = {} if model is None else {row.term: row for row in model.rows}
    return tuple(
        Truth(
            quantity=f"hazard_ratio_of_death:{term}",
            label=f"Hazard ratio of death: {label}",
            truth=truth,
            estimate=rows[term].hazard_ratio if term in rows else None,
            low=rows[term].low if term in rows else None,
            high=rows[term].high if term in rows else None,
        )
        for term, (label, truth) in named.items()
    )
