"""R's values beside ours: load a case, compare every number, remember how many digits agree.

A golden file is a list of cases; the leaves of a case's `output` that are numbers, null or infinite are its
values. `Case.match` ticks values off, `Case.excuse` names those that are not compared and why, and
`Case.done` fails if one is left. The terminal summary prints the registry.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

_FOLDER = Path(os.environ.get("SPLENIC_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "golden"
_REQUIRE_ALL = os.environ.get("SPLENIC_REQUIRE") == "all"
_INFINITE = {"Inf": math.inf, "-Inf": -math.inf}
Path_ = tuple[str | int, ...]


@dataclass
class Topic:
    """What is known of one file: values by case, and of each compared value the digits that agree."""

    values: dict[str, int]
    cases_run: set[str] = field(default_factory=set)
    digits: dict[str, float] = field(default_factory=dict)
    excused: dict[str, str] = field(default_factory=dict)


REGISTRY: dict[str, Topic] = {}


def ids(topic: str, pattern: str = ".*") -> list[Any]:
    """Identifiers of the cases of a file that match a pattern whole, for `pytest.mark.parametrize`."""
    if not (_FOLDER / f"{topic}.json").is_file():
        skip = pytest.mark.skipif(not _REQUIRE_ALL, reason="absent: the golden values (set SPLENIC_SHARED)")
        return [pytest.param("absent", marks=(skip, pytest.mark.shared))]
    found = [name for name in _cases(topic) if re.fullmatch(pattern, name)]
    return [pytest.param(name, marks=pytest.mark.shared) for name in found]


def load(topic: str, case_id: str) -> Case:
    """One case of a golden file."""
    raw = _cases(topic)[case_id]
    sizes = {name: len(_leaves(case["output"])) for name, case in _cases(topic).items()}
    entry = REGISTRY.setdefault(topic, Topic(sizes))
    entry.cases_run.add(case_id)
    return Case(topic, raw)


class Case:
    """One case: its input, its expected output, and which of its values were compared."""

    def __init__(self, topic: str, raw: dict[str, Any]) -> None:
        self.topic, self.id, self.raw, self.output = topic, raw["id"], raw, raw["output"]
        self.columns: dict[str, Any] = raw.get("columns", {})
        self._left = set(_leaves(self.output))

    def table(self) -> dict[str, np.ndarray]:
        """The case's table, by column: float64 with NaN for missing, or text with None."""
        return table(self.raw["table"])

    def expected(self, path: str) -> Any:
        """The part of the output at a dotted path."""
        return _at(self.output, _split(path))

    def match(self, path: str, got: Any, *, rel: float, abs: float = 1e-12) -> None:
        """Compare everything under a dotted path ("" for all) with `got` (numbers, arrays, dicts, None).

        A value passes if it is within `rel` relative or `abs` absolute; keys named p, p_… or pvalue have
        no absolute tolerance, and below 1e-12 a relative one of 1e-6 at least.
        """
        self._match(_split(path), got, rel, abs)

    def match_parts(self, path: Path_, got: Any, *, rel: float, abs: float = 1e-12) -> None:
        """As `match`, with the path in parts, for keys that have a dot in them."""
        self._match(path, got, rel, abs)

    def excuse(self, path: str, reason: str) -> None:
        """Leave the values under a path out of the comparison, and say why in the summary."""
        start = _split(path)
        gone = {leaf for leaf in self._left if leaf[: len(start)] == start}
        assert gone, f"{self.id}: nothing left to excuse under {path}"
        self._left -= gone
        for leaf in gone:
            REGISTRY[self.topic].excused[self._name(leaf)] = reason

    def done(self) -> None:
        """Fail if a value of this case was neither compared nor excused."""
        left = sorted(".".join(map(str, leaf)) for leaf in self._left)
        assert not left, f"{self.topic} {self.id}: {len(left)} values not compared: {', '.join(left[:12])}"

    def _name(self, leaf: Path_) -> str:
        return ":".join((self.id, ".".join(map(str, leaf))))

    def _match(self, path: Path_, got: Any, rel: float, abs_: float) -> None:
        want = _at(self.output, path)
        where = f"{self.topic} {self.id} {'.'.join(map(str, path))}"
        if isinstance(want, dict):
            assert isinstance(got, dict), f"{where}: a dict is expected, got {type(got).__name__}"
            for key, value in got.items():
                assert key in want, f"{where}: R has no {key}"
                self._match((*path, key), value, rel, abs_)
        elif isinstance(want, list):
            got = [got] if np.ndim(got) == 0 and not isinstance(got, list | tuple) else list(got)
            assert len(want) == len(got), f"{where}: {len(want)} values expected, got {len(got)}"
            for index, value in enumerate(got):
                self._match((*path, index), value, rel, abs_)
        elif _is_value(want):
            self._compare(path, where, want, got, rel, abs_)
        else:
            assert got == want, f"{where}: expected {want!r}, got {got!r}"

    def _compare(self, path: Path_, where: str, want: Any, got: Any, rel: float, abs_: float) -> None:
        want = math.nan if want is None else _INFINITE.get(want, want)
        got = math.nan if got is None else float(got)
        digits = 15.0
        if math.isnan(want) or math.isinf(want) or math.isnan(got) or math.isinf(got):
            both_missing = math.isnan(want) and math.isnan(got)
            assert both_missing or want == got, f"{where}: expected {want}, got {got}"
        elif want != got:
            key = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
            if key in ("p", "pvalue") or key.startswith("p_"):
                abs_, rel = 0.0, max(rel, 1e-6) if want < 1e-12 else rel
            off = abs(got - want)
            assert off <= max(rel * abs(want), abs_), (
                f"{where}: expected {want:.15g}, got {got:.15g} "
                f"(off {off:.2g}, {off / (abs(want) or 1):.2g} relative)"
            )
            # Noise around an exact zero has no relative digits: what counts is that it is noise.
            digits = -math.log10(off / abs(want)) if abs(want) > abs_ else -math.log10(off)
        self._left.discard(path)
        name = self._name(path)
        known = REGISTRY[self.topic].digits
        known[name] = min(known.get(name, 15.0), max(0.0, min(15.0, digits)))


