"""Real patients: the protocol in `examples/` gives R's values for HCC-TACE-Seg."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splenic.study import Results, load_study, read_protocol, run_protocol

pytestmark = pytest.mark.shared
PROTOCOL = Path(__file__).resolve().parents[2] / "examples" / "hcc_tace_seg" / "protocol.yaml"
# Published values have ten digits in weeks, and results.json keeps twelve.
CLOSE = 1e-7


@pytest.fixture(scope="module")
def golden(golden_dir: Path) -> dict[str, Any]:
    plain = json.loads((golden_dir / "hcc_tace_seg.json").read_text(encoding="utf-8"))
    return {case["id"]: case["output"] for case in plain["cases"]}


@pytest.fixture(scope="module")
def results(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The protocol as it stands, with fewer resamples, and SV of the patients whose scans lie beside it."""
    folder = tmp_path_factory.mktemp("real")
    text = PROTOCOL.read_text(encoding="utf-8").replace("resamples: 1000", "resamples: 20")
    (folder / "protocol.yaml").write_text(text, encoding="utf-8")
    with (shared_dir / "data" / "cases.csv").open(encoding="utf-8") as file:
        cases = [row for row in csv.DictReader(file) if row["patient"].startswith("HCC_")]
    names = ["case_id", "patient_id", "study_date", "status", "reason", "sv_ml", "complete"]
    with (folder / "measurements.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in cases:
            day = f"{row['study_date'][:4]}-{row['study_date'][4:6]}-{row['study_date'][6:]}"
            complete = row["complete"].lower()
            writer.writerow([row["case"], row["patient"], day, "ok", "", row["sv_ml"], complete])
    return run_protocol(
        folder / "protocol.yaml",
        folder / "out",
        overrides={
            "table": str(shared_dir / "data" / "clinical" / "hcc_tace_seg.csv"),
            "measurements": str(folder / "measurements.csv"),
        },
    )


def _numbers(interval: Any) -> list[float]:
    return [interval.estimate, interval.low, interval.high]


def test_overall_survival(results: Results, golden: dict[str, Any]) -> None:
    found, expected = results.overall[0], golden["overall"]
    assert (found.n, found.events) == (expected["n"], expected["events"]) == (105, 93)
    np.testing.assert_allclose(
        _numbers(found.groups[0].median), expected["median_months_log-log"], rtol=CLOSE
    )
    assert [round(x, 2) for x in _numbers(found.groups[0].median)] == [24.90, 19.65, 28.12]
    assert found.follow_up_median.estimate == pytest.approx(
        expected["follow_up_reverse_km_median_months"][0], rel=CLOSE
    )
    for k, landmark in enumerate(found.groups[0].landmarks):
        assert landmark.at_risk == expected["landmarks"]["n_risk"][k]
        np.testing.assert_allclose(
            _numbers(landmark.survival),
            [expected["landmarks"][name][k] for name in ("surv", "lower_loglog", "upper_loglog")],
            rtol=CLOSE,
        )
    assert found.groups[0].restricted_mean.estimate == pytest.approx(expected["rmst_36"]["rmst"], rel=CLOSE)


@pytest.mark.parametrize(
    ("grouping", "case", "chi_squared"),
    [
        ("portal_vein_thrombosis", "by_portal_vein_thrombosis", 10.769221),
        ("child_pugh", "by_child_pugh_a_against_bc", 2.220933),
        ("multinodular", "by_multinodular", None),
    ],
)
def test_survival_by_factor(
    results: Results, golden: dict[str, Any], grouping: str, case: str, chi_squared: float | None
) -> None:
    found = next(s for s in results.by_factor if s.endpoint == "os" and s.grouping == grouping)
    expected = golden[case]
    assert found.logrank.statistic == pytest.approx(expected["logrank_chisq"], rel=CLOSE)
    assert found.logrank.p == pytest.approx(expected["logrank_p"], rel=CLOSE)
    if chi_squared is not None:
        assert round(found.logrank.statistic, 6) == chi_squared
    for group, name in zip(found.groups, ("group0", "group1")):
        np.testing.assert_allclose(
            [x if x is not None else np.nan for x in _numbers(group.median)],
            [np.nan if x is None else x for x in expected[name]["median_months_log-log"]],
            rtol=CLOSE,
        )
    np.testing.assert_allclose(
        _numbers(found.hazard_ratio), [expected["cox"][name] for name in ("hr", "lower", "upper")], rtol=CLOSE
    )


def test_medians_by_thrombosis(results: Results) -> None:
    found = next(s for s in results.by_factor if s.grouping == "portal_vein_thrombosis")
    assert [round(group.median.estimate, 2) for group in found.groups] == [27.04, 11.04]


def test_multivariable_cox(results: Results, golden: dict[str, Any]) -> None:
    found = next(t for t in results.cox_multivariable if t.endpoint == "os")
    expected = golden["cox_multivariable_efron"]
    for name, column in (
        ("coefficient", "coef"),
        ("std_err", "se"),
        ("hazard_ratio", "hr"),
        ("low", "lower"),
        ("high", "upper"),
        ("p", "p"),
    ):
        np.testing.assert_allclose([getattr(row, name) for row in found.rows], expected[column], rtol=CLOSE)
    np.testing.assert_allclose(
        [row.ph_statistic for row in found.rows], expected["zph_km"]["chisq"][:-1], rtol=1e-6
    )
    assert found.model.likelihood_ratio.statistic == pytest.approx(
        expected["likelihood_ratio"]["test"], rel=CLOSE
    )
    assert round(found.model.concordance.estimate, 6) == 0.662551
    assert found.model.concordance.estimate == pytest.approx(expected["concordance"]["c"], rel=CLOSE)


def test_univariable_cox(results: Results, golden: dict[str, Any]) -> None:
    table = next(t for t in results.cox_univariable if t.endpoint == "os")
    names = ("age", "male", "child_bc", "pvt", "log10_afp", "multinodular")
    rows = [row for row in table.rows if row.not_done is None]
    assert len(rows) == len(names)
    for row, name in zip(rows, names):
        expected = golden[f"cox_{name}_efron"]
        assert row.hazard_ratio == pytest.approx(expected["hr"][0], rel=CLOSE), name
        assert row.p == pytest.approx(expected["p"][0], rel=CLOSE), name


def test_measured_spleens_are_too_few_and_that_is_said(results: Results) -> None:
    known = results.flow.with_sv
    assert 5 <= known < 10
    assert results.distributions[0].summary.n == known
    assert results.cutoff.not_done.startswith(f"{known} patients with ")
    assert "too few to test" in results.cutoff.not_done
    assert results.by_sv[0].not_done == results.cutoff.not_done
    assert any("SV was not analysed" in note for note in results.notes)
    assert results.discrimination[0].not_done
    assert results.sensitivity.not_done
    assert results.forest.not_done


def test_the_flow_chart_leaves_nobody_out_for_want_of_a_spleen(results: Results) -> None:
    analysed, measured = results.flow.steps[-2:]
    assert (analysed.label, analysed.n, analysed.excluded) == ("Analysed", 105, 0)
    assert (measured.n, measured.excluded) == (results.flow.with_sv, 0)


def test_joined_sv_is_the_measured_one(shared_dir: Path, results: Results) -> None:
    summary = results.distributions[0].summary
    assert 140 < summary.smallest < 160  # HCC_006 has a small spleen
    assert 300 < summary.largest < 1000


def test_the_table_can_come_from_the_environment(shared_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HCC_TACE_SEG_TABLE", str(shared_dir / "data" / "clinical" / "hcc_tace_seg.csv"))
    assert load_study(read_protocol(PROTOCOL), PROTOCOL.parent).n == 105
