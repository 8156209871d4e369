"""What a study found: one typed tree, the content of ``results.json``.

Nothing in it is text to be parsed: every estimate, interval, p value and count is a number of its own, and
sentences stand only in ``notes``, ``not_done`` and labels. A number that is not known, not reached or not
finite is ``None``. Numbers are kept to 12 significant digits: more than any reader needs, fewer than those
in which two runs on one machine could differ. Times are in ``Header.time_unit``.

Every section may be empty for a reason: then ``not_done`` says it in one sentence, and its other fields are
empty. ``notes`` hold what a reader must know beside the numbers.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from splenic.errors import InputError

FORMAT_VERSION = 1
DIGITS = 12


def rounded(value: Any) -> float | None:
    """A number to 12 significant digits; None where it is missing or not finite."""
    if value is None:
        return None
    number = float(value)
    return float(f"{number:.{DIGITS}g}") if math.isfinite(number) else None


Number = Annotated[float | None, BeforeValidator(rounded)]
Numbers = tuple[Number, ...]
Counts = tuple[int, ...]


class Part(BaseModel):
    """A frozen piece of the results; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def but(self, **changes: Any) -> Self:
        """The same with some fields changed, checked as if written anew."""
        same = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate(same | changes)


class Section(Part):
    """A piece that may be empty for a reason."""

    not_done: str | None = None
    notes: tuple[str, ...] = ()


# Pieces that sections share


class Interval(Part):
    """An estimate with its confidence interval."""

    estimate: Number = None
    low: Number = None
    high: Number = None
    level: Number = 0.95
    method: str = ""


class Test(Part):
    """A hypothesis test."""

    __test__ = False  # pytest must not collect it

    method: str
    statistic: Number = None
    df: Number = None
    p: Number = None
    p_adjusted: Number = None
    adjustment: str | None = None
    n: int | None = None


class Curve(Part):
    """A step function: ``estimate[i]`` holds from ``time[i]`` on; the first point is time 0."""

    time: Numbers = ()
    estimate: Numbers = ()
    low: Numbers = ()
    high: Numbers = ()


class Summary(Part):
    """A continuous variable in one group."""

    n: int
    missing: int = 0
    mean: Number = None
    sd: Number = None
    median: Number = None
    q1: Number = None
    q3: Number = None
    smallest: Number = None
    largest: Number = None


# Header


class InputFile(Part):
    """A file that was read: name without folder, SHA-256, rows."""

    role: str
    name: str
    sha256: str
    rows: int | None = None


class Header(Part):
    """What was run, on what, with what."""

    title: str
    data: Literal["real", "synthetic"]
    splenic_version: str
    versions: dict[str, str]
    seed: int
    protocol: dict[str, Any]
    inputs: tuple[InputFile, ...] = ()
    models: tuple[str, ...] = ()
    """Segmentation models named in the measurements, with version."""
    time_unit: Literal["months"] = "months"
    level: Number = 0.95
    resamples: int = 0


# Flow chart and baseline


class FlowStep(Part):
    """A step of the flow chart: who is left, and who was left out by it."""

    label: str
    n: int
    excluded: int = 0
    reason: str | None = None


class Flow(Section):
    """The flow chart, and how many patients each part of the study had."""

    steps: tuple[FlowStep, ...] = ()
    development: int | None = None
    rest: int | None = None
    with_sv: int | None = None


class Column(Part):
    """A column of the baseline table: ``all``, ``low``, ``high``."""

    key: str
    label: str
    n: int


class Category(Part):
    """One value of a categorical variable: its count in every column (share of those with a value)."""

    label: str
    counts: dict[str, int]
    shares: dict[str, Number]


class BaselineRow(Part):
    """A variable of the baseline table."""

    key: str
    label: str
    unit: str | None = None
    kind: Literal["continuous", "binary", "categorical"]
    missing: dict[str, int]
    summaries: dict[str, Summary] = Field(default_factory=dict)
    categories: tuple[Category, ...] = ()
    test: Test | None = None
    smd: Number = None


class Baseline(Section):
    """Patients, all and by SV group."""

    columns: tuple[Column, ...] = ()
    rows: tuple[BaselineRow, ...] = ()


# Segmentation


