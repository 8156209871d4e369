"""Mask against mask: overlap, surface distances, volumes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from splenic.ct.geometry import Box, Geometry, box_around
from splenic.errors import UsageError
from splenic.evaluate.surfels import BoolArray, FloatArray, Surfels, surfels_of

TOLERANCES_MM = (2.0,)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a mask agrees with its reference.

    Where exactly one of the two masks is empty, Dice and surface Dice are 0 and the distances infinite:
    worse than any number, and not to be dropped from a mean unseen. Where both are empty, nothing was to be
    found and nothing was: overlap and distances are NaN, for they are not defined, and the volume error is
    0 ml. A percentage of an empty reference is NaN.

    Parameters
    ----------
    dice : float
        Twice the common volume over the sum of both, 0..1.
    hd95_mm, hd100_mm : float
        Hausdorff distance: the larger of the two directed distances within which 95 % or 100 % of a
        surface's area lies from the other surface.
    mean_surface_distance_mm : float
        Mean over the area of both surfaces of the distance to the other one.
    surface_dice : mapping of tolerance in mm to float
        Share of the area of both surfaces that lies within the tolerance of the other one, 0..1.
    prediction_ml, reference_ml : float
    """

    dice: float
    hd95_mm: float
    hd100_mm: float
    mean_surface_distance_mm: float
    surface_dice: Mapping[float, float]
    prediction_ml: float
    reference_ml: float

    @property
    def error_ml(self) -> float:
        """Prediction minus reference."""
        return self.prediction_ml - self.reference_ml

    @property
    def error_percent(self) -> float:
        """Prediction minus reference, in percent of the reference; NaN without reference."""
        return 100 * self.error_ml / self.reference_ml if self.reference_ml > 0 else math.nan

    @property
    def absolute_error_ml(self) -> float:
        """Size of the error, without its sign."""
        return abs(self.error_ml)

    @property
    def absolute_error_percent(self) -> float:
        """Size of the error in percent of the reference, without its sign."""
        return abs(self.error_percent)


def compare(
    prediction: BoolArray,
    reference: BoolArray,
    geometry: Geometry,
    tolerances_mm: Sequence[float] = TOLERANCES_MM,
) -> Agreement:
    """Compare two masks on one grid.

    Parameters
    ----------
    prediction, reference : bool arrays, shape ``geometry.shape``
    geometry : Geometry
        The grid of both; anisotropic and sheared ones are measured exactly.
    tolerances_mm : sequence of float
        For the surface Dice.

    Returns
    -------
    Agreement

    Raises
    ------
    UsageError
        ``grids-differ``, if an array is not of the grid's shape.

    References
    ----------
    Nikolov S et al. Clinically applicable segmentation of head and neck anatomy for radiotherapy.
    J Med Internet Res 2021;23:e26151.
    """
    for name, mask in (("prediction", prediction), ("reference", reference)):
        if mask.shape != geometry.shape:
            raise UsageError(
                "grids-differ",
                f"the {name} has {_size(mask.shape)} voxels, the grid {_size(geometry.shape)}",
                "compare masks on one grid; nothing is resampled here",
            )
    box = _box_of_both(prediction, reference)
    if box is None:
        nothing = dict.fromkeys(map(float, tolerances_mm), math.nan)
        return Agreement(math.nan, math.nan, math.nan, math.nan, nothing, 0.0, 0.0)
    grid = geometry.crop(box)
    one, other = np.asarray(prediction[box], bool), np.asarray(reference[box], bool)
    counts = int(np.count_nonzero(one)), int(np.count_nonzero(other))
    surfaces = surfels_of(one, grid), surfels_of(other, grid)
    to_reference, to_prediction = (_distances(*pair) for pair in (surfaces, surfaces[::-1]))
    directed = ((to_reference, surfaces[0].areas_mm2), (to_prediction, surfaces[1].areas_mm2))
    distances = np.concatenate([to_reference, to_prediction])
    areas = np.concatenate([surface.areas_mm2 for surface in surfaces])
    return Agreement(
        dice=2 * int(np.count_nonzero(one & other)) / sum(counts),
        hd95_mm=max(_within(*pair, 0.95) for pair in directed),
        hd100_mm=max(_within(*pair, 1.0) for pair in directed),
        mean_surface_distance_mm=float(np.sum(distances * areas) / areas.sum()),
        surface_dice={float(t): float(areas[distances <= t].sum() / areas.sum()) for t in tolerances_mm},
        prediction_ml=counts[0] * grid.voxel_mm3 / 1000,
        reference_ml=counts[1] * grid.voxel_mm3 / 1000,
    )


def _box_of_both(one: BoolArray, other: BoolArray) -> Box | None:
    boxes = [box for box in (box_around(one), box_around(other)) if box is not None]
    if not boxes:
        return None
    first, last = boxes[0], boxes[-1]
    a, b, c = (slice(min(p.start, q.start), max(p.stop, q.stop)) for p, q in zip(first, last, strict=True))
    return (a, b, c)


def _distances(own: Surfels, other: Surfels) -> FloatArray:
    """Distance (n,) in mm from each surface element to the nearest one of the other surface."""
    from scipy.spatial import KDTree

    if len(other.areas_mm2) == 0:
        return np.full(len(own.areas_mm2), math.inf)
    distances: FloatArray = KDTree(other.lps_mm).query(own.lps_mm)[0]
    return distances


def _within(distances_mm: FloatArray, areas_mm2: FloatArray, share: float) -> float:
    """The distance within which a share of the area lies; infinite without a surface."""
    if len(distances_mm) == 0:
        return math.inf
    order = np.argsort(distances_mm, kind="stable")
    cumulated = np.cumsum(areas_mm2[order]) / areas_mm2.sum()
    index = min(int(np.searchsorted(cumulated, share)), len(order) - 1)
    return float(distances_mm[order[index]])


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(str(n) for n in shape)
