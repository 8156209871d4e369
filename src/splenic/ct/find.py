"""Walks folders, zips and single files, and says what each file is by its first bytes."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

from splenic.ct.types import Finding, Source
from splenic.errors import InputError

FileKind = Literal["dicom", "nifti", "other"]

# A zip member is read into memory whole; CT and NIfTI never deflate by more than about 1:50 except air.
MAX_MEMBER_BYTES = 4 << 30
MAX_RATIO = 400
SMALL_BYTES = 64 << 20
DICOM_SUFFIXES = {".dcm", ".dicom", ".ima"}
_LITTLE_START = (b"\x08\x00", b"\x02\x00")


def walk(inputs: Sequence[Path]) -> tuple[list[Source], list[Finding]]:
    """List every file and zip member under the inputs, sorted; folders that are links are not followed.

    Returns
    -------
    sources : list of Source
    faults : list of Finding
        Inputs that do not exist, archives that cannot be opened, members that look like a zip bomb.
    """
    sources: dict[Source, None] = {}
    faults: list[Finding] = []
    for path in inputs:
        if not path.exists():
            faults.append(Finding("not-found", f"{path}: no such file or folder; check the path", gate=True))
            continue
        for file in _files(path):
            if file.suffix.lower() == ".zip" and file.stat().st_size:
                members, problems = _members(file)
                sources.update(dict.fromkeys(members))
                faults.extend(problems)
            else:
                sources[Source(file)] = None
    return list(sources), faults


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if file.is_file():
                yield file


def _members(path: Path) -> tuple[list[Source], list[Finding]]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        sentence = f"{path}: the zip cannot be opened ({error}); copy or export it again"
        return [], [Finding("broken-zip", sentence, gate=True)]
    sources, faults = [], []
    for entry in entries:
        if entry.is_dir():
            continue
        ratio = entry.file_size / max(1, entry.compress_size)
        if entry.file_size > MAX_MEMBER_BYTES or (entry.file_size > SMALL_BYTES and ratio > MAX_RATIO):
            sentence = (
                f"{path}!{entry.filename}: unpacks to {entry.file_size / 1e6:.0f} MB from "
                f"{entry.compress_size / 1e6:.1f} MB and was left packed; unpack it yourself if you trust it"
            )
            faults.append(Finding("zip-member-too-large", sentence, gate=True))
        elif entry.flag_bits & 1:
            sentence = f"{path}!{entry.filename}: is encrypted; unpack the zip with its password first"
            faults.append(Finding("zip-encrypted", sentence, gate=True))
        else:
            sources.append(Source(path, entry.filename))
    return sources, faults


class Opener:
    """Opens sources for reading; keeps the last zip open, for its members come one after another."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._archive: zipfile.ZipFile | None = None

    @contextmanager
    def open(self, source: Source) -> Iterator[BinaryIO]:
        """A seekable binary stream of the source.

        Raises
        ------
        InputError
            ``file-unreadable`` where the file or member cannot be read.
        """
        try:
            stream = self._member(source) if source.member is not None else source.path.open("rb")
        except (
            OSError,
            zipfile.BadZipFile,
            zlib.error,
            KeyError,
            EOFError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as error:
            raise InputError(
                "file-unreadable", f"{source}: cannot be read ({error})", "copy it again"
            ) from error
        with stream:
            yield stream

    def _member(self, source: Source) -> BinaryIO:
        if self._archive is None or self._path != source.path:
            self.close()
            self._archive, self._path = zipfile.ZipFile(source.path), source.path
        assert source.member is not None
        return BytesIO(self._archive.read(source.member))

    def close(self) -> None:
        """Close the zip that is open, if any."""
        if self._archive is not None:
            self._archive.close()
        self._archive = self._path = None

    def __enter__(self) -> Opener:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def name_of_file(source: Source) -> str:
    """The last part of a source's path."""
    return source.member.replace("\\", "/").rsplit("/", 1)[-1] if source.member else source.path.name


def kind_of(source: Source, stream: BinaryIO) -> FileKind:
    """What a file is, by its first bytes and, for NIfTI, its name; the stream is rewound.

    Raises
    ------
    InputError
        ``empty-file``, ``not-dicom``: a file whose name promises a scan and whose bytes hold none.
    """
    head = stream.read(132)
    stream.seek(0)
    name = name_of_file(source).lower()
    nifti = name.endswith((".nii", ".nii.gz"))
    promises = nifti or Path(name).suffix in DICOM_SUFFIXES
    if not head:
        if promises or "." not in name or name.endswith(".zip"):
            raise InputError("empty-file", f"{source}: is empty", "copy or export it again")
        return "other"
    if nifti:
        return "nifti"
    if head[128:] == b"DICM" or (head[:2] in _LITTLE_START and _starts_with_element(head)):
        return "dicom"
    if promises:
        raise InputError(
            "not-dicom", f"{source}: is named like DICOM and is not", "remove it or export it again"
        )
    return "other"


def _starts_with_element(head: bytes) -> bool:
    """True for DICOM without preamble: a first element of group 2 or 8 with a small length."""
    if len(head) < 12 or head[3] != 0:
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    length = int.from_bytes(head[6:8] if explicit else head[4:8], "little")
    return length <= 128
