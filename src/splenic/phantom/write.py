"""Phantoms as files: a CT Image Storage series, or NIfTI. Marked SYNTHETIC wherever a person looks."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from splenic.errors import UsageError
from splenic.phantom.build import Phantom
from splenic.phantom.shapes import stream

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset
    from pydicom.uid import UID

TransferSyntax = Literal["explicit", "jpeg-ls", "rle"]
INTERCEPT_HU = -1024


def uid_of(*parts: object) -> UID:
    """A UID that follows from its parts, under the root 2.25 for UUIDs (DICOM PS3.5 annex B.2)."""
    from pydicom.uid import UID

    digest = hashlib.sha256("\x1f".join(str(p) for p in ("splenic phantom", *parts)).encode()).digest()
    value = bytearray(digest[:16])
    value[6] = value[6] & 0x0F | 0x80  # UUID version 8: a custom scheme
    value[8] = value[8] & 0x3F | 0x80
    return UID(f"2.25.{int.from_bytes(value, 'big')}")


def write_dicom(
    phantom: Phantom,
    folder: Path,
    *,
    transfer_syntax: TransferSyntax = "explicit",
    patient_id: str = "",
    study_date: str = "20200102",
    series_number: int = 2,
    acquisition_number: int = 1,
) -> list[Path]:
    """Write a phantom as one CT series, a file a slice, and return the paths in the order of the slices.

    The names of the files say nothing of the order of the slices. UIDs follow from the seed, the options,
    the patient, the date and the numbers: the same call writes the same bytes, and series of one patient and
    date share their study. ImageType is ORIGINAL\\PRIMARY\\AXIAL\\SYNTHETIC, as these are no reformats of
    other images; that they are synthetic is also said by Synthetic Data (0008,001C), the patient's
    name and the series description.

    Parameters
    ----------
    phantom : Phantom
    folder : Path
        Made if absent.
    transfer_syntax : str
        ``explicit`` (little endian), ``jpeg-ls`` (lossless) or ``rle``.
    patient_id : str
        ``SYNTHETIC-`` and the seed unless given.

    Raises
    ------
    UsageError
        If the transfer syntax is not one of the three.
    """
    from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

    syntaxes = {"explicit": ExplicitVRLittleEndian, "jpeg-ls": JPEGLSLossless, "rle": RLELossless}
    if transfer_syntax not in syntaxes:
        raise UsageError(
            "bad-option", f"no transfer syntax {transfer_syntax!r}", f"use one of {', '.join(syntaxes)}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    patient = patient_id or f"SYNTHETIC-{phantom.seed:06d}"
    study = uid_of("study", patient, study_date)
    series = uid_of("series", study, series_number, acquisition_number, phantom.seed, phantom.truth.options)
    names = stream(phantom.seed, "file names").permutation(phantom.volume.geometry.shape[0])
    paths = []
    for k in range(phantom.volume.geometry.shape[0]):
        image = _slice(phantom, k, patient, study, series, study_date, series_number, acquisition_number)
        if transfer_syntax != "explicit":
            image.compress(syntaxes[transfer_syntax], generate_instance_uid=False)
        path = folder / f"CT{names[k] + 1:05d}.dcm"
        image.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def _slice(
    phantom: Phantom, k: int, patient: str, study: str, series: str, date: str, number: int, acquisition: int
) -> FileDataset:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    slices = phantom.volume.geometry.shape[0]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = uid_of("image", series, k)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid_of("implementation")
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.FrameOfReferenceUID = uid_of("frame", study)
    ds.PositionReferenceIndicator = ""
    ds.SyntheticData = "YES"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL", "SYNTHETIC"]
    ds.Modality = "CT"
    ds.PatientName, ds.PatientID = f"SYNTHETIC^{patient}", patient
    ds.PatientBirthDate, ds.PatientSex, ds.PatientPosition = "", "O", "HFS"
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = date
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = f"10{acquisition % 60:02d}00"
    ds.AccessionNumber, ds.StudyID, ds.ReferringPhysicianName = "", "1", ""
    ds.StudyDescription = "SYNTHETIC CT"
    ds.SeriesNumber, ds.AcquisitionNumber = number, acquisition
    ds.InstanceNumber = slices - k  # scanned from head to foot, as most are
    _describe(ds, phantom)
    _place(ds, phantom, k)
    _fill(ds, phantom, k)
    return ds


def _describe(ds: FileDataset, phantom: Phantom) -> None:
    truth = phantom.truth
    sharp = truth.options.kernel == "sharp"
    ds.SeriesDescription = f"SYNTHETIC {truth.options.region} {truth.phase} {truth.thickness_mm:g} mm"
    ds.Manufacturer, ds.ManufacturerModelName = "Splenic", "Phantom"
    ds.ConvolutionKernel = "BONE" if sharp else "STANDARD"
    ds.KVP, ds.XRayTubeCurrent, ds.ExposureTime = "120", "250", "600"
    ds.ScanOptions = "HELICAL MODE"
    ds.BodyPartExamined = {"abdomen": "ABDOMEN", "chest": "CHEST", "whole-body": "WHOLEBODY"}.get(
        truth.options.region, ""
    )
    ds.ContrastBolusAgent = "" if truth.phase == "unenhanced" else "SYNTHETIC"
    ds.GantryDetectorTilt = f"{_tilt_deg(phantom):.3f}"
    ds.BurnedInAnnotation = "NO"


def _tilt_deg(phantom: Phantom) -> float:
    """The angle between the slices' normal and the direction in which they are stacked."""
    along, rows, columns = (np.asarray(v) for v in phantom.volume.geometry.direction)
    normal = np.cross(columns, rows)
    return float(np.degrees(np.arcsin(np.clip(np.cross(normal, along) @ columns, -1, 1))))


