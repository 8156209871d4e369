"""A process that measures one case after the other, so that a crash costs one case and not the batch."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING

from splenic.errors import EngineError, SplenicError
from splenic.pipeline.case import CaseResult, run_case, start_record
from splenic.pipeline.folder import Output, write_case
from splenic.pipeline.options import Options
from splenic.pipeline.record import CaseRecord

if TYPE_CHECKING:
    from splenic.pipeline.engines import ModelInfo
    from splenic.pipeline.plan import Job
    from splenic.segment.types import Engine


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs to know before its first case.

    ``early`` loads the engine at once, while the parent still reads headers; else it waits for a case that
    needs it.
    """

    out: Path
    options: Options
    model: ModelInfo
    threads: int
    overwrite: bool
    early: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker answers: the record, whether it stood there already, and the trace of a failure."""

    record: CaseRecord
    unchanged: bool = False
    cpu_s: float = 0.0
    trace: str = ""


class LazyEngine:
    """The engine of a worker, loaded once; a failure to load is kept and raised for every case."""

    def __init__(self, options: Options, threads: int) -> None:
        self._options, self._threads = options, threads
        self._loaded: Engine | SplenicError | None = None

    def get(self) -> Engine:
        """The engine.

        Raises
        ------
        SplenicError
            If it could not be loaded.
        """
        from splenic.pipeline.engines import build_engine

        if self._loaded is None:
            try:
                self._loaded = build_engine(self._options, self._threads)
            except SplenicError as error:
                self._loaded = error
            except Exception as error:
                kind, why = self._options.engine_kind, f"{type(error).__name__}: {error}"
                what = f"the engine {kind} cannot be loaded ({why})"
                self._loaded = EngineError("engine-broken", what, "run splenic doctor")
        if isinstance(self._loaded, SplenicError):
            raise self._loaded
        return self._loaded


def main(pipe: Connection, setup: Setup) -> None:
    """Measure the jobs that come through the pipe until it closes."""
    # Ctrl-C reaches the whole group; the parent decides what becomes of the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.getLogger("splenic").setLevel(logging.ERROR)
    engine = LazyEngine(setup.options, setup.threads)
    if setup.early:
        _warm(engine)
    while True:
        try:
            job: Job = pipe.recv()
        except EOFError:
            return
        pipe.send(answer(job, setup, engine))


def _end_with_parent() -> None:
    """End at once when the parent was killed: nothing may go on writing into its output."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _warm(engine: LazyEngine) -> None:
    import contextlib

    with contextlib.suppress(SplenicError):  # raised again, and reported, for the first case that needs it
        engine.get()


def answer(job: Job, setup: Setup, engine: LazyEngine) -> Done:
    """Measure one case, or find that it was measured before; write its folder."""
    begin = time.process_time()
    output = Output(setup.out)
    try:
        start = start_record(job, setup.options, setup.model)
        if not setup.overwrite:
            before = output.record(job.case_id)
            # A failure may pass (memory, a killed process), so a failed case is tried again.
            if before is not None and before.fingerprint == start.fingerprint and before.status != "failed":
                return Done(before, unchanged=True, cpu_s=time.process_time() - begin)
        result = run_case(job, start, engine.get, setup.options, setup.model)
        result = write_case(output, result, probability=setup.options.probability)
    except SplenicError as error:
        result = CaseResult(failed(job, error.code, str(error)), error=error)
        result = write_case(output, result, probability=False)
    return Done(result.record, cpu_s=time.process_time() - begin, trace=_trace(result.error))


def failed(job: Job, code: str, sentence: str) -> CaseRecord:
    """The record of a case of which nothing else is known."""
    from splenic import __version__

    return CaseRecord(
        case_id=job.case_id,
        status="failed",
        reasons=(code,),
        sentences=(sentence,),
        source=job.source,
        candidates=job.candidates,
        findings=job.findings,
        splenic_version=__version__,
    )


def _trace(error: BaseException | None) -> str:
    return "" if error is None else "".join(traceback.format_exception(error))
