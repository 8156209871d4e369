"""DICOM headers: one small record a file and one a frame, whatever the kind of CT object."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from splenic.ct.geometry import Vector
from splenic.ct.types import ScanInfo, Source
from splenic.ct.values import (
    float_of,
    floats,
    int_of,
    listed,
    seconds_of,
    string,
    text_of,
    value_of,
    values_of,
)
from splenic.errors import InputError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

PixelStatus = Literal["present", "absent", "short"]

CT_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.2",  # CT Image Storage
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
    "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT
}
# Objects that accompany a scan and hold none: skipped and counted (PS3.4, table B.5-1).
_SKIPPED_PREFIXES = {
    "1.2.840.10008.5.1.4.1.1.66.4": "segmentation object",
    "1.2.840.10008.5.1.4.1.1.66.7": "segmentation object",
    "1.2.840.10008.5.1.4.1.1.66": "registration or other derived object",
    "1.2.840.10008.5.1.4.1.1.88.67": "dose report",
    "1.2.840.10008.5.1.4.1.1.88.68": "dose report",
    "1.2.840.10008.5.1.4.1.1.88": "structured report",
    "1.2.840.10008.5.1.4.1.1.11": "presentation state",
    "1.2.840.10008.5.1.4.1.1.104": "encapsulated document",
    "1.2.840.10008.5.1.4.1.1.481": "radiotherapy object",
    "1.2.840.10008.5.1.4.1.1.9": "waveform",
    "1.2.840.10008.1.3.10": "DICOMDIR",
}
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_DOSE_WORDS = (
    "dose report",
    "dose info",
    "dose record",
    "patient protocol",
    "dosisprotokoll",
    "exam summary",
    "screen save",
)

_TAGS = [
    "SpecificCharacterSet",
    "ImageType",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "AcquisitionTime",
    "AcquisitionDateTime",
    "ContentTime",
    "Modality",
    "Manufacturer",
    "ManufacturerModelName",
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "PatientName",
    "PatientID",
    "ContrastBolusAgent",
    "SliceThickness",
    "KVP",
    "ConvolutionKernel",
    "PatientPosition",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "FrameOfReferenceUID",
    "TemporalPositionIdentifier",
    "TriggerTime",
    "NominalPercentageOfCardiacPhase",
    "SamplesPerPixel",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "PixelSpacing",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "PixelPaddingValue",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "LossyImageCompression",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]


@dataclass(frozen=True, slots=True)
class DicomFile:
    """One DICOM file with an image: where it lies, what it says, and whether its pixel data are all there.

    ``padding`` is the stored value outside the reconstruction circle, read with the pixels' own sign.
    """

    source: Source
    sop_uid: str
    info: ScanInfo
    instance: int
    rows: int
    columns: int
    frames: int
    bits_stored: int
    signed: bool
    padding: int | None
    lossy: bool
    pixels: PixelStatus


@dataclass(frozen=True, slots=True)
class Frame:
    """One slice: a frame of a file. ``None`` where the header does not say it.

    ``orientation`` holds the direction of the rows' cosines, then that of the columns' (PS3.3, C.7.6.2.1.1);
    ``pixel_mm`` the distance between rows, then between columns. ``time_s`` is the acquisition time of day.
    """

    file: DicomFile
    index: int
    position_mm: Vector | None
    orientation: tuple[float, ...] | None
    pixel_mm: tuple[float, float] | None
    slope: float | None
    intercept: float | None
    image_type: tuple[str, ...]
    kernel: str
    acquisition: str
    temporal: str
    stack: str
    time_s: float | None
    content_time_s: float | None
    thickness_mm: float | None
    rescale_type: str


@contextmanager
def lenient() -> Iterator[None]:
    """Read what scanners really write: values that break their VR are kept, without a warning each."""
    from pydicom import config

    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        config.settings.reading_validation_mode = before


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that holds no scan, and why: ``"localiser"``, ``"dose report"``, ..."""

    reason: str
    series_uid: str = ""


def read_header(source: Source, stream: BinaryIO) -> tuple[Frame, ...] | Skipped:
    """Read a DICOM header; to be called within :func:`lenient`.

    Raises
    ------
    InputError
        ``dicom-unreadable`` where the header cannot be parsed.
    """
    from pydicom import dcmread

    try:
        dataset = dcmread(stream, stop_before_pixels=True, force=True, specific_tags=_tags())
        if len(dataset) == 0 or ("Rows" not in dataset and _sop_class(dataset) in CT_CLASSES):
            raise InputError(
                "dicom-cut-short", f"{source}: its header ends too early", "copy or export it again"
            )
        reason = _skip_reason(dataset)
        if reason:
            return Skipped(reason, text_of(dataset, "SeriesInstanceUID"))
        file = _file(source, dataset, _pixel_status(dataset, stream))
        return _frames(file, dataset)
    except InputError:
        raise
    except Exception as error:  # pydicom raises anything on broken bytes
        raise InputError(
            "dicom-unreadable",
            f"{source}: the DICOM header cannot be read ({_short(error)})",
            "export it again",
        ) from error


