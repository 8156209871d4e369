"""The bundle format: read, verify; the shipped bundle lies in ``models/shipped``."""

from __future__ import annotations

from splenic.models.bundle import DEFAULT, Bundle, load, sha256_of, shipped, verify, write_sums

__all__ = ["DEFAULT", "Bundle", "load", "sha256_of", "shipped", "verify", "write_sums"]
