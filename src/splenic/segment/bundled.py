"""The bundled networks: find the spleen on the whole scan, then outline it where it was found."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Box, Geometry, box_around
from splenic.ct.types import Finding, ScanInfo, Volume
from splenic.errors import InputError
from splenic.models.bundle import Bundle, load
from splenic.models.plan import Stage
from splenic.segment.cleanup import Part, components, one_spleen
from splenic.segment.resample import (
    Float32,
    WorkingGrid,
    frame_of,
    from_working,
    recentre,
    to_working,
    working_grid,
)
from splenic.segment.runtime import Network, open_network
from splenic.segment.tiles import sliding
from splenic.segment.types import Segmentation

AIR_HU = -1024.0
BODY_HU = -350.0
# The mirrored scan must hold this many times more spleen than the scan as it is, to be called mirrored.
MIRROR_RATIO = 4.0
# Where the locator only suspects a spleen (peak under 0.5), the outlining network must be sure of it: mean
# probability in its mask. Half spleens at the end of real scans reach 0.89, muscle of thighs under 0.80.
CERTAIN = 0.85
# Candidates tried with the outlining network before a scan is said to hold no spleen.
CANDIDATES = 3


@dataclass
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class _Outline:
    """The outlining network's answers around one candidate, each pass on its own working grid."""

    grids: tuple[WorkingGrid, ...]
    passes: tuple[Float32, ...]
    volume_ml: float
    certainty: float

    @property
    def grid(self) -> WorkingGrid:
        """The grid of the first pass."""
        return self.grids[0]

    @property
    def probability(self) -> Float32:
        """The first pass."""
        return self.passes[0]


def _sigmoid(logits: Float32) -> Float32:
    return (1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)


def _normalise(hu: Float32, stage: Stage) -> Float32:
    low, high = stage.window_hu
    scaled: Float32 = (np.clip(hu, low, high) - low) * np.float32(2 / (high - low)) - np.float32(1)
    return scaled


