"""Figures: arrays or frozen results in, a finished drawing out."""

from .survival import KmGroup, group_of, kaplan_meier

__all__ = ["KmGroup", "group_of", "kaplan_meier"]
