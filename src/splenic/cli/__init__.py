"""The command line: one thin module per command."""

from __future__ import annotations

from splenic.cli.app import app, main

__all__ = ["app", "main"]
