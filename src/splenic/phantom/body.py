"""The frame of the body: its outline, its cavity and its diaphragm, which everything else refers to."""

# NumPy's universal functions are typed as returning Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from splenic.phantom.options import Options
from splenic.phantom.shapes import Field, Waves, radial, smooth_max, stream

# Half widths and half depths (mm) by level of an average adult: the muscular wall, and the cavity within.
_WALL_Z = (-760, -480, -430, -340, -240, -120, 0, 110, 200, 250, 290, 318, 345, 430, 480, 560)
_WALL_WIDTH = (150, 160, 166, 165, 148, 138, 142, 148, 158, 182, 200, 150, 66, 60, 72, 78)
_WALL_DEPTH = (75, 92, 100, 103, 97, 99, 108, 112, 106, 98, 86, 72, 60, 60, 88, 94)
_CAVITY_Z = (-440, -410, -370, -300, -220, -100, 0, 100, 180, 230, 255, 275, 300)
_CAVITY_WIDTH = (2, 20, 62, 95, 116, 124, 128, 132, 124, 96, 58, 10, 2)
_CAVITY_DEPTH = (2, 20, 52, 72, 75, 80, 88, 92, 84, 64, 42, 10, 2)
_TABLE_START_MM, _TABLE_STEP_MM, _TABLE_SIZE = -1100.0, 0.5, 4400
CAVITY_Y_MM = -4.0
WALL_Y_MM = 9.0
RECESS_MM = -55.0


@dataclass(frozen=True)
class Frame:
    """The outline of one body: tables by level (0.5 mm) and the form of the diaphragm."""

    wall: tuple[Field, Field]
    cavity: tuple[Field, Field]
    fat_mm: tuple[float, float, float]
    dome_left_mm: float
    dome_right_mm: float

    @staticmethod
    def draw(seed: int, options: Options) -> Frame:
        """Draw a body from the seed; its fat follows the options."""
        rng = stream(seed, "frame")
        levels = _TABLE_START_MM + _TABLE_STEP_MM * np.arange(_TABLE_SIZE)
        width, depth = rng.normal(1.0, 0.04), rng.normal(1.0, 0.04)
        inner = 1.0 + 0.1 * ((options.fat or 0.0) - 0.4)
        depth *= inner

        def table(knots: tuple[int, ...], values: tuple[int, ...], factor: float) -> Field:
            return (np.interp(levels, knots, values) * factor).astype(np.float32)

        fat = 3.0 + 34.0 * (options.fat or 0.0)
        return Frame(
            wall=(table(_WALL_Z, _WALL_WIDTH, width), table(_WALL_Z, _WALL_DEPTH, depth)),
            cavity=(table(_CAVITY_Z, _CAVITY_WIDTH, width), table(_CAVITY_Z, _CAVITY_DEPTH, depth)),
            fat_mm=(fat * rng.uniform(0.7, 1.1), fat * rng.uniform(0.8, 1.4), fat * rng.uniform(0.5, 0.9)),
            dome_left_mm=float(rng.normal(66, 9)),
            dome_right_mm=float(rng.normal(78, 9)),
        )

    def half_width_mm(self, z_mm: float) -> float:
        """Half width of the cavity at a level."""
        return float(self.cavity[0][round((z_mm - _TABLE_START_MM) / _TABLE_STEP_MM)])

    def half_depth_mm(self, z_mm: float) -> float:
        """Half depth of the cavity at a level."""
        return float(self.cavity[1][round((z_mm - _TABLE_START_MM) / _TABLE_STEP_MM)])


