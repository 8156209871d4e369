"""What tests of the cohort share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from splenic.cohort import Cohort, DataDictionary, read_cohort

# Test folders are no packages (rooms share file names), so a helper beside the tests is put on the path.
sys.path.insert(0, str(Path(__file__).parent))

import clinical_table


@pytest.fixture
def cohort_of(tmp_path: Path) -> Callable[..., Cohort]:
    """Writes a text as table.csv and reads it by a dictionary."""

    def read(text: str, by: DataDictionary | None = None, encoding: str = "utf-8") -> Cohort:
        path = tmp_path / "table.csv"
        path.write_bytes(text.encode(encoding))
        return read_cohort(path, by or clinical_table.dictionary())

    return read


@pytest.fixture
def small_table() -> str:
    return clinical_table.TABLE
