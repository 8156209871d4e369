"""From what was found in the inputs to the cases that are to be measured or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from splenic import ct
from splenic.ct import Finding, Scan
from splenic.pipeline.record import Candidate

StudyKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Job:
    """One case to be: a scan, or an input that holds none.

    Parameters
    ----------
    case_id : str
    scan : Scan or None
        None for an input in which nothing could be read.
    candidates : tuple of Candidate
        Every scan of the patient and study, best first.
    findings : tuple of Finding
        Of the scan or of the input.
    source : str
        The name of an input that holds no scan; empty otherwise.
    """

    case_id: str
    scan: Scan | None
    candidates: tuple[Candidate, ...] = ()
    findings: tuple[Finding, ...] = ()
    source: str = ""

    @property
    def name(self) -> str:
        """How messages call the case, without personal data."""
        if self.scan is None:
            return self.source
        return self.scan.name if self.scan.kind == "dicom" else self.scan.sources[0].path.name

    @property
    def patient_id(self) -> str:
        """Empty for an input that holds no scan."""
        return self.scan.info.patient_id if self.scan else ""

    @property
    def refused(self) -> bool:
        """True if a gate finding speaks before any pixel is read."""
        return self.scan is None or any(finding.gate for finding in self.findings)


def case_id(scan: Scan) -> str:
    """Study date and ten hex digits of a hash of patient and scan: readable, stable, without names.

    Hashing does not make a patient identifier secret: who knows the identifier can hash it too.
    """
    date = scan.info.study_date if scan.info.study_date.isdigit() else ""
    key = "\0".join((scan.info.patient_id, scan.identity))
    return f"{date or '00000000'}-{hashlib.sha256(key.encode('utf-8')).hexdigest()[:10]}"


def input_case_id(path: Path) -> str:
    """The case of an input that holds no scan, named by a hash of its path."""
    key = str(path.resolve())
    return f"00000000-{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:10]}"


def study_key(scan: Scan) -> StudyKey:
    """Patient and study, as the record's scan has them."""
    return (scan.info.patient_id, scan.info.study_uid)


def plan(inputs: Sequence[Path], found: ct.Discovery, *, all_series: bool) -> list[Job]:
    """The cases of what was found: one for each patient and study, or each scan with ``all_series``.

    A study without a usable scan is one refused case, that of its best refused scan; an input in which
    nothing could be read is one too, so that nothing is passed over in silence.
    """
    jobs: dict[str, Job] = {}
    for scans in ct.group_cases(found.scans):
        choice = ct.choose(scans)
        taken = list(scans) if all_series else [choice.chosen or choice.candidates[0].scan]
        for scan in taken:
            candidates = tuple(_candidate(item, item.scan is choice.chosen) for item in choice.candidates)
            job = Job(case_id(scan), scan, candidates, _findings(scan, choice, all_series))
            jobs[job.case_id] = job
    for path in inputs:
        empty = _empty_input(path, found)
        if empty is not None:
            jobs[empty.case_id] = empty
    return [jobs[key] for key in sorted(jobs)]


def _findings(scan: Scan, choice: ct.Choice, all_series: bool) -> tuple[Finding, ...]:
    """The scan's findings; for a study without a usable scan also those of its other candidates."""
    if all_series or choice.chosen is not None:
        return scan.findings
    own = {finding.code for finding in scan.findings if finding.gate}
    others = []
    for candidate in choice.candidates:
        if candidate.scan is scan:
            continue
        for finding in candidate.scan.findings:
            if finding.gate and finding.code not in own:
                own.add(finding.code)
                others.append(finding)
    return (*scan.findings, *others)


def _candidate(item: ct.Candidate, chosen: bool) -> Candidate:
    scan, info = item.scan, item.scan.info
    grid = scan.geometry
    return Candidate(
        series_uid=info.series_uid,
        series_number=info.series_number,
        series_description=info.series_description,
        acquisition=info.acquisition,
        kind=scan.kind,
        phase="" if scan.refused else scan.phase,
        slices=grid.shape[0] if grid else len(scan.sources),
        slice_distance_mm=round(grid.slice_distance_mm, 4) if grid else None,
        kernel=info.kernel,
        findings=scan.findings,
        chosen=chosen,
        reason=item.reason,
    )


def _empty_input(path: Path, found: ct.Discovery) -> Job | None:
    if any(_under(source.path, path) for scan in found.scans for source in scan.sources):
        return None
    faults = tuple(_gating(fault) for fault in found.faults if fault.sentence.startswith(str(path)))
    if not faults:
        faults = (Finding("no-ct-found", f"{path}: holds no CT; give one that does", gate=True),)
    return Job(input_case_id(path), None, findings=faults, source=path.name or str(path))


def _gating(fault: Finding) -> Finding:
    return fault if fault.gate else Finding(fault.code, fault.sentence, gate=True)


def _under(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def superseded(jobs: Iterable[Job], inputs: Sequence[Path]) -> tuple[set[StudyKey], set[str]]:
    """What these jobs replace in an output: other cases of their studies, and inputs unreadable before."""
    studies = {study_key(job.scan) for job in jobs if job.scan is not None and job.scan.info.study_uid}
    wanted = {job.case_id for job in jobs}
    return studies, {input_case_id(path) for path in inputs} - wanted