@dataclass(frozen=True)
class Patch:
    """Positions (body frame, mm) of a block of points, with the frame's shapes on them, made at first use."""

    x: Field
    y: Field
    z: Field
    frame: Frame = field(repr=False)
    made: dict[object, Field] = field(default_factory=dict, repr=False, compare=False)

    def once(self, key: object, make: Callable[[Patch], Field]) -> Field:
        """A field that several layers need, made at its first use on these points."""
        if key not in self.made:
            self.made[key] = make(self)
        return self.made[key]

    def wave(self, waves: Waves) -> Field:
        """The value of a random field, made at its first use on these points."""
        return self.once(waves, lambda p: waves(p.x, p.y, p.z))

    @cached_property
    def level(self) -> npt.NDArray[np.int32]:
        """Index into the frame's tables."""
        scaled = (self.z - np.float32(_TABLE_START_MM)) * np.float32(1 / _TABLE_STEP_MM)
        return np.clip(scaled, 0, _TABLE_SIZE - 1).astype(np.int32)

    def outline(
        self, tables: tuple[Field, Field], centre_y: float, more: tuple[float, float] = (0, 0)
    ) -> Field:
        """A rounded box of the tables' half widths and depths: between an ellipse and a superellipse."""
        a = tables[0].take(self.level) + np.float32(more[0])
        b = tables[1].take(self.level) + np.float32(more[1])
        y = self.y - np.float32(centre_y)
        u, v = (self.x / a) ** 2, (y / b) ** 2
        mixed = np.float32(0.68) * np.sqrt(u + v) + np.float32(0.32) * np.sqrt(np.sqrt(u * u + v * v))
        return radial(self.x * self.x + y * y, mixed * mixed, 30.0)

    @cached_property
    def wall(self) -> Field:
        """The muscular wall's outer face."""
        return self._legs(self.outline(self.frame.wall, WALL_Y_MM), 78.0)

    @cached_property
    def skin(self) -> Field:
        """The body's outer face: the wall and the fat over it, thicker in front."""
        side, front, back = self.frame.fat_mm
        shape = self.outline(self.frame.wall, WALL_Y_MM + (back - front) / 2, (side, (front + back) / 2))
        return self._legs(shape, 84.0)

    def _legs(self, trunk: Field, radius_mm: float) -> Field:
        """Below the crotch (−430 mm) the trunk is two legs."""
        if float(self.z.min()) > -425.0:
            return trunk
        leg = np.sqrt((np.abs(self.x) - 88) ** 2 + self.y**2) - np.float32(radius_mm)
        return smooth_max(trunk, np.minimum(leg, -430 - self.z), 10.0)

    @cached_property
    def cavity(self) -> Field:
        """The inner face of the wall: chest, abdomen and pelvis."""
        return self.outline(self.frame.cavity, CAVITY_Y_MM)

    @cached_property
    def diaphragm(self) -> Field:
        """About the distance above the diaphragm: negative in the abdomen."""
        left, left_slope = self._dome(62.0, self.frame.dome_left_mm, 92.0)
        right, right_slope = self._dome(-62.0, self.frame.dome_right_mm, 95.0)
        height = np.maximum(left, right)
        near = np.maximum(16 - np.abs(left - right), 0)
        height = np.maximum(height + near * near * np.float32(1 / 64), np.float32(RECESS_MM))
        slope = np.where(left > right, left_slope, right_slope)
        result: Field = (self.z - height) / slope
        return result

    def _dome(self, centre_x: float, top_mm: float, fall_mm: float) -> tuple[Field, Field]:
        u = (self.x - np.float32(centre_x)) * np.float32(1 / 74)
        v = (self.y - 4) * np.float32(1 / 82)
        rho = u * u + v * v
        height: Field = np.float32(top_mm) - np.float32(fall_mm) * rho * (
            np.float32(0.55) + np.float32(0.45) * rho
        )
        steep = np.minimum(rho, 1.3)
        slope: Field = np.sqrt(
            1 + (np.float32(2 * fall_mm / 78) ** 2) * steep * (np.float32(0.55) + steep * 0.9) ** 2
        )
        return height, slope

    @cached_property
    def abdomen(self) -> Field:
        """The cavity below the diaphragm."""
        return smooth_max(self.cavity + 2, self.diaphragm + 2, 6.0)

    @cached_property
    def chest(self) -> Field:
        """The cavity above the diaphragm, down to the recess."""
        return np.maximum(np.maximum(self.cavity + 1, 1.5 - self.diaphragm), RECESS_MM + 3 - self.z)

    def bare(self, box: tuple[slice, slice, slice]) -> Patch:
        """A block of the points alone."""
        return Patch(self.x[box], self.y[box], self.z[box], self.frame)

    def part(self, box: tuple[slice, slice, slice]) -> Patch:
        """The same on a block of the points; the frame's shapes and what was made here are shared."""
        part = Patch(self.x[box], self.y[box], self.z[box], self.frame)
        for name in ("level", "wall", "skin", "cavity", "diaphragm", "abdomen", "chest"):
            part.__dict__[name] = getattr(self, name)[box]
        part.made.update({key: values[box] for key, values in self.made.items()})
        return part
