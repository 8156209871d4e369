"""A network over a grid larger than its patch: overlapping tiles, blended."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


def tile_starts(size: int, patch: int, overlap: float) -> list[int]:
    """First cells of the fewest evenly spread tiles that cover ``size`` cells with at least ``overlap``.

    A size smaller than the patch gets one tile, centred on it (its start is negative).

    Examples
    --------
    >>> tile_starts(100, 64, 0.5)
    [0, 18, 36]
    >>> tile_starts(50, 64, 0.5)
    [-7]
    """
    if size <= patch:
        return [-((patch - size) // 2)]
    step = max(1, int(patch * (1 - overlap)))
    count = int(np.ceil((size - patch) / step)) + 1
    return [round(i * (size - patch) / (count - 1)) for i in range(count)]


def _importance(patch: tuple[int, int, int]) -> Float32:
    """Weight of each voxel of a tile: a Gaussian, so that the rim of a tile counts least."""
    axes = [np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (n / 5)) ** 2) for n in patch]
    weight = axes[0][:, None, None] * axes[1][None, :, None] * axes[2][None, None, :]
    floored: Float32 = np.maximum(weight, 1e-3).astype(np.float32)
    return floored


def sliding(
    values: Float32,
    patch: tuple[int, int, int],
    overlap: float,
    fill: float,
    network: Callable[[Float32], Float32],
) -> Float32:
    """Logits of a network on an array of any size.

    Parameters
    ----------
    values : float32 array (superior, posterior, left)
        Normalised input.
    fill : float
        Value outside the array.
    """
    starts = [tile_starts(n, p, overlap) for n, p in zip(values.shape, patch, strict=True)]
    if all(len(s) == 1 for s in starts):
        return _one_tile(values, patch, (starts[0][0], starts[1][0], starts[2][0]), fill, network)[0]
    total = np.zeros(values.shape, np.float32)
    weights = np.zeros(values.shape, np.float32)
    importance = _importance(patch)
    for start in product(*starts):
        logits, inside, within = _one_tile(values, patch, start, fill, network)
        weight = importance[within]
        total[inside] += logits * weight
        weights[inside] += weight
    return total / weights


def _one_tile(
    values: Float32,
    patch: tuple[int, int, int],
    start: tuple[int, ...],
    fill: float,
    network: Callable[[Float32], Float32],
) -> tuple[Float32, tuple[slice, ...], tuple[slice, ...]]:
    """Logits of the part of a tile that lies in the array; where that is, in the array and in the tile."""
    inside = tuple(
        slice(max(0, s), min(n, s + p)) for s, p, n in zip(start, patch, values.shape, strict=True)
    )
    within = tuple(slice(i.start - s, i.stop - s) for i, s in zip(inside, start, strict=True))
    tile = np.full(patch, fill, np.float32)
    tile[within] = values[inside]
    return network(tile)[within], inside, within
