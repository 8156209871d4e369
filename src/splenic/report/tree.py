"""Results as a tree of plain JSON, read by name.

A report is made from ``results.json`` alone, so that it can be made again from the file, elsewhere and later.
The names are those of the results' own types; a name that is missing is a fault of the file, and said so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from splenic.errors import InputError

FORMAT_VERSION = 1


class Dumpable(Protocol):
    """Typed results that turn themselves into plain JSON values, as pydantic models do."""

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


class Node:
    """A read-only view of a JSON object: fields as attributes, entries of a table of names by ``[...]``."""

    __slots__ = ("_path", "_values")

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._values:
            where = f"{self._path}.{name}".lstrip(".")
            raise InputError(
                "not-results",
                f"results: {where} is missing",
                "make the results again with `splenic cohort run` of this version",
            )
        return _wrap(self._values[name], f"{self._path}.{name}")

    def __getitem__(self, key: str) -> Any:
        return _wrap(self._values[key], f"{self._path}.{key}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str, default: Any = None) -> Any:
        """An entry, or a default where the key is absent."""
        return self[key] if key in self._values else default

    def plain(self) -> Mapping[str, Any]:
        """The JSON object itself."""
        return self._values


def _wrap(value: Any, path: str) -> Any:
    if isinstance(value, Mapping):
        return Node(value, path)
    if isinstance(value, list | tuple):
        return tuple(_wrap(entry, f"{path}[{i}]") for i, entry in enumerate(value))
    return value


def array(values: Any) -> npt.NDArray[np.float64]:
    """Numbers as an array, NaN where one is not known."""
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def triple(interval: Any) -> tuple[float | None, float | None, float | None]:
    """Estimate and limits of an interval; three times None where there is none."""
    return (None, None, None) if interval is None else (interval.estimate, interval.low, interval.high)


def load(source: Path | Mapping[str, Any] | Dumpable) -> tuple[Node, bytes]:
    """Results from a file, plain JSON or typed results; and the bytes of ``results.json``.

    Raises
    ------
    InputError
        The file cannot be read, is no JSON, or is of another format.
    """
    if isinstance(source, Path):
        values, raw = _read(source)
    else:
        values = source if isinstance(source, Mapping) else source.model_dump(mode="json")
        raw = (json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8")
    version = values.get("format_version") if isinstance(values, Mapping) else None
    if version != FORMAT_VERSION:
        raise InputError(
            "not-results",
            f"results: format {version} where {FORMAT_VERSION} is needed",
            "make the results again with `splenic cohort run` of this version",
        )
    return Node(values), raw


def _read(path: Path) -> tuple[Any, bytes]:
    try:
        raw = path.read_bytes()
        return json.loads(raw), raw
    except OSError as error:
        raise InputError(
            "cannot-read", f"{path.name}: cannot be read ({error.strerror})", "check the path"
        ) from None
    except ValueError:
        raise InputError(
            "not-results", f"{path.name}: is no JSON", "give the results.json of `splenic cohort run`"
        ) from None
