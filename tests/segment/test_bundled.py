"""The two-stage engine with a network that is a threshold: places, crops, growth, absence, determinism."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splenic.ct.geometry import Geometry
from splenic.ct.types import Volume
from splenic.errors import InputError, UsageError
from splenic.segment import bundle_engine

AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


def scan(
    radii_mm: tuple[float, float, float],
    shape: tuple[int, int, int] = (60, 160, 160),
    spacing: tuple[float, float, float] = (4.0, 2.0, 2.0),
    direction: tuple = AXES,
    organ_hu: float = 120.0,
) -> tuple[Volume, np.ndarray]:
    """A body of water in air with one ellipsoid in it."""
    geometry = Geometry(shape, (0.0, 0.0, 0.0), spacing, direction)
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(shape, spacing)], indexing="ij")
    hu = np.full(shape, -1000, np.int16)
    hu[(y / 120) ** 2 + (x / 150) ** 2 < 1] = 20
    organ = (z / radii_mm[0]) ** 2 + ((y - 20) / radii_mm[1]) ** 2 + ((x - 60) / radii_mm[2]) ** 2 < 1
    hu[organ] = organ_hu
    return Volume.of(hu, geometry), organ


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_an_ellipsoid_is_found_where_it_is(bundle: Path) -> None:
    volume, organ = scan((50, 40, 30))
    result = bundle_engine(bundle, threads=1).segment(volume)
    assert dice(result.whole_mask() > 0, organ) > 0.94
    assert result.findings == ()
    assert result.model == "by-density"
    assert len(result.model_hash) == 64
    assert result.disagreement is not None
    assert 0 <= result.disagreement < 0.5
    assert result.probability.shape == result.mask.shape == result.crop_geometry.shape
    assert result.probability.size < 0.5 * volume.hu.size


def test_an_organ_larger_than_the_patch_is_not_cut_by_the_crop(bundle: Path) -> None:
    volume, organ = scan((115, 50, 40))
    result = bundle_engine(bundle, threads=1).segment(volume)
    assert dice(result.whole_mask() > 0, organ) > 0.95


@pytest.mark.parametrize("flip", [0, 1, 2])
def test_the_order_of_the_arrays_axes_does_not_matter(bundle: Path, flip: int) -> None:
    volume, organ = scan((50, 40, 30))
    direction = tuple(tuple(-v for v in axis) if i == flip else axis for i, axis in enumerate(AXES))
    turned = Volume.of(
        np.ascontiguousarray(np.flip(volume.hu, flip)),
        Geometry(volume.geometry.shape, (0.0, 0.0, 0.0), volume.geometry.spacing_mm, direction),
    )
    result = bundle_engine(bundle, threads=1).segment(turned)
    assert dice(np.flip(result.whole_mask() > 0, flip), organ) > 0.94


def test_nothing_there_is_said_and_not_measured(bundle: Path) -> None:
    volume, _ = scan((50, 40, 30), organ_hu=20)
    result = bundle_engine(bundle, threads=1).segment(volume)
    assert [f.code for f in result.findings] == ["no-spleen-found"]
    assert result.mask.size == 0
    assert not result.whole_mask().any()


def test_the_same_scan_gives_the_same_bytes_on_any_number_of_threads(bundle: Path) -> None:
    volume, _ = scan((50, 40, 30))
    first = bundle_engine(bundle, threads=1).segment(volume)
    second = bundle_engine(bundle, threads=3).segment(volume)
    assert first.probability.tobytes() == second.probability.tobytes()
    assert first.mask.tobytes() == second.mask.tobytes()


def test_a_sagittal_volume_is_refused_by_name(bundle: Path) -> None:
    volume, _ = scan((50, 40, 30))
    turned = Volume.of(
        volume.hu,
        Geometry(
            volume.geometry.shape, (0.0, 0.0, 0.0), volume.geometry.spacing_mm, (AXES[2], AXES[1], AXES[0])
        ),
    )
    with pytest.raises(InputError, match="axial"):
        bundle_engine(bundle, threads=1).segment(turned)


def test_an_unknown_device_and_bundle_are_usage_errors(bundle: Path) -> None:
    with pytest.raises(UsageError, match="no bundle"):
        bundle_engine("no-such-bundle")
    with pytest.raises(UsageError, match="unknown"):
        bundle_engine(bundle, device="abacus")
