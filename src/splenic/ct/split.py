"""Series → scans: takes apart what one SeriesInstanceUID merges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.ct.headers import Frame
from splenic.ct.types import Finding

MIN_SLICES = 5
MIN_COVERAGE_MM = 25.0
# Below this a piece of a regular stack is one turn of a step-and-shoot scan, not a sweep of its own.
_SWEEP_MM = 50.0
_ORIENTATION_TOLERANCE = 2e-3
_PIXEL_TOLERANCE_MM = 1e-3


@dataclass(frozen=True, slots=True)
class Stack:
    """The frames that should form one volume, in slice order where that is known, and what was noticed."""

    frames: tuple[Frame, ...]
    findings: tuple[Finding, ...] = ()

    def noting(self, *findings: Finding) -> Stack:
        """The same stack with more findings."""
        return Stack(self.frames, self.findings + findings)


def normal_of(orientation: Sequence[float]) -> npt.NDArray[np.float64]:
    """Unit normal (3,) of a slice plane: rows' direction × columns' direction (PS3.3, C.7.6.2.1.1)."""
    normal = np.cross(orientation[:3], orientation[3:])
    unit: npt.NDArray[np.float64] = normal / max(float(np.linalg.norm(normal)), 1e-9)
    return unit


def has_place(frame: Frame) -> bool:
    """True if the header says where the slice lies, with two perpendicular unit vectors."""
    if frame.position_mm is None or frame.orientation is None or frame.pixel_mm is None:
        return False
    rows, columns = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
    faults = (np.linalg.norm(rows) - 1, np.linalg.norm(columns) - 1, rows @ columns)
    return bool(np.abs(faults).max() < 0.01)


def projections_mm(frames: Sequence[Frame]) -> npt.NDArray[np.float64]:
    """Distance (n,) of each slice plane along the normal of the first."""
    first = frames[0]
    assert first.orientation is not None
    positions = np.array([frame.position_mm for frame in frames], float)
    distances: npt.NDArray[np.float64] = positions @ normal_of(first.orientation)
    return distances


def split_series(frames: Sequence[Frame], digest: Callable[[Frame], str]) -> list[Stack]:
    """Take a series apart into the stacks that it merges.

    Parameters
    ----------
    frames : sequence of Frame
        All frames of one patient, study and series.
    digest : callable
        Digest of a frame's pixel data; called only for frames that lie at the same place.

    Returns
    -------
    list of Stack
        Largest first. A piece too small for a scan of its own that spoils a larger one stays named there.
    """
    placed = [frame for frame in frames if has_place(frame)]
    if not placed:
        return [Stack(tuple(frames))]
    stacks = []
    for group, notes in _by_grid(placed):
        pieces = [Stack(tuple(group), notes)]
        for key, code, what in _KEYS:
            pieces = [new for piece in pieces for new in _split_by(piece, key, code, what)]
        for piece in pieces:
            stacks.extend(_split_copies(piece, digest))
    stacks.sort(key=lambda stack: (-len(stack.frames), stack.frames[0].file.sop_uid, stack.frames[0].index))
    if len(placed) < len(frames):
        sentence = (
            f"{len(frames) - len(placed)} of {len(frames)} slices do not say where they lie; export again"
        )
        stacks[0] = stacks[0].noting(Finding("no-position", sentence, gate=True))
    return stacks


_KEYS: tuple[tuple[Callable[[Frame], Hashable], str, str], ...] = (
    (lambda f: f.file.info.frame_of_reference_uid, "mixed-frame-of-reference", "frames of reference"),
    (lambda f: f.kernel, "mixed-kernel", "kernels"),
    (lambda f: f.image_type, "mixed-image-type", "image types"),
    (lambda f: f.file.info.kvp, "mixed-kvp", "tube voltages"),
    (lambda f: f.thickness_mm, "mixed-thickness", "slice thicknesses"),
    (lambda f: f.temporal, "mixed-temporal-position", "temporal positions"),
    (lambda f: f.stack, "stacks-joined", "stack numbers"),
    (lambda f: f.acquisition, "acquisitions-joined", "acquisition numbers"),
)


def _same_grid(a: Frame, b: Frame) -> bool:
    assert a.orientation
    assert b.orientation
    assert a.pixel_mm
    assert b.pixel_mm
    return (
        (a.file.rows, a.file.columns) == (b.file.rows, b.file.columns)
        and max(abs(x - y) for x, y in zip(a.pixel_mm, b.pixel_mm, strict=True)) < _PIXEL_TOLERANCE_MM
        and max(abs(x - y) for x, y in zip(a.orientation, b.orientation, strict=True))
        < _ORIENTATION_TOLERANCE
    )


def _by_grid(frames: Sequence[Frame]) -> list[tuple[list[Frame], tuple[Finding, ...]]]:
    """Group by orientation, matrix and pixel size; small groups are taken out or spoil the largest."""
    groups: list[list[Frame]] = []
    for frame in frames:
        home = next((group for group in groups if _same_grid(group[0], frame)), None)
        if home is None:
            groups.append([frame])
        else:
            home.append(frame)
    groups.sort(key=len, reverse=True)
    main, rest = groups[0], groups[1:]
    notes: list[Finding] = []
    kept: list[list[Frame]] = []
    for group in rest:
        if len(group) >= MIN_SLICES or len(main) < MIN_SLICES:
            kept.append(group)
        elif _is_scout(group, main):
            notes.append(
                Finding("localiser-removed", f"{len(group)} localiser image(s) in the series were left out")
            )
        else:
            notes.append(_mixed(group, main))
    return [(main, tuple(notes)), *[(group, ()) for group in kept]]


def _is_scout(group: Sequence[Frame], main: Sequence[Frame]) -> bool:
    """A few images across the slices, beside a stack that has no hole where they were."""
    assert group[0].orientation
    assert main[0].orientation
    across = abs(float(normal_of(group[0].orientation) @ normal_of(main[0].orientation))) < 0.5
    alike = (group[0].file.rows, group[0].file.columns, group[0].image_type) == (
        main[0].file.rows,
        main[0].file.columns,
        main[0].image_type,
    )
    return across and not alike and is_regular(main)


def _mixed(group: Sequence[Frame], main: Sequence[Frame]) -> Finding:
    first, other = main[0], group[0]
    assert first.position_mm
    assert other.position_mm
    where = ", ".join(f"{f.position_mm[2]:.1f} mm" for f in group if f.position_mm)
    if (first.file.rows, first.file.columns) != (other.file.rows, other.file.columns):
        return Finding(
            "mixed-matrix",
            f"slice at {where} has {other.file.rows} × {other.file.columns} pixels, the "
            f"others {first.file.rows} × {first.file.columns}; export the series again",
            gate=True,
        )
    if (
        first.pixel_mm != other.pixel_mm
        and first.pixel_mm
        and other.pixel_mm
        and max(abs(a - b) for a, b in zip(first.pixel_mm, other.pixel_mm, strict=True))
        >= _PIXEL_TOLERANCE_MM
    ):
        return Finding(
            "mixed-pixel-spacing",
            f"slice at {where} has pixels of {other.pixel_mm[0]:g} mm, the others "
            f"{first.pixel_mm[0]:g} mm; export the series again",
            gate=True,
        )
    return Finding(
        "mixed-orientation",
        f"slice at {where} is turned against the others; export the series again",
        gate=True,
    )


def tolerance_mm(spacing_mm: float) -> float:
    """How far a slice may lie from where it should: positions are often written with one decimal."""
    return max(0.05 * spacing_mm, 0.11)


def is_regular(frames: Sequence[Frame], max_steps: int = 1) -> bool:
    """True if the slices form one stack with one spacing and no two at the same place.

    With ``max_steps`` of 3, two slices may be missing at a place.
    """
    if len(frames) < 3:
        return False
    gaps = np.diff(np.sort(projections_mm(frames)))
    middle = float(np.median(gaps))
    if middle <= 0.01:
        return False
    steps = np.rint(gaps / middle)
    even = np.abs(gaps - steps * middle) <= tolerance_mm(middle) * steps
    return bool(np.all(even & (steps >= 1) & (steps <= max_steps)))


def _split_by(stack: Stack, key: Callable[[Frame], Hashable], code: str, what: str) -> list[Stack]:
    """Split where a header value differs, unless the pieces only make sense together.

    They do if all of them form one stack, and either one is too short for a sweep or one has holes that the
    others fill: then the value merely changes along the scan.
    """
    groups: dict[Hashable, list[Frame]] = {}
    for frame in stack.frames:
        groups.setdefault(key(frame), []).append(frame)
    if len(groups) < 2:
        return [stack]
    shortest = min(float(np.ptp(projections_mm(group))) for group in groups.values())
    dependent = shortest < _SWEEP_MM or not all(is_regular(group) for group in groups.values())
    if dependent and is_regular(stack.frames, max_steps=3):
        note = Finding(code, f"{len(groups)} {what} form one stack and were kept together")
        return [stack.noting(note)]
    return [Stack(tuple(group), stack.findings) for group in groups.values()]


def places(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Frames grouped by slice place, in the order of increasing projection on the normal."""
    distance = projections_mm(frames)
    order = np.argsort(distance, kind="stable")
    gaps = np.diff(distance[order])
    real = gaps[gaps > 0.01]
    same_mm = 0.05 * float(np.median(real)) if real.size else 0.01
    groups: list[list[Frame]] = []
    for rank, index in enumerate(order):
        if rank and gaps[rank - 1] <= same_mm:
            groups[-1].append(frames[index])
        else:
            groups.append([frames[index]])
    return groups


