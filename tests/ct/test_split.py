"""What one SeriesInstanceUID merges is taken apart."""

from __future__ import annotations

import numpy as np
import pytest

from splenic.ct import discover


def scans_of(*folders):
    found = discover(list(folders))
    assert not found.faults
    return found.scans


def codes(scan):
    return {f.code for f in scan.findings}


def same_series(image, number):
    """Put a slice into series 9.9, as one of several sweeps."""
    image.SeriesInstanceUID = "9.9"
    image.StudyInstanceUID = "9"
    image.FrameOfReferenceUID = "9.1"
    image.InstanceNumber = image.InstanceNumber + 100 * number


def pair(make_series, first, second, **options):
    """Two sweeps in one series, each changed by its own edit."""

    def edit_with(number, edit):
        def apply(image, index):
            same_series(image, number)
            edit(image)
            if number:
                stored = np.frombuffer(image.PixelData, "<i2") + 3
                image.PixelData = stored.astype("<i2").tobytes()

        return apply

    a, hu = make_series("a", edit=edit_with(0, first), **options)
    b, _ = make_series("b", edit=edit_with(1, second), **options)
    return scans_of(a, b), hu


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("AcquisitionNumber", (2, 3)),
        ("ConvolutionKernel", ("B30f", "B60f")),
        ("ImageType", (["ORIGINAL", "PRIMARY", "AXIAL"], ["DERIVED", "SECONDARY", "AXIAL"])),
        ("TemporalPositionIdentifier", (1, 2)),
        ("KVP", (80, 140)),
        ("AcquisitionTime", ("101010", "101055")),
    ],
)
def test_sweeps_at_the_same_places_are_separated(make_series, keyword, values):
    scans, hu = pair(
        make_series,
        lambda image: setattr(image, keyword, values[0]),
        lambda image: setattr(image, keyword, values[1]),
    )
    assert len(scans) == 2
    assert not any(scan.refused for scan in scans)
    volumes = sorted((scan.volume.hu for scan in scans), key=lambda v: int(v.sum(dtype=np.int64)))
    assert np.array_equal(volumes[0], hu)
    assert np.array_equal(volumes[1], hu + 3)


def test_sweeps_told_apart_by_instance_number_alone(make_series):
    scans, hu = pair(make_series, lambda image: None, lambda image: None)
    assert [codes(scan) for scan in scans] == [{"sweeps-separated"}] * 2
    assert sorted(int((scan.volume.hu - hu).max()) for scan in scans) == [0, 3]


def test_patients_mixed_in_one_series_are_split(make_series):
    scans, _ = pair(make_series, lambda image: None, lambda image: setattr(image, "PatientID", "P2"))
    assert [scan.info.patient_id for scan in scans] == ["P1", "P2"]


def test_step_and_shoot_is_one_scan(make_series):
    folder, hu = make_series(edit=lambda image, index: setattr(image, "AcquisitionNumber", index // 4 + 1))
    (scan,) = scans_of(folder)
    assert codes(scan) == {"acquisitions-joined"}
    assert scan.info.acquisition == "1+2+3"
    assert np.array_equal(scan.volume.hu, hu)


def test_long_sweeps_one_under_the_other_stay_apart(make_series):
    folder, _ = make_series(
        slices=30, edit=lambda image, index: setattr(image, "AcquisitionNumber", 1 + index // 15)
    )
    assert [scan.geometry.shape[0] for scan in scans_of(folder)] == [15, 15]


def test_duplicate_slice_with_equal_pixels_is_dropped(make_series):
    folder, hu = make_series()
    from pydicom import dcmread

    twin = dcmread(folder / "series-004.dcm")
    twin.SOPInstanceUID = twin.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    twin.save_as(folder / "twin.dcm")
    (scan,) = scans_of(folder)
    assert codes(scan) == {"duplicate-slice"}
    assert not scan.refused
    assert np.array_equal(scan.volume.hu, hu)


def test_duplicate_slice_with_other_pixels_is_refused(make_series):
    folder, _ = make_series()
    from pydicom import dcmread

    twin = dcmread(folder / "series-004.dcm")
    twin.SOPInstanceUID = twin.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    twin.PixelData = dcmread(folder / "series-007.dcm").PixelData
    twin.save_as(folder / "twin.dcm")
    (scan,) = scans_of(folder)
    assert scan.refused
    assert any("-84.0 mm" in f.sentence for f in scan.findings if f.code == "duplicate-slice")


def test_two_different_files_with_one_sop_uid_are_no_duplicate(make_series):
    folder, _ = make_series()
    from pydicom import dcmread

    twin = dcmread(folder / "series-004.dcm")
    twin.PixelData = dcmread(folder / "series-007.dcm").PixelData
    twin.save_as(folder / "twin.dcm")
    found = discover([folder])
    assert found.skipped == {}
    assert found.scans[0].refused
    assert "duplicate-slice" in codes(found.scans[0])


def test_localiser_in_the_series_is_taken_out_and_named(make_series):
    def edit(image, index):
        if index == 0:
            image.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
            image.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]

    folder, _ = make_series(edit=edit)
    found = discover([folder])
    assert found.skipped == {"localiser": 1}
    (scan,) = found.scans
    assert codes(scan) == {"localiser-removed"}
    assert scan.geometry.shape[0] == 11
    assert not scan.refused


def test_scout_without_image_type_is_taken_out_too(make_series):
    def edit(image, index):
        if index == 0:
            image.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
            image.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]

    (scan,) = scans_of(make_series(edit=edit)[0])
    assert codes(scan) == {"localiser-removed"}
    assert not scan.refused


def test_two_orientations_of_full_length_are_two_scans(make_series):
    scans, _ = pair(
        make_series,
        lambda image: None,
        lambda image: (
            image.update({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]})
            or setattr(image, "ImagePositionPatient", [0, float(image.InstanceNumber * 4), 0])
        ),
    )
    assert sorted(scan.refused for scan in scans) == [False, True]


def test_a_value_that_changes_along_the_scan_splits_nothing(make_series):
    folder, hu = make_series(
        slices=30, edit=lambda image, index: setattr(image, "SliceThickness", 4.0 + (index % 3 == 0) / 1000)
    )
    (scan,) = scans_of(folder)
    assert codes(scan) == {"mixed-thickness"}
    assert np.array_equal(scan.volume.hu, hu)


def test_a_gap_in_step_and_shoot_is_still_a_missing_slice(make_series):
    folder, _ = make_series(
        slices=24, skip=[9], edit=lambda image, index: setattr(image, "AcquisitionNumber", index // 4 + 1)
    )
    (scan,) = scans_of(folder)
    assert {f.code for f in scan.findings if f.gate} == {"missing-slice"}


def test_interleaved_sweeps_are_separated(make_series):
    def later(image):
        image.AcquisitionNumber = 2
        image.ImagePositionPatient[2] += 2

    scans, hu = pair(make_series, lambda image: None, later, slices=16)
    assert [scan.geometry.shape[0] for scan in scans] == [16, 16]
    assert not any(scan.refused for scan in scans)
    assert np.array_equal(scans[1].volume.hu, hu + 3)


def test_a_remainder_far_away_does_not_spoil_the_scan(make_series):
    def edit(image, index):
        if index > 12:
            image.AcquisitionNumber = 2
            image.ImagePositionPatient[2] += 100

    scans = scans_of(make_series(slices=15, edit=edit)[0])
    assert [(scan.geometry.shape[0], scan.refused) for scan in scans] == [(13, False), (2, True)]
