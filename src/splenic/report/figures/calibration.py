"""Predicted against observed risk, decision curve, and the effect along a continuous marker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from splenic.report import numbers
from splenic.report.style import (
    BLUE,
    FULL_WIDTH_IN,
    LINES,
    MEDIUM_WIDTH_IN,
    ORANGE,
    SOFT,
    DataKind,
    Drawing,
    finish,
    grid,
    house_style,
    new_figure,
)

Floats = npt.NDArray[np.float64]


def calibration(
    predicted: Floats,
    observed: Floats,
    low: Floats,
    high: Floats,
    sizes: Floats,
    *,
    key: str,
    title: str,
    data: DataKind,
    event: str = "event",
    horizon: str = "",
    lines: Sequence[str] = (),
    level: float = 0.95,
) -> Drawing:
    """Observed risk with interval against mean predicted risk, a point a group of similar risk."""
    with house_style():
        height = 4.55 + 0.17 * len(lines)
        figure = new_figure(MEDIUM_WIDTH_IN, height)
        axes = figure.add_axes((0.135, 0.46 / height, 3.85 / MEDIUM_WIDTH_IN, 3.85 / height))
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=(0, (4, 2)))
        spread = np.abs(np.vstack([observed - low, high - observed]))
        axes.errorbar(
            predicted, observed, yerr=spread, fmt="o", color=BLUE, markersize=6, elinewidth=1.1, capsize=2.5
        )
        shares = np.arange(0, 1.01, 0.2)
        axes.set_xticks(shares, [f"{100 * s:.0f}" for s in shares])
        axes.set_yticks(shares, [f"{100 * s:.0f}" for s in shares])
        axes.set(
            xlim=(0, 1),
            ylim=(0, 1),
            aspect="equal",
            xlabel=f"Predicted risk of {event}{horizon} (%)",
            ylabel=f"Observed risk{horizon} (%)",
        )
        grid(axes, "both")
        for i, text in enumerate(lines):
            figure.text(0.135, 1 - (0.3 + 0.17 * i) / height, text, va="center", fontsize=7.5)
        pairs = [
            f"{numbers.percent(p, 0)} predicted, {numbers.percent(o, 0)} observed"
            for p, o in zip(predicted, observed)
        ]
        return finish(
            figure,
            key=key,
            title=title,
            data=data,
            caption=f"Observed risk (Kaplan–Meier, {level:.0%} confidence interval) against mean "
            "predicted risk in "
            f"{len(predicted)} groups of patients ({_sizes(sizes)} each); on the dashed line both agree. "
            "Every prediction comes from a model that did not see that patient.",
            alt="Calibration plot. " + "; ".join([*pairs, *lines]) + ".",
        )


def _sizes(sizes: Floats) -> str:
    low, high = int(np.min(sizes)), int(np.max(sizes))
    return f"{low}" if low == high else f"{low} to {high}"


def decision_curve(
    threshold: Floats, net_benefit: Floats, treat_all: Floats, *, key: str, title: str, data: DataKind
) -> Drawing:
    """Net benefit of acting on the model against acting on everybody and on nobody."""
    with house_style():
        figure = new_figure(MEDIUM_WIDTH_IN, 3.3)
        axes = figure.add_axes((0.15, 0.14, 0.82, 0.70))
        axes.plot(threshold, net_benefit, color=BLUE, label="by the model")
        axes.plot(threshold, treat_all, color=ORANGE, linestyle=LINES[1], linewidth=1.2, label="everybody")
        axes.axhline(0, color=SOFT, linewidth=0.9, linestyle=(0, (1, 2)), label="nobody")
        top = float(max(np.max(net_benefit), np.max(treat_all), 0.05))
        axes.set(ylim=(-0.25 * top, top * 1.1), xlabel="Threshold risk (%)", ylabel="Net benefit")
        ticks = axes.get_xticks()
        axes.set_xticks(ticks, [f"{100 * t:.0f}" for t in ticks])
        axes.set_xlim(float(threshold[0]), float(threshold[-1]))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.2, columnspacing=1.2)
        grid(axes)
        return finish(
            figure,
            key=key,
            title=title,
            data=data,
            caption="Net benefit (true positives less false positives weighted by the odds of the "
            "threshold, per "
            "patient) of treating as high risk those above the threshold.",
            alt="Decision curve: "
            + ", ".join(
                f"{numbers.fixed(b, 2)} at {numbers.percent(t, 0)} (everybody {numbers.fixed(a, 2)})"
                for t, b, a in zip(threshold, net_benefit, treat_all)
            )
            + ".",
        )


def effect_curve(
    x: Floats,
    hazard_ratio: Floats,
    low: Floats,
    high: Floats,
    *,
    key: str,
    title: str,
    data: DataKind,
    reference: float | None,
    label: str = "SV",
    unit: str = "ml",
    lines: Sequence[str] = (),
    cutoff: float | None = None,
    level: float = 0.95,
) -> Drawing:
    """Hazard ratio along a marker without any cut-off, on a logarithmic axis."""
    with house_style():
        head_in = 0.34 + 0.17 * len(lines)
        height = head_in + 3.0
        figure = new_figure(FULL_WIDTH_IN, height)
        axes = figure.add_axes((0.085, 0.45 / height, 0.89, 2.5 / height))
        axes.fill_between(x, low, high, color=BLUE, alpha=0.16, linewidth=0)
        axes.plot(x, hazard_ratio, color=BLUE)
        axes.axhline(1, color=SOFT, linewidth=0.9)
        axes.set_yscale("log")
        _ratio_ticks(axes, float(np.nanmin(low)), float(np.nanmax(high)))
        if reference is not None:
            axes.plot([reference], [1], marker="o", color=BLUE, markersize=5)
        if cutoff is not None:
            axes.axvline(cutoff, color=ORANGE, linestyle=(0, (5, 2)), linewidth=1.1)
            axes.annotate(
                "cut-off",
                (cutoff, 1),
                xycoords=("data", "axes fraction"),
                xytext=(4, -6),
                va="top",
                textcoords="offset points",
                color=ORANGE,
                fontsize=7.5,
            )
        axes.set(xlim=(float(x[0]), float(x[-1])), xlabel=f"{label} ({unit})", ylabel="Hazard ratio")
        grid(axes)
        for i, text in enumerate(lines):
            figure.text(0.085, 1 - (0.33 + 0.17 * i) / height, text, va="center", fontsize=7.5)
        at = "" if reference is None else f" against {numbers.measure(reference)} {unit} (dot)"
        ends = (
            f"{hazard_ratio[0]:.2f} at {numbers.measure(float(x[0]))}, {hazard_ratio[-1]:.2f} at "
            f"{numbers.measure(float(x[-1]))}"
        )
        return finish(
            figure,
            key=key,
            title=title,
            data=data,
            caption=f"Hazard ratio along {label}{at}, with pointwise {level:.0%} confidence interval; "
            "logarithmic axis.",
            alt=f"Hazard ratio along {label}{at}: {ends} {unit}. " + ". ".join(lines),
        )


def _ratio_ticks(axes: object, low: float, high: float) -> None:
    from matplotlib.axes import Axes
    from matplotlib.ticker import NullLocator

    if not isinstance(axes, Axes):
        raise TypeError("axes are needed")
    bottom, top = max(min(low, 0.5), 0.05) / 1.1, min(max(high, 2.0), 50.0) * 1.1
    axes.set_ylim(bottom, top)
    axes.yaxis.set_minor_locator(NullLocator())
    ticks = [t for t in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if bottom <= t <= top]
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
