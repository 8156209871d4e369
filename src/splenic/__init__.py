"""Splenic finds, outlines and measures the spleen on CT. Research use; not a medical device.

``splenic.measure(path)`` measures, ``splenic.measure_each`` does so one case after the other, and
``splenic.run`` writes the folder that the command writes. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "CaseRecord",
    "CaseResult",
    "Options",
    "SplenicError",
    "__version__",
    "measure",
    "measure_each",
    "run",
]

if TYPE_CHECKING:
    from splenic.errors import SplenicError
    from splenic.pipeline import CaseRecord, CaseResult, Options, measure, measure_each, run

_FROM_PIPELINE = ("CaseRecord", "CaseResult", "Options", "measure_each", "run")


class _CallableRoom(ModuleType):
    """The room `splenic.measure`, which can also be called: ``splenic.measure(path)``."""

    def __call__(self, *inputs: Any, **options: Any) -> list[CaseResult]:
        from splenic.pipeline import measure

        return measure(*inputs, **options)


class _Splenic(ModuleType):
    """Lets the job and the room of one name, ``measure``, live together.

    Importing a submodule binds it here under its name, which would hide a function so called.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name == "measure" and type(value) is ModuleType:
            value.__class__ = _CallableRoom
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Splenic


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _FROM_PIPELINE:
        return getattr(import_module("splenic.pipeline"), name)
    if name == "measure":
        return import_module("splenic.measure")
    if name == "SplenicError":
        return import_module("splenic.errors").SplenicError
    raise AttributeError(f"module 'splenic' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
