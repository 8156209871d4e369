"""One case from its scan to its record: the only place where the rooms meet."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from splenic import __version__
from splenic.ct import Finding, Scan, Volume
from splenic.errors import InputError, SplenicError
from splenic.measure.types import Measurement
from splenic.pipeline.content import content_hash
from splenic.pipeline.options import Options, digest
from splenic.pipeline.plan import Job
from splenic.pipeline.record import CaseRecord, ScanRecord, SegmentationRecord, Status, Times
from splenic.quality.types import Quality

if TYPE_CHECKING:
    from splenic.pipeline.engines import ModelInfo
    from splenic.segment.types import Engine, Segmentation

log = logging.getLogger("splenic")

NOT_FOUND = "no-spleen-found"
INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case with its arrays: what :func:`splenic.measure` returns for each.

    Parameters
    ----------
    record : CaseRecord
        Everything known, as ``record.json`` has it.
    volume : Volume or None
        The scan, HU, indexed ``[slice, row, column]``; read again at the first use of ``volume.hu``.
        None where the slices form no volume.
    segmentation : Segmentation or None
        Probability and mask inside their box; ``segmentation.whole_mask()`` is the whole grid's.
    error : BaseException or None
        What a failed case failed with.
    """

    record: CaseRecord
    volume: Volume | None = None
    segmentation: Segmentation | None = None
    error: BaseException | None = field(default=None, repr=False)

    @property
    def measurement(self) -> Measurement:
        """SV, 2D sizes, density and completeness; every number None where nothing was measured."""
        return self.record.measurement

    @property
    def quality(self) -> Quality | None:
        """The failure score with its reasons; None where nothing was measured."""
        return self.record.quality

    def __str__(self) -> str:
        record, found = self.record, self.record.measurement
        volume = "not measured" if found.sv_ml is None else f"{found.sv_ml:.1f} ml"
        if found.complete is False:
            volume = f"at least {volume} (cut: {', '.join(found.cut_faces)})"
        return (
            f"{record.case_id}  {record.status}{': ' + record.reason if record.reason else ''}  SV {volume}"
        )