class PerformanceRow(Part):
    """One number of the development report, e.g. Dice of the held-out cases."""

    key: str
    label: str
    n: int | None = None
    value: Number = None
    low: Number = None
    high: Number = None
    unit: str | None = None


class Performance(Section):
    """Segmentation performance, as the development report gives it."""

    source: str | None = None
    rows: tuple[PerformanceRow, ...] = ()


class Verdicts(Part):
    """Readers' verdicts in one part of the cohort."""

    key: Literal["all", "development", "rest"]
    label: str
    n_cases: int
    n_read: int
    perfect: int
    acceptable: int
    failed: int
    approved: Interval
    failed_share: Interval


class Approval(Section):
    """How often readers approved the masks; Wilson for approval, Clopper–Pearson for failure."""

    parts: tuple[Verdicts, ...] = ()


# Markers


class Distribution(Section):
    """Distribution of one marker."""

    marker: str
    label: str
    unit: str | None = None
    summary: Summary | None = None
    skewness: Number = None
    normality: Test | None = None
    bin_edges: Numbers = ()
    bin_counts: Counts = ()
    grid: Numbers = ()
    density: Numbers = ()


class BootstrapCutoff(Part):
    """The search repeated in resampled patients."""

    resamples: int
    low: Number = None
    high: Number = None
    cutoffs: Numbers = ()
    """The cut-off of every resample, ascending."""
    hazard_ratio_apparent: Number = None
    hazard_ratio_corrected: Number = None
    method: str = ""


class PValue(Part):
    """A p value and how it was computed."""

    method: str
    label: str
    p: Number = None


class Cutoff(Section):
    """The cut-off of one marker: where it was found, where it is used, and what the search costs."""

    marker: str
    label: str
    unit: str | None = None
    method: Literal["maxstat", "median", "fixed", "quantile", "youden"] | None = None
    validation: Literal["none", "development", "cross-fitted"] | None = None
    value: Number = None
    """The cut-off; the low group is at or below it. With cross-fitting: that of all patients."""
    fold_values: Numbers = ()
    found_in: str | None = None
    n_found_in: int | None = None
    applied_to: str | None = None
    n_applied_to: int | None = None
    n_low: int | None = None
    n_high: int | None = None
    statistic: Number = None
    p_corrected: Number = None
    """p of the search by ``p_values[0]``."""
    p_uncorrected: Number = None
    """Log-rank p at the found cut-off in the same patients, as if it had not been searched."""
    p_values: tuple[PValue, ...] = ()
    tried: Numbers = ()
    tried_statistics: Numbers = ()
    minprop: Number = None
    maxprop: Number = None
    bootstrap: BootstrapCutoff | None = None


# Survival


class Landmark(Part):
    """Survival at a fixed time."""

    time: Number
    at_risk: int
    survival: Interval


class SurvivalGroup(Part):
    """Kaplan–Meier of one group."""

    key: str
    label: str
    n: int
    events: int
    curve: Curve
    censor_times: Numbers = ()
    at_risk: Counts = ()
    """At the times of ``Survival.at_risk_times``."""
    median: Interval
    landmarks: tuple[Landmark, ...] = ()
    restricted_mean: Interval | None = None


class HazardRatio(Interval):
    """Hazard ratio of a group against another."""

    group: str
    reference: str
    period: str | None = None
    p: Number = None
    n: int | None = None
    events: int | None = None


class Survival(Section):
    """Survival in groups; one group: the whole cohort."""

    endpoint: str
    endpoint_label: str
    grouping: str
    """``all``, a marker (``sv_ml``: high against low) or a column of the cohort."""
    grouping_label: str
    patients: str = ""
    """Which patients: all, the rest after development, ..."""
    n: int = 0
    events: int = 0
    groups: tuple[SurvivalGroup, ...] = ()
    at_risk_times: Numbers = ()
    logrank: Test | None = None
    pairwise: tuple[Pairwise, ...] = ()
    hazard_ratio: HazardRatio | None = None
    adjusted_hazard_ratio: HazardRatio | None = None
    """Of two groups, adjusted for the protocol's covariates."""
    proportional_hazards: Test | None = None
    """Of the hazard ratio of two groups."""
    by_period: tuple[HazardRatio, ...] = ()
    """Where hazards are not proportional: the hazard ratio of each period."""
    restricted_mean_limit: Number = None
    restricted_mean_difference: Interval | None = None
    """Second group less first, e.g. high less low."""
    restricted_mean_p: Number = None
    follow_up_median: Interval | None = None
    """Reverse Kaplan–Meier."""