@cache
def _tags() -> list[BaseTag | int]:
    from pydicom.tag import Tag

    return [Tag(keyword) for keyword in _TAGS]


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


def _sop_class(dataset: Dataset) -> str:
    return text_of(dataset, "SOPClassUID") or str(dataset.file_meta.get("MediaStorageSOPClassUID", ""))


def _skip_reason(dataset: Dataset) -> str:
    sop_class = _sop_class(dataset)
    for prefix in sorted(_SKIPPED_PREFIXES, key=len, reverse=True):
        if sop_class == prefix or sop_class.startswith(prefix + "."):
            return _SKIPPED_PREFIXES[prefix]
    if not sop_class and "Modality" not in dataset:
        return "not an image"
    if "Rows" not in dataset:
        return "not an image"
    image_type = {str(part).strip().upper() for part in values_of(dataset, "ImageType")}
    if "LOCALIZER" in image_type:
        return "localiser"
    words = text_of(dataset, "SeriesDescription").lower()
    if any(word in words for word in _DOSE_WORDS) and "ImagePositionPatient" not in dataset:
        return "dose report"
    captured = sop_class == _SECONDARY_CAPTURE or sop_class.startswith(_SECONDARY_CAPTURE + ".")
    if captured and "ImagePositionPatient" not in dataset:
        return "secondary capture"
    return ""


def _file(source: Source, dataset: Dataset, pixels: PixelStatus) -> DicomFile:
    signed = int_of(dataset, "PixelRepresentation") == 1
    bits = int_of(dataset, "BitsStored") or int_of(dataset, "BitsAllocated") or 16
    padding = int_of(dataset, "PixelPaddingValue")
    if padding is not None and signed and padding >= 1 << 15:
        padding -= 1 << 16  # written as US beside signed pixels
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    return DicomFile(
        source=source,
        sop_uid=text_of(dataset, "SOPInstanceUID")
        or str(dataset.file_meta.get("MediaStorageSOPInstanceUID", "")),
        info=_info(dataset, syntax),
        instance=int_of(dataset, "InstanceNumber") or 0,
        rows=int_of(dataset, "Rows") or 0,
        columns=int_of(dataset, "Columns") or 0,
        frames=int_of(dataset, "NumberOfFrames") or 1,
        bits_stored=bits,
        signed=signed,
        padding=padding,
        lossy=text_of(dataset, "LossyImageCompression") == "01",
        pixels=pixels,
    )


def _info(dataset: Dataset, syntax: str) -> ScanInfo:
    date = next(
        (d for d in (text_of(dataset, k) for k in ("StudyDate", "SeriesDate", "AcquisitionDate")) if d), ""
    )
    return ScanInfo(
        patient_id=text_of(dataset, "PatientID"),
        patient_name=text_of(dataset, "PatientName"),
        study_uid=text_of(dataset, "StudyInstanceUID"),
        study_date=date.replace(".", "").replace("-", ""),
        series_uid=text_of(dataset, "SeriesInstanceUID"),
        series_number=text_of(dataset, "SeriesNumber"),
        series_description=text_of(dataset, "SeriesDescription"),
        frame_of_reference_uid=text_of(dataset, "FrameOfReferenceUID"),
        modality=text_of(dataset, "Modality").upper(),
        manufacturer=text_of(dataset, "Manufacturer"),
        scanner=text_of(dataset, "ManufacturerModelName"),
        contrast_agent=text_of(dataset, "ContrastBolusAgent"),
        kvp=float_of(dataset, "KVP"),
        study_description=text_of(dataset, "StudyDescription"),
        protocol=text_of(dataset, "ProtocolName"),
        patient_position=text_of(dataset, "PatientPosition").upper(),
        transfer_syntax_uid=syntax,
    )


def _frames(file: DicomFile, dataset: Dataset) -> tuple[Frame, ...]:
    per_frame = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])
    if not per_frame:
        return tuple(_frame(file, index, [dataset]) for index in range(file.frames))
    shared = list(dataset.get("SharedFunctionalGroupsSequence") or [])
    common = [*[macro for group in shared for macro in _macros(group)], dataset]
    return tuple(
        _frame(file, index, [*_macros(group), *common])
        for index, group in enumerate(per_frame[: file.frames])
    )


