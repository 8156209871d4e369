"""`splenic doctor`: can this machine measure, and with what?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from splenic.cli import console

PACKAGES = (
    "numpy",
    "scipy",
    "pydicom",
    "python-gdcm",
    "pyjpegls",
    "pylibjpeg-openjpeg",
    "nibabel",
    "openvino",
    "matplotlib",
)
OPTIONAL = ("torch", "onnxruntime-gpu", "TotalSegmentator", "highdicom")
LEAST_FREE_GB = 2.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(console.command(doctor))


def doctor(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of whatever breaks.")] = False,
) -> int:
    """Say what is installed, what the machine offers and whether the model is whole.

    Exit code 1 if anything is missing or broken. The report holds no names of hosts or people, so that it can
    be pasted into a bug report.
    """
    checks: list[tuple[str, Callable[[], str]]] = [
        ("splenic", lambda: version("splenic")),
        ("machine", _machine),
        ("memory", _memory),
        *[(name, partial(version, name)) for name in PACKAGES],
        ("pixel decoders", _decoders),
        ("model", _model),
        ("inference", _inference),
    ]
    broken = 0
    for name, check in checks:
        try:
            typer.echo(f"ok    {name}: {check()}")
        except Exception as error:
            broken += 1
            typer.echo(f"FAIL  {name}: {type(error).__name__}: {error}")
            console.trace(debug)
    for name in OPTIONAL:
        try:
            typer.echo(f"extra {name}: {version(name)}")
        except PackageNotFoundError:
            typer.echo(f"extra {name}: not installed")
    return console.BROKE if broken else console.OK


def _machine() -> str:
    from splenic.pipeline.machine import cpu_features, machine

    it = machine()
    features = " ".join(cpu_features()) or "vector instructions not told by the system"
    return f"{it.system}, {it.processor}, {it.cores} cores ({features}), Python {it.python}"


def _memory() -> str:
    from splenic.pipeline.machine import free_memory_bytes, machine

    free = free_memory_bytes() / 2**30
    if free < LEAST_FREE_GB:
        raise MemoryError(
            f"{free:.1f} GB free, less than the {LEAST_FREE_GB:g} GB that one case takes; close programs"
        )
    return f"{free:.1f} of {machine().memory_gb} GB free"


def _decoders() -> str:
    from pydicom.pixels import get_decoder  # type: ignore[attr-defined]
    from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless, RLELossless

    wanted = {
        "JPEG lossless": JPEGLosslessSV1,
        "JPEG-LS": JPEGLSLossless,
        "JPEG 2000": JPEG2000Lossless,
        "RLE": RLELossless,
        "JPEG": JPEGBaseline8Bit,
    }
    lacking = [name for name, uid in wanted.items() if not get_decoder(uid).is_available]
    if lacking:
        raise RuntimeError(f"no decoder for {', '.join(lacking)}; install the package again")
    return ", ".join(wanted)


def _model() -> str:
    from splenic.models import load

    bundle = load()
    return f"{bundle.plan.name} {bundle.plan.version}, every hash right (sha256 {bundle.digest[:16]}…)"


def _inference() -> str:
    from splenic.segment import bundle_engine

    engine = bundle_engine(threads=1)
    return f"the engine {engine.name} loads"
