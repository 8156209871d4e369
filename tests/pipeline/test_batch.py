"""Many cases in worker processes: resume, replacement, crashes, kills."""

from __future__ import annotations

import csv
import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from splenic import ct
from splenic.errors import UsageError
from splenic.pipeline import Options, Summary, run
from splenic.pipeline.engines import ModelInfo
from splenic.pipeline.plan import plan
from splenic.pipeline.pool import Pool
from splenic.pipeline.record import CaseRecord, Times
from splenic.pipeline.worker import Setup

Write = Callable[..., Path]
Masks = Callable[[Path], str]


@pytest.fixture
def two(write_scan: Write, masks: Masks) -> tuple[Path, Options]:
    """A folder with two scans, and options whose engine has their masks."""
    one, other = write_scan("a"), write_scan("b", seed=2)
    masks(one)
    return one.parent, Options(engine=masks(other))


def tree(out: Path) -> dict[str, bytes]:
    """Every file of an output but run.json and the lock, without what times change."""
    found = {}
    for path in sorted(out.rglob("*")):
        if path.is_dir() or path.name in ("run.json", ".lock"):
            continue
        content = path.read_bytes()
        if path.name == "record.json":
            record = CaseRecord.from_json(content.decode())
            content = replace(record, times=Times()).to_json().encode()
        if path.name == "measurements.csv":
            lines = list(csv.DictReader(content.decode().splitlines()))
            content = json.dumps([{**cells, "seconds": ""} for cells in lines]).encode()
        found[str(path.relative_to(out))] = content
    return found


def stamps(out: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in (out / "cases").rglob("*")}


def statuses(summary: Summary) -> list[str]:
    return [record.status for record in summary.records]


