"""The choice of one scan for a patient and study, by a written rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from splenic.ct.types import Candidate, Choice, Finding, Scan


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
    return tuple(tuple(_noting(scan, len(patients.get(study, ()))) for scan in group)
                 for (_, study), group in groups.items())


def _noting(scan: Scan, patients: int) -> Scan:
    if patients < 2 or not scan.info.study_uid:
        return scan
    sentence = (f"{scan.name}: {patients} patients share its StudyInstanceUID; each was measured by itself; check the "
                "export")
    return replace(scan, findings=(*scan.findings, Finding("study-uid-shared", sentence)))


def choose(scans: Sequence[Scan]) -> Choice:
    """Choose among the scans of one patient and study."""
    ranked = sorted(scans, key=lambda scan: (scan.refused, -len(scan.sources), scan.identity))
    candidates = tuple(Candidate(scan, rank, {}, "refused" if scan.refused else "most slices")
                       for rank, scan in enumerate(ranked, 1))
    return Choice(ranked[0] if ranked and not ranked[0].refused else None, candidates)
