"""Inputs → scans: reads every header once, sorts, splits and gates."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from splenic.ct.find import Opener, kind_of, walk
from splenic.ct.gate import Gated, gate
from splenic.ct.headers import DicomFile, Frame, Skipped, lenient, read_header
from splenic.ct.pixels import DicomLoader, digest, raw_digest
from splenic.ct.split import MIN_SLICES, Stack, split_series
from splenic.ct.types import Discovery, Finding, Scan, ScanInfo, Source, name_of
from splenic.errors import InputError

SeriesKey = tuple[str, str, str]


def discover(
    inputs: Sequence[Path],
    *,
    progress: Callable[[int, int], None] | None = None,
    interpolate_gap: bool = False,
) -> Discovery:
    """Find every CT scan in files, folders and zips.

    Parameters
    ----------
    inputs : sequence of Path
        Files, folders or zips; whatever lies there, however it is called.
    progress : callable, optional
        Called with the number of files read and their total.
    interpolate_gap : bool
        Fill one missing slice of a scan from its neighbours instead of refusing the scan.

    Returns
    -------
    Discovery
        Sorted by patient, study and series, so that the order and names of files do not matter.
    """
    sources, faults = walk([Path(path) for path in inputs])
    pile = _Pile(faults=faults)
    with Opener() as opener, lenient():
        for number, source in enumerate(sources, 1):
            try:
                _take(source, opener, pile)
            except InputError as error:
                pile.faults.append(Finding(error.code, str(error), gate=True))
            if progress is not None:
                progress(number, len(sources))
        scans = list(pile.nifti)
        for frames in _series(pile, opener):
            scans += _scans(frames, pile, opener, interpolate_gap)
    scans.sort(key=_order)
    return Discovery(tuple(scans), dict(sorted(pile.skipped.items())), tuple(pile.faults))


@dataclass(slots=True)
class _Pile:
    """What the files hold, before it is sorted."""

    faults: list[Finding]
    files: dict[tuple[str, str, str], list[tuple[Frame, ...]]] = field(default_factory=dict)
    nifti: list[Scan] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    localisers: Counter[str] = field(default_factory=Counter)


def _take(source: Source, opener: Opener, pile: _Pile) -> None:
    from splenic.ct.nifti import scan_of

    with opener.open(source) as stream:
        kind = kind_of(source, stream)
        if kind == "other":
            pile.skipped["not DICOM"] += 1
        elif kind == "nifti":
            scan = _long_enough(scan_of(source, stream))
            if any(scan.identity == other.identity and scan.info == other.info for other in pile.nifti):
                pile.skipped["duplicate file"] += 1
            else:
                pile.nifti.append(scan)
        else:
            frames = read_header(source, stream)
            if isinstance(frames, Skipped):
                pile.skipped[frames.reason] += 1
                pile.localisers[frames.series_uid] += frames.reason == "localiser"
            else:
                info = frames[0].file.info
                key = (frames[0].file.sop_uid, info.patient_id, info.series_uid)
                pile.files.setdefault(key, []).append(frames)


def _long_enough(scan: Scan) -> Scan:
    """A NIfTI scan with the finding that it is too short, if it is."""
    if scan.geometry is None or scan.geometry.shape[0] >= MIN_SLICES:
        return scan
    sentence = (
        f"{scan.sources[0]}: has {scan.geometry.shape[0]} slices, too few for a volume; give the whole scan"
    )
    return replace(scan, findings=(*scan.findings, Finding("too-few-slices", sentence, gate=True)))


def _series(pile: _Pile, opener: Opener) -> Iterable[list[Frame]]:
    """Frames by patient, study and series, each object once."""
    series: dict[SeriesKey, list[Frame]] = {}
    for copies in pile.files.values():
        for frames in _unlike(copies, pile, opener):
            info = frames[0].file.info
            series.setdefault((info.patient_id, info.study_uid, info.series_uid), []).extend(frames)
    for key in sorted(series):
        yield sorted(series[key], key=lambda f: (f.file.sop_uid, f.index, str(f.position_mm)))


def _unlike(copies: list[tuple[Frame, ...]], pile: _Pile, opener: Opener) -> list[tuple[Frame, ...]]:
    """The files under one SOP instance UID that differ; of equal ones the first that is whole is kept."""
    if len(copies) == 1:
        return copies
    copies = sorted(copies, key=lambda one: (one[0].file.pixels != "present", str(one[0].file.source)))
    kept: list[tuple[Frame, ...]] = []
    for frames in copies:
        if any(_same(frames, other, opener) for other in kept):
            pile.skipped["duplicate file"] += 1
        else:
            kept.append(frames)
    return kept


def _same(frames: tuple[Frame, ...], whole: tuple[Frame, ...], opener: Opener) -> bool:
    """True if a file copies another: equal header, and pixels equal, damaged or otherwise compressed."""
    if [replace(f, file=_unplaced(f.file)) for f in frames] != [
        replace(f, file=_unplaced(f.file)) for f in whole
    ]:
        return False
    if frames[0].file.pixels != "present" or raw_digest(frames[0], opener) == raw_digest(whole[0], opener):
        return True
    return all(digest(a, opener) == digest(b, opener) for a, b in zip(frames, whole, strict=True))


def _unplaced(file: DicomFile) -> DicomFile:
    """A file's record without what copying or damage changes."""
    return replace(
        file, source=Source(Path()), pixels="present", info=replace(file.info, transfer_syntax_uid="")
    )


