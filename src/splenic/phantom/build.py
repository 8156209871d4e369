"""A phantom from a seed: draw the patient, fit the spleen to its volume, paint, and say the truth."""

# NumPy's universal functions are typed as returning Any.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry, Vector
from splenic.ct.types import Volume
from splenic.phantom.anatomy import Anatomy, Box, Layer
from splenic.phantom.body import Patch
from splenic.phantom.lattice import Lattice, Pose, edge_width, ramp, without_curvature
from splenic.phantom.options import REGION_MM, Options, options_of
from splenic.phantom.organs import layers
from splenic.phantom.render import finish, paint
from splenic.phantom.shapes import Field, ellipsoid, stream
from splenic.phantom.spleen import analytic_ellipsoid

_TRUTH_MM, _FIT_MM = 1.5, 6.0


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a phantom.

    ``sv_ml`` is the volume of the drawn shape (closed form for the ellipsoid, a 1.5 mm lattice with partial
    volumes otherwise), whether or not it lies in the scan; None without a spleen. ``sv_in_scan_ml`` is the
    part inside the scan. ``complete`` and ``cut_faces`` are as in a measurement. Lengths are those of the
    drawn shape, in the patient system.
    """

    sv_ml: float | None
    sv_in_scan_ml: float | None
    complete: bool | None
    cut_faces: tuple[str, ...]
    craniocaudal_mm: float | None
    axial_diameter_mm: float | None
    centroid_lps_mm: Vector | None
    accessory_ml: float
    spleen_hu: float | None
    phase: str
    thickness_mm: float
    options: Options


@dataclass(frozen=True)
class Phantom:
    """A synthetic scan.

    ``spleen`` is where at least half of a voxel is spleen, ``partial`` the fraction (float32), ``labels``
    the organ at the voxel's centre (see ``LABELS``); all on the grid of ``volume``.
    """

    seed: int
    volume: Volume
    spleen: npt.NDArray[np.bool_]
    partial: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    truth: Truth


@dataclass(frozen=True)
class _Fitted:
    """The spleen at its final size: its shape, and its bounds in the patient system (pose of the fit)."""

    shape: Any
    low_lps_mm: npt.NDArray[np.float64]
    high_lps_mm: npt.NDArray[np.float64]


def make(seed: int, **options: Any) -> Phantom:
    """A synthetic CT of the given seed; the same seed and options give the same bytes.

    Parameters
    ----------
    seed : int
        Not negative. Draws everything that the options leave open.
    **options
        See :class:`splenic.phantom.Options`.

    Raises
    ------
    UsageError
        If an option is unknown or out of range, or the grid is not axial.

    Examples
    --------
    >>> phantom = make(7, spleen="ellipsoid", shape=(40, 64, 64), spacing_mm=(5, 6, 6))
    >>> round(phantom.truth.sv_ml, 1)
    183.3
    """
    chosen = options_of(seed, **options)
    anatomy = Anatomy.draw(seed, chosen)
    pose = _pose(anatomy, np.array([0.0, 0.0, 0.0]))
    fitted = _fit(anatomy, pose)
    geometry = chosen.geometry or _default_geometry(anatomy, pose, fitted)
    pose = _place(anatomy, geometry, pose, fitted)
    thickness = float(chosen.thickness_mm or geometry.slice_distance_mm)
    everything = layers(anatomy)
    accessory = _accessory(anatomy, fitted)
    if fitted is not None:
        everything += [_film(anatomy, fitted), *([accessory] if accessory else []), _organ(anatomy, fitted)]
    picture = paint(everything, geometry, thickness, pose, anatomy.frame)
    hu = finish(picture.hu, geometry, chosen, seed)
    truth = _truth(anatomy, geometry, pose, fitted, accessory, thickness)
    return Phantom(
        seed, Volume.of(hu, geometry), picture.partial >= 0.5, picture.partial, picture.labels, truth
    )


def _pose(anatomy: Anatomy, offset: npt.NDArray[np.float64]) -> Pose:
    o = anatomy.options
    turn = Pose.rotation(o.rotation_deg or (0.0, 0.0, 0.0))
    if o.spleen == "ellipsoid":  # exact: neither turned, scaled nor warped
        still = tuple(replace(w, vectors=w.vectors * 0, phases=w.phases * 0) for w in anatomy.warp)
        return Pose(np.zeros(3), np.eye(3), 1.0, offset, still)  # type: ignore[arg-type]
    return Pose(np.zeros(3), turn, float(o.scale or 1.0), offset, anatomy.warp)


def _box_grid(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], cell_mm: float) -> Geometry:
    """An upright grid over a box of the patient system."""
    size = np.ceil((high - low) / cell_mm).astype(int)[::-1]
    origin = (low + high) / 2 - cell_mm * (size[::-1] - 1) / 2
    return Geometry(
        (int(size[0]), int(size[1]), int(size[2])),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        (cell_mm, cell_mm, cell_mm),
        ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)),
    )


def _points(geometry: Geometry, pose: Pose, anatomy: Anatomy) -> Patch:
    whole = Lattice(geometry, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), geometry.shape)
    return whole.patch(pose, anatomy.frame)


def _fit(anatomy: Anatomy, pose: Pose) -> _Fitted | None:
    """Choose the size at which the spleen, cut by its neighbours, has the wanted volume (to some percent)."""
    o = anatomy.options
    if o.spleen == "absent":
        return None
    if o.spleen == "ellipsoid":
        centre = (72.0, 18.0, -5.0)
        low, high = np.subtract(centre, o.radii_mm), np.add(centre, o.radii_mm)
        return _Fitted(lambda p: analytic_ellipsoid(p, centre, o.radii_mm), low, high)
    spleen = anatomy.spleen
    reach = 80.0 * max(anatomy.growth, 0.8) * pose.scale
    middle = pose.to_lps_mm(spleen.anchor_mm)
    grid = _box_grid(
        middle - (reach * 1.35, reach * 1.35, reach * 1.5),
        np.add(middle, (reach, reach, reach * 1.2)),
        _FIT_MM,
    )
    points = _points(grid, pose, anatomy)
    near = anatomy.neighbours(points)
    size, f = anatomy.growth, np.empty(0, np.float32)
    for _ in range(6):
        f = spleen.shape(points, size, lambda p: near)
        volume = float(ramp(f / edge_width(f, (1, 1, 1))).sum()) * grid.voxel_mm3 / 1000
        wanted = float(o.sv_ml or 250.0)
        if abs(volume / wanted - 1) < 0.02:
            break
        size *= float(np.clip((wanted / max(volume, 1.0)) ** (1 / 2.6), 0.7, 1.4))
    hit = np.argwhere(f < 0)
    low = grid.to_lps_mm(hit.min(axis=0))
    high = grid.to_lps_mm(hit.max(axis=0))
    return _Fitted(lambda p: spleen.shape(p, size, anatomy.neighbours), low - _FIT_MM, high + _FIT_MM)


def _default_geometry(anatomy: Anatomy, pose: Pose, fitted: _Fitted | None) -> Geometry:
    """The grid of the wanted shape and spacing that shows the region; centred at the origin."""
    o = anatomy.options
    low, high = (v * pose.scale for v in REGION_MM[o.region])
    if fitted is not None and o.region.startswith("abdomen"):
        low, high = min(low, float(fitted.low_lps_mm[2]) - 12), max(high, float(fitted.high_lps_mm[2]) + 12)
    widths = [anatomy.frame.wall[0][int(z)] for z in np.linspace(*_table_range(o.region), 20)]
    half = (max(widths) + anatomy.frame.fat_mm[0] + (45 if o.arms == "down" else 0)) * pose.scale + 12
    if o.spacing_mm is not None:
        spacing = o.spacing_mm
    elif o.shape is not None:
        spacing = ((high - low) / o.shape[0], 2 * half / o.shape[1], 2 * half / o.shape[2])
    else:
        spacing = (2.5, 2.5, 2.5)
    tilt = np.radians(o.tilt_deg)
    shape = o.shape or (
        round((high - low) / spacing[0]),
        int(np.ceil(2 * half / spacing[1])),
        int(np.ceil(2 * half / spacing[2])),
    )
    direction = ((0.0, 0.0, 1.0), (0.0, float(np.cos(tilt)), float(np.sin(tilt))), (1.0, 0.0, 0.0))
    start = Geometry(shape, (0.0, 0.0, 0.0), spacing, direction)
    middle = start.to_lps_mm([(n - 1) / 2 for n in shape])
    # A table position as scanners write them, not always centred.
    table = stream(anatomy.seed, "table").uniform((-8, -200, -900), (8, -120, 100)).round(1)
    origin = table - middle
    return replace(start, origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])))


def _table_range(region: str) -> tuple[float, float]:
    low, high = REGION_MM[region]
    return (low + 1100) / 0.5, (high + 1100) / 0.5


def _place(anatomy: Anatomy, geometry: Geometry, pose: Pose, fitted: _Fitted | None) -> Pose:
    """Lay the grid's centre onto the middle of the region, or so that it cuts the spleen as asked."""
    o = anatomy.options
    centre = geometry.to_lps_mm([(n - 1) / 2 for n in geometry.shape])
    corners = (
        geometry.to_lps_mm(
            np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in geometry.shape], indexing="ij")).reshape(3, -1).T
        )
        - centre
    )
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle = np.array([0.0, 0.0, sum(REGION_MM[o.region]) / 2 * pose.scale])
    if fitted is not None and o.region.startswith("abdomen"):
        if o.geometry is None:
            span = (
                min(REGION_MM[o.region][0] * pose.scale, fitted.low_lps_mm[2] - 12),
                max(REGION_MM[o.region][1] * pose.scale, fitted.high_lps_mm[2] + 12),
            )
            middle[2] = sum(span) / 2
        part = stream(anatomy.seed, "cut").uniform(0.12, 0.5)
        size = fitted.high_lps_mm - fitted.low_lps_mm
        if o.cut == "superior":
            middle[2] = fitted.high_lps_mm[2] - part * size[2] - high[2]
        elif o.cut == "inferior":
            middle[2] = fitted.low_lps_mm[2] + part * size[2] - low[2]
        elif o.cut == "left":
            middle[0] = fitted.high_lps_mm[0] - part * size[0] - high[0]
        elif o.cut == "posterior":
            middle[1] = fitted.high_lps_mm[1] - part * size[1] - high[1]
    # ``middle`` is in the pose of the fit, whose centre and offset are zero.
    return replace(pose, centre_lps_mm=centre - middle)


