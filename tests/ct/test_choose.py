"""The rule of choice, phases by words, kernels by makers."""

from __future__ import annotations

import pytest

from splenic.ct import Scan, ScanInfo, choose
from splenic.ct.aorta import VesselHu
from splenic.ct.geometry import Geometry
from splenic.ct.kernel import sharpness
from splenic.ct.phase import phase_of_hu, phase_of_tags
from splenic.ct.types import Finding


def scan(description: str = "", *, kernel: str = "B30f", slice_mm: float = 3.0, slices: int = 80,
         findings: tuple[Finding, ...] = ()) -> Scan:  # fmt: skip
    info = ScanInfo(
        patient_id="P", study_uid="1", series_number="1", series_description=description, kernel=kernel,
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"), slice_thickness_mm=slice_mm,
    )  # fmt: skip
    geometry = Geometry(
        (slices, 512, 512), (0, 0, 0), (slice_mm, 0.8, 0.8), ((0, 0, 1), (0, 1, 0), (1, 0, 0))
    )
    identity = f"{description}{kernel}{slice_mm}{slices}{findings}"
    return Scan(info, geometry, findings, (), identity, "dicom")


@pytest.mark.parametrize(
    ("better", "worse", "why"),
    [
        (scan("portal venous"), scan("late"), "another phase is preferred"),
        (scan("delayed"), scan("arterial"), "another phase is preferred"),
        (scan("arterial"), scan("native"), "another phase is preferred"),
        (scan("portal venous"), scan("portal venous", kernel="B70f"), "sharper kernel"),
        (scan("portal venous", slice_mm=5.0), scan("arterial", slice_mm=1.0), "another phase is preferred"),
        (scan("portal venous"), scan("portal venous", slice_mm=10.0), "thicker slices"),
        (scan("arterial"), scan("portal venous", slice_mm=10.0), "thicker slices"),
        (scan("portal venous", slice_mm=2.0), scan("portal venous", slice_mm=5.0), "further from 2 mm"),
        (scan("portal venous"), scan("portal venous MIP"), "derived"),
        (scan("arterial"), scan("portal venous iodine map"), "derived"),
        (scan("portal"), scan("portal", findings=(Finding("gap-between-slices", ""),)), "less certain"),
        (scan("portal", slices=90), scan("portal"), "fewer slices"),
    ],
)
def test_the_rule(better, worse, why):
    for order in ([better, worse], [worse, better]):
        choice = choose(order, look=False)
        assert choice.chosen is better
        first, second = choice.candidates
        assert (first.rank, second.rank) == (1, 2)
        assert first.reason.startswith("chosen: ")
        assert why in second.reason


def test_refused_scans_are_listed_last_with_their_finding():
    bad = scan(
        "portal venous", findings=(Finding("missing-slice", "scan 1: slice at 3 mm is missing", gate=True),)
    )
    good = scan("native", slice_mm=10.0)
    choice = choose([bad, good], look=False)
    assert choice.chosen is good
    assert choice.candidates[1].reason == "refused: scan 1: slice at 3 mm is missing"
    assert choose([bad]).chosen is None
    assert choose([]).chosen is None


@pytest.mark.parametrize(
    ("description", "phase"),
    [
        ("ABD PORTAL VENOUS 3.0", "portal-venous"),
        ("Abdomen pv 5mm", "portal-venous"),
        ("Abdomen venös 5.0 B30f", "portal-venous"),
        ("TAP PORTAL", "portal-venous"),
        ("ABDO TEMPS VEINEUX", "portal-venous"),
        ("faza wrotna", "portal-venous"),
        ("腹部 门脉期", "portal-venous"),
        ("LATE ARTERIAL", "arterial"),
        ("Oberbauch art. 1,5", "arterial"),
        ("Fase arteriosa", "arterial"),
        ("動脈相", "arterial"),
        ("PRE LIVER", "unenhanced"),
        ("Leber nativ 5 mm", "unenhanced"),
        ("SANS IV", "unenhanced"),
        ("W/O CONTRAST", "unenhanced"),
        ("平扫", "unenhanced"),
        ("DELAYED 5 MIN", "late"),
        ("Spätphase", "late"),
        ("fase tardía", "late"),
        ("LIVER 3 PHASE (AP)", "unknown"),
        ("LUNG BASES 5MM", "unknown"),
        ("ARTERIAL AND PORTAL", "unknown"),
        ("", "unknown"),
    ],
)
def test_phase_by_words(description, phase):
    assert phase_of_tags(scan(description)).phase == phase


@pytest.mark.parametrize(
    ("aorta", "liver", "phase"),
    [(340, 68, "arterial"), (215, 105, "arterial"), (150, 58, "arterial"), (140, 95, "portal-venous"),
     (190, 130, "portal-venous"), (100, 95, "late"), (42, 55, "unenhanced"),
     (49, 85, "unknown"), (None, 80, "unknown")],
)  # fmt: skip
def test_phase_by_hu(aorta, liver, phase):
    assert phase_of_hu(VesselHu(aorta, liver, 0.05)).phase == phase


@pytest.mark.parametrize(
    ("kernel", "description", "expected"),
    [
        ("STANDARD", "", "soft"), ("SOFT", "", "soft"), ("LUNG", "", "sharp"), ("BONEPLUS", "", "sharp"),
        ("B30f", "", "soft"), ("B60s", "", "sharp"), ("Br40d", "", "soft"), ("Bl57", "", "sharp"),
        ("I31f/3", "", "soft"), ("B", "", "soft"), ("YB", "", "sharp"), ("FC08", "", "soft"),
        ("FC51", "", "sharp"),
        ("", "CHEST LUNG 1.25", "sharp"), ("", "Abdomen soft tissue", "soft"), ("", "", "unknown"),
    ],
)  # fmt: skip
def test_kernels(kernel, description, expected):
    assert sharpness(ScanInfo(kernel=kernel, series_description=description)) == expected
