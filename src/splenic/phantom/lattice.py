"""From the drawn patient to points of a scan: the pose, the sampling lattice, and edges in voxels."""

# NumPy's universal functions are typed as returning Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Box, Geometry
from splenic.phantom.anatomy import Box as BodyBox
from splenic.phantom.body import Frame, Patch
from splenic.phantom.shapes import Field, Waves

Array = npt.NDArray[np.float64]
WARP_MM = 5.0


@dataclass(frozen=True)
class Pose:
    """How the body lies in the patient system: ``body = turn · (lps − centre) / scale + offset``, warped.

    The warp (low frequency, at most some millimetres) belongs to the body, so that moving the scan range
    moves nothing else.
    """

    centre_lps_mm: Array
    turn: Array
    scale: float
    offset_mm: Array
    warp: tuple[Waves, Waves] = field(repr=False)

    @staticmethod
    def rotation(degrees: tuple[float, float, float]) -> Array:
        """Rotation matrix of small turns about left, posterior and superior, in this order."""
        result = np.eye(3)
        for axis, angle in enumerate(np.radians(degrees)):
            i, j = [k for k in range(3) if k != axis]
            step = np.eye(3)
            step[i, i] = step[j, j] = np.cos(angle)
            step[i, j], step[j, i] = -np.sin(angle), np.sin(angle)
            result = step @ result
        return result

    def to_lps_mm(self, body_mm: npt.ArrayLike) -> Array:
        """LPS of body positions, without the warp."""
        straight = (np.asarray(body_mm, float) - self.offset_mm) * self.scale
        return np.asarray(straight @ self.turn + self.centre_lps_mm, float)