def _body_box(hu: Float32) -> Box:
    """Where the patient is, in cells; the whole grid if nothing is denser than fat."""
    dense = hu > BODY_HU
    # A row or column belongs to the body if it is dense for more than a couch's thin shell.
    needed = max(2, dense.shape[0] // 10)
    rows = np.flatnonzero(dense.any(axis=2).sum(axis=0) >= needed)
    columns = np.flatnonzero(dense.any(axis=1).sum(axis=0) >= needed)
    if rows.size == 0 or columns.size == 0:
        return (slice(0, hu.shape[0]), slice(0, hu.shape[1]), slice(0, hu.shape[2]))
    return (
        slice(0, hu.shape[0]),
        slice(int(rows[0]), int(rows[-1]) + 1),
        slice(int(columns[0]), int(columns[-1]) + 1),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A box of the working frame, in mm, that may hold the spleen; ``volume_ml`` as the locator saw it.

    ``suspected`` is true where the locator itself would rather have said no.
    """

    volume_ml: float
    suspected: bool
    low_mm: tuple[float, float, float]
    high_mm: tuple[float, float, float]


class BundleEngine:
    """An engine made of a bundle's networks."""

    name = "bundle"

    def __init__(self, bundle: Bundle, device: str = "cpu", threads: int | None = None) -> None:
        self._bundle = bundle
        self._plan = bundle.plan
        stages = {stage.role: stage for stage in self._plan.stages}
        self._outline_stage = stages["outline"]
        self._locate_stage = stages.get("locate")
        self._networks: dict[str, Network] = {
            stage.role: open_network(bundle.folder, stage, device, threads) for stage in self._plan.stages
        }

    @classmethod
    def open(
        cls, which: str | Path | None = None, *, threads: int | None = None, device: str = "cpu"
    ) -> BundleEngine:
        """The engine of a bundle: the shipped one by default.

        Parameters
        ----------
        which : str or Path, optional
            Name of a shipped bundle, or a bundle's folder.
        threads : int, optional
            Threads on the CPU.
        device : {"cpu", "cuda"}

        Raises
        ------
        UsageError, EngineError
            If there is no such bundle or device, or it cannot be used.
        """
        return cls(load(which), device, threads)

    def segment(self, volume: Volume, info: ScanInfo | None = None) -> Segmentation:
        """Find and outline the spleen; see :class:`splenic.segment.types.Engine`."""
        clock = _Clock()
        try:
            whole = working_grid(volume.geometry, self._outline_stage.spacing_mm)
        except ValueError as error:
            raise InputError("non-axial", f"the scan's {error}", "choose an axial series") from error
        findings: list[Finding] = []
        best: _Outline | None = None
        for candidate in self._candidates(volume, clock, findings):
            outline = self._outline(volume, whole, candidate, clock)
            if candidate.suspected and outline.certainty < CERTAIN:
                continue
            if best is None or outline.volume_ml > best.volume_ml:
                best = outline
            if outline.volume_ml >= 0.5 * candidate.volume_ml:
                break
        if best is None or best.volume_ml < self._plan.post_processing.smallest_spleen_ml:
            if not findings:
                findings.append(Finding("no-spleen-found", "no spleen was found on this scan"))
            return self._empty(volume.geometry, findings, clock)
        return self._finish(volume, best, findings, clock)

    # -- finding ------------------------------------------------------------------------------

    def _candidates(self, volume: Volume, clock: _Clock, findings: list[Finding]) -> tuple[_Place, ...]:
        """Places that may hold the spleen, heaviest first, in millimetres of the working frame."""
        stage = self._locate_stage
        if stage is None:
            grid = working_grid(volume.geometry, self._outline_stage.spacing_mm)
            return (_place(0.0, False, (0, 0, 0), grid.shape, grid),)
        grid = working_grid(volume.geometry, stage.spacing_mm)
        with clock.stage("resample"):
            hu = to_working(volume.hu, volume.geometry, grid, AIR_HU)
        with clock.stage("coarse"):
            box = _body_box(hu)
            values = _normalise(hu[box], stage)
            found, mirrored = self._locate((values, np.ascontiguousarray(values[:, :, ::-1])), stage)
        here, there = (c[0].mass_ml if c else 0.0 for c in (found, mirrored))
        if there >= 20.0 and there > MIRROR_RATIO * here:
            findings.append(
                Finding(
                    "anatomy-mirrored",
                    "the spleen lies on the patient's right: the images are mirrored, or the organs are "
                    "(situs inversus); export the series again, or have a reader confirm it",
                    gate=True,
                )
            )
            return ()
        shift = np.array([s.start for s in box])
        return tuple(
            _place(c.volume_ml, c.peak < 0.5, c.low + shift, c.high + shift, grid) for c in found[:CANDIDATES]
        )

    def _locate(self, arrays: Sequence[Float32], stage: Stage) -> list[tuple[Part, ...]]:
        """Parts of each array that may be spleen, heaviest first."""
        post = self._plan.post_processing
        voxel_ml = float(np.prod(stage.spacing_mm)) / 1000
        found = []
        for logits in sliding(arrays, stage.patch, stage.overlap, -1.0, self._networks["locate"]):
            parts = components(_sigmoid(logits), post.locate_threshold, voxel_ml, post.smallest_candidate_ml)[
                1
            ]
            # A spleen may be large or wander, but its centre of mass stays on the left of the body's middle.
            middle = (logits.shape[2] - 1) / 2
            found.append(tuple(part for part in parts if part.centre[2] > middle))
        return found

    # -- outlining ----------------------------------------------------------------------------

    def _outline(self, volume: Volume, whole: WorkingGrid, place: _Place, clock: _Clock) -> _Outline:
        """Run the outlining network around a place; widen the crop while the spleen reaches its rim."""
        stage = self._outline_stage
        margin = self._plan.post_processing.margin_mm
        low = np.asarray(place.low_mm, float) - margin
        high = np.asarray(place.high_mm, float) + margin
        for _ in range(4):
            grid = _crop_grid(whole, low, high, stage.patch)
            outline = self._outline_crop(volume, grid, clock)
            faces = _rim_contact(outline, whole, self._plan.post_processing.threshold)
            if not faces.any():
                break
            low = np.where(faces[:, 0], low - 60.0, low)
            high = np.where(faces[:, 1], high + 60.0, high)
        return outline

    def _outline_crop(self, volume: Volume, grid: WorkingGrid, clock: _Clock) -> _Outline:
        """Both passes on one crop; the first alone says where the spleen ends."""
        stage = self._outline_stage
        grids = [grid]
        if stage.shifted_pass:
            z, y, x = (s + d / 2 for s, d in zip(grid.start_mm, grid.spacing_mm, strict=True))
            grids.append(WorkingGrid(grid.shape, grid.spacing_mm, (z, y, x)))
        with clock.stage("resample"):
            arrays = [_normalise(to_working(volume.hu, volume.geometry, one, AIR_HU), stage) for one in grids]
        with clock.stage("fine"):
            answers = sliding(arrays, stage.patch, stage.overlap, -1.0, self._networks["outline"])
            passes = tuple(_sigmoid(logits) for logits in answers)
        voxel_ml = float(np.prod(stage.spacing_mm)) / 1000
        parts = components(passes[0], self._plan.post_processing.threshold, voxel_ml, 0.0)[1]
        if not parts:
            return _Outline(tuple(grids), passes, 0.0, 0.0)
        return _Outline(tuple(grids), passes, parts[0].volume_ml, parts[0].mass_ml / parts[0].volume_ml)

    # -- back to the scan ---------------------------------------------------------------------

    def _finish(
        self, volume: Volume, outline: _Outline, findings: list[Finding], clock: _Clock
    ) -> Segmentation:
        """Average the passes on the scan's own voxels, and clean the mask."""
        geometry = volume.geometry
        threshold = self._plan.post_processing.threshold
        with clock.stage("resample"):
            box = _native_box(geometry, outline)
            crop = geometry.crop(box)
            origin = (box[0].start, box[1].start, box[2].start)
            answers = [
                from_working(values, recentre(geometry, origin, grid), crop)
                for values, grid in zip(outline.passes, outline.grids, strict=True)
            ]
        with clock.stage("clean"):
            disagreement = None
            probability = answers[0]
            if len(answers) == 2:
                disagreement = _disagreement(answers[0], answers[1], threshold)
                probability = (answers[0] + answers[1]) * np.float32(0.5)
            mask = one_spleen(probability, threshold, None)
        return Segmentation(
            geometry,
            box,
            probability,
            mask,
            tuple(findings),
            self.name,
            self._plan.name,
            self._plan.version,
            self._bundle.digest,
            clock.seconds,
            disagreement,
        )

    def _empty(self, geometry: Geometry, findings: list[Finding], clock: _Clock) -> Segmentation:
        nothing = slice(0, 0)
        return Segmentation(
            geometry,
            (nothing, nothing, nothing),
            np.zeros((0, 0, 0), np.float32),
            np.zeros((0, 0, 0), bool),
            tuple(findings),
            self.name,
            self._plan.name,
            self._plan.version,
            self._bundle.digest,
            clock.seconds,
        )


def _disagreement(first: Float32, second: Float32, threshold: float) -> float:
    """Mean absolute difference of two probabilities where either says spleen, 0..1."""
    union = (first >= threshold) | (second >= threshold)
    return float(np.abs(first - second)[union].mean()) if union.any() else 0.0


def _place(
    volume_ml: float, suspected: bool, low: npt.ArrayLike, high: npt.ArrayLike, grid: WorkingGrid
) -> _Place:
    """The outer edges, in mm, of the cells ``low … high`` (high excluded) of a grid."""
    ends = [
        np.asarray(grid.start_mm) + (np.asarray(cells, float) - 0.5) * grid.spacing_mm
        for cells in (low, high)
    ]
    (a, b, c), (d, e, f) = (tuple(float(v) for v in end) for end in ends)
    return _Place(volume_ml, suspected, (a, b, c), (d, e, f))


def _crop_grid(
    whole: WorkingGrid,
    low_mm: npt.NDArray[np.float64],
    high_mm: npt.NDArray[np.float64],
    patch: tuple[int, int, int],
) -> WorkingGrid:
    """Cells of the whole grid that cover a box, at least one patch wide, centred on it."""
    starts, shape = [], []
    for axis in range(3):
        spacing, start = whole.spacing_mm[axis], whole.start_mm[axis]
        first = int(np.floor((low_mm[axis] - start) / spacing))
        last = int(np.ceil((high_mm[axis] - start) / spacing))
        lack = patch[axis] - (last - first + 1)
        if lack > 0:
            first, last = first - lack // 2, last + (lack - lack // 2)
        starts.append(first)
        shape.append(last - first + 1)
    return whole.crop(tuple(starts), tuple(shape))  # type: ignore[arg-type]


def _rim_contact(outline: _Outline, whole: WorkingGrid, threshold: float) -> npt.NDArray[np.bool_]:
    """For each axis and end: does the outline reach the crop's rim where the scan goes on?"""
    contact = np.zeros((3, 2), bool)
    solid = outline.probability >= threshold
    for axis in range(3):
        first = np.take(solid, 0, axis).any()
        last = np.take(solid, -1, axis).any()
        ends = outline.grid.axis_mm(axis)[[0, -1]]
        scan = whole.axis_mm(axis)[[0, -1]]
        contact[axis] = (first and ends[0] > scan[0] + 1e-6, last and ends[1] < scan[1] - 1e-6)
    return contact


def _native_box(geometry: Geometry, outline: _Outline) -> Box:
    """The part of the scan's array that holds every cell with some probability of spleen."""
    frame = frame_of(geometry)
    cells = box_around(outline.probability > 0.02)
    assert cells is not None  # a spleen was found
    box = []
    for axis, part in enumerate(cells):
        ends = outline.grid.axis_mm(axis)[[part.start, part.stop - 1]]
        low, high = ends[0] - outline.grid.spacing_mm[axis], ends[1] + outline.grid.spacing_mm[axis]
        shift = [frame.shear_mm[axis - 1] * k for k in (0, geometry.shape[0] - 1)] if axis else [0.0]
        index = [(edge - s) / frame.signed_mm[axis] for edge in (low, high) for s in shift]
        first = max(0, int(np.floor(min(index))))
        last = min(geometry.shape[axis] - 1, int(np.ceil(max(index))))
        box.append(slice(first, last + 1))
    return (box[0], box[1], box[2])
