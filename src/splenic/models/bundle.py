"""Bundles: a trained model with its plan, weights, metrics and card, checked before anything else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splenic.errors import EngineError, UsageError

if TYPE_CHECKING:
    from splenic.models.plan import Plan

SHIPPED = Path(__file__).parent / "shipped"
DEFAULT = "splenic-ct"
_SUMS = "SHA256SUMS"
_LARGEST_FILE = 512 * 1024 * 1024


@dataclass(frozen=True)
class Bundle:
    """A verified bundle in a folder.

    ``digest`` is the SHA-256 of its ``SHA256SUMS``, and so of every file in it.
    """

    folder: Path
    digest: str

    @cached_property
    def plan(self) -> Plan:
        """The validated plan."""
        import yaml
        from pydantic import ValidationError

        from splenic.models.plan import FORMAT, Plan

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            raw: Any = yaml.load((self.folder / "plan.yaml").read_text("utf-8"), Loader=loader)
        except yaml.YAMLError as error:
            raise _broken(self.folder, "plan.yaml is not YAML") from error
        if not isinstance(raw, dict) or not isinstance(raw.get("format"), int):
            raise _broken(self.folder, "plan.yaml names no format")
        if raw["format"] > FORMAT:
            raise EngineError(
                "bundle-too-new",
                f"bundle {self.folder.name}: format {raw['format']} is newer than this program's {FORMAT}",
                "update Splenic, or take an older version of the bundle",
            )
        try:
            return Plan.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise _broken(self.folder, f"plan.yaml, {where or 'whole'}: {first['msg']}") from error

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return (self.folder / "card.md").read_text("utf-8")


def _broken(folder: Path, what: str) -> EngineError:
    return EngineError("bundle-broken", f"bundle {folder.name}: {what}", "install the bundle again")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_sums(folder: Path) -> None:
    """Write ``SHA256SUMS`` over every other file of a bundle's folder."""
    names = sorted(p.name for p in folder.iterdir() if p.is_file() and p.name != _SUMS)
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in names]
    (folder / _SUMS).write_text("".join(lines), "utf-8")


def _sums(folder: Path) -> Iterator[tuple[str, str]]:
    for line in (folder / _SUMS).read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        plain = name and name == os.path.basename(name) and not name.startswith(".")
        if len(digest) != 64 or not plain:
            raise _broken(folder, f"{_SUMS} has a line that is not 'hash  name'")
        yield digest, name


def verify(folder: Path) -> Bundle:
    """Check every hash of a bundle, and that nothing is there that has none.

    Raises
    ------
    EngineError
        ``bundle-broken`` if a file is missing, added or changed.
    """
    if not (folder / _SUMS).is_file():
        raise _broken(folder, f"there is no {_SUMS}")
    listed = dict((name, digest) for digest, name in _sums(folder))
    present = {p.name for p in folder.iterdir() if p.name not in (_SUMS, "__pycache__")}
    for name in ("plan.yaml", "metrics.json", "card.md"):
        if name not in listed:
            raise _broken(folder, f"{name} is missing")
    extra = sorted(present - set(listed))
    if extra:
        raise _broken(folder, f"{extra[0]} is not listed in {_SUMS}")
    for name, digest in listed.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
            raise _broken(folder, f"{name} is missing or too large")
        if sha256_of(path) != digest:
            raise EngineError(
                "bundle-tampered",
                f"bundle {folder.name}: {name} does not match its hash",
                "install the bundle again from where it came",
            )
    return Bundle(folder, sha256_of(folder / _SUMS))


def shipped() -> tuple[Path, ...]:
    """Folders of the bundles that came with the program."""
    return tuple(sorted(p for p in SHIPPED.iterdir() if (p / _SUMS).is_file()))


def load(which: str | Path | None = None) -> Bundle:
    """A verified bundle: a folder, the name of a shipped one, or the default.

    Raises
    ------
    UsageError
        If there is no such bundle.
    EngineError
        If it is broken, changed, or of a newer format.
    """
    name = DEFAULT if which is None else str(which)
    named = [folder for folder in shipped() if folder.name == name]
    folder = named[0] if named else Path(name)
    if not folder.is_dir():
        known = ", ".join(p.name for p in shipped()) or "none"
        raise UsageError(
            "no-such-bundle",
            f"there is no bundle {name!r} (shipped: {known})",
            "name a shipped bundle or the folder of one",
        )
    bundle = verify(folder)
    for stage in bundle.plan.stages:
        if not (folder / stage.weights).is_file():
            raise _broken(folder, f"{stage.weights} is missing")
    return bundle
