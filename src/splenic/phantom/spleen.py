"""The spleen itself: a bent, notched, dented body fitted between diaphragm, stomach and kidney."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.phantom.body import CAVITY_Y_MM, Frame, Patch
from splenic.phantom.options import Options
from splenic.phantom.shapes import Field, Point, Waves, ellipsoid, smooth_max, smooth_min, stream


@dataclass(frozen=True)
class Spleen:
    """Everything of the spleen's form but its size (see :meth:`shape`).

    ``axes`` has the long axis, the breadth and the outward thickness as rows, in the body frame.
    """

    axes: npt.NDArray[np.float32]
    anchor_mm: Point
    radii_mm: Point
    bend_mm: tuple[float, float]
    power: float
    rough: Waves
    rough_mm: float
    notches: tuple[tuple[float, float, float], ...]
    hilum: tuple[float, float]
    hump: tuple[float, float] | None

    @staticmethod
    def draw(seed: int, options: Options, frame: Frame) -> Spleen:
        """Draw a form from the seed. The size shifts the anchor downwards and inwards."""
        rng = stream(seed, "spleen")
        growth = ((options.sv_ml or 250.0) / 220.0) ** (1 / 3)
        outward = np.array([np.cos(a := rng.normal(0.74, 0.17)), np.sin(a), rng.normal(0.12, 0.08)])
        outward /= np.linalg.norm(outward)
        long = np.array([rng.normal(0.18, 0.12), rng.normal(-0.45, 0.2), -1.0])
        long -= outward * (outward @ long)
        long /= np.linalg.norm(long)
        breadth = np.cross(outward, long)
        thick = rng.uniform(17, 25)
        z = float(frame.dome_left_mm - 62 - 26 * (growth - 1) + rng.normal(0, 5))
        edge = np.array([frame.half_width_mm(z) * outward[0], frame.half_depth_mm(z) * outward[1]]) * 1.0
        centre = edge - outward[:2] * (thick * growth * 0.92)
        humped = rng.random() < 0.3
        return Spleen(
            axes=np.array([long, breadth, outward], np.float32),
            anchor_mm=(float(centre[0]), float(centre[1]) + CAVITY_Y_MM + rng.normal(4, 5), z),
            radii_mm=(rng.uniform(48, 62), rng.uniform(31, 42), thick),
            bend_mm=(rng.uniform(75, 130), rng.uniform(60, 110)),
            power=rng.uniform(2.0, 2.8),
            rough=Waves.draw(rng, 35, 120, 7),
            rough_mm=rng.uniform(1.0, 2.6),
            notches=tuple(
                (
                    float(rng.uniform(-0.7, 0.7)),
                    float(rng.choice([-1.0, 1.0], p=[0.3, 0.7])),
                    float(rng.uniform(5, 12)),
                )
                for _ in range(rng.integers(0, 4))
            ),
            hilum=(float(rng.uniform(-0.25, 0.25)), float(rng.uniform(0.1, 0.6))),
            hump=(float(rng.uniform(-0.4, 0.3)), float(rng.uniform(0.35, 0.6))) if humped else None,
        )

    def local(self, patch: Patch, size: float) -> tuple[Field, Field, Field]:
        """Coordinates along the spleen's own bent axes, in units of its half lengths at this size."""
        d = (
            patch.x - np.float32(self.anchor_mm[0]),
            patch.y - np.float32(self.anchor_mm[1]),
            patch.z - np.float32(self.anchor_mm[2]),
        )
        u, v, w = (d[0] * a[0] + d[1] * a[1] + d[2] * a[2] for a in self.axes)
        reach = np.float32(max(size, 0.8))
        w = (
            w
            + u * u * np.float32(0.5 / (self.bend_mm[0] * reach))
            + v * v * np.float32(0.5 / (self.bend_mm[1] * reach))
        )
        a, b, c = (np.float32(1 / (r * size)) for r in self.radii_mm)
        return u * a, v * b, w * c

    def shape(self, patch: Patch, size: float, neighbours: Callable[[Patch], Field] | None) -> Field:
        """The implicit spleen at a size factor, cut to fit under the diaphragm and beside ``neighbours``."""
        u, v, w = self.local(patch, size)
        # One pole is broader than the other (the comma), and the rim is thinner than the middle.
        v = v * (1 + np.float32(0.22) * u)
        w = w * (1 + np.float32(0.2) * v * v)
        thick = np.float32(self.radii_mm[2] * size)
        square = u * u + v * v + w * w
        norm = np.sqrt(square)
        if self.power > 2.3:
            norm = np.float32(0.6) * norm + np.float32(0.4) * np.sqrt(np.sqrt(u**4 + v**4 + w**4))
        reach = np.sqrt(
            (u * self.radii_mm[0]) ** 2 + (v * self.radii_mm[1]) ** 2 + (w * self.radii_mm[2]) ** 2
        )
        shape: Field = np.where(
            norm > 0.05, reach * np.float32(size) * (1 - 1 / np.maximum(norm, 0.05)), -thick
        )
        if self.hump is not None:
            along, breadth = self.hump
            hump = (
                (np.sqrt(((u - along) / 0.45) ** 2 + (v / breadth) ** 2 + ((w + 0.9) / 0.75) ** 2) - 1)
                * thick
                * 0.5
            )
            shape = smooth_min(shape, hump, 12.0)
        dent = (
            np.sqrt(((u - self.hilum[0]) / 0.6) ** 2 + (v / 0.4) ** 2 + ((w + 1.15) / self.hilum[1]) ** 2) - 1
        )
        shape = smooth_max(shape, -dent * thick * np.float32(0.45), 9.0)
        for along, side, depth_mm in self.notches:
            wide, deep = 3.5 / (self.radii_mm[0] * size), depth_mm / (self.radii_mm[1] * size)
            notch = np.sqrt(((u - along) / wide) ** 2 + ((v - side * np.sqrt(1 - along**2)) / deep) ** 2) - 1
            shape = smooth_max(shape, -notch * np.float32(3.5), 3.0)
        shape = shape + patch.wave(self.rough) * np.float32(self.rough_mm * min(size, 1.6))
        if neighbours is not None:
            shape = smooth_max(shape, -neighbours(patch), 6.0)
        return smooth_max(shape, patch.abdomen, 5.0)

    def point(self, u: float, v: float, w: float, size: float) -> Point:
        """The body position of local coordinates (the inverse of :meth:`local`)."""
        a, b, c = u * self.radii_mm[0] * size, v * self.radii_mm[1] * size, w * self.radii_mm[2] * size
        reach = max(size, 0.8)
        c = c - a * a * 0.5 / (self.bend_mm[0] * reach) - b * b * 0.5 / (self.bend_mm[1] * reach)
        p = np.asarray(self.anchor_mm) + np.array([a, b, c]) @ self.axes
        return float(p[0]), float(p[1]), float(p[2])


def analytic_ellipsoid(patch: Patch, centre: Point, radii_mm: Point) -> Field:
    """The exact ellipsoid of the option ``spleen="ellipsoid"``."""
    return ellipsoid(patch.x, patch.y, patch.z, centre, radii_mm)