def _scans(frames: list[Frame], pile: _Pile, opener: Opener, interpolate_gap: bool) -> list[Scan]:
    info = frames[0].file.info
    if info.modality != "CT":
        return [_scan(gate(Stack(tuple(frames))), frames)]
    scans = []
    for stack in split_series(frames, lambda frame: digest(frame, opener)):
        number = pile.localisers[info.series_uid]
        if number:
            stack = stack.noting(
                Finding("localiser-removed", f"{number} localiser image(s) in the series were left out")
            )
        scans.append(_scan(gate(stack, interpolate_gap=interpolate_gap), stack.frames))
    return scans


def _scan(gated: Gated, frames: Sequence[Frame]) -> Scan:
    known = [frame for frame in gated.frames if frame is not None]
    info = info_of(known)
    name = name_of(info)
    findings = tuple(replace(finding, sentence=f"{name}: {finding.sentence}") for finding in gated.findings)
    readable = gated.geometry is not None and info.modality == "CT"
    return Scan(
        info=info,
        geometry=gated.geometry if readable else None,
        findings=findings,
        sources=tuple(dict.fromkeys(frame.file.source for frame in known)),
        identity=identity_of(frames),
        kind="dicom",
        loader=DicomLoader(gated.frames, name) if readable else None,
    )


def info_of(frames: Sequence[Frame]) -> ScanInfo:
    """What the headers say of the scan as a whole: the first slice's values, joined where they differ."""
    first = min(frames, key=lambda frame: (frame.time_s or 0.0, frame.file.sop_uid, frame.index))

    def joined(values: Iterable[str]) -> str:
        return "+".join(sorted(dict.fromkeys(v for v in values if v), key=lambda v: (len(v), v))[:4])

    return replace(
        first.file.info,
        acquisition=joined(frame.acquisition for frame in frames),
        image_type=first.image_type,
        kernel=joined(frame.kernel for frame in frames),
        temporal_position=joined(frame.temporal for frame in frames),
        slice_thickness_mm=first.thickness_mm,
        acquisition_time="" if first.time_s is None else f"{first.time_s:.3f}",
    )


def identity_of(frames: Iterable[Frame]) -> str:
    """SHA-256 (hex) of what the frames are (UIDs, places, rescale), whatever the files are called."""
    lines = sorted(
        f"{f.file.sop_uid} {f.index} {f.position_mm} {f.orientation} {f.pixel_mm} {f.slope} {f.intercept} "
        f"{f.file.rows} {f.file.columns} {f.file.pixels}"
        for f in frames
    )
    patient = next(iter(frames)).file.info.patient_id
    return hashlib.sha256("\n".join([patient, *lines]).encode()).hexdigest()


def _order(scan: Scan) -> tuple[str, str, str, int, str, str, str]:
    info = scan.info
    number = int(info.series_number) if info.series_number.lstrip("-").isdigit() else 0
    return (
        info.patient_id,
        info.study_date,
        info.study_uid,
        number,
        info.series_uid,
        info.acquisition,
        scan.identity,
    )
