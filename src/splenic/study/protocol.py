"""The written plan of a study: ``protocol.yaml``.

Everything a study decides stands in it. What it does not say has the default of this module, and the whole
plan, defaults included, is echoed in the results. Unknown keys are refused, with the nearest known one named.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from splenic.errors import UsageError

PROTOCOL_VERSION = 1

SIZES = ("craniocaudal_mm", "axial_diameter_mm", "width_mm", "thickness_mm", "splenic_index_cm3")


class Plan(BaseModel):
    """A piece of the protocol: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def but(self, **changes: Any) -> Self:
        """The same with some keys changed, checked as if written anew."""
        return type(self).model_validate(
            {name: getattr(self, name) for name in type(self).model_fields} | changes
        )


class CohortPlan(Plan):
    """Where patients and measurements come from."""

    table: str
    dictionary: str
    sheet: str | None = None
    measurements: str | None = None
    patients: Literal["all", "with-sv"] = "with-sv"
    days_before: Annotated[int, Field(ge=0)] = 90
    days_after: Annotated[int, Field(ge=0)] = 0
    undated: Literal["exclude", "earliest"] = "exclude"
    incomplete: Literal["keep", "exclude"] = "keep"
    development_report: str | None = None


class DevelopmentPlan(Plan):
    """Which patients were used to train the network or to find the cut-off."""

    first: Annotated[int, Field(ge=0)] | None = None
    column: str | None = None

    @model_validator(mode="after")
    def _one(self) -> DevelopmentPlan:
        if self.first is not None and self.column is not None:
            raise ValueError("give either first (N consecutive patients) or column, not both")
        return self


DECOMPENSATION_DEFINITIONS = {
    "child-pugh-1": "Child-Pugh score higher by 1 point or more (Kohla 2015)",
    "child-pugh-2": "Child-Pugh score higher by 2 points or more",
    "hsin-2011": "rise of bilirubin to 2.0 mg/dl or more, new or more ascites, or encephalopathy (Hsin 2011)",
    "clinical-event": "first ascites, variceal bleeding or overt encephalopathy",
    "child-pugh-2-or-event": (
        "Child-Pugh score higher by 2 points or more, or new ascites, encephalopathy or variceal bleeding"
    ),
    "as-recorded": "as recorded in the clinical table by those who treated the patient",
}


class DecompensationPlan(Plan):
    """What counts as hepatic decompensation, within which window, and what competes with it."""

    definition: Literal[
        "child-pugh-1", "child-pugh-2", "hsin-2011", "clinical-event", "child-pugh-2-or-event", "as-recorded"
    ]
    window_days: Annotated[float, Field(gt=0)] = 90
    competing: tuple[Literal["death", "transplant"], ...] = ("death", "transplant")
    specificity: Annotated[float, Field(gt=0, lt=1)] = 0.9


class CutoffPlan(Plan):
    """How SV is split into low and high."""

    method: Literal["maxstat", "median", "fixed", "quantile", "youden"] = "median"
    value: float | None = None
    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.5
    validation: Literal["none", "development", "cross-fitted"] = "none"
    folds: Annotated[int, Field(ge=2)] = 5
    minprop: Annotated[float, Field(ge=0, lt=1)] = 0.1
    maxprop: Annotated[float, Field(gt=0, le=1)] = 0.9
    permutations: Annotated[int, Field(ge=0)] = 100_000

    @model_validator(mode="after")
    def _consistent(self) -> CutoffPlan:
        if self.method == "fixed" and self.value is None:
            raise ValueError("method fixed needs a value")
        if self.method != "fixed" and self.value is not None:
            raise ValueError("a value belongs to method fixed only")
        if self.minprop >= self.maxprop:
            raise ValueError("minprop must be less than maxprop")
        return self


class Covariate(Plan):
    """A term of a model: a column, and how it enters.

    In the file a covariate may also be written as text: ``age``, ``age per 10``, ``log10 afp_ng_ml``,
    ``log2 sv_ml``, ``child_pugh_class A | B, C``.
    """

    column: str
    transform: Literal["none", "log10", "log2", "ln"] = "none"
    per: Annotated[float, Field(gt=0)] = 1.0
    groups: tuple[tuple[str, ...], ...] | None = None
    """Categories in groups; the first group is the reference."""
    label: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return parse_covariate(value) if isinstance(value, str) else value


def parse_covariate(text: str) -> dict[str, Any]:
    """Keywords of a covariate from its short form."""
    match = re.fullmatch(
        r"\s*(?:(log10|log2|ln)\s+)?([A-Za-z_]\w*)(?:\s+per\s+([0-9.]+))?(?:\s*:?\s+(.+\|.+))?\s*", text
    )
    if match is None:
        raise ValueError(
            f"{text!r} is no covariate; write e.g. age per 10, log10 afp_ng_ml, child_pugh_class A | B, C"
        )
    transform, column, per, groups = match.groups()
    found: dict[str, Any] = {"column": column}
    if transform:
        found["transform"] = transform
    if per:
        found["per"] = float(per)
    if groups:
        found["groups"] = tuple(
            tuple(word.strip() for word in part.split(",") if word.strip()) for part in groups.split("|")
        )
    return found


class RiskPlan(Plan):
    """The model behind the per-patient risk statement."""

    endpoint: Literal["os", "pfs", "ttp"] = "os"
    horizon_months: Annotated[float, Field(gt=0)] = 12
    folds: Annotated[int, Field(ge=2)] = 10
    covariates: tuple[Covariate, ...] | None = None
    """SV and the multivariable covariates, if not given."""


SENSITIVITY = (
    "median",
    "maxstat",
    "fixed-532",
    "without-development",
    "failed-excluded",
    "complete-spleens",
    "complete-case",
    "cross-fitted",
    "per-step",
)


