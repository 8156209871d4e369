"""The demonstration: synthetic patients made, written as DICOM, measured; the truth is known."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from splenic.errors import UsageError
from splenic.pipeline.batch import Progress, Summary, run
from splenic.pipeline.machine import cores

MARK = "SYNTHETIC"


@dataclass(frozen=True, slots=True)
class DemoCase:
    """One synthetic patient: what was made, and what is true of it."""

    patient_id: str
    story: str
    sv_ml: float | None
    complete: bool | None
    craniocaudal_mm: float | None


@dataclass(frozen=True, slots=True)
class _Recipe:
    story: str
    options: dict[str, object]


# A cohort in small: what a week of abdominal CT brings.
RECIPES = (
    _Recipe("a spleen of usual size, portal venous", {"phase": "portal", "sv_ml": 180.0, "cut": "none"}),
    _Recipe("a large spleen with ascites", {"phase": "portal", "sv_ml": 900.0, "ascites": 0.6}),
    _Recipe("the lower pole lies outside the scan", {"phase": "late", "sv_ml": 420.0, "cut": "inferior"}),
    _Recipe("after splenectomy", {"phase": "portal", "spleen": "absent"}),
)
SHAPE, SPACING_MM = (60, 208, 208), (5.0, 1.9, 1.9)


def make_cohort(folder: Path, *, cases: int, seed: int) -> list[DemoCase]:
    """Write a synthetic cohort as DICOM, one folder a patient; an earlier one in the same place is replaced.

    Raises
    ------
    UsageError
        If the folder holds anything that the demonstration did not write.
    """
    if folder.exists():
        foreign = [entry.name for entry in folder.iterdir() if not entry.name.startswith(MARK)]
        if foreign:
            raise UsageError(
                "folder-in-use",
                f"{folder} holds {foreign[0]}, which no demonstration wrote",
                "choose another folder with -o",
            )
        shutil.rmtree(folder)
    jobs = [(folder, seed, number) for number in range(cases)]
    # Each phantom is a process's work of some seconds; they are made side by side.
    with ProcessPoolExecutor(min(cores(), cases), mp_context=get_context("spawn")) as pool:
        return list(pool.map(_make_one, jobs))


def _make_one(job: tuple[Path, int, int]) -> DemoCase:
    from splenic import phantom

    folder, seed, number = job
    recipe = RECIPES[number % len(RECIPES)]
    patient = f"{MARK}-{number + 1:02d}"
    one = phantom.make(
        seed * 1000 + number,
        shape=SHAPE,
        spacing_mm=SPACING_MM,
        kernel="soft",
        noise_hu=12.0,
        **recipe.options,
    )
    phantom.write_dicom(one, folder / patient, patient_id=patient)
    truth = one.truth
    return DemoCase(patient, recipe.story, truth.sv_in_scan_ml, truth.complete, truth.craniocaudal_mm)


def run_demo(out: Path, *, progress: Progress | None = None, command: Sequence[str] = ()) -> Summary:
    """Measure the cohort that :func:`make_cohort` wrote into ``out/ct``, into ``out/results``."""
    return run([out / "ct"], out / "results", progress=progress, command=command)
