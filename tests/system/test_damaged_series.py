"""A real series damaged in every way that exports are: each ends in a row with its status and its reason."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import splenic
from splenic import ct
from splenic.segment import Engine

from .conftest import Copy, flip

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def only(path: Path, engine: Engine, **options: bool) -> splenic.CaseResult:
    (case,) = splenic.measure(path, engine=engine, **options)
    assert case.error is None or case.record.status != "failed", case.error
    for sentence in case.record.sentences:
        assert sentence.count("\n") == 0
    return case


def refused(case: splenic.CaseResult, *codes: str) -> None:
    assert case.record.status == "refused"
    assert set(case.record.reasons) == set(codes)
    assert case.measurement.sv_ml is None


def test_a_missing_slice(series: Copy, engine: Engine) -> None:
    series.slices[54].unlink()
    case = only(series.folder, engine)
    refused(case, "missing-slice")
    assert "--interpolate-gap" in case.record.sentences[0]


def test_a_missing_slice_interpolated(series: Copy, engine: Engine) -> None:
    whole = only(series.folder, engine).measurement.sv_ml
    series.slices[54].unlink()
    case = only(series.folder, engine, interpolate_gap=True)
    assert case.record.status in ("ok", "review")
    assert any("interpolated" in finding.code for finding in case.record.findings)
    assert case.measurement.sv_ml == pytest.approx(whole, rel=0.02)


def test_a_file_twice_changes_nothing(series: Copy, engine: Engine) -> None:
    whole = only(series.folder, engine).measurement
    (series.folder / "copy of it").write_bytes(series.slices[54].read_bytes())
    assert only(series.folder, engine).measurement == whole


def test_a_slice_twice_with_other_pixels(series: Copy, engine: Engine) -> None:
    from pydicom import dcmread
    from pydicom.uid import generate_uid

    image = dcmread(series.slices[54])
    image.decompress(generate_instance_uid=False)
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.PixelData = (image.pixel_array + 7).tobytes()
    image.save_as(series.folder / "another.dcm")
    case = only(series.folder, engine)
    assert any("duplicate" in finding.code for c in case.record.candidates for finding in c.findings) or (
        case.record.status == "refused"
    )


def test_one_slice_of_another_orientation(series: Copy, engine: Engine) -> None:
    def turn(image: object) -> None:
        image.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]  # type: ignore[attr-defined]

    series.edit(54, turn)
    case = only(series.folder, engine)
    assert case.record.status == "refused"
    assert case.record.reasons


def test_flipped_left_to_right(series: Copy, engine: Engine) -> None:
    series.edit_all(flip, decompress=True)
    refused(only(series.folder, engine), "anatomy-mirrored")


@pytest.mark.parametrize("face", ["superior", "inferior"])
def test_truncated(series: Copy, engine: Engine, face: str) -> None:
    whole = only(series.folder, engine)
    assert whole.segmentation is not None
    inside = np.flatnonzero(whole.segmentation.whole_mask().any(axis=(1, 2)))
    middle = int(inside[len(inside) // 2])
    for path in series.slices[middle:] if face == "superior" else series.slices[:middle]:
        path.unlink()
    case = only(series.folder, engine)
    assert case.record.status == "review"
    assert "incomplete" in case.record.reasons
    assert case.measurement.complete is False
    assert case.measurement.cut_faces == (face,)
    assert case.measurement.sv_ml is not None
    assert whole.measurement.sv_ml is not None
    assert 0.2 < case.measurement.sv_ml / whole.measurement.sv_ml < 0.8


def test_pixel_data_cut_short(series: Copy, engine: Engine) -> None:
    path = series.own(54)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    case = only(series.folder, engine)
    assert case.record.status == "refused"
    assert "pixel-data-short" in case.record.reasons


def test_uncompressed_pixel_data_cut_short(series: Copy, engine: Engine) -> None:
    path = series.edit(54, lambda image: None, decompress=True)
    path.write_bytes(path.read_bytes()[:-1000])
    case = only(series.folder, engine)
    assert case.record.status == "refused"
    assert "pixel-data-short" in case.record.reasons


def test_a_file_of_no_bytes(series: Copy, engine: Engine) -> None:
    series.slices[54].unlink()
    series.slices[54].write_bytes(b"")
    refused(only(series.folder, engine), "missing-slice")


def test_a_text_file_called_dcm_changes_nothing(series: Copy, engine: Engine) -> None:
    whole = only(series.folder, engine).measurement
    (series.folder / "notes.dcm").write_text("Dear colleague, here are the images.")
    assert only(series.folder, engine).measurement == whole


def test_two_patients_under_one_study(series: Copy, engine: Engine) -> None:
    from pydicom import dcmread

    other = series.folder.parent / "other"
    other.mkdir()
    for path in series.slices:
        image = dcmread(path)
        image.PatientID = "ANOTHER"
        image.save_as(other / path.name)
    cases = splenic.measure(series.folder, other, engine=engine)
    assert len({case.record.case_id for case in cases}) == 2
    patients = {case.record.scan.info.patient_id for case in cases if case.record.scan}
    assert patients == {"ANOTHER", "HCC_006"}
    assert cases[0].measurement.sv_ml == cases[1].measurement.sv_ml
    assert all("study-uid-shared" in {f.code for f in case.record.findings} for case in cases)


def test_no_rescale_slope(series: Copy, engine: Engine) -> None:
    def strip(image: object) -> None:
        del image.RescaleSlope  # type: ignore[attr-defined]

    series.edit_all(strip)
    refused(only(series.folder, engine), "rescale-missing")


def test_an_8_bit_jpeg(series: Copy, engine: Engine) -> None:
    import io

    from PIL import Image
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGBaseline8Bit

    def squeeze(image: object) -> None:
        pixels = image.pixel_array.astype(np.float32)  # type: ignore[attr-defined]
        grey = np.clip((pixels + 1024) / 8, 0, 255).astype(np.uint8)
        stream = io.BytesIO()
        Image.fromarray(grey).save(stream, "JPEG")
        image.PixelData = encapsulate([stream.getvalue()])  # type: ignore[attr-defined]
        image.BitsAllocated = image.BitsStored = 8  # type: ignore[attr-defined]
        image.HighBit, image.PixelRepresentation = 7, 0  # type: ignore[attr-defined]
        image.file_meta.TransferSyntaxUID = JPEGBaseline8Bit  # type: ignore[attr-defined]
        image["PixelData"].VR = "OB"  # type: ignore[index]
        image["PixelData"].is_undefined_length = True  # type: ignore[index]

    series.edit_all(squeeze, decompress=True)
    refused(only(series.folder, engine), "lossy-8-bit")


def nifti(folder: Path, hu: np.ndarray, geometry: ct.Geometry) -> Path:
    path = folder / "scan.nii.gz"
    ct.write_nifti(path, hu, geometry)
    return path


def test_a_nifti_of_four_dimensions(tmp_path: Path, engine: Engine) -> None:
    import nibabel

    image = nibabel.Nifti1Image(np.zeros((16, 16, 16, 3), np.int16), np.eye(4))
    nibabel.save(image, tmp_path / "scan.nii.gz")
    case = only(tmp_path, engine)
    assert case.record.status == "refused"
    assert "16 × 16 × 16 × 3" in case.record.sentences[0]
    assert case.record.sentences[0].startswith(str(tmp_path / "scan.nii.gz"))


def test_a_nifti_with_nan(series: Copy, tmp_path: Path, engine: Engine) -> None:
    import nibabel

    whole = only(series.folder, engine)
    assert whole.volume is not None
    path = nifti(tmp_path, whole.volume.hu, whole.volume.geometry)
    image = nibabel.load(path)
    values = np.asarray(image.dataobj, np.float32)
    values[:40, :40, :] = np.nan
    nibabel.save(nibabel.Nifti1Image(values, image.affine), path)
    case = only(path, engine)
    if case.record.status == "refused":
        assert any("nan" in sentence.lower() for sentence in case.record.sentences)
    else:
        assert case.measurement.sv_ml == pytest.approx(whole.measurement.sv_ml, rel=0.01)
        assert any("nan" in finding.sentence.lower() for finding in case.record.findings)


def test_nothing_but_air(series: Copy, tmp_path: Path, engine: Engine) -> None:
    whole = only(series.folder, engine)
    assert whole.volume is not None
    noise = np.random.default_rng(1).normal(-1000, 8, whole.volume.geometry.shape).astype(np.int16)
    refused(only(nifti(tmp_path, noise, whole.volume.geometry), engine), "all-air")


def test_a_bad_case_leaves_the_others_as_they_are(series: Copy, hcc_007: Path, tmp_path: Path) -> None:
    series.slices[54].unlink()
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "text.dcm").write_text("no image")
    bad = [series.folder, tmp_path / "empty.dcm", tmp_path / "text.dcm"]

    def call(name: str, *inputs: Path) -> tuple[int, list[dict[str, str]], str]:
        command = [sys.executable, "-m", "splenic", "measure", *map(str, inputs), "-o", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        with open(tmp_path / name / "measurements.csv", encoding="utf-8", newline="") as handle:
            rows = [{**row, "seconds": ""} for row in csv.DictReader(handle)]
        return done.returncode, rows, done.stdout + done.stderr

    code, alone, _ = call("alone", hcc_007)
    assert code == 0
    code, together, said = call("together", bad[0], hcc_007, *bad[1:])
    assert code == 3
    assert "Traceback" not in said
    assert [row for row in together if row["study_uid"] == alone[0]["study_uid"]] == alone
    rest = sorted(row["reason"] for row in together if row["study_uid"] != alone[0]["study_uid"])
    assert rest == ["empty-file", "missing-slice", "not-dicom"]
