"""Implicit shapes: functions of position that are negative inside, positive outside, about in millimetres.

All take and give float32 arrays. Positions are in the body frame (left, posterior, superior; mm).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
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
    x: Field, y: Field, z: Field, points: Sequence[Point], radii_mm: Sequence[float], fillet_mm: float = 0.0
) -> Field:
    """A chain of rounded cones through ``points``; the radius runs linearly along each piece."""
    result: Field | None = None
    for start, end, r0, r1 in zip(points[:-1], points[1:], radii_mm[:-1], radii_mm[1:], strict=True):
        axis = np.subtract(end, start).astype(np.float32)
        length2 = np.float32(max(float(axis @ axis), 1e-6))
        dx, dy, dz = x - np.float32(start[0]), y - np.float32(start[1]), z - np.float32(start[2])
        along = np.clip((dx * axis[0] + dy * axis[1] + dz * axis[2]) / length2, 0, 1).astype(np.float32)
        dx, dy, dz = dx - along * axis[0], dy - along * axis[1], dz - along * axis[2]
        piece: Field = np.sqrt(dx * dx + dy * dy + dz * dz) - (np.float32(r0) + along * np.float32(r1 - r0))
        if result is None:
            result = piece
        else:
            result = smooth_min(result, piece, fillet_mm) if fillet_mm else np.minimum(result, piece)
    if result is None:
        raise ValueError("a tube needs at least two points")
    return result


@dataclass(frozen=True)
class Waves:
    """A smooth random field of mean 0 and standard deviation 1: a sum of plane waves."""

    vectors: npt.NDArray[np.float32]
    phases: npt.NDArray[np.float32]

    @staticmethod
    def draw(
        rng: np.random.Generator, shortest_mm: float, longest_mm: float, count: int = 6
    ) -> Waves:
        """Draw ``count`` waves of random direction with lengths in the given range."""
        direction = rng.normal(size=(count, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        lengths = np.exp(rng.uniform(np.log(shortest_mm), np.log(longest_mm), count))
        vectors = (2 * np.pi / lengths)[:, None] * direction
        return Waves(vectors.astype(np.float32), rng.uniform(0, 2 * np.pi, count).astype(np.float32))

    def __call__(self, x: Field, y: Field, z: Field) -> Field:
        """The field at the given positions (mm)."""
        total = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
        for (kx, ky, kz), phase in zip(self.vectors, self.phases, strict=True):
            total += np.sin(x * kx + y * ky + z * kz + phase)
        total *= np.float32(np.sqrt(2 / len(self.phases)))
        return total