def _organ(anatomy: Anatomy, fitted: _Fitted) -> Layer:
    hu, phase = anatomy.hu["spleen"], anatomy.options.phase
    mottled = {"arterial": 32.0, "portal": 2.0}.get(str(phase), 1.0)

    def spleen_hu(p: Patch) -> Field:
        bands = np.sin(p.wave(anatomy.mottle) * np.float32(2.2))
        return np.float32(hu) + np.float32(mottled) * bands + 1.5 * p.wave(anatomy.texture)

    return Layer("spleen", fitted.shape, spleen_hu, _bounds(anatomy, fitted))


def _film(anatomy: Anatomy, fitted: _Fitted) -> Layer:
    """The thin fat about the spleen, in patches: elsewhere it touches its neighbours."""

    def shape(p: Patch) -> Field:
        gap = np.clip(
            np.float32(anatomy.gap_mm[0]) + np.float32(anatomy.gap_mm[1]) * p.wave(anatomy.gap), 0, 6
        )
        f: Field = np.maximum(fitted.shape(p) - gap, p.abdomen + 1)
        return f

    fluid = anatomy.options.ascites
    return Layer(
        "fluid" if fluid else "fat",
        shape,
        anatomy.hu["ascites" if fluid else "fat"],
        _bounds(anatomy, fitted),
    )


