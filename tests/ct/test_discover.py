"""Any tree, zip or loose pile; what is no scan is counted, what cannot be read is named."""

from __future__ import annotations

import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from splenic.ct import discover, group_cases, write_nifti
from splenic.ct.find import MAX_MEMBER_BYTES


def zipped(folder: Path, target: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, prefix + file.relative_to(folder).as_posix())
    return target


def test_names_order_and_zips_do_not_matter(make_series, tmp_path):
    a, hu = make_series("a")
    b, _ = make_series("b")
    expected = [(s.identity, s.geometry) for s in discover([a, b]).scans]
    flat = tmp_path / "flat"
    flat.mkdir()
    files = [*a.iterdir(), *b.iterdir()]
    for number, index in enumerate(np.random.default_rng(3).permutation(len(files))):
        shutil.copy(files[index], flat / f"IM{number:05d}")
    assert [(s.identity, s.geometry) for s in discover([flat]).scans] == expected
    archive = zipped(flat, tmp_path / "export.zip", "../deep/nested/")
    found = discover([archive])
    assert [(s.identity, s.geometry) for s in found.scans] == expected
    assert any(np.array_equal(scan.volume.hu, hu) for scan in found.scans)
    again = discover([a, b, flat, archive])
    assert [(s.identity, s.geometry) for s in again.scans] == expected
    assert again.skipped == {"duplicate file": 48}


def test_what_is_no_scan_is_counted_or_named(make_series, tmp_path):
    folder, _ = make_series()
    (folder / "empty.dcm").touch()
    (folder / "empty").touch()
    (folder / "text.dcm").write_text("this is no DICOM")
    (folder / "notes.txt").write_text("neither is this")
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 broken")
    (folder / "broken.nii.gz").write_bytes(b"\x1f\x8b\x08\x00 broken")
    image = dcmread(folder / "series-003.dcm")
    image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.67"
    image.SOPInstanceUID = "1.2.3"
    image.save_as(folder / "dose")
    found = discover([folder, tmp_path / "nowhere"])
    assert sorted((f.code, f.gate) for f in found.faults) == [
        ("broken-zip", True),
        ("empty-file", True),
        ("empty-file", True),
        ("nifti-unreadable", True),
        ("not-dicom", True),
        ("not-found", True),
    ]
    assert found.skipped == {"dose report": 1, "not DICOM": 1}
    text = next(f for f in found.faults if f.code == "not-dicom")
    assert (
        text.sentence
        == f"{folder / 'text.dcm'}: is named like DICOM and is not; remove it or export it again"
    )
    assert [scan.refused for scan in found.scans] == [False]


@pytest.mark.parametrize(
    ("size", "code"), [(134, "dicom-cut-short"), (700, "dicom-cut-short"), (20, "not-dicom")]
)
def test_a_header_cut_short_is_a_fault(make_series, size, code):
    folder, _ = make_series(slices=13)
    file = folder / "series-012.dcm"
    file.write_bytes(file.read_bytes()[:size])
    found = discover([folder])
    assert [f.code for f in found.faults] == [code]
    assert "series-012.dcm" in found.faults[0].sentence
    assert [(scan.geometry.shape[0], scan.refused) for scan in found.scans] == [(12, False)]


def test_files_without_preamble_are_read(make_series):
    folder, hu = make_series()
    for file in folder.iterdir():
        image = dcmread(file)
        meta = image.file_meta
        image.file_meta = type(meta)()
        image.preamble = None
        image.save_as(file.with_suffix(""), implicit_vr=True, little_endian=True, enforce_file_format=False)
        file.unlink()
    (scan,) = discover([folder]).scans
    assert np.array_equal(scan.volume.hu, hu)


def test_a_damaged_copy_does_not_replace_the_whole_one(make_series, tmp_path):
    folder, hu = make_series()
    damaged = tmp_path / "a-damaged"
    damaged.mkdir()
    file = folder / "series-004.dcm"
    (damaged / "0.dcm").write_bytes(file.read_bytes()[:-300])
    found = discover([damaged, folder])
    assert found.skipped == {"duplicate file": 1}
    assert np.array_equal(found.scans[0].volume.hu, hu)


def test_identity_tells_a_damaged_scan_from_a_whole_one(make_series):
    folder, _ = make_series()
    whole = discover([folder]).scans[0].identity
    file = folder / "series-004.dcm"
    file.write_bytes(file.read_bytes()[:-300])
    assert discover([folder]).scans[0].identity != whole


def test_zip_bomb_and_encrypted_members_are_left_packed(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.dcm", b"\0" * 1000)
        archive.writestr("locked.dcm", b"\0" * 10)
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, first + 24, MAX_MEMBER_BYTES - 1)  # claims to unpack to 4 GB
    second = data.index(b"PK\x01\x02", first + 4)
    struct.pack_into("<H", data, second + 8, 1)  # the flag of encryption
    path.write_bytes(data)
    found = discover([path])
    assert sorted(f.code for f in found.faults) == ["zip-encrypted", "zip-member-too-large"]
    assert "bomb.zip!bomb.dcm" in found.faults[0].sentence


def test_links_to_folders_are_not_followed(make_series, tmp_path):
    folder, _ = make_series()
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert len(discover([folder]).scans) == 1


def test_nifti_in_the_tree_and_in_a_zip(make_series, tmp_path):
    folder, hu = make_series()
    scan = discover([folder]).scans[0]
    nifti = tmp_path / "n"
    nifti.mkdir()
    write_nifti(nifti / "Case_7.nii.gz", hu, scan.geometry)
    found = discover([nifti, zipped(nifti, tmp_path / "n.zip")])
    assert found.skipped == {"duplicate file": 1}
    assert [(s.kind, s.info.patient_id, s.info.study_date) for s in found.scans] == [("nifti", "Case_7", "")]
    assert np.array_equal(found.scans[0].volume.hu, hu)
    assert len(group_cases((scan, *found.scans))) == 2


def test_progress_reaches_the_total(make_series):
    folder, _ = make_series()
    seen = []
    discover([folder], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 12) for n in range(1, 13)]


def test_scans_travel_to_other_processes(make_series):
    import pickle

    folder, hu = make_series()
    scan = pickle.loads(pickle.dumps(discover([folder]).scans[0]))
    assert np.array_equal(scan.volume.hu, hu)


@pytest.mark.parametrize("module", ["pydicom", "nibabel", "scipy"])
def test_import_is_cheap(module):
    import subprocess
    import sys

    code = f"import sys, splenic.ct; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
