"""Synthetic series: what the gate names, keeps, corrects and refuses."""

from __future__ import annotations

import numpy as np
import pytest

from splenic.ct import Scan, choose, discover, group_cases
from splenic.errors import InputError


def codes(scan: Scan, *, gate: bool | None = None) -> set[str]:
    return {f.code for f in scan.findings if gate is None or f.gate == gate}


def only(folder, **options) -> Scan:
    found = discover([folder], **options)
    assert not found.faults
    (scan,) = found.scans
    return scan


def test_clean_series_is_read_exactly(make_series):
    folder, hu = make_series()
    scan = only(folder)
    assert not scan.refused
    assert scan.findings == ()
    assert scan.name == "scan 3/1 of study 2020-01-02"
    assert scan.geometry.shape == hu.shape
    assert scan.geometry.spacing_mm == pytest.approx((4.0, 1.0, 1.25))
    assert scan.geometry.origin_mm == pytest.approx((-20, -16, -100))
    assert np.array_equal(scan.volume.hu, hu)
    assert np.array_equal(scan.read_slices([3, 1]), hu[[3, 1]])
    assert choose([scan]).chosen is scan


def test_order_follows_positions_not_names_or_instance_numbers(make_series):
    def edit(image, index):
        image.InstanceNumber = 100 - index
        image.ImagePositionPatient = [-20, -16, 300 - 4 * index]

    folder, hu = make_series(edit=edit)
    scan = only(folder)
    assert np.array_equal(scan.volume.hu, hu[::-1])
    assert scan.geometry.origin_mm[2] == pytest.approx(300 - 44)


def test_feet_first_prone_rows_are_kept_and_geometry_tells(make_series):
    def edit(image, index):
        image.PatientPosition = "FFP"
        image.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]

    folder, hu = make_series(edit=edit)
    scan = only(folder)
    assert scan.findings == ()
    assert np.array_equal(scan.volume.hu, hu)
    assert scan.geometry.direction[2] == pytest.approx((-1, 0, 0))
    assert scan.geometry.direction[1] == pytest.approx((0, -1, 0))
    assert scan.geometry.direction[0] == pytest.approx((0, 0, 1))


def test_slices_ascend_along_the_normal_when_rows_are_mirrored(make_series):
    folder, hu = make_series(
        edit=lambda image, _: setattr(image, "ImageOrientationPatient", [1, 0, 0, 0, -1, 0])
    )
    scan = only(folder)
    assert scan.geometry.direction[0] == pytest.approx((0, 0, -1))
    assert np.array_equal(scan.volume.hu, hu[::-1])


def test_contradicting_patient_position_is_noted(make_series):
    folder, _ = make_series(edit=lambda image, _: setattr(image, "PatientPosition", "HFP"))
    assert codes(only(folder)) == {"position-contradicts"}


def test_gantry_tilt_is_kept_as_a_shear(make_series):
    tilt = np.radians(20)

    def edit(image, index):
        image.ImageOrientationPatient = [1, 0, 0, 0, float(np.cos(tilt)), float(np.sin(tilt))]

    folder, hu = make_series(edit=edit)
    scan = only(folder)
    assert codes(scan) == {"gantry-tilt"}
    assert not scan.refused
    assert "20.0°" in scan.findings[0].sentence
    assert scan.geometry.spacing_mm[0] == pytest.approx(4.0)
    assert scan.geometry.slice_distance_mm == pytest.approx(4.0 * np.cos(tilt))
    assert scan.geometry.voxel_mm3 == pytest.approx(4 * 1.25 * np.cos(tilt))
    assert np.array_equal(scan.volume.hu, hu)


def test_missing_slice_is_refused_by_its_place(make_series):
    folder, _ = make_series(skip=[5])
    scan = only(folder)
    assert codes(scan, gate=True) == {"missing-slice"}
    assert scan.findings[0].sentence == (
        "scan 3/1 of study 2020-01-02: slice at -80.0 mm is missing (spacing 4 mm, 1 gap); export the series "
        "again, or pass --interpolate-gap to fill one slice"
    )
    assert choose([scan]).chosen is None
    with pytest.raises(InputError, match=r"-80\.0 mm is missing") as error:
        _ = scan.volume
    assert error.value.code == "missing-slice"


