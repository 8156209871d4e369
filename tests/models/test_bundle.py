"""Bundles: the shipped one is whole; a changed, incomplete, newer or hostile one is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from splenic import models
from splenic.errors import EngineError, UsageError

PLAN = """format: 1
name: tiny
version: 1.0.0
licence: Apache-2.0
stages:
  - {role: outline, weights: o.onnx, spacing_mm: [2.5, 2.5, 2.5], patch: [64, 64, 64], overlap: 0.4,
     window_hu: [-180, 280], input: hu, output: logits}
"""


def make(folder: Path, plan: str = PLAN) -> Path:
    folder.mkdir()
    (folder / "plan.yaml").write_text(plan)
    (folder / "o.onnx").write_bytes(b"weights")
    (folder / "metrics.json").write_text("{}")
    (folder / "card.md").write_text("# tiny\n")
    models.write_sums(folder)
    return folder


def test_a_whole_bundle_loads(tmp_path: Path) -> None:
    bundle = models.load(make(tmp_path / "tiny"))
    assert bundle.plan.name == "tiny"
    assert bundle.plan.stages[0].patch == (64, 64, 64)
    assert bundle.card.startswith("# tiny")


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "tiny")
    (folder / "o.onnx").write_bytes(b"weightz")
    with pytest.raises(EngineError, match="does not match its hash") as caught:
        models.load(folder)
    assert caught.value.code == "bundle-tampered"


@pytest.mark.parametrize("name", ["o.onnx", "plan.yaml", "card.md", "metrics.json", "SHA256SUMS"])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = make(tmp_path / "tiny")
    (folder / name).unlink()
    with pytest.raises(EngineError, match=r"missing|there is no"):
        models.load(folder)


def test_an_added_file_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "tiny")
    (folder / "extra.py").write_text("print()")
    with pytest.raises(EngineError, match="not listed"):
        models.load(folder)


def test_a_newer_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="newer") as caught:
        models.load(make(tmp_path / "tiny", PLAN.replace("format: 1", "format: 99")))
    assert caught.value.code == "bundle-too-new"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("weights: o.onnx", "weights: ../o.onnx"),
        ("role: outline", "role: guess"),
        ("[-180, 280]", "[280, -180]"),
        ("patch: [64, 64, 64]", "patch: [64, 64]"),
        ("licence: Apache-2.0", "licence: Apache-2.0\nrun: rm"),
        ("name: tiny", "name: ../tiny"),
    ],
)
def test_a_plan_that_breaks_the_rules_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(EngineError, match=r"plan\.yaml"):
        models.load(make(tmp_path / "tiny", PLAN.replace(old, new)))


def test_nothing_in_a_plan_is_executed(tmp_path: Path) -> None:
    plan = PLAN.replace("licence: Apache-2.0", "licence: !!python/object/apply:os.getcwd []")
    with pytest.raises(EngineError, match="not YAML"):
        models.load(make(tmp_path / "tiny", plan))


def test_a_hash_list_that_names_a_path_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "tiny")
    sums = folder / "SHA256SUMS"
    sums.write_text(sums.read_text() + "0" * 64 + "  ../../secret\n")
    with pytest.raises(EngineError, match="not 'hash  name'"):
        models.load(folder)


def test_an_unknown_bundle_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no bundle"):
        models.load("no-such-bundle")


def test_the_shipped_bundle_is_whole() -> None:
    bundle = models.load()
    assert [s.role for s in bundle.plan.stages] == ["locate", "outline"]
    assert sum(p.stat().st_size for p in bundle.folder.iterdir()) <= 30e6
    assert "CC BY" in bundle.card
