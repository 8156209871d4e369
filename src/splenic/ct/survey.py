"""What a few slices of a scan show, read once for phase and choice."""

from __future__ import annotations

from dataclasses import dataclass

from splenic.ct.aorta import VesselHu, vessel_hu
from splenic.ct.slab import slab_of, upper_abdomen_share
from splenic.ct.types import Scan


@dataclass(frozen=True, slots=True)
class Survey:
    """How much of the upper abdomen a scan covers, 0..1, and the HU of its aorta and liver's side."""

    upper_abdomen: float
    vessels: VesselHu


def survey_of(scan: Scan) -> Survey:
    """Read up to 48 slices and judge them.

    Raises
    ------
    InputError
        Where the pixels cannot be read.
    """
    slab = slab_of(scan)
    return Survey(upper_abdomen_share(slab), vessel_hu(slab))