def _macros(group: Dataset) -> list[Dataset]:
    """The first items of a functional group's macros (PS3.3, C.7.6.16)."""
    return [element.value[0] for element in group if element.VR == "SQ" and element.value]


def _frame(file: DicomFile, index: int, places: list[Dataset]) -> Frame:
    """A frame's values, each from the first place that says it: its own groups, the shared ones, the top."""

    def find(*keywords: str) -> Any:
        for keyword in keywords:
            for place in places:
                value = value_of(place, keyword)
                if value not in (None, ""):
                    return value
        return None

    position, orientation = floats(find("ImagePositionPatient")), floats(find("ImageOrientationPatient"))
    pixel = floats(find("PixelSpacing"))
    slope, intercept = floats(find("RescaleSlope")), floats(find("RescaleIntercept"))
    thickness = floats(find("SliceThickness"))
    kernel = find("ConvolutionKernel")
    return Frame(
        file=file,
        index=index,
        position_mm=(position[0], position[1], position[2]) if len(position) == 3 else None,
        orientation=tuple(orientation) if len(orientation) == 6 else None,
        pixel_mm=(pixel[0], pixel[1]) if len(pixel) == 2 and min(pixel) > 0 else None,
        slope=slope[0] if slope else None,
        intercept=intercept[0] if intercept else None,
        image_type=tuple(str(v).strip().upper() for v in listed(find("FrameType", "ImageType"))),
        kernel="/".join(str(v).strip() for v in listed(kernel)),
        acquisition=string(find("FrameAcquisitionNumber", "AcquisitionNumber")),
        temporal="/".join(
            string(find(k))
            for k in (
                "TemporalPositionIndex",
                "TemporalPositionIdentifier",
                "NominalPercentageOfCardiacPhase",
            )
            if find(k)
        ),
        stack=string(find("StackID")),
        time_s=seconds_of(
            string(find("FrameAcquisitionDateTime", "AcquisitionDateTime"))[8:]
            or string(find("AcquisitionTime"))
        ),
        content_time_s=seconds_of(string(find("ContentTime"))),
        thickness_mm=thickness[0] if thickness and thickness[0] > 0 else None,
        rescale_type=string(find("RescaleType")).upper(),
    )


def _pixel_status(dataset: Dataset, stream: BinaryIO) -> PixelStatus:
    """Whether the pixel data are whole, from their length alone; the stream stands at their element."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax is not None and syntax.is_deflated:
        return _deflated_status(stream)
    big = syntax is not None and not syntax.is_little_endian
    explicit = syntax is not None and not syntax.is_implicit_VR
    order: Literal["big", "little"] = "big" if big else "little"
    head = stream.read(12)
    tag = (int.from_bytes(head[:2], order), int.from_bytes(head[2:4], order))
    if tag not in {(0x7FE0, 0x0010), (0x7FE0, 0x0008), (0x7FE0, 0x0009)}:
        return "absent"
    if explicit and head[4:6].isalpha():
        length = int.from_bytes(head[8:12], order)
    else:
        length = int.from_bytes(head[4:8], order)
        stream.seek(-4, 1)
    start = stream.tell()
    end = stream.seek(0, 2)
    if length == 0xFFFFFFFF:
        stream.seek(start)
        return _fragments_status(stream, end)
    if length == 0 or end == start:
        return "absent"
    if syntax is not None and syntax.is_compressed:
        return "present" if start + length <= end else "short"
    return "present" if min(length, end - start) >= _native_bytes(dataset) else "short"


def _native_bytes(dataset: Dataset) -> int:
    samples, bits = int_of(dataset, "SamplesPerPixel") or 1, int_of(dataset, "BitsAllocated") or 16
    count = (
        (int_of(dataset, "Rows") or 0)
        * (int_of(dataset, "Columns") or 0)
        * (int_of(dataset, "NumberOfFrames") or 1)
    )
    return count * samples * bits // 8


def _fragments_status(stream: BinaryIO, end: int) -> PixelStatus:
    """Step over the items of encapsulated pixel data (PS3.5, A.4)."""
    fragments = 0
    while True:
        head = stream.read(8)
        if len(head) < 8 or head[:4] != b"\xfe\xff\x00\xe0":
            return "absent" if fragments < 2 else "present"  # the first item is the offset table
        length = int.from_bytes(head[4:], "little")
        if stream.tell() + length > end:
            return "short"
        stream.seek(length, 1)
        fragments += 1 if length or fragments == 0 else 0


def _deflated_status(stream: BinaryIO) -> PixelStatus:
    from pydicom import dcmread

    stream.seek(0)
    dataset = dcmread(stream, force=True)
    pixels = dataset.get("PixelData")
    if not pixels:
        return "absent"
    return "present" if len(pixels) >= _native_bytes(dataset) else "short"
