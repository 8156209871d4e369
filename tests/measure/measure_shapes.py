"""Analytic shapes drawn on any grid, and grids of any kind."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from splenic.ct.geometry import Geometry

Array = npt.NDArray[np.float64]


def axial_grid(
    shape: tuple[int, int, int] = (60, 200, 200),
    spacing_mm: tuple[float, float, float] = (2.5, 0.8, 0.8),
    tilt_deg: float = 0.0,
    centre_lps_mm: tuple[float, float, float] = (60.0, 30.0, -200.0),
) -> Geometry:
    """An axial grid around a centre; a gantry tilt shears it: planes lean, the table moves along S."""
    angle = np.radians(tilt_deg)
    direction = ((0.0, 0.0, 1.0), (0.0, float(np.cos(angle)), float(np.sin(angle))), (1.0, 0.0, 0.0))
    steps = np.asarray(direction) * np.asarray(spacing_mm)[:, None]
    origin = np.asarray(centre_lps_mm) - (np.asarray(shape) - 1) / 2 @ steps
    return Geometry(shape, (float(origin[0]), float(origin[1]), float(origin[2])), spacing_mm, direction)


def positions(geometry: Geometry) -> Array:
    """LPS of every voxel, shape (*shape, 3)."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), -1)
    return geometry.to_lps_mm(index)


def ellipsoid(
    geometry: Geometry, half_axes_mm: npt.ArrayLike, turn: Rotation, centre_lps_mm: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Voxels whose centre lies in an ellipsoid with half axes along L, P, S, then turned."""
    own = turn.inv().apply((positions(geometry) - np.asarray(centre_lps_mm)).reshape(-1, 3))
    inside = ((own / np.asarray(half_axes_mm)) ** 2).sum(axis=1) <= 1
    return np.asarray(inside.reshape(geometry.shape))


def quadratic_form(half_axes_mm: npt.ArrayLike, turn: Rotation) -> Array:
    """Matrix A of the ellipsoid xᵀ A x ≤ 1."""
    matrix = turn.as_matrix()
    return np.asarray(matrix @ np.diag(1 / np.asarray(half_axes_mm, float) ** 2) @ matrix.T)


def central_section_axes_mm(form: Array, geometry: Geometry) -> tuple[float, float]:
    """Full axes, long and short, of the section through the centre in the plane of the grid's slices."""
    plane = np.linalg.qr(geometry.steps_mm[1:].T)[0]
    short, long = np.sort(2 / np.sqrt(np.linalg.eigvalsh(plane.T @ form @ plane)))
    return float(long), float(short)


def vertical_extent_mm(form: Array) -> float:
    """Full extent along S."""
    return float(2 * np.sqrt(np.linalg.inv(form)[2, 2]))


def surface_of_ellipsoid_mm2(half_axes_mm: npt.ArrayLike) -> float:
    """Surface area, by integration over the sphere (Knud Thomsen's formula is only within 1 %)."""
    a, b, c = np.asarray(half_axes_mm, float)
    theta = (np.arange(400) + 0.5) * np.pi / 400
    phi = (np.arange(400) + 0.5) * 2 * np.pi / 400
    t, p = np.meshgrid(theta, phi, indexing="ij")
    x, y, z = np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)
    stretch = np.sqrt((b * c * x) ** 2 + (a * c * y) ** 2 + (a * b * z) ** 2)
    return float((stretch * np.sin(t)).sum() * (np.pi / 400) * (2 * np.pi / 400))