class Protocol(Plan):
    """The plan of a study."""

    version: Literal[1] = 1
    title: str
    data: Literal["real", "synthetic"] = "real"
    cohort: CohortPlan
    development: DevelopmentPlan = DevelopmentPlan()
    endpoints: Annotated[tuple[Literal["os", "pfs", "ttp"], ...], Field(min_length=1)] = ("os",)
    transplant: Literal["ignore", "censor", "event"] = "ignore"
    decompensation: DecompensationPlan | None = None
    marker: str = "sv_ml"
    marker_step: Annotated[float, Field(gt=0)] = 100
    cutoff: CutoffPlan = CutoffPlan()
    size_cutoff: CutoffPlan | None = None
    markers: tuple[str, ...] = ("craniocaudal_mm", "axial_diameter_mm")
    lower_is_risk: tuple[str, ...] = ()
    univariable: tuple[Covariate, ...] = ()
    multivariable: tuple[Covariate, ...] = ()
    baseline: tuple[str, ...] = ()
    factors: tuple[Covariate, ...] = ()
    subgroups: tuple[Covariate, ...] = ()
    missing: Literal["complete-case", "multiple-imputation"] = "complete-case"
    imputations: Annotated[int, Field(ge=2)] = 20
    sensitivity: tuple[str, ...] = SENSITIVITY
    risk: RiskPlan | None = RiskPlan()
    landmarks_months: tuple[float, ...] = (12, 24, 36)
    restricted_mean_months: Annotated[float, Field(gt=0)] = 36
    auc_months: tuple[float, ...] = (6, 12, 24)
    interval: Literal["log", "log-log", "plain"] = "log-log"
    ties: Literal["efron", "breslow"] = "efron"
    level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    least_events: Annotated[int, Field(ge=2)] = 10
    resamples: Annotated[int, Field(ge=0)] = 1000
    seed: Annotated[int, Field(ge=0)] = 2022

    @field_validator("sensitivity")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in SENSITIVITY and not re.fullmatch(r"fixed-\d+(\.\d+)?", name):
                raise ValueError(f"{name!r} is not one of {', '.join(SENSITIVITY)} or fixed-NUMBER")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Protocol:
        for plan in (self.cutoff, self.size_cutoff):
            if plan is None:
                continue
            if plan.validation == "development" and self.development == DevelopmentPlan():
                raise ValueError(
                    "cutoff: validation development needs development cases; "
                    "give development.first or development.column"
                )
            if plan.method == "youden" and self.decompensation is None:
                raise ValueError("cutoff: method youden needs decompensation as its outcome")
        if self.marker in self.markers:
            raise ValueError(f"markers: {self.marker} is the main marker already")
        return self

    @property
    def size_plan(self) -> CutoffPlan:
        """How the compared markers are split: as SV is, unless said otherwise."""
        if self.size_cutoff is not None:
            return self.size_cutoff
        # A cut-off in ml means nothing in mm.
        return CutoffPlan() if self.cutoff.method == "fixed" else self.cutoff


def read_protocol(path: Path) -> Protocol:
    """Read and check a protocol.

    Raises
    ------
    UsageError
        The file cannot be read, is no YAML, or says something that is not known or does not fit together.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(
            "cannot-read", f"{path.name}: cannot be read ({reason})", "make one with `splenic cohort init`"
        ) from None
    try:
        plain = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        what = getattr(error, "problem", None) or "it is no YAML"
        raise UsageError("bad-yaml", f"{path.name}{where}: {what}", "mend the line") from None
    if not isinstance(plain, dict):
        raise UsageError(
            "bad-yaml", f"{path.name}: holds no keys", "make one with `splenic cohort init`, and change it"
        )
    return check_protocol(plain, path.name)


def check_protocol(plain: dict[str, Any], name: str = "protocol.yaml") -> Protocol:
    """A protocol from plain values."""
    try:
        return Protocol.model_validate(plain)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError("bad-protocol", f"{name}: {_sentence(first)}", "mend it and run again") from None


def _sentence(problem: Any) -> str:
    """One problem in words, with the nearest known key where a key is not known."""
    steps = [str(step) for step in problem["loc"]]
    place = ".".join(steps)
    if problem["type"] == "extra_forbidden":
        known = _keys_at(steps[:-1])
        near = difflib.get_close_matches(steps[-1], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
        return f"{place}: this key is not known ({hint})"
    if problem["type"] == "missing":
        return f"{place}: this key is needed"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _keys_at(steps: list[str]) -> list[str]:
    """Known keys of the piece that the steps lead to."""
    plans: dict[str, type[Plan]] = {
        "cohort": CohortPlan,
        "development": DevelopmentPlan,
        "decompensation": DecompensationPlan,
        "cutoff": CutoffPlan,
        "size_cutoff": CutoffPlan,
        "risk": RiskPlan,
    }
    words = [step for step in steps if not step.isdigit()]
    if not words:
        return list(Protocol.model_fields)
    last = words[-1]
    return list(plans.get(last, Covariate).model_fields)


def resolve(path: str, beside: Path) -> Path:
    """A path of the protocol: ``~`` and ``$NAME`` filled in, relative to the protocol's folder.

    Raises
    ------
    UsageError
        A variable of the environment is not set.
    """
    filled = os.path.expandvars(os.path.expanduser(path))
    unset = re.search(r"\$\{?(\w+)\}?", filled)
    if unset:
        raise UsageError(
            "unset-variable",
            f"the protocol names a path in ${unset.group(1)}, which is not set",
            f"set {unset.group(1)}, or write the path out",
        )
    found = Path(filled)
    return found if found.is_absolute() else beside / found
