"""The surface of a mask as small elements, each with its place and its area."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Edge = tuple[int, int]
Loop = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Surfels:
    """Surface elements of a mask.

    ``lps_mm`` (n, 3): the middle of the eight voxel centres between which the element lies.
    ``areas_mm2`` (n,): how much of the surface it is.
    """

    lps_mm: FloatArray
    areas_mm2: FloatArray


def surfels_of(mask: BoolArray, geometry: Geometry) -> Surfels:
    """Surface elements of a mask; none where it is empty.

    Each group of 2 × 2 × 2 voxels that is neither all inside nor all outside holds one element, whose area
    is that of the triangles which part inside from outside there (the 256 cases of marching cubes, corners
    in the middle of the voxels' distances). Outside the array there is no spleen. Works on any grid,
    sheared ones too.

    References
    ----------
    Nikolov S et al. Clinically applicable segmentation of head and neck anatomy for radiotherapy.
    J Med Internet Res 2021;23:e26151 (surface Dice and its surface elements).
    """
    padded = np.pad(mask, 1).astype(np.uint8)
    code = np.zeros([n - 1 for n in padded.shape], np.uint8)
    for bit, corner in enumerate(CORNERS):
        part = padded[tuple(slice(c, c + n) for c, n in zip(corner, code.shape, strict=True))]
        code |= part << np.uint8(bit)
    cells = np.argwhere((code != 0) & (code != 255))
    areas = areas_mm2(geometry.steps_mm)[code[tuple(cells.T)]]
    # Cell i lies between padded voxels i and i + 1, which are voxels i - 1 and i of the mask.
    return Surfels(geometry.to_lps_mm(cells - 0.5), areas)


CORNERS = tuple(product((0, 1), repeat=3))
"""The eight corners of a cell in bit order."""


def areas_mm2(steps_mm: FloatArray) -> FloatArray:
    """Area (256,) in mm² of the surface in a cell, for each set of corners inside."""
    codes, triangles = _elements()
    areas = np.zeros(256)
    np.add.at(areas, codes, _triangle_areas(triangles @ steps_mm))
    return areas


@cache
def _elements() -> tuple[npt.NDArray[np.int64], FloatArray]:
    """The code (n,) to which each triangle (n, 3, 3) belongs; in steps from the cell's first corner."""
    fans = [(code, _fan(loop)) for code in range(1, 255) for loop in _loops(code)]
    codes = np.repeat([code for code, _ in fans], [len(fan) for _, fan in fans])
    return codes, np.concatenate([fan for _, fan in fans])


def _fan(loop: Loop) -> FloatArray:
    """Triangles (n, 3, 3) that fill a loop, from the corner that makes them largest on a cubic grid.

    A loop of five or six points need not be flat, so its area depends on the corner; the largest is that of
    the published elements, with which results are to be comparable.
    """
    points = np.array(loop)
    fans = []
    for corner in range(len(points)):
        ring = np.roll(points, -corner, axis=0)
        fans.append(np.stack([np.broadcast_to(ring[0], ring[1:-1].shape), ring[1:-1], ring[2:]], axis=1))
    return max(fans, key=lambda fan: round(float(_triangle_areas(fan).sum()), 9))


def _triangle_areas(triangles: FloatArray) -> FloatArray:
    one, other = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    areas: FloatArray = np.linalg.norm(np.cross(one, other), axis=1) / 2
    return areas


def _loops(code: int) -> tuple[Loop, ...]:
    """Closed lines, in steps from the cell's first corner, in which the surface meets the cell's sides.

    A cell and its negative have the same: where more than half of the corners lie inside, the others are
    taken for the body.
    """
    body = code if code.bit_count() <= 4 else 255 - code
    inside = [bool(body >> bit & 1) for bit in range(8)]
    links: dict[Edge, list[Edge]] = {}
    for ring in _FACES:
        for one, other in _segments(ring, inside):
            links.setdefault(one, []).append(other)
            links.setdefault(other, []).append(one)
    loops = []
    while links:
        start, (following, _) = next(iter(links.items()))
        loop, last = [start], start
        while following != start:
            loop.append(following)
            near, far = links[following]
            following, last = (far if near == last else near), following
        for edge in loop:
            del links[edge]
        loops.append(tuple(_middle(edge) for edge in loop))
    return tuple(loops)


def _segments(ring: tuple[int, int, int, int], inside: list[bool]) -> list[tuple[Edge, Edge]]:
    """Which edges of one face the surface joins. Two inside corners across a diagonal stay apart."""
    edges = [(ring[k], ring[(k + 1) % 4]) for k in range(4)]
    crossed = [k for k, (one, other) in enumerate(edges) if inside[one] != inside[other]]
    if len(crossed) == 4:
        first = 0 if inside[ring[0]] else 1
        pairs = [((first - 1) % 4, first), (first + 1, (first + 2) % 4)]
    else:
        pairs = [(crossed[0], crossed[1])] if crossed else []
    return [(_sorted(edges[a]), _sorted(edges[b])) for a, b in pairs]


def _sorted(edge: Edge) -> Edge:
    return (min(edge), max(edge))


def _middle(edge: Edge) -> tuple[float, float, float]:
    one, other = CORNERS[edge[0]], CORNERS[edge[1]]
    return ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2, (one[2] + other[2]) / 2)


def _faces() -> tuple[tuple[int, int, int, int], ...]:
    faces = []
    for axis, side in product(range(3), (0, 1)):
        ring = []
        for pair in ((0, 0), (0, 1), (1, 1), (1, 0)):
            corner = list(pair)
            corner.insert(axis, side)
            ring.append(CORNERS.index((corner[0], corner[1], corner[2])))
        faces.append((ring[0], ring[1], ring[2], ring[3]))
    return tuple(faces)


_FACES = _faces()
