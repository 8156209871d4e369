"""2D sizes as a radiologist takes them: length, diameter, width, thickness."""

from __future__ import annotations

import math

import numpy as np

from splenic.ct.geometry import Vector
from splenic.measure.model import HILUM, HilumModel
from splenic.measure.outline import Hull, Plane, areas_mm2, to_lps
from splenic.measure.region import BoolArray, FloatArray, Region
from splenic.measure.types import Calliper


def craniocaudal(region: Region, centroid: Vector) -> Calliper:
    """Vertical extent: from the lowest to the highest edge along the patient's long axis.

    On an axial scan this is the number of slices that show spleen times their distance, the "length" of
    Prassopoulos 1997 and the "estimated height" of Kucybała 2018. Both ends are drawn on the vertical
    through the centroid.
    """
    steps = region.grid.steps_mm
    shown = np.flatnonzero(region.mask.any(axis=(1, 2)))
    ends = []
    for sign in (-1.0, 1.0):
        height = steps[:, 2] * sign
        best = -math.inf
        for index in shown:
            rows, columns = np.nonzero(region.mask[index])
            best = max(best, float((index * height[0] + rows * height[1] + columns * height[2]).max()))
        ends.append(sign * (best + _half_step(steps)))
    origin = float(region.grid.to_lps_mm([0, 0, 0])[2])
    low, high = (origin + end for end in ends)
    x, y, _ = centroid
    return Calliper(high - low, (x, y, high), (x, y, low))


def _half_step(steps_mm: FloatArray) -> float:
    """Half the distance between neighbouring heights of voxel centres.

    Level slices sample heights one slice apart; slices that lean by more than 3° (a gantry tilt) sample
    them as finely as their pixels.
    """
    heights = np.abs(steps_mm[:, 2])
    leaning = np.any(heights[1:] > 0.05 * np.linalg.norm(steps_mm[1:], axis=1))
    return float(heights[1:].max() if leaning else heights[0]) / 2


def axial_diameter(region: Region, plane: Plane, hulls: list[Hull]) -> Calliper:
    """The longest calliper on any axial slice, between the outer edges of the outline."""
    diameters = [hull.diameter()[0] for hull in hulls]
    return _diameter_on(hulls[int(np.argmax(diameters))], region, plane)


def width_and_thickness(
    region: Region, plane: Plane, hulls: list[Hull], model: HilumModel = HILUM
) -> tuple[Calliper, Calliper]:
    """Width: the longest calliper on the slice of the hilum. Thickness: perpendicular to it, at the hilum."""
    hull = hilum_level(region.mask, plane, hulls, model)
    _, start, end = hull.diameter()
    width = _diameter_on(hull, region, plane)
    along = (end - start) / np.linalg.norm(end - start)
    at = hilum_point(region.mask[hull.slice_index], plane, hull, model)
    middle = float(along @ (start + end)) / 2 if at is None else float(along @ at)
    inner, outer = _chord(region.mask[hull.slice_index], plane, along, middle, model.reach_mm, hull)
    thickness = Calliper(
        float(np.linalg.norm(outer - inner)),
        to_lps(inner, hull.slice_index, region, plane),
        to_lps(outer, hull.slice_index, region, plane),
        region.box[0].start + hull.slice_index,
    )
    return width, thickness


def hilum_level(mask: BoolArray, plane: Plane, hulls: list[Hull], model: HilumModel = HILUM) -> Hull:
    """The slice of the hilum: in the middle of the spleen, where the bays of the outline are largest.

    Where no bay shows (a round spleen), the slice with the largest area.
    """
    areas = areas_mm2(mask, plane)
    count = len(hulls)
    skip = int(count * (1 - model.middle) / 2)
    middle = hulls[skip : count - skip]
    bays = [hull.area_mm2 - areas[hull.slice_index] for hull in middle]
    best = int(np.argmax(bays))
    if bays[best] >= model.least_bay * middle[best].area_mm2:
        return middle[best]
    return max(hulls, key=lambda hull: float(areas[hull.slice_index]))


def hilum_point(section: BoolArray, plane: Plane, hull: Hull, model: HilumModel = HILUM) -> FloatArray | None:
    """The deepest point (2,) of the bays of a slice's outline, in mm of the plane; None without a bay."""
    from scipy.ndimage import binary_fill_holes

    closed = binary_fill_holes(section)
    outside = np.argwhere(~closed).astype(float) @ plane.steps_mm
    depth = _depth_in(hull, outside)
    if depth.size == 0 or np.count_nonzero(depth > 0) * plane.pixel_mm2 < model.least_bay * hull.area_mm2:
        return None
    deepest: FloatArray = outside[int(np.argmax(depth))]
    return deepest


def _depth_in(hull: Hull, points_mm: FloatArray) -> FloatArray:
    """How deep points (n, 2) lie in the hull: distance to its nearest side, negative outside."""
    corners = hull.corners_mm
    sides = np.roll(corners, -1, axis=0) - corners
    normals = np.stack([-sides[:, 1], sides[:, 0]], 1) / np.linalg.norm(sides, axis=1)[:, None]
    if float(normals[0] @ (corners.mean(axis=0) - corners[0])) < 0:
        normals = -normals
    depth: FloatArray = (points_mm @ normals.T - np.einsum("ij,ij->i", corners, normals)).min(axis=1)
    return depth


def _chord(
    section: BoolArray, plane: Plane, along: FloatArray, middle: float, reach_mm: float, hull: Hull
) -> tuple[FloatArray, FloatArray]:
    """Ends (2,) of the run inside the section, perpendicular to ``along``, that is typical near ``middle``.

    On each of the parallel lines at most ``reach_mm`` away the longest run counts; the line with the median
    length is the one taken.
    """
    from scipy.ndimage import map_coordinates

    across = np.array([-along[1], along[0]])
    fine = 0.1
    offsets = middle + np.arange(-reach_mm, reach_mm + fine, 5 * fine)
    reach = hull.corners_mm @ across
    depths = np.arange(reach.min() - 2 * fine, reach.max() + 3 * fine, fine)
    points = offsets[:, None, None] * along + depths[None, :, None] * across
    index = points @ np.linalg.inv(plane.steps_mm)
    inside = map_coordinates(section.astype(np.float32), np.moveaxis(index, -1, 0), order=1) >= 0.5
    inside[:, [0, -1]] = False
    edges = np.diff(inside.astype(np.int8), axis=1)
    lines, rises = np.nonzero(edges == 1)
    _, falls = np.nonzero(edges == -1)
    if len(lines) == 0:  # thinner than the sampling: a pixel that the lines only graze
        nothing = offsets[len(offsets) // 2] * along + depths.mean() * across
        return nothing, nothing
    longest = np.zeros(len(offsets), np.int64)
    np.maximum.at(longest, lines, falls - rises)
    typical = int(np.sort(longest[longest > 0])[np.count_nonzero(longest) // 2])
    fitting = np.flatnonzero(falls - rises == typical)
    best = fitting[int(np.argmin(np.abs(offsets[lines[fitting]] - middle)))]
    line = offsets[lines[best]] * along
    return line + (depths[rises[best]] + fine / 2) * across, line + (depths[falls[best]] + fine / 2) * across


def _diameter_on(hull: Hull, region: Region, plane: Plane) -> Calliper:
    length, start, end = hull.diameter()
    return Calliper(
        length,
        to_lps(start, hull.slice_index, region, plane),
        to_lps(end, hull.slice_index, region, plane),
        region.box[0].start + hull.slice_index,
    )
