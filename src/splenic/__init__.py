"""Splenic finds, outlines and measures the spleen on CT. Research use; not a medical device."""

from __future__ import annotations

__version__ = "0.1.0"
