"""One case from input to record; many cases: queue, resume, workers, table."""

from __future__ import annotations

from splenic.pipeline.api import measure, measure_each
from splenic.pipeline.batch import Progress, Summary, run
from splenic.pipeline.case import CaseResult
from splenic.pipeline.options import DEVICES, ENGINES, Options
from splenic.pipeline.record import CaseRecord, Status, schema
from splenic.pipeline.table import COLUMNS, row

__all__ = [
    "COLUMNS",
    "DEVICES",
    "ENGINES",
    "CaseRecord",
    "CaseResult",
    "Options",
    "Progress",
    "Status",
    "Summary",
    "measure",
    "measure_each",
    "row",
    "run",
    "schema",
]
