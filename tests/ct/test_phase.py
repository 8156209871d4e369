"""The aorta of synthetic scans, whose phase is known and which no threshold was set on."""

from __future__ import annotations

import pytest

from splenic.ct import Scan, ScanInfo, phase_of
from splenic.phantom import make


class Kept:
    """A loader of an array in memory."""

    def __init__(self, hu):
        self.hu = hu

    def __call__(self):
        return self.hu

    def slices(self, indices):
        return self.hu[list(indices)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("drawn", "expected"),
    [("unenhanced", "unenhanced"), ("arterial", "arterial"), ("portal", "portal-venous")],
)
def test_phase_of_a_phantom_from_its_hu_alone(drawn, expected):
    volume = make(1, phase=drawn, spacing_mm=(6.0, 1.6, 1.6)).volume
    scan = Scan(ScanInfo(), volume.geometry, (), (), "it", "dicom", Kept(volume.hu))
    estimate = phase_of(scan)
    assert estimate.phase == expected
    assert estimate.ground.startswith("the aorta has ")


def test_a_scan_that_cannot_be_read_has_the_phase_of_its_tags():
    scan = Scan(ScanInfo(series_description="PORTAL"), None, (), (), "it", "dicom")
    assert phase_of(scan).phase == "portal-venous"
    assert phase_of(Scan(ScanInfo(), None, (), (), "it", "dicom")).phase == "unknown"
