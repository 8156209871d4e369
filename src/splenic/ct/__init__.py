"""Files → trusted volumes: find, sort, split, gate, choose. Knows no spleen."""

from __future__ import annotations

from splenic.ct.choose import choose, group_cases
from splenic.ct.discover import discover
from splenic.ct.geometry import Geometry, box_around
from splenic.ct.nifti import affine_ras, read_nifti, write_nifti
from splenic.ct.phase import phase_of
from splenic.ct.plausible import check_hu
from splenic.ct.types import (
    Candidate,
    Choice,
    Discovery,
    Finding,
    Phase,
    PhaseEstimate,
    Scan,
    ScanInfo,
    Source,
    Volume,
)

__all__ = [
    "Candidate",
    "Choice",
    "Discovery",
    "Finding",
    "Geometry",
    "Phase",
    "PhaseEstimate",
    "Scan",
    "ScanInfo",
    "Source",
    "Volume",
    "affine_ras",
    "box_around",
    "check_hu",
    "choose",
    "discover",
    "group_cases",
    "phase_of",
    "read_nifti",
    "write_nifti",
]
