"""A network over grids larger than its patch: overlapping tiles, blended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Tile:
    """Where a tile lies in its array (clipped), and which part of the tile that is."""

    array: int
    inside: tuple[slice, ...]
    within: tuple[slice, ...]


def sliding(
    arrays: Sequence[Float32],
    patch: tuple[int, int, int],
    overlap: float,
    fill: float,
    network: Callable[[Sequence[Float32]], list[Float32]],
) -> list[Float32]:
    """Logits of a network on arrays of any size.

    Parameters
    ----------
    arrays : sequence of float32 arrays (superior, posterior, left)
        Normalised inputs; their tiles are given to the network together.
    fill : float
        Value outside the arrays.
    network : callable
        Patches in, logits of each out.
    """
    tiles = [tile for number, values in enumerate(arrays) for tile in _tiles(number, values, patch, overlap)]
    answers = network([_cut(arrays[tile.array], tile, patch, fill) for tile in tiles])
    importance = _importance(patch)
    totals = [np.zeros(values.shape, np.float32) for values in arrays]
    weights = [np.zeros(values.shape, np.float32) for values in arrays]
    for tile, logits in zip(tiles, answers, strict=True):
        weight = importance[tile.within]
        totals[tile.array][tile.inside] += logits[tile.within] * weight
        weights[tile.array][tile.inside] += weight
    return [total / weight for total, weight in zip(totals, weights, strict=True)]


def _tiles(number: int, values: Float32, patch: tuple[int, int, int], overlap: float) -> Iterator[_Tile]:
    for start in product(*(tile_starts(n, p, overlap) for n, p in zip(values.shape, patch, strict=True))):
        inside = tuple(
            slice(max(0, s), min(n, s + p)) for s, p, n in zip(start, patch, values.shape, strict=True)
        )
        within = tuple(slice(i.start - s, i.stop - s) for i, s in zip(inside, start, strict=True))
        yield _Tile(number, inside, within)


def _cut(values: Float32, tile: _Tile, patch: tuple[int, int, int], fill: float) -> Float32:
    result = np.full(patch, fill, np.float32)
    result[tile.within] = values[tile.inside]
    return result