@dataclass(frozen=True)
class Lattice:
    """Sampling points on the index axes of a grid: ``index = start + stride · i`` along each axis."""

    geometry: Geometry
    start: tuple[float, float, float]
    stride: tuple[float, float, float]
    shape: tuple[int, int, int]

    @staticmethod
    def over(geometry: Geometry, levels: Array, cell_mm: float) -> Lattice:
        """Points about ``cell_mm`` apart that cover a grid; along the slices at (some of) ``levels``."""
        start, stride, shape = [float(levels[0])], [1.0], [1]
        if levels.size > 1:
            gap = float(np.diff(levels).mean())
            even = bool(np.allclose(np.diff(levels), gap, atol=1e-6))
            fine = cell_mm / geometry.spacing_mm[0]
            stride[0] = gap * max(1, int(fine / gap + 1e-6)) if even else fine
            shape[0] = int(np.ceil((levels[-1] - levels[0]) / stride[0] - 1e-6)) + 1
        for axis in (1, 2):
            step = max(1, int(cell_mm / geometry.spacing_mm[axis] + 1e-6))
            start.append(0.0)
            stride.append(float(step))
            shape.append((geometry.shape[axis] - 2 + step) // step + 1 if geometry.shape[axis] > 1 else 1)
        return Lattice(geometry, tuple(start), tuple(stride), tuple(shape))  # type: ignore[arg-type]

    def indices(self, axis: int) -> Array:
        """Array indices of the points along one axis."""
        return np.asarray(self.start[axis] + self.stride[axis] * np.arange(self.shape[axis]), np.float64)

    def patch(self, pose: Pose, frame: Frame, fixed: bool = False) -> Patch:
        """The points in the body frame; ``fixed`` in the table's frame: not turned, scaled or warped."""
        g = self.geometry
        turn, scale = (np.eye(3), 1.0) if fixed else (pose.turn, pose.scale)
        offset = pose.offset_mm * (pose.scale if fixed else 1.0)
        origin = turn @ (np.asarray(g.origin_mm) - pose.centre_lps_mm) / scale + offset
        steps = g.steps_mm @ turn.T / scale
        axes = [self.indices(k)[:, None] * steps[k] for k in range(3)]
        straight = [
            (
                (axes[0][:, j] + origin[j])[:, None, None].astype(np.float32)
                + axes[1][:, j][None, :, None].astype(np.float32)
                + axes[2][:, j][None, None, :].astype(np.float32)
            )
            for j in range(3)
        ]
        if not fixed:
            # Sideways and forwards by independent fields; lengthwise by their difference.
            first, second = (self._waves(w, origin, axes) for w in pose.warp)
            straight[0] += first
            straight[1] += second
            straight[2] += (first - second) * np.float32(0.5)
        return Patch(straight[0], straight[1], straight[2], frame)

    @staticmethod
    def _waves(waves: Waves, origin: Array, axes: list[Array]) -> Field:
        """A warp on the straight lattice: each plane wave is separable along the index axes."""
        total: Field | None = None
        amount = np.float32(WARP_MM * 0.6 * np.sqrt(2 / len(waves.phases)))
        for vector, phase in zip(waves.vectors.astype(float), waves.phases.astype(float), strict=True):
            outer = (
                (origin @ vector + phase)
                + (axes[0] @ vector)[:, None, None]
                + (axes[1] @ vector)[None, :, None]
            )
            inner = (axes[2] @ vector)[None, None, :]
            wave = np.sin(outer).astype(np.float32) * np.cos(inner).astype(np.float32)
            wave += np.cos(outer).astype(np.float32) * np.sin(inner).astype(np.float32)
            total = wave if total is None else total + wave
        return np.asarray(total, np.float32) * amount

    def box(self, pose: Pose, body_mm: BodyBox, fixed: bool = False) -> Box | None:
        """The block of lattice points that may lie in a box of the body frame; None if there is none."""
        low, high = np.asarray(body_mm[0]), np.asarray(body_mm[1])
        corners = np.array(np.meshgrid(*zip(low, high, strict=True), indexing="ij")).reshape(3, -1).T
        still = corners - pose.offset_mm * pose.scale + pose.centre_lps_mm
        lps = still if fixed else pose.to_lps_mm(corners)
        index = (self.geometry.to_index(lps) - np.asarray(self.start)) / np.asarray(self.stride)
        margin = 1 + 2 * WARP_MM / (np.asarray(self.geometry.spacing_mm) * np.asarray(self.stride))
        first = np.maximum(np.floor(index.min(axis=0) - margin), 0).astype(int)
        last = np.minimum(np.ceil(index.max(axis=0) + margin) + 1, self.shape).astype(int)
        if np.any(last - first < 1):
            return None
        return (
            slice(int(first[0]), int(last[0])),
            slice(int(first[1]), int(last[1])),
            slice(int(first[2]), int(last[2])),
        )


def edge_width(f: Field, cells: tuple[float, float, float]) -> Field:
    """How much an implicit function changes across one voxel, ``Σ |∂f/∂i|``, from its values on the lattice.

    ``cells`` is the size of a voxel in lattice steps along each axis. A linear ramp of this width gives a
    voxel's partial volume: exact for planes along the axes, and unbiased for all planes.
    """
    total = np.zeros_like(f)
    for axis, cell in enumerate(cells):
        if f.shape[axis] < 2:
            continue
        change = np.abs(np.diff(f, axis=axis)) * np.float32(cell / 2)
        low = tuple(slice(0, -1) if k == axis else slice(None) for k in range(3))
        high = tuple(slice(1, None) if k == axis else slice(None) for k in range(3))
        total[low] += change
        total[high] += change
        first = tuple(slice(0, 1) if k == axis else slice(None) for k in range(3))
        last = tuple(slice(-1, None) if k == axis else slice(None) for k in range(3))
        total[first] += change[first]
        total[last] += change[tuple(slice(-1, None) if k == axis else slice(None) for k in range(3))]
    return np.maximum(total, np.float32(0.05))


def without_curvature(f: Field, cells: tuple[float, float, float]) -> Field:
    """The implicit function, moved so that ramps of :func:`edge_width` keep a curved body's volume.

    A linear ramp of width W across the surface of a ball of radius R adds W²/(4R²) of its volume; moving the
    surface by W²/24 times the Laplacian takes it away. Over all directions of the surface W² is
    (1 + 4/π) times the square of a cubic voxel's side on average.
    """
    result = f.copy()
    for axis, cell in enumerate(cells):
        if f.shape[axis] < 3:
            continue
        middle = tuple(slice(1, -1) if k == axis else slice(None) for k in range(3))
        bend = np.diff(f, n=2, axis=axis)
        bend *= np.float32(cell * cell * (1 + 4 / np.pi) / 24)
        result[middle] += bend
    return result


def ramp(q: Field) -> Field:
    """Partial volume of a voxel from the distance in edge widths."""
    result: Field = np.clip(np.float32(0.5) - q, 0, 1)
    return result


def crop_to_inside(f: Field, box: Box, margin_mm: float) -> tuple[Field, Box] | None:
    """The part of a field that is inside or near its shape, with its box; None if nothing is."""
    near = f < np.float32(margin_mm)
    limits, inner = [], []
    for axis in range(3):
        hit = np.flatnonzero(near.any(axis=tuple(k for k in range(3) if k != axis)))
        if hit.size == 0:
            return None
        low, high = max(0, int(hit[0]) - 1), min(f.shape[axis], int(hit[-1]) + 2)
        inner.append(slice(low, high))
        limits.append(slice(box[axis].start + low, box[axis].start + high))
    return f[tuple(inner)], (limits[0], limits[1], limits[2])


def enlarge(
    q: Field, first: tuple[int, int], stride: tuple[int, int], size: tuple[int, int]
) -> tuple[Field, slice, slice]:
    """Interpolate a plane of lattice values at every pixel it covers.

    ``first`` is the lattice index of ``q[0, 0]``, ``size`` the plane's rows and columns. Plain gathers, not
    matrix products: the same bytes whatever the number of threads.
    """
    spans = []
    for axis in (0, 1):
        low = first[axis] * stride[axis]
        high = min((first[axis] + q.shape[axis] - 1) * stride[axis] + 1, size[axis])
        spans.append(slice(low, max(high, low)))
        if stride[axis] > 1 and q.shape[axis] > 1:
            place = np.arange(0, high - low) / np.float32(stride[axis])
            at = np.minimum(place.astype(np.intp), q.shape[axis] - 2)
            part = (place - at).astype(np.float32)
            if axis == 0:
                q = q[at] + (q[at + 1] - q[at]) * part[:, None]
            else:
                q = q[:, at] + (q[:, at + 1] - q[:, at]) * part
        else:
            q = q[: high - low] if axis == 0 else q[:, : high - low]
    return q, spans[0], spans[1]
