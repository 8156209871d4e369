"""What one case costs: wall and CPU seconds by stage, peak memory, start-up, size of the installation."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psutil

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
RESULTS = HERE / "results" / "stages.jsonl"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def memory_mb(process: psutil.Process) -> float:
    """Memory of a process and its children, what they share counted once where the system tells."""
    total = 0.0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for one in family:
        try:
            info = one.memory_full_info()
            total += getattr(info, "pss", info.rss) / 1e6
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def cost_of(command: list[str]) -> Cost:
    """Run a command and watch it."""
    before = os.times()
    begin = time.perf_counter()
    peak = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        watched = psutil.Process(running.pid)
        while running.poll() is None:
            peak = max(peak, memory_mb(watched))
            time.sleep(0.02)
        assert running.stderr is not None
        said = running.stderr.read()
    wall_s = time.perf_counter() - begin
    after = os.times()
    if running.returncode not in (0, 3):
        sys.exit(f"{' '.join(command[:4])} … ended with {running.returncode}: {said}")
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(round(wall_s, 3), round(cpu_s, 3), round(peak, 1))


def measure(inputs: Path, threads: int, repeat: int) -> dict[str, Any]:
    """The command on one input, several times; the run of median wall time is reported."""
    runs = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "splenic", "measure", str(inputs), "-o", folder, "-q",
                       "--threads", str(threads)]  # fmt: skip
            cost = cost_of(command)
            records = [json.loads(p.read_text("utf-8")) for p in Path(folder).glob("cases/*/record.json")]
        record = max(records, key=lambda r: r["times"]["seconds"])
        runs.append(
            {
                **asdict(cost),
                "cases": len(records),
                "status": record["status"],
                "slices": record["scan"]["geometry"]["shape"][0],
                "case_s": record["times"]["seconds"],
                "stages": record["times"]["stages"],
            }
        )
    runs.sort(key=lambda run: run["wall_s"])
    middle = runs[len(runs) // 2]
    return {**middle, "repeat": repeat, "fastest_s": runs[0]["wall_s"], "slowest_s": runs[-1]["wall_s"]}


def startup(repeat: int = 7) -> dict[str, float]:
    """Median wall seconds of the commands that do nothing yet."""
    commands = {
        "python": [sys.executable, "-c", "pass"],
        "import splenic": [sys.executable, "-c", "import splenic"],
        "splenic --help": [sys.executable, "-m", "splenic", "--help"],
    }
    return {
        name: round(statistics.median(_wall(c) for _ in range(repeat)), 3) for name, c in commands.items()
    }


def _wall(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def long_scan(folder: Path) -> Path:
    """A synthetic scan of 1,000 slices of 512 × 512: a phantom of a quarter of that, each voxel made 64."""
    from splenic import phantom
    from splenic.ct import Geometry, Volume

    small = phantom.make(1, region="whole-body", shape=(250, 128, 128), spacing_mm=(4.0, 3.2, 3.2))
    hu = small.volume.hu
    for axis in range(3):
        hu = np.repeat(hu, 4, axis=axis)
    grid = small.volume.geometry
    steps = grid.steps_mm
    origin = (
        np.asarray(grid.origin_mm) - steps.sum(axis=0) * 0.375
    )  # the first of four voxels in each direction
    fine = Geometry(hu.shape, tuple(origin), tuple(s / 4 for s in grid.spacing_mm), grid.direction)
    big = replace(small, volume=Volume.of(hu, fine))
    phantom.write_dicom(big, folder, patient_id="SYNTHETIC-LONG")
    return folder


def installed_mb() -> float:
    """Size of a fresh virtual environment with the locked core and the package, pip itself left out."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = str(Path(folder) / "bin" / "python")
        bare = _size_mb(Path(folder))
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(REPOSITORY / "requirements" / "core.txt")], check=True)
        subprocess.run([*pip, "--no-deps", str(REPOSITORY)], check=True)
        return round(_size_mb(Path(folder)) - bare, 1)


def _size_mb(folder: Path) -> float:
    return sum(p.lstat().st_blocks * 512 for p in folder.rglob("*") if not p.is_dir()) / 1e6


def show(title: str, values: dict[str, Any], unit: str = "s") -> None:
    """Print a table of names and numbers."""
    print(f"\n{title}")
    for name, value in values.items():
        if isinstance(value, dict):
            for inner, number in value.items():
                print(f"    {inner:<24}{number:>10} {unit}")
        else:
            print(f"  {name:<26}{value!s:>10}")


def main() -> None:
    """Run what was asked for."""
    from splenic import __version__
    from splenic.models import load
    from splenic.pipeline.machine import cores, machine

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="DICOM of one patient")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--long", action="store_true", help="also a synthetic scan of 1,000 slices")
    parser.add_argument("--install", action="store_true", help="also the size of a fresh core installation")
    given = parser.parse_args()

    load_before = os.getloadavg()[0]
    result: dict[str, Any] = {
        "date": date.today().isoformat(),
        "splenic": __version__,
        "model": load().digest[:16],
        "machine": asdict(machine()),
        "load_before": round(load_before, 2),
        "threads": given.threads,
    }
    print(f"{result['machine']}\nload before: {load_before:.2f} (a busy machine measures nothing)")
    result["startup_s"] = startup()
    show("start-up, median", {"": result["startup_s"]})
    result["case"] = measure(given.folder, given.threads, given.repeat)
    show("one case, whole command", result["case"])
    if given.long:
        with tempfile.TemporaryDirectory() as folder:
            result["long"] = measure(long_scan(Path(folder) / "ct"), given.threads, 1)
        show("1,000 slices of 512 × 512, synthetic", result["long"])
    if given.install:
        result["install_mb"] = installed_mb()
        show("installation", {"core, MB": result["install_mb"]})
    RESULTS.parent.mkdir(exist_ok=True)
    with open(RESULTS, "a", encoding="utf-8") as handle:
        handle.write(json.dumps(result, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
