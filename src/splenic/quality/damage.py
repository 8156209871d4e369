"""Masks damaged on purpose, with which the failure score is checked.

Each kind imitates a way in which networks fail on the spleen: a neighbour taken in, a pole or side lost,
an edge too tight or too wide, another organ, holes, islands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]
_SOFT_HU = (-10, 350)


def distance_mm(mask: Bools, geometry: Geometry) -> npt.NDArray[np.float32]:
    """Signed distance to the edge of a mask, mm, positive inside; half a voxel at the edge's voxels."""
    import edt

    spacing = (geometry.slice_distance_mm, geometry.spacing_mm[1], geometry.spacing_mm[2])
    distance = np.asarray(edt.sdf(np.ascontiguousarray(mask), anisotropy=spacing, parallel=1), np.float32)
    return np.asarray(distance - np.sign(distance) * np.float32(min(spacing) / 2), np.float32)


def places_mm(geometry: Geometry) -> npt.NDArray[np.float32]:
    """LPS position (slices, rows, columns, 3) of every voxel."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    return geometry.to_lps_mm(index).astype(np.float32)


def tighter(mask: Bools, geometry: Geometry, by_mm: float) -> Bools:
    """The edge moved inward; outward with a negative number."""
    return np.asarray(distance_mm(mask, geometry) > by_mm)


def shifted(mask: Bools, geometry: Geometry, by_mm: npt.ArrayLike) -> Bools:
    """The mask moved by an LPS vector, to whole voxels."""
    steps = np.rint(np.asarray(by_mm, float) @ np.linalg.inv(geometry.steps_mm)).astype(int)
    out = np.zeros_like(mask)
    take = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(steps, mask.shape, strict=True))
    give = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(steps, mask.shape, strict=True))
    out[give] = mask[take]
    return out


def part_lost(mask: Bools, geometry: Geometry, toward: npt.ArrayLike, share: float) -> Bools:
    """The mask without the share that lies farthest along an LPS direction, cut by a plane."""
    along = places_mm(geometry) @ np.asarray(toward, np.float32)
    return np.asarray(mask & (along <= np.quantile(along[mask], 1 - share)))


def neighbour_added(mask: Bools, hu: npt.NDArray[np.int16], geometry: Geometry, toward: npt.ArrayLike,
                    share: float) -> Bools:
    """The mask and a blob of soft tissue beside it, of about a share of its volume.

    The blob grows around the place where soft tissue is thickest just outside the edge toward an LPS
    direction, in the order of the distance to that place.
    """
    inside_tissue = ~mask & (hu > _SOFT_HU[0]) & (hu < _SOFT_HU[1])
    depth = distance_mm(np.asarray(inside_tissue), geometry)
    places = places_mm(geometry)
    direction = np.asarray(toward, np.float32)
    reach = 0.62 * (share * mask.sum() * geometry.voxel_mm3) ** (1 / 3)
    away = -distance_mm(mask, geometry)
    near = inside_tissue & (away > 0) & (away < reach)
    if not near.any():
        return mask.copy()
    along = (places[near] - places[mask].mean(axis=0)) @ direction
    score = np.minimum(depth[near], reach) + 0.25 * along
    seed = places[near][int(np.argmax(score))]
    order = np.linalg.norm(places - seed, axis=-1)
    limit = np.quantile(order[inside_tissue], min(1.0, share * mask.sum() / inside_tissue.sum()))
    return np.asarray(mask | (inside_tissue & (order <= limit)))


def holes(mask: Bools, geometry: Geometry, share: float, rng: np.random.Generator) -> Bools:
    """The mask with balls of 8 to 14 mm radius missing, until a share is gone."""
    out = mask.copy()
    places = places_mm(geometry)
    inside = np.argwhere(mask)
    while out.sum() > (1 - share) * mask.sum():
        centre = places[tuple(inside[rng.integers(len(inside))])]
        out &= np.linalg.norm(places - centre, axis=-1) > rng.uniform(8, 14)
    return out


def mirrored(mask: Bools, hu: npt.NDArray[np.int16], geometry: Geometry) -> Bools:
    """Soft tissue on the patient's other side: another organ in the place of the spleen (the liver)."""
    body = np.argwhere(hu > -200)[::97]
    middle = float(np.percentile(geometry.to_lps_mm(body)[:, 0], [2, 98]).mean())
    places = geometry.to_lps_mm(np.argwhere(mask))
    places[:, 0] = 2 * middle - places[:, 0]
    index = np.rint(geometry.to_index(places)).astype(int)
    index = index[((index >= 0) & (index < np.asarray(mask.shape))).all(axis=1)]
    out = np.zeros_like(mask)
    out[tuple(index.T)] = True
    return np.asarray(out & (hu > _SOFT_HU[0]) & (hu < _SOFT_HU[1]))


