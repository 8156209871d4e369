"""One patient: where every organ lies, and the order in which they are painted."""

# NumPy's universal functions are typed as returning Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from splenic.phantom.body import Frame, Patch
from splenic.phantom.options import Options
from splenic.phantom.shapes import (
    Field,
    Point,
    Waves,
    cylinder,
    ellipsoid,
    smooth_max,
    smooth_min,
    stream,
    tube,
)
from splenic.phantom.spleen import Spleen
from splenic.phantom.tissues import tissue_hu

Shape = Callable[[Patch], Field]
Box = tuple[Point, Point]
EVERYWHERE: Box = ((-400.0, -300.0, -900.0), (400.0, 400.0, 900.0))


@dataclass(frozen=True)
class Layer:
    """Something painted over what was there: its shape, its HU and the box (body frame, mm) it lies in.

    ``fixed`` layers belong to the table, not to the patient who lies on it askew.
    """

    label: str
    shape: Shape
    hu: float | Shape
    box_mm: Box = EVERYWHERE
    fixed: bool = False


@dataclass(frozen=True)
class Anatomy:
    """The drawn positions of one patient's organs."""

    seed: int
    options: Options
    frame: Frame
    hu: dict[str, float]
    spleen: Spleen
    growth: float
    stomach_path: tuple[tuple[Point, ...], tuple[float, ...]]
    kidney_left: tuple[Point, Point, float]
    kidney_right: tuple[Point, Point, float]
    gap: Waves
    gap_mm: tuple[float, float]
    texture: Waves
    fine: Waves
    mottle: Waves
    warp: tuple[Waves, Waves] = field(repr=False)

    @staticmethod
    def draw(seed: int, options: Options) -> Anatomy:
        """Draw a patient from the seed and the options."""
        frame = Frame.draw(seed, options)
        rng = stream(seed, "anatomy")
        growth = ((options.sv_ml or 250.0) / 220.0) ** (1 / 3) if options.spleen == "organ" else 1.0
        more = growth - 1
        full = {"air-fluid": 1.0, "water": 1.1, "contrast": 1.05, "collapsed": 0.62}[str(options.stomach)]
        full *= rng.uniform(0.85, 1.15)
        jitter = rng.normal(0, 5, (4, 3))
        base = np.array([(50, 12, 40), (62, -30, 18), (42, -58, -22), (2, -58, -42)], float)
        base[:3] -= (22 * more, 16 * more, 4 * more)
        base[:, 2] += (frame.dome_left_mm - 66) * np.array([1, 0.6, 0.3, 0])
        base += jitter
        path = tuple((float(p[0]), float(p[1]), float(p[2])) for p in base)
        radii = tuple(float(r) for r in np.array([31, 29, 22, 15]) * full)
        left = np.add(rng.normal(0, 4, 3), (63 - 8 * more, 42 + 3 * more, -52 - 32 * more))
        right = np.add(rng.normal(0, 4, 3), (-62, 44, -66))
        size = rng.normal(1, 0.06)
        radius = (27.0 * size, 25.0 * size, 54.0 * size)
        return Anatomy(
            seed=seed,
            options=options,
            frame=frame,
            hu=tissue_hu(seed, options),
            spleen=Spleen.draw(seed, options, frame),
            growth=growth,
            stomach_path=(path, radii),
            kidney_left=(_point(left), radius, float(rng.normal(0.16, 0.05))),
            kidney_right=(_point(right), radius, float(rng.normal(-0.16, 0.05))),
            gap=Waves.draw(rng, 40, 120, 5),
            gap_mm=(float(rng.uniform(0.5, 3.0)), float(rng.uniform(0.5, 2.5))),
            texture=Waves.draw(rng, 40, 160, 6),
            fine=Waves.draw(rng, 9, 24, 10),
            mottle=Waves.draw(rng, 14, 34, 8),
            warp=(Waves.draw(rng, 160, 400, 4), Waves.draw(rng, 160, 400, 4)),
        )

    def stomach(self, p: Patch) -> Field:
        """The outer face of the stomach."""
        path, radii = self.stomach_path
        f = tube(p.x, p.y, p.z, path, radii, 14.0)
        if self.options.stomach == "collapsed":
            f = f + p.wave(self.fine) * np.float32(1.6)
        return smooth_max(f + p.wave(self.texture) * np.float32(1.5), p.abdomen + 1, 8.0)

    def kidney(self, p: Patch, left: bool) -> Field:
        """The outer face of a kidney, without its sinus."""
        (cx, cy, cz), radii, lean = self.kidney_left if left else self.kidney_right
        # The upper pole leans inwards and backwards.
        x = p.x + (p.z - np.float32(cz)) * np.float32(lean)
        y = p.y + (p.z - np.float32(cz)) * np.float32(-0.12)
        side = 1.0 if left else -1.0
        f = ellipsoid(x, y, p.z, (cx, cy, cz), radii)
        sinus = ellipsoid(x, y, p.z, (cx - side * 21, cy - 8, cz), (18, 11, 24))
        return smooth_max(f + self.texture(p.x * 2, p.y * 2, p.z * 2) * np.float32(0.8), -sinus, 5.0)

    def neighbours(self, p: Patch) -> Field:
        """What dents the spleen: the stomach and the left kidney, each with its film of fat."""
        gap = np.float32(self.gap_mm[0]) + np.float32(self.gap_mm[1]) * p.wave(self.gap)
        # Nothing of the spleen lies medial to or behind the kidney, or near spine and great vessels.
        at_x, at_y, _ = self.kidney_left[0]
        beside = Patch(np.maximum(p.x, np.float32(at_x)), np.minimum(p.y, np.float32(at_y)), p.z, p.frame)
        kidney = self.kidney(beside, left=True) - np.maximum(gap + 3, 1)
        kidney = np.minimum(kidney, cylinder(p.x, p.y, (2, 40), (36, 34)))
        kidney = np.minimum(kidney, np.maximum(p.x - 36, 18 - p.y))
        # Only below the stomach may a very large spleen reach the midline.
        kidney = np.minimum(kidney, p.x - 16 + np.clip((-20 - p.z) * np.float32(0.7), 0, 60))
        # Far inside a full stomach the spleen may still press it: it is painted over the stomach there.
        stomach = self.stomach(p) - np.maximum(gap, 0) + np.float32(6 * max(0.0, self.growth - 1.1))
        return np.minimum(kidney, stomach)

    def liver(self, p: Patch) -> Field:
        """The liver: a large right lobe and a left lobe that may reach the spleen."""
        rng = stream(self.seed, "liver-shape")
        reach = self.options.liver_reach or 0.0
        size = rng.normal(1.0, 0.06)
        right = ellipsoid(p.x, p.y, p.z, (-70, 0, 6 + 3 * rng.normal()), (78 * size, 84 * size, 92 * size))
        end = -5.0 + 105.0 * reach
        left = tube(
            p.x,
            p.y,
            p.z,
            ((-45, -40, 20), (10, -52, 26), (max(end, 15.0), -45 + 40 * reach * reach, 34 + 12 * reach)),
            (52 * size, 34 * size, float(rng.uniform(9, 16))),
            18.0,
            45.0,
        )
        f = smooth_min(right, left, 22.0)
        f = f + self.texture(p.x * 1.3, p.y * 1.3, p.z * 1.3) * np.float32(3.2)
        # The lower edge rises towards the left; the visceral face is hollow.
        f = smooth_max(
            f,
            (-(p.z + 62) + (p.x + 60) * np.float32(0.62) + (p.y + 20) * np.float32(0.15)) * np.float32(0.8),
            16.0,
        )
        hollow = ellipsoid(p.x, p.y, p.z, (-8, 22, -25), (46, 44, 62))
        f = smooth_max(f, -hollow, 14.0)
        fissure = np.maximum(np.abs(p.x + 22 - 0.15 * p.y) - 2.5, p.z - 12)
        f = smooth_max(f, -np.maximum(fissure, p.y + 38), 5.0)
        return smooth_max(f, p.abdomen + 1, 5.0)


def _point(values: npt.NDArray[np.floating[Any]]) -> Point:
    return float(values[0]), float(values[1]), float(values[2])


def around(points: tuple[Point, ...], margin_mm: float) -> Box:
    """The box that holds some points with a margin."""
    low, high = np.min(points, axis=0) - margin_mm, np.max(points, axis=0) + margin_mm
    return _point(low), _point(high)


def tube_layer(points: Sequence[Point], radius_mm: float) -> tuple[Shape, Box]:
    """A vessel through some points: its shape and its box."""
    radii = [radius_mm] * len(points)

    def shape(p: Patch) -> Field:
        return tube(p.x, p.y, p.z, points, radii, 4.0)

    return shape, around(tuple(points), radius_mm + 8)
