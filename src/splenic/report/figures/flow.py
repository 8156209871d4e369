"""Flow chart of patients."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from splenic.report.style import (
    BLUE,
    INK,
    PAPER,
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


@dataclass(frozen=True, slots=True)
class FlowBox:
    """A step: who is left after it, and who left at it and why."""

    label: str
    n: int
    excluded: int = 0
    reason: str = ""


def flow_chart(
    steps: Sequence[FlowBox], leaves: Sequence[tuple[str, str]] = (), *, key: str, title: str, data: DataKind
) -> Drawing:
    """Boxes from top to bottom, exclusions to the right, and the groups of the analysis at the foot.

    Parameters
    ----------
    steps : from the first table to those analysed.
    leaves : ``(label, count)`` of the groups, e.g. development cases and the rest.
    """
    box_in, gap_in = 0.46, 0.42
    with house_style():
        height = (
            0.35 + len(steps) * box_in + (len(steps) - 1) * gap_in + ((gap_in + 0.5) if leaves else 0) + 0.1
        )
        width = 6.0
        figure = new_figure(width, height)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set(xlim=(0, width), ylim=(height, 0))
        y = 0.35
        for i, step in enumerate(steps):
            if i:
                _arrow(axes, (1.6, y - gap_in), (1.6, y))
                if step.excluded:
                    middle = y - gap_in / 2
                    _arrow(axes, (1.6, middle), (3.45, middle))
                    text = f"{step.excluded} excluded" + (f": {step.reason}" if step.reason else "")
                    _box(axes, 3.45, middle - 0.19, 2.4, 0.38, textwrap.fill(text, 42), small=True)
            _box(axes, 0.15, y, 2.9, box_in, f"{textwrap.fill(step.label, 44)}\nn = {step.n}")
            y += box_in + gap_in
        _leaves(axes, leaves, y - gap_in, gap_in)
        spoken = [
            f"{s.label}: {s.n}"
            + (f" ({s.excluded} excluded{': ' + s.reason if s.reason else ''})" if s.excluded else "")
            for s in steps
        ]
        return finish(
            figure,
            key=key,
            title=title,
            data=data,
            caption="Patients from the tables given to those analysed.",
            alt="Flow chart. "
            + "; ".join([*spoken, *(f"{label}: {count}" for label, count in leaves)])
            + ".",
        )


def _leaves(axes: Axes, leaves: Sequence[tuple[str, str]], y: float, gap: float) -> None:
    if not leaves:
        return
    width = (6.0 - 0.3 - 0.15 * (len(leaves) - 1)) / max(len(leaves), 2)
    middles = [0.15 + i * (width + 0.15) + width / 2 for i in range(len(leaves))]
    fork = y + gap / 2
    axes.plot([1.6, 1.6], [y, fork], color=SOFT, linewidth=0.9)
    axes.plot([min(1.6, *middles), max(1.6, *middles)], [fork, fork], color=SOFT, linewidth=0.9)
    for x, (label, count) in zip(middles, leaves):
        _arrow(axes, (x, fork), (x, y + gap))
        _box(
            axes,
            x - width / 2,
            y + gap,
            width,
            0.46,
            f"{textwrap.fill(label, int(16 * width))}\n{count}",
            filled=True,
        )


def _box(
    axes: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    text: str,
    small: bool = False,
    filled: bool = False,
) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (x, y),
            width,
            height,
            facecolor=SHADE if filled else PAPER,
            linewidth=0.8,
            edgecolor=SOFT if small else BLUE,
        )
    )
    axes.text(
        x + width / 2,
        y + height / 2,
        text,
        ha="center",
        va="center",
        fontsize=7 if small else 8,
        color=INK,
        linespacing=1.25,
    )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "-|>",
            "color": SOFT,
            "linewidth": 0.9,
            "shrinkA": 0,
            "shrinkB": 0,
            "mutation_scale": 8,
        },
    )
