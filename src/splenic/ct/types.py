"""The dataclasses through which a scan flows: DicomFile → Series → Scan → Volume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed on the input or the result.

    ``gate`` is true where the finding makes a scan ``refused``.
    """

    code: str
    sentence: str
    gate: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Where the bytes of one file lie: a path, or a member of a zip."""

    path: Path
    member: str | None = None

    def __str__(self) -> str:
        return f"{self.path}!{self.member}" if self.member else str(self.path)


@dataclass(frozen=True, slots=True)
class ScanInfo:
    """What the headers say of a scan. Empty strings and None where they do not say it."""

    patient_id: str = ""
    patient_name: str = ""
    study_uid: str = ""
    study_date: str = ""
    series_uid: str = ""
    series_number: str = ""
    series_description: str = ""
    frame_of_reference_uid: str = ""
    acquisition: str = ""
    modality: str = ""
    image_type: tuple[str, ...] = ()
    kernel: str = ""
    manufacturer: str = ""
    scanner: str = ""
    slice_thickness_mm: float | None = None
    contrast_agent: str = ""
    kvp: float | None = None


@dataclass(frozen=True)
class Volume:
    """An array of HU with its geometry; the array is read at the first use and kept.

    ``geometry`` is that of the array as stored: slices ascend along the slice normal, rows and columns are
    the files'. ``loader`` returns int16, shape ``geometry.shape``.
    """

    geometry: Geometry
    loader: Callable[[], npt.NDArray[np.int16]] = field(repr=False, compare=False)

    @cached_property
    def hu(self) -> npt.NDArray[np.int16]:
        """HU, int16, shape ``geometry.shape``, indexed ``[slice, row, column]``."""
        return self.loader()

    @staticmethod
    def of(hu: npt.NDArray[np.int16], geometry: Geometry) -> Volume:
        """A volume of an array already in memory."""
        if hu.shape != geometry.shape:
            raise ValueError(f"array of shape {hu.shape} does not fit a grid of {geometry.shape}")
        return Volume(geometry, lambda: hu)