class Pairwise(Part):
    """Two of several groups compared."""

    first: str
    second: str
    test: Test


class MarkerSurvival(Part):
    """One marker dichotomised: its cut-off and the survival of its two groups."""

    marker: str
    label: str
    cutoff: Cutoff
    survival: Survival


# Cox


class CoxRow(Part):
    """One term of a Cox model."""

    term: str
    variable: str
    label: str
    reference: str | None = None
    unit: str | None = None
    n: int | None = None
    events: int | None = None
    coefficient: Number = None
    std_err: Number = None
    hazard_ratio: Number = None
    low: Number = None
    high: Number = None
    p: Number = None
    ph_statistic: Number = None
    ph_p: Number = None
    note: str | None = None
    not_done: str | None = None


class CoxModel(Part):
    """What belongs to a model as a whole."""

    n: int
    events: int
    method: str
    ties: str
    loglik_null: Number = None
    loglik: Number = None
    aic: Number = None
    likelihood_ratio: Test | None = None
    wald: Test | None = None
    score: Test | None = None
    proportional_hazards: Test | None = None
    concordance: Interval | None = None
    concordance_uno: Interval | None = None
    concordance_corrected: Interval | None = None
    """Corrected for optimism by bootstrap."""
    calibration_slope: Number = None


class CoxTable(Section):
    """Cox regression: one model a row (univariable), or one model (multivariable)."""

    endpoint: str
    endpoint_label: str
    kind: Literal["univariable", "multivariable"]
    title: str = ""
    """Which of several models, e.g. ``with SV by group``."""
    rows: tuple[CoxRow, ...] = ()
    model: CoxModel | None = None
    missing_data: str | None = None
    """How missing covariates were treated."""


class Effect(Section):
    """Hazard ratio along a continuous marker (spline), against its reference value."""

    endpoint: str
    marker: str
    label: str
    unit: str | None = None
    reference_value: Number = None
    x: Numbers = ()
    hazard_ratio: Numbers = ()
    low: Numbers = ()
    high: Numbers = ()
    p_overall: Number = None
    p_nonlinear: Number = None
    method: str = ""
    n: int | None = None
    events: int | None = None


# Discrimination


class TimeAuc(Part):
    """Time-dependent AUC."""

    time: Number
    auc: Interval
    cases: int
    controls: int


class MarkerDiscrimination(Part):
    """How well one marker ranks patients: larger marker, larger risk, unless ``lower_is_risk``."""

    marker: str
    label: str
    lower_is_risk: bool = False
    n: int
    events: int
    concordance: Interval
    concordance_uno: Interval
    auc: tuple[TimeAuc, ...] = ()


class MarkerDifference(Part):
    """A first marker less a second one in the same patients."""

    first: str
    second: str
    quantity: Literal["concordance", "concordance-uno", "time-auc", "auc"]
    time: Number = None
    n: int
    difference: Interval
    p: Number = None
    p_adjusted: Number = None
    resamples: int | None = None


class Discrimination(Section):
    """SV against the 2D sizes and other markers, in the patients who have all of them."""

    endpoint: str
    endpoint_label: str
    n: int = 0
    events: int = 0
    markers: tuple[MarkerDiscrimination, ...] = ()
    differences: tuple[MarkerDifference, ...] = ()
    correlation: tuple[MarkerCorrelation, ...] = ()


class MarkerCorrelation(Part):
    """Spearman correlation of two markers."""

    first: str
    second: str
    correlation: Interval
    p: Number = None
    n: int


# Decompensation


class OperatingPoint(Part):
    """A threshold of a marker with what it gives."""

    rule: Literal["youden", "specificity", "cutoff"]
    label: str
    threshold: Number = None
    threshold_low: Number = None
    threshold_high: Number = None
    sensitivity: Interval
    specificity: Interval
    ppv: Interval | None = None
    npv: Interval | None = None