@dataclass(slots=True)
class _Clock:
    """Seconds by stage."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    zero: float = field(default_factory=time.perf_counter)
    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.perf_counter() - begin

    def times(self) -> Times:
        from splenic.pipeline.machine import peak_mb

        return Times(
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(time.perf_counter() - self.zero, 3),
            stages={name: round(value, 3) for name, value in self.stages.items()},
            peak_mb=peak_mb(),
        )


def fingerprint_of(job: Job, sha256: str, options: Options, model: ModelInfo) -> str:
    """Hash of all that shapes the record of a case, but for times."""
    return digest(
        __version__,
        job.case_id,
        sha256,
        [list(f) for f in _plain_candidates(job)],
        model.engine,
        model.model,
        model.model_version,
        model.model_hash,
        options.interpolate_gap,
        options.probability,
        options.with_names,
        options.device,
    )


def _plain_candidates(job: Job) -> Iterator[tuple[str, bool, str]]:
    for candidate in job.candidates:
        yield candidate.series_uid + "/" + candidate.acquisition, candidate.chosen, candidate.reason


def start_record(job: Job, options: Options, model: ModelInfo) -> CaseRecord:
    """The record of a case before anything is measured: its scan, its hash, its fingerprint."""
    scan = job.scan
    if scan is None:
        sha256 = ""
        scan_record = None
    else:
        sha256 = content_hash(scan.sources)
        info = scan.info if options.with_names else replace(scan.info, patient_name="")
        scan_record = ScanRecord(
            info=info,
            identity=scan.identity,
            kind=scan.kind,
            phase="",
            geometry=scan.geometry,
            files=len(dict.fromkeys(scan.sources)),
            sha256=sha256,
        )
    return CaseRecord(
        case_id=job.case_id,
        status="failed",
        source=job.source,
        scan=scan_record,
        candidates=job.candidates,
        findings=job.findings,
        fingerprint=fingerprint_of(job, sha256, options, model),
        splenic_version=__version__,
    )


def run_case(
    job: Job, start: CaseRecord, engine: Callable[[], Engine], options: Options, model: ModelInfo
) -> CaseResult:
    """Measure one case; never raises but for an interrupt.

    Parameters
    ----------
    job : Job
    start : CaseRecord
        From :func:`start_record`.
    engine : callable
        Gives the engine; called only for a scan that passes the gate.
    """
    clock = _Clock()
    try:
        result = _measure(job, start, engine, options, model, clock)
    except InputError as error:
        result = _ended(start, "refused", error.code, str(error), error)
    except SplenicError as error:
        result = _ended(start, "failed", error.code, str(error), error)
    except MemoryError as error:
        sentence = f"{job.name}: there is not enough memory for it; use fewer --workers or a larger machine"
        result = _ended(start, "failed", "out-of-memory", sentence, error)
    except Exception as error:
        # A bug of ours or of a library: the case is lost, the others are not. Its text may hold a name.
        log.debug("case %s", job.case_id, exc_info=True)
        sentence = (
            f"{job.name}: the program broke ({type(error).__name__}); run it with --debug and report it"
        )
        result = _ended(start, "failed", "internal-error", sentence, error)
    return replace(result, record=replace(result.record, times=clock.times()))


def _ended(record: CaseRecord, status: Status, code: str, sentence: str, error: BaseException) -> CaseResult:
    return CaseResult(replace(record, status=status, reasons=(code,), sentences=(sentence,)), error=error)


def _measure(
    job: Job,
    record: CaseRecord,
    engine: Callable[[], Engine],
    options: Options,
    model: ModelInfo,
    clock: _Clock,
) -> CaseResult:
    scan = job.scan
    gates = [finding for finding in job.findings if finding.gate]
    if scan is None or gates:
        return CaseResult(_refused(job, record, gates), _volume_of(scan))
    record_of_scan = record.scan
    assert record_of_scan is not None
    volume = scan.volume
    with clock.stage("read"):
        volume.hu  # noqa: B018 (read here, so that the time is told apart)
        findings = _unique([*job.findings, *_check_hu(volume)])
    record = replace(record, findings=findings)
    gates = [finding for finding in findings if finding.gate]
    if gates:
        return CaseResult(_refused(job, record, gates), volume)
    with clock.stage("phase"):
        record = replace(record, scan=replace(record_of_scan, phase=scan.phase))
    with clock.stage("load"):
        loaded = engine()
    with clock.stage("segment"):
        segmentation = loaded.segment(volume, scan.info)
    clock.stages.update({f"segment.{name}": seconds for name, seconds in segmentation.seconds.items()})
    record = _with_segmentation(record, segmentation, model, options.device)
    gates = [finding for finding in segmentation.findings if finding.gate]
    if gates:
        return CaseResult(_refused(job, record, gates), volume, segmentation)
    measurement, quality = _measured(volume, segmentation, clock)
    record = replace(record, measurement=measurement, quality=quality)
    return CaseResult(_judged(record, segmentation.findings), volume, segmentation)


def _check_hu(volume: Volume) -> tuple[Finding, ...]:
    from splenic import ct

    return tuple(ct.check_hu(volume))


def _measured(
    volume: Volume, segmentation: Segmentation, clock: _Clock
) -> tuple[Measurement, Quality | None]:
    from splenic import quality
    from splenic.measure import measure

    if not segmentation.mask.any():
        return Measurement(), None
    with clock.stage("measure"):
        measurement = measure(segmentation, volume)
    with clock.stage("quality"):
        return measurement, quality.assess(measurement, segmentation, volume)


def _with_segmentation(record: CaseRecord, made: Segmentation, model: ModelInfo, device: str) -> CaseRecord:
    box = (_span(made.box[0]), _span(made.box[1]), _span(made.box[2]))
    engine = SegmentationRecord(
        engine=made.engine or model.engine,
        model=made.model or model.model,
        model_version=made.model_version or model.model_version,
        model_hash=made.model_hash or model.model_hash,
        device=device,
        box=box,
        disagreement=made.disagreement,
    )
    return replace(record, segmentation=engine, findings=_unique([*record.findings, *made.findings]))


def _span(axis: slice) -> tuple[int, int]:
    return int(axis.start), int(axis.stop)


def _refused(job: Job, record: CaseRecord, gates: list[Finding]) -> CaseRecord:
    return replace(
        record,
        status="refused",
        reasons=_codes(gates),
        sentences=tuple(_named(job, finding) for finding in gates),
    )


def _named(job: Job, finding: Finding) -> str:
    """The sentence with the scan's name before it, unless it names its file or scan itself."""
    source = job.scan.sources[0] if job.scan and job.scan.sources else None
    own = source is None or finding.sentence.startswith((job.name, "scan ", str(source)))
    return finding.sentence if own else f"{job.name}: {finding.sentence}"


def _judged(record: CaseRecord, noticed: tuple[Finding, ...]) -> CaseRecord:
    """Status and reasons of a measured case.

    ``review`` if no spleen was found, if the spleen is cut by the scan's edge, or if the failure score
    reaches the threshold. What else an engine noticed is a finding of the record.
    """
    from splenic.quality import REVIEW_THRESHOLD

    found, quality = record.measurement, record.quality
    reasons: list[str] = []
    sentences: list[str] = []
    if found.sv_ml is None:
        reasons.append(NOT_FOUND)
        said = [finding.sentence for finding in noticed if finding.code == NOT_FOUND]
        sentences.append(f"{said[0] if said else 'no spleen was found'}; look whether there is one")
    if found.complete is False:
        reasons.append(INCOMPLETE)
        sentences.append(
            f"the spleen is cut at the scan's {_listed(found.cut_faces)} edge and its volume a lower bound; "
            "give a scan that holds the whole spleen"
        )
    if quality is not None and quality.failure_score >= REVIEW_THRESHOLD:
        reasons.extend(code for code in quality.reasons if code not in reasons)
        sentences.extend(quality.sentences)
        if not quality.reasons:
            reasons.append("doubtful-mask")
    status: Status = "review" if reasons else "ok"
    return replace(record, status=status, reasons=tuple(reasons), sentences=tuple(sentences))


def _listed(faces: tuple[str, ...]) -> str:
    return " and ".join(faces) or "outer"


def _codes(findings: list[Finding] | tuple[Finding, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.code for finding in findings))


def _unique(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))


def _volume_of(scan: Scan | None) -> Volume | None:
    return None if scan is None or scan.geometry is None or scan.loader is None else scan.volume
