"""The choice of one scan for a patient and study, by a written rule."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from splenic.ct.kernel import sharpness
from splenic.ct.phase import phase_of_tags
from splenic.ct.types import Candidate, Choice, Finding, Phase, Scan
from splenic.errors import InputError


def group_cases(scans: Sequence[Scan]) -> tuple[tuple[Scan, ...], ...]:
    """Group scans by patient and study; each NIfTI file is a case of its own.

    Where patients share one StudyInstanceUID, their scans carry the finding ``study-uid-shared``.
    """
    patients: dict[str, set[str]] = {}
    groups: dict[tuple[str, str], list[Scan]] = {}
    for scan in scans:
        patient = scan.info.patient_id or scan.info.patient_name
        study = scan.info.study_uid or scan.info.study_date
        if scan.kind == "dicom":
            patients.setdefault(study, set()).add(patient)
            groups.setdefault((patient, study), []).append(scan)
        else:
            groups.setdefault((patient, f"nifti {scan.identity} {scan.sources[0]}"), []).append(scan)
    return tuple(
        tuple(_noting(scan, len(patients.get(study, ()))) for scan in group)
        for (_, study), group in groups.items()
    )


def _noting(scan: Scan, patients: int) -> Scan:
    if patients < 2 or not scan.info.study_uid:
        return scan
    sentence = (
        f"{scan.name}: {patients} patients share its StudyInstanceUID; each was taken by itself; check "
        "the export"
    )
    return replace(scan, findings=(*scan.findings, Finding("study-uid-shared", sentence)))


_PHASE_RANK = {"portal-venous": 4, "late": 3, "arterial": 2, "unknown": 1, "unenhanced": 0}
_THIN_MM = 5.5
_DERIVED = re.compile(
    r"\bmip\b|minip|\bvrt?\b|3d|iodine|iod\b|\bvnc\b|virtual|z.?eff|mono|subtract|perfusion|fusion|"
    r"\bct ?fn\b|\bmpr\b|reformat"
)


def choose(scans: Sequence[Scan], *, look: bool = True) -> Choice:
    """Choose among the scans of one patient and study, by the rule written in docs/ct.md.

    Parameters
    ----------
    scans : sequence of Scan
        All scans of the case, refused ones too.
    look : bool
        Read a few slices of each scan that comes into question, where there is more than one, for its phase
        and for how much of the upper abdomen it covers; else judge by headers alone.

    Returns
    -------
    Choice
        ``chosen`` is None where all are refused.
    """
    open_question = sum(not scan.refused for scan in scans) > 1
    judged = [_judge(scan, look=look and open_question) for scan in scans]
    judged.sort(key=lambda item: (*(-value for value in item.key), item.scan.identity))
    best = judged[0] if judged and not judged[0].fault else None
    candidates = tuple(
        Candidate(item.scan, rank, item.score, _reason(item, best), item.phase)
        for rank, item in enumerate(judged, 1)
    )
    return Choice(best.scan if best else None, candidates)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A scan with the parts of its score, the best first; ``fault`` says why it cannot be taken."""

    scan: Scan
    score: Mapping[str, float]
    fault: str
    phase: Phase

    @property
    def key(self) -> tuple[float, ...]:
        return (0.0 if self.fault else 1.0, *self.score.values())


def _judge(scan: Scan, *, look: bool) -> _Judged:
    fault = next((finding.sentence for finding in scan.findings if finding.gate), "")
    share, phase = 1.0, phase_of_tags(scan).phase
    if look and not fault:
        try:
            share, phase = scan.survey.upper_abdomen, scan.phase
        except InputError as error:
            fault = str(error)
    spacing = scan.geometry.spacing_mm[0] if scan.geometry else 0.0
    slices = scan.geometry.shape[0] if scan.geometry else len(scan.sources)
    thickness = max(spacing, scan.info.slice_thickness_mm or 0.0)
    score = {
        "whole": 2.0 if share >= 0.8 else 1.0 if share >= 0.55 else 0.0,
        "original": 0.0 if _derived(scan) else 1.0,
        "soft_kernel": {"soft": 1.0, "unknown": 0.5, "sharp": 0.0}[sharpness(scan.info)],
        "thin": 1.0 if 0 < thickness <= _THIN_MM else 0.0,
        "phase": float(_PHASE_RANK[phase]),
        "sound": 0.0 if any(f.code in _UNSOUND for f in scan.findings) else 1.0,
        "slice_mm": -abs(math.log(thickness / 2.0)) if thickness > 0 else -9.0,
        "covered": round(share, 3),
        "slices": float(slices),
    }
    return _Judged(scan, score, fault, phase)


_UNSOUND = {"gap-between-slices", "gap-interpolated", "lossy-compressed"}


def _derived(scan: Scan) -> bool:
    words = " ".join((*scan.info.image_type[2:], scan.info.series_description)).lower()
    return bool(_DERIVED.search(words.replace("_", " ")))


_WORDS = {
    "whole": ("covers the upper abdomen", "covers less of the upper abdomen"),
    "original": ("as acquired", "is derived"),
    "soft_kernel": ("soft kernel", "has a sharper kernel"),
    "thin": ("thin slices", "has thicker slices"),
    "phase": ("", ""),
    "sound": ("no finding", "has findings that make its HU or volume less certain"),
    "slice_mm": ("", "has slices further from 2 mm"),
    "covered": ("", "covers less of the upper abdomen"),
    "slices": ("", "has fewer slices"),
}


def _reason(item: _Judged, best: _Judged | None) -> str:
    if item.fault:
        return f"refused: {item.fault}"
    scan = item.scan
    assert scan.geometry is not None
    slices, spacing = scan.geometry.shape[0], scan.geometry.spacing_mm[0]
    what = f"{item.phase} phase, {slices} slices every {spacing:g} mm, kernel {scan.info.kernel or 'unknown'}"
    if best is None or item is best:
        return f"chosen: {what}"
    for part, value in item.score.items():
        if value < best.score[part]:
            return f"not chosen: {what}; {_WORDS[part][1] or 'another phase is preferred'}"
    return f"not chosen: {what}; equal to the chosen one"
