"""The page about the report: its example runs, and it names every format and figure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splenic.report import FORMATS, figures

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "report.md").read_text(encoding="utf-8")


def test_the_example_of_a_figure_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = next(
        c for c in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL) if "figures.kaplan_meier" in c
    )
    exec(compile(code, "docs/report.md", "exec"), {})
    assert (tmp_path / "km.png").read_bytes().startswith(b"\x89PNG")
    assert "</svg>" in (tmp_path / "km.svg").read_text(encoding="utf-8")


def test_every_format_and_every_figure_is_explained() -> None:
    assert all(f"| `{name}` |" in PAGE for name in FORMATS)
    functions = [n for n in figures.__all__ if n.islower() and n != "group_of"]
    assert [n for n in functions if f"`{n}`" not in PAGE] == []
