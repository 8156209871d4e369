"""The phantom's truth, checked against closed forms, its own voxels and its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from splenic import phantom
from splenic.ct.geometry import Geometry
from splenic.errors import UsageError

COARSE = {"spacing_mm": (5.0, 4.0, 4.0)}


def sum_ml(made: phantom.Phantom) -> float:
    """SV by the fractions of the voxels."""
    return float(made.partial.sum(dtype=np.float64)) * made.volume.geometry.voxel_mm3 / 1000


@pytest.fixture(scope="module")
def portal() -> phantom.Phantom:
    return phantom.make(
        11, phase="portal", sv_ml=320, noise_hu=8, streaks_hu=0, ascites=0, accessory_ml=2.0, **COARSE
    )


@pytest.mark.parametrize(
    ("radii", "spacing"),
    [
        ((35, 25, 50), (2.5, 2.5, 2.5)),
        ((30, 30, 30), (5.0, 1.6, 1.6)),
        ((48, 20, 62), (10.0, 3.0, 3.0)),
        ((30, 30, 30), (10.0, 4.0, 4.0)),
    ],
)
def test_ellipsoid_is_exact(radii: tuple[float, float, float], spacing: tuple[float, float, float]) -> None:
    grid = Geometry(
        (round(190 / spacing[0]), round(140 / spacing[1]), round(250 / spacing[2])),
        (0.0, 0.0, 0.0),
        spacing,
        ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)),
    )
    made = phantom.make(3, spleen="ellipsoid", radii_mm=radii, geometry=grid, noise_hu=0)
    exact = 4 / 3 * np.pi * np.prod(radii) / 1000
    assert made.truth.sv_ml == pytest.approx(exact, rel=1e-12)
    # The fractions of voxels carry the volume: within 0.5 % even at 10 mm.
    assert sum_ml(made) == pytest.approx(exact, rel=0.005)
    assert made.truth.craniocaudal_mm == 2 * radii[2]
    assert made.truth.axial_diameter_mm == 2 * max(radii[:2])
    inside = np.argwhere(made.spleen)
    centre = grid.to_lps_mm(inside.mean(axis=0))
    assert centre == pytest.approx(made.truth.centroid_lps_mm, abs=0.3)


@given(seed=st.integers(0, 2**32), sv_ml=st.floats(60, 1800))
@settings(max_examples=6)
def test_truth_is_the_sum_of_the_fractions(seed: int, sv_ml: float) -> None:
    made = phantom.make(seed, sv_ml=sv_ml, **COARSE)
    truth = made.truth
    assert truth.complete
    assert truth.cut_faces == ()
    assert sum_ml(made) == pytest.approx(truth.sv_ml, rel=0.005)
    assert truth.sv_ml == pytest.approx(sv_ml, rel=0.12)
    assert truth.sv_in_scan_ml == pytest.approx(truth.sv_ml)
    assert made.partial.min() >= 0
    assert made.partial.max() <= 1
    assert np.array_equal(made.spleen, made.partial >= 0.5)
    pieces, _ = ndimage.label(made.spleen)
    assert np.bincount(pieces.ravel())[1:].max() > 0.98 * made.spleen.sum()
    zs = np.flatnonzero(made.spleen.any(axis=(1, 2)))
    assert (zs[-1] - zs[0] + 1) * 5.0 == pytest.approx(truth.craniocaudal_mm, abs=10.5)
    assert made.volume.hu.dtype == np.int16
    assert made.volume.hu.min() >= -1024


def test_same_seed_same_bytes() -> None:
    first, second = (phantom.make(21, **COARSE) for _ in range(2))
    assert first.volume.hu.tobytes() == second.volume.hu.tobytes()
    assert first.partial.tobytes() == second.partial.tobytes()
    assert first.truth == second.truth
    other = phantom.make(22, **COARSE)
    assert other.truth.sv_ml != first.truth.sv_ml


def test_a_fixed_option_changes_nothing_else() -> None:
    free = phantom.Options()
    drawn = phantom.make(5, **COARSE).truth.options
    fixed = phantom.make(5, phase="late", **COARSE).truth.options
    assert replace(drawn, phase="late") == fixed
    assert free.phase is None


@pytest.mark.parametrize(
    ("phase", "low", "high"),
    [("unenhanced", 35, 60), ("arterial", 90, 160), ("portal", 95, 150), ("late", 70, 125)],
)
def test_hu_by_phase(phase: str, low: float, high: float) -> None:
    made = phantom.make(8, phase=phase, noise_hu=5, streaks_hu=0, **COARSE)
    hu = made.volume.hu
    core = made.partial > 0.999
    assert low < hu[core].mean() < high
    assert hu[core].mean() == pytest.approx(made.truth.spleen_hu, abs=6)
    label = phantom.LABELS
    assert -125 < np.median(hu[made.labels == label["fat"]]) < -70
    assert np.median(hu[made.labels == label["lung"]]) < -700
    assert np.median(hu[made.labels == label["bone"]]) > 120
    assert 35 < np.median(hu[made.labels == label["muscle"]]) < 85
    for organ in ("liver", "kidney", "stomach", "vessel", "pancreas", "bowel", "nerve", "heart"):
        assert (made.labels == label[organ]).any(), organ


def test_organs_lie_where_they_belong(portal: phantom.Phantom) -> None:
    def centre(organ: str) -> np.ndarray:
        return portal.volume.geometry.to_lps_mm(
            np.argwhere(portal.labels == phantom.LABELS[organ]).mean(axis=0)
        )

    middle = centre("nerve")
    assert centre("spleen")[0] > middle[0] + 40
    assert centre("liver")[0] < middle[0] - 30
    assert centre("stomach")[1] < middle[1] - 40
    assert centre("lung")[2] > centre("spleen")[2]


def test_accessory_spleen_is_apart(portal: phantom.Phantom) -> None:
    own = portal.labels == phantom.LABELS["accessory spleen"]
    assert not (own & portal.spleen).any()
    volume = own.sum() * portal.volume.geometry.voxel_mm3 / 1000
    assert portal.truth.accessory_ml == 2.0
    assert volume == pytest.approx(2.0, rel=0.25)  # counted voxels of 45 mm³


@pytest.mark.parametrize("face", ["superior", "inferior", "left", "posterior"])
def test_cut_spleen_says_so(face: str) -> None:
    made = phantom.make(14, cut=face, sv_ml=400, **COARSE)
    truth = made.truth
    assert truth.complete is False
    assert face in truth.cut_faces
    assert truth.sv_in_scan_ml < truth.sv_ml
    assert sum_ml(made) == pytest.approx(
        truth.sv_in_scan_ml, rel=0.02
    )  # the slice through the cut is 5 mm thick
    edge = {
        "superior": made.spleen[-1],
        "inferior": made.spleen[0],
        "left": made.spleen[:, :, -1],
        "posterior": made.spleen[:, -1],
    }[face]
    assert edge.any()


@pytest.mark.parametrize("region", ["chest", "shoulders", "neck", "pelvis", "thighs"])
def test_elsewhere_is_no_spleen_but_muscle(region: str) -> None:
    made = phantom.make(4, region=region, spleen="absent", spacing_mm=(5, 4, 4), arms="up")
    assert not made.partial.any()
    truth = made.truth
    assert (truth.sv_ml, truth.complete, truth.spleen_hu) == (None, None, None)
    assert (made.labels == phantom.LABELS["muscle"]).mean() > 0.03


def test_without_a_spleen() -> None:
    made = phantom.make(4, spleen="absent", **COARSE)
    assert not made.spleen.any()
    assert made.truth.sv_in_scan_ml is None
    assert (made.labels == phantom.LABELS["liver"]).any()


def test_thick_slices_average_thin_ones() -> None:
    direction = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    thin = Geometry((108, 80, 100), (0.0, 0.0, 0.0), (2.5, 4.0, 4.0), direction)
    thick = Geometry((27, 80, 100), (0.0, 0.0, 3.75), (10.0, 4.0, 4.0), direction)
    quiet = {"noise_hu": 0, "streaks_hu": 0}
    fine = phantom.make(6, geometry=thin, **quiet)
    coarse = phantom.make(6, geometry=thick, **quiet)
    mean = fine.volume.hu.reshape(27, 4, 80, 100).mean(axis=1)
    assert np.abs(mean - coarse.volume.hu).mean() < 1.5
    assert np.abs(fine.partial.reshape(27, 4, 80, 100).mean(axis=1) - coarse.partial).max() < 0.05


@pytest.mark.parametrize("tilt", [-20.0, 15.0])
def test_tilt(tilt: float, tmp_path: Path) -> None:
    import pydicom

    made = phantom.make(9, tilt_deg=tilt, **COARSE)
    geometry = made.volume.geometry
    assert geometry.slice_distance_mm == pytest.approx(5 * np.cos(np.radians(tilt)))
    assert sum_ml(made) == pytest.approx(made.truth.sv_ml, rel=0.005)
    heads = [pydicom.dcmread(p) for p in phantom.write_dicom(made, tmp_path)]
    columns, rows = np.reshape(np.array(heads[0].ImageOrientationPatient, float), (2, 3))
    normal = np.cross(columns, rows)
    steps = np.diff([np.array(h.ImagePositionPatient, float) for h in heads], axis=0)
    assert np.allclose(steps, [0, 0, 5], atol=1e-6)
    assert np.degrees(np.arccos(normal[2])) == pytest.approx(abs(tilt), abs=1e-4)
    assert abs(float(heads[0].GantryDetectorTilt)) == pytest.approx(abs(tilt), abs=1e-3)


@pytest.mark.parametrize("syntax", ["explicit", "jpeg-ls", "rle"])
def test_dicom_reads_back(portal: phantom.Phantom, syntax: str, tmp_path: Path) -> None:
    import pydicom

    phantom.write_dicom(portal, tmp_path, transfer_syntax=syntax)  # type: ignore[arg-type]
    images = [pydicom.dcmread(p) for p in sorted(tmp_path.iterdir())]
    levels = [float(i.ImagePositionPatient[2]) for i in images]
    assert levels != sorted(levels)
    assert levels != sorted(levels, reverse=True)
    images.sort(key=lambda i: float(i.ImagePositionPatient[2]))
    hu = np.stack([i.pixel_array * float(i.RescaleSlope) + float(i.RescaleIntercept) for i in images])
    assert np.array_equal(hu, portal.volume.hu)
    geometry = portal.volume.geometry
    for k, image in enumerate(images):
        assert image.SOPClassUID == pydicom.uid.CTImageStorage
        assert str(image.PatientName).startswith("SYNTHETIC^")
        assert image.SeriesDescription.startswith("SYNTHETIC")
        assert image.SyntheticData == "YES"
        assert np.allclose(
            np.array(image.ImagePositionPatient, float), geometry.to_lps_mm((k, 0, 0)), atol=1e-6
        )
        assert list(image.PixelSpacing) == [4.0, 4.0]
    assert len({i.SOPInstanceUID for i in images}) == len(images)
    assert len({i.SeriesInstanceUID for i in images}) == 1
    assert all(len(i.SOPInstanceUID) <= 64 and i.SOPInstanceUID.startswith("2.25.") for i in images)


def test_dicom_is_deterministic(portal: phantom.Phantom, tmp_path: Path) -> None:
    first = phantom.write_dicom(portal, tmp_path / "a")
    second = phantom.write_dicom(portal, tmp_path / "b")
    assert [p.name for p in first] == [p.name for p in second]
    assert first[3].read_bytes() == second[3].read_bytes()


@pytest.mark.parametrize("tilt", [0.0, 12.0])
def test_nifti_reads_back(tilt: float, tmp_path: Path) -> None:
    import nibabel

    made = phantom.make(2, tilt_deg=tilt, padding_hu=-2000, **COARSE)
    image, mask = (nibabel.load(p) for p in phantom.write_nifti(made, tmp_path))
    assert np.array_equal(np.asarray(image.dataobj).T, made.volume.hu)
    assert np.array_equal(np.asarray(mask.dataobj).T.astype(bool), made.spleen)
    index = (7, 20, 30)
    ras = image.affine @ (index[2], index[1], index[0], 1)
    assert ras[:3] * (-1, -1, 1) == pytest.approx(made.volume.geometry.to_lps_mm(index), abs=1e-3)
    assert made.volume.hu.min() == -2000
    assert b"SYNTHETIC" in image.header["descrip"].tobytes()


def test_cohort() -> None:
    patients = phantom.cohort(400, 7)
    volumes = np.array([p["sv_ml"] for p in patients])
    assert volumes.min() >= 60
    assert volumes.max() <= 2000
    assert 270 < np.median(volumes) < 420  # between 200 and 550
    assert phantom.cohort(5, 7) == patients[:5]
    assert len({p["seed"] for p in patients}) == 400
    healthy = [p["sv_ml"] for p in phantom.cohort(300, 7, cirrhosis=0)]
    assert np.median(healthy) == pytest.approx(200, rel=0.1)
    phantom.make(**{**patients[0], "spacing_mm": (8, 6, 6)})


@given(seed=st.integers(0, 10**6))
@settings(max_examples=5)
def test_variety(seed: int) -> None:
    made = phantom.make(**phantom.variety(seed, spacing_mm=(6.0, 5.0, 5.0)))
    assert np.isfinite(made.partial).all()
    assert (made.truth.sv_ml is None) == (not made.partial.any())
    if made.truth.sv_in_scan_ml is not None:
        assert sum_ml(made) == pytest.approx(made.truth.sv_in_scan_ml, rel=0.05, abs=1)


@pytest.mark.parametrize(
    "options", [{"colour": 1}, {"phase": "venous"}, {"fat": 2.0}, {"cut": "left", "spleen": "absent"}]
)
def test_wrong_options_are_named(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(options)) if "spleen" not in options else "absent"):
        phantom.make(1, **options)


def test_wrong_transfer_syntax(portal: phantom.Phantom, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mp3"):
        phantom.write_dicom(portal, tmp_path, transfer_syntax="mp3")  # type: ignore[arg-type]
