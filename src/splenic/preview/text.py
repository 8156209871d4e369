"""Letters on the picture: fonts, wrapping, pills; colours that every eye tells apart."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

Rgb = tuple[int, int, int]

# Okabe and Ito's palette (Color Universal Design, 2008), lightened for a dark ground.
YELLOW: Rgb = (248, 232, 90)
SKY: Rgb = (108, 198, 250)
ORANGE: Rgb = (255, 166, 48)
ROSE: Rgb = (245, 160, 208)
GREEN: Rgb = (60, 205, 160)
VERMILION: Rgb = (255, 122, 66)
WHITE: Rgb = (242, 244, 246)
GREY: Rgb = (164, 171, 178)
DARK: Rgb = (17, 19, 22)
PANEL: Rgb = (30, 33, 37)


@cache
def font(size: int, bold: bool = False) -> FreeTypeFont:
    """DejaVu Sans, which lies in Matplotlib's package; found without importing it."""
    from PIL import ImageFont

    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("matplotlib, whose fonts the preview uses, is not installed")
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / name
    # The basic layout draws the same pixels whether or not Raqm is installed.
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def width_of(text: str, face: FreeTypeFont) -> float:
    """Width of a line of text in pixels."""
    return float(face.getlength(text))


def fitted(text: str, face: FreeTypeFont, width: float) -> str:
    """A line cut to a width, ending in … where something was left out."""
    if width_of(text, face) <= width:
        return text
    while text and width_of(text + "…", face) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, face: FreeTypeFont, width: float, most: int) -> list[str]:
    """Lines of a text no wider than a width, at most so many."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and width_of(longer, face) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    if len(lines) > most:
        lines = [*lines[:most - 1], " ".join(lines[most - 1:])]
    return [fitted(one, face, width) for one in lines]


def haloed(draw: ImageDraw, at: tuple[float, float], text: str, face: FreeTypeFont, colour: Rgb,
           anchor: str = "la") -> None:
    """Text with a dark rim, readable on any grey."""
    draw.text(at, text, font=face, fill=colour, anchor=anchor, stroke_width=2, stroke_fill=(0, 0, 0))


def pill_colour(flag: str) -> Rgb:
    """Colour of a flag; the words say it too."""
    first = flag.replace("=", " ").replace(":", " ").lower()
    if "refused" in first or "failed" in first:
        return VERMILION
    return GREEN if first.split()[:1] == ["ok"] else ORANGE


def pills(draw: ImageDraw, at: tuple[int, int], width: int, flags: tuple[str, ...], lines: int = 5) -> int:
    """Draw flags as rounded boxes that flow over some lines at most; return the y below them."""
    x, y = at
    face = font(15, bold=True)
    for number, flag in enumerate(flags):
        text = fitted(flag, face, width - 22)
        wide = int(width_of(text, face)) + 22
        if x > at[0] and x + wide > at[0] + width:
            x, y = at[0], y + 33
        if y >= at[1] + 33 * lines:
            draw.text((x, y), f"and {len(flags) - number} more", font=face, fill=ORANGE)
            return y + 24
        draw.rounded_rectangle((x, y, x + wide, y + 27), radius=4, fill=pill_colour(flag))
        draw.text((x + 11, y + 13), text, font=face, fill=DARK, anchor="lm")
        x += wide + 8
    return y + 33 if flags else y
