"""What figures along time share: the axis in round times, the head with names, the table below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from splenic.report.style import FULL_WIDTH_IN, LINES, SOFT, LineStyle, grid

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
LEFT, WIDTH = 0.135, 0.835
"""Left edge and width of the plot, shares of the figure's width; names of table rows stand left of it."""
_NAMES_AT = -0.155
_SAMPLE_IN = 0.34


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


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the plot: a line, name and facts per curve, and sentences beside or below them."""

    names: Sequence[str]
    facts: Sequence[str]
    lines: Sequence[str]

    @property
    def beside(self) -> bool:
        """Whether the sentences fit to the right of the curves' facts."""
        left = _SAMPLE_IN + self._names_in + max((_text_in(f, 7.5) for f in self.facts), default=0.0)
        right = max((_text_in(line, 7.5) for line in self.lines), default=0.0)
        return left + 0.25 + right <= WIDTH * FULL_WIDTH_IN

    @property
    def height_in(self) -> float:
        """Room needed above the plot, inches."""
        rows = max(len(self.names), len(self.lines)) if self.beside else len(self.names) + len(self.lines)
        return 0.36 + 0.17 * rows

    @property
    def _names_in(self) -> float:
        return max((_text_in(name, 8, bold=True) for name in self.names), default=0.0) + 0.12

    def draw(self, figure: Figure, colours: Sequence[str]) -> None:
        """Write it on a figure of full width."""
        height = figure.get_size_inches()[1]
        facts_at = LEFT + (_SAMPLE_IN + self._names_in) / FULL_WIDTH_IN
        for i, (name, fact, colour, line) in enumerate(zip(self.names, self.facts, colours, LINES)):
            y = 1 - (0.33 + 0.17 * i) / height
            figure.add_artist(_sample(y, colour, line))
            figure.text(LEFT + _SAMPLE_IN / FULL_WIDTH_IN, y, name, va="center", color=colour, weight="bold")
            figure.text(facts_at, y, fact, va="center", fontsize=7.5)
        first = 0 if self.beside else len(self.names)
        x, side = (LEFT + WIDTH, "right") if self.beside else (LEFT, "left")
        for i, text in enumerate(self.lines, first):
            figure.text(x, 1 - (0.33 + 0.17 * i) / height, text, va="center", ha=side, fontsize=7.5)


def _text_in(text: str, size_pt: float, *, bold: bool = False) -> float:
    """Width of a text in inches, in the figures' type face."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    face = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=size_pt)
    width, _, _ = text_to_path.get_text_width_height_descent(text, face, ismath=False)
    return float(width) / 72


def _sample(y: float, colour: str, line: LineStyle) -> Artist:
    from matplotlib.lines import Line2D

    return Line2D([LEFT, LEFT + 0.04], [y, y], color=colour, linestyle=line, linewidth=1.7)


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
        axes.text(
            _NAMES_AT,
            y,
            label,
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=7.5,
            weight="bold",
            color=colour,
        )
        for name, values in rows:
            y += 0.15
            axes.text(
                _NAMES_AT, y, name, transform=axes.get_yaxis_transform(), va="center", fontsize=7, color=SOFT
            )
            for tick, value in zip(ticks, values):
                axes.text(tick, y, f"{value:.0f}", ha="center", va="center", fontsize=7.5)
        y += 0.175
