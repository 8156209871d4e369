"""ROC curves with their areas, and the area over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splenic.report import numbers
from splenic.report.style import (
    FULL_WIDTH_IN,
    LINES,
    MARKERS,
    MEDIUM_WIDTH_IN,
    PAPER,
    SERIES,
    SOFT,
    DataKind,
    Drawing,
    finish,
    grid,
    house_style,
    new_figure,
)

Floats = npt.NDArray[np.float64]
Triple = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class RocLine:
    """One marker's curve, area with limits, and marked points ``(1 - specificity, sensitivity, label)``."""

    label: str
    false_positive_rate: Floats
    sensitivity: Floats
    auc: Triple
    points: tuple[tuple[float, float, str], ...] = ()


def roc_curves(
    curves: Sequence[RocLine], *, key: str, title: str, data: DataKind, caption: str = "", level: float = 0.95
) -> Drawing:
    """ROC curves of several markers for one outcome; the first in front and thickest."""
    with house_style():
        height = 4.6 + 0.17 * len(curves)
        figure = new_figure(MEDIUM_WIDTH_IN, height)
        axes = figure.add_axes((0.135, 0.46 / height, 3.95 / MEDIUM_WIDTH_IN, 3.95 / height))
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.6, linestyle=(0, (1, 2)), zorder=0)
        legend = []
        for i, (curve, colour, line) in enumerate(zip(curves, SERIES, LINES)):
            axes.plot(
                curve.false_positive_rate,
                curve.sensitivity,
                color=colour,
                linestyle=line,
                linewidth=2.0 if i == 0 else 1.3,
                zorder=10 - i,
                clip_on=False,
            )
            legend.append(f"{curve.label}: AUC {numbers.with_interval(*curve.auc, 2)}")
        points = curves[0].points if curves else ()
        for i, ((x, y, text), marker) in enumerate(zip(points, MARKERS)):
            row = 0.05 + 0.045 * (len(points) - 1 - i)
            axes.plot(
                [x, 0.33],
                [y, row],
                marker=marker,
                color=SERIES[0],
                markersize=6,
                markeredgecolor=PAPER,
                linestyle="none",
                zorder=20,
            )
            axes.text(0.36, row, text, fontsize=7, va="center")
        axes.set(
            xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="1 − specificity (%)", ylabel="Sensitivity (%)"
        )
        shares = np.arange(0, 1.01, 0.25)
        axes.set_xticks(shares, [f"{100 * s:.0f}" for s in shares])
        axes.set_yticks(shares, [f"{100 * s:.0f}" for s in shares])
        grid(axes, "both")
        for i, (text, colour, line) in enumerate(zip(legend, SERIES, LINES)):
            from matplotlib.lines import Line2D

            y = 1 - (0.28 + 0.17 * i) / height
            figure.add_artist(
                Line2D([0.135, 0.19], [y, y], color=colour, linestyle=line, linewidth=2.0 if i == 0 else 1.3)
            )
            figure.text(
                0.205, y, text, va="center", fontsize=7.5, color=colour, weight="bold" if i == 0 else "normal"
            )
        text = f"ROC curves; area (AUC) with {level:.0%} confidence interval. {caption}".strip()
        return finish(
            figure,
            key=key,
            title=title,
            caption=text,
            data=data,
            alt="ROC curves. " + ". ".join(legend) + ".",
        )


@dataclass(frozen=True, slots=True)
class AucLine:
    """One marker's time-dependent AUC."""

    label: str
    time: Floats
    estimate: Floats
    low: Floats
    high: Floats


def auc_over_time(
    curves: Sequence[AucLine],
    *,
    key: str,
    title: str,
    data: DataKind,
    time_unit: str = "months",
    level: float = 0.95,
) -> Drawing:
    """Time-dependent AUC of several markers, side by side at each time, with intervals."""
    with house_style():
        head_in = 0.3 + 0.17 * ((len(curves) + 1) // 2)
        height = head_in + 3.0
        figure = new_figure(FULL_WIDTH_IN, height)
        axes = figure.add_axes((0.09, 0.45 / height, 0.885, 2.5 / height))
        times = np.unique(np.concatenate([c.time for c in curves]))
        gap = float(np.min(np.diff(times))) if len(times) > 1 else 1.0
        axes.axhline(0.5, color=SOFT, linewidth=0.8, linestyle=(0, (1, 2)))
        axes.text(
            1.0,
            0.5,
            "no discrimination ",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="bottom",
            fontsize=7,
            color=SOFT,
        )
        width = min(0.11 * gap, 0.6 * gap / max(len(curves), 1))
        for i, (curve, colour, marker, line) in enumerate(zip(curves, SERIES, MARKERS, LINES)):
            at = curve.time + (i - (len(curves) - 1) / 2) * width
            spread = np.abs(np.vstack([curve.estimate - curve.low, curve.high - curve.estimate]))
            axes.errorbar(
                at,
                curve.estimate,
                yerr=spread,
                fmt=marker,
                color=colour,
                markersize=5,
                elinewidth=1,
                capsize=2,
                linestyle=line,
                linewidth=0.7,
                label=curve.label,
            )
        bottom = min([0.4, *(float(np.nanmin(c.low)) - 0.02 for c in curves)])
        axes.set(
            xlim=(times[0] - 0.55 * gap, times[-1] + 0.55 * gap),
            ylim=(max(bottom, 0), 1),
            xlabel=f"Time ({time_unit})",
            ylabel="AUC at that time",
        )
        axes.set_xticks(times)
        grid(axes)
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2 if len(curves) > 1 else 1, borderaxespad=0.2
        )
        values = [
            f"{c.label}: " + ", ".join(f"{e:.2f} at {t:g} {time_unit}" for t, e in zip(c.time, c.estimate))
            for c in curves
        ]
        return finish(
            figure,
            key=key,
            title=title,
            data=data,
            alt="Time-dependent AUC. " + ". ".join(values) + ".",
            caption="Time-dependent AUC (cases: event by that time; controls: event-free then) with "
            f"{level:.0%} "
            "confidence intervals; points of one time are set side by side. The vertical axis does not "
            "start at 0.",
        )
