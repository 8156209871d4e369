"""Kaplan–Meier figure as clinicians expect it: curves with intervals above, risk table aligned below.

Layout after the survey of Morris et al. (BMJ Open 2019;9:e030215): numbers at risk, censored and with event
under the time axis, and confidence intervals around each curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from splenic.report import numbers
from splenic.report.figures.time_axis import LEFT, WIDTH, Head, dress_time_axis, risk_table, round_times
from splenic.report.style import (
    FULL_WIDTH_IN,
    LINES,
    SERIES,
    SOFT,
    DataKind,
    Drawing,
    LineStyle,
    finish,
    house_style,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from splenic.stats import SurvivalCurve

Floats = npt.NDArray[np.float64]
FEW = 5
"""A curve is drawn while at least this many of its group are at risk."""


@dataclass(frozen=True, slots=True)
class KmGroup:
    """One curve.

    Attributes
    ----------
    label : name of the group.
    n, events : patients, and those with the event.
    time, survival, low, high : shape (k,), a step function from time 0 on; NaN where undefined.
    censor_times : when the others left, shape (n - events,), ascending.
    median : estimate and limits, None where not reached.
    """

    label: str
    n: int
    events: int
    time: Floats
    survival: Floats
    low: Floats
    high: Floats
    censor_times: Floats
    median: tuple[float | None, float | None, float | None]

    def at_risk(self, at: Floats) -> Floats:
        """Patients at risk just before given times."""
        gone = np.searchsorted(self.event_times(), at, side="left") + np.searchsorted(
            self.censor_times, at, side="left"
        )
        return np.asarray(self.n - gone, dtype=np.float64)

    def event_times(self) -> Floats:
        """The time of every event, read back from the steps of the curve."""
        times: list[float] = []
        before = 1.0
        for time, survival in zip(self.time, self.survival):
            if survival < before:
                risk = self.n - len(times) - int(np.searchsorted(self.censor_times, time, side="left"))
                times += [float(time)] * round(risk * (1 - survival / before))
            before = float(survival)
        return np.array(times)

    def survival_at(self, at: Floats) -> Floats:
        """The curve at given times."""
        return _step(self.time, self.survival, at)


def group_of(label: str, curve: SurvivalCurve) -> KmGroup:
    """The curve of a group from its Kaplan–Meier result."""
    from splenic.stats import quantiles

    middle = quantiles(curve, (0.5,))
    start = np.zeros(1)
    median = [float(x[0]) for x in (middle.estimate, middle.low, middle.high)]
    estimate, low, high = (None if np.isnan(x) else x for x in median)
    return KmGroup(
        label,
        round(curve.n),
        round(curve.events),
        np.concatenate([start, curve.time]),
        np.concatenate([start + 1, curve.estimate]),
        np.concatenate([start + 1, curve.low]),
        np.concatenate([start + 1, curve.high]),
        np.repeat(curve.time, np.round(curve.censored_at).astype(int)),
        (estimate, low, high),
    )


def kaplan_meier(
    groups: Sequence[KmGroup],
    *,
    key: str,
    title: str,
    data: DataKind,
    endpoint: str = "Overall survival",
    time_unit: str = "months",
    lines: Sequence[str] = (),
    risk_times: Sequence[float] | None = None,
    colours: Sequence[str] = SERIES,
    level: float = 0.95,
    remark: str = "",
) -> Drawing:
    """Survival curves with a risk table.

    Parameters
    ----------
    groups : at least one; the first is the reference and drawn solid.
    endpoint : the vertical axis, e.g. ``Overall survival``.
    lines : sentences printed in the plot, e.g. the log-rank p and what it is corrected for.
    risk_times : times of the risk table and ticks of the axis; chosen when absent. The axis ends where fewer
        than 5 of all patients remain.
    colours : one per group.
    remark : added to the caption, e.g. where the groups come from.
    level : of the intervals, for the caption.
    """
    end = _end_of_axis(groups)
    ticks = (
        round_times(end)
        if risk_times is None
        else np.array([t for t in risk_times if t <= end * 1.02] or [0.0])
    )
    end = max(end, float(ticks[-1]))
    with house_style():
        legend = [f"{g.events}/{g.n} events; median {numbers.median_time(*g.median)}" for g in groups]
        head = Head([g.label for g in groups], legend, lines)
        plot_in, foot_in, table_in = 3.0, 0.4, 0.02 + 0.625 * len(groups)
        height = head.height_in + plot_in + foot_in + table_in
        figure = new_figure(FULL_WIDTH_IN, height)
        axes = figure.add_axes((LEFT, (table_in + foot_in) / height, WIDTH, plot_in / height))
        for group, colour, line in zip(groups, colours, LINES):
            _draw_curve(axes, group, colour, line, end)
        dress_time_axis(axes, end, ticks, time_unit)
        axes.set_ylim(0, 1.03)
        axes.set_ylabel(f"{endpoint} (%)")
        axes.axhline(0.5, color=SOFT, linewidth=0.5, linestyle=(0, (1, 2)), zorder=0)
        head.draw(figure, colours)
        below = figure.add_axes((LEFT, 0.0, WIDTH, table_in / height))
        blocks = [(g.label, _risk_rows(g, ticks)) for g in groups]
        risk_table(below, blocks, colours, ticks, end, table_in)
        return finish(
            figure,
            key=key,
            title=title,
            caption=f"{_caption(groups, level)} {remark}".strip(),
            data=data,
            alt=_alt(groups, endpoint, time_unit, lines),
        )


def _draw_curve(axes: Axes, group: KmGroup, colour: str, line: LineStyle, end: float) -> None:
    last = min(_last_time(group), end)
    keep = group.time <= last
    time = np.append(group.time[keep], last)
    survival, low, high = (np.append(x[keep], x[keep][-1]) for x in (group.survival, group.low, group.high))
    axes.fill_between(time, low, high, step="post", color=colour, alpha=0.14, linewidth=0)
    for limit in (low, high):
        axes.step(time, limit, where="post", color=colour, linewidth=0.5, alpha=0.55)
    axes.step(time, survival, where="post", color=colour, linestyle=line, linewidth=1.7)
    ticks = group.censor_times[group.censor_times <= last]
    axes.plot(
        ticks,
        group.survival_at(ticks),
        linestyle="none",
        marker="|",
        markersize=5,
        markeredgewidth=0.8,
        color=colour,
    )


def _risk_rows(group: KmGroup, ticks: Floats) -> list[tuple[str, Floats]]:
    events = np.searchsorted(group.event_times(), ticks, side="right")
    censored = np.searchsorted(group.censor_times, ticks, side="right")
    return [
        ("At risk", group.at_risk(ticks)),
        ("Censored", censored.astype(np.float64)),
        ("Events", events.astype(np.float64)),
    ]


def _last_time(group: KmGroup) -> float:
    """The last time at which enough of a group are at risk; of a small group, its last time."""
    leaving = np.sort(np.concatenate([group.event_times(), group.censor_times]))
    if len(leaving) == 0:
        return 0.0
    return float(leaving[-FEW] if len(leaving) >= 2 * FEW else leaving[-1])


def _end_of_axis(groups: Sequence[KmGroup]) -> float:
    return max((_last_time(group) for group in groups), default=0.0) or 1.0


def _step(time: Floats, values: Floats, at: Floats) -> Floats:
    place = np.searchsorted(time, at, side="right") - 1
    return np.asarray(np.concatenate([[1.0], values])[place + 1])


def _caption(groups: Sequence[KmGroup], level: float) -> str:
    small = (
        "" if all(group.n >= 2 * FEW for group in groups) else " (groups below 10 patients: to the last time)"
    )
    return (
        f"Kaplan–Meier estimate with pointwise {level:.0%} confidence intervals (shaded); vertical ticks "
        f"mark censored patients. Each curve ends where fewer than {FEW} patients remain at risk{small}. "
        "Medians with the same intervals. Below: patients "
        "at risk just before each time, and patients censored and with event up to it."
    )


def _alt(groups: Sequence[KmGroup], endpoint: str, time_unit: str, lines: Sequence[str]) -> str:
    parts = [
        f"{group.label}: {group.n} patients, {group.events} events, median "
        f"{numbers.median_time(*group.median, time_unit)}"
        for group in groups
    ]
    return f"Kaplan–Meier curves of {endpoint.lower()}. " + ". ".join([*parts, *lines]) + "."