def _split_copies(stack: Stack, digest: Callable[[Frame], str]) -> list[Stack]:
    """Drop slices that lie at one place with equal pixels; tell sweeps apart that share all header values."""
    groups = places(stack.frames)
    if max(len(group) for group in groups) == 1:
        return [Stack(tuple(group[0] for group in groups), stack.findings)]
    dropped = 0
    for group in groups:
        group.sort(
            key=lambda f: (f.time_s or 0.0, f.content_time_s or 0.0, f.file.instance, f.index, f.file.sop_uid)
        )
        seen: dict[str, Frame] = {}
        for frame in group if len(group) > 1 else ():
            seen.setdefault(digest(frame), frame)
        if len(group) > 1:
            dropped += len(group) - len(seen)
            group[:] = seen.values()
    if dropped:
        stack = stack.noting(
            Finding(
                "duplicate-slice",
                f"{dropped} slice(s) lie twice in the series with equal pixels; one of each was kept",
            )
        )
    counts = Counter(len(group) for group in groups)
    if len(counts) == 1:
        copies = next(iter(counts))
        sweeps = [tuple(group[copy] for group in groups) for copy in range(copies)]
        if copies > 1:
            note = Finding(
                "sweeps-separated", f"{copies} slices lie at every place; they were separated by time"
            )
            return [Stack(sweep, (*stack.findings, note)) for sweep in sweeps]
        return [Stack(sweeps[0], stack.findings)]
    twice = [group[0].position_mm for group in groups if len(group) > 1]
    where = ", ".join(f"{position[2]:.1f}" for position in twice[:3] if position)
    more = "" if len(twice) <= 3 else f" and {len(twice) - 3} more places"
    sentence = f"different slices lie at the same place ({where} mm{more}); export each acquisition by itself"
    frames = tuple(group[0] for group in groups)
    return [Stack(frames, (*stack.findings, Finding("duplicate-slice", sentence, gate=True)))]
