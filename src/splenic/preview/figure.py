"""The figure for one case: three axial levels, a coronal, and a strip of numbers beside them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from splenic.ct.types import Volume
from splenic.measure.types import Calliper, Measurement
from splenic.preview.outline import (
    Canvas,
    Floats,
    blend,
    edge_distance_mm,
    padded,
    silhouette_distance_mm,
    stroke_edge,
    stroke_segment,
)
from splenic.preview.plane import FloatArray, View, axes_of, show_hu
from splenic.preview.scene import Panel, plan
from splenic.preview.strip import LEVEL_HU, WIDTH_HU, draw_strip
from splenic.preview.text import (
    DARK,
    GREY,
    ORANGE,
    ROSE,
    SKY,
    VERMILION,
    WHITE,
    YELLOW,
    Rgb,
    fitted,
    font,
    haloed,
    width_of,
)
from splenic.quality.types import Quality
from splenic.segment.types import Segmentation

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SIZE = (1440, 960)
RESEARCH_USE = "RESEARCH USE ONLY · not a medical device, not for diagnosis"
COLOURS: Mapping[str, Rgb] = {"diameter": SKY, "width": ORANGE, "thickness": ORANGE, "craniocaudal": ROSE}
PANEL_SIZE = (528, 430)
_MARGIN, _GAP, _TOP = 12, 8, 54
_STRIP_X = _MARGIN + 2 * PANEL_SIZE[0] + _GAP + 14


def draw(path: Path, *, volume: Volume, segmentation: Segmentation | None, measurement: Measurement,
         quality: Quality | None, title: str, flags: Sequence[str], info: Mapping[str, str],
         synthetic: bool = False) -> None:
    """Write the picture of one case as PNG; it appears whole or not at all.

    The patient's left is on the right of the picture and anterior above, whatever the array's axes.
    Same arguments, same bytes.

    Parameters
    ----------
    path : Path
        File to write; its folder must exist.
    volume : Volume
        The scan, HU on a soft-tissue window.
    segmentation : Segmentation or None
        The spleen to outline; without one (a refused scan) or with an empty mask, the body is shown.
    measurement : Measurement
        Its volume, interval and callipers are written and drawn.
    quality : Quality or None
        The failure score and what speaks against the mask.
    title : str
        E.g. the case's id.
    flags : sequence of str
        Status and findings, e.g. ``("review", "incomplete: inferior")``.
    info : mapping of str to str
        Further lines of the strip in this order, e.g. ``{"Phase": "portal venous"}``.
    synthetic : bool
        Mark the picture as made from synthetic data.
    """
    from PIL import Image as Images
    from PIL import ImageDraw as Pens
    from PIL import PngImagePlugin

    scene = plan(volume, segmentation, measurement, PANEL_SIZE)
    sheet = Images.new("RGB", SIZE, DARK)
    pen = Pens.Draw(sheet)
    mark = _watermark(PANEL_SIZE) if synthetic else None
    for panel, corner in zip(scene.panels, panel_corners(), strict=True):
        sheet.paste(_picture(panel, volume, segmentation, mark), corner)
    _frame_texts(pen, title, synthetic)
    draw_strip(sheet, pen, (_STRIP_X, _TOP), (SIZE[0] - _MARGIN - _STRIP_X, 2 * PANEL_SIZE[1] + _GAP),
               volume=volume, segmentation=segmentation, measurement=measurement, quality=quality,
               flags=tuple(flags), info=info, scene=scene, colours=COLOURS)
    words = PngImagePlugin.PngInfo()
    words.add_text("Title", "SYNTHETIC DATA" if synthetic else "Splenic preview")
    words.add_text("Disclaimer", RESEARCH_USE)
    data = BytesIO()
    sheet.save(data, "PNG", compress_level=1, pnginfo=words)
    _write_whole(path, data.getvalue())


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside the target, then rename, so that no reader ever meets half a file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def panel_corners() -> list[tuple[int, int]]:
    """Upper left corners of the four pictures on the sheet: upper, middle, lower level, coronal."""
    width, height = PANEL_SIZE
    return [(_MARGIN + column * (width + _GAP), _TOP + row * (height + _GAP))
            for row in (0, 1) for column in (0, 1)]


def _frame_texts(pen: ImageDraw, title: str, synthetic: bool) -> None:
    bold, small = font(22, bold=True), font(13)
    pen.text((_MARGIN, 27), fitted(title, bold, 900), font=bold, fill=WHITE, anchor="lm")
    right = "SYNTHETIC DATA" if synthetic else "Splenic"
    pen.text((SIZE[0] - _MARGIN, 27), right, font=bold, fill=VERMILION if synthetic else GREY, anchor="rm")
    foot = SIZE[1] - 15
    window = f"Window L {LEVEL_HU:.0f} W {WIDTH_HU:.0f} HU · patient's left is on the right of the picture"
    pen.text((_MARGIN, foot), window, font=small, fill=GREY, anchor="lm")
    pen.text((SIZE[0] - _MARGIN, foot), RESEARCH_USE, font=font(13, bold=True), fill=WHITE, anchor="rm")


@dataclass(frozen=True, slots=True)
class _Label:
    """Words for a calliper, and the places where they may stand, best first."""

    places: tuple[tuple[float, float], ...]
    text: str
    colour: Rgb


def _picture(panel: Panel, volume: Volume, segmentation: Segmentation | None,
             mark: npt.NDArray[np.float32] | None) -> Image:
    """One panel as an RGB image."""
    from PIL import Image as Images
    from PIL import ImageDraw as Pens

    grey = show_hu(volume.hu, volume.geometry, panel.view, LEVEL_HU, WIDTH_HU)
    canvas: Canvas = np.repeat(grey[..., None], 3, axis=2).astype(np.float32)
    if mark is not None:
        blend(canvas, mark, (255, 90, 60))
    distance = _outlined(canvas, panel, segmentation)
    labels = [_calliper(canvas, panel.view, *each) for each in panel.callipers]
    ruler_mm = _ruler(canvas, panel.view)
    image = Images.fromarray(np.clip(canvas + 0.5, 0, 255).astype(np.uint8))
    pen = Pens.Draw(image)
    _marks(pen, panel, volume, ruler_mm)
    _place_labels(pen, labels, panel.view, distance)
    return image


def _outlined(canvas: Canvas, panel: Panel, segmentation: Segmentation | None) -> Floats | None:
    """Draw the spleen's outline; return the distance to it (mm, positive inside) of every pixel."""
    if segmentation is None or not segmentation.mask.any():
        return None
    mask, grid = padded(segmentation.mask, segmentation.crop_geometry)
    scale = panel.view.mm_per_px
    if not panel.is_axial:
        # The craniocaudal length reaches from pole to pole, which rarely lie in one coronal plane.
        whole = silhouette_distance_mm(mask, grid, panel.view)
        if whole is not None:
            stroke_edge(canvas, whole, scale, YELLOW, 0.8, strength=0.5)
    distance = edge_distance_mm(mask, grid, panel.view)
    if distance is not None:
        stroke_edge(canvas, distance, scale, YELLOW, 1.8)
    return distance


