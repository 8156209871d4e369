"""The numbers behind the failure score: probability, density, shape and place of one mask."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Box, box_around
from splenic.ct.types import Volume
from splenic.measure.types import Measurement
from splenic.segment.types import Segmentation

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

SHELL_MM = 3.0
CORE_MM = 4.0
BESIDE_MM = (1.0, 3.0)
OUTSIDE_MM = (3.0, 7.0)
FAT_HU = -100.0
UNENHANCED_HU = 65.0
BLOCK_MM = 9.0
_COARSEST_MM = 1.2
_BRIGHT_HU, _BODY_HU = 320, -200


@dataclass(frozen=True, slots=True)
class _Crop:
    """Everything near the mask, thinned in the slices to about 1.2 mm; ``distance_mm`` is positive inside."""

    mask: Bools
    probability: Floats
    hu: Floats
    distance_mm: Floats
    spacing_mm: tuple[float, float, float]


def features(measurement: Measurement, segmentation: Segmentation, volume: Volume) -> Mapping[str, float]:
    """Numbers that speak for or against a mask; see docs/quality.md for the meaning of each.

    Returns
    -------
    mapping of name to float
        Without the names whose number cannot be had, e.g. ``disagreement`` of an engine without
        test-time variants. Empty where the mask is empty.
    """
    if not segmentation.mask.any():
        return {}
    crop = _crop(segmentation, volume)
    found = {
        **_components(segmentation),
        **_probability(crop),
        **_density(crop),
        **_shape(measurement, segmentation),
        **_place(segmentation, volume),
        "cut_faces": float(len(measurement.cut_faces)),
    }
    if segmentation.disagreement is not None:
        found["disagreement"] = float(segmentation.disagreement)
    return found


def _crop(segmentation: Segmentation, volume: Volume) -> _Crop:
    import edt

    grid = segmentation.geometry
    spacing = (grid.slice_distance_mm, grid.spacing_mm[1], grid.spacing_mm[2])
    margin = tuple(math.ceil((OUTSIDE_MM[1] + 2) / max(step, 1e-3)) for step in spacing)
    near = box_around(segmentation.mask)
    assert near is not None
    box = _widened(near, segmentation.box, margin, grid.shape)
    mask, probability = np.zeros(_size(box), np.bool_), np.zeros(_size(box), np.float32)
    here, there = _overlap(box, segmentation.box)
    mask[here] = segmentation.mask[there]
    probability[here] = segmentation.probability[there]
    thin = tuple(slice(None, None, 1 if axis == 0 else max(1, round(_COARSEST_MM / spacing[axis])))
                 for axis in range(3))
    steps = tuple(float(spacing[axis] * (thin[axis].step or 1)) for axis in range(3))
    mask = np.ascontiguousarray(mask[thin])
    distance = edt.sdf(mask, anisotropy=steps, parallel=1)
    hu = volume.hu[box][thin].astype(np.float32)
    return _Crop(mask, probability[thin], hu, np.asarray(distance, np.float32),
                 (steps[0], steps[1], steps[2]))


def _size(box: Box) -> tuple[int, int, int]:
    return (box[0].stop - box[0].start, box[1].stop - box[1].start, box[2].stop - box[2].start)


def _widened(inner: Box, offset: Box, margin: tuple[int, ...], shape: tuple[int, int, int]) -> Box:
    limits = [slice(max(0, i.start + o.start - m), min(n, i.stop + o.start + m))
              for i, o, m, n in zip(inner, offset, margin, shape, strict=True)]
    return (limits[0], limits[1], limits[2])


def _overlap(box: Box, other: Box) -> tuple[Box, Box]:
    """Where two boxes of one grid meet, in the indices of each."""
    low = [max(a.start, b.start) for a, b in zip(box, other, strict=True)]
    high = [max(lo, min(a.stop, b.stop)) for a, b, lo in zip(box, other, low, strict=True)]
    here = [slice(lo - a.start, hi - a.start) for lo, hi, a in zip(low, high, box, strict=True)]
    there = [slice(lo - b.start, hi - b.start) for lo, hi, b in zip(low, high, other, strict=True)]
    return (here[0], here[1], here[2]), (there[0], there[1], there[2])


def _components(segmentation: Segmentation) -> dict[str, float]:
    """What the engine saw at 0.5 and the clean-up threw away."""
    import cc3d

    seen = segmentation.probability >= 0.5
    labels, count = cc3d.connected_components(np.ascontiguousarray(seen), connectivity=26, return_N=True)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    kept = np.zeros(count + 1, np.bool_)
    kept[np.unique(labels[segmentation.mask])] = True
    least = 100.0 / segmentation.geometry.voxel_mm3
    dropped = sizes[~kept[1:]]
    all_seen = max(int(sizes.sum()), 1)
    pieces = cc3d.connected_components(np.ascontiguousarray(segmentation.mask), connectivity=26)
    piece_sizes = np.sort(np.bincount(pieces.ravel())[1:])[::-1]
    return {
        "dropped_components": float((dropped >= least).sum()),
        "dropped_share": float(dropped.sum() / all_seen),
        "loose_share": float(1 - piece_sizes[0] / piece_sizes.sum()),
    }


def _probability(crop: _Crop) -> dict[str, float]:
    """How sure the engine was at the edge and in the core."""
    shell = np.abs(crop.distance_mm) <= SHELL_MM + max(crop.spacing_mm[1:]) / 2
    p = np.clip(crop.probability[shell], 1e-6, 1 - 1e-6)
    entropy = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    core = _core(crop)
    ratio = float(crop.probability.sum() / crop.mask.sum())
    return {
        "edge_entropy": float(entropy.mean()),
        "soft_ratio": ratio,
        "soft_gap": abs(ratio - 1),
        "core_doubt": float(1 - crop.probability[core].mean()),
    }


def _core(crop: _Crop) -> Bools:
    """Voxels well inside the mask; of a mask too thin for that, its deepest fifth."""
    core: Bools = crop.distance_mm > CORE_MM
    if core.sum() < 50:
        core = crop.distance_mm >= np.quantile(crop.distance_mm[crop.mask], 0.8)
    return core


def _density(crop: _Crop) -> dict[str, float]:
    """Whether the mask's density is that of one organ, and what lies just outside of it."""
    core = _core(crop)
    inside = crop.hu[core]
    mean, sd = float(inside.mean()), float(inside.std())
    blocks = _block_means(crop, core)
    smooth = _averaged(crop.hu)
    within = smooth[crop.mask]
    spread = max(1.5 * float(smooth[core].std()), 12.0)
    fat_edge = (mean + FAT_HU) / 2
    unenhanced = "unenhanced_" if mean < UNENHANCED_HU else ""
    return {
        "hu_mean": mean,
        "hu_sd": sd,
        "hu_block_sd": float(blocks.std()) if blocks.size > 3 else 0.0,
        "fat_share": float((within < fat_edge).mean()),
        "bright_share": float((within > _BRIGHT_HU).mean()),
        # Without contrast, muscle and stomach are as dense as the spleen, and more is normal.
        f"{unenhanced}alike_beside": _alike(smooth, crop, BESIDE_MM, mean, spread),
        f"{unenhanced}alike_outside": _alike(smooth, crop, OUTSIDE_MM, mean, spread),
        f"{unenhanced}alike_worst_side": _alike_worst_side(smooth, crop, mean, spread),
    }


