"""The page of the study says what the protocol and the results hold, and its code runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splenic.study import Protocol, Results
from splenic.study.protocol import DECOMPENSATION_DEFINITIONS, SENSITIVITY

PAGE = Path(__file__).resolve().parents[2] / "docs" / "study.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_every_key_and_section_is_explained(page: str) -> None:
    names = [*Protocol.model_fields, *DECOMPENSATION_DEFINITIONS, *SENSITIVITY]
    names += [name for name in Results.model_fields if name not in ("format_version", "header")]
    for field in Protocol.model_fields.values():
        names += getattr(field.annotation, "model_fields", {})
    assert [name for name in names if f"`{name}`" not in page and f"`{name}:" not in page] == []


def test_the_last_example_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                               capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[-1]
    monkeypatch.chdir(tmp_path)
    # Fewer patients and resamples than on the page, which is about what to write.
    code = code.replace("simulate_cohort(327", "simulate_cohort(60").replace(
        'Path("synthetic"))\nresults', 'Path("synthetic"), resamples=0)\nresults'
    )
    exec(compile(code, "study.md", "exec"), {})
    assert "Hazard ratio of death: SV, per 100 ml 1.2" in capsys.readouterr().out
