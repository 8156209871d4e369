"""Painting a patient onto a grid: sub-slices averaged through the slice, then blur, noise and streaks."""

# NumPy's universal functions are typed as returning Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Box, Geometry
from splenic.phantom.anatomy import Layer
from splenic.phantom.body import Frame, Patch
from splenic.phantom.lattice import (
    Lattice,
    Pose,
    crop_to_inside,
    edge_width,
    enlarge,
    ramp,
    without_curvature,
)
from splenic.phantom.options import Options
from splenic.phantom.shapes import Field, stream
from splenic.phantom.tissues import LABELS

CELL_MM = 2.6
AIR_HU = -1000.0


@dataclass(frozen=True)
class Sampled:
    """A layer on the lattice: distance in edge widths, HU (one value or a field) and the block it fills."""

    label: int
    q: Field
    hu: float | Field
    box: Box
    nearest: Field


@dataclass(frozen=True)
class Picture:
    """The painted scan: HU before noise, the spleen's partial volume, and labels."""

    hu: Field
    partial: Field
    labels: npt.NDArray[np.uint8]


def sub_slices(geometry: Geometry, thickness_mm: float) -> npt.NDArray[np.float64]:
    """Fractional slice indices (slices, samples) through the thickness of every slice, in equal parts."""
    count = max(1, round(thickness_mm / CELL_MM))
    part = (np.arange(count) + 0.5) / count - 0.5
    return np.arange(geometry.shape[0])[:, None] + part[None] * thickness_mm / geometry.slice_distance_mm


def paint(
    layers: Iterable[Layer], geometry: Geometry, thickness_mm: float, pose: Pose, frame: Frame
) -> Picture:
    """Paint layers in order; the layer labelled ``spleen`` also fills the partial volume."""
    levels = sub_slices(geometry, thickness_mm)
    lattice = Lattice.over(geometry, np.unique(levels.ravel()), CELL_MM)
    part_mm = thickness_mm / levels.shape[1]
    cells = (
        part_mm / geometry.slice_distance_mm / lattice.stride[0],
        1 / lattice.stride[1],
        1 / lattice.stride[2],
    )
    sampled = _sample(layers, lattice, pose, frame, cells)
    if lattice.stride[1:] == (1.0, 1.0) and lattice.shape[0] == levels.size:
        return _paint_whole(sampled, geometry, levels.shape[1])
    return _paint_planes(list(sampled), lattice, geometry, levels)


