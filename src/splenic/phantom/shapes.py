"""Implicit shapes: functions of position that are negative inside, positive outside, about in millimetres.

All take and give float32 arrays. Positions are in the body frame (left, posterior, superior; mm).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.floating[Any]]
Point = tuple[float, float, float]


def stream(seed: int, name: str) -> np.random.Generator:
    """A random stream of its own for one aspect, so that fixing one option changes nothing else."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def smooth_min(a: Field, b: Field, width_mm: float) -> Field:
    """Union of two shapes with a fillet of about ``width_mm`` (the polynomial smooth minimum)."""
    blend = np.maximum(width_mm - np.abs(a - b), np.float32(0)) * np.float32(1 / width_mm)
    result: Field = np.minimum(a, b) - blend * blend * np.float32(width_mm / 4)
    return result


def smooth_max(a: Field, b: Field, width_mm: float) -> Field:
    """Intersection of two shapes with a rounded edge of about ``width_mm``."""
    blend = np.maximum(width_mm - np.abs(a - b), np.float32(0)) * np.float32(1 / width_mm)
    result: Field = np.maximum(a, b) + blend * blend * np.float32(width_mm / 4)
    return result


def ellipsoid(x: Field, y: Field, z: Field, centre: Point, radii_mm: Point) -> Field:
    """An upright ellipsoid: the distance to the surface along the ray from the centre."""
    dx, dy, dz = x - np.float32(centre[0]), y - np.float32(centre[1]), z - np.float32(centre[2])
    reach = dx * dx + dy * dy + dz * dz
    scaled = (
        dx * dx * np.float32(radii_mm[0] ** -2)
        + dy * dy * np.float32(radii_mm[1] ** -2)
        + dz * dz * np.float32(radii_mm[2] ** -2)
    )
    return radial(reach, scaled, min(radii_mm))


def cylinder(x: Field, y: Field, centre: tuple[float, float], radii_mm: tuple[float, float]) -> Field:
    """An elliptic column along the body."""
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    scaled = dx * dx * np.float32(radii_mm[0] ** -2) + dy * dy * np.float32(radii_mm[1] ** -2)
    return radial(dx * dx + dy * dy, scaled, min(radii_mm))


def radial(reach2: Field, scaled2: Field, smallest_mm: float) -> Field:
    """``|p| (1 − 1/r)`` of squared distance ``|p|²`` and squared scaled radius ``r²``, tame at the centre."""
    scaled = np.sqrt(scaled2)
    result: Field = np.where(
        scaled > np.float32(0.05),
        np.sqrt(reach2) * (1 - 1 / np.maximum(scaled, np.float32(0.05))),
        np.float32(-smallest_mm),
    )
    return result


def tube(
    x: Field,
    y: Field,
    z: Field,
    points: Sequence[Point],
    radii_mm: Sequence[float],
    fillet_mm: float = 0.0,
    reach_mm: float = 16.0,
) -> Field:
    """A chain of rounded cones through ``points``; the radius runs linearly along each piece.

    Right up to ``reach_mm`` from the surface; farther away merely large. Expects a block of a lattice, on
    which coordinates change slowly along an axis: each piece is worked out in its own part of the block.
    """
    result = np.full(x.shape, reach_mm + 40, np.float32)
    bounds = [_bounds_along(c) for c in (x, y, z)]
    for start, end, r0, r1 in zip(points[:-1], points[1:], radii_mm[:-1], radii_mm[1:], strict=True):
        around = max(r0, r1) + reach_mm + fillet_mm
        box = _block(bounds, np.minimum(start, end) - around, np.maximum(start, end) + around)
        if box is None:
            continue
        axis = np.subtract(end, start).astype(np.float32)
        length2 = np.float32(max(float(axis @ axis), 1e-6))
        dx, dy, dz = (
            x[box] - np.float32(start[0]),
            y[box] - np.float32(start[1]),
            z[box] - np.float32(start[2]),
        )
        along = np.clip((dx * axis[0] + dy * axis[1] + dz * axis[2]) / length2, 0, 1).astype(np.float32)
        dx, dy, dz = dx - along * axis[0], dy - along * axis[1], dz - along * axis[2]
        piece: Field = np.sqrt(dx * dx + dy * dy + dz * dz) - (np.float32(r0) + along * np.float32(r1 - r0))
        joined = smooth_min(result[box], piece, fillet_mm) if fillet_mm else np.minimum(result[box], piece)
        result[box] = joined
    return result


