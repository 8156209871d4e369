"""Bland–Altman plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from splenic.report import numbers
from splenic.report.style import (
    BLUE,
    FULL_WIDTH_IN,
    ORANGE,
    SOFT,
    DataKind,
    Drawing,
    finish,
    grid,
    house_style,
    new_figure,
)

if TYPE_CHECKING:
    from splenic.stats.agreement import BlandAltman

Floats = npt.NDArray[np.float64]


def bland_altman(
    first: Floats,
    second: Floats,
    result: BlandAltman,
    *,
    key: str,
    title: str,
    data: DataKind,
    label: str = "SV",
    unit: str = "ml",
    first_name: str = "first",
    second_name: str = "second",
) -> Drawing:
    """Differences of two methods against their mean, with bias, limits of agreement and their intervals.

    Parameters
    ----------
    first, second : shape (n,), the paired measurements.
    result : of :func:`splenic.stats.bland_altman` on these on the scale ``difference``.
    """
    mean, difference = (first + second) / 2, first - second
    lines = (
        ("upper limit", result.upper_limit, result.upper_limit_low, result.upper_limit_high, ORANGE),
        ("bias", result.estimate, result.low, result.high, BLUE),
        ("lower limit", result.lower_limit, result.lower_limit_low, result.lower_limit_high, ORANGE),
    )
    with house_style():
        figure = new_figure(FULL_WIDTH_IN, 3.7)
        axes = figure.add_axes((0.105, 0.125, 0.68, 0.79))
        axes.axhline(0, color=SOFT, linewidth=0.6)
        decimals = numbers.decimals_of(*(abs(v) for _, v, _, _, _ in lines))
        for name, value, low, high, colour in lines:
            axes.axhspan(low, high, color=colour, alpha=0.13, linewidth=0)
            axes.axhline(value, color=colour, linewidth=1.2, linestyle="-" if name == "bias" else (0, (5, 2)))
            axes.text(
                1.015,
                value,
                f"{name} {numbers.fixed(value, decimals)}\n({numbers.interval(low, high, decimals)})",
                transform=axes.get_yaxis_transform(),
                va="center",
                fontsize=7.5,
                color=colour,
            )
        axes.plot(mean, difference, "o", color=BLUE, markersize=3.5, alpha=0.65, markeredgewidth=0)
        axes.set(xlabel=f"Mean of both, {label} ({unit})", ylabel=f"{first_name} − {second_name} ({unit})")
        reach = 1.12 * max(
            float(np.max(np.abs(difference))), abs(result.lower_limit_low), abs(result.upper_limit_high)
        )
        axes.set_ylim(-reach, reach)
        grid(axes)
        spoken = "; ".join(
            f"{name} {numbers.with_interval(value, low, high, decimals)} {unit}"
            for name, value, low, high, _ in lines
        )
        return finish(
            figure,
            key=key,
            title=title,
            data=data,
            caption=f"{label} by {first_name} less {second_name} against their mean, n = {result.n}. "
            "Lines: bias and "
            f"limits of agreement ({result.level:.0%} of differences), shaded with their "
            f"{result.level:.0%} confidence "
            "intervals.",
            alt=f"Bland–Altman plot of {result.n} pairs: {spoken}.",
        )
