"""Many cases: find, plan, measure, resume, and the table at the end."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from splenic import __version__, ct
from splenic.errors import UsageError
from splenic.pipeline.case import CaseResult
from splenic.pipeline.engines import ModelInfo, model_info
from splenic.pipeline.files import sole_writer, write_whole
from splenic.pipeline.folder import Output, write_case
from splenic.pipeline.machine import cores, free_memory_bytes, machine
from splenic.pipeline.options import Options
from splenic.pipeline.plan import Job, plan
from splenic.pipeline.pool import Pool
from splenic.pipeline.record import CaseRecord
from splenic.pipeline.table import in_order, write_table
from splenic.pipeline.worker import Done, Setup

STATUSES = ("ok", "review", "refused", "failed")
# What a worker holds beside the scan: libraries and network, and arrays per voxel of a scan at the peak.
BASE_BYTES = 900_000_000
BYTES_PER_VOXEL = 8


class Progress(Protocol):
    """Hears how a call goes on."""

    def reading(self, done: int, total: int) -> None:
        """``done`` of ``total`` files were looked at."""

    def planned(self, cases: int, workers: int) -> None:
        """So many cases are to be measured, by so many processes."""

    def finished(self, record: CaseRecord, unchanged: bool) -> None:
        """A case ended, or stood there already."""


class Silent:
    """Progress that nobody watches."""

    def reading(self, done: int, total: int) -> None:
        """Nothing."""

    def planned(self, cases: int, workers: int) -> None:
        """Nothing."""

    def finished(self, record: CaseRecord, unchanged: bool) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a call did.

    ``records`` are those of this call in the table's order; ``traces`` hold the Python traceback of a failed
    case by its id, for ``--debug``.
    """

    out: Path
    records: tuple[CaseRecord, ...]
    unchanged: int
    faults: tuple[ct.Finding, ...]
    skipped: dict[str, int]
    wall_s: float
    cpu_s: float
    traces: dict[str, str]

    @property
    def counts(self) -> dict[str, int]:
        """Cases by status."""
        found: Counter[str] = Counter(record.status for record in self.records)
        return {status: found[status] for status in STATUSES if found[status]}

    @property
    def exit_code(self) -> int:
        """0 if every case is ``ok`` or ``review``, else 3."""
        return 0 if all(record.status in ("ok", "review") for record in self.records) else 3


def run(
    inputs: Sequence[Path],
    out: Path,
    options: Options | None = None,
    *,
    workers: int = 1,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    command: Sequence[str] = (),
) -> Summary:
    """Measure every case of the inputs and write ``out`` as `docs/measure-command.md` describes.

    Parameters
    ----------
    inputs : sequence of Path
        Files, folders and zips.
    out : Path
        The output folder; cases that were measured before from the same input with the same options stay.
    options : Options, optional
    workers : int
        Processes; fewer are used where memory would not suffice.
    threads : int, optional
        Threads of each process; by default the cores divided among the workers.
    overwrite : bool
        Measure again what was measured before.
    progress : Progress, optional
    command : sequence of str
        The command line, for ``run.json``.

    Raises
    ------
    UsageError
        If an input does not exist, or ``out`` is in use or cannot be written.
    EngineError
        If there is no such engine or bundle, or the bundle is not what its hashes say.
    KeyboardInterrupt
        After Ctrl-C, once the table holds every finished case; the same call goes on from there.
    """
    options, watcher = options or Options(), progress or Silent()
    begin, cpu = time.perf_counter(), time.process_time()
    inputs = checked_inputs(inputs)
    if workers < 1 or (threads is not None and threads < 1):
        raise UsageError(
            "bad-count", "--workers and --threads count from 1", "leave them out for the default"
        )
    output = Output(out)
    model = model_info(options)
    with sole_writer(out):
        output.prepare()
        early = overwrite or not any(output.cases.iterdir())
        setup = Setup(out, options, model, threads or max(1, cores() // workers), overwrite, early)
        pool = Pool(setup)
        done: list[Done] = []
        found = ct.Discovery((), {}, ())
        interrupted = True
        try:
            pool.start(1 if early else 0)
            found = ct.discover(inputs, progress=watcher.reading, interpolate_gap=options.interpolate_gap)
            jobs = plan(inputs, found, all_series=options.all_series)
            output.remove_superseded(jobs, inputs)
            count = _affordable(workers, jobs)
            pool.start(count)
            watcher.planned(len(jobs), count)
            for answer in pool.run(_largest_first(jobs)):
                if answer.record.reasons == ("worker-killed",):
                    write_case(output, CaseResult(answer.record), probability=False)
                done.append(answer)
                watcher.finished(answer.record, answer.unchanged)
            interrupted = False
        finally:
            pool.close(at_once=interrupted)
            write_table(output.table, output.records())
            summary = Summary(
                out,
                tuple(in_order(one.record for one in done)),
                sum(one.unchanged for one in done),
                found.faults,
                dict(found.skipped),
                time.perf_counter() - begin,
                time.process_time() - cpu + sum(one.cpu_s for one in done),
                {one.record.case_id: one.trace for one in done if one.trace},
            )
            _write_run(output, summary, options, model, command, interrupted)
    return summary


def checked_inputs(inputs: Sequence[Path]) -> list[Path]:
    """The inputs, each once.

    Raises
    ------
    UsageError
        If there is none, or one does not exist.
    """
    if not inputs:
        raise UsageError("no-input", "no input was given", "name a folder, a zip or a file with CT in it")
    for path in inputs:
        if not path.exists():
            raise UsageError("input-not-found", f"{path} does not exist", "check the path")
    return list(dict.fromkeys(inputs))


def _affordable(workers: int, jobs: Sequence[Job]) -> int:
    """How many of the workers asked for have enough memory for the largest scan, and a case to do."""
    largest = max((_voxels(job) for job in jobs), default=0)
    fit = free_memory_bytes() // (BASE_BYTES + BYTES_PER_VOXEL * largest)
    return max(1, min(workers, int(fit), len(jobs)))


def _voxels(job: Job) -> int:
    grid = job.scan.geometry if job.scan else None
    return grid.shape[0] * grid.shape[1] * grid.shape[2] if grid and not job.refused else 0


def _largest_first(jobs: Sequence[Job]) -> list[Job]:
    """The largest scan first: it must not be the one for which all others wait."""
    return sorted(jobs, key=lambda job: (-_voxels(job), job.case_id))


def _write_run(
    output: Output,
    summary: Summary,
    options: Options,
    model: ModelInfo,
    command: Sequence[str],
    interrupted: bool,
) -> None:
    text: dict[str, Any] = {
        "schema_version": 1,
        "splenic_version": __version__,
        "command": list(command),
        "options": asdict(options),
        "model": asdict(model),
        "machine": asdict(machine()),
        "interrupted": interrupted,
        "counts": summary.counts,
        "unchanged": summary.unchanged,
        "skipped_files": summary.skipped,
        "unreadable_files": [asdict(fault) for fault in summary.faults],
        "wall_seconds": round(summary.wall_s, 3),
        "cpu_seconds": round(summary.cpu_s, 3),
    }
    write_whole(
        output.run, (json.dumps(text, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")
    )
