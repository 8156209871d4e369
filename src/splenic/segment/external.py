"""Masks made elsewhere, brought to the scan's grid and checked."""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Box, Geometry, box_around
from splenic.ct.masks import read_mask, referenced_series
from splenic.ct.types import Finding, ScanInfo, Volume
from splenic.errors import EngineError, UsageError
from splenic.segment.types import Segmentation

Bool = npt.NDArray[np.bool_]

# A mask of which less than this share lies inside the scan belongs to another scan.
LEAST_INSIDE = 0.5
_SUFFIXES = (".nii.gz", ".nii", ".dcm")


class ExternalEngine:
    """Takes masks from a file, or from a folder where each scan finds its own.

    In a folder a scan's mask is the file named by the scan's SeriesInstanceUID or patient ID
    (``UID.nii.gz``, ``PATIENT.nii.gz``), or the DICOM SEG that refers to the scan's series.

    Parameters
    ----------
    masks : Path

    Raises
    ------
    UsageError
        If there is nothing at that path.
    """

    name = "external"

    def __init__(self, masks: Path) -> None:
        if not masks.exists():
            raise UsageError("no-such-mask", f"{masks}: there is no such file or folder", "correct the path")
        self._masks = masks

    @cached_property
    def _by_series(self) -> dict[str, Path]:
        files = sorted(
            p for p in self._masks.rglob("*") if p.is_file() and not p.name.endswith(_SUFFIXES[:2])
        )
        return {uid: path for path in files if (uid := referenced_series(path))}

    def _find(self, info: ScanInfo | None) -> Path:
        if self._masks.is_file():
            return self._masks
        names = [n for n in ((info.series_uid, info.patient_id) if info else ()) if n and Path(n).name == n]
        for name in names:
            for suffix in _SUFFIXES:
                if (self._masks / f"{name}{suffix}").is_file():
                    return self._masks / f"{name}{suffix}"
        if info is not None and info.series_uid in self._by_series:
            return self._by_series[info.series_uid]
        raise EngineError(
            "mask-missing",
            f"{self._masks.name}: holds no mask for this scan",
            "name masks by SeriesInstanceUID or patient ID, or give DICOM SEG of this series",
        )

    def segment(self, volume: Volume, info: ScanInfo | None = None) -> Segmentation:
        """The scan's mask; see :class:`splenic.segment.types.Engine`."""
        start = time.perf_counter()
        path = self._find(info)
        mask, grid = read_mask(path, "spleen")
        findings: list[Finding] = []
        if grid.same_grid(volume.geometry, tolerance_mm=0.1):
            box = box_around(mask)
            inside = mask[box] if box else mask[:0, :0, :0]
        else:
            box, inside = _onto(volume.geometry, mask, grid, path)
            findings.append(
                Finding(
                    "mask-resampled",
                    f"{path.name}: the mask was drawn on another grid "
                    f"({_words(grid)}) and resampled to the scan's ({_words(volume.geometry)})",
                )
            )
        if box is None or not inside.any():
            findings.append(Finding("no-spleen-found", f"{path.name}: the mask is empty"))
            nothing = slice(0, 0)
            box, inside = (nothing, nothing, nothing), np.zeros((0, 0, 0), bool)
        return Segmentation(
            volume.geometry,
            box,
            inside.astype(np.float32),
            np.ascontiguousarray(inside),
            tuple(findings),
            self.name,
            seconds={"fine": time.perf_counter() - start},
        )


def _words(geometry: Geometry) -> str:
    shape = " × ".join(map(str, geometry.shape))
    return f"{shape} voxels of {' × '.join(f'{s:.3g}' for s in geometry.spacing_mm)} mm"


def _onto(target: Geometry, mask: Bool, grid: Geometry, path: Path) -> tuple[Box | None, Bool]:
    """A mask on a scan's grid: linear interpolation, cut at one half, inside the box that it can reach."""
    from scipy.ndimage import map_coordinates

    nothing = np.zeros((0, 0, 0), bool)
    source = box_around(mask, (1, 1, 1))
    if source is None:
        return None, nothing
    corners = np.array(np.meshgrid(*[(s.start - 1, s.stop) for s in source], indexing="ij")).reshape(3, -1).T
    reach = target.to_index(grid.to_lps_mm(corners))
    low = np.maximum(np.floor(reach.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(reach.max(axis=0)).astype(int) + 1, target.shape)
    if (high <= low).any():
        raise _elsewhere(path, 0.0)
    box: Box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))  # type: ignore[assignment]
    crop, values = target.crop(box), mask.astype(np.float32)
    result = np.zeros(crop.shape, bool)
    rows = np.stack(np.meshgrid(*[np.arange(n) for n in crop.shape[1:]], indexing="ij"), axis=-1)
    for k in range(crop.shape[0]):  # a slice at a time: the coordinates of a whole crop would be large
        index = np.concatenate([np.full((*rows.shape[:2], 1), k), rows], axis=-1)
        at = grid.to_index(crop.to_lps_mm(index))
        result[k] = map_coordinates(values, np.moveaxis(at, -1, 0), order=1, cval=0.0) >= 0.5
    share = result.sum() * target.voxel_mm3 / (mask.sum() * grid.voxel_mm3)
    if share < LEAST_INSIDE:
        raise _elsewhere(path, float(share))
    return box, result


def _elsewhere(path: Path, share: float) -> EngineError:
    return EngineError(
        "mask-elsewhere",
        f"{path.name}: only {share:.0%} of the mask lies inside this scan",
        "give the mask of this scan",
    )