def _place(ds: FileDataset, phantom: Phantom, k: int) -> None:
    geometry = phantom.volume.geometry
    ds.ImagePositionPatient = [_decimal(v) for v in geometry.to_lps_mm((k, 0, 0))]
    ds.ImageOrientationPatient = [_decimal(v) for v in (*geometry.direction[2], *geometry.direction[1])]
    ds.PixelSpacing = [_decimal(geometry.spacing_mm[1]), _decimal(geometry.spacing_mm[2])]
    ds.SliceThickness = _decimal(phantom.truth.thickness_mm)
    ds.SpacingBetweenSlices = _decimal(geometry.slice_distance_mm)
    ds.SliceLocation = _decimal(float(geometry.to_lps_mm((k, 0, 0))[2]))


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters (PS3.5, value representation DS)."""
    for digits in range(12, 2, -1):
        text = f"{float(value):.{digits}f}".rstrip("0").rstrip(".")
        if len(text) <= 16:
            return "0" if text == "-0" else text
    raise ValueError(f"{value} does not fit a decimal string")


def _fill(ds: FileDataset, phantom: Phantom, k: int) -> None:
    padding = phantom.truth.options.padding_hu
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = phantom.volume.geometry.shape[1:]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = str(INTERCEPT_HU), "1", "HU"
    ds.WindowCenter, ds.WindowWidth = "40", "400"
    if padding:
        ds.PixelPaddingValue = padding - INTERCEPT_HU
    stored = phantom.volume.hu[k].astype(np.int32) - INTERCEPT_HU
    ds.PixelData = stored.astype("<i2").tobytes()
    ds["PixelData"].VR = "OW"


def write_nifti(phantom: Phantom, folder: Path, stem: str = "") -> tuple[Path, Path]:
    """Write the HU and the true mask as ``STEM.nii.gz`` and ``STEM_mask.nii.gz``; return both paths.

    ``stem`` is ``SYNTHETIC-`` and the seed unless given. A gantry tilt is kept as a sheared sform.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = stem or f"SYNTHETIC-{phantom.seed:06d}"
    paths = folder / f"{stem}.nii.gz", folder / f"{stem}_mask.nii.gz"
    _nifti(phantom.volume.hu, phantom, paths[0])
    _nifti(phantom.spleen.astype(np.uint8), phantom, paths[1])
    return paths


def _nifti(array: npt.NDArray[np.generic], phantom: Phantom, path: Path) -> None:
    import nibabel

    geometry = phantom.volume.geometry
    affine = np.eye(4)
    # Axes from [slice, row, column] to [column, row, slice]; left and posterior to right and anterior.
    affine[:3, :3] = geometry.steps_mm[::-1].T
    affine[:3, 3] = geometry.origin_mm
    affine[:2] *= -1
    image = nibabel.Nifti1Image(array.T, affine)  # type: ignore[no-untyped-call]
    image.header["descrip"] = b"SYNTHETIC CT"
    image.set_sform(affine, code=1)  # type: ignore[no-untyped-call]
    straight = np.abs(affine[:3, :3].T @ affine[:3, :3])
    sheared = bool((straight - np.diag(np.diag(straight))).max() > 1e-4)
    image.set_qform(  # type: ignore[no-untyped-call]
        None if sheared else affine, code=0 if sheared else 1
    )
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=5, mtime=0))
