"""Figures: right numbers under the curves, colours of the palette only, the same bytes every time."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splenic.report import figures
from splenic.report.style import (
    DARK,
    LINES,
    SERIES,
    VARIABLES,
    DataKind,
    Drawing,
    dark_svg,
    page_svg,
    save_bytes,
)
from splenic.stats import kaplan_meier, numbers_at_risk


def _km(data: DataKind = "synthetic", label: str = "Low SV") -> Drawing:
    random = np.random.default_rng(3)
    time, event = np.ceil(random.exponential(20, 60)), random.random(60) < 0.7
    groups = [
        figures.group_of(name, kaplan_meier(time[rows], event[rows]))
        for name, rows in ((label, slice(0, 30)), ("High SV", slice(30, 60)))
    ]
    return figures.kaplan_meier(
        groups, key="km", title="Survival", data=data, lines=["Log-rank p = 0.040 (unadjusted)"]
    )


@given(
    st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=80),
    st.lists(st.integers(0, 32), min_size=1, max_size=6),
)
@settings(max_examples=60)
def test_counts_read_back_from_a_curve_are_those_of_the_table(
    rows: list[tuple[int, bool]], times: list[int]
) -> None:
    curve = kaplan_meier([float(t) for t, _ in rows], [e for _, e in rows])
    group = figures.group_of("all", curve)
    at = np.array(times, dtype=np.float64)
    expected = numbers_at_risk(curve, at)
    np.testing.assert_array_equal(group.at_risk(at), expected.at_risk)
    np.testing.assert_array_equal(np.searchsorted(group.event_times(), at, side="right"), expected.events)
    assert len(group.event_times()) == group.events


@pytest.mark.shared
def test_counts_of_a_cohort_of_327(golden_dir: Path) -> None:
    with (golden_dir / "tables" / "tace.csv").open(encoding="utf-8") as file:
        rows = [(float(r["os_months"]), float(r["os_event"])) for r in csv.DictReader(file)]
    curve = kaplan_meier([t for t, _ in rows], [e for _, e in rows])
    group = figures.group_of("all", curve)
    at = np.arange(0.0, 60.0, 1.5)
    np.testing.assert_array_equal(group.at_risk(at), numbers_at_risk(curve, at).at_risk)


def test_the_table_stands_under_the_ticks_of_the_axis() -> None:
    plot, table = _km().figure.axes
    ticks = plot.get_xticks()
    assert plot.get_position().x0 == table.get_position().x0
    assert plot.get_xlim() == table.get_xlim()
    assert plot.get_ylim()[0] == 0
    numbers = [t for t in table.texts if re.fullmatch(r"\d+", t.get_text())]
    assert {t.get_position()[0] for t in numbers} == set(ticks)
    assert len(numbers) == 6 * len(ticks)  # at risk, censored, events of two groups


def test_a_curve_ends_where_few_remain() -> None:
    curve = kaplan_meier(np.arange(1.0, 41.0), np.ones(40))
    drawing = figures.kaplan_meier([figures.group_of("all", curve)], key="km", title="", data="real")
    assert drawing.figure.axes[0].get_xlim()[1] == 36  # five are at risk at 36


@pytest.mark.parametrize(("data", "stamp"), [("real", "REAL DATA"), ("synthetic", "SYNTHETIC DATA")])
def test_every_figure_says_what_its_data_are(data: DataKind, stamp: str) -> None:
    assert stamp in [t.get_text() for t in _km(data).figure.texts]


def test_same_arguments_same_bytes_and_no_date() -> None:
    first, second = _km(), _km()
    assert first.svg == second.svg
    for kind in ("pdf", "png"):
        assert save_bytes(first.figure, kind) == save_bytes(second.figure, kind)
    assert b"CreationDate" not in save_bytes(first.figure, "pdf")
    assert "<dc:date>" not in first.svg


def test_png_has_300_dpi() -> None:
    from io import BytesIO

    from PIL import Image

    image = Image.open(BytesIO(save_bytes(_km().figure, "png")))
    assert image.width == 2100  # 7 inches
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_a_users_own_settings_change_nothing() -> None:
    import matplotlib

    expected = _km().svg
    with matplotlib.rc_context(
        {"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "none", "axes.grid": True}
    ):
        assert _km().svg == expected


@pytest.mark.parametrize("label", ["$x^2$ & <b>", "a--b", "Größe ≤ 5", "100%"])
def test_labels_are_printed_as_they_are(label: str) -> None:
    from xml.etree import ElementTree

    drawing = _km(label=label)
    ElementTree.fromstring(drawing.svg)
    assert label in drawing.alt
    assert "<b>" not in drawing.svg


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, two: str) -> float:
    high, low = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_curves_stand_out_on_both_grounds() -> None:
    paper = next(c for c, name in VARIABLES.items() if name == "paper")
    for colour in SERIES:
        assert _contrast(colour, paper) >= 2.7
        assert _contrast(DARK[colour], DARK[paper]) >= 3
    for text in ("ink", "soft", "warn", "blue"):
        colour = next(c for c, name in VARIABLES.items() if name == text)
        assert _contrast(colour, paper) >= 4.5
        assert _contrast(DARK[colour], DARK[paper]) >= 4.5


def test_the_two_groups_differ_in_grey_and_in_pattern() -> None:
    assert _contrast(SERIES[0], SERIES[1]) >= 2
    assert _contrast(DARK[SERIES[0]], DARK[SERIES[1]]) != 1
    assert len({str(line) for line in LINES}) == len(LINES) == len(SERIES)


def _every_figure() -> list[Drawing]:
    x = np.linspace(100.0, 1000.0, 40)
    curve = figures.IncidenceCurve(
        "all",
        20,
        5,
        3,
        np.array([0.0, 4.0]),
        np.array([0.0, 0.25]),
        np.array([0.0, 0.1]),
        np.array([0.0, 0.5]),
        np.array([0.0, 6.0]),
        np.array([0.0, 0.2]),
        np.array([20.0, 12.0, 6.0]),
    )
    line = figures.AucLine(
        "SV", np.array([6.0, 12.0]), np.array([0.6, 0.7]), np.array([0.5, 0.6]), np.array([0.7, 0.8])
    )
    from splenic.stats.agreement import bland_altman

    first = np.linspace(200, 800, 20)
    second = first + np.tile([5.0, -9.0], 10)
    return [
        _km(),
        figures.cumulative_incidence([curve], [0.0, 12.0, 24.0], key="cif", title="t", data="real"),
        figures.roc_curves(
            [
                figures.RocLine(
                    "SV",
                    np.array([0.0, 0.2, 1.0]),
                    np.array([0.0, 0.8, 1.0]),
                    (0.8, 0.7, 0.9),
                    ((0.2, 0.8, "x"),),
                )
            ],
            key="roc",
            title="t",
            data="real",
        ),
        figures.auc_over_time([line], key="auc", title="t", data="real"),
        figures.distribution(
            x[:11],
            np.arange(10.0),
            key="dist",
            title="t",
            data="real",
            cutoff=300.0,
            quartiles=(200.0, 300.0, 400.0),
        ),
        figures.cutoff_search(
            x,
            np.sin(x / 300) + 1.5,
            key="cut",
            title="t",
            data="real",
            cutoff=500.0,
            resampled=[400.0, 500.0, 600.0],
            limits=(410.0, 590.0),
        ),
        figures.forest(
            [
                figures.ForestLine("All", "5/9", 1.5, 0.01, 90.0, "0.04", whole=True),
                figures.ForestLine("Sex"),
                figures.ForestLine("men", "3/4", note="too few", indent=True),
            ],
            key="forest",
            title="t",
            caption="c",
            data="real",
        ),
        figures.calibration(
            x[:3] / 1000, x[:3] / 900, x[:3] / 1200, x[:3] / 500, x[:3], key="cal", title="t", data="real"
        ),
        figures.decision_curve(x / 1100, 0.5 - x / 2000, 0.4 - x / 1000, key="dec", title="t", data="real"),
        figures.effect_curve(
            x, x / 500, x / 700, x / 300, key="effect", title="t", data="real", reference=500.0, cutoff=400.0
        ),
        figures.bland_altman(first, second, bland_altman(first, second), key="ba", title="t", data="real"),
        figures.flow_chart(
            [figures.FlowBox("in", 9), figures.FlowBox("left", 7, 2, "no CT")],
            [("one", "n = 3"), ("two", "n = 4")],
            key="flow",
            title="t",
            data="real",
        ),
    ]


def test_every_figure_has_only_colours_of_the_palette_so_that_its_dark_twin_is_whole() -> None:
    for drawing in _every_figure():
        used = set(re.findall(r"#[0-9a-f]{6}\b", drawing.svg))
        assert used <= set(VARIABLES), (drawing.key, used - set(VARIABLES))
        dark = set(re.findall(r"#[0-9a-f]{6}\b", dark_svg(drawing.svg)))
        assert dark <= set(DARK.values())
        assert not re.findall(r"#[0-9a-f]{6}\b", page_svg(drawing.svg))
        assert drawing.alt
        assert drawing.caption
        assert set(re.findall(r'\bid="([^"]+?)-', drawing.svg)) == {drawing.key}


def test_forest_marks_what_goes_beyond_its_axis() -> None:
    forest = next(d for d in _every_figure() if d.key == "forest")
    axes = forest.figure.axes[0]
    low, high = axes.get_xlim()
    assert (low, high) == (0.05, 20.0)
    arrows = [line.get_marker() for line in axes.lines if line.get_marker() in ("<", ">")]
    assert arrows == ["<", ">"]