def test_a_case_has_its_folder_and_its_row(two: tuple[Path, Options], tmp_path: Path) -> None:
    folder, options = two
    summary = run([folder], tmp_path / "out", replace(options, probability=True))
    assert summary.exit_code == 0
    with open(tmp_path / "out" / "measurements.csv", encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [cells["patient_id"] for cells in rows] == ["a", "b"]
    for cells in rows:
        case = tmp_path / "out" / "cases" / cells["case_id"]
        assert sorted(entry.name for entry in case.iterdir()) == [
            "mask.nii.gz", "preview.png", "probability.nii.gz", "record.json",
        ]  # fmt: skip
        assert (case / "preview.png").read_bytes()[:4] == b"\x89PNG"
        mask = ct.read_nifti(case / "mask.nii.gz").volume
        volume = float((mask.hu > 0).sum()) * mask.geometry.voxel_mm3 / 1000
        assert volume == pytest.approx(float(cells["sv_ml"]), abs=0.06)  # the cell has one decimal
    report = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert report["counts"] == summary.counts
    assert report["model"]["engine"] == "external"
    assert report["interrupted"] is False
    assert report["cpu_seconds"] > 0


def test_a_second_call_does_nothing(two: tuple[Path, Options], tmp_path: Path) -> None:
    folder, options = two
    out = tmp_path / "out"
    run([folder], out, options)
    before, files = stamps(out), tree(out)
    again = run([folder], out, options)
    assert again.unchanged == 2
    assert stamps(out) == before
    assert tree(out) == files


def test_overwrite_measures_again_and_gives_the_same(two: tuple[Path, Options], tmp_path: Path) -> None:
    folder, options = two
    out = tmp_path / "out"
    run([folder], out, options)
    before, files = stamps(out), tree(out)
    again = run([folder], out, options, overwrite=True)
    assert again.unchanged == 0
    assert set(stamps(out).values()).isdisjoint(before.values())
    assert tree(out) == files


def test_other_options_measure_again(two: tuple[Path, Options], tmp_path: Path) -> None:
    folder, options = two
    out = tmp_path / "out"
    run([folder], out, options)
    again = run([folder], out, replace(options, probability=True))
    assert again.unchanged == 0
    assert len(list(out.rglob("probability.nii.gz"))) == 2


def test_changed_pixels_under_the_same_uids_are_measured_again(tmp_path: Path) -> None:
    from pydicom import dcmread

    from splenic import phantom

    made = phantom.make(3, shape=(24, 64, 64), spacing_mm=(10.0, 6.0, 6.0))
    files = phantom.write_dicom(made, tmp_path / "ct", patient_id="SYNTHETIC")
    masks = tmp_path / "masks"
    masks.mkdir()
    ct.write_nifti(masks / "SYNTHETIC.nii.gz", made.spleen.astype("uint8"), made.volume.geometry)
    options, out = Options(engine=f"external:{masks}"), tmp_path / "out"
    (first,) = run([tmp_path / "ct"], out, options).records
    image = dcmread(files[12])
    image.PixelData = (image.pixel_array + 20).tobytes()
    image.save_as(files[12])
    again = run([tmp_path / "ct"], out, options)
    (second,) = again.records
    assert again.unchanged == 0
    assert second.case_id == first.case_id
    assert second.measurement.hu_mean != first.measurement.hu_mean
    assert len((out / "measurements.csv").read_text("utf-8").splitlines()) == 2


def test_several_workers_give_what_one_gives(two: tuple[Path, Options], tmp_path: Path) -> None:
    folder, options = two
    run([folder], tmp_path / "one", options)
    run([folder], tmp_path / "two", options, workers=2)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_a_failed_case_is_tried_again(write_scan: Write, masks: Masks, tmp_path: Path) -> None:
    one, other = write_scan("a"), write_scan("b", seed=2)
    options = Options(engine=masks(one))
    out = tmp_path / "out"
    first = run([one.parent], out, options)
    assert first.exit_code == 3
    assert sorted(statuses(first))[0] == "failed"
    assert [r.reason for r in first.records if r.status == "failed"] == ["mask-missing"]
    masks(other)
    second = run([one.parent], out, options)
    assert second.exit_code == 0


def test_an_input_that_became_readable_loses_its_refused_row(
    write_scan: Write, masks: Masks, tmp_path: Path
) -> None:
    path = write_scan("a")
    options = Options(engine=masks(path))
    out = tmp_path / "out"
    whole = path.read_bytes()
    path.write_bytes(b"")
    assert statuses(run([path], out, options)) == ["refused"]
    path.write_bytes(whole)
    run([path], out, options)
    assert len((out / "measurements.csv").read_text("utf-8").splitlines()) == 2


def test_files_of_others_in_a_case_folder_are_kept(write_scan: Write, masks: Masks, tmp_path: Path) -> None:
    path = write_scan("a")
    options = Options(engine=masks(path))
    out = tmp_path / "out"
    whole = path.read_bytes()
    path.write_bytes(b"")
    (old,) = run([path], out, options).records
    (out / "cases" / old.case_id / "note.txt").write_text("mine")
    path.write_bytes(whole)
    run([path], out, options)
    assert (out / "cases" / old.case_id / "note.txt").read_text() == "mine"


def test_a_worker_that_dies_costs_its_own_case(two: tuple[Path, Options], tmp_path: Path) -> None:
    folder, options = two
    found = ct.discover([folder])
    good, bad = plan([folder], found, all_series=False)
    assert bad.scan is not None
    deadly = replace(bad, scan=replace(bad.scan, loader=functools.partial(os._exit, 7)))
    (tmp_path / "out" / "cases").mkdir(parents=True)
    pool = Pool(Setup(tmp_path / "out", options, ModelInfo("external"), 1, overwrite=False, early=False))
    pool.start(1)
    try:
        answers = {one.record.case_id: one.record for one in pool.run([deadly, good])}
    finally:
        pool.close()
    assert (answers[bad.case_id].status, answers[bad.case_id].reason) == ("failed", "worker-killed")
    assert "exit code 7" in answers[bad.case_id].sentences[0]
    assert answers[good.case_id].status in ("ok", "review")


def start(folder: Path, out: Path, options: Options) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "splenic",
        "measure",
        str(folder),
        "-o",
        str(out),
        "--engine",
        options.engine,
    ]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for_case(out: Path, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        if any(out.glob("cases/[0-9]*/record.json")):
            return
        time.sleep(0.005)
    pytest.fail(f"it ended before it could be interrupted: {process.communicate()}")


@pytest.fixture
def many(write_scan: Write, masks: Masks) -> tuple[Path, Options]:
    """A folder with six scans."""
    engine = ""
    for number in range(6):
        path = write_scan(f"p{number}", seed=number)
        engine = masks(path)
    return path.parent, Options(engine=engine)


@pytest.mark.slow
def test_killed_in_the_middle_the_next_call_finishes(many: tuple[Path, Options], tmp_path: Path) -> None:
    folder, options = many
    run([folder], tmp_path / "whole", options)
    out = tmp_path / "killed"
    process = start(folder, out, options)
    wait_for_case(out, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    done = len(list(out.glob("cases/[0-9]*")))
    assert done < 6
    rest = run([folder], out, options)
    assert rest.unchanged == done
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.slow
def test_the_workers_end_with_a_killed_parent(many: tuple[Path, Options], tmp_path: Path) -> None:
    import psutil

    folder, options = many
    out = tmp_path / "out"
    process = start(folder, out, options)
    wait_for_case(out, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    process.kill()
    process.communicate()
    assert psutil.wait_procs(workers, timeout=20)[1] == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_loses_nothing(many: tuple[Path, Options], tmp_path: Path, how: signal.Signals) -> None:
    folder, options = many
    out = tmp_path / "out"
    process = start(folder, out, options)
    wait_for_case(out, process)
    # Ctrl-C reaches the whole group, a scheduler's SIGTERM the program alone.
    os.killpg(process.pid, how) if how is signal.SIGINT else os.kill(process.pid, how)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted" in errors
    rows = (out / "measurements.csv").read_text("utf-8").splitlines()[1:]
    assert 1 <= len(rows) == len(list(out.glob("cases/[0-9]*")))
    assert json.loads((out / "run.json").read_text("utf-8"))["interrupted"] is True


def test_workers_and_threads_count_from_one(two: tuple[Path, Options], tmp_path: Path) -> None:
    folder, options = two
    with pytest.raises(UsageError, match="count from 1"):
        run([folder], tmp_path / "out", options, workers=0)
