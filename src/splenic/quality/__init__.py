"""Measurement, probability and volume → failure score with reasons."""

from __future__ import annotations

from splenic.quality.features import features
from splenic.quality.score import REVIEW_THRESHOLD, assess
from splenic.quality.types import Quality

__all__ = ["REVIEW_THRESHOLD", "Quality", "assess", "features"]
