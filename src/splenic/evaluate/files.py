"""Masks in files: NIfTI and DICOM SEG, put side by side without ever resampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from splenic.ct.geometry import Geometry
from splenic.ct.masks import read_mask
from splenic.errors import InputError, UsageError
from splenic.evaluate.agreement import TOLERANCES_MM, Agreement, compare
from splenic.evaluate.surfels import BoolArray


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A mask read from a file.

    ``sparse`` is true for a DICOM SEG, which may hold only the slices that show something: what lies
    outside its grid is then empty, not unknown.
    """

    path: Path
    mask: BoolArray
    geometry: Geometry
    sparse: bool


def evaluate_files(
    prediction: Path, reference: Path, tolerances_mm: Sequence[float] = TOLERANCES_MM
) -> Agreement:
    """Compare two mask files, see :func:`compare`.

    Raises
    ------
    UsageError
        ``grids-differ``, if their voxels do not coincide.
    InputError
        If a file is unreadable or holds no spleen mask.
    """
    one, other = read_mask_file(prediction), read_mask_file(reference)
    masks, geometry = side_by_side(one, other)
    return compare(masks[0], masks[1], geometry, tolerances_mm)


def read_mask_file(path: Path) -> MaskFile:
    """Read a mask: NIfTI with one value beside 0, or a DICOM SEG with one segment or one named spleen.

    Raises
    ------
    InputError
        ``mask-missing``, ``not-a-mask``, or what the reading of the format raises.
    UsageError
        For a SEG without the extra ``dicom``.
    """
    if not path.is_file():
        raise InputError("mask-missing", f"{path}: no such file", "check the path")
    mask, geometry = read_mask(path, "spleen")
    return MaskFile(path, mask, geometry, sparse=not path.name.lower().endswith((".nii", ".nii.gz")))


def side_by_side(one: MaskFile, other: MaskFile) -> tuple[tuple[BoolArray, BoolArray], Geometry]:
    """Both masks as arrays of one grid, if their voxels coincide in space.

    Axes stored in another order or direction are turned, and a sparse mask is widened with empty voxels;
    no value is interpolated.

    Raises
    ------
    UsageError
        ``grids-differ``, with both grids in the sentence.
    """
    turned = _turned_like(one, other.geometry)
    if turned is None:
        raise _grids_differ(one, other)
    mask, grid = turned
    offset = other.geometry.to_index(grid.origin_mm)
    start = np.rint(offset).astype(int)
    apart_mm = float(np.abs((offset - start) @ other.geometry.steps_mm).max())
    exact = not (one.sparse or other.sparse)
    if apart_mm > 0.01 or (exact and not grid.same_grid(other.geometry)):
        raise _grids_differ(one, other)
    low = np.minimum(0, start)
    high = np.maximum(other.geometry.shape, start + np.array(mask.shape))
    shape = tuple(int(n) for n in high - low)
    origin = tuple(float(v) for v in other.geometry.to_lps_mm(low))
    common = Geometry(shape, origin, other.geometry.spacing_mm, other.geometry.direction)  # type: ignore[arg-type]
    return (_placed(mask, start - low, shape), _placed(other.mask, -low, shape)), common


def _placed(mask: BoolArray, start: Any, shape: tuple[int, ...]) -> BoolArray:
    if mask.shape == shape:
        return mask
    whole = np.zeros(shape, bool)
    whole[tuple(slice(int(s), int(s) + n) for s, n in zip(start, mask.shape, strict=True))] = mask
    return whole


def _turned_like(file: MaskFile, target: Geometry) -> tuple[BoolArray, Geometry] | None:
    """The mask with its axes in the target's order and direction; None where the steps differ."""
    relation = file.geometry.steps_mm @ np.linalg.inv(target.steps_mm)
    whole = np.rint(relation)
    far = np.maximum(target.shape, file.geometry.shape).max()
    drift_mm = np.abs((relation - whole) @ target.steps_mm).max() * far
    if drift_mm > 0.05 or not np.array_equal(np.abs(whole).sum(axis=0), [1, 1, 1]):
        return None
    order = [int(np.argmax(np.abs(whole[:, axis]))) for axis in range(3)]
    flipped = [axis for axis in range(3) if whole[order[axis], axis] < 0]
    mask = np.flip(file.mask.transpose(order), tuple(flipped))
    corner = [0, 0, 0]
    for axis in flipped:
        corner[order[axis]] = file.geometry.shape[order[axis]] - 1
    origin = tuple(float(v) for v in file.geometry.to_lps_mm(corner))
    return mask, Geometry(mask.shape, origin, target.spacing_mm, target.direction)  # type: ignore[arg-type]


def _grids_differ(one: MaskFile, other: MaskFile) -> UsageError:
    grids = [f"{file.path} lies on {_grid_in_words(file.geometry)}" for file in (one, other)]
    return UsageError(
        "grids-differ",
        ", ".join(grids),
        "resample one to the other's grid yourself, and say so; it is not done here",
    )


def _grid_in_words(geometry: Geometry) -> str:
    size = " × ".join(str(n) for n in geometry.shape)
    spacing = " × ".join(f"{v:.4g}" for v in geometry.spacing_mm)
    origin = ", ".join(f"{v:.2f}" for v in geometry.origin_mm)
    return f"a grid of {size} voxels of {spacing} mm from ({origin}) mm LPS"
