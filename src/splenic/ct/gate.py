"""The geometry gate: may these slices be taken for one volume, and on which grid?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.ct.geometry import Geometry, Vector
from splenic.ct.headers import Frame
from splenic.ct.split import (
    MIN_COVERAGE_MM,
    MIN_SLICES,
    Stack,
    has_place,
    normal_of,
    projections_mm,
    tolerance_mm,
)
from splenic.ct.types import Finding

LOSSY_8_BIT_SYNTAX = "1.2.840.10008.1.2.4.50"
_HU_TYPES = {"", "HU", "HU_MOD", "US"}
_MAX_OBLIQUE_DEG = 35.0
_MAX_GAPS_SHARE = 0.2
# A lean that moves no corner of the whole stack further than this is rounding in the headers.
_LEAN_MM = 0.1


@dataclass(frozen=True, slots=True)
class Gated:
    """What the gate says: the slices in order (None: to be interpolated), their grid, and the findings."""

    frames: tuple[Frame | None, ...]
    geometry: Geometry | None
    findings: tuple[Finding, ...]


def gate(stack: Stack, *, interpolate_gap: bool = False) -> Gated:
    """Judge a stack by the positions of all its slices and by what its headers say of its pixels.

    Parameters
    ----------
    stack : Stack
        Frames of one grid, see :func:`splenic.ct.split.split_series`.
    interpolate_gap : bool
        Fill one missing slice from its neighbours instead of refusing.
    """
    findings = [*stack.findings, *_pixel_findings(stack.frames)]
    if not all(has_place(frame) for frame in stack.frames):
        if stack.frames[0].file.info.modality == "CT":
            findings.append(_no_place(stack.frames[0]))
        return Gated(stack.frames, None, tuple(findings))
    distance = projections_mm(stack.frames)
    order = np.argsort(distance, kind="stable")
    frames = tuple(stack.frames[i] for i in order)
    findings += _extent_findings(frames, distance[order]) + _orientation_findings(frames[0])
    if len(frames) < 2:
        return Gated(frames, None, tuple(findings))
    spacing, missing, faults = _spacing(frames, distance[order])
    filled: tuple[Frame | None, ...] = frames
    if len(missing) == 1 and interpolate_gap and not faults:
        filled = (*frames[: missing[0]], None, *frames[missing[0] :])
        findings.append(
            Finding(
                "gap-interpolated", f"slice {missing[0]} was missing and was interpolated from its neighbours"
            )
        )
    elif missing:
        findings.append(_missing(frames, distance[order], spacing, len(missing)))
    findings += faults
    if faults or (missing and filled is frames):
        return Gated(filled, None, tuple(findings))
    geometry, more = _grid(filled)
    return Gated(filled, geometry, (*findings, *more))


def _pixel_findings(frames: Sequence[Frame]) -> list[Finding]:
    """What the headers say against the pixels being HU of a CT."""
    first, count, found = frames[0], len(frames), []
    modality = first.file.info.modality
    if modality != "CT":
        found.append(
            Finding(
                "wrong-modality", f"is {modality or 'of no modality'}, not CT; give a CT series", gate=True
            )
        )
        return found
    for status, code, what in (
        ("absent", "no-pixel-data", "have no pixel data"),
        ("short", "pixel-data-short", "end in the middle of their pixel data"),
    ):
        number = sum(f.file.pixels == status for f in frames)
        if number:
            one = next(f for f in frames if f.file.pixels == status).file.source
            found.append(
                Finding(
                    code,
                    f"{number} of {count} slices {what} (first: {one}); copy or export the series again",
                    gate=True,
                )
            )
    lacking = sum(f.slope is None or f.intercept is None or f.slope == 0 for f in frames)
    if lacking:
        found.append(
            Finding(
                "rescale-missing",
                f"{lacking} of {count} slices lack RescaleSlope or RescaleIntercept, so "
                "their HU are unknown; export the original series",
                gate=True,
            )
        )
    kinds = {f.rescale_type for f in frames} - _HU_TYPES
    if kinds:
        found.append(
            Finding(
                "not-hu",
                f"its values are {', '.join(sorted(kinds))}, not HU; give the original CT series",
                gate=True,
            )
        )
    if any(f.file.info.transfer_syntax_uid == LOSSY_8_BIT_SYNTAX or f.file.bits_stored <= 8 for f in frames):
        found.append(
            Finding(
                "lossy-8-bit",
                "is stored with 8 bits a pixel, so its HU are lost; export the original series",
                gate=True,
            )
        )
    elif any(f.file.lossy for f in frames):
        found.append(Finding("lossy-compressed", "was compressed with loss; its HU are approximate"))
    return found + _padding_findings(frames)


def _padding_findings(frames: Sequence[Frame]) -> list[Finding]:
    for frame in frames:
        if frame.file.padding is not None and frame.slope and frame.intercept is not None:
            padding_hu = frame.file.padding * frame.slope + frame.intercept
            if padding_hu < -1024:
                return [
                    Finding(
                        "padding-clipped",
                        f"values under -1024 HU (padding {padding_hu:.0f} HU outside the "
                        "circle) are read as -1024 HU",
                    )
                ]
    return []


def _extent_findings(frames: Sequence[Frame], distance: npt.NDArray[np.float64]) -> list[Finding]:
    thickness = frames[0].thickness_mm or 0.0
    covered = float(distance[-1] - distance[0]) + (
        thickness if len(frames) < 2 else distance[1] - distance[0]
    )
    if len(frames) >= MIN_SLICES and covered >= MIN_COVERAGE_MM:
        return []
    return [
        Finding(
            "too-few-slices",
            f"has {len(frames)} slice(s) over {covered:.0f} mm, too few for a volume; give the whole series",
            gate=True,
        )
    ]


def _no_place(frame: Frame) -> Finding:
    if frame.position_mm and frame.orientation and frame.pixel_mm:
        return Finding(
            "bad-orientation",
            "ImageOrientationPatient holds no two perpendicular unit vectors; export it again",
            gate=True,
        )
    return Finding("no-position", "its slices do not say where they lie; export it again", gate=True)


def _orientation_findings(frame: Frame) -> list[Finding]:
    assert frame.orientation
    normal = normal_of(frame.orientation)
    angle = float(np.degrees(np.arccos(min(1.0, abs(normal[2])))))
    if angle > _MAX_OBLIQUE_DEG:
        kind = ("sagittal", "coronal", "oblique")[2 if angle < 60 else int(np.argmax(np.abs(normal[:2])))]
        return [
            Finding(
                "non-axial",
                f"is {kind} (its slices lie {angle:.0f}° from axial); give the axial series",
                gate=True,
            )
        ]
    found = []
    if turned := _position_conflict(frame, normal):
        found.append(turned)
    return found


def _position_conflict(frame: Frame, normal: npt.NDArray[np.float64]) -> Finding | None:
    """Name a PatientPosition that contradicts the orientation, or slices seen from the head.

    A CT as acquired runs along the table with rows left to right of a viewer at the feet, so that supine
    slices have +L rows and +P columns, prone ones -L and -P (PS3.3, C.7.3.1.1.2). Re-formatted series may
    differ, so this is a note.
    """
    position = frame.file.info.patient_position
    if position not in {"HFS", "FFS", "HFP", "FFP"} or frame.orientation is None:
        return None
    original = frame.image_type[:1] == ("ORIGINAL",)
    if original and normal[2] < 0:
        return Finding(
            "seen-from-head",
            "its slices are stored as seen from the head, unlike a scanner's; left and right may be swapped",
        )
    back_down = frame.orientation[4] > 0.5
    if original and abs(frame.orientation[4]) > 0.5 and back_down != position.endswith("S") and normal[2] > 0:
        return Finding(
            "position-contradicts",
            f"PatientPosition {position} contradicts ImageOrientationPatient; the latter was believed",
        )
    return None


def _spacing(
    frames: Sequence[Frame],
    distance: npt.NDArray[np.float64],
) -> tuple[float, list[int], list[Finding]]:
    """Slice spacing, the indices before which slices are missing (one entry a slice), and gate findings."""
    gaps = np.diff(distance)
    spacing = float(np.median(gaps))
    if spacing <= 0.01:
        return (
            spacing,
            [],
            [
                Finding(
                    "duplicate-slice",
                    "its slices lie at the same place; export each acquisition by itself",
                    gate=True,
                )
            ],
        )
    steps = np.maximum(1, np.rint(gaps / spacing)).astype(int)
    odd = np.abs(gaps - steps * spacing) > tolerance_mm(spacing) * steps
    holes = np.flatnonzero(steps > 1)
    if odd.any() or len(holes) > max(3, _MAX_GAPS_SHARE * len(gaps)):
        sentence = (
            f"slices lie {gaps.min():.2f} to {gaps.max():.2f} mm apart (mostly {spacing:g} mm); export the "
            "series again, each reconstruction by itself"
        )
        return spacing, [], [Finding("uneven-spacing", sentence, gate=True)]
    missing = [int(hole) + 1 for hole in holes for _ in range(steps[hole] - 1)]
    return spacing, missing, []


def _missing(
    frames: Sequence[Frame], distance: npt.NDArray[np.float64], spacing: float, count: int
) -> Finding:
    gaps = np.diff(distance)
    holes = np.flatnonzero(np.rint(gaps / spacing) > 1)
    below, above = frames[holes[0]].position_mm, frames[holes[0] + 1].position_mm
    assert below
    assert above
    at = below[2] + (above[2] - below[2]) * spacing / gaps[holes[0]]
    gap_words = f"{len(holes)} gap{'s' if len(holes) > 1 else ''}"
    what = f"slice at {at:.1f} mm is" if count == 1 else f"{count} slices from {at:.1f} mm on are"
    remedy = "export the series again" + (
        ", or pass --interpolate-gap to fill one slice" if count == 1 else ""
    )
    return Finding(
        "missing-slice", f"{what} missing (spacing {spacing:g} mm, {gap_words}); {remedy}", gate=True
    )


def _grid(frames: Sequence[Frame | None]) -> tuple[Geometry | None, list[Finding]]:
    """Fit origin and slice step to the positions of all slices."""
    known = [(index, frame) for index, frame in enumerate(frames) if frame is not None]
    first = known[0][1]
    assert first.orientation
    assert first.pixel_mm
    index = np.array([i for i, _ in known], float)
    positions = np.array([frame.position_mm for _, frame in known], float)
    fit = np.polynomial.polynomial.polyfit(index, positions, 1)
    origin, step = fit[0], fit[1]
    length = float(np.linalg.norm(step))
    residual = float(np.abs(positions - (origin + index[:, None] * step)).max())
    if length < 0.01 or residual > max(0.5, 0.25 * length):
        return None, [
            Finding(
                "slices-shifted",
                f"slices are shifted against each other by up to {residual:.1f} mm; export the series again",
                gate=True,
            )
        ]
    found = []
    normal = normal_of(first.orientation)
    lean = step - (step @ normal) * normal
    if float(np.linalg.norm(lean)) * (len(frames) - 1) <= _LEAN_MM:
        step, length = (step @ normal) * normal, float(step @ normal)
    else:
        angle = float(np.degrees(np.arctan2(np.linalg.norm(lean), step @ normal)))
        found.append(
            Finding(
                "gantry-tilt",
                f"slices lean {angle:.1f}° against the table's axis; the grid is kept "
                "sheared, and sizes are measured on it exactly",
            )
        )
    thickness = first.thickness_mm
    if thickness and length > 1.5 * thickness:
        found.append(
            Finding(
                "gap-between-slices",
                f"slices of {thickness:g} mm lie {length:g} mm apart; what lies between is not seen",
            )
        )
    rows, columns = first.orientation[:3], first.orientation[3:]
    geometry = Geometry(
        shape=(len(frames), first.file.rows, first.file.columns),
        origin_mm=_vector(origin),
        spacing_mm=(round(length, 6), first.pixel_mm[0], first.pixel_mm[1]),
        direction=(_vector(step / length), _vector(columns), _vector(rows)),
    )
    return geometry, found


def _vector(values: Sequence[float] | npt.NDArray[np.float64]) -> Vector:
    # Rounding to 1e-9 makes equal scans equal whatever order their files came in.
    return (round(float(values[0]), 9), round(float(values[1]), 9), round(float(values[2]), 9))
