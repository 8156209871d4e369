"""The program as a person calls it: exit codes, sentences, streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from splenic.pipeline import COLUMNS


def splenic(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "splenic", *map(str, arguments)]
    env = {**os.environ, **environment}
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=env, check=False
    )


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small synthetic patient as DICOM, and a folder with its mask."""
    import numpy as np

    from splenic import ct, phantom

    folder = tmp_path_factory.mktemp("synthetic")
    made = phantom.make(5, phase="portal", sv_ml=300.0, shape=(40, 96, 96), spacing_mm=(7.0, 4.0, 4.0))
    phantom.write_dicom(made, folder / "ct", patient_id="SYNTHETIC-1")
    (folder / "masks").mkdir()
    ct.write_nifti(
        folder / "masks" / "SYNTHETIC-1.nii.gz", made.spleen.astype(np.uint8), made.volume.geometry
    )
    return folder / "ct", folder / "masks"


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, splenic; from splenic.cli import app\n"
        "heavy = {'numpy', 'scipy', 'pydicom', 'nibabel', 'openvino', 'pydantic', 'rich', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_offers_the_job_by_name() -> None:
    code = (
        "import splenic\n"
        "first = splenic.measure\n"
        "import splenic.measure as room; from splenic.measure import Measurement\n"
        "print(callable(first), callable(splenic.measure), room.Measurement is Measurement)\n"
        "print(all(hasattr(splenic, name) for name in splenic.__all__), 'measure' in dir(splenic))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 5


def test_a_measurement_prints_its_table_and_writes_it(synthetic: tuple[Path, Path], tmp_path: Path) -> None:
    scans, masks = synthetic
    done = splenic("measure", scans, "-o", tmp_path / "out", "--engine", f"external:{masks}")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "measurements.csv" in done.stdout
    assert "portal venous" in done.stdout
    assert (tmp_path / "out" / "measurements.csv").read_text("utf-8").startswith("case_id,patient_id,")


def test_json_holds_every_column(synthetic: tuple[Path, Path], tmp_path: Path) -> None:
    scans, masks = synthetic
    done = splenic("measure", scans, "-o", tmp_path / "out", "--engine", f"external:{masks}", "--json")
    found = json.loads(done.stdout)
    (case,) = found["cases"]
    assert set(case) == {*COLUMNS, "sentences"}
    assert case["patient_id"] == "SYNTHETIC-1"
    assert sum(found["counts"].values()) == 1


def test_quiet_prints_nothing(synthetic: tuple[Path, Path], tmp_path: Path) -> None:
    scans, masks = synthetic
    done = splenic("measure", scans, "-o", tmp_path / "out", "--engine", f"external:{masks}", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_refused_case_is_exit_3_and_said_in_a_sentence(
    synthetic: tuple[Path, Path], tmp_path: Path
) -> None:
    _, masks = synthetic
    (tmp_path / "slice.dcm").write_text("not DICOM")
    out = tmp_path / "out"
    done = splenic("measure", tmp_path / "slice.dcm", "-o", out, "--engine", f"external:{masks}")
    assert done.returncode == 3
    assert "refused" in done.stdout
    assert "slice.dcm" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("measure", "nowhere", "-o", "out"), "nowhere does not exist"),
        (("measure", ".", "-o", "out", "--engine", "magic"), "no engine 'magic'"),
        (("measure", ".", "-o", "out", "--engine", "external:nowhere"), "nowhere does not exist"),
        (("measure", ".", "-o", "out", "--device", "abacus"), "no device 'abacus'"),
        (("measure", ".", "-o", "out", "--workers", "0"), "count from 1"),
        (("measure", ".", "-o", "out", "--bundle", "nowhere"), "no bundle 'nowhere'"),
        (("measure", "."), "--out"),
        (("measure", ".", "-o", "out", "--colour"), "--colour"),
        (("ponder",), "ponder"),
        (("evaluate", "nowhere.nii", "nowhere.nii"), "nowhere.nii"),
    ],
)
def test_wrong_usage_is_exit_2_and_one_sentence(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = splenic(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_trace(tmp_path: Path) -> None:
    done = splenic("measure", tmp_path / "nowhere", "-o", tmp_path / "out", "--debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_help_has_examples_and_exit_codes() -> None:
    done = splenic("measure", "--help")
    assert done.returncode == 0
    assert "splenic measure EXPORT -o RESULTS" in done.stdout
    for code in ("0", "3", "2", "1", "130"):
        assert f"\n    {code} " in done.stdout


def test_the_version_is_the_package_s() -> None:
    from splenic import __version__

    assert splenic("--version").stdout == f"splenic {__version__}\n"


def test_a_terminal_of_another_encoding_does_not_end_a_measurement(
    synthetic: tuple[Path, Path], tmp_path: Path
) -> None:
    scans, masks = synthetic
    out = tmp_path / "out"
    done = splenic(
        "measure", scans, "-o", out, "--engine", f"external:{masks}", PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    assert done.returncode == 0, done.stderr


def test_two_masks_are_compared(synthetic: tuple[Path, Path]) -> None:
    _, masks = synthetic
    mask = masks / "SYNTHETIC-1.nii.gz"
    done = splenic("evaluate", mask, mask)
    assert done.returncode == 0, done.stderr
    assert "Dice" in done.stdout
    found = json.loads(splenic("evaluate", mask, mask, "--json").stdout)
    assert found["dice"] == 1.0


def test_the_bundle_is_listed_shown_and_verified() -> None:
    from splenic.models import DEFAULT

    assert DEFAULT in splenic("models", "list").stdout
    assert "trained" in splenic("models", "show").stdout
    verified = splenic("models", "verify")
    assert verified.returncode == 0
    assert "is whole" in verified.stdout


def test_a_damaged_bundle_is_exit_1(tmp_path: Path) -> None:
    import shutil

    from splenic.models import load

    copy = tmp_path / "bundle"
    shutil.copytree(load().folder, copy)
    weights = next(copy.glob("*.onnx"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    done = splenic("models", "verify", copy)
    assert done.returncode == 1
    assert weights.name in done.stderr
    measured = splenic("measure", tmp_path, "-o", tmp_path / "out", "--bundle", copy)
    assert measured.returncode == 1
    assert "Traceback" not in measured.stderr


def test_the_doctor_finds_this_machine_fit() -> None:
    done = splenic("doctor")
    assert done.returncode == 0, done.stdout
    for part in ("machine", "memory", "openvino", "pixel decoders", "model", "inference"):
        assert f"ok    {part}: " in done.stdout


@pytest.mark.slow
def test_the_demo_prints_truth_beside_result(tmp_path: Path) -> None:
    done = splenic("demo", "-o", tmp_path / "demo", "--cases", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SYNTHETIC-0") == 4
    assert "truth" in done.stdout
    again = splenic("demo", "-o", tmp_path / "demo", "--cases", "1", "--quiet")
    assert again.returncode == 0
    assert again.stdout.count("SYNTHETIC-0") == 1


def test_the_demo_deletes_nothing_of_others(tmp_path: Path) -> None:
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "mine.txt").write_text("mine")
    done = splenic("demo", "-o", tmp_path, "--cases", "1")
    assert done.returncode == 2
    assert (tmp_path / "ct" / "mine.txt").read_text() == "mine"