def test_missing_slice_is_interpolated_on_request(make_series):
    folder, hu = make_series(skip=[5])
    scan = only(folder, interpolate_gap=True)
    assert codes(scan) == {"gap-interpolated"}
    assert not scan.refused
    assert scan.geometry.shape == hu.shape
    volume = scan.volume.hu
    assert np.array_equal(volume[4], hu[4])
    assert np.array_equal(volume[6], hu[6])
    assert np.array_equal(volume[5], (hu[4].astype(int) + hu[6]) // 2)
    assert np.array_equal(scan.read_slices([5])[0], volume[5])


@pytest.mark.parametrize("skip", [[5, 6], [3, 8]])
def test_two_missing_slices_are_never_interpolated(make_series, skip):
    scan = only(make_series(skip=skip)[0], interpolate_gap=True)
    assert codes(scan, gate=True) == {"missing-slice"}
    assert "2 slices" in scan.findings[0].sentence


def test_uneven_spacing(make_series):
    def edit(image, index):
        image.ImagePositionPatient = [-20, -16, index * 4.0 + (1.5 if index > 6 else 0)]

    assert codes(only(make_series(edit=edit)[0]), gate=True) == {"uneven-spacing"}


def test_two_spacings_in_one_stack_are_uneven(make_series):
    def edit(image, index):
        image.ImagePositionPatient = [-20, -16, index * 4.0 if index < 7 else 24 + (index - 6) * 8.0]

    assert codes(only(make_series(edit=edit)[0]), gate=True) == {"uneven-spacing"}


def test_positions_rounded_by_the_scanner_are_even(make_series):
    def edit(image, index):
        image.ImagePositionPatient = [-20, -16, round(index * 1.25, 1)]

    scan = only(make_series(edit=edit, slices=30, spacing=1.25)[0])
    assert scan.findings == ()
    assert scan.geometry.spacing_mm[0] == pytest.approx(1.25, abs=0.005)


def test_slices_shifted_against_each_other(make_series):
    def edit(image, index):
        image.ImagePositionPatient = [-20 + (7 if index in (4, 7) else 0), -16, index * 4.0]

    assert codes(only(make_series(edit=edit)[0]), gate=True) == {"slices-shifted"}


@pytest.mark.parametrize(
    ("orientation", "step", "word"),
    [([0, 1, 0, 0, 0, -1], (4, 0, 0), "sagittal"), ([1, 0, 0, 0, 0, -1], (0, 4, 0), "coronal")],
)
def test_sagittal_and_coronal_are_refused(make_series, orientation, step, word):
    def edit(image, index):
        image.ImageOrientationPatient = orientation
        image.ImagePositionPatient = [float(s * index) for s in step]

    scan = only(make_series(edit=edit)[0])
    assert codes(scan, gate=True) == {"non-axial"}
    assert word in scan.findings[0].sentence


def test_one_turned_slice_is_named(make_series):
    def edit(image, index):
        if index == 6:
            image.ImageOrientationPatient = [0, 1, 0, 1, 0, 0]

    scan = only(make_series(edit=edit)[0])
    assert "mixed-orientation" in codes(scan, gate=True)


def test_turned_slice_at_the_end_is_named_too(make_series):
    def edit(image, index):
        if index == 11:
            image.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]

    assert codes(only(make_series(edit=edit)[0]), gate=True) == {"mixed-orientation"}


def test_one_slice_with_another_matrix_is_named(make_series):
    def edit(image, index):
        if index == 6:
            image.Rows, image.PixelData = 16, image.PixelData[: 16 * 40 * 2]

    assert "mixed-matrix" in codes(only(make_series(edit=edit)[0]), gate=True)


def test_one_slice_with_another_pixel_size_is_named(make_series):
    def edit(image, index):
        if index == 6:
            image.PixelSpacing = [0.5, 0.5]

    assert "mixed-pixel-spacing" in codes(only(make_series(edit=edit)[0]), gate=True)


