"""Distribution of a marker, and the search for its cut-off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from splenic.report import numbers
from splenic.report.style import (
    BLUE,
    FULL_WIDTH_IN,
    ORANGE,
    PAPER,
    SKY,
    SOFT,
    DataKind,
    Drawing,
    finish,
    grid,
    house_style,
    new_figure,
)

Floats = npt.NDArray[np.float64]


def distribution(
    edges: Floats,
    counts: Floats,
    *,
    key: str,
    title: str,
    data: DataKind,
    label: str = "SV",
    unit: str = "ml",
    grid_x: Floats | None = None,
    density: Floats | None = None,
    quartiles: tuple[float | None, float | None, float | None] = (None, None, None),
    cutoff: float | None = None,
    cutoff_label: str = "cut-off",
) -> Drawing:
    """Histogram with a smooth density, the quartiles above it, and the cut-off."""
    from matplotlib.ticker import MaxNLocator

    with house_style():
        figure = new_figure(FULL_WIDTH_IN, 3.25)
        axes = figure.add_axes((0.085, 0.145, 0.89, 0.66))
        axes.stairs(counts, edges, fill=True, color=SKY, alpha=0.55)
        axes.stairs(counts, edges, color=BLUE, linewidth=0.7)
        if grid_x is not None and density is not None and len(grid_x):
            scale = float(np.sum(counts) * np.mean(np.diff(edges)))
            axes.plot(grid_x, density * scale, color=BLUE)
        top = axes.get_ylim()[1]
        axes.set_ylim(0, top * 1.02)
        used = np.flatnonzero(counts)
        shown = edges[0], edges[used[-1] + 1] if len(used) else edges[-1]
        axes.set_xlim(min(float(shown[0]), cutoff or float(shown[0])), float(shown[1]))
        q1, median, q3 = quartiles
        facts = []
        if q1 is not None and median is not None and q3 is not None:
            y = top * 1.08
            axes.plot([q1, q3], [y, y], color=SOFT, linewidth=1.2, clip_on=False)
            axes.plot(
                [median], [y], marker="D", color=SOFT, markersize=4.5, markeredgecolor=PAPER, clip_on=False
            )
            facts.append(
                f"median {numbers.measure(median)} {unit} (IQR {numbers.measure(q1)}–{numbers.measure(q3)})"
            )
            axes.text(q3, y, f"  {facts[0]}", va="center", fontsize=7.5, color=SOFT)
        if cutoff is not None:
            facts.append(f"{cutoff_label} {numbers.measure(cutoff)} {unit}")
            axes.axvline(cutoff, color=ORANGE, linestyle=(0, (5, 2)), linewidth=1.4)
            axes.text(cutoff, top * 1.0, f" {facts[-1]}", color=ORANGE, va="top", fontsize=8, weight="bold")
        axes.set(xlabel=f"{label} ({unit})", ylabel="Patients")
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        grid(axes)
        n = int(np.sum(counts))
        return finish(
            figure,
            key=key,
            title=title,
            data=data,
            caption=f"{label} in {n} patients: histogram and smoothed density (scaled to the counts). "
            "Above: median "
            "(diamond) and interquartile range (line).",
            alt=f"Histogram of {label} in {n} patients; {'; '.join(facts)}.",
        )


def cutoff_search(
    tried: Floats,
    statistics: Floats,
    *,
    key: str,
    title: str,
    data: DataKind,
    cutoff: float,
    label: str = "SV",
    unit: str = "ml",
    resampled: Sequence[float] = (),
    limits: tuple[float | None, float | None] = (None, None),
    lines: Sequence[str] = (),
    level: float = 0.95,
) -> Drawing:
    """The statistic at every cut-off that was tried, and below it where resampled searches ended."""
    with house_style():
        boot = len(resampled) > 0
        head_in = 0.34 + 0.17 * len(lines)
        height = head_in + 2.1 + (1.25 if boot else 0.0) + 0.45
        figure = new_figure(FULL_WIDTH_IN, height)
        top = figure.add_axes((0.085, (0.45 + (1.25 if boot else 0)) / height, 0.89, 2.1 / height))
        top.plot(
            tried,
            statistics,
            color=BLUE,
            linewidth=1.2,
            marker="o" if len(tried) < 40 else None,
            markersize=3,
        )
        peak = float(np.interp(cutoff, tried, statistics))
        top.plot([cutoff], [peak], marker="D", color=ORANGE, markersize=6, markeredgecolor=PAPER, zorder=5)
        top.annotate(
            f"{numbers.measure(cutoff)} {unit}",
            (cutoff, peak),
            xytext=(8, 2),
            textcoords="offset points",
            color=ORANGE,
            weight="bold",
        )
        top.set_ylim(0, float(np.nanmax(statistics)) * 1.15)
        top.set_ylabel("Standardised statistic")
        grid(top)
        low, high = float(tried[0]), float(tried[-1])
        if boot:
            low, high = min(low, float(np.min(resampled))), max(high, float(np.max(resampled)))
        pad = 0.03 * (high - low or 1.0)
        top.set_xlim(low - pad, high + pad)
        last = top
        if boot:
            last = figure.add_axes((0.085, 0.45 / height, 0.89, 1.05 / height), sharex=top)
            top.tick_params(labelbottom=False)
            last.hist(
                resampled, bins=np.linspace(low, high, 41).tolist(), color=SKY, edgecolor=BLUE, linewidth=0.5
            )
            last.axvline(cutoff, color=ORANGE, linestyle=(0, (5, 2)), linewidth=1.2)
            if limits[0] is not None and limits[1] is not None:
                last.axvspan(limits[0], limits[1], color=ORANGE, alpha=0.12, linewidth=0)
            last.set_ylabel("Resamples")
            grid(last)
        last.set_xlabel(f"Cut-off of {label} ({unit})")
        for i, text in enumerate(lines):
            figure.text(0.085, 1 - (0.33 + 0.17 * i) / height, text, va="center", fontsize=7.5)
        caption = "Standardised statistic at every cut-off that was tried; the diamond marks the largest."
        if boot:
            caption += (
                f" Below: where the search ended in {len(resampled)} bootstrap samples; shaded, the "
                f"{level:.0%} "
                "percentile interval of the cut-off."
            )
        alt = (
            f"Search profile: the largest statistic {peak:.2f} at {numbers.measure(cutoff)} {unit}. "
            + ". ".join(lines)
        )
        return finish(figure, key=key, title=title, caption=caption, alt=alt, data=data)
