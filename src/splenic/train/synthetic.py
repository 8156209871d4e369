"""Synthetic scans as further training data: regions, organs and sizes that few real scans show."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from splenic.phantom import make, variety
from splenic.segment.resample import to_working, working_grid
from splenic.train.data import AIR_HU, CachedCase


def synthetic_case(
    seed: int, spacing_mm: tuple[float, float, float], patient: str, folder: Path
) -> CachedCase:
    """A phantom of the widest variety on the network's grid, from ``folder`` if it was made before."""
    path = folder / f"SYNTHETIC-{seed}-{'x'.join(f'{s:g}' for s in spacing_mm)}.npz"
    if not path.is_file():
        phantom = make(**variety(seed, spacing_mm=spacing_mm))
        geometry = phantom.volume.geometry
        grid = working_grid(geometry, spacing_mm)
        hu = np.rint(to_working(phantom.volume.hu, geometry, grid, AIR_HU)).astype(np.int16)
        fraction = to_working(phantom.partial, geometry, grid, 0.0)
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(part, hu=hu, fraction=fraction.astype(np.float16))
        part.replace(path)
    with np.load(path) as stored:
        return CachedCase(path.stem, patient, stored["hu"], stored["fraction"].astype(np.float32), spacing_mm)


def synthetic_cases(
    count: int, patients: int, seed: int, spacing_mm: tuple[float, float, float], folder: Path
) -> tuple[CachedCase, ...]:
    """``count`` phantoms that are drawn as often as ``patients`` patients together."""
    return tuple(
        synthetic_case(seed + k, spacing_mm, f"SYNTHETIC-{k % patients}", folder) for k in range(count)
    )
