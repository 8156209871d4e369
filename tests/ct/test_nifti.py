"""NIfTI: every orientation keeps its voxels in space."""

from __future__ import annotations

import gzip
import itertools

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splenic.ct import Geometry, check_hu, discover, read_nifti, write_nifti
from splenic.errors import InputError

PERMUTATIONS = list(itertools.permutations(range(3)))
SIGNS = list(itertools.product((1, -1), repeat=3))


def rotation(degrees: tuple[float, float, float]) -> np.ndarray:
    """Rotation matrix (3, 3) about x, then y, then z."""
    out = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        turn = np.eye(3)
        a, b = (axis + 1) % 3, (axis + 2) % 3
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        out = turn @ out
    return out


def oriented(values: np.ndarray, order, signs, spacing, degrees=(0, 0, 0), origin=(5.0, -7.0, 11.0)):
    """A NIfTI image of ``values[x, y, z]`` (RAS) whose file axes are permuted, flipped and turned."""
    base = np.eye(4)
    base[:3, :3] = rotation(degrees) @ np.diag(spacing)
    base[:3, 3] = origin
    turn = np.zeros((4, 4))
    turn[3, 3] = 1
    for file_axis, axis in enumerate(order):
        turn[axis, file_axis] = signs[file_axis]
        if signs[file_axis] < 0:
            turn[axis, 3] = values.shape[axis] - 1
    stored = np.transpose(values, order)[tuple(slice(None, None, s) for s in signs)]
    return nibabel.Nifti1Image(np.ascontiguousarray(stored), base @ turn), base


def assert_same_places(scan, values: np.ndarray, base: np.ndarray) -> None:
    """Each voxel of the scan holds the value of the voxel of the phantom at the same place in space."""
    lps = scan.geometry.to_lps_mm(np.moveaxis(np.indices(scan.geometry.shape), 0, -1)).reshape(-1, 3)
    ras = lps * [-1, -1, 1]
    index = np.rint((ras - base[:3, 3]) @ np.linalg.inv(base[:3, :3]).T).astype(int)
    back = index @ base[:3, :3].T + base[:3, 3]
    assert np.abs(back - ras).max() < 1e-3
    assert np.array_equal(values[tuple(index.T)], scan.volume.hu.ravel())


@pytest.mark.parametrize("order", PERMUTATIONS)
@pytest.mark.parametrize("signs", SIGNS)
def test_all_48_orientations(tmp_path, order, signs):
    values = np.random.default_rng(5).integers(-1000, 1000, (7, 6, 5)).astype(np.int16)
    image, base = oriented(values, order, signs, (0.8, 0.9, 3.0))
    nibabel.save(image, tmp_path / "a.nii")
    scan = read_nifti(tmp_path / "a.nii")
    assert not scan.refused
    assert scan.geometry.shape == (5, 6, 7)
    assert scan.geometry.spacing_mm == pytest.approx((3.0, 0.9, 0.8))
    normal = np.cross(scan.geometry.direction[2], scan.geometry.direction[1])
    assert normal @ scan.geometry.direction[0] == pytest.approx(1.0)
    assert_same_places(scan, values, base)


@given(
    order=st.sampled_from(PERMUTATIONS),
    signs=st.sampled_from(SIGNS),
    degrees=st.tuples(*[st.floats(-25, 25)] * 3),
    spacing=st.tuples(st.floats(0.4, 1.5), st.floats(0.4, 1.5), st.floats(0.5, 6)),
)
def test_oblique_orientations_and_round_trip(tmp_path_factory, order, signs, degrees, spacing):
    folder = tmp_path_factory.mktemp("oblique")
    values = np.random.default_rng(5).integers(-1000, 1000, (7, 6, 5)).astype(np.int16)
    image, base = oriented(values, order, signs, spacing, degrees)
    nibabel.save(image, folder / "a.nii.gz")
    scan = read_nifti(folder / "a.nii.gz")
    assert_same_places(scan, values, base)
    write_nifti(folder / "b.nii.gz", scan.volume.hu, scan.geometry)
    again = read_nifti(folder / "b.nii.gz")
    assert again.geometry.same_grid(scan.geometry)
    assert np.array_equal(again.volume.hu, scan.volume.hu)


def test_mask_written_back_lies_on_the_file_s_voxels(tmp_path):
    values = np.random.default_rng(5).integers(-1000, 1000, (9, 8, 7)).astype(np.int16)
    image, _ = oriented(values, (2, 0, 1), (-1, 1, -1), (0.8, 0.9, 3.0), (5, -8, 10))
    nibabel.save(image, tmp_path / "ct.nii.gz")
    scan = read_nifti(tmp_path / "ct.nii.gz")
    write_nifti(tmp_path / "mask.nii.gz", scan.volume.hu > 300, scan.geometry)
    mask = nibabel.load(tmp_path / "mask.nii.gz")
    assert mask.get_data_dtype() == np.uint8
    inside = np.argwhere(np.asarray(mask.dataobj) > 0)
    ras = nibabel.affines.apply_affine(mask.affine, inside)
    index = np.rint(nibabel.affines.apply_affine(np.linalg.inv(image.affine), ras)).astype(int)
    expected = np.argwhere(np.asarray(image.dataobj) > 300)
    assert sorted(map(tuple, index)) == sorted(map(tuple, expected))


def sheared() -> Geometry:
    tilt = np.radians(15)
    return Geometry(
        (6, 5, 4), (1, 2, 3), (4, 1, 1.5), ((0, 0, 1), (0, np.cos(tilt), np.sin(tilt)), (1, 0, 0))
    )


