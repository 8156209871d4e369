"""Cox models whose coefficients change with time, where proportional hazards fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import (
    Floats,
    Ints,
    StatisticsError,
    as_events,
    as_matrix,
    as_numbers,
    as_times,
    check_choice,
    complete_rows,
)
from .cox import CoxFit, Ties, fit_cox


@dataclass(frozen=True, slots=True)
class SplitRows:
    """Rows cut at given times, each array of shape (m,).

    Attributes
    ----------
    row : which row of the input. start, stop : (start, stop] is the part's time at risk.
    event : 1 only in the part in which the event happens. period : 0 before the first cut, 1 after it, ...
    """

    row: Ints
    start: Floats
    stop: Floats
    event: Floats
    period: Ints


def split_time(
    time: ArrayLike, event: ArrayLike, cuts: ArrayLike, *, entry: ArrayLike | None = None
) -> SplitRows:
    """Cut each row's time at risk at given times; a row that ends at a cut belongs to the period before it.

    Raises
    ------
    StatisticsError
        If a value is missing: drop such rows first, for the rows are numbered as given.

    Examples
    --------
    >>> parts = split_time([5, 20], [1, 0], [12])
    >>> parts.start.tolist(), parts.stop.tolist(), parts.event.tolist()
    ([0.0, 0.0, 12.0], [5.0, 12.0, 20.0], [1.0, 0.0, 0.0])
    """
    t, e = as_times(time), as_events(event)
    start = np.zeros(t.size) if entry is None else as_numbers(entry, "entry")
    if not complete_rows(time=t, event=e, entry=start).all():
        raise StatisticsError(
            "missing-value", "time, event or entry: a value is missing", "drop such rows first"
        )
    edges = np.unique(as_numbers(cuts, "cuts"))
    first = np.searchsorted(edges, start, side="right")
    last = np.searchsorted(edges, t, side="left")
    parts = last - first + 1
    row = np.repeat(np.arange(t.size), parts)
    period = np.arange(row.size) - np.repeat(np.cumsum(parts) - parts, parts) + first[row]
    bounds = np.concatenate([[-np.inf], edges, [np.inf]])
    begins, ends = np.maximum(bounds[period], start[row]), np.minimum(bounds[period + 1], t[row])
    return SplitRows(row, begins, ends, np.where(period == last[row], e[row], 0.0), period)


def fit_cox_by_period(
    time: ArrayLike,
    event: ArrayLike,
    x: ArrayLike,
    *,
    terms: Sequence[str],
    varying: str,
    cuts: Sequence[float],
    ties: Ties = "efron",
    level: float = 0.95,
) -> CoxFit:
    """Cox model in which one column has its own coefficient in each period between the cuts.

    The column becomes one column per period, named like ``sv (0 to 12)`` and ``sv (from 12)``. Rows with a
    missing value, or with no time at risk (time zero), are dropped.
    """
    t, e, matrix, names, place = _columns(time, event, x, terms, varying)
    parts = split_time(t, e, list(cuts))
    edges = np.unique(np.asarray(cuts, dtype=np.float64))
    inside = [parts.period == index for index in range(edges.size + 1)]
    labels = [f"{low:g} to {high:g}" for low, high in zip([0.0, *edges[:-1]], edges)] + [
        f"from {edges[-1]:g}"
    ]
    columns, heads = [], []
    for index, name in enumerate(names):
        values = matrix[parts.row, index]
        if index == place:
            columns += [np.where(rows, values, 0.0) for rows in inside]
            heads += [f"{name} ({label})" for label in labels]
        else:
            columns.append(values)
            heads.append(name)
    return fit_cox(
        parts.stop,
        parts.event,
        np.column_stack(columns),
        terms=heads,
        entry=parts.start,
        ties=ties,
        level=level,
    )


def fit_cox_time_interaction(
    time: ArrayLike,
    event: ArrayLike,
    x: ArrayLike,
    *,
    terms: Sequence[str],
    varying: str,
    scale: Literal["log", "identity"] = "log",
    ties: Ties = "efron",
    level: float = 0.95,
) -> CoxFit:
    """Cox model with one column's coefficient a straight line in time or its logarithm.

    Rows are cut at every time of death, so the memory grows with rows times deaths; meant for cohorts up to a
    few thousand rows. The column gets a companion named like ``sv x log(time)``. Rows with missing values, or
    with no time at risk (time zero), are dropped.
    """
    check_choice(scale, ("log", "identity"), "scale")
    t, e, matrix, names, place = _columns(time, event, x, terms, varying)
    parts = split_time(t, e, np.unique(t[e == 1]))
    g = np.log(parts.stop) if scale == "log" else parts.stop
    companion = matrix[parts.row, place] * g
    heads = [*names, f"{varying} x {'log(time)' if scale == 'log' else 'time'}"]
    columns = np.column_stack([matrix[parts.row], companion])
    return fit_cox(parts.stop, parts.event, columns, terms=heads, entry=parts.start, ties=ties, level=level)


def _columns(
    time: ArrayLike, event: ArrayLike, x: ArrayLike, terms: Sequence[str], varying: str
) -> tuple[Floats, Floats, Floats, tuple[str, ...], int]:
    t, e, matrix = as_times(time), as_events(event), as_matrix(x, "x")
    if varying not in terms:
        raise StatisticsError("unknown-column", f"varying: {varying!r} is none of the terms")
    keep = complete_rows(time=t, event=e, x=matrix) & (t > 0)
    return t[keep], e[keep], matrix[keep], tuple(terms), list(terms).index(varying)
