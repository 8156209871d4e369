"""Surface area of a mask, by counting how often lines cross its edge."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt


def surface_mm2(mask: npt.NDArray[np.bool_], steps_mm: npt.NDArray[np.float64]) -> float:
    """Surface area in mm² of a mask, on any grid, sheared ones too.

    Crofton's formula: the area is twice the crossings per length of line, averaged over all directions of
    space. The lines run along 13 lattice directions; each weighs as much of the sphere as lies nearer to it
    than to any other. Triangulating a binary mask, instead, keeps its steps and overstates a smooth surface
    by 8 % and more.

    Parameters
    ----------
    mask : bool array (3-D)
    steps_mm : float array (3, 3)
        Row ``axis`` is the displacement of one step along that array axis.

    References
    ----------
    Legland D, Kiêu K, Devaux MF. Computation of Minkowski measures on 2D and 3D binary images.
    Image Anal Stereol 2007;26:83-92. Lehmann G, Legland D. Efficient N-dimensional surface estimation
    using Crofton formula and run-length encoding. Insight J 2012.
    """
    moves = _moves(steps_mm)
    displacements = moves @ steps_mm
    lengths = np.linalg.norm(displacements, axis=1)
    weights = _sphere_shares(displacements / lengths[:, None])
    voxel_mm3 = abs(float(np.linalg.det(steps_mm)))
    padded = np.pad(mask, [(int(reach), int(reach)) for reach in np.abs(moves).max(axis=0)])
    crossings = np.array([_crossings(padded, move) for move in moves])
    return float(np.sum(weights * 2.0 * voxel_mm3 * crossings / lengths))


def _moves(steps_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """13 lattice vectors, in voxels, spread as evenly as the grid allows.

    Thick slices leave a gap between the plane and the slice axis if only next neighbours are used, so
    oblique vectors take as many in-plane voxels as make the cell about cubic.
    """
    spacing = np.linalg.norm(steps_mm, axis=1)
    cell = np.maximum(1, np.rint(spacing.max() / spacing)).astype(np.int64)
    moves = []
    for signs in product((-1, 0, 1), repeat=3):
        if signs > (0, 0, 0):
            move = np.array(signs) * cell
            moves.append(move // np.gcd.reduce(move))
    return np.array(moves)


def _sphere_shares(directions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Share of all lines of space that lie nearest to each direction (k, 3); they sum to 1."""
    from scipy.spatial import SphericalVoronoi

    both = np.concatenate([directions, -directions])
    areas = SphericalVoronoi(both).calculate_areas().reshape(2, -1).sum(axis=0)
    shares: npt.NDArray[np.float64] = areas / areas.sum()
    return shares


def _crossings(mask: npt.NDArray[np.bool_], move: npt.NDArray[np.int64]) -> int:
    here, there = [], []
    for step, size in zip(move, mask.shape, strict=True):
        here.append(slice(max(0, -step), size - max(0, step)))
        there.append(slice(max(0, step), size - max(0, -step)))
    return int(np.count_nonzero(mask[tuple(here)] ^ mask[tuple(there)]))
