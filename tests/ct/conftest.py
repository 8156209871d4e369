"""Small synthetic DICOM series, and real ones with a fault put in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import config, dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

Edit = Callable[[Dataset, int], None]
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"


def body(slices: int, rows: int, columns: int) -> np.ndarray:
    """HU of an ellipse of tissue in air, different in every slice; shape (slices, rows, columns)."""
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    inside = x**2 + y**2 < 0.7
    noise = np.random.default_rng(7).integers(-20, 20, (slices, rows, columns))
    return np.where(inside, 50 + np.arange(slices)[:, None, None] + noise, -1000 + noise // 4).astype(
        np.int16
    )


def slice_of(hu: np.ndarray, index: int, *, spacing: float, series: str, study: str) -> FileDataset:
    """One CT slice as a scanner writes it, rows to the left, columns to the back."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CT_IMAGE
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[series, str(index)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = CT_IMAGE, meta.MediaStorageSOPInstanceUID
    image.PatientID, image.PatientName, image.Modality = "P1", "Test^One", "CT"
    image.StudyInstanceUID = generate_uid(entropy_srcs=[study])
    image.SeriesInstanceUID = generate_uid(entropy_srcs=[series])
    image.FrameOfReferenceUID = generate_uid(entropy_srcs=[study, "frame"])
    image.StudyDate, image.SeriesNumber, image.AcquisitionNumber = "20200102", 3, 1
    image.SeriesDescription, image.ConvolutionKernel = "ABDOMEN", "B30f"
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.InstanceNumber, image.SliceThickness, image.KVP = index + 1, spacing, 120
    image.AcquisitionTime = "101010"
    image.PatientPosition = "HFS"
    image.ImagePositionPatient = [-20.0, -16.0, round(-100.0 + index * spacing, 3)]
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.PixelSpacing = [1.0, 1.25]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows, image.Columns = hu.shape
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 1
    image.RescaleSlope, image.RescaleIntercept, image.RescaleType = 1, -1024, "HU"
    image.PixelData = (hu.astype(np.int32) + 1024).astype("<i2").tobytes()
    return image


@pytest.fixture
def make_series(tmp_path: Path) -> Callable[..., tuple[Path, np.ndarray]]:
    """Write a synthetic series; ``edit(dataset, index)`` may change every slice before it is written."""

    def make(
        name: str = "series",
        *,
        slices: int = 12,
        spacing: float = 4.0,
        shape: tuple[int, int] = (32, 40),
        edit: Edit | None = None,
        skip: Sequence[int] = (),
        study: str = "study",
    ) -> tuple[Path, np.ndarray]:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        hu = body(slices, *shape)
        for index in range(slices):
            if index in skip:
                continue
            image = slice_of(hu[index], index, spacing=spacing, series=name, study=study)
            if edit:
                edit(image, index)
            image.save_as(folder / f"{name}-{index:03d}.dcm", enforce_file_format=True)
        return folder, hu

    return make


@pytest.fixture
def real_series(data_dir: Path, tmp_path: Path) -> Callable[..., Path]:
    """A real 18-slice series linked into a folder, some slices rewritten by ``edit(dataset, index)``."""

    def make(edit: Edit | None = None, at: Sequence[int] = (), drop: Sequence[int] = ()) -> Path:
        folder = tmp_path / "real"
        folder.mkdir()
        files = sorted((data_dir / "dicom" / "HCC_007_1997" / "2_PRE_LIVER_82398").iterdir())
        files.sort(key=lambda file: float(dcmread(file, specific_tags=["SliceLocation"]).SliceLocation))
        assert len(files) == 18
        for index, file in enumerate(files):
            if index in drop:
                continue
            target = folder / f"{index:02d}.dcm"
            if edit is not None and index in at:
                image = dcmread(file)
                edit(image, index)
                image.save_as(target)
            else:
                target.symlink_to(file)
        return folder

    return make


@pytest.fixture(autouse=True)
def _quiet_values() -> Iterator[None]:
    """Tests write values on purpose that break their VR."""
    before = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    yield
    config.settings.writing_validation_mode = before