def _bounds(anatomy: Anatomy, fitted: _Fitted) -> Box:
    """A box of the body frame that holds the fitted spleen (bounds of the fit are in an unmoved pose)."""
    pose = _pose(anatomy, np.zeros(3))
    pair = zip(fitted.low_lps_mm, fitted.high_lps_mm, strict=True)
    corners = np.array(np.meshgrid(*pair, indexing="ij")).reshape(3, -1).T
    body = corners @ pose.turn.T / pose.scale
    low, high = body.min(axis=0) - 6, body.max(axis=0) + 6
    return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))


def _accessory(anatomy: Anatomy, fitted: _Fitted | None) -> Layer | None:
    amount = anatomy.options.accessory_ml or 0.0
    if not amount or fitted is None:
        return None
    radius = float((3000 * amount / (4 * np.pi)) ** (1 / 3)) / float(anatomy.options.scale or 1.0)
    rng = stream(anatomy.seed, "accessory-place")
    at = np.asarray(
        anatomy.spleen.point(rng.uniform(-0.3, 0.6), rng.uniform(-0.4, 0.4), -1.2, anatomy.growth)
    )

    def full(value: float) -> Field:
        return np.full((1, 1, 1), value, np.float32)

    inward = -anatomy.spleen.axes[2]
    for _ in range(40):  # walk away from the hilum until it floats free
        where = Patch(full(at[0]), full(at[1]), full(at[2]), anatomy.frame)
        if float(fitted.shape(where)[0, 0, 0]) > radius + 2.5:
            break
        at = at + inward * 2.0
    centre = (float(at[0]), float(at[1]), float(at[2]))

    def shape(p: Patch) -> Field:
        return ellipsoid(p.x, p.y, p.z, centre, (radius, radius, radius))

    margin = radius + 6
    low, high = at - margin, at + margin
    return Layer(
        "accessory spleen",
        shape,
        anatomy.hu["spleen"],
        ((float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))),
    )


