"""`splenic cohort` as a person calls it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from splenic.cli.app import app
from splenic.study import read_protocol, read_results, simulate_cohort, write_cohort

runner = CliRunner()


def test_init_writes_a_protocol_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    arguments = ["cohort", "init", str(path), "--development", "100", "--cutoff", "maxstat",
                 "--decompensation", "clinical-event", "--measurements", "m.csv"]  # fmt: skip
    assert runner.invoke(app, arguments).exit_code == 0
    protocol = read_protocol(path)
    assert protocol.development.first == 100
    assert protocol.cutoff.validation == "development"
    assert protocol.decompensation.definition == "clinical-event"
    assert protocol.cohort.table == "clinical.csv"
    again = runner.invoke(app, arguments)
    assert again.exit_code == 2
    assert "is there already" in again.output
    assert runner.invoke(app, [*arguments, "--force"]).exit_code == 0


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--cutoff", "best"], "cutoff.method: "),
        (["--decompensation", "liver failure"], "decompensation.definition: "),
    ],
)
def test_init_refuses_what_a_protocol_would(flags: list[str], sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    found = runner.invoke(app, ["cohort", "init", str(path), *flags])
    assert found.exit_code == 2
    assert sentence in found.output
    assert not path.exists()


def test_run(tmp_path: Path) -> None:
    path = write_cohort(simulate_cohort(90, 7), tmp_path, resamples=0)
    path.write_text(
        path.read_text(encoding="utf-8").replace("permutations: 100000", "permutations: 0"), encoding="utf-8"
    )
    out = tmp_path / "out"
    found = runner.invoke(app, ["cohort", "run", str(path), "-o", str(out), "--formats", ""])
    assert found.exit_code == 0, found.output
    assert "SYNTHETIC data" in found.output
    assert "Overall survival: " in found.output
    assert read_results(out / "results.json").header.data == "synthetic"
    assert sorted(p.name for p in out.iterdir()) == ["results.json", "risks.csv"]


def test_run_names_what_is_wrong(tmp_path: Path) -> None:
    path = write_cohort(simulate_cohort(30, 7), tmp_path, resamples=0)
    for old, new, sentence in (
        (
            "  - age_years per 10",
            "  - agee per 10",
            "the protocol names agee, which the cohort does not have",
        ),
        ("seed:", "sede:", "sede: this key is not known (did you mean seed?)"),
        ('table: "clinical.csv"', 'table: "absent.csv"', "absent.csv"),
    ):
        changed = tmp_path / "changed.yaml"
        changed.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        found = runner.invoke(app, ["cohort", "run", str(changed), "-o", str(tmp_path / "out")])
        assert found.exit_code == 2, found.output
        assert sentence in found.output
        assert "Traceback" not in found.output