def test_too_few_slices(make_series):
    assert codes(only(make_series(slices=3)[0]), gate=True) == {"too-few-slices"}
    assert codes(only(make_series("thin", slices=6, spacing=1.0)[0]), gate=True) == {"too-few-slices"}


def test_gap_between_thin_slices_is_noted(make_series):
    folder, _ = make_series(edit=lambda image, _: setattr(image, "SliceThickness", 1.0))
    scan = only(folder)
    assert codes(scan) == {"gap-between-slices"}
    assert not scan.refused


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda image: delattr(image, "PixelData"), "no-pixel-data"),
        (lambda image: setattr(image, "PixelData", image.PixelData[:400]), "pixel-data-short"),
        (lambda image: delattr(image, "RescaleSlope"), "rescale-missing"),
        (lambda image: delattr(image, "RescaleIntercept"), "rescale-missing"),
        (lambda image: setattr(image, "RescaleSlope", 0), "rescale-missing"),
        (lambda image: setattr(image, "ImagePositionPatient", None), "no-position"),
        (lambda image: setattr(image, "ImageOrientationPatient", [1, 0, 0, 1, 0, 0]), "no-position"),
    ],
)
def test_one_bad_slice_refuses_the_scan_by_name(make_series, edit, code):
    folder, _ = make_series(edit=lambda image, index: edit(image) if index == 4 else None)
    assert code in codes(only(folder), gate=True)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda image: setattr(image, "Modality", "MR"), "wrong-modality"),
        (lambda image: setattr(image, "RescaleType", "Z_EFF"), "not-hu"),
        (lambda image: setattr(image, "ImageOrientationPatient", [1, 0, 0, 1, 0, 0]), "bad-orientation"),
        (lambda image: delattr(image, "ImagePositionPatient"), "no-position"),
        (lambda image: delattr(image, "PixelSpacing"), "no-position"),
        (lambda image: setattr(image, "BitsStored", 8), "lossy-8-bit"),
    ],
)
def test_whole_series_refused_by_name(make_series, edit, code):
    scan = only(make_series(edit=lambda image, _: edit(image))[0])
    assert code in codes(scan, gate=True)
    assert choose([scan]).chosen is None
    if scan.geometry is None:
        with pytest.raises(InputError):
            _ = scan.volume


def test_padding_outside_the_circle_becomes_air(make_series):
    def edit(image, index):
        stored = np.frombuffer(image.PixelData, "<i2").copy()
        stored[:5] = -2000
        image.PixelData = stored.tobytes()
        image.add_new(0x00280120, "US", 63536)

    folder, hu = make_series(edit=edit)
    scan = only(folder)
    assert codes(scan) == {"padding-clipped"}
    assert "-3024 HU" in scan.findings[0].sentence
    volume = scan.volume.hu
    assert (volume[:, 0, :5] == -1024).all()
    assert np.array_equal(volume[:, 1:], hu[:, 1:])


def test_fractional_rescale(make_series):
    def edit(image, index):
        image.RescaleSlope, image.RescaleIntercept = 0.5, -1024.25

    folder, hu = make_series(edit=edit)
    expected = np.rint((hu.astype(float) + 1024) * 0.5 - 1024.25)
    assert np.abs(only(folder).volume.hu - np.clip(expected, -1024, None)).max() <= 1e-6


def test_scans_of_two_patients_in_one_study_are_told_apart(make_series):
    first, _ = make_series("a")
    second, _ = make_series("b", edit=lambda image, _: setattr(image, "PatientID", "P2"))
    cases = group_cases(discover([first, second]).scans)
    assert [case[0].info.patient_id for case in cases] == ["P1", "P2"]
    assert [codes(scan) for case in cases for scan in case] == [{"study-uid-shared"}] * 2
    assert not any(scan.refused for case in cases for scan in case)


def test_slices_seen_from_the_head_are_noted(make_series):
    def edit(image, index):
        image.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]

    scan = only(make_series(edit=edit)[0])
    assert codes(scan) == {"seen-from-head"}
    assert not scan.refused
