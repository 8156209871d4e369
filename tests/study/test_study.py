"""The whole study of synthetic patients: complete, repeatable, and near the truth it was made with."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splenic.errors import UsageError
from splenic.stats import (
    compare_paired,
    concordance_difference,
    cumulative_incidence,
    fit_cox,
    gray_test,
    kaplan_meier,
    quantiles,
    rank_sum_test,
    time_dependent_auc,
)
from splenic.study import (
    Protocol,
    Results,
    StudyData,
    analyse,
    read_protocol,
    read_results,
    run_protocol,
    to_json,
    truths,
)
from splenic.study.data import Variable
from splenic.study.simulate import Effects, simulate_cohort

Make = Callable[..., Protocol]


def test_nothing_is_left_out(simulated) -> None:  # type: ignore[no-untyped-def]
    """Every section is there, but for what the protocol does not ask for."""
    plain = json.loads(to_json(simulated.results))
    missing = sorted(_not_done(plain, ()))
    assert [place for place, _ in missing] == ["performance", "sensitivity.rows.5", "sensitivity.rows.7"], (
        missing
    )


def _not_done(value: object, steps: tuple[str, ...]) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        here = [(".".join(steps), value["not_done"])] if value.get("not_done") else []
        return here + [x for k, v in value.items() if k != "protocol" for x in _not_done(v, (*steps, k))]
    if isinstance(value, list):
        return [x for k, v in enumerate(value) for x in _not_done(v, (*steps, str(k)))]
    return []


def test_the_same_again_byte_for_byte(simulated, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run_protocol(simulated.protocol, tmp_path / "again")
    for name in ("results.json", "risks.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (simulated.out / name).read_bytes(), name
    assert read_results(tmp_path / "again" / "results.json") == simulated.results


def test_no_path_and_no_name_of_a_patient_is_in_the_results(simulated) -> None:  # type: ignore[no-untyped-def]
    text = (simulated.out / "results.json").read_text(encoding="utf-8")
    assert str(simulated.folder) not in text
    assert "SYN-0" not in text


def test_the_truth_lies_in_the_intervals(simulated) -> None:  # type: ignore[no-untyped-def]
    found = simulated.results.truth
    assert found == truths(Effects(), simulated.results)
    inside = [t.low <= t.truth <= t.high for t in found]
    assert len(found) == 7
    # Each of seven intervals misses one time in twenty; more than two misses are rarer than one in 200.
    assert sum(inside) >= 5, [(t.label, t.truth, t.low, t.high) for t in found]
    assert inside[0], "the effect of SV"


def test_survival_is_that_of_the_files(simulated, patients: StudyData) -> None:  # type: ignore[no-untyped-def]
    results: Results = simulated.results
    with (simulated.folder / "clinical.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    time = np.array([float(row["os_days"]) for row in rows]) * 12 / 365.25
    event = np.array([float(row["death"]) for row in rows])
    middle = quantiles(kaplan_meier(time, event, interval="log-log"), (0.5,))
    median = results.overall[0].groups[0].median
    np.testing.assert_allclose(
        [median.estimate, median.low, median.high],
        [middle.estimate[0], middle.low[0], middle.high[0]],
        rtol=1e-10,
    )
    main = results.by_sv[0]
    assert main.patients == "patients not used in development"
    assert main.n == 227 == main.groups[0].n + main.groups[1].n
    high = patients.variable("sv_ml").values[100:] > results.cutoff.value
    fit = fit_cox(time[100:], event[100:], high)
    assert main.hazard_ratio.estimate == pytest.approx(fit.estimate[0], rel=1e-10)
    assert main.groups[1].at_risk[0] == high.sum()
    means = [group.restricted_mean.estimate for group in main.groups]
    assert main.restricted_mean_difference.estimate == pytest.approx(means[1] - means[0], rel=1e-9)
    assert main.restricted_mean_difference.estimate < 0 < main.hazard_ratio.estimate - 1
    assert "Child–Pugh, " in main.adjusted_hazard_ratio.method


def test_baseline_by_hand(simulated, patients: StudyData) -> None:  # type: ignore[no-untyped-def]
    table = simulated.results.baseline
    assert table.columns[0].n == 327
    assert sum(column.n for column in table.columns[1:]) == 327
    sv = patients.variable("sv_ml").values
    high = sv > simulated.results.cutoff.value
    rows = {row.key: row for row in table.rows}
    age = patients.variable("age_years").values
    assert rows["age_years"].test.p == pytest.approx(rank_sum_test(age[high], age[~high]).p)
    child = rows["child_pugh"]
    assert sum(c.counts["all"] for c in child.categories) == 327
    assert [c.label for c in child.categories] == ["A", "B", "C"]
    afp = rows["afp_ng_ml"]
    assert afp.summaries["all"].missing == afp.missing["all"] > 0
    assert rows["male"].kind == "binary"
    assert [c.label for c in rows["male"].categories] == ["male"]


def test_markers_are_compared_in_the_same_patients(simulated, patients: StudyData) -> None:  # type: ignore[no-untyped-def]
    found = simulated.results.discrimination[0]
    end = patients.endpoint("os")
    rows = patients.variable("craniocaudal_mm").known  # of rejected masks only the corrected SV is known
    assert rows.sum() == simulated.results.discrimination[0].n < 327
    sv, length = (patients.variable(key).values[rows] for key in ("sv_ml", "craniocaudal_mm"))
    time, event = end.time[rows], end.event[rows]
    by_hand = concordance_difference(time, event, length, sv)
    differences = {(d.second, d.quantity, d.time): d for d in found.differences}
    harrell = differences["craniocaudal_mm", "concordance", None]
    assert harrell.difference.estimate == pytest.approx(by_hand.estimate, abs=1e-12)
    # 40 resamples: the width of the interval is known to about a quarter.
    assert harrell.difference.high - harrell.difference.low == pytest.approx(
        by_hand.high - by_hand.low, rel=0.5
    )
    areas = [time_dependent_auc(time, event, x, [12.0]).estimate[0] for x in (sv, length)]
    area = differences["craniocaudal_mm", "time-auc", 12.0]
    assert area.difference.estimate == pytest.approx(areas[0] - areas[1], abs=1e-12)
    assert all(d.p_adjusted >= d.p for d in found.differences)


def test_decompensation_by_hand(simulated, patients: StudyData) -> None:  # type: ignore[no-untyped-def]
    found = simulated.results.decompensation
    event = patients.decompensation
    known = ~np.isnan(event.within)
    assert (found.n, found.events) == (known.sum(), np.nansum(event.within))
    sv = patients.variable("sv_ml").values
    length = patients.variable("craniocaudal_mm").values
    paired = compare_paired(event.within[known], sv[known], length[known])
    assert found.differences[0].p == pytest.approx(paired.p)
    assert found.incidence.competing_label == "death or transplant"
    rest = ~patients.development
    high = sv > simulated.results.cutoff.value
    gray = gray_test(event.time[rest], event.status[rest], high[rest])
    assert found.incidence.gray.p == pytest.approx(gray.p)
    curve = cumulative_incidence(event.time[rest & high], event.status[rest & high], 1)
    assert found.incidence.groups[1].curve.estimate[-1] == pytest.approx(curve.estimate[-1])
    assert found.rocs[0].marker == "sv_ml"
    assert [p.rule for p in found.rocs[0].operating_points] == ["youden", "specificity", "cutoff"]


def test_risks_are_cross_validated_and_stated(simulated) -> None:  # type: ignore[no-untyped-def]
    model = simulated.results.risk_model
    with (simulated.out / "risks.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == model.n
    assert rows[0]["statement"].startswith("estimated risk of death within 12 months: ")
    mean = np.mean([float(row["risk"]) for row in rows])
    observed = sum(group.n * group.observed.estimate for group in model.calibration) / model.n
    assert model.calibration_ratio.low < 1 < model.calibration_ratio.high
    assert mean == pytest.approx(observed, abs=0.05)
    assert model.brier.estimate < model.brier_null
    # The printed equation gives the risk of a typical patient.
    quartiles = {profile.label: profile for profile in model.profiles}
    profile = quartiles["Typical patient, SV at its third quartile"]
    term = model.terms[0]
    shift = term.coefficient * (profile.values["sv_ml"] / 100 - term.centre)
    assert 1 - model.baseline_survival ** np.exp(shift) == pytest.approx(profile.risk.estimate, abs=1e-3)


def test_verdicts(simulated) -> None:  # type: ignore[no-untyped-def]
    with (simulated.folder / "measurements.csv").open(encoding="utf-8") as file:
        verdicts = [row["verdict"] for row in csv.DictReader(file)]
    parts = {part.key: part for part in simulated.results.approval.parts}
    assert parts["all"].failed == verdicts.count("3")
    assert parts["rest"].failed == verdicts[100:].count("3")
    assert parts["rest"].n_read == 227
    assert parts["all"].approved.method.lower().startswith("wilson")


def test_sensitivity(simulated) -> None:  # type: ignore[no-untyped-def]
    rows = {row.key: row for row in simulated.results.sensitivity.rows}
    assert rows["main"].hazard_ratio == simulated.results.by_sv[0].hazard_ratio.estimate
    assert rows["without-development"].not_done is not None
    assert rows["fixed-532"].cutoff == 532
    assert rows["maxstat"].p_corrected > rows["maxstat"].logrank_p
    assert rows["failed-excluded"].n < rows["main"].n
    assert rows["complete-case"].n < rows["main"].n


def test_imputation_keeps_everybody(simulated, patients: StudyData) -> None:  # type: ignore[no-untyped-def]
    from splenic.study.regress import multivariable

    pytest.importorskip("statsmodels", reason="absent: the extra `imputation`")
    protocol = read_protocol(simulated.protocol).but(
        missing="multiple-imputation", imputations=3, resamples=0
    )
    found = multivariable(protocol, patients, patients.endpoint("os"), None, "covariates alone")
    assert {row.n for row in found.rows} == {327}
    assert found.model.n < 327
    assert "imputed 3 times" in found.notes[0]
    whole = multivariable(
        protocol.but(missing="complete-case"), patients, patients.endpoint("os"), None, "covariates alone"
    )
    # Two in a hundred values of one covariate are missing: the estimates must be near each other.
    for one, other in zip(found.rows, whole.rows):
        assert one.coefficient == pytest.approx(other.coefficient, abs=0.5 * other.std_err), one.term


def test_a_small_study_says_what_it_cannot_do(plan: Make, tiny: StudyData) -> None:
    protocol = plan(
        least_events=100,
        multivariable=["age_years"],
        univariable=["child_pugh"],
        subgroups=["child_pugh"],
        decompensation={"definition": "as-recorded"},
        baseline=["age_years", "child_pugh"],
    )
    results, risks = analyse(protocol, tiny)
    assert risks is None
    assert "too few to test" in results.cutoff.not_done
    for section in (results.by_sv[0], results.forest, results.sensitivity, results.risk_model):
        assert section.not_done
    assert all(row.not_done for row in results.cox_univariable[0].rows)
    assert [column.key for column in results.baseline.columns] == ["all"]
    assert results.overall[0].groups[0].median.estimate is not None
    to_json(results)


def test_no_measurement_at_all(plan: Make, tiny: StudyData) -> None:
    nobody = replace(tiny, variables={k: v for k, v in tiny.variables.items() if k != "sv_ml"})
    results, _ = analyse(plan(multivariable=["age_years"]), nobody)
    assert results.cutoff.not_done == "sv_ml is known for no patient"
    assert results.cox_multivariable[0].model is not None
    assert results.discrimination[0].not_done


def test_the_order_of_patients_does_not_matter(plan: Make, tiny: StudyData) -> None:
    """Where nothing is drawn at random."""
    order = np.random.default_rng(3).permutation(tiny.n)
    event = tiny.decompensation
    shuffled = StudyData(
        patients=tuple(tiny.patients[k] for k in order),
        variables={
            key: Variable(v.key, v.label, v.kind, v.values[order], v.unit, v.levels)
            for key, v in tiny.variables.items()
        },
        endpoints={
            key: replace(e, time=e.time[order], event=e.event[order]) for key, e in tiny.endpoints.items()
        },
        development=tiny.development[order],
        verdict=tiny.verdict[order],
        measured=tiny.measured[order],
        complete=tiny.complete[order],
        decompensation=replace(
            event, within=event.within[order], time=event.time[order], status=event.status[order]
        ),
    )
    protocol = plan(
        multivariable=["age_years"],
        univariable=["child_pugh", "age_years"],
        decompensation={"definition": "as-recorded"},
        risk=None,
        sensitivity=["median", "maxstat", "per-step"],
    )
    first, _ = analyse(protocol, tiny)
    second, _ = analyse(protocol, shuffled)
    _near(json.loads(to_json(first)), json.loads(to_json(second)))


def _near(one: object, other: object) -> None:
    if isinstance(one, dict):
        assert isinstance(other, dict)
        for key in one:
            _near(one[key], other[key])
    elif isinstance(one, list):
        assert isinstance(other, list)
        assert len(one) == len(other)
        for a, b in zip(one, other):
            _near(a, b)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-7, abs=1e-9)
    else:
        assert one == other


def test_simulated_patients_have_the_size_of_the_reference_study() -> None:
    cohort = simulate_cohort(2000, 1)
    sv = np.array([float(v) for v in cohort.measurements["sv_corrected_ml"] if v])
    assert sv.size == pytest.approx(0.018 * 2000, abs=20)
    first = np.array([float(v) for v in cohort.measurements["sv_ml"]])
    # Mean 551 ml and skewed to the right, as published.
    assert first.mean() == pytest.approx(551, abs=25)
    assert first.mean() > np.median(first) * 1.05
    given = simulate_cohort(10, 1, sv_ml=(300.0, 900.0))
    assert float(given.measurements["sv_ml"][1]) == pytest.approx(900, rel=0.1)


def test_hazards_that_cross_are_told_by_period(plan: Make) -> None:
    """High SV: harm in the first year, none after."""
    from splenic.study.data import Endpoint
    from splenic.study.survive import Grouping, survival

    random = np.random.default_rng(8)
    high = np.repeat([0.0, 1.0], 150)
    early = random.exponential(np.where(high == 1, 8, 60))
    late = 12 + random.exponential(30, 300)
    time = np.where(early < 12, early, late)
    end = Endpoint("os", "Overall survival", time, np.ones(300))
    grouping = Grouping("sv_ml", "SV", high, ("low", "high"), ("Low SV", "High SV"))
    found = survival(plan(), end, grouping)
    assert found.proportional_hazards.p < 0.001
    assert [part.period for part in found.by_period] == ["0 to 12 months", "after 12 months"]
    assert found.by_period[0].low > 3
    assert found.by_period[1].low < 1 < found.by_period[1].high
    assert "not proportional" in found.notes[0]


def test_a_pseudonym_cannot_run_as_a_formula(simulated, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for name in ("clinical.csv", "measurements.csv", "dictionary.yaml", "truth.json", "protocol.yaml"):
        text = (simulated.folder / name).read_text(encoding="utf-8").replace("SYN-0001", "=SYN-0001")
        (tmp_path / name).write_text(text.replace("resamples: 40", "resamples: 0"), encoding="utf-8")
    run_protocol(tmp_path / "protocol.yaml", tmp_path / "out")
    assert "\n'=SYN-0001," in (tmp_path / "out" / "risks.csv").read_text(encoding="utf-8")


def test_imputation_without_its_library_is_told_before_the_work(
    plan: Make, tiny: StudyData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("splenic.study.run.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"splenic\[imputation\]"):
        analyse(plan(missing="multiple-imputation"), tiny)