class Roc(Part):
    """ROC curve of one marker."""

    marker: str
    label: str
    n: int
    events: int
    auc: Interval
    p: Number = None
    false_positive_rate: Numbers = ()
    sensitivity: Numbers = ()
    operating_points: tuple[OperatingPoint, ...] = ()


class LogisticRow(Part):
    """One term of a logistic model."""

    term: str
    variable: str
    label: str
    reference: str | None = None
    unit: str | None = None
    coefficient: Number = None
    std_err: Number = None
    odds_ratio: Number = None
    low: Number = None
    high: Number = None
    p: Number = None


class Logistic(Section):
    """Logistic regression of decompensation within the window."""

    n: int = 0
    events: int = 0
    method: str = ""
    rows: tuple[LogisticRow, ...] = ()
    likelihood_ratio: Test | None = None
    auc: Interval | None = None
    brier: Number = None
    r2_nagelkerke: Number = None


class IncidenceGroup(Part):
    """Cumulative incidence in one group, death (and transplant, if so declared) competing."""

    key: str
    label: str
    n: int
    events: int
    competing: int
    curve: Curve
    competing_curve: Curve
    at_risk: Counts = ()
    landmarks: tuple[Landmark, ...] = ()
    """``survival`` holds the cumulative incidence."""


class RegressionRow(Part):
    """One term of Fine–Gray or cause-specific Cox regression."""

    model: Literal["fine-gray", "cause-specific"]
    term: str
    label: str
    unit: str | None = None
    estimate: Number = None
    low: Number = None
    high: Number = None
    p: Number = None
    n: int | None = None
    events: int | None = None


class Incidence(Section):
    """Time to decompensation with competing events."""

    n: int = 0
    events: int = 0
    competing: int = 0
    competing_label: str = ""
    groups: tuple[IncidenceGroup, ...] = ()
    at_risk_times: Numbers = ()
    gray: Test | None = None
    rows: tuple[RegressionRow, ...] = ()


class OutcomeComparison(Section):
    """A marker in those with and without decompensation within the window."""

    marker: str
    label: str
    unit: str | None = None
    with_event: Summary | None = None
    without_event: Summary | None = None
    shift: Interval | None = None
    """Hodges–Lehmann."""
    test: Test | None = None
    smd: Number = None


class Decompensation(Section):
    """Decompensation as the protocol defines it."""

    definition: str = ""
    definition_label: str = ""
    window_days: Number = None
    n: int = 0
    events: int = 0
    unknown: int = 0
    comparisons: tuple[OutcomeComparison, ...] = ()
    rocs: tuple[Roc, ...] = ()
    differences: tuple[MarkerDifference, ...] = ()
    logistic: Logistic = Logistic(not_done="not asked for")
    incidence: Incidence = Incidence(not_done="not asked for")


# Subgroups, sensitivity, risk


class ForestRow(Part):
    """SV effect in one subgroup."""

    variable: str
    variable_label: str
    level: str
    n: int
    events: int
    n_high: int | None = None
    hazard_ratio: Number = None
    low: Number = None
    high: Number = None
    p: Number = None
    interaction_p: Number = None
    """Of the whole variable; the same in each of its rows."""
    not_done: str | None = None


class Forest(Section):
    """Hazard ratio of high against low SV in subgroups."""

    endpoint: str
    endpoint_label: str
    rows: tuple[ForestRow, ...] = ()


class SensitivityRow(Section):
    """The main comparison once more under another choice."""

    key: str
    label: str
    n: int | None = None
    events: int | None = None
    n_high: int | None = None
    cutoff: Number = None
    hazard_ratio: Number = None
    low: Number = None
    high: Number = None
    p: Number = None
    logrank_p: Number = None
    p_corrected: Number = None


class Sensitivity(Section):
    """Whether the main result depends on the choices made."""

    endpoint: str
    endpoint_label: str
    rows: tuple[SensitivityRow, ...] = ()


class CalibrationGroup(Part):
    """Patients of similar predicted risk."""

    n: int
    predicted: Number
    observed: Interval


class RiskTerm(Part):
    """One term of the risk equation."""

    term: str
    label: str
    coefficient: Number
    centre: Number = None


