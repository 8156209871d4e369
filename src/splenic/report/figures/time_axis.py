"""What figures along time share: the axis in round times, the head with names, the table below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from splenic.report.style import LINES, SOFT, grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
LEFT, WIDTH = 0.135, 0.835
"""Left edge and width of the plot, shares of the figure's width; names of table rows stand left of it."""
_NAMES_AT = -0.155


def round_times(end: float) -> Floats:
    """At most eleven round times from 0 to the end; months come in quarters and years."""
    steps = (0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 36.0, 60.0, 120.0, 240.0)
    step = next((s for s in steps if end / s <= 10), end / 8)
    return np.arange(0, end + 1e-9, step)


def dress_time_axis(axes: Axes, end: float, ticks: Floats, time_unit: str) -> None:
    """A time axis from 0, shares in percent upward."""
    axes.set_xlim(0, end)
    axes.set_xticks(ticks)
    axes.set_yticks(np.arange(0, 1.01, 0.25), ["0", "25", "50", "75", "100"])
    axes.set_xlabel(f"Time ({time_unit})", labelpad=2)
    grid(axes)


def head(
    figure: Figure, names: Sequence[str], facts: Sequence[str], colours: Sequence[str], lines: Sequence[str]
) -> None:
    """Above the plot: each curve's line, name and facts on the left; sentences on the right."""
    height = figure.get_size_inches()[1]
    widest = max(len(name) for name in names)
    facts_at = min(LEFT + 0.06 + 0.0112 * widest, 0.42)
    for i, (name, fact, colour, line) in enumerate(zip(names, facts, colours, LINES)):
        y = 1 - (0.33 + 0.17 * i) / height
        figure.add_artist(_sample(y, colour, line))
        figure.text(LEFT + 0.048, y, name, va="center", color=colour, weight="bold")
        figure.text(facts_at, y, fact, va="center", fontsize=7.5)
    for i, text in enumerate(lines):
        figure.text(LEFT + WIDTH, 1 - (0.33 + 0.17 * i) / height, text, va="center", ha="right", fontsize=7.5)


def _sample(y: float, colour: str, line: object) -> object:
    from matplotlib.lines import Line2D

    return Line2D([LEFT, LEFT + 0.04], [y, y], color=colour, linestyle=line, linewidth=1.7)  # type: ignore[arg-type]


def risk_table(
    axes: Axes,
    blocks: Sequence[tuple[str, Sequence[tuple[str, Floats]]]],
    colours: Sequence[str],
    ticks: Floats,
    end: float,
    height_in: float,
) -> None:
    """Rows of counts under the ticks of the time axis, a block a group."""
    axes.set_axis_off()
    axes.set_xlim(0, end)
    axes.set_ylim(height_in, 0)
    y = 0.06
    for (label, rows), colour in zip(blocks, colours):
        axes.text(_NAMES_AT, y, label, transform=axes.get_yaxis_transform(), va="center", fontsize=7.5,
                  weight="bold", color=colour)  # fmt: skip
        for name, values in rows:
            y += 0.15
            axes.text(_NAMES_AT, y, name, transform=axes.get_yaxis_transform(), va="center", fontsize=7,
                      color=SOFT)  # fmt: skip
            for tick, value in zip(ticks, values):
                axes.text(tick, y, f"{value:.0f}", ha="center", va="center", fontsize=7.5)
        y += 0.175
