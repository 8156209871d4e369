"""What machine this is, in words without names of hosts or people, and how much memory a process took."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine of a run."""

    system: str
    processor: str
    cores: int
    memory_gb: float
    python: str


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def machine() -> Machine:
    """Describe this machine."""
    import psutil

    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        processor=_processor(),
        cores=cores(),
        memory_gb=round(psutil.virtual_memory().total / 2**30, 1),
        python=platform.python_version(),
    )


def _processor() -> str:
    if sys.platform.startswith("linux"):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cpu_features() -> tuple[str, ...]:
    """The vector instructions that inference can use, as far as the system tells."""
    wanted = ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_tile", "asimd", "sve")
    if not sys.platform.startswith("linux"):
        return ()
    for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
        if line.lower().startswith(("flags", "features")):
            have = set(line.partition(":")[2].split())
            return tuple(name for name in wanted if name in have)
    return ()


def free_memory_bytes() -> int:
    """Memory that could be taken now without swapping, within the limit of a container where there is one."""
    import psutil

    free = int(psutil.virtual_memory().available)
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    try:
        text = limit.read_text().strip()
        if text.isdigit():
            free = min(free, max(0, int(text) - int(used.read_text())))
    except OSError:
        pass
    return free


def peak_mb() -> float:
    """Largest resident size of this process so far, MB (10⁶ bytes); 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)