def table(name: str) -> dict[str, np.ndarray]:
    """A table named as in the golden files, by column: float64 with NaN, or text with None, for missing."""
    with (_FOLDER / name).open(encoding="utf-8-sig", newline="") as lines:
        head, *rows = list(csv.reader(lines))
    return {title: _column([row[index] for row in rows]) for index, title in enumerate(head)}


def summary() -> list[str]:
    """The registry as lines of text, for the end of a test run."""
    lines = [
        f"{'file':<14}{'cases':>9}{'values':>9}{'matched':>9}{'excused':>9}{'unmatched':>11}"
        f"{'12+ digits':>12}{'9-11':>7}{'6-8':>7}{'<6':>6}"
    ]
    reasons: dict[tuple[str, str], int] = {}
    for topic, entry in sorted(REGISTRY.items()):
        run = sum(entry.values[name] for name in entry.cases_run)
        whole = np.floor(np.array(list(entry.digits.values())) + 1e-9)
        bins = ((12, 99), (9, 12), (6, 9), (0, 6))
        counts = [int(np.sum((whole >= low) & (whole < high))) for low, high in bins]
        lines.append(
            f"{topic:<14}{f'{len(entry.cases_run)}/{len(entry.values)}':>9}{run:>9}{len(entry.digits):>9}"
            f"{len(entry.excused):>9}{run - len(entry.digits) - len(entry.excused):>11}"
            f"{counts[0]:>12}{counts[1]:>7}{counts[2]:>7}{counts[3]:>6}"
        )
        for reason in entry.excused.values():
            reasons[topic, reason] = reasons.get((topic, reason), 0) + 1
    lines += [f"excused in {topic}, {count} values: {why}" for (topic, why), count in sorted(reasons.items())]
    return lines


def dump() -> dict[str, Any]:
    """The registry as plain data, to be sent from a worker process."""
    return {
        topic: [entry.values, sorted(entry.cases_run), entry.digits, entry.excused]
        for topic, entry in REGISTRY.items()
    }


def merge(data: dict[str, Any]) -> None:
    """Add what a worker process compared."""
    for topic, (values, cases, digits, excused) in data.items():
        entry = REGISTRY.setdefault(topic, Topic(dict(values)))
        entry.cases_run.update(cases)
        entry.digits.update(digits)
        entry.excused.update(excused)


@cache
def _cases(topic: str) -> dict[str, dict[str, Any]]:
    path = _FOLDER / f"{topic}.json"
    assert path.is_file(), f"required, and absent: {path} (set SPLENIC_SHARED)"
    return {case["id"]: case for case in json.loads(path.read_text(encoding="utf-8"))["cases"]}


def _is_value(leaf: Any) -> bool:
    number = isinstance(leaf, int | float) and not isinstance(leaf, bool)
    return number or leaf is None or (isinstance(leaf, str) and leaf in _INFINITE)


def _leaves(tree: Any, at: Path_ = ()) -> list[Path_]:
    if isinstance(tree, dict):
        return [leaf for key, part in tree.items() for leaf in _leaves(part, (*at, key))]
    if isinstance(tree, list):
        return [leaf for index, part in enumerate(tree) for leaf in _leaves(part, (*at, index))]
    return [at] if _is_value(tree) else []


def _split(path: str) -> Path_:
    return tuple(int(part) if part.isdigit() else part for part in path.split(".")) if path else ()


def _at(tree: Any, path: Path_) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def _column(cells: list[str]) -> np.ndarray:
    try:
        return np.array([float(cell) if cell else math.nan for cell in cells])
    except ValueError:
        return np.array([cell or None for cell in cells], dtype=object)
