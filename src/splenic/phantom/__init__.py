"""Synthetic CT with known truth."""

from __future__ import annotations

from splenic.phantom.build import Phantom, Truth, make
from splenic.phantom.cohort import cohort, variety
from splenic.phantom.options import Options
from splenic.phantom.tissues import LABELS
from splenic.phantom.write import uid_of, write_dicom, write_nifti

__all__ = [
    "LABELS",
    "Options",
    "Phantom",
    "Truth",
    "cohort",
    "make",
    "uid_of",
    "variety",
    "write_dicom",
    "write_nifti",
]
