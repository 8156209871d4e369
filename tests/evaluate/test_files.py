"""Mask files side by side: any orientation of one grid, sparse SEGs, and grids that differ."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.ct import write_nifti
from splenic.ct.geometry import Geometry
from splenic.errors import InputError, UsageError
from splenic.evaluate import MaskFile, evaluate_files, read_mask_file, side_by_side

GRID = Geometry((12, 20, 24), (-30.0, -20.0, -100.0), (2.5, 0.8, 0.9), ((0, 0, 1), (0, 1, 0), (1, 0, 0)))


def _mask(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mask = np.zeros(GRID.shape, bool)
    mask[3:9, 5:15, 4:16] = rng.random((6, 10, 12)) < 0.8
    return mask


def test_same_file_agrees_with_itself(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii.gz", _mask(), GRID)
    write_nifti(tmp_path / "b.nii.gz", _mask(1), GRID)
    assert evaluate_files(tmp_path / "a.nii.gz", tmp_path / "a.nii.gz").dice == 1.0
    found = evaluate_files(tmp_path / "a.nii.gz", tmp_path / "b.nii.gz", (1.0, 3.0))
    expected = 2 * (_mask() & _mask(1)).sum() / (_mask().sum() + _mask(1).sum())
    assert found.dice == pytest.approx(expected)
    assert list(found.surface_dice) == [1.0, 3.0]


@pytest.mark.parametrize("orientation", ["RAS", "LPS", "LAS", "RPI", "SLP", "PIR"])
def test_orientation_of_the_file_does_not_matter(tmp_path: Path, orientation: str) -> None:
    write_nifti(tmp_path / "reference.nii.gz", _mask(), GRID)
    image = nibabel.load(tmp_path / "reference.nii.gz")
    there = nibabel.orientations.axcodes2ornt(orientation)
    change = nibabel.orientations.ornt_transform(nibabel.io_orientation(image.affine), there)
    nibabel.save(image.as_reoriented(change), tmp_path / "turned.nii.gz")
    assert evaluate_files(tmp_path / "turned.nii.gz", tmp_path / "reference.nii.gz").dice == 1.0


@pytest.mark.parametrize(
    "other",
    [
        Geometry(GRID.shape, (-30.0, -20.0, -99.0), GRID.spacing_mm, GRID.direction),
        Geometry(GRID.shape, GRID.origin_mm, (2.5, 0.8, 0.8), GRID.direction),
        Geometry((11, 20, 24), GRID.origin_mm, GRID.spacing_mm, GRID.direction),
    ],
    ids=["moved", "spacing", "shorter"],
)
def test_another_grid_is_an_error_that_names_both(tmp_path: Path, other: Geometry) -> None:
    write_nifti(tmp_path / "reference.nii.gz", _mask(), GRID)
    write_nifti(tmp_path / "prediction.nii.gz", np.zeros(other.shape, bool), other)
    with pytest.raises(UsageError) as caught:
        evaluate_files(tmp_path / "prediction.nii.gz", tmp_path / "reference.nii.gz")
    assert caught.value.code == "grids-differ"
    for part in ("prediction.nii.gz", "reference.nii.gz", "12 × 20 × 24", f"{other.shape[0]} × 20 × 24"):
        assert part in caught.value.sentence
    assert "0.9 mm" in caught.value.sentence


@given(
    starts=st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 4)),
    stops=st.tuples(st.integers(9, 12), st.integers(15, 20), st.integers(16, 24)),
)
def test_sparse_mask_is_put_where_it_lies(starts: tuple[int, ...], stops: tuple[int, ...]) -> None:
    box = tuple(slice(a, b) for a, b in zip(starts, stops, strict=True))
    sparse = MaskFile(Path("seg.dcm"), _mask()[box], GRID.crop(box), sparse=True)
    whole = MaskFile(Path("mask.nii"), _mask(), GRID, sparse=False)
    (one, other), common = side_by_side(sparse, whole)
    assert common.same_grid(GRID)
    assert np.array_equal(one, other)
    (one, other), common = side_by_side(whole, sparse)
    assert common.same_grid(GRID, 0.02)
    assert np.array_equal(one, other)


def test_sparse_mask_beyond_the_other_grid_is_kept() -> None:
    box = (slice(0, 8), slice(None), slice(None))
    sparse = MaskFile(Path("a.dcm"), _mask(), GRID, sparse=True)
    short = MaskFile(Path("b.nii"), _mask()[box], GRID.crop(box), sparse=False)
    (one, other), _ = side_by_side(sparse, short)
    assert np.count_nonzero(one) == np.count_nonzero(_mask())
    assert np.count_nonzero(other) == np.count_nonzero(_mask()[box])


def test_several_labels_are_no_mask(tmp_path: Path) -> None:
    labels = _mask().astype(np.uint8)
    labels[3, 5, 4:6] = 7
    write_nifti(tmp_path / "labels.nii.gz", labels, GRID)
    with pytest.raises(InputError, match=r"labels\.nii\.gz.*3 different values") as caught:
        read_mask_file(tmp_path / "labels.nii.gz")
    assert caught.value.code == "not-a-mask"
    write_nifti(tmp_path / "white.nii.gz", _mask().astype(np.uint8) * 255, GRID)
    assert np.array_equal(read_mask_file(tmp_path / "white.nii.gz").mask, _mask())


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.nii: no such file"):
        read_mask_file(tmp_path / "gone.nii")


def test_dicom_seg_against_nifti(tmp_path: Path) -> None:
    """A SEG that leaves out its empty slices, written by highdicom, lies where the NIfTI does."""
    highdicom = pytest.importorskip("highdicom")
    images = _ct_slices()
    code = highdicom.sr.CodedConcept("78961009", "SCT", "Spleen")
    description = highdicom.seg.SegmentDescription(
        1, "Spleen", code, code, highdicom.seg.SegmentAlgorithmTypeValues.MANUAL
    )
    seg = highdicom.seg.Segmentation(
        source_images=images,
        pixel_array=_mask().astype(np.uint8),
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[description],
        series_instance_uid=highdicom.UID(),
        series_number=2,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="Splenic",
        manufacturer_model_name="tests",
        software_versions="0",
        device_serial_number="0",
        omit_empty_frames=True,
    )
    seg.save_as(tmp_path / "mask.dcm")
    write_nifti(tmp_path / "mask.nii.gz", _mask(), GRID)
    read = read_mask_file(tmp_path / "mask.dcm")
    assert read.sparse
    for pair in (("mask.dcm", "mask.nii.gz"), ("mask.nii.gz", "mask.dcm"), ("mask.dcm", "mask.dcm")):
        found = evaluate_files(*(tmp_path / name for name in pair))
        assert found.dice == 1.0
        assert found.reference_ml == pytest.approx(_mask().sum() * GRID.voxel_mm3 / 1000)


def _ct_slices() -> list[object]:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    slices = []
    for index in range(GRID.shape[0]):
        item = Dataset()
        item.file_meta = FileMetaDataset()
        item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        item.SOPClassUID, item.SOPInstanceUID = CTImageStorage, generate_uid()
        item.StudyInstanceUID, item.SeriesInstanceUID, item.FrameOfReferenceUID = study, series, frame
        item.Modality, item.PatientID, item.PatientName = "CT", "p", "Phantom^"
        item.PatientBirthDate = item.PatientSex = item.StudyDate = item.StudyTime = ""
        item.AccessionNumber = item.StudyID = item.ReferringPhysicianName = ""
        item.PositionReferenceIndicator = item.Laterality = ""
        item.InstanceNumber, item.SeriesNumber = index + 1, 1
        item.ImagePositionPatient = [float(v) for v in GRID.to_lps_mm([index, 0, 0])]
        item.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        item.PixelSpacing = [GRID.spacing_mm[1], GRID.spacing_mm[2]]
        item.SliceThickness = GRID.spacing_mm[0]
        item.Rows, item.Columns = GRID.shape[1:]
        item.BitsAllocated = item.BitsStored = 16
        item.HighBit, item.PixelRepresentation, item.SamplesPerPixel = 15, 1, 1
        item.PhotometricInterpretation = "MONOCHROME2"
        item.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        slices.append(item)
    return slices