class RiskProfile(Part):
    """A sentence's worth of risk: a typical patient at a given SV."""

    label: str
    values: dict[str, Number]
    risk: Interval


class RiskModel(Section):
    """Risk of the event by a horizon, predicted for each patient by a model that did not see that patient.

    The risks themselves stand in ``risks.csv``, a row a patient.
    """

    endpoint: str = ""
    endpoint_label: str = ""
    horizon: Number = None
    folds: int | None = None
    n: int = 0
    events: int = 0
    baseline_survival: Number = None
    """At the horizon, of a patient whose terms are at their centres."""
    terms: tuple[RiskTerm, ...] = ()
    concordance: Interval | None = None
    auc: Interval | None = None
    brier: Interval | None = None
    brier_null: Number = None
    calibration_ratio: Interval | None = None
    """Observed over expected."""
    calibration_slope: Interval | None = None
    calibration: tuple[CalibrationGroup, ...] = ()
    calibration_error: Number = None
    profiles: tuple[RiskProfile, ...] = ()
    decision: tuple[DecisionPoint, ...] = ()


class DecisionPoint(Part):
    """Net benefit at one threshold of risk."""

    threshold: Number
    net_benefit: Number
    treat_all: Number


class Truth(Part):
    """What a synthetic cohort was made with, beside what was found."""

    quantity: str
    label: str
    truth: Number
    estimate: Number = None
    low: Number = None
    high: Number = None


class MissingRow(Part):
    """Missing values of one variable."""

    variable: str
    label: str
    missing: int
    n: int


class MissingData(Section):
    """How much was missing, and what was done about it."""

    policy: str = ""
    imputations: int | None = None
    rows: tuple[MissingRow, ...] = ()


class Results(Part):
    """Everything a study found, in the order of the report."""

    format_version: Literal[1] = 1
    header: Header
    flow: Flow
    missing_data: MissingData = MissingData(not_done="not asked for")
    baseline: Baseline
    performance: Performance = Performance(not_done="no development report was given")
    approval: Approval = Approval(not_done="no verdicts were given")
    distributions: tuple[Distribution, ...] = ()
    cutoff: Cutoff
    overall: tuple[Survival, ...] = ()
    """The whole cohort, an endpoint each."""
    by_sv: tuple[Survival, ...] = ()
    """High against low SV, an endpoint each; the first is the main result."""
    by_factor: tuple[Survival, ...] = ()
    """Other groupings the protocol asks for, e.g. portal vein thrombosis."""
    by_size: tuple[MarkerSurvival, ...] = ()
    """The same as ``by_sv[0]`` for the 2D sizes and other markers."""
    cox_univariable: tuple[CoxTable, ...] = ()
    cox_multivariable: tuple[CoxTable, ...] = ()
    sv_effect: tuple[Effect, ...] = ()
    discrimination: tuple[Discrimination, ...] = ()
    decompensation: Decompensation = Decompensation(not_done="the protocol names no decompensation")
    forest: Forest
    sensitivity: Sensitivity
    risk_model: RiskModel = RiskModel(not_done="not asked for")
    truth: tuple[Truth, ...] = ()
    """Only of a synthetic cohort."""
    notes: tuple[str, ...] = ()


Survival.model_rebuild()
Discrimination.model_rebuild()
RiskModel.model_rebuild()


def to_json(results: Results) -> str:
    """Results as JSON text: keys in the order of the fields, one space of indent, a line end."""
    plain = results.model_dump(mode="json")
    return json.dumps(plain, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def from_json(text: str, name: str = "results.json") -> Results:
    """Results from JSON text.

    Raises
    ------
    InputError
        The text is no results file of this format.
    """
    try:
        return Results.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the whole file"
        raise InputError(
            "not-results",
            f"{name}: {place}: {first['msg']}",
            f"make it again with `splenic cohort run` of this version (format {FORMAT_VERSION})",
        ) from None


def read_results(path: Path) -> Results:
    """Read ``results.json``."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            "cannot-read", f"{path.name}: cannot be read ({error.strerror})", "check the path"
        ) from None
    return from_json(text, path.name)


def write_results(results: Results, path: Path) -> None:
    """Write ``results.json``, whole or not at all."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(to_json(results), encoding="utf-8")
    beside.replace(path)
