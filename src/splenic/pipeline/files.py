"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from splenic.errors import SplenicError, UsageError

LEFTOVER_SUFFIXES = (".partial", ".old")
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, flush it to disk, and rename it: a reader sees the old or the new."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with open(beside, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(beside, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A new folder to fill; at the end of the block it takes the place of ``folder``, whole.

    If the block raises, nothing of it remains and what was at ``folder`` stays.
    """
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        for file in sorted(beside.iterdir()):
            with open(file, "rb") as handle:
                os.fsync(handle.fileno())
        sync_folder(beside)
        old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
        if folder.exists():
            # A folder cannot be replaced in one step: killed between these lines, the case is done again.
            os.rename(folder, old)
        os.rename(beside, folder)
        sync_folder(folder.parent)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove what an interrupted call left half-written."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.name.startswith(".") and entry.suffix in LEFTOVER_SUFFIXES:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@contextlib.contextmanager
def sole_writer(out: Path) -> Iterator[None]:
    """Hold ``out`` against a second call that would write into it at the same time.

    The lock is the system's and ends with the process, so that a killed call leaves none behind.

    Raises
    ------
    UsageError
        If another call holds the folder, or it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = open(out / ".lock", "a")  # noqa: SIM115 (held until the block ends)
    except OSError as error:
        raise UsageError(
            "output-not-writable",
            f"{out} cannot be written ({error.strerror})",
            "choose another folder with -o",
        ) from error
    with handle:
        _lock(handle.fileno(), out)
        yield


def _lock(descriptor: int, out: Path) -> None:
    try:
        import fcntl
    except ImportError:  # a system without advisory locks: two calls at once are then the user's affair
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(
            "output-in-use",
            f"another call is writing into {out}",
            "wait for it, or choose another folder with -o",
        ) from error
    except OSError as error:
        # Some network file systems know no locks; measuring goes on without one.
        if error.errno not in _NO_LOCKS:
            raise SplenicError(
                "output-not-writable",
                f"{out} cannot be locked ({error.strerror})",
                "choose another folder with -o",
            ) from error
