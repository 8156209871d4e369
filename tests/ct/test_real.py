"""Real CT, as it comes and with faults put in."""

from __future__ import annotations

import csv
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from splenic.ct import Discovery, Scan, choose, discover, group_cases, phase_of, read_nifti
from splenic.ct.slab import lung_base_mm, slab_of

pytestmark = pytest.mark.shared


def gate_codes(scan: Scan) -> set[str]:
    return {f.code for f in scan.findings if f.gate}


@pytest.fixture(scope="module")
def both(data_dir: Path) -> Discovery:
    """Both HCC trees at once."""
    return discover([data_dir / "dicom" / "HCC_006", data_dir / "dicom" / "HCC_007_1997"])


def test_hcc_006_has_one_scan_and_a_refused_remainder(both, data_dir):
    scans = [scan for scan in both.scans if scan.info.patient_id == "HCC_006"]
    assert [scan.name for scan in scans] == ["scan 2/1 of study 1999-08-06", "scan 103/3 of study 1999-08-06"]
    assert gate_codes(scans[0]) == {"too-few-slices"}
    assert not scans[1].refused
    assert choose(scans).chosen is scans[1]
    geometry = scans[1].geometry
    assert geometry.shape == (109, 512, 512)
    assert geometry.spacing_mm == pytest.approx((2.5, 0.78125, 0.78125))
    for place in (0, 54, 108):
        image = dcmread(scans[1].sources[place].path)
        assert float(image.ImagePositionPatient[2]) == pytest.approx(geometry.to_lps_mm((place, 0, 0))[2])
        expected = image.pixel_array.astype(int) * int(image.RescaleSlope) + int(image.RescaleIntercept)
        assert np.array_equal(scans[1].read_slices([place])[0], np.maximum(expected, -1024))


def test_hcc_006_lies_where_its_packed_copy_lies(both, data_dir):
    scan = next(s for s in both.scans if s.info.patient_id == "HCC_006" and not s.refused)
    packed = read_nifti(data_dir / "scans" / "HCC_006_19990806_a3.nii.gz")
    native, small = scan.volume.hu, packed.volume.hu
    index = np.argwhere(small > -200)[::5000]
    lps = packed.geometry.to_lps_mm(index)
    corner = scan.geometry.to_index(lps)[:, 1:]
    low = np.floor(corner).astype(int)
    planes = np.rint(scan.geometry.to_index(lps)[:, 0]).astype(int)
    native = np.clip(native, -250, 500)
    mean = sum(native[planes, low[:, 0] + a, low[:, 1] + b].astype(float) for a in (0, 1) for b in (0, 1)) / 4
    # Packed in steps of 3 HU.
    assert np.abs(mean - small[tuple(index.T)]).max() <= 3


def test_hcc_007_acquisitions_are_separated_and_the_portal_one_is_chosen(both):
    cases = group_cases([scan for scan in both.scans if scan.info.patient_id == "HCC_007"])
    assert len(cases) == 1
    choice = choose(cases[0])
    assert [candidate.scan.info.acquisition for candidate in choice.candidates] == ["3", "2", "1"]
    assert choice.chosen is choice.candidates[0].scan
    assert choice.chosen.phase == "portal-venous"
    assert choice.candidates[1].scan.phase == "arterial"
    assert choice.candidates[1].scan.info.series_uid == choice.chosen.info.series_uid
    assert choice.candidates[2].scan.geometry.spacing_mm[0] == pytest.approx(10)
    assert choice.candidates[2].reason.startswith("not chosen: unenhanced phase, 18 slices every 10 mm")


def test_shuffled_renamed_flat_and_zipped_give_the_same(both, data_dir, tmp_path):
    expected = [(scan.identity, scan.geometry, scan.findings) for scan in both.scans]
    files = [source.path for scan in both.scans for source in scan.sources]
    order = np.random.default_rng(11).permutation(len(files))
    archive = tmp_path / "export.zip"
    flat = tmp_path / "flat"
    flat.mkdir()
    with zipfile.ZipFile(archive, "w") as target:
        for number, index in enumerate(order):
            (flat / f"{number:04d}").symlink_to(files[index])
            target.write(files[index], f"DICOM/PA0/ST{number % 3}/IM{number}")
    assert [(s.identity, s.geometry, s.findings) for s in discover([flat]).scans] == expected
    found = discover([archive])
    assert [(s.identity, s.geometry, s.findings) for s in found.scans] == expected
    ours = next(scan for scan in both.scans if scan.info.acquisition == "1" and not scan.refused)
    theirs = next(scan for scan in found.scans if scan.identity == ours.identity)
    assert np.array_equal(theirs.volume.hu, ours.volume.hu)


def test_padding_of_a_lung_kernel_series(data_dir):
    (scan,) = discover([data_dir / "dicom" / "PDA_00189"]).scans
    assert [f.code for f in scan.findings] == ["padding-clipped"]
    assert scan.volume.hu.min() == -1024
    assert scan.phase == "portal-venous"


