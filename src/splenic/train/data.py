"""Cases for training: read once, put on the network's grid, kept on disk."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry
from splenic.errors import InputError
from splenic.segment.resample import to_working, working_grid

AIR_HU = -1024.0


@dataclass(frozen=True, slots=True)
class TrainingCase:
    """One scan with its reference mask; ``mask`` is None for a scan without a spleen."""

    name: str
    patient: str
    image: Path
    mask: Path | None


@dataclass(frozen=True, slots=True)
class CachedCase:
    """A case on the network's grid.

    ``hu`` int16 and ``fraction`` float32 (partial volume of spleen, 0..1), axes superior, posterior, left.
    """

    name: str
    patient: str
    hu: npt.NDArray[np.int16]
    fraction: npt.NDArray[np.float32]
    spacing_mm: tuple[float, float, float]


def read_cases(table: Path) -> tuple[TrainingCase, ...]:
    """Read a table with the columns ``case, patient, image, mask`` (paths relative to the table).

    Raises
    ------
    InputError
        If a column or a file is missing.
    """
    cases = []
    with table.open(newline="", encoding="utf-8-sig") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=2):
            missing = {"case", "patient", "image", "mask"} - set(row)
            if missing:
                raise InputError(
                    "bad-table",
                    f"{table.name}: column {sorted(missing)[0]!r} is missing",
                    "give the columns case, patient, image, mask",
                )
            image = table.parent / row["image"]
            mask = table.parent / row["mask"] if row["mask"] else None
            for path in (image, mask):
                if path is not None and not path.is_file():
                    raise InputError(
                        "missing-file",
                        f"{table.name}, row {number}: {path.name} does not exist",
                        "correct the path; it is taken relative to the table",
                    )
            cases.append(TrainingCase(row["case"], row["patient"], image, mask))
    return tuple(cases)


def _upright(path: Path) -> tuple[npt.NDArray[np.float32], Geometry]:
    """A NIfTI as [superior, posterior, left] with its spacing; position is not needed in training."""
    import nibabel

    image = nibabel.as_closest_canonical(nibabel.load(path))  # type: ignore[no-untyped-call]
    array = np.asarray(image.dataobj, np.float32).transpose(2, 1, 0)[:, ::-1, ::-1]
    x, y, z = (float(v) for v in image.header.get_zooms()[:3])
    geometry = Geometry(
        array.shape, (0.0, 0.0, 0.0), (z, y, x), ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    )
    return array, geometry


def cache_case(case: TrainingCase, spacing_mm: tuple[float, float, float], folder: Path) -> CachedCase:
    """The case on a grid of ``spacing_mm``, from ``folder`` if it was made before.

    Raises
    ------
    InputError
        If image and mask have different grids.
    """
    stat = case.image.stat()
    key = f"{case.image.resolve()} {stat.st_size} {stat.st_mtime_ns} {case.mask} {spacing_mm}"
    path = folder / f"{case.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.npz"
    if not path.is_file():
        image, geometry = _upright(case.image)
        grid = working_grid(geometry, spacing_mm)
        hu = np.rint(to_working(image, geometry, grid, AIR_HU)).astype(np.int16)
        fraction = np.zeros(grid.shape, np.float32)
        if case.mask is not None:
            mask, mask_geometry = _upright(case.mask)
            if not mask_geometry.same_grid(geometry):
                raise InputError(
                    "grids-differ",
                    f"{case.name}: mask and image have different grids",
                    "draw or resample the mask on the image's grid",
                )
            fraction = to_working((mask > 0.5).astype(np.float32), geometry, grid, 0.0)
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(part, hu=hu, fraction=fraction.astype(np.float16))
        part.replace(path)
    with np.load(path) as stored:
        return CachedCase(
            case.name, case.patient, stored["hu"], stored["fraction"].astype(np.float32), spacing_mm
        )
