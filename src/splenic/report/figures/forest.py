"""Forest plot: an effect in subgroups, with its numbers beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from splenic.report import numbers
from splenic.report.style import (
    BLUE,
    FULL_WIDTH_IN,
    RULE,
    SHADE,
    SOFT,
    DataKind,
    Drawing,
    finish,
    house_style,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_IN = 0.2


@dataclass(frozen=True, slots=True)
class ForestLine:
    """A line of the plot: a heading if without ``counts``; ``note`` stands where no effect is estimable."""

    label: str
    counts: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    p: str = ""
    note: str = ""
    indent: bool = False
    whole: bool = False


def forest(
    rows: Sequence[ForestLine],
    *,
    key: str,
    title: str,
    data: DataKind,
    effect_label: str = "HR (95 % CI)",
    counts_label: str = "Events/n",
    p_label: str = "p",
    left_label: str = "longer survival",
    right_label: str = "shorter survival",
    caption: str = "",
) -> Drawing:
    """An effect and its interval per line on a logarithmic axis around 1."""
    with house_style():
        body = _ROW_IN * (len(rows) + 1)
        height = body + 0.3 + 0.68
        figure = new_figure(FULL_WIDTH_IN, height)
        axes = figure.add_axes((0.42, 0.68 / height, 0.285, body / height))
        limits = _limits(rows)
        axes.set(xscale="log", xlim=limits, ylim=(len(rows) + 0.5, -0.7))
        for i in range(0, len(rows), 2):
            axes.axhspan(i, i + 1, xmin=-1.46, xmax=2.0, color=SHADE, clip_on=False, zorder=-5, linewidth=0)
        _heads(axes, effect_label, counts_label, p_label)
        for i, row in enumerate(rows):
            _line(axes, row, i + 0.5, limits)
        axes.axvline(1, color=SOFT, linewidth=0.9)
        _dress(axes, limits, left_label, right_label)
        spoken = [
            f"{r.label}: {numbers.ratio(r.effect, r.low, r.high)}" for r in rows if r.effect is not None
        ]
        return finish(
            figure,
            key=key,
            title=title,
            caption=caption,
            data=data,
            alt=f"Forest plot, {effect_label}. " + "; ".join(spoken) + ".",
        )


def _heads(axes: Axes, effect_label: str, counts_label: str, p_label: str) -> None:
    for x, text, side in (
        (-1.44, "Subgroup", "left"),
        (-0.07, counts_label, "right"),
        (1.06, effect_label, "left"),
        (1.98, p_label, "right"),
    ):
        axes.text(
            x,
            -0.35,
            text,
            transform=axes.get_yaxis_transform(),
            ha=side,
            va="center",
            weight="bold",
            fontsize=7.5,
        )


def _line(axes: Axes, row: ForestLine, y: float, limits: tuple[float, float]) -> None:
    across = axes.get_yaxis_transform()
    bold = "bold" if row.whole or not (row.counts or row.indent) else "normal"
    axes.text(
        -1.40 if row.indent else -1.44, y, row.label, transform=across, va="center", weight=bold, fontsize=7.5
    )
    axes.text(-0.07, y, row.counts, transform=across, ha="right", va="center", fontsize=7.5)
    axes.text(1.98, y, row.p, transform=across, ha="right", va="center", fontsize=7.5)
    if row.effect is None:
        axes.text(1.06, y, row.note, transform=across, va="center", fontsize=6.5, color=SOFT)
        return
    axes.text(
        1.06, y, numbers.ratio(row.effect, row.low, row.high), transform=across, va="center", fontsize=7.5
    )
    low, high = row.low or limits[0] / 2, row.high or limits[1] * 2
    axes.plot([max(low, limits[0]), min(high, limits[1])], [y, y], color=BLUE, linewidth=1.3, clip_on=True)
    for beyond, edge, mark in ((low < limits[0], limits[0], "<"), (high > limits[1], limits[1], ">")):
        if beyond:
            axes.plot([edge], [y], marker=mark, color=BLUE, markersize=4, clip_on=False)
    if limits[0] <= row.effect <= limits[1]:
        axes.plot(
            [row.effect], [y], marker="D" if row.whole else "s", color=BLUE, markersize=7 if row.whole else 5
        )


def _dress(axes: Axes, limits: tuple[float, float], left_label: str, right_label: str) -> None:
    from matplotlib.ticker import NullLocator

    candidates = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
    ticks = [t for t in candidates if limits[0] <= t <= limits[1]]
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for tick in ticks:
        axes.axvline(tick, color=RULE, linewidth=0.5, zorder=-2)
    one = (0 - np.log(limits[0])) / (np.log(limits[1]) - np.log(limits[0]))
    for x, side, text in ((one - 0.03, "right", f"← {left_label}"), (one + 0.03, "left", f"{right_label} →")):
        axes.annotate(
            text,
            (x, 0),
            xycoords="axes fraction",
            xytext=(0, -26),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=7,
            color=SOFT,
        )


def _limits(rows: Sequence[ForestLine]) -> tuple[float, float]:
    """Wide enough for every estimate and most intervals, at most 0.05 to 20."""
    ends = [
        x for r in rows if r.effect is not None for x in (r.low, r.high, r.effect) if x is not None and x > 0
    ]
    low, high = min([0.5, *ends]), max([2.0, *ends])
    return max(low / 1.15, 0.05), min(high * 1.15, 20.0)
