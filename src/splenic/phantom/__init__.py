"""Synthetic CT with known truth."""