def _bounds_along(values: Field) -> list[tuple[Field, Field]]:
    """Lowest and highest value (from every eighth line) at each index along each axis of a block."""
    pairs = []
    for axis in range(3):
        coarse = tuple(slice(None) if k == axis else slice(None, None, 8) for k in range(3))
        ends = tuple(slice(None) if k == axis else slice(-1, None) for k in range(3))
        others = tuple(k for k in range(3) if k != axis)
        some, last = values[coarse], values[ends]
        pairs.append(
            (
                np.minimum(some.min(axis=others), last.min(axis=others)),
                np.maximum(some.max(axis=others), last.max(axis=others)),
            )
        )
    return pairs


def _block(
    bounds: list[list[tuple[Field, Field]]], low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]
) -> tuple[slice, slice, slice] | None:
    """The part of a block that may hold positions between ``low`` and ``high``; None if there is none."""
    limits = []
    for axis in range(3):
        near = np.ones(bounds[0][axis][0].size, bool)
        for component in range(3):
            least, most = bounds[component][axis]
            near &= (most >= low[component] - 3) & (least <= high[component] + 3)
        hit = np.flatnonzero(near)
        if hit.size == 0:
            return None
        limits.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return (limits[0], limits[1], limits[2])


@dataclass(frozen=True, eq=False)
class Waves:
    """A smooth random field of mean 0 and standard deviation 1: a sum of plane waves."""

    vectors: npt.NDArray[np.float32]
    phases: npt.NDArray[np.float32]

    @staticmethod
    def draw(rng: np.random.Generator, shortest_mm: float, longest_mm: float, count: int = 6) -> Waves:
        """Draw ``count`` waves of random direction with lengths in the given range."""
        direction = rng.normal(size=(count, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        lengths = np.exp(rng.uniform(np.log(shortest_mm), np.log(longest_mm), count))
        vectors = (2 * np.pi / lengths)[:, None] * direction
        return Waves(vectors.astype(np.float32), rng.uniform(0, 2 * np.pi, count).astype(np.float32))

    def __call__(self, x: Field, y: Field, z: Field) -> Field:
        """The field at the given positions (mm) of a block of a lattice.

        Worked out on every second to fourth point where that is fine enough (a sixth of the shortest wave)
        and interpolated between them.
        """
        shortest = 2 * np.pi / float(np.linalg.norm(self.vectors, axis=1).max())
        picks = [_sparse(x, y, z, axis, shortest / 6) for axis in range(3)]
        if all(pick.size == size for pick, size in zip(picks, x.shape, strict=True)):
            return self._at(x, y, z)
        thin = np.ix_(*picks)
        values = self._at(x[thin], y[thin], z[thin])
        for axis, (pick, size) in enumerate(zip(picks, x.shape, strict=True)):
            values = _refill(values, pick, axis, size)
        return values

    def _at(self, x: Field, y: Field, z: Field) -> Field:
        total = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
        for (kx, ky, kz), phase in zip(self.vectors, self.phases, strict=True):
            total += np.sin(x * kx + y * ky + z * kz + phase)
        total *= np.float32(np.sqrt(2 / len(self.phases)))
        return total


def _sparse(x: Field, y: Field, z: Field, axis: int, gap_mm: float) -> npt.NDArray[np.intp]:
    """Indices along an axis about ``gap_mm`` apart, with both ends."""
    size = x.shape[axis]
    if size < 5:
        return np.arange(size)
    ends = [tuple(i if k == axis else 0 for k in range(3)) for i in (0, size - 1)]
    step = float(np.sqrt(sum((c[ends[1]] - c[ends[0]]) ** 2 for c in (x, y, z)))) / (size - 1)
    stride = int(np.clip(gap_mm / max(step, 0.1), 1, 4))
    return np.unique(np.append(np.arange(0, size, stride), size - 1))


def _refill(values: Field, pick: npt.NDArray[np.intp], axis: int, size: int) -> Field:
    """Linear interpolation along an axis from values at some indices to all."""
    if pick.size == size:
        return values
    every = np.arange(size)
    below = np.clip(np.searchsorted(pick, every, side="right") - 1, 0, pick.size - 2)
    part = ((every - pick[below]) / (pick[below + 1] - pick[below])).astype(np.float32)
    part = part.reshape([-1 if k == axis else 1 for k in range(3)])
    low, high = values.take(below, axis), values.take(below + 1, axis)
    high -= low
    high *= part
    low += high
    result: Field = low
    return result
