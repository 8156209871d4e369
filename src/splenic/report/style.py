"""The look of every figure: palette, type, the stamp of what the data are, and the same bytes every time.

A figure is drawn once, in the light palette. Its dark twin, and the version inside the page that follows the
reader's light or dark setting, come from exchanging the palette's colours in the SVG text; therefore every
colour of a figure must be one of the palette's.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DataKind = Literal["real", "synthetic"]
LineStyle = tuple[float, Sequence[float]]
STAMPS: Mapping[str, str] = {"real": "REAL DATA", "synthetic": "SYNTHETIC DATA"}

# Groups differ in hue, in lightness and in the pattern of the line, so that they part in colour, in grey and
# for colour-blind readers (hues after Okabe and Ito, darkened where white paper asks for contrast).
INK, SOFT, RULE, PAPER, SHADE = "#1b1f24", "#59636e", "#d5dbe1", "#ffffff", "#edf0f3"
BLUE, ORANGE, GREEN, PURPLE, SKY, BROWN = "#00558f", "#d9690f", "#0a8f6b", "#8d4a8b", "#4fa3d9", "#7a5b12"
WARN = "#a6261c"

DARK: Mapping[str, str] = {
    INK: "#e8ecf1",
    SOFT: "#a7b1bd",
    RULE: "#3a424c",
    PAPER: "#14181d",
    SHADE: "#232a32",
    BLUE: "#6db6ee",
    ORANGE: "#f2a154",
    GREEN: "#4cc9a2",
    PURPLE: "#d49bd2",
    SKY: "#a3d5f5",
    BROWN: "#d3b76a",
    WARN: "#ff8f84",
}
VARIABLES: Mapping[str, str] = {
    INK: "ink",
    SOFT: "soft",
    RULE: "rule",
    PAPER: "paper",
    SHADE: "shade",
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
    PURPLE: "purple",
    SKY: "sky",
    BROWN: "brown",
    WARN: "warn",
}
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, BROWN)
LINES: tuple[LineStyle, ...] = (
    (0, ()),
    (0, (5.5, 1.6)),
    (0, (1.6, 1.1)),
    (0, (7, 1.4, 1.4, 1.4)),
    (0, (3, 1.2)),
    (0, (9, 2)),
)
MARKERS = ("o", "s", "^", "D", "v", "P")
FULL_WIDTH_IN, MEDIUM_WIDTH_IN = 7.0, 4.7

_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.labelsize": 8.5,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "text.color": INK,
    "figure.facecolor": PAPER,
    "figure.edgecolor": PAPER,
    "savefig.facecolor": PAPER,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "patch.linewidth": 0.8,
    "svg.fonttype": "path",
    "svg.hashsalt": "splenic",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "path.simplify": False,
    "text.parse_math": False,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib's settings for the time of drawing and saving, whatever the user's own are."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure in inches; to be called within :func:`house_style`."""
    from matplotlib.figure import Figure as MplFigure

    return MplFigure(figsize=(width_in, height_in))


def stamp(figure: Figure, data: DataKind) -> None:
    """Print what the data are in the upper right corner."""
    synthetic = data == "synthetic"
    height = figure.get_size_inches()[1]
    figure.text(
        0.992,
        1 - 0.05 / height,
        STAMPS[data],
        ha="right",
        va="top",
        fontsize=6.5,
        weight="bold",
        color=WARN if synthetic else SOFT,
        bbox={
            "boxstyle": "square,pad=0.3",
            "facecolor": "none",
            "edgecolor": WARN if synthetic else SOFT,
            "linewidth": 0.7,
        },
    )


def grid(axes: Axes, axis: Literal["x", "y", "both"] = "y") -> None:
    """Faint lines behind the data."""
    axes.set_axisbelow(True)
    axes.grid(True, axis=axis, color=RULE, linewidth=0.5)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished figure.

    Attributes
    ----------
    key : file name without ending.
    title, caption : what stands above and below it.
    alt : the figure in words, for those who cannot see it.
    svg : the light version; :func:`dark_svg` and :func:`page_svg` make the others.
    figure : to be saved in further formats by :func:`save_bytes`.
    """

    key: str
    title: str
    caption: str
    alt: str
    svg: str
    figure: Figure


def finish(figure: Figure, *, key: str, title: str, caption: str, alt: str, data: DataKind) -> Drawing:
    """Stamp a figure and write its SVG; to be called within :func:`house_style`."""
    stamp(figure, data)
    svg = save_bytes(figure, "svg").decode("utf-8")
    return Drawing(key, title, caption, alt, _private_ids(svg, key), figure)


def save_bytes(figure: Figure, kind: Literal["svg", "pdf", "png"]) -> bytes:
    """A figure as SVG, PDF or 300-dpi PNG: no date, no machine, no random name in it."""
    buffer = io.BytesIO()
    metadata: Mapping[str, Mapping[str, str | None]] = {
        "svg": {"Date": None, "Creator": "Splenic"},
        "pdf": {"CreationDate": None, "Creator": "Splenic", "Producer": None},
        "png": {"Software": "Splenic"},
    }
    with house_style():
        figure.savefig(buffer, format=kind, dpi=300, metadata=dict(metadata[kind]))
    return buffer.getvalue()


def dark_svg(svg: str) -> str:
    """The same figure for a dark ground."""
    return _recoloured(svg, DARK)


def page_svg(svg: str) -> str:
    """The same figure for the inside of a page: no XML head, colours by the page's variables ``--fig-…``."""
    body = svg[svg.index("<svg") :]
    for part in ("metadata", "style"):  # a style sheet inside would hold for the whole page
        body = re.sub(rf"<{part}\b.*?</{part}>\s*", "", body, count=1, flags=re.DOTALL)
    return _recoloured(body, {colour: f"var(--fig-{name})" for colour, name in VARIABLES.items()})


def _recoloured(svg: str, colours: Mapping[str, str]) -> str:
    return re.sub("|".join(colours), lambda match: colours[match.group()], svg)


def _private_ids(svg: str, key: str) -> str:
    """Names inside an SVG made its own, because several will stand in one page."""
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{key}-\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", svg)
