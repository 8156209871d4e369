"""Cumulative incidence with competing events, over a table of numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from splenic.report.figures.time_axis import LEFT, WIDTH, Head, dress_time_axis, risk_table
from splenic.report.style import (
    FULL_WIDTH_IN,
    LINES,
    SERIES,
    DataKind,
    Drawing,
    LineStyle,
    finish,
    house_style,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]
FEW = 5


@dataclass(frozen=True, slots=True)
class IncidenceCurve:
    """One group: the event of interest, and the competing one.

    ``time, estimate, low, high`` are step functions from time 0 on; ``at_risk`` holds the numbers at the
    times of the risk table.
    """

    label: str
    n: int
    events: int
    competing: int
    time: Floats
    estimate: Floats
    low: Floats
    high: Floats
    competing_time: Floats
    competing_estimate: Floats
    at_risk: Floats


def cumulative_incidence(
    groups: Sequence[IncidenceCurve],
    risk_times: Sequence[float],
    *,
    key: str,
    title: str,
    data: DataKind,
    event: str = "Decompensation",
    competing: str = "death",
    time_unit: str = "months",
    lines: Sequence[str] = (),
    colours: Sequence[str] = SERIES,
    level: float = 0.95,
) -> Drawing:
    """Cumulative incidence of an event by group; the competing event as a thin line of the same colour."""
    times = np.asarray(risk_times, dtype=np.float64)
    end = _end(groups, times)
    ticks = times[times <= end]
    with house_style():
        facts = [f"{event.lower()} {g.events}/{g.n}; {competing} first {g.competing}/{g.n}" for g in groups]
        head = Head([g.label for g in groups], facts, lines)
        plot_in, foot_in, table_in = 3.0, 0.4, 0.02 + 0.325 * len(groups)
        height = head.height_in + plot_in + foot_in + table_in
        figure = new_figure(FULL_WIDTH_IN, height)
        axes = figure.add_axes((LEFT, (table_in + foot_in) / height, WIDTH, plot_in / height))
        for group, colour, line in zip(groups, colours, LINES):
            _draw(axes, group, colour, line, _last_time(group, times))
        dress_time_axis(axes, end, ticks, time_unit)
        axes.set_ylim(0, 1.03)
        axes.set_ylabel("Cumulative incidence (%)")
        head.draw(figure, colours)
        below = figure.add_axes((LEFT, 0.0, WIDTH, table_in / height))
        blocks = [(g.label, [("At risk", g.at_risk[: len(ticks)])]) for g in groups]
        risk_table(below, blocks, colours, ticks, end, table_in)
        caption = (
            f"{event}: thick lines with pointwise {level:.0%} confidence intervals (shaded), Aalen–Johansen "
            f"estimate with {competing} as a competing event. {competing.capitalize()}: thin lines. Each "
            "curve ends"
            f" where fewer than {FEW} patients of the table remain at risk. Below: "
            "patients at risk (neither event yet)."
        )
        parts = [f"{g.label}: {fact}" for g, fact in zip(groups, facts)]
        alt = f"Cumulative incidence of {event.lower()}. " + ". ".join([*parts, *lines]) + "."
        return finish(figure, key=key, title=title, caption=caption, alt=alt, data=data)


def _draw(axes: Axes, group: IncidenceCurve, colour: str, line: LineStyle, end: float) -> None:
    keep = group.time <= end
    time = np.append(group.time[keep], end)
    estimate, low, high = (np.append(x[keep], x[keep][-1]) for x in (group.estimate, group.low, group.high))
    axes.fill_between(time, low, high, step="post", color=colour, alpha=0.14, linewidth=0)
    axes.step(time, estimate, where="post", color=colour, linestyle=line)
    keep = group.competing_time <= end
    if keep.any():
        other = group.competing_estimate[keep]
        axes.step(
            np.append(group.competing_time[keep], end),
            np.append(other, other[-1]),
            where="post",
            color=colour,
            linewidth=0.8,
            linestyle=line,
        )


def _last_time(group: IncidenceCurve, times: Floats) -> float:
    few = np.flatnonzero(group.at_risk < FEW)
    return float(times[few[0]] if len(few) and few[0] > 0 else times[-1])


def _end(groups: Sequence[IncidenceCurve], times: Floats) -> float:
    """The first time of the table at which fewer than 5 patients remain in all groups; else the last."""
    return max((_last_time(group, times) for group in groups), default=0.0) or 1.0
