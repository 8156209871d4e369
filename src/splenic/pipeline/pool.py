"""Worker processes: jobs in, answers out, whatever becomes of a worker."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import cast

from splenic.pipeline import worker
from splenic.pipeline.plan import Job
from splenic.pipeline.worker import Done, Setup, failed


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    job: Job | None = None


class Pool:
    """A number of worker processes, each of which measures one case at a time.

    Processes are spawned, not forked: a fork would copy locks that the threads of a library hold. One that is
    killed or crashes costs its own case, which is answered as ``failed``, and is replaced.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []

    def start(self, count: int) -> None:
        """Have ``count`` workers; more are started, none is ended."""
        while len(self._workers) < count:
            self._workers.append(self._spawn())

    def _spawn(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=worker.main, args=(theirs, self._setup), daemon=True)
        process.start()
        theirs.close()  # so that the death of the worker ends the pipe
        return _Worker(process, ours)

    def run(self, jobs: Sequence[Job]) -> Iterator[Done]:
        """Answers in the order in which the cases end; every job has exactly one."""
        queue = deque(jobs)
        while queue or any(one.job for one in self._workers):
            for one in self._workers:
                if one.job is None and queue:
                    self._give(one, queue.popleft())
            busy = {one.pipe: one for one in self._workers if one.job is not None}
            for ready in wait(list(busy)):
                yield self._take(busy[cast(Connection, ready)])

    def _give(self, one: _Worker, job: Job) -> None:
        one.job = job
        try:
            one.pipe.send(job)
        except OSError:  # it died while idle, with nobody's case
            self._replace(one)
            one.job = job
            one.pipe.send(job)

    def _take(self, one: _Worker) -> Done:
        job = one.job
        assert job is not None
        one.job = None
        try:
            return cast(Done, one.pipe.recv())
        except (EOFError, OSError):
            return self._killed(one, job)

    def _killed(self, one: _Worker, job: Job) -> Done:
        one.process.join()
        code = one.process.exitcode or 0
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        self._replace(one)
        sentence = (
            f"{job.name}: its process ended before the case did ({how}); if memory ran out, use fewer "
            "--workers or a larger machine, else the files may be damaged"
        )
        return Done(failed(job, "worker-killed", sentence))

    def _replace(self, one: _Worker) -> None:
        one.pipe.close()
        fresh = self._spawn()
        one.process, one.pipe, one.job = fresh.process, fresh.pipe, None

    def close(self, *, at_once: bool = False) -> None:
        """End the workers: after their case, or at once after an interrupt."""
        for one in self._workers:
            if at_once:
                one.process.kill()
            one.pipe.close()
        for one in self._workers:
            one.process.join()
        self._workers = []