def _calliper(canvas: Canvas, view: View, name: str, calliper: Calliper, note: str) -> _Label:
    """Draw a length with its end ticks; return its label."""
    colour = COLOURS[name.split()[0]]
    ends = view.to_px(np.array([calliper.start_lps_mm, calliper.end_lps_mm]))
    along = (ends[1] - ends[0]) / max(float(np.linalg.norm(ends[1] - ends[0])), 1e-6)
    across = np.array([-along[1], along[0]])
    # Dashed where the size was taken on another slice than the one shown.
    parts = np.linspace(0, 1, 24)[:, None] if note else np.array([[0.0], [1.0]])
    places = ends[0] + parts * (ends[1] - ends[0])
    for first, last in zip(places[::2], places[1::2], strict=True):
        stroke_segment(canvas, first, last, colour, 1.4)
    for end in ends:
        stroke_segment(canvas, end - across * 7, end + across * 7, colour, 2.0)
    return _Label(_around(ends, along), f"{name} {calliper.length_mm:.0f} mm{note}", colour)


def _around(ends: FloatArray, along: FloatArray) -> tuple[tuple[float, float], ...]:
    """Places for a label: past either end, straight on and turned to either side, nearer first."""
    places = []
    for reach in (18, 34, 52, 72, 96):
        for turn in (0.0, 0.6, -0.6, 1.2, -1.2):
            turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ along
            # Words are wide and low: going sideways they need more room.
            step = turned * reach * np.array([2.4, 1.0])
            places += [ends[0] - step, ends[1] + step]
    return tuple((float(x), float(y)) for x, y in places)


