"""The hand-made results of the study's tests, and one report written from them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from splenic.report import write_report

EXAMPLE = Path(__file__).parent.parent / "study" / "example_results.json"


@pytest.fixture
def example() -> dict[str, Any]:
    """The content of ``results.json``, to be changed at will."""
    content: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report without PDF and figure files, which take longest."""
    folder = tmp_path_factory.mktemp("report")
    write_report(EXAMPLE, folder, ["html", "docx", "manuscript"])
    return folder


def _program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"absent: {name} (Debian: {package})")
    return path


@pytest.fixture(scope="session")
def pdftotext() -> str:
    """Reads the text of a PDF, page by page."""
    return _program("pdftotext", "poppler-utils")


@pytest.fixture(scope="session")
def chromium() -> str:
    """A browser."""
    return _program("chromium", "chromium")
