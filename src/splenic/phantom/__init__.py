"""Synthetic CT with known truth."""

from __future__ import annotations

from splenic.phantom.build import Phantom, Truth, make
from splenic.phantom.options import Options
from splenic.phantom.tissues import LABELS

__all__ = ["LABELS", "Options", "Phantom", "Truth", "make"]
