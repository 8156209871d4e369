"""Mask against mask."""
