"""Volume → probability → mask: the engine protocol, the bundled networks, adapters, clean-up."""

from __future__ import annotations

from pathlib import Path

from splenic.segment.types import Engine, Segmentation

__all__ = ["Engine", "Segmentation", "bundle_engine", "external_engine", "totalsegmentator_engine"]


def bundle_engine(
    which: str | Path | None = None, *, threads: int | None = None, device: str = "cpu"
) -> Engine:
    """The engine of a bundle; see :meth:`splenic.segment.bundled.BundleEngine.open`."""
    from splenic.segment.bundled import BundleEngine

    return BundleEngine.open(which, threads=threads, device=device)


def external_engine(masks: Path) -> Engine:
    """Masks made elsewhere; see :class:`splenic.segment.external.ExternalEngine`."""
    from splenic.segment.external import ExternalEngine

    return ExternalEngine(masks)


def totalsegmentator_engine(*, fast: bool = False, device: str = "cpu") -> Engine:
    """TotalSegmentator; see :class:`splenic.segment.totalsegmentator.TotalSegmentatorEngine`."""
    from splenic.segment.totalsegmentator import TotalSegmentatorEngine

    return TotalSegmentatorEngine(fast=fast, device=device)