def _truth(
    anatomy: Anatomy,
    geometry: Geometry,
    pose: Pose,
    fitted: _Fitted | None,
    accessory: Layer | None,
    thickness: float,
) -> Truth:
    o = anatomy.options
    if fitted is None:
        return Truth(None, None, None, (), None, None, None, 0.0, None, str(o.phase), thickness, o)
    low, high = (
        v + pose.centre_lps_mm - 4 * s for v, s in ((fitted.low_lps_mm, 1), (fitted.high_lps_mm, -1))
    )
    cell = _TRUTH_MM * max(1.0, float(np.cbrt(np.prod(high - low) / 6e6)))
    grid = _box_grid(low, high, cell)
    f = fitted.shape(_points(grid, pose, anatomy))
    share = ramp(without_curvature(f, (1, 1, 1)) / edge_width(f, (1, 1, 1)))
    volume = float(share.sum(dtype=np.float64)) * grid.voxel_mm3 / 1000
    inside, faces = _faces(share, grid, geometry)
    total = 4 / 3 * np.pi * float(np.prod(o.radii_mm)) / 1000 if o.spleen == "ellipsoid" else volume
    lengthwise = share.max(axis=(1, 2)).sum(dtype=np.float64) * cell
    weights = [share.sum(axis=tuple(k for k in range(3) if k != axis), dtype=np.float64) for axis in range(3)]
    centre = grid.to_lps_mm([float(w @ np.arange(w.size) / w.sum()) for w in weights])
    if o.spleen == "ellipsoid":
        lengthwise, diameter = 2 * o.radii_mm[2], 2 * max(o.radii_mm[:2])
    else:
        diameter = _axial_diameter(share > 0.5, cell)
    return Truth(
        sv_ml=float(total),
        sv_in_scan_ml=float(inside * total),
        complete=not faces,
        cut_faces=faces,
        craniocaudal_mm=float(lengthwise),
        axial_diameter_mm=float(diameter),
        centroid_lps_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        accessory_ml=float(o.accessory_ml or 0.0) if accessory else 0.0,
        spleen_hu=anatomy.hu["spleen"],
        phase=str(o.phase),
        thickness_mm=thickness,
        options=o,
    )


def _faces(share: Field, grid: Geometry, scan: Geometry) -> tuple[float, tuple[str, ...]]:
    """The part of the spleen inside the scan, and the names of the faces that cut it."""
    points = np.argwhere(share > 0)
    weight = share[tuple(points.T)].astype(np.float64)
    index = scan.to_index(grid.to_lps_mm(points))
    inside = np.ones(len(points), bool)
    faces = []
    names = {0: ("superior", "inferior"), 1: ("posterior", "anterior"), 2: ("left", "right")}
    component = {0: 2, 1: 1, 2: 0}
    for axis in range(3):
        upwards = scan.direction[axis][component[axis]] > 0
        for beyond, towards in (
            (index[:, axis] > scan.shape[axis] - 0.5, upwards),
            (index[:, axis] < -0.5, not upwards),
        ):
            inside &= ~beyond
            if weight[beyond].sum() * grid.voxel_mm3 > 20.0:
                faces.append(names[axis][0 if towards else 1])
    return float(weight[inside].sum() / weight.sum()), tuple(sorted(faces))


def _axial_diameter(inside: npt.NDArray[np.bool_], cell_mm: float) -> float:
    """The largest distance within one level of the shape."""
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    best = 0.0
    for plane in inside:
        points = np.argwhere(plane)
        if len(points) > 8 and np.ptp(points, axis=0).min() > 1:
            hull = points[ConvexHull(points).vertices]
            best = max(best, float(pdist(hull).max()) + 1.0)
    return best * cell_mm
