"""What a call asks for, and the fingerprint by which a second call knows that nothing changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from splenic.errors import UsageError

ENGINES = ("bundle", "external", "totalsegmentator")
DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, slots=True)
class Options:
    """What shapes the result of a case.

    Parameters
    ----------
    engine : str
        ``bundle``, ``totalsegmentator`` or ``external:PATH`` (a mask file, or a folder of them).
    bundle : str
        Name of an installed bundle, or path of one; empty for the shipped one.
    all_series : bool
        Measure every scan that passes the gate, not the chosen one of each study.
    interpolate_gap : bool
        Fill one missing slice from its neighbours instead of refusing the scan.
    probability : bool
        Also write ``probability.nii.gz``.
    with_names : bool
        Keep the patient's name in the record.
    device : str
        ``cpu`` or ``cuda``.
    """

    engine: str = "bundle"
    bundle: str = ""
    all_series: bool = False
    interpolate_gap: bool = False
    probability: bool = False
    with_names: bool = False
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.engine_kind not in ENGINES:
            raise UsageError(
                "unknown-engine",
                f"there is no engine {self.engine!r}",
                "use bundle, totalsegmentator or external:PATH",
            )
        if self.device not in DEVICES:
            raise UsageError("unknown-device", f"there is no device {self.device!r}", "use cpu or cuda")
        if self.bundle and self.engine_kind != "bundle":
            raise UsageError(
                "bundle-without-engine",
                f"the engine {self.engine_kind} takes no bundle",
                "leave --bundle out, or use --engine bundle",
            )
        path = self.external_path
        if path is not None and not path.exists():
            raise UsageError(
                "masks-not-found",
                f"{path} does not exist",
                "give the file or folder of masks after external:",
            )

    @property
    def engine_kind(self) -> str:
        """The engine's name without its path."""
        return self.engine.partition(":")[0]

    @property
    def external_path(self) -> Path | None:
        """Where the masks made elsewhere lie; None for the other engines."""
        kind, _, path = self.engine.partition(":")
        if kind != "external":
            return None
        if not path:
            raise UsageError("masks-not-found", "the engine external needs a path", "write external:PATH")
        return Path(path)


def digest(*parts: object) -> str:
    """SHA-256 (hex) of values that JSON can hold, the same on every machine."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
