"""Figures: arrays or frozen results in, a finished drawing out."""

from .agreement import bland_altman
from .calibration import calibration, decision_curve, effect_curve
from .distribution import cutoff_search, distribution
from .flow import FlowBox, flow_chart
from .forest import ForestLine, forest
from .incidence import IncidenceCurve, cumulative_incidence
from .roc import AucLine, RocLine, auc_over_time, roc_curves
from .survival import KmGroup, group_of, kaplan_meier

__all__ = [
    "AucLine",
    "FlowBox",
    "ForestLine",
    "IncidenceCurve",
    "KmGroup",
    "RocLine",
    "auc_over_time",
    "bland_altman",
    "calibration",
    "cumulative_incidence",
    "cutoff_search",
    "decision_curve",
    "distribution",
    "effect_curve",
    "flow_chart",
    "forest",
    "group_of",
    "kaplan_meier",
    "roc_curves",
]
