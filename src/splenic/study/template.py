"""The commented protocol that `splenic cohort init` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

_TEMPLATE = """\
# The plan of a study for `splenic cohort run`. Written before the results are known, and kept with them.
# Every key stands here; what is commented out has the value shown. Unknown keys are refused.
version: 1
title: {title}
data: {data}                      # real, or synthetic: printed on every page of the report

cohort:
  table: {table}                  # CSV or XLSX; relative to this file, ~ and $NAME are filled in
  dictionary: {dictionary}        # built in (hcc-tace-seg, waw-tace), or a YAML file: what the columns mean
  # sheet: Sheet1
  measurements: {measurements}    # measurements.csv of `splenic measure`; null without
  patients: {patients}            # with-sv: only patients with a measured spleen; all
  days_before: 90                 # the CT nearest before the first TACE is taken, at most so many days before
  days_after: 0                   # a CT after TACE may stand in, at most so many days after
  undated: {undated}              # patients without a date of TACE: exclude, or earliest (CT)
  incomplete: keep                # a spleen cut by the scan: keep (its SV is a lower bound), or exclude
  # development_report: metrics.json   # of the bundle that measured: Dice and more go into the report

# Cases used to train the network or to find the cut-off: the first N by date of TACE, or a column.
development:
  first: {first}
  # column: development

endpoints: [{endpoints}]          # os, pfs, ttp; the first is the main one
transplant: ignore                # follow-up at transplantation: ignore (goes on), censor, event

# Decompensation is never a bare word: a definition, a window, and what competes with it.
#   child-pugh-1, child-pugh-2    one, or two, points more (from Child-Pugh before and after)
#   hsin-2011, clinical-event, child-pugh-2-or-event, as-recorded
#                                 the table's column of decompensation, filled in by that definition
decompensation: {decompensation}

marker: sv_ml                     # also possible: sv_bsa_ml_m2
marker_step: 100                  # its hazard ratios are given per so many units

cutoff:
  method: {method}                # maxstat (searched, p corrected), median, quantile, fixed, youden
  # value: 532                    # of method fixed
  # quantile: 0.5                 # of method quantile
  validation: {validation}        # none, development (found there, applied in the rest), cross-fitted
  folds: 5                        # of cross-fitting
  minprop: 0.1                    # maxstat: at least this share at or below, and above
  maxprop: 0.9
  permutations: 100000            # maxstat: second p value beside the Gaussian one; 0 for none
# size_cutoff: as cutoff, for the 2D sizes; if not given, as cutoff (median where that is fixed)

markers: [craniocaudal_mm, axial_diameter_mm, width_mm, thickness_mm, splenic_index_cm3]
lower_is_risk: []                 # markers of which a smaller value is the worse one

# A covariate: age_years · age_years per 10 · log10 afp_ng_ml · child_pugh A | B, C (groups, the first is the
# reference). An unknown name is answered with all known ones.
univariable: {univariable}
multivariable: {multivariable}

baseline: {baseline}
factors: {factors}                # survival by these, too
subgroups: {subgroups}            # the forest plot

missing: complete-case            # or multiple-imputation (of covariates; SV is never imputed)
imputations: 20

sensitivity: [median, maxstat, cross-fitted, fixed-532, without-development, failed-excluded,
              complete-spleens, complete-case, per-step]

risk:                             # per-patient risk from a cross-validated model; null for none
  endpoint: os
  horizon_months: 12
  folds: 10
  # covariates: [...]             # SV and the multivariable ones, if not given

landmarks_months: [12, 24, 36]
restricted_mean_months: 36
auc_months: [6, 12, 24]
interval: log-log                 # of survival curves: log, log-log, plain
ties: efron                       # or breslow
level: 0.95
least_events: 10                  # with fewer events nothing is tested, and the report says so
resamples: {resamples}
seed: {seed}
"""

_COVARIATES = (
    "age_years per 10",
    "male",
    "child_pugh A | B | C",
    "portal_vein_thrombosis",
    "log10 afp_ng_ml",
    "tumour_size_cm",
    "multinodular",
)
_BASELINE = (
    "age_years",
    "male",
    "child_pugh",
    "bclc",
    "tumour_size_cm",
    "multinodular",
    "portal_vein_thrombosis",
    "albumin_g_l",
    "bilirubin_umol_l",
    "platelets_10e9_l",
    "afp_ng_ml",
    "sv_ml",
)


@dataclass(frozen=True, slots=True)
class Template:
    """What `splenic cohort init` asks for; the rest has its default and can be changed in the file."""

    title: str = "Splenic volume and survival after TACE"
    data: str = "real"
    table: str = "clinical.csv"
    dictionary: str = "dictionary.yaml"
    measurements: str | None = "measurements.csv"
    patients: str = "with-sv"
    undated: str = "exclude"
    first: int | None = 100
    endpoints: Sequence[str] = ("os", "pfs")
    decompensation: str | None = None
    window_days: int = 90
    method: str = "maxstat"
    validation: str = "development"
    covariates: Sequence[str] = _COVARIATES
    baseline: Sequence[str] = _BASELINE
    factors: Sequence[str] = ()
    subgroups: Sequence[str] = ("child_pugh", "bclc")
    resamples: int = 1000
    seed: int = 2022


def protocol_text(template: Template) -> str:
    """The protocol as text, comments included."""
    return _TEMPLATE.format(
        title=_scalar(template.title),
        data=template.data,
        table=_scalar(template.table),
        dictionary=_scalar(template.dictionary),
        measurements="null" if template.measurements is None else _scalar(template.measurements),
        patients=template.patients,
        undated=template.undated,
        first="null" if template.first is None else template.first,
        endpoints=", ".join(template.endpoints),
        decompensation=_decompensation(template),
        method=template.method,
        validation=template.validation,
        univariable=_listed(template.covariates),
        multivariable=_listed(template.covariates),
        baseline=_listed(template.baseline),
        factors=_listed(template.factors),
        subgroups=_listed(template.subgroups),
        resamples=template.resamples,
        seed=template.seed,
    )


def _scalar(text: str) -> str:
    """A YAML text; JSON's quotes are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _listed(values: Sequence[str]) -> str:
    return "".join(f"\n  - {value}" for value in values) or "[]"


def _decompensation(template: Template) -> str:
    if template.decompensation is None:
        return "null"
    return (
        f"\n  definition: {template.decompensation}\n  window_days: {template.window_days}"
        "\n  competing: [death, transplant]\n  specificity: 0.9"
    )
