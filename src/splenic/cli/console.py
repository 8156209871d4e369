"""What the commands share: errors as one sentence, exit codes, progress."""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec

import typer

from splenic.errors import InputError, SplenicError, UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from splenic.pipeline import CaseRecord

OK, BROKE, USAGE, NOT_ALL, INTERRUPTED = 0, 1, 2, 3, 130
STYLES = {"ok": "green", "review": "yellow", "refused": "red", "failed": "bold red"}

P = ParamSpec("P")


def command(function: Callable[P, int]) -> Callable[P, None]:
    """Turn a function that returns an exit code into a command that ends with it.

    An error of ours is one sentence on standard error. Anything else is a bug: one sentence, and its
    traceback with ``--debug``.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        debug = bool(kwargs.get("debug", False))
        # A scheduler or a shutdown ends a call as Ctrl-C does: what is finished stands in the table.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            code = function(*args, **kwargs)
        except KeyboardInterrupt:
            say("interrupted; what is finished stays, and the same command goes on from there")
            code = INTERRUPTED
        except SplenicError as error:
            trace(debug)
            say(str(error))
            code = USAGE if isinstance(error, UsageError | InputError) else BROKE
        except BrokenPipeError:
            sys.stderr.close()
            code = BROKE
        except Exception as error:
            trace(debug)
            hint = "" if debug else "; run it again with --debug and report what it prints"
            say(f"the program broke ({type(error).__name__}: {error}){hint}")
            code = BROKE
        raise typer.Exit(code)

    return wrapped


def trace(debug: bool) -> None:
    """Print the traceback of the error at hand, if it was asked for."""
    if debug:
        import traceback

        traceback.print_exc()


def say(sentence: str) -> None:
    """One sentence on standard error, marked as the program's."""
    typer.echo(f"splenic: {sentence}", err=True)


def console(*, stderr: bool = False) -> Console:
    """A console that never breaks words into pieces where it is not a terminal."""
    from rich.console import Console

    target = sys.stderr if stderr else sys.stdout
    width = None if target.isatty() else 200
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


class Bars:
    """Progress bars with time left on standard error; silent where that is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._progress: Progress | None = None
        self._reading: TaskID | None = None
        self._cases: TaskID | None = None

    def __enter__(self) -> Bars:
        if self._shown:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                SpinnerColumn,
                TextColumn,
                TimeElapsedColumn,
                TimeRemainingColumn,
            )

            columns: list[Any] = [
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
            ]
            self._progress = Progress(*columns, console=console(stderr=True), transient=True)
            self._progress.start()
            self._reading = self._progress.add_task("reading headers", total=None, note="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def reading(self, done: int, total: int) -> None:
        """``done`` of ``total`` files were looked at."""
        if self._progress is not None and self._reading is not None:
            self._progress.update(self._reading, completed=done, total=total)

    def planned(self, cases: int, workers: int) -> None:
        """So many cases are to be measured."""
        if self._progress is not None:
            note = f"{workers} at a time" if workers > 1 else ""
            self._cases = self._progress.add_task("measuring", total=cases, note=note)

    def finished(self, record: CaseRecord, unchanged: bool) -> None:
        """A case ended."""
        if self._progress is not None and self._cases is not None:
            note = f"{record.case_id} {'as before' if unchanged else record.status}"
            self._progress.update(self._cases, advance=1, note=note)
