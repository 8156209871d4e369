"""The picture shows the right place the right way round, whatever the grid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splenic.measure import Calliper, Measurement
from splenic.preview import draw
from splenic.preview.figure import PANEL_SIZE, RESEARCH_USE, SIZE, panel_corners
from splenic.preview.scene import Panel, plan
from splenic.quality import Quality

FULL = Measurement(
    sv_ml=283.0, sv_low_ml=270.0, sv_high_ml=295.0, complete=True,
    craniocaudal=Calliper(100.0, (80, 40, 60), (80, 40, -40)),
    hu_mean=110.0, hu_sd=8.0, hu_median=110.0, centroid_lps_mm=(80, 40, 10),
)


def _is_yellow(pixels: np.ndarray) -> np.ndarray:
    red, green, blue = (pixels[..., n].astype(int) for n in range(3))
    return (red > 195) & (green > 180) & (red - blue > 100)


def _is_sky(pixels: np.ndarray) -> np.ndarray:
    red, green, blue = (pixels[..., n].astype(int) for n in range(3))
    return (blue > 190) & (blue - red > 90) & (green > 140)


def _sheet(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def _panels(path: Path) -> list[np.ndarray]:
    sheet = _sheet(path)
    width, height = PANEL_SIZE
    return [sheet[y:y + height, x:x + width] for x, y in panel_corners()]


def _draw(path: Path, body, measurement: Measurement = FULL, **changes) -> list[np.ndarray]:
    arguments = {"volume": body.volume, "segmentation": body.segmentation, "measurement": measurement,
                 "quality": None, "title": "case", "flags": ["ok"], "info": {"Phase": "portal venous"}}
    draw(path, **(arguments | changes))
    return _panels(path)


def _pixel_places(panel: Panel, hit: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(hit)
    return panel.view.to_lps_mm(np.stack([columns + 0.5, rows + 0.5], axis=-1))


def test_outline_lies_on_the_spleen(tmp_path, body_on, grid_name, spleen_edge_mm):
    body = body_on(grid_name)
    pictures = _draw(tmp_path / "p.png", body)
    panels = plan(body.volume, body.segmentation, FULL, PANEL_SIZE).panels
    voxel_mm = max(body.volume.geometry.spacing_mm)
    for picture, panel in zip(pictures[:3], panels[:3], strict=True):
        places = _pixel_places(panel, _is_yellow(picture))
        assert len(places) > 300
        # The mask is made of voxels: its edge is within half of one, and the line is 2 pixels wide.
        # On the sagittal array the axial picture runs across slices as far apart as the voxel is long.
        away = np.abs(spleen_edge_mm(places))
        assert np.quantile(away, 0.95) < 0.5 * 2.0 + panel.view.mm_per_px * 2
        assert away.max() < voxel_mm


def test_outline_closes_around_the_spleen(tmp_path, body_on, grid_name):
    body = body_on(grid_name)
    pictures = _draw(tmp_path / "p.png", body)
    panels = plan(body.volume, body.segmentation, FULL, PANEL_SIZE).panels
    for picture, panel in zip(pictures[:3], panels[:3], strict=True):
        centre = panel.view.to_px(np.array([80.0, 40.0, panel.view.centre_mm[2]]))
        rows, columns = np.nonzero(_is_yellow(picture))
        angles = np.degrees(np.arctan2(rows - centre[1], columns - centre[0]))
        hit = np.histogram(angles, bins=36, range=(-180, 180))[0]
        assert (hit > 0).all()


def test_grey_pixels_are_the_tissue_at_their_place(tmp_path, body_on, grid_name, true_hu):
    body = body_on(grid_name)
    pictures = _draw(tmp_path / "p.png", body, segmentation=body.nothing, measurement=Measurement())
    panels = plan(body.volume, body.nothing, Measurement(), PANEL_SIZE).panels
    for picture, panel in zip(pictures, panels, strict=True):
        columns, rows = np.meshgrid(np.arange(60, PANEL_SIZE[0] - 60), np.arange(60, PANEL_SIZE[1] - 60))
        places = panel.view.to_lps_mm(np.stack([columns + 0.5, rows + 0.5], axis=-1))
        wanted = np.clip((true_hu(places) + 150) / 400 * 255, 0, 255)
        inside = body.volume.geometry.to_index(places)
        inside = ((inside > 1) & (inside < np.array(body.volume.geometry.shape) - 2)).all(axis=-1)
        shown = picture[60:-60, 60:-60, 0].astype(float)
        # Away from edges both agree; edges are voxels wide and take a part of the picture.
        alike = np.abs(shown - wanted)[inside] < 12
        assert alike.mean() > 0.9


def test_radiological_convention(body_on, grid_name):
    body = body_on(grid_name)
    panels = plan(body.volume, body.segmentation, FULL, PANEL_SIZE).panels
    for panel in panels[:3]:
        spleen, spine, ball = (panel.view.to_px(np.array(place)) for place in
                               ((80.0, 40.0, 10.0), (0.0, 70.0, 10.0), (70.0, -55.0, 10.0)))
        assert spine[0] < spleen[0]
        assert ball[1] < spleen[1] < spine[1]
    heights = [panel.view.centre_mm[2] for panel in panels[:3]]
    assert heights[0] > heights[1] > heights[2]
    head, foot = (panels[3].view.to_px(np.array([80.0, 40.0, z])) for z in (50.0, -30.0))
    assert head[1] < foot[1]


def test_lengths_are_true_in_every_direction(body_on, grid_name):
    body = body_on(grid_name)
    for panel in plan(body.volume, body.segmentation, FULL, PANEL_SIZE).panels:
        view = panel.view
        corners = view.to_lps_mm(np.array([(0.0, 0.0), (100.0, 0.0), (0.0, 100.0)]))
        assert np.linalg.norm(corners[1] - corners[0]) == pytest.approx(100 * view.mm_per_px)
        assert np.linalg.norm(corners[2] - corners[0]) == pytest.approx(100 * view.mm_per_px)
        assert view.right @ view.down == pytest.approx(0, abs=1e-9)


def test_the_whole_spleen_and_its_surroundings_are_in_the_frame(body_on, grid_name):
    body = body_on(grid_name)
    panels = plan(body.volume, body.segmentation, FULL, PANEL_SIZE).panels
    for panel, (first, second) in zip(panels, [(0, 1)] * 3 + [(0, 2)], strict=True):
        for axis in (first, second):
            for sign in (-1, 1):
                place = np.array([80.0, 40.0, 10.0])
                place[axis] += sign * np.array([30.0, 45.0, 50.0])[axis]
                x, y = panel.view.to_px(place)
                assert 5 < x < PANEL_SIZE[0] - 5
                assert 5 < y < PANEL_SIZE[1] - 5


def test_callipers_lie_between_their_ends(tmp_path, body_on):
    body = body_on("LPS")
    index = 22
    z = float(body.volume.geometry.to_lps_mm((index, 0, 0))[2])
    diameter = Calliper(80.0, (80.0, 0.0, z), (80.0, 80.0, z), index)
    measurement = Measurement(sv_ml=283.0, complete=True, axial_diameter=diameter)
    pictures = _draw(tmp_path / "p.png", body, measurement)
    panels = plan(body.volume, body.segmentation, measurement, PANEL_SIZE).panels
    at = [n for n, panel in enumerate(panels) if panel.slice_index == index]
    assert len(at) == 1
    ends = panels[at[0]].view.to_px(np.array([diameter.start_lps_mm, diameter.end_lps_mm]))
    sky = _is_sky(pictures[at[0]])
    line = sky[round(ends[0, 1]) + 5:round(ends[1, 1]) - 5, round(ends[0, 0]) - 2:round(ends[0, 0]) + 3]
    assert line.any(axis=1).all()
    for other in {0, 1, 2} - set(at):
        assert not _is_sky(pictures[other]).any()


def test_equal_diameter_and_width_are_drawn_once(body_on):
    body = body_on("LPS")
    z = float(body.volume.geometry.to_lps_mm((22, 0, 0))[2])
    one = Calliper(80.0, (80.0, 0.0, z), (80.0, 80.0, z), 22)
    measurement = Measurement(sv_ml=283.0, complete=True, axial_diameter=one, width=one)
    panels = plan(body.volume, body.segmentation, measurement, PANEL_SIZE).panels
    assert [name for panel in panels for name, _, _ in panel.callipers] == ["diameter = width"]


def test_a_size_from_another_slice_says_so(body_on):
    body = body_on("LPS")
    places = [float(body.volume.geometry.to_lps_mm((n, 0, 0))[2]) for n in (22, 23)]
    width, diameter = (Calliper(80.0, (80.0, 0.0, z), (80.0, 80.0, z), n)
                       for n, z in zip((22, 23), places, strict=True))
    thick = Calliper(50.0, (55.0, 40.0, places[0]), (105.0, 40.0, places[0]), 22)
    measurement = Measurement(sv_ml=283.0, axial_diameter=diameter, width=width, thickness=thick)
    panels = plan(body.volume, body.segmentation, measurement, PANEL_SIZE).panels
    notes = {name: note for panel in panels for name, _, note in panel.callipers}
    assert notes == {"diameter": " (slice 24)", "width": "", "thickness": ""}


def test_same_case_same_bytes(tmp_path, body_on):
    body = body_on("LPS")
    for name in ("a.png", "b.png"):
        _draw(tmp_path / name, body)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_written_whole_or_not_at_all(tmp_path, body_on):
    body = body_on("LPS")
    _draw(tmp_path / "p.png", body)
    assert [entry.name for entry in tmp_path.iterdir()] == ["p.png"]
    with pytest.raises(FileNotFoundError):
        _draw(tmp_path / "absent" / "p.png", body)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "p.png").mkdir()
    with pytest.raises(OSError, match=r"p\.png"):
        _draw(tmp_path / "folder" / "p.png", body)
    assert [entry.name for entry in (tmp_path / "folder").iterdir()] == ["p.png"]


@pytest.mark.parametrize("grid", ["LPS", "sagittal array", "tilted gantry"])
def test_without_a_spleen_the_body_is_shown(tmp_path, body_on, grid):
    body = body_on(grid)
    quality = Quality(1.0, ("no-spleen-found",), ("no spleen was found on this scan",))
    for name, segmentation in (("empty.png", body.nothing), ("refused.png", None)):
        pictures = _draw(tmp_path / name, body, Measurement(), segmentation=segmentation, quality=quality,
                         flags=["review", "no-spleen-found"])
        for picture in pictures:
            assert (picture[..., 0] > 30).mean() > 0.2
            assert not _is_yellow(picture).any()


def test_synthetic_is_marked_across_every_picture(tmp_path, body_on):
    body = body_on("LPS")
    plain = _draw(tmp_path / "plain.png", body)
    marked = _draw(tmp_path / "marked.png", body, synthetic=True)
    for before, after in zip(plain, marked, strict=True):
        rows, columns = np.nonzero(np.any(before != after, axis=-1))
        assert np.ptp(columns) > 0.7 * PANEL_SIZE[0]
        assert np.ptp(rows) > 0.4 * PANEL_SIZE[1]
    with Image.open(tmp_path / "marked.png") as picture:
        assert picture.info["Title"] == "SYNTHETIC DATA"


def test_research_use_is_written(tmp_path, body_on):
    _draw(tmp_path / "p.png", body_on("LPS"))
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.info["Disclaimer"] == RESEARCH_USE
        assert picture.size == SIZE
    foot = _sheet(tmp_path / "p.png")[SIZE[1] - 24:, SIZE[0] // 2:]
    assert (foot.min(axis=-1) > 200).sum() > 300


def test_flags_and_failure_score_change_the_strip(tmp_path, body_on):
    body = body_on("LPS")
    left = panel_corners()[1][0] + PANEL_SIZE[0]

    def strip(name: str, **changes) -> np.ndarray:
        _draw(tmp_path / name, body, **changes)
        return _sheet(tmp_path / name)[:, left:]

    fine = strip("a.png", quality=Quality(0.1))
    bad = strip("b.png", quality=Quality(0.9, ("x",), ("the edge is doubtful",)))
    cut = strip("c.png", flags=["review", "incomplete: inferior"])
    assert np.any(fine != bad)
    orange = (np.abs(cut.astype(int) - [255, 166, 48]).sum(axis=-1) < 12).sum()
    assert orange > 1500


def test_too_much_to_say_still_fits(tmp_path, body_on):
    body = body_on("LPS")
    many = [f"finding-number-{n}-with-a-long-name" for n in range(12)]
    info = {f"Fact {n}": "a value far too long for the strip, " * 3 for n in range(12)}
    quality = Quality(0.97, tuple(many), tuple("word " * 60 for _ in many))
    _draw(tmp_path / "p.png", body, flags=many, info=info, quality=quality, title="title " * 60)
    sheet = _sheet(tmp_path / "p.png")
    # The margin on the right stays free.
    assert (sheet[60:900, SIZE[0] - 8:] < 60).all()


@pytest.mark.shared
@pytest.mark.parametrize("case", ["HCC_006_19990806_a3", "PDA_00189"])
def test_real_scan(tmp_path: Path, data_dir: Path, case: str, real_case: Callable):
    body, edge = real_case(data_dir, case)
    pictures = _draw(tmp_path / "p.png", body)
    panels = plan(body.volume, body.segmentation, FULL, PANEL_SIZE).panels
    for picture, panel in zip(pictures[:3], panels[:3], strict=True):
        places = _pixel_places(panel, _is_yellow(picture))
        index = body.volume.geometry.to_index(places)
        away = edge[tuple(np.rint(index).astype(int).T)]
        # Half a voxel for the edge between voxels, half for rounding to the nearest.
        assert np.quantile(np.abs(away), 0.98) <= 2 * max(body.volume.geometry.spacing_mm[1:])
