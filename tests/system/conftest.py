"""Copies of real series to be damaged, and the engine that comes with the program."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from splenic.segment import Engine, bundle_engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The shipped network."""
    return bundle_engine(threads=2)


@pytest.fixture(scope="session")
def hcc_006(data_dir: Path) -> Path:
    """One portal series of 109 slices, and one slice of an unenhanced series."""
    return data_dir / "dicom" / "HCC_006"


@pytest.fixture(scope="session")
def hcc_007(data_dir: Path) -> Path:
    """Two acquisitions under one SeriesInstanceUID, and an unenhanced series of 10 mm."""
    return data_dir / "dicom" / "HCC_007_1997"


class Copy:
    """A copy of the portal series of HCC_006, links where nothing is changed; slices upwards."""

    def __init__(self, source: Path, folder: Path) -> None:
        from pydicom import dcmread

        self.folder = folder
        folder.mkdir()
        (series,) = (path for path in source.iterdir() if path.name.startswith("103"))
        heights = {}
        for path in series.iterdir():
            os.symlink(path, folder / path.name)
            heights[path.name] = float(dcmread(path, stop_before_pixels=True).ImagePositionPatient[2])
        self.slices = [folder / name for name in sorted(heights, key=heights.__getitem__)]

    def own(self, index: int) -> Path:
        """Make one slice a file of its own."""
        path = self.slices[index]
        if path.is_symlink():
            source = path.resolve()
            path.unlink()
            shutil.copyfile(source, path)
        return path

    def edit(self, index: int, change: Callable[..., None], *, decompress: bool = False) -> Path:
        """Change one slice's dataset in place."""
        from pydicom import dcmread

        path = self.own(index)
        image = dcmread(path)
        if decompress:
            image.decompress(generate_instance_uid=False)
        change(image)
        image.save_as(path)
        return path

    def edit_all(self, change: Callable[..., None], *, decompress: bool = False) -> None:
        """Change every slice."""
        for index in range(len(self.slices)):
            self.edit(index, change, decompress=decompress)


@pytest.fixture
def series(hcc_006: Path, tmp_path: Path) -> Copy:
    """A copy of the series to be damaged."""
    return Copy(hcc_006, tmp_path / "series")


def flip(image: object) -> None:
    """Mirror the pixels left to right, and leave the header as it is."""
    pixels: npt.NDArray[np.generic] = image.pixel_array  # type: ignore[attr-defined]
    image.PixelData = np.ascontiguousarray(pixels[:, ::-1]).tobytes()  # type: ignore[attr-defined]
