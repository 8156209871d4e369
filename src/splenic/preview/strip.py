"""The strip beside the pictures: flags, volume, sizes, facts, failure score and a locator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from splenic.ct.types import Volume
from splenic.measure.types import Measurement
from splenic.preview.outline import blend, edge_distance_mm, padded, stroke_edge, stroke_segment
from splenic.preview.plane import show_hu
from splenic.preview.scene import Scene, whole_coronal
from splenic.preview.text import (
    GREEN,
    GREY,
    ORANGE,
    PANEL,
    SKY,
    VERMILION,
    WHITE,
    YELLOW,
    Rgb,
    fitted,
    font,
    haloed,
    pills,
    wrapped,
)
from splenic.quality import REVIEW_THRESHOLD
from splenic.quality.types import Quality
from splenic.segment.types import Segmentation

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

LEVEL_HU, WIDTH_HU = 50.0, 400.0
_SCORE_ROOM = 175
HEADLINE = "SPLENIC VOLUME"
_SIZES = (("Craniocaudal", "craniocaudal", "craniocaudal"), ("Axial diameter", "axial_diameter", "diameter"),
          ("Width", "width", "width"), ("Thickness", "thickness", "thickness"))


def draw_strip(sheet: Image, pen: ImageDraw, corner: tuple[int, int], size: tuple[int, int], *,
               volume: Volume, segmentation: Segmentation | None, measurement: Measurement,
               quality: Quality | None, flags: tuple[str, ...], info: Mapping[str, str],
               scene: Scene, colours: Mapping[str, Rgb]) -> None:
    """Draw the strip into a rectangle of the sheet, from above to below; the locator takes the rest."""
    x, y = corner
    width, height = size
    bottom = y + height
    y = pills(pen, (x, y), width, flags) + 6
    none_found = segmentation is not None and not segmentation.mask.any()
    y = _headline(pen, (x, y), width, measurement, "none found" if none_found else "not measured")
    y = _sizes(pen, (x, y), width, measurement, colours)
    spare = bottom - y - (_SCORE_ROOM if quality is not None else 0)
    y = _rows(pen, (x, y), width, dict(list(info.items())[:max(0, spare // 25)]))
    if quality is not None:
        y = _score(pen, (x, y), width, quality)
    if bottom - y > 110:
        _locator(sheet, pen, (x, bottom), (width, bottom - y - 10), volume, segmentation, scene)


def _ml(value: float) -> str:
    return f"{value:,.0f} ml" if value >= 100 else f"{value:.1f} ml"


def _headline(pen: ImageDraw, at: tuple[int, int], width: int, measurement: Measurement,
              otherwise: str) -> int:
    x, y = at
    pen.text((x, y), HEADLINE, font=font(14, bold=True), fill=GREY)
    if measurement.sv_ml is None:
        pen.text((x, y + 20), otherwise, font=font(32, bold=True), fill=WHITE)
        return y + 72
    cut = measurement.complete is False
    value = ("≥ " if cut else "") + _ml(measurement.sv_ml)
    pen.text((x, y + 16), value, font=font(46, bold=True), fill=WHITE)
    y += 74
    if measurement.sv_low_ml is not None and measurement.sv_high_ml is not None:
        text = f"interval {measurement.sv_low_ml:,.0f} to {measurement.sv_high_ml:,.0f} ml"
        pen.text((x, y), fitted(text, font(16), width), font=font(16), fill=WHITE)
        y += 24
    if cut:
        text = f"lower bound, cut: {', '.join(measurement.cut_faces)}"
        pen.text((x, y), fitted(text, font(15, bold=True), width), font=font(15, bold=True), fill=ORANGE)
        y += 24
    return y + 8


def _sizes(pen: ImageDraw, at: tuple[int, int], width: int, measurement: Measurement,
           colours: Mapping[str, Rgb]) -> int:
    x, y = at
    for words, field, name in _SIZES:
        calliper = getattr(measurement, field)
        if calliper is not None:
            pen.line((x, y + 11, x + 20, y + 11), fill=colours[name], width=3)
            for end in (x, x + 20):
                pen.line((end, y + 5, end, y + 17), fill=colours[name], width=2)
            _row(pen, (x + 30, y), width - 30, words, f"{calliper.length_mm:.0f} mm")
            y += 25
    if measurement.hu_mean is not None:
        spread = f" ± {measurement.hu_sd:.0f}" if measurement.hu_sd is not None else ""
        _row(pen, (x, y), width, "Density", f"{measurement.hu_mean:.0f}{spread} HU")
        y += 25
    return y


def _row(pen: ImageDraw, at: tuple[int, int], width: int, name: str, value: str) -> None:
    x, y = at
    pen.text((x, y + 11), name, font=font(15), fill=GREY, anchor="lm")
    room = width - pen.textlength(name, font=font(15)) - 12
    pen.text((x + width, y + 11), fitted(value, font(15, bold=True), room), font=font(15, bold=True),
             fill=WHITE, anchor="rm")


def _rows(pen: ImageDraw, at: tuple[int, int], width: int, info: Mapping[str, str]) -> int:
    x, y = at
    if info:
        pen.line((x, y + 4, x + width, y + 4), fill=(70, 75, 80), width=1)
        y += 9
    for name, value in info.items():
        _row(pen, (x, y), width, name, value)
        y += 25
    return y


def _score(pen: ImageDraw, at: tuple[int, int], width: int, quality: Quality) -> int:
    """A bar from 0 to 1 with the threshold marked, and what speaks against the mask."""
    x, y = at
    pen.line((x, y + 4, x + width, y + 4), fill=(70, 75, 80), width=1)
    y += 9
    doubtful = quality.failure_score >= REVIEW_THRESHOLD
    colour = VERMILION if doubtful else GREEN
    value = f"{quality.failure_score:.2f}" + (" · look at it" if doubtful else "")
    _row(pen, (x, y), width, "Failure score", value)
    y += 27
    pen.rounded_rectangle((x, y, x + width, y + 10), radius=4, fill=PANEL)
    filled = max(8, round(width * quality.failure_score))
    pen.rounded_rectangle((x, y, x + filled, y + 10), radius=4, fill=colour)
    limit = x + round(width * REVIEW_THRESHOLD)
    pen.line((limit, y - 4, limit, y + 14), fill=WHITE, width=2)
    y += 20
    for sentence in quality.sentences[:3]:
        pen.text((x, y), "•", font=font(13), fill=GREY)
        for line in wrapped(sentence, font(13), width - 14, 2):
            pen.text((x + 14, y), line, font=font(13), fill=WHITE)
            y += 17
        y += 3
    return y + 4


def _locator(sheet: Image, pen: ImageDraw, foot: tuple[int, int], most: tuple[int, int], volume: Volume,
             segmentation: Segmentation | None, scene: Scene) -> None:
    """The whole scan from the front with the spleen tinted and the three levels as lines.

    It stands on ``foot``, the strip's lower left corner, and is no larger than ``most``.
    """
    from PIL import Image as Images

    body = (scene.body_low_mm, scene.body_high_mm)
    view = whole_coronal(scene.axes, body, most, scene.panels[-1].view.centre_mm)
    used = (body[1] - body[0])[[0, 2]] / view.mm_per_px
    view = view.resized(view.mm_per_px, (int(min(most[0], used[0])), int(min(most[1], used[1]))))
    grey = show_hu(volume.hu, volume.geometry, view, LEVEL_HU, WIDTH_HU)
    canvas = np.repeat(grey[..., None], 3, axis=2).astype(np.float32)
    if segmentation is not None and segmentation.mask.any():
        distance = edge_distance_mm(*padded(segmentation.mask, segmentation.crop_geometry), view)
        if distance is not None:
            blend(canvas, (distance > 0).astype(np.float32) * np.float32(0.45), YELLOW)
            stroke_edge(canvas, distance, view.mm_per_px, YELLOW, 1.0)
    heights = [float(view.to_px(panel.view.centre_mm)[1]) for panel in scene.panels[:3]]
    for height in heights:
        stroke_segment(canvas, (0, height), (view.size[0], height), SKY, 1.0, rim_px=0.5)
    left, top = foot[0] + (most[0] - view.size[0]) // 2, foot[1] - view.size[1]
    sheet.paste(Images.fromarray(np.clip(canvas + 0.5, 0, 255).astype(np.uint8)), (left, top))
    for height, panel in zip(heights, scene.panels, strict=False):
        haloed(pen, (left + 4, top + height), panel.title[0], font(11, bold=True), SKY, "lm")
    haloed(pen, (left + 4, top + 4), "R", font(12, bold=True), WHITE)
    haloed(pen, (left + view.size[0] - 4, top + 4), "L", font(12, bold=True), WHITE, "ra")
