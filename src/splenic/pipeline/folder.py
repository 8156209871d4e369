"""A case's folder, and what lies in an output folder."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from splenic.ct import Finding
from splenic.errors import InputError, SplenicError
from splenic.pipeline.case import CaseResult
from splenic.pipeline.files import remove_leftovers, sync_folder, whole_folder
from splenic.pipeline.plan import Job, StudyKey, superseded
from splenic.pipeline.record import CaseRecord

if TYPE_CHECKING:
    from splenic.segment.types import Segmentation

log = logging.getLogger("splenic")

RECORD, MASK, PROBABILITY, PREVIEW = "record.json", "mask.nii.gz", "probability.nii.gz", "preview.png"
OURS = frozenset({RECORD, MASK, PROBABILITY, PREVIEW})


@dataclass(frozen=True, slots=True)
class Output:
    """The output folder of a call."""

    path: Path

    @property
    def cases(self) -> Path:
        """Where the cases' folders lie."""
        return self.path / "cases"

    @property
    def table(self) -> Path:
        """The table of all cases."""
        return self.path / "measurements.csv"

    @property
    def run(self) -> Path:
        """What the last call did."""
        return self.path / "run.json"

    def case(self, case_id: str) -> Path:
        """A case's folder."""
        return self.cases / case_id

    def record(self, case_id: str) -> CaseRecord | None:
        """The record of a case that was finished before; None if there is none that can be read."""
        try:
            return CaseRecord.from_json((self.case(case_id) / RECORD).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, InputError):
            return None

    def records(self) -> Iterator[CaseRecord]:
        """Every finished case, by case."""
        if not self.cases.is_dir():
            return
        for folder in sorted(self.cases.iterdir()):
            if folder.name.startswith(".") or not folder.is_dir():
                continue
            record = self.record(folder.name)
            if record is None:
                log.warning(
                    "case %s has no record that can be read; it is left out of the table", folder.name
                )
            else:
                yield record

    def prepare(self) -> None:
        """Make the folders and clear away what an interrupted call left."""
        self.cases.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.cases)
        remove_leftovers(self.path)

    def remove_superseded(self, jobs: Sequence[Job], inputs: Sequence[Path]) -> None:
        """Remove cases that this call replaces: other choices for the same studies, inputs unreadable before.

        A folder that holds anything not written by a measurement (a reader's correction, a note) is kept.
        """
        studies, once_unreadable = superseded(jobs, inputs)
        wanted = {job.case_id for job in jobs}
        for record in list(self.records()):
            if record.case_id in wanted:
                continue
            key: StudyKey | None = (
                (record.scan.info.patient_id, record.scan.info.study_uid) if record.scan else None
            )
            if key in studies or record.case_id in once_unreadable:
                self._remove(record.case_id)
        sync_folder(self.cases)

    def _remove(self, case_id: str) -> None:
        folder = self.case(case_id)
        if {entry.name for entry in folder.iterdir()} <= OURS:
            shutil.rmtree(folder)
        else:
            log.warning(
                "case %s is replaced by another scan of its study; its folder holds other files and was kept",
                case_id,
            )


def write_case(output: Output, result: CaseResult, *, probability: bool) -> CaseResult:
    """Write a case's folder, whole or not at all; the result comes back with the seconds it took.

    A preview that cannot be drawn does not cost the case: it is a finding of the record.
    """
    made = result.segmentation if result.record.status in ("ok", "review") else None
    with whole_folder(output.case(result.record.case_id)) as folder:
        begin = time.perf_counter()
        if made is not None:
            _write_masks(folder, made, probability)
        wrote = time.perf_counter()
        record = _with_preview(folder / PREVIEW, result, made)
        stages = {"write": wrote - begin, "preview": time.perf_counter() - wrote}
        times = replace(
            record.times,
            seconds=round(record.times.seconds + sum(stages.values()), 3),
            stages={**record.times.stages, **{name: round(value, 3) for name, value in stages.items()}},
        )
        record = replace(record, times=times)
        (folder / RECORD).write_text(record.to_json(), encoding="utf-8")
    return replace(result, record=record)


def _write_masks(folder: Path, made: Segmentation, probability: bool) -> None:
    from splenic import ct

    ct.write_nifti(folder / MASK, made.whole_mask(), made.geometry)
    if probability:
        import numpy as np

        whole = np.zeros(made.geometry.shape, np.float32)
        whole[made.box] = made.probability
        ct.write_nifti(folder / PROBABILITY, whole, made.geometry)


def _dashed(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def _with_preview(path: Path, result: CaseResult, made: Segmentation | None) -> CaseRecord:
    record, volume = result.record, result.volume
    if volume is None or record.scan is None:
        return record
    from splenic import preview

    info = record.scan.info
    marks = f"{info.series_description} {info.manufacturer} {info.patient_id}".upper()
    details = {
        "Study": _dashed(info.study_date),
        "Series": f"{info.series_number} {info.series_description}".strip(),
        "Acquisition": info.acquisition,
        "Phase": record.scan.phase,
        "Kernel": info.kernel,
    }
    try:
        preview.draw(
            path,
            volume=volume,
            segmentation=made,
            measurement=record.measurement,
            quality=record.quality,
            title=record.case_id,
            flags=(record.status, *record.reasons),
            info={name: text for name, text in details.items() if text},
            synthetic="SYNTHETIC" in marks,
        )
    except SplenicError:
        return record  # a refused scan may have no pixels to draw; its row says why already
    except Exception as error:
        log.debug("case %s has no preview", record.case_id, exc_info=True)
        finding = Finding("preview-failed", f"the preview could not be drawn ({type(error).__name__})")
        return replace(record, findings=(*record.findings, finding))
    return record
