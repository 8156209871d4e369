"""A case as one picture: levels of the spleen with its outline, callipers, numbers and flags."""

from __future__ import annotations

from splenic.preview.figure import draw

__all__ = ["draw"]
