"""Fixtures shared by all rooms: where the real scans lie, and what is skipped by name without them."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pluggy
import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent
REQUIRE_ALL = os.environ.get("SPLENIC_REQUIRE") == "all"

settings.register_profile("splenic", deadline=None, derandomize=True, max_examples=30,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("splenic")


def need(present: bool, what: str) -> None:
    """Skip by name what this machine lacks; with SPLENIC_REQUIRE=all a lack is a failure."""
    if present:
        return
    if REQUIRE_ALL:
        pytest.fail(f"required, and absent: {what}")
    pytest.skip(f"absent: {what}")


def _refuse_skip(report: pytest.CollectReport | pytest.TestReport) -> None:
    if not REQUIRE_ALL or not report.skipped or hasattr(report, "wasxfail"):
        return
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"nothing may be skipped with SPLENIC_REQUIRE=all; {why}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Generator[None, pluggy.Result[pytest.TestReport], None]:
    """With SPLENIC_REQUIRE=all a skipped test is a failed one."""
    outcome = yield
    _refuse_skip(outcome.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report() -> Generator[None, pluggy.Result[pytest.CollectReport], None]:
    """The same for a module that skips itself."""
    outcome = yield
    _refuse_skip(outcome.get_result())


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real scans and golden values: SPLENIC_SHARED, or `shared` beside the checkout."""
    folder = Path(os.environ.get("SPLENIC_SHARED", REPOSITORY.parent / "shared"))
    need((folder / "golden").is_dir(), "real scans and golden values (set SPLENIC_SHARED to their folder)")
    return folder


@pytest.fixture(scope="session")
def golden_dir(shared_dir: Path) -> Path:
    """R's values."""
    return shared_dir / "golden"


@pytest.fixture(scope="session")
def data_dir(shared_dir: Path) -> Path:
    """Real CT and masks."""
    folder = shared_dir / "data"
    need((folder / "dicom").is_dir(), "the real scans")
    return folder
