"""Patches cut from cached cases, varied as CT of this field varies.

Every random number comes from one generator given by the caller, so a step can be made again exactly.
Left and right are never swapped in a patch that keeps its label: a mirrored abdomen is shown to the
network only as an abdomen in which there is no spleen to find.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

Generator = np.random.Generator

HU_SHIFT = 1024.0  # grid_sample pads with 0, which must mean air


@dataclass(frozen=True, slots=True)
class Variation:
    """How strongly patches are varied; probabilities 0..1, lengths in mm, HU in HU."""

    scale: float = 0.25
    rotation_deg: float = 12.0
    displacement_mm: float = 7.0
    centre_jitter_mm: float = 35.0
    anywhere: float = 0.12
    mirrored: float = 0.0
    splenectomy: float = 0.04
    phase: float = 0.5
    washout: float = 0.2
    mottle: float = 0.15
    thick: float = 0.3
    noise: float = 0.6
    truncation: float = 0.12


def _smooth_field(rng: Generator, shape: tuple[int, ...], knots: int) -> torch.Tensor:
    """Random field (1, 1, …), standard normal at its knots, smooth between them."""
    coarse = torch.from_numpy(rng.standard_normal((1, 1, knots, knots, knots), dtype=np.float32))
    return functional.interpolate(coarse, size=shape, mode="trilinear", align_corners=True)


def _centre(
    rng: Generator,
    fraction: npt.NDArray[np.float32],
    spacing_mm: tuple[float, float, float],
    variation: Variation,
) -> npt.NDArray[np.float64]:
    """Centre of a patch in cells: near a voxel of the spleen, or anywhere in the scan."""
    shape = np.asarray(fraction.shape)
    hits = np.flatnonzero(fraction.max(axis=(1, 2)) > 0.5)
    if hits.size == 0 or rng.random() < variation.anywhere:
        inside = shape * np.array([1.0, 0.7, 0.7])
        place: npt.NDArray[np.float64] = (rng.random(3) - 0.5) * inside + shape / 2
        return place
    solid = np.argwhere(fraction[hits[0] : hits[-1] + 1 : 2, ::2, ::2] > 0.5) * 2 + [hits[0], 0, 0]
    middle = solid.mean(axis=0)
    point = solid[rng.integers(len(solid))]
    jitter = (rng.random(3) * 2 - 1) * variation.centre_jitter_mm / np.asarray(spacing_mm)
    weight = rng.random()
    centre: npt.NDArray[np.float64] = weight * middle + (1 - weight) * point + jitter
    return centre


def _sampling_grid(
    rng: Generator,
    centre: npt.NDArray[np.float64],
    source: tuple[int, ...],
    patch: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    variation: Variation,
) -> torch.Tensor:
    """Normalised sampling positions (1, …, 3) of a rotated, scaled and bent patch."""
    scale = np.exp(rng.normal(0, variation.scale / 2)) * np.exp(rng.normal(0, variation.scale / 6, 3))
    angles = np.deg2rad(variation.rotation_deg) * (rng.random(3) * 2 - 1) * np.array([0.5, 0.5, 1.0])
    rotation = np.eye(3)
    for (a, b), angle in zip(((0, 1), (0, 2), (1, 2)), angles, strict=True):
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        rotation = rotation @ turn
    # An affine map is exact under linear interpolation, so it and the bend are laid on the same few knots.
    knots = int(rng.integers(4, 7))
    axes = [np.linspace(-(n - 1) / 2, (n - 1) / 2, knots) for n in patch]
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    amount = variation.displacement_mm * rng.random() / 1.5 / np.asarray(spacing_mm)
    places = mesh @ (rotation / scale).T + centre + rng.standard_normal(mesh.shape) * amount
    normalised = ((2 * places + 1) / np.asarray(source) - 1)[..., ::-1]
    coarse = torch.from_numpy(np.ascontiguousarray(normalised.transpose(3, 0, 1, 2), np.float32))[None]
    fine = functional.interpolate(coarse, size=patch, mode="trilinear", align_corners=True)
    return fine.permute(0, 2, 3, 4, 1)


def _thick_slices(rng: Generator, hu: torch.Tensor) -> torch.Tensor:
    """The patch as slices 2 to 4 times as thick, interpolated back."""
    factor = int(rng.integers(2, 5))
    offset = int(rng.integers(factor))
    depth = hu.shape[2]
    rolled = functional.pad(hu, (0, 0, 0, 0, offset, (-(depth + offset)) % factor), mode="replicate")
    thick = functional.avg_pool3d(rolled, (factor, 1, 1))
    back = functional.interpolate(thick, size=rolled.shape[2:], mode="trilinear", align_corners=False)
    return back[:, :, offset : offset + depth]


def _blur(hu: torch.Tensor, sigma: tuple[float, float, float]) -> torch.Tensor:
    for axis, s in enumerate(sigma):
        if s < 0.2:
            continue
        radius = max(1, round(2.5 * s))
        kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / s) ** 2)
        shape = [1, 1, 1, 1, 1]
        shape[2 + axis] = -1
        padding = [0, 0, 0]
        padding[axis] = radius
        hu = functional.conv3d(hu, (kernel / kernel.sum()).reshape(shape), padding=padding)
    return hu


def _vary_contrast(
    rng: Generator, hu: torch.Tensor, fraction: torch.Tensor, variation: Variation
) -> torch.Tensor:
    """Contrast phases: the spleen's own enhancement, its arterial mottle, and tissue without contrast."""
    if rng.random() < variation.washout:
        keep = float(rng.uniform(0.15, 0.9))
        soft = ((hu > 20) & (hu < 400)).float()
        hu = hu + soft * (keep - 1) * (hu - 45).clamp(min=-10)
    solid = (fraction > 0.9).float()
    count = float(solid.sum())
    if count > 0:
        mean = float((hu * solid).sum()) / count
        if rng.random() < variation.phase:
            wanted = mean + float(rng.normal(0, 25))
            hu = hu + fraction * (float(np.clip(wanted, 35, 190)) - mean)
        if mean > 60 and rng.random() < variation.mottle:
            waves = torch.sin(3.5 * _smooth_field(rng, tuple(hu.shape[2:]), int(rng.integers(8, 16))))
            hu = hu + fraction * waves * float(rng.uniform(10, 50))
    return hu