def _paint_whole(sampled: Iterable[Sampled], geometry: Geometry, samples: int) -> Picture:
    """Paint where every lattice point is a voxel (or a sub-slice of one): all sub-slices at once."""
    slices, rows, columns = geometry.shape
    shape = (slices * samples, rows, columns)
    hu, labels = np.full(shape, AIR_HU, np.float32), np.zeros(shape, np.uint8)
    partial = np.zeros(shape, np.float32)
    for layer in sampled:
        alpha = ramp(layer.q)
        target = hu[layer.box]
        target += alpha * (layer.hu - target)
        labels[layer.box][alpha > 0.5] = layer.label
        if layer.label == LABELS["spleen"]:
            partial[layer.box] = alpha
    stacked = (slices, samples, rows, columns)
    return Picture(
        hu.reshape(stacked).mean(axis=1),
        partial.reshape(stacked).mean(axis=1),
        labels[samples // 2 :: samples],
    )


def _paint_planes(
    sampled: list[Sampled], lattice: Lattice, geometry: Geometry, levels: npt.NDArray[np.float64]
) -> Picture:
    """Paint sub-slice by sub-slice, interpolating the lattice at the pixels."""
    hu = np.empty(geometry.shape, np.float32)
    partial = np.zeros(geometry.shape, np.float32)
    labels = np.zeros(geometry.shape, np.uint8)
    for k in range(geometry.shape[0]):
        total = np.zeros(geometry.shape[1:], np.float32)
        for j, level in enumerate(levels[k]):
            plane = np.full(geometry.shape[1:], AIR_HU, np.float32)
            mark = labels[k] if j == levels.shape[1] // 2 else None
            place = float((level - lattice.start[0]) / lattice.stride[0])
            for layer in sampled:
                _paint_plane(layer, lattice, place, plane, partial[k], mark)
            total += plane
        hu[k] = total / levels.shape[1]
    partial /= np.float32(levels.shape[1])
    return Picture(hu, partial, labels)


def _sample(
    layers: Iterable[Layer], lattice: Lattice, pose: Pose, frame: Frame, cells: tuple[float, float, float]
) -> Iterable[Sampled]:
    body = lattice.patch(pose, frame)
    table = lattice.patch(pose, frame, fixed=True)
    blocks: dict[tuple[tuple[int, int], ...], Patch] = {}
    step_mm = max(s * d for s, d in zip(lattice.stride, lattice.geometry.spacing_mm, strict=True))
    for layer in layers:
        box = lattice.box(pose, layer.box_mm, layer.fixed)
        if box is None:
            continue
        if layer.fixed:
            points = table.bare(box)
        else:
            # Layers with one box (wall, contents, …) share what they make on it.
            points = blocks.setdefault(tuple((s.start, s.stop) for s in box), body.part(box))
        cropped = crop_to_inside(layer.shape(points), box, 2 * step_mm)
        if cropped is None:
            continue
        f, tight = cropped
        width = edge_width(f, cells)
        q = (without_curvature(f, cells) if layer.label == "spleen" else f) / width
        hu: float | Field
        if callable(layer.hu):
            inner = tuple(slice(t.start - b.start, t.stop - b.start) for t, b in zip(tight, box, strict=True))
            hu = np.broadcast_to(layer.hu(points.part((inner[0], inner[1], inner[2]))), q.shape)
        else:
            hu = layer.hu
        yield Sampled(LABELS[layer.label], q, hu, tight, q.min(axis=(1, 2)))


def _paint_plane(
    layer: Sampled,
    lattice: Lattice,
    place: float,
    plane: Field,
    partial: Field,
    mark: npt.NDArray[np.uint8] | None,
) -> None:
    depth = layer.box[0]
    if not depth.start - 1e-4 <= place <= depth.stop - 1 + 1e-4:
        return
    below = min(max(int(np.floor(place + 1e-4)) - depth.start, 0), depth.stop - depth.start - 1)
    part = np.float32(place - depth.start - below)
    above = below + 1 if part > 1e-3 else below
    if min(layer.nearest[below], layer.nearest[above]) >= 0.5:
        return
    first = (layer.box[1].start, layer.box[2].start)
    stride = (int(lattice.stride[1]), int(lattice.stride[2]))
    size = (plane.shape[0], plane.shape[1])
    fine, rows, columns = enlarge(_between(layer.q, below, above, part), first, stride, size)
    alpha = ramp(fine)
    hu = layer.hu
    if isinstance(hu, np.ndarray):
        hu = enlarge(_between(hu, below, above, part), first, stride, size)[0]
    target = plane[rows, columns]
    target += alpha * (hu - target)
    if layer.label == LABELS["spleen"]:
        partial[rows, columns] += alpha
    if mark is not None:
        mark[rows, columns][alpha > 0.5] = layer.label


def _between(values: Field, below: int, above: int, part: np.float32) -> Field:
    if above == below:
        return values[below]
    return values[below] + (values[above] - values[below]) * part


def finish(hu: Field, geometry: Geometry, options: Options, seed: int) -> npt.NDArray[np.int16]:
    """Blur by the kernel, add correlated noise and streaks, cut the circle of reconstruction, round."""
    from scipy.ndimage import gaussian_filter

    rng = stream(seed, "noise-field")
    pixel = np.array(geometry.spacing_mm[1:])
    sharp = options.kernel == "sharp"
    psf = (0.45 if sharp else 0.8) / pixel
    rows, columns = (np.arange(n) - (n - 1) / 2 for n in geometry.shape[1:])
    reach2 = (rows[:, None] * pixel[0]) ** 2 + (columns[None] * pixel[1]) ** 2
    central = (0.6 + 0.5 * np.exp(-reach2 / (2 * 95.0**2))).astype(np.float32)
    result = np.empty(geometry.shape, np.int16)
    strength = float(options.streaks_hu or 0.0) * rng.uniform(0.3, 1.7, geometry.shape[0])
    for k, plane in enumerate(hu):
        image = gaussian_filter(plane, psf, truncate=3) if psf.max() > 0.25 else plane
        noise = _noise(rng, geometry.shape[1:], pixel, sharp) * np.float32(options.noise_hu or 0.0)
        if strength[k] > 0:
            lines = gaussian_filter(
                rng.standard_normal(geometry.shape[1:], np.float32),
                (0.9 / pixel[0], 45 / pixel[1]),
                truncate=2,
            )
            noise = noise + _unit(lines) * np.float32(strength[k])
        image = image + noise * central
        if options.padding_hu:
            image = np.where(
                reach2 > (rows[-1] * pixel[0] + 1) ** 2,
                np.float32(options.padding_hu),
                np.maximum(image, -1024),
            )
        else:
            image = np.maximum(image, -1024)
        result[k] = np.rint(np.minimum(image, 3071))
    return result


def _noise(
    rng: np.random.Generator, shape: tuple[int, ...], pixel: npt.NDArray[np.float64], sharp: bool
) -> Field:
    """Noise of unit deviation with the grain of a kernel: coarse for soft, fine for sharp."""
    from scipy.ndimage import gaussian_filter

    white = rng.standard_normal(shape, np.float32)
    if sharp:
        grain = gaussian_filter(white, 0.35 / pixel, truncate=3) - 0.7 * gaussian_filter(
            white, 1.0 / pixel, truncate=3
        )
    else:
        grain = gaussian_filter(white, 1.0 / pixel, truncate=3)
    return _unit(grain)


def _unit(values: Field) -> Field:
    return values / np.float32(max(float(values.std()), 1e-6))