def test_shear_survives_the_sform(tmp_path):
    array = np.arange(120, dtype=np.int16).reshape(6, 5, 4)
    write_nifti(tmp_path / "a.nii.gz", array, sheared())
    scan = read_nifti(tmp_path / "a.nii.gz")
    assert [f.code for f in scan.findings] == ["gantry-tilt"]
    assert scan.geometry.same_grid(sheared())
    assert scan.geometry.voxel_mm3 == pytest.approx(6 * np.cos(np.radians(15)), rel=1e-5)
    assert np.array_equal(scan.volume.hu, array)


def test_bytes_are_the_same_each_time(tmp_path):
    array = np.zeros((6, 5, 4), bool)
    for name in ("a.nii.gz", "b.nii.gz"):
        write_nifti(tmp_path / name, array, sheared())
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    with pytest.raises(ValueError, match="does not fit"):
        write_nifti(tmp_path / "c.nii", array[:2], sheared())


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_number_types_and_scaling(tmp_path, dtype):
    stored = np.random.default_rng(1).integers(0, 250, (8, 7, 6)).astype(dtype)
    image = nibabel.Nifti1Image(stored, np.diag([1, 1, 3, 1]))
    image.header.set_slope_inter(3, -250)
    nibabel.save(image, tmp_path / "a.nii")
    raw = bytearray((tmp_path / "a.nii").read_bytes())
    raw[112:120] = np.array([3, -250], "<f4").tobytes()  # nibabel resets both when it saves
    header = nibabel.Nifti1Header(bytes(raw[:348]))
    assert (header["scl_slope"], header["scl_inter"]) == (3, -250)
    (tmp_path / "a.nii.gz").write_bytes(
        gzip.compress(bytes(raw[: int(header["vox_offset"])]) + stored.tobytes("F"))
    )
    hu = read_nifti(tmp_path / "a.nii.gz").volume.hu
    assert hu.dtype == np.int16
    assert sorted(np.unique(hu)) == sorted(np.unique(stored.astype(int) * 3 - 250))


def test_a_fourth_axis_of_one_is_no_matter(tmp_path):
    values = np.random.default_rng(1).integers(-1000, 1000, (8, 7, 6, 1)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "a.nii")
    assert read_nifti(tmp_path / "a.nii").volume.hu.shape == (6, 7, 8)


def refused(path) -> set[str]:
    (scan,) = discover([path]).scans
    return {f.code for f in scan.findings if f.gate}


def test_what_is_refused_by_name(tmp_path):
    def save(name, values, affine):
        nibabel.save(nibabel.Nifti1Image(values.astype(np.float32), affine), tmp_path / name)
        return tmp_path / name

    cube = np.zeros((20, 20, 20))
    assert refused(save("4d.nii.gz", np.zeros((9, 9, 9, 3)), np.eye(4))) == {"not-3d"}
    assert refused(save("2d.nii.gz", np.zeros((9, 9)), np.eye(4))) == {"not-3d"}
    assert refused(save("short.nii.gz", np.zeros((9, 9, 3)), np.eye(4))) == {"too-few-slices"}
    assert refused(save("bare.nii.gz", cube, None)) == {"no-orientation"}
    turned = np.eye(4)
    turned[:3, :3] = rotation((45, 0, 0))
    assert refused(save("oblique.nii.gz", cube, turned)) == {"non-axial"}


def test_sform_against_qform(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((20, 20, 20), np.int16), np.eye(4))
    image.set_sform(np.diag([-1, 1, 1, 1]), 1)
    image.set_qform(np.eye(4), 1)
    nibabel.save(image, tmp_path / "a.nii.gz")
    assert refused(tmp_path / "a.nii.gz") == {"sform-qform-conflict"}
    image.set_qform(np.diag([-1, 1, 1, 1]), 1)
    nibabel.save(image, tmp_path / "b.nii.gz")
    assert refused(tmp_path / "b.nii.gz") == set()


def test_nan_and_cut_files(tmp_path):
    values = np.zeros((8, 8, 8), np.float32)
    values[2, 3, 4] = np.nan
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "nan.nii.gz")
    with pytest.raises(InputError) as error:
        _ = read_nifti(tmp_path / "nan.nii.gz").volume.hu
    assert error.value.code == "nan-in-volume"
    nibabel.save(nibabel.Nifti1Image(np.zeros((20, 20, 20), np.int16), np.eye(4)), tmp_path / "whole.nii")
    (tmp_path / "cut.nii").write_bytes((tmp_path / "whole.nii").read_bytes()[:5000])
    with pytest.raises(InputError) as error:
        _ = read_nifti(tmp_path / "cut.nii").volume.hu
    assert error.value.code == "pixel-data-short"
    (tmp_path / "cut.nii.gz").write_bytes((tmp_path / "nan.nii.gz").read_bytes()[:60])
    with pytest.raises(InputError) as error:
        read_nifti(tmp_path / "cut.nii.gz")
    assert error.value.code == "nifti-unreadable"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (np.full((9, 40, 40), -1000), "hu-constant"),
        (np.random.default_rng(0).integers(-1024, -980, (9, 40, 40)), "all-air"),
        (np.random.default_rng(0).integers(0, 2, (9, 40, 40)), "hu-implausible"),
        (np.random.default_rng(0).integers(0, 4000, (9, 40, 40)), "hu-implausible"),
        (np.random.default_rng(0).integers(-60, 80, (9, 40, 40)), "no-air"),
    ],
)
def test_hu_that_are_none(values, code):
    from splenic.ct import Volume

    geometry = Geometry(values.shape, (0, 0, 0), (3, 1, 1), ((0, 0, 1), (0, 1, 0), (1, 0, 0)))
    findings = check_hu(Volume.of(values.astype(np.int16), geometry))
    assert [f.code for f in findings] == [code]
    assert findings[0].gate == (code != "no-air")
