"""Mask against mask."""

from __future__ import annotations

from splenic.evaluate.agreement import TOLERANCES_MM, Agreement, compare
from splenic.evaluate.bootstrap import Bootstrap, bootstrap_by_patient
from splenic.evaluate.files import MaskFile, evaluate_files, read_mask_file, side_by_side

__all__ = [
    "TOLERANCES_MM",
    "Agreement",
    "Bootstrap",
    "MaskFile",
    "bootstrap_by_patient",
    "compare",
    "evaluate_files",
    "read_mask_file",
    "side_by_side",
]
