"""The hash of a scan's input: of its bytes, not of its names, order or packing."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable

from splenic.ct import Source
from splenic.errors import InputError


def content_hash(sources: Iterable[Source]) -> str:
    """SHA-256 (hex) of the sorted SHA-256 of the files' contents.

    Raises
    ------
    InputError
        If a file can no longer be read.
    """
    hashes = []
    archive: zipfile.ZipFile | None = None
    try:
        for source in dict.fromkeys(sources):
            try:
                if source.member is None:
                    with open(source.path, "rb") as handle:
                        hashes.append(hashlib.file_digest(handle, "sha256").digest())
                    continue
                if archive is None or archive.filename != str(source.path):
                    if archive is not None:
                        archive.close()
                    archive = zipfile.ZipFile(source.path)
                hashes.append(hashlib.sha256(archive.read(source.member)).digest())
            except (OSError, zipfile.BadZipFile, KeyError, RuntimeError) as error:
                sentence = f"{source}: cannot be read ({error})"
                raise InputError("file-unreadable", sentence, "copy it again") from error
    finally:
        if archive is not None:
            archive.close()
    whole = hashlib.sha256()
    for content in sorted(hashes):
        whole.update(content)
    return whole.hexdigest()