def _vary_scanner(rng: Generator, hu: torch.Tensor, variation: Variation) -> torch.Tensor:
    """Slice thickness, kernel, noise, shading and calibration."""
    if rng.random() < variation.thick:
        hu = _thick_slices(rng, hu)
    draw = rng.random()
    if draw < 0.2:
        hu = _blur(hu, (0.0, *2 * (float(rng.uniform(0.3, 1.0)),)))
    elif draw < 0.4:
        hu = hu + float(rng.uniform(0.2, 1.0)) * (hu - _blur(hu, (0.0, 0.8, 0.8)))
    if rng.random() < variation.noise:
        sigma = float(rng.gamma(2.0, 8.0))
        grain = torch.from_numpy(rng.standard_normal(tuple(hu.shape), dtype=np.float32))
        if rng.random() < 0.5:
            grain = _blur(grain, (0.0, 0.7, 0.7)) * 2.0
        hu = hu + min(sigma, 45.0) * grain
    if rng.random() < 0.3:
        hu = hu + float(rng.uniform(3, 14)) * _smooth_field(rng, tuple(hu.shape[2:]), 5)
    return hu * float(rng.uniform(0.93, 1.07)) + float(rng.normal(0, 6))


def _splenectomy(rng: Generator, hu: torch.Tensor, fraction: torch.Tensor) -> torch.Tensor:
    """The scan as if the spleen had been removed: fat with strands, or fluid, in its place."""
    wide = (_blur(fraction, (1.0, 1.0, 1.0)) * 2.5).clamp(max=1)
    filling = float(rng.choice([-100.0, -95.0, 15.0, -80.0]))
    texture = filling + 12 * _smooth_field(rng, tuple(hu.shape[2:]), 14)
    return hu * (1 - wide) + texture * wide


def _truncate(rng: Generator, hu: torch.Tensor, fraction: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """End of the scan range inside the patch: nothing above or below."""
    depth = hu.shape[2]
    cut = int(rng.integers(depth // 5, depth // 2))
    part = slice(0, cut) if rng.random() < 0.5 else slice(depth - cut, depth)
    hu[:, :, part] = -HU_SHIFT
    fraction[:, :, part] = 0
    return hu, fraction


def sample(
    rng: Generator,
    hu: torch.Tensor,
    fraction: torch.Tensor,
    spacing_mm: tuple[float, float, float],
    patch: tuple[int, int, int],
    variation: Variation,
) -> tuple[torch.Tensor, torch.Tensor]:
    """One patch and its label.

    Parameters
    ----------
    hu : float tensor (1, 1, superior, posterior, left)
        HU + 1024 of the whole cached case, so that padding with 0 is air.
    fraction : float tensor, same shape
        Partial volume of spleen.

    Returns
    -------
    hu, fraction : float tensors (1, 1, *patch)
    """
    where = _centre(rng, fraction[0, 0].numpy(), spacing_mm, variation)
    grid = _sampling_grid(rng, where, tuple(hu.shape[2:]), patch, spacing_mm, variation)
    image = functional.grid_sample(hu, grid, padding_mode="zeros", align_corners=False) - HU_SHIFT
    label = functional.grid_sample(fraction, grid, padding_mode="zeros", align_corners=False)
    if rng.random() < variation.splenectomy:
        image, label = _splenectomy(rng, image, label), torch.zeros_like(label)
    image = _vary_contrast(rng, image, label, variation)
    image = _vary_scanner(rng, image, variation)
    if rng.random() < variation.truncation:
        image, label = _truncate(rng, image, label)
    if rng.random() < variation.mirrored:
        image, label = image.flip(-1), torch.zeros_like(label)
    return image, label
