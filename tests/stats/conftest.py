"""Prints, after a run, how many of R's values were matched and to how many digits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

# Tests are imported by file, without their folder on the path; `golden` is shared by all of this room.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import golden


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if golden.REGISTRY:
        terminalreporter.section("R's values")
        for line in golden.summary():
            terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["golden"] = golden.dump()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    golden.merge(getattr(node, "workeroutput", {}).get("golden", {}))
