"""From a probability to one spleen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Part:
    """A connected part of a thresholded probability.

    ``mass_ml`` is the sum of probability in it and ``peak`` the largest; ``low`` and ``high`` are its box in
    cells (high excluded).
    """

    label: int
    volume_ml: float
    mass_ml: float
    peak: float
    centre: tuple[float, float, float]
    low: tuple[int, int, int]
    high: tuple[int, int, int]


def components(
    probability: Float32, threshold: float, voxel_ml: float, smallest_ml: float
) -> tuple[npt.NDArray[np.integer], tuple[Part, ...]]:
    """Face-connected parts of at least ``smallest_ml``, heaviest first, with their label image."""
    import cc3d

    labels = cc3d.connected_components(probability >= threshold, connectivity=6)
    statistics = cc3d.statistics(labels)
    mass = np.bincount(labels.ravel(), weights=probability.ravel())
    found = []
    for label in range(1, len(statistics["voxel_counts"])):
        volume = float(statistics["voxel_counts"][label]) * voxel_ml
        if volume < smallest_ml:
            continue
        box = statistics["bounding_boxes"][label]
        low, high = (
            (s0, s1, s2) for s0, s1, s2 in zip(*((int(s.start), int(s.stop)) for s in box), strict=True)
        )
        found.append(
            Part(
                label,
                volume,
                float(mass[label]) * voxel_ml,
                float(probability[box][labels[box] == label].max()),
                tuple(float(v) for v in statistics["centroids"][label]),  # type: ignore[arg-type]
                low,
                high,
            )
        )
    return labels, tuple(sorted(found, key=lambda c: (-c.mass_ml, c.label)))


def fill_holes(mask: Bool) -> Bool:
    """The mask with its enclosed cavities filled, in three dimensions."""
    import cc3d

    if not mask.any():
        return mask
    background = cc3d.connected_components(np.pad(~mask, 1, constant_values=True), connectivity=6)
    outside = background == background[0, 0, 0]
    filled: Bool = ~outside[1:-1, 1:-1, 1:-1]
    return filled


def one_spleen(probability: Float32, threshold: float, seed: Bool | None) -> Bool:
    """The mask of one organ: the part that overlaps ``seed`` most (or the largest), holes closed."""
    import cc3d

    labels = cc3d.connected_components(probability >= threshold, connectivity=6)
    if labels.max() == 0:
        return np.zeros(probability.shape, np.bool_)
    counts = np.bincount(labels.ravel(), weights=None if seed is None else seed.ravel().astype(float))
    if seed is not None and counts[1:].max() == 0:
        counts = np.bincount(labels.ravel())
    counts[0] = 0
    return fill_holes(labels == int(counts.argmax()))