def _place_labels(pen: ImageDraw, labels: Sequence[_Label], view: View, distance: Floats | None) -> None:
    """Write each label where it covers least of the spleen and no other label."""
    face = font(14, bold=True)
    taken: list[tuple[float, float, float]] = []
    for label in labels:
        half = width_of(label.text, face) / 2 + 4
        costs = [_cost(place, half, view, distance, taken) + 0.02 * n for n, place in enumerate(label.places)]
        x, y = label.places[int(np.argmin(costs))]
        x = float(np.clip(x, half, view.size[0] - half))
        taken.append((x, y, half))
        haloed(pen, (x, y), label.text, face, label.colour, "mm")


def _cost(place: tuple[float, float], half: float, view: View, distance: Floats | None,
          taken: Sequence[tuple[float, float, float]]) -> float:
    """How bad a place for a label is: off the picture, on another label, on the spleen."""
    x, y = place
    width, height = view.size
    cost = 0.0
    if not (half + 2 < x < width - half - 2 and 52 < y < height - 40):
        cost += 20.0
    if abs(y - height / 2) < 20 and not half + 34 < x < width - half - 34:
        cost += 10.0
    if any(abs(y - other) < 20 and abs(x - at) < half + wide for at, other, wide in taken):
        cost += 10.0
    if distance is not None:
        rows = slice(max(0, int(y) - 9), max(1, int(y) + 9))
        part = distance[rows, max(0, int(x - half)):max(1, int(x + half))]
        cost += 4.0 * float((part > -2).mean()) if part.size else 0.0
    return cost


def _ruler(canvas: Canvas, view: View) -> float:
    """Draw a ruler at the lower right; return its length in mm."""
    length_mm = 50.0 if view.mm_per_px < 0.8 else 100.0
    end = np.array(view.size) - np.array([16.0, 14.0])
    start = end - [length_mm / view.mm_per_px, 0]
    stroke_segment(canvas, start, end, WHITE, 1.6)
    for place in (start, end):
        stroke_segment(canvas, place - np.array([0, 4]), place + np.array([0, 4]), WHITE, 1.6)
    return length_mm


def _marks(pen: ImageDraw, panel: Panel, volume: Volume, ruler_mm: float) -> None:
    """Title, the letters of the sides, and the ruler's length."""
    width, height = panel.view.size
    bold = font(17, bold=True)
    haloed(pen, (10, height / 2), "R", bold, WHITE, "lm")
    haloed(pen, (width - 10, height / 2), "L", bold, WHITE, "rm")
    above, below = ("A", "P") if panel.is_axial else ("S", "I")
    haloed(pen, (width / 2, 16), above, bold, WHITE, "mm")
    haloed(pen, (width / 2, height - 16), below, bold, WHITE, "mm")
    haloed(pen, (10, 9), panel.title, font(15, bold=True), WHITE)
    ruler_x = width - 16 - ruler_mm / panel.view.mm_per_px / 2
    haloed(pen, (ruler_x, height - 18), f"{ruler_mm / 10:.0f} cm", font(12), WHITE, "mb")
    if panel.slice_index is not None:
        place = f"slice {panel.slice_index + 1} of {_slices(volume)}, z {panel.view.centre_mm[2]:.1f} mm"
        haloed(pen, (10, 29), place, font(12), WHITE)


def _slices(volume: Volume) -> int:
    return volume.geometry.shape[axes_of(volume.geometry).slice_axis]


def _watermark(size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """SYNTHETIC from corner to corner, as alpha (height, width)."""
    from PIL import Image as Images
    from PIL import ImageDraw as Pens

    face = font(74, bold=True)
    text = Images.new("L", size, 0)
    Pens.Draw(text).text((size[0] / 2, size[1] / 2), "SYNTHETIC", font=face, fill=255, anchor="mm")
    turned = text.rotate(28, resample=Images.Resampling.BILINEAR)
    return np.asarray(turned).astype(np.float32) * np.float32(0.34 / 255)
