"""The dataclasses through which a scan flows: DicomFile → Series → Scan → Volume."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry
from splenic.errors import InputError

if TYPE_CHECKING:
    from splenic.ct.survey import Survey

Phase = Literal["unenhanced", "arterial", "portal-venous", "late", "unknown"]


class Loader(Protocol):
    """Reads a scan's pixels; can be pickled, so that a scan can go to another process."""

    def __call__(self) -> npt.NDArray[np.int16]:
        """HU of the whole scan, int16, shape ``geometry.shape``."""

    def slices(self, indices: Sequence[int]) -> npt.NDArray[np.int16]:
        """HU of some slices, int16, shape (len(indices), rows, columns)."""


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
    study_description: str = ""
    protocol: str = ""
    patient_position: str = ""
    acquisition_time: str = ""
    temporal_position: str = ""
    transfer_syntax_uid: str = ""


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


@dataclass(frozen=True)
class Scan:
    """One acquisition, reconstructed once, whose slices form one volume; or one NIfTI file.

    Parameters
    ----------
    info : ScanInfo
        What the headers say.
    geometry : Geometry or None
        The grid of the volume; None where the slices form none.
    findings : tuple of Finding
        Everything noticed from the headers; a gate finding makes the scan refused.
    sources : tuple of Source
        The files it was read from, in slice order.
    identity : str
        SHA-256 (hex) of what the scan is, whatever its files are called and wherever they lie.
    kind : {"dicom", "nifti"}
    loader : Loader or None
        Reads the pixels; None where there is no volume to read.
    """

    info: ScanInfo
    geometry: Geometry | None
    findings: tuple[Finding, ...]
    sources: tuple[Source, ...]
    identity: str
    kind: Literal["dicom", "nifti"]
    loader: Loader | None = field(default=None, repr=False, compare=False)

    @property
    def refused(self) -> bool:
        """True if any finding is of the gate."""
        return any(finding.gate for finding in self.findings)

    @property
    def name(self) -> str:
        """How messages call this scan: series and acquisition number, and the study's date."""
        return name_of(self.info)

    @cached_property
    def volume(self) -> Volume:
        """The volume; its pixels are read at the first use of ``volume.hu``.

        Raises
        ------
        InputError
            Where the slices form no volume, with the code of the gate finding.
        """
        if self.geometry is None or self.loader is None:
            gate = next((f for f in self.findings if f.gate), None)
            if gate is None:
                raise InputError("no-volume", f"{self.name}: its slices form no volume")
            raise InputError(gate.code, gate.sentence)
        return Volume(self.geometry, self.loader)

    def read_slices(self, indices: Sequence[int]) -> npt.NDArray[np.int16]:
        """HU of some slices, int16, shape (len(indices), rows, columns), without reading the others."""
        volume = self.volume
        if "hu" in volume.__dict__ or self.loader is None:
            return volume.hu[list(indices)]
        return self.loader.slices(indices)

    @cached_property
    def survey(self) -> Survey:
        """What a few thinned slices show of coverage and contrast; they are read once and not kept."""
        from splenic.ct.survey import survey_of

        return survey_of(self)

    @cached_property
    def phase(self) -> Phase:
        """Contrast phase from the tags and a few slices, see :func:`splenic.ct.phase_of`."""
        from splenic.ct.phase import phase_of

        return phase_of(self).phase


def name_of(info: ScanInfo) -> str:
    """How messages call a scan, without personal data: ``scan 103/3 of study 1999-08-06``."""
    number = info.series_number or "without number"
    if info.acquisition:
        number += f"/{info.acquisition}"
    date = info.study_date
    if len(date) == 8 and date.isdigit():
        date = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return f"scan {number} of study {date or 'without date'}"


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found in the inputs.

    ``scans`` holds the refused ones too, with their findings; ``skipped`` counts the files that are no scan,
    by reason; ``faults`` names the files that could not be read at all.
    """

    scans: tuple[Scan, ...]
    skipped: Mapping[str, int]
    faults: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PhaseEstimate:
    """Contrast phase of a scan with the ground for it.

    ``confidence`` is 0..1, a rule's own weight and no probability; ``aorta_hu`` is None where no aorta was
    found or looked for.
    """

    phase: Phase
    confidence: float
    ground: str
    aorta_hu: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scan in the choice for its case.

    ``rank`` 1 is best; ``score`` holds the parts of the rule in its order, larger is better; ``reason`` is a
    sentence; ``phase`` is what the choice knew: from the tags alone where no slice was read for it.
    """

    scan: Scan
    rank: int
    score: Mapping[str, float]
    reason: str
    phase: Phase = "unknown"


@dataclass(frozen=True, slots=True)
class Choice:
    """The scan chosen for a patient and study, and all candidates in order of rank."""

    chosen: Scan | None
    candidates: tuple[Candidate, ...]