def soft(mask: Bools, geometry: Geometry, width_mm: float) -> npt.NDArray[np.float32]:
    """A probability as a sure network gives it: a logistic of the distance to the mask's edge."""
    distance = np.clip(distance_mm(mask, geometry) / width_mm, -30, 30)
    return np.asarray(1 / (1 + np.exp(-distance)), np.float32)


def doubtful(mask: Bools, reference: Bools, geometry: Geometry, width_mm: float, belief: float
             ) -> npt.NDArray[np.float32]:
    """A probability as an unsure network gives it: between that of the damaged and the true mask.

    ``belief`` is the weight of the damaged mask, more than 0.5 so that the damage stays in the mask.
    """
    wrong, right = soft(mask, geometry, width_mm), soft(reference, geometry, width_mm)
    return np.asarray(belief * wrong + (1 - belief) * right, np.float32)


Damage = Callable[[Bools, npt.NDArray[np.int16], Geometry, np.random.Generator], Bools]

_LEFT, _BACK, _UP = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_RIGHT, _FRONT, _DOWN = (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)

DAMAGES: dict[str, Damage] = {
    "intact": lambda mask, hu, grid, rng: mask.copy(),
    "edge 1 mm in": lambda mask, hu, grid, rng: tighter(mask, grid, 1.0),
    "edge 1 mm out": lambda mask, hu, grid, rng: tighter(mask, grid, -1.0),
    "edge 3 mm in": lambda mask, hu, grid, rng: tighter(mask, grid, 3.0),
    "edge 5 mm in": lambda mask, hu, grid, rng: tighter(mask, grid, 5.0),
    "edge 3 mm out": lambda mask, hu, grid, rng: tighter(mask, grid, -3.0),
    "edge 5 mm out": lambda mask, hu, grid, rng: tighter(mask, grid, -5.0),
    "upper pole lost": lambda mask, hu, grid, rng: part_lost(mask, grid, _UP, rng.uniform(0.25, 0.5)),
    "lower pole lost": lambda mask, hu, grid, rng: part_lost(mask, grid, _DOWN, rng.uniform(0.25, 0.5)),
    "front lost": lambda mask, hu, grid, rng: part_lost(mask, grid, _FRONT, rng.uniform(0.25, 0.5)),
    "back lost": lambda mask, hu, grid, rng: part_lost(mask, grid, _BACK, rng.uniform(0.25, 0.5)),
    "3 % of a pole lost": lambda mask, hu, grid, rng: part_lost(mask, grid, _DOWN, 0.03),
    "neighbour at the back": lambda mask, hu, grid, rng: neighbour_added(mask, hu, grid, _BACK,
                                                                         rng.uniform(0.4, 0.8)),
    "neighbour in front": lambda mask, hu, grid, rng: neighbour_added(mask, hu, grid, _FRONT,
                                                                      rng.uniform(0.4, 0.8)),
    "neighbour medially": lambda mask, hu, grid, rng: neighbour_added(mask, hu, grid, _RIGHT,
                                                                      rng.uniform(0.4, 0.8)),
    "neighbour below": lambda mask, hu, grid, rng: neighbour_added(mask, hu, grid, _DOWN,
                                                                   rng.uniform(0.4, 0.8)),
    "4 % of a neighbour": lambda mask, hu, grid, rng: neighbour_added(mask, hu, grid, _RIGHT, 0.04),
    "holes": lambda mask, hu, grid, rng: holes(mask, grid, rng.uniform(0.3, 0.5), rng),
    "shifted 15 mm": lambda mask, hu, grid, rng: shifted(mask, grid, 15 * _unit(rng)),
    "shifted 40 mm to the right": lambda mask, hu, grid, rng: shifted(mask, grid, (-40, 0, 0)),
    "other side": lambda mask, hu, grid, rng: mirrored(mask, hu, grid),
    "a small piece": lambda mask, hu, grid, rng: part_lost(mask, grid, _unit(rng), 0.85),
}
"""Ways to damage a mask, by name; some so lightly that a reader would still accept it."""


def _unit(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)
