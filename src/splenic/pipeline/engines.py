"""The engine that the options name, and what is known of its model before it runs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from splenic.errors import EngineError
from splenic.pipeline.options import Options
from splenic.segment.types import Engine


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The engine and its model, as ``run.json`` and the fingerprint have them."""

    engine: str
    model: str = ""
    model_version: str = ""
    model_hash: str = ""


def build_engine(options: Options, threads: int | None) -> Engine:
    """Load the engine that the options name.

    Raises
    ------
    EngineError
        If it or its model cannot be loaded.
    """
    from splenic import segment

    if options.engine_kind == "totalsegmentator":
        return segment.totalsegmentator_engine(device=options.device)
    path = options.external_path
    if path is not None:
        return segment.external_engine(path)
    return segment.bundle_engine(options.bundle or None, threads=threads, device=options.device)


def model_info(options: Options) -> ModelInfo:
    """What the engine and its model are, without loading a network.

    The hash of masks made elsewhere is that of their contents, so that a changed mask is measured anew.

    Raises
    ------
    EngineError
        If there is no such bundle, or its files are not what its hashes say.
    """
    path = options.external_path
    if path is not None:
        return ModelInfo("external", model_hash=_hash_of_files(path))
    if options.engine_kind == "totalsegmentator":
        return ModelInfo("totalsegmentator", "total", _installed_version("TotalSegmentator"))
    from splenic import models

    bundle = models.load(options.bundle or None)
    return ModelInfo("bundle", bundle.plan.name, bundle.plan.version, bundle.digest)


def _installed_version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError as error:
        raise EngineError(
            "engine-not-installed",
            f"the engine {package} is not installed",
            "install the extra splenic[totalsegmentator]",
        ) from error


def _hash_of_files(path: Path) -> str:
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    whole = hashlib.sha256()
    for content in sorted(_hash_of(file) for file in files):
        whole.update(content)
    return whole.hexdigest()


def _hash_of(file: Path) -> bytes:
    with open(file, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()
