"""Masks from files: NIfTI or DICOM SEG, on whatever grid they were drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry, Vector
from splenic.ct.nifti import read_nifti
from splenic.errors import InputError, UsageError

Bool = npt.NDArray[np.bool_]


def read_mask(path: Path, organ: str) -> tuple[Bool, Geometry]:
    """A mask with its grid.

    Parameters
    ----------
    path : Path
        NIfTI with one value beside 0, or DICOM SEG (binary, fractional or labelmap).
    organ : str
        The English word by which a segment is known when a SEG holds several, e.g. ``spleen``; a SEG with
        one segment needs no such name.

    Returns
    -------
    mask : bool array ``[slice, row, column]``
    geometry : Geometry

    Raises
    ------
    InputError
        If the file cannot be read as a mask.
    UsageError
        If it is a SEG and highdicom is not installed.
    """
    if path.name.lower().endswith((".nii", ".nii.gz")):
        scan = read_nifti(path)
        if scan.refused or scan.geometry is None:
            first = next(f for f in scan.findings if f.gate)
            raise InputError(first.code, first.sentence)
        values = np.unique(scan.volume.hu)
        if np.count_nonzero(values) > 1:
            raise InputError(
                "not-a-mask",
                f"{path}: holds {values.size} different values, not one mask",
                "give a file that holds 0 and one other value",
            )
        return scan.volume.hu != 0, scan.geometry
    return _read_seg(path, organ)


def referenced_series(path: Path) -> str:
    """SeriesInstanceUID to which a DICOM SEG refers; empty if it is no SEG or names none."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        header = pydicom.dcmread(
            path, stop_before_pixels=True, specific_tags=["Modality", "ReferencedSeriesSequence"]
        )
    except (InvalidDicomError, OSError):
        return ""
    if header.get("Modality") != "SEG" or not header.get("ReferencedSeriesSequence"):
        return ""
    return str(header.ReferencedSeriesSequence[0].get("SeriesInstanceUID", ""))


def _read_seg(path: Path, organ: str) -> tuple[Bool, Geometry]:
    try:
        import highdicom
    except ImportError as error:
        raise UsageError(
            "dicom-extra-missing",
            f"{path.name}: reading a DICOM SEG needs highdicom",
            "install the extra: pip install 'splenic[dicom]'",
        ) from error
    try:
        seg = highdicom.seg.segread(path)
        number = _segment_number(seg, path, organ)
        volume = seg.get_volume(
            segment_numbers=[number], combine_segments=True, relabel=True, skip_overlap_checks=True
        )
    except InputError:
        raise
    except Exception as error:  # pydicom and highdicom each raise their own
        raise InputError(
            "mask-unreadable",
            f"{path.name}: cannot be read as a DICOM SEG ({error})",
            "give a NIfTI or a DICOM SEG of an axial CT",
        ) from error
    return _upright(np.asarray(volume.array) > 0, np.asarray(volume.affine, float))


def _segment_number(seg: Any, path: Path, organ: str) -> int:
    descriptions = list(seg.SegmentSequence)
    named = [d for d in descriptions if organ.lower() in _names(d)]
    if len(named) == 1:
        return int(named[0].SegmentNumber)
    if len(descriptions) == 1:
        return int(descriptions[0].SegmentNumber)
    raise InputError(
        "mask-ambiguous",
        f"{path.name}: holds {len(descriptions)} segments and not one named {organ}",
        "give a SEG with one segment, or label the right one",
    )


def _names(description: Any) -> str:
    words = [str(description.get("SegmentLabel", "")), str(description.get("SegmentDescription", ""))]
    for code in description.get("SegmentedPropertyTypeCodeSequence", []):
        words.append(str(code.get("CodeMeaning", "")))
    return " ".join(words).lower()


def _upright(mask: Bool, affine: npt.NDArray[np.float64]) -> tuple[Bool, Geometry]:
    """A mask whose slices ascend along their normal; ``affine`` maps indices to LPS mm."""
    columns = affine[:3, :3]
    origin = affine[:3, 3]
    if columns[2, 0] < 0:
        origin = origin + columns[:, 0] * (mask.shape[0] - 1)
        columns = columns * np.array([-1.0, 1.0, 1.0])
        mask = mask[::-1]
    spacing = np.linalg.norm(columns, axis=0)
    unit = (columns / spacing).T
    geometry = Geometry(
        mask.shape, _vector(origin), _vector(spacing), (_vector(unit[0]), _vector(unit[1]), _vector(unit[2]))
    )
    return np.ascontiguousarray(mask), geometry


def _vector(values: npt.NDArray[np.float64]) -> Vector:
    a, b, c = (float(v) for v in values)
    return a, b, c
