"""Input of every statistic: checked columns, and rows with a missing value dropped.

A column keeps its missing values (NaN) until `complete_rows` decides, over all the columns a statistic uses,
which rows stay; so a missing value in a column that is not used never costs a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


class StatisticsError(ValueError):
    """A statistic that its input does not allow.

    Parameters
    ----------
    code : str
        Kebab-case name, e.g. ``negative-time``.
    sentence : str
        Which column or option is wrong, and how.
    remedy : str
        What to do about it; may be empty where nothing helps.
    """

    def __init__(self, code: str, sentence: str, remedy: str = "") -> None:
        self.code = code
        self.sentence = sentence
        self.remedy = remedy
        super().__init__(f"{sentence}; {remedy}" if remedy else sentence)

    def __reduce__(self) -> tuple[type[StatisticsError], tuple[str, str, str]]:
        # The default would rebuild the error from its one message and lose the code between processes.
        return (type(self), (self.code, self.sentence, self.remedy))


def as_numbers(values: ArrayLike, name: str) -> Floats:
    """A column of numbers, shape (n,), float64; None and NaN are missing.

    Raises
    ------
    StatisticsError
        If it is not one-dimensional, holds something that is no number, or an infinite number.
    """
    column = _to_float(values, name)
    if column.ndim != 1:
        raise StatisticsError("bad-shape", f"{name}: one column is needed, got shape {column.shape}")
    if np.isinf(column).any():
        row = int(np.flatnonzero(np.isinf(column))[0])
        raise StatisticsError(
            "infinite-value",
            f"{name}: the value in row {row} is infinite",
            "correct it, or mark it as missing",
        )
    return column


def as_matrix(values: ArrayLike, name: str) -> Floats:
    """Columns of numbers, shape (n, p), float64; a single column of shape (n,) becomes (n, 1)."""
    matrix = _to_float(values, name)
    if matrix.ndim == 1:
        matrix = matrix[:, np.newaxis]
    if matrix.ndim != 2:
        raise StatisticsError("bad-shape", f"{name}: a matrix [row, column] is needed, got {matrix.shape}")
    if np.isinf(matrix).any():
        row, column = (int(index[0]) for index in np.nonzero(np.isinf(matrix)))
        raise StatisticsError(
            "infinite-value",
            f"{name}: row {row}, column {column} is infinite",
            "correct it, or mark it as missing",
        )
    return matrix


def as_times(values: ArrayLike, name: str = "time") -> Floats:
    """A column of times since the start, shape (n,); zero is allowed, a negative time is not."""
    column = as_numbers(values, name)
    if (column < 0).any():
        row = int(np.flatnonzero(column < 0)[0])
        raise StatisticsError(
            "negative-time",
            f"{name}: the time in row {row} is negative ({column[row]:g})",
            "correct the dates it comes from",
        )
    return column


def as_events(values: ArrayLike, name: str = "event") -> Floats:
    """A column of events, shape (n,): 1 happened, 0 censored, NaN missing."""
    return as_codes(values, (0, 1), name)


def as_codes(values: ArrayLike, allowed: tuple[int, ...], name: str) -> Floats:
    """A column of codes, shape (n,), each one of `allowed` or missing."""
    column = as_numbers(values, name)
    wrong = ~(np.isnan(column) | np.isin(column, allowed))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        codes = ", ".join(str(code) for code in allowed)
        raise StatisticsError("unknown-code", f"{name}: {column[row]:g} in row {row} is no code of {codes}")
    return column


@dataclass(frozen=True, slots=True)
class Labels:
    """A column of labels: `codes` (n,) are positions in `levels`, NaN where missing."""

    codes: Floats
    levels: tuple[Any, ...]


def as_labels(values: ArrayLike, name: str, levels: tuple[Any, ...] | None = None) -> Labels:
    """A column of labels (text or numbers); the levels are sorted unless their order is given.

    Raises
    ------
    StatisticsError
        If the labels cannot be sorted together, or a label is none of the given levels.
    """
    column = np.asarray(values)
    if column.ndim != 1:
        raise StatisticsError("bad-shape", f"{name}: one column is needed, got shape {column.shape}")
    missing = np.fromiter((_is_missing(value) for value in column.tolist()), dtype=bool, count=column.size)
    present = column[~missing].tolist()
    try:
        found = sorted(set(present))
    except TypeError as mixed:
        raise StatisticsError(
            "mixed-labels",
            f"{name}: labels of different kinds cannot be put in order",
            "use all numbers or all text, or give the levels",
        ) from mixed
    order = tuple(found) if levels is None else levels
    position = {label: index for index, label in enumerate(order)}
    unknown = [label for label in found if label not in position]
    if unknown:
        raise StatisticsError("unknown-label", f"{name}: the label {unknown[0]!r} is no given level")
    codes = np.full(column.size, np.nan)
    codes[~missing] = [position[label] for label in present]
    return Labels(codes, order)


def complete_rows(**columns: Floats | None) -> Bools:
    """Which rows have no missing value in any of the named columns; columns that are None do not count.

    Raises
    ------
    StatisticsError
        If the columns differ in length.
    """
    given = {name: column for name, column in columns.items() if column is not None}
    sizes = {name: len(column) for name, column in given.items()}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise StatisticsError("bad-shape", f"the columns differ in length: {listed}")
    keep = np.ones(next(iter(sizes.values()), 0), dtype=bool)
    for column in given.values():
        missing = np.isnan(column)
        keep &= ~(missing if column.ndim == 1 else missing.any(axis=1))
    return keep


def sum_by_place(place: Ints, values: Floats, size: int) -> Floats:
    """Sums of `values` (n,) that share a place, shape (size,)."""
    sums: Floats = np.bincount(place, values, size).astype(np.float64)
    return sums


def inverse(matrix: Floats) -> Floats:
    """Inverse of a square matrix."""
    inverted: Floats = np.linalg.inv(matrix).astype(np.float64)
    return inverted


def check_level(level: float) -> float:
    """A confidence level, strictly between 0 and 1."""
    if not 0 < level < 1:
        raise StatisticsError("bad-level", f"level: a confidence level lies between 0 and 1, got {level:g}")
    return float(level)


def check_choice(value: str, allowed: tuple[str, ...], name: str) -> str:
    """A word that must be one of a few."""
    if value not in allowed:
        raise StatisticsError("bad-option", f"{name}: {value!r} is none of {', '.join(allowed)}")
    return value


def _to_float(values: ArrayLike, name: str) -> Floats:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as wrong:
        raise StatisticsError("not-a-number", f"{name}: a column of numbers is needed") from wrong


def _is_missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and np.isnan(value))