def test_odd_files_end_as_named_refusals(data_dir):
    found = discover([data_dir / "odd-dicom"])
    assert found.faults == ()
    assert found.skipped["segmentation object"] == 4
    assert all(scan.refused for scan in found.scans)
    assert all("too-few-slices" in gate_codes(scan) for scan in found.scans)
    legacy = next(s for s in found.scans if "legacy" in str(s.sources[0]))
    assert legacy.geometry.shape == (3, 38, 24)
    loose = next(s for s in found.scans if "tiny" in str(s.sources[0]))
    assert legacy.geometry.same_grid(loose.geometry)
    assert np.array_equal(legacy.volume.hu, loose.volume.hu)


@pytest.mark.slow
def test_phase_of_all_packed_scans(data_dir):
    """The packed files hold no description, so HU alone decide; the thresholds were set on these scans."""
    truth = {}
    for table in ("cases.csv", "external.csv"):
        with (data_dir / table).open() as file:
            truth |= {
                row["case"]: row["phase"].replace("portal", "portal-venous") for row in csv.DictReader(file)
            }
    seen = {case: phase_of(read_nifti(data_dir / "scans" / f"{case}.nii.gz")).phase
            for case in truth if truth[case]}  # fmt: skip
    wrong = {case: (phase, truth[case]) for case, phase in seen.items() if phase != truth[case]}
    assert len(seen) == 30
    assert len(wrong) <= 1, wrong


def test_coverage_of_a_chest_scan_is_less(data_dir):
    chest = read_nifti(data_dir / "scans" / "LIDC_0003.nii.gz")
    abdomen = read_nifti(data_dir / "scans" / "HCC_006_19990806_a3.nii.gz")
    assert chest.survey.upper_abdomen < 0.65
    assert abdomen.survey.upper_abdomen == 1.0
    assert lung_base_mm(slab_of(abdomen)) > 150


def cut_pixels(image, _):
    image.PixelData = image.PixelData[: len(image.PixelData) // 2]


def cut_native_pixels(image, _):
    image.decompress()
    image.PixelData = image.PixelData[:1000]


def turn(image, _):
    image.ImageOrientationPatient = [0, 1, 0, 1, 0, 0]


def mirror(image, _):
    image.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]


def without_slope(image, _):
    del image.RescaleSlope


def duplicate_place(image, _):
    image.ImagePositionPatient[2] -= 10
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"


@pytest.mark.parametrize(
    ("edit", "at", "drop", "code"),
    [
        (None, (), (9,), "missing-slice"),
        (turn, (9,), (), "mixed-orientation"),
        (mirror, (9,), (), "mixed-orientation"),
        (mirror, (0,), (), "mixed-orientation"),
        (without_slope, (9,), (), "rescale-missing"),
        (without_slope, range(18), (), "rescale-missing"),
        (cut_pixels, (9,), (), "pixel-data-short"),
        (cut_native_pixels, (9,), (), "pixel-data-short"),
        (duplicate_place, (9,), (), "duplicate-slice"),
        (lambda image, _: delattr(image, "PixelData"), range(18), (), "no-pixel-data"),
        (lambda image, _: setattr(image, "Modality", "MR"), range(18), (), "wrong-modality"),
    ],
)
def test_faults_put_into_a_real_series(real_series, data_dir, edit, at, drop, code):
    folder = real_series(edit, at, drop)
    found = discover([folder, data_dir / "dicom" / "PDA_00189"])
    mine = [scan for scan in found.scans if scan.info.patient_id == "HCC_007"]
    assert code in set().union(*(gate_codes(scan) for scan in mine))
    assert choose(mine).chosen is None
    assert [scan.refused for scan in found.scans if scan.info.patient_id != "HCC_007"] == [False]


def test_truncated_range_stays_a_scan(real_series):
    """Cut at top and bottom, the slices still form a volume; whether the organ is whole others say."""
    (scan,) = discover([real_series(drop=(0, 1, 16, 17))]).scans
    assert not scan.refused
    assert scan.geometry.shape[0] == 14


def test_two_patients_under_one_study(real_series, tmp_path):
    folder = real_series()
    other = tmp_path / "other"
    other.mkdir()
    for file in sorted(folder.iterdir()):
        image = dcmread(file)
        image.PatientID = "SOMEONE"
        image.save_as(other / file.name)
    cases = group_cases(discover([folder, other]).scans)
    assert [len(case) for case in cases] == [1, 1]
    assert all(not case[0].refused for case in cases)
    assert all("study-uid-shared" in {f.code for f in case[0].findings} for case in cases)
    assert cases[0][0].identity != cases[1][0].identity


def test_junk_beside_a_real_series(real_series, tmp_path):
    folder = real_series()
    (folder / "zero.dcm").touch()
    (folder / "text.dcm").write_text("no DICOM here")
    shutil.copy(folder / "03.dcm", folder / "copy-of-03.dcm")
    found = discover([folder])
    assert sorted(f.code for f in found.faults) == ["empty-file", "not-dicom"]
    assert found.skipped == {"duplicate file": 1}
    assert [scan.refused for scan in found.scans] == [False]
    assert found.scans[0].geometry.shape[0] == 18
