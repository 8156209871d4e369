"""Every transfer syntax and every kind of CT object ends as the same HU."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from splenic.ct import discover
from splenic.errors import InputError


def rewrite(folder, change):
    for file in sorted(folder.iterdir()):
        image = dcmread(file)
        change(image)
        image.save_as(file)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_compressed(make_series, syntax):
    folder, hu = make_series(shape=(48, 64))
    rewrite(folder, lambda image: image.compress(syntax, generate_instance_uid=False))
    (scan,) = discover([folder]).scans
    assert scan.findings == ()
    assert np.array_equal(scan.volume.hu, hu)


def test_jpeg_lossless(data_dir):
    """A real slice with a broken sequence in its header; smallest and largest HU as pydicom reads them."""
    from splenic.ct.headers import lenient, read_header
    from splenic.ct.pixels import DicomLoader
    from splenic.ct.types import Source

    path = data_dir / "odd-dicom" / "bad_sequence.dcm"
    with lenient(), path.open("rb") as stream:
        frames = read_header(Source(path), stream)
    volume = DicomLoader(frames, "it")()
    assert (volume.min(), volume.max()) == (-1011, 1243)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_uncompressed(make_series, syntax):
    folder, hu = make_series()

    for file in folder.iterdir():
        image = dcmread(file)
        if syntax == ExplicitVRBigEndian:
            image.PixelData = np.frombuffer(image.PixelData, "<i2").astype(">i2").tobytes()
        image.file_meta.TransferSyntaxUID = syntax
        dcmwrite(file, image, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
    (scan,) = discover([folder]).scans
    assert not scan.refused
    assert np.array_equal(scan.volume.hu, hu)


def test_overlay_bits_above_the_stored_ones_are_dropped(make_series):
    def edit(image, index):
        stored = np.frombuffer(image.PixelData, "<i2").astype("<u2")
        image.BitsStored, image.HighBit, image.PixelRepresentation = 12, 11, 0
        image.PixelData = (stored | np.where(stored > 1000, 0x4000, 0)).astype("<u2").tobytes()

    folder, hu = make_series(edit=edit)
    assert np.array_equal(discover([folder]).scans[0].volume.hu, hu)


def test_sign_that_was_not_extended(make_series):
    def edit(image, index):
        image.BitsStored, image.HighBit, image.RescaleIntercept = 12, 11, 0
        hu = np.frombuffer(image.PixelData, "<i2") - 1024
        image.PixelData = (hu & 0x0FFF).astype("<u2").tobytes()

    folder, hu = make_series(edit=edit)
    assert np.array_equal(discover([folder]).scans[0].volume.hu, hu)


def test_baseline_jpeg_is_refused(make_series):
    def change(image):
        image.BitsAllocated = image.BitsStored = 8
        image.HighBit = 7
        image.PixelRepresentation = 0
        image.PixelData = encapsulate([b"\xff\xd8\xff\xe0 any jpeg"])
        image["PixelData"].is_undefined_length = True
        image.file_meta.TransferSyntaxUID = JPEGBaseline8Bit

    folder, _ = make_series()
    rewrite(folder, change)
    (scan,) = discover([folder]).scans
    assert {f.code for f in scan.findings if f.gate} == {"lossy-8-bit"}


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_compressed_data_cut_short_raise_by_name(make_series, syntax):
    folder, _ = make_series(shape=(48, 64))
    rewrite(folder, lambda image: image.compress(syntax, generate_instance_uid=False))
    file = folder / "series-006.dcm"
    image = dcmread(file)
    from pydicom.encaps import get_frame

    data = get_frame(image.PixelData, 0, number_of_frames=1)
    image.PixelData = encapsulate([data[: len(data) // 3]])
    image.save_as(file)
    (scan,) = discover([folder]).scans
    with pytest.raises(InputError) as error:
        _ = scan.volume.hu
    assert error.value.code == "pixel-data-unreadable"
    assert "series-006.dcm" in str(error.value)


def test_compressed_file_cut_short_is_refused_from_its_header(make_series):
    folder, _ = make_series(shape=(48, 64))
    rewrite(folder, lambda image: image.compress(JPEGLSLossless, generate_instance_uid=False))
    file = folder / "series-006.dcm"
    file.write_bytes(file.read_bytes()[:-200])
    (scan,) = discover([folder]).scans
    assert {f.code for f in scan.findings if f.gate} == {"pixel-data-short"}
    assert "series-006.dcm" in scan.findings[0].sentence


def enhanced(folder, stacks: int = 1, temporal: int = 1) -> None:
    """Make one enhanced multi-frame CT of a folder of slices, frames in shuffled order; delete the slices."""
    images = [dcmread(file) for file in sorted(folder.iterdir())]
    frames = [(t, s, image) for t in range(temporal) for s in range(stacks) for image in images]
    order = np.random.default_rng(1).permutation(len(frames))
    whole = dcmread(folder / "series-000.dcm")
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope",
                    "RescaleIntercept", "SliceThickness", "AcquisitionNumber",
                    "ConvolutionKernel"):  # fmt: skip
        delattr(whole, keyword)
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    shared, groups, pixels = Dataset(), [], []
    measures, orientation, rescale = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = images[0].PixelSpacing, images[0].SliceThickness
    orientation.ImageOrientationPatient = images[0].ImageOrientationPatient
    rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1, -1024, "HU"
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([orientation])
    shared.PixelValueTransformationSequence = Sequence([rescale])
    for t, s, image in (frames[i] for i in order):
        group, position, content = Dataset(), Dataset(), Dataset()
        x, y, z = (float(v) for v in image.ImagePositionPatient)
        position.ImagePositionPatient = [x, y, z + 500 * s]
        content.StackID, content.TemporalPositionIndex = str(s + 1), t + 1
        group.PlanePositionSequence = Sequence([position])
        group.FrameContentSequence = Sequence([content])
        groups.append(group)
        pixels.append((np.frombuffer(image.PixelData, "<i2") + 10 * t).astype("<i2").tobytes())
    whole.SharedFunctionalGroupsSequence = Sequence([shared])
    whole.PerFrameFunctionalGroupsSequence = Sequence(groups)
    whole.NumberOfFrames = len(frames)
    whole.PixelData = b"".join(pixels)
    for file in folder.iterdir():
        file.unlink()
    whole.save_as(folder / "enhanced.dcm")


def test_enhanced_multi_frame(make_series):
    folder, hu = make_series()
    enhanced(folder)
    (scan,) = discover([folder]).scans
    assert not scan.refused
    assert len(scan.sources) == 1
    assert scan.geometry.spacing_mm == pytest.approx((4, 1, 1.25))
    assert np.array_equal(scan.volume.hu, hu)


def test_enhanced_stacks_and_temporal_positions_are_split(make_series):
    folder, hu = make_series()
    enhanced(folder, stacks=2, temporal=2)
    scans = discover([folder]).scans
    assert [scan.refused for scan in scans] == [False] * 4
    assert sorted({int((scan.volume.hu - hu).max()) for scan in scans}) == [0, 10]
    assert sorted({scan.geometry.origin_mm[2] for scan in scans}) == [-100, 400]


def test_enhanced_cut_short(make_series):
    folder, _ = make_series()
    enhanced(folder)
    file = folder / "enhanced.dcm"
    file.write_bytes(file.read_bytes()[:-5000])
    (scan,) = discover([folder]).scans
    assert {f.code for f in scan.findings if f.gate} == {"pixel-data-short"}