def _shell(crop: _Crop, shell_mm: tuple[float, float]) -> Bools:
    """Voxels outside the mask whose distance to its edge lies between two lengths."""
    # The first voxel outside lies a whole step from the last one inside; its edge, half of that.
    outside = -crop.distance_mm - min(crop.spacing_mm) / 2
    return np.asarray((outside > shell_mm[0]) & (outside < shell_mm[1]))


def _alike(smooth: Floats, crop: _Crop, shell_mm: tuple[float, float], mean: float, spread: float) -> float:
    """Share of a shell outside the mask whose density is that of the core."""
    alike = np.abs(smooth[_shell(crop, shell_mm)] - mean) < spread
    return float(alike.mean()) if alike.size else 0.0


def _alike_worst_side(smooth: Floats, crop: _Crop, mean: float, spread: float) -> float:
    """The same share on the side of the mask where it is largest: a lost pole shows there alone.

    A side is what lies nearest to one of 26 directions from the centroid and holds 1 % of the shell.
    """
    index = np.argwhere(_shell(crop, (BESIDE_MM[0], OUTSIDE_MM[1])))
    if len(index) == 0:
        return 0.0
    index = index[::max(1, len(index) // 20000)]
    alike = np.abs(smooth[tuple(index.T)] - mean) < spread
    inside = np.argwhere(crop.mask[::2, ::2, ::2]) * 2
    centre = inside.mean(axis=0) if len(inside) else np.argwhere(crop.mask).mean(axis=0)
    arms = (index - centre) * np.asarray(crop.spacing_mm)
    # Every extent counts alike, or a long spleen would show its poles to one direction only.
    arms = arms / np.maximum(np.ptp(arms, axis=0), 1.0)
    directions = np.array([d for d in np.ndindex(3, 3, 3) if d != (1, 1, 1)], float) - 1
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    side = (arms @ directions.T).argmax(axis=1)
    count = np.bincount(side, minlength=26)
    share = np.bincount(side, weights=alike, minlength=26) / np.maximum(count, 1)
    return float(share[count >= 0.01 * len(index)].max())


def _averaged(hu: Floats) -> Floats:
    """Mean of 3 × 3 neighbours in every slice: less noise, the same edges for the eye."""
    out = hu
    for axis in (1, 2):
        wide = np.pad(out, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
        size = hu.shape[axis]
        parts = [np.take(wide, range(k, k + size), axis=axis) for k in range(3)]
        out = (parts[0] + parts[1] + parts[2]) / np.float32(3)
    return out


def _block_means(crop: _Crop, core: Bools) -> Floats:
    """Mean HU of cubes of about 9 mm inside the core: noise is averaged out, a second organ is not."""
    steps = [max(1, round(BLOCK_MM / spacing)) for spacing in crop.spacing_mm]
    pad = [(0, -size % step) for size, step in zip(core.shape, steps, strict=True)]
    weight = np.pad(core.astype(np.float32), pad)
    total = np.pad(crop.hu * core, pad)
    shape = [n for size, step in zip(weight.shape, steps, strict=True) for n in (size // step, step)]
    count = weight.reshape(shape).sum(axis=(1, 3, 5))
    sums = total.reshape(shape).sum(axis=(1, 3, 5))
    enough = count >= 0.5 * math.prod(steps)
    return np.asarray(sums[enough] / count[enough], np.float32)


def _shape(measurement: Measurement, segmentation: Segmentation) -> dict[str, float]:
    """Size, roundness, and extent along each axis of the patient."""
    grid = segmentation.crop_geometry
    volume_mm3 = float(segmentation.mask.sum()) * grid.voxel_mm3
    near = box_around(segmentation.mask)
    assert near is not None
    spans = [(axis.stop - axis.start) * step for axis, step in zip(near, grid.spacing_mm, strict=True)]
    toward = np.abs(np.asarray(grid.direction)).argmax(axis=0)
    found = {
        "sv_ml": volume_mm3 / 1000,
        "extent_left_right_mm": float(spans[toward[0]]),
        "extent_front_back_mm": float(spans[toward[1]]),
        "extent_up_down_mm": float(spans[toward[2]]),
    }
    if measurement.surface_cm2:
        sphere_cm2 = math.pi ** (1 / 3) * (6 * volume_mm3 / 1000) ** (2 / 3)
        found["sphericity"] = sphere_cm2 / measurement.surface_cm2
    return found


def _place(segmentation: Segmentation, volume: Volume) -> dict[str, float]:
    """How far to the patient's left of the body's middle the centroid lies."""
    grid = segmentation.geometry
    axis = int(np.argmax(np.abs(np.asarray(grid.direction)[:, 2])))
    others = tuple(a for a in range(3) if a != axis)
    counts = segmentation.mask.sum(axis=others)
    slice_index = segmentation.box[axis].start + int(np.average(np.arange(counts.size), weights=counts))
    picks: list[slice | int] = [slice(None, None, 4)] * 3
    picks[axis] = slice_index
    body = np.argwhere(volume.hu[tuple(picks)] > _BODY_HU) * 4
    places = np.insert(body, axis, slice_index, axis=1)
    lefts = grid.to_lps_mm(places)[:, 0]
    middle = float(np.percentile(lefts, [2, 98]).mean()) if len(lefts) else 0.0
    spleen = np.argwhere(segmentation.mask[::2, ::2, ::2]) * 2
    if len(spleen) == 0:
        spleen = np.argwhere(segmentation.mask)
    left = float(segmentation.crop_geometry.to_lps_mm(spleen.mean(axis=0))[0])
    return {"left_of_middle_mm": left - middle}


