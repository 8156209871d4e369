"""Mask and volume → SV, 2D sizes, density, completeness: pure geometry."""

from __future__ import annotations

from splenic.measure.core import measure, measure_mask
from splenic.measure.types import Calliper, Measurement

__all__ = ["Calliper", "Measurement", "measure", "measure_mask"]
