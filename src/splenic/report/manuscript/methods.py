"""The methods and results paragraphs of a manuscript, from what was run and nothing else."""

from __future__ import annotations

from typing import Any

from splenic.report import numbers
from splenic.report.document import Document
from splenic.report.sections.patients import analysed
from splenic.report.sections.words import METHODS, ci, sentence
from splenic.report.tree import triple

BLANK = "[to be written by the authors]"


def methods(results: Any) -> tuple[tuple[str, str], ...]:
    """Headings and paragraphs; what the run cannot know is marked as a blank."""
    parts = (
        ("Patients", _patients(results)),
        ("Imaging and measurement", _imaging(results)),
        ("Endpoints", _endpoints(results)),
        ("Marker and cut-off", _cutoff(results)),
        ("Statistical analysis", _statistics(results)),
        ("Missing data", _missing(results)),
        ("Software", software(results)),
    )
    return tuple((heading, " ".join(text)) for heading, text in parts)


def _patients(results: Any) -> list[str]:
    flow = results.flow
    text = [f"Setting, period, eligibility and ethics approval: {BLANK}."]
    if results.header.data == "synthetic":
        text.insert(0, "All data are synthetic: no patient was studied.")
    if flow.steps:
        text.append(
            f"Of {flow.steps[0].n} patients in the clinical table, {analysed(results)} were analysed "
            "(flow chart)."
        )
    if flow.development:
        text.append(
            f"The first {flow.development} were development cases; the other {flow.rest} were untouched "
            "by development."
        )
    return text


def _imaging(results: Any) -> list[str]:
    models = ", ".join(results.header.models)
    text = [f"Scanners, contrast phase and slice thickness: {BLANK}."]
    if models:
        text.append(
            f"The spleen was outlined on CT automatically ({models}) and its volume (SV) taken as the "
            "number of voxels times "
            "the volume of a voxel; craniocaudal length and maximal axial diameter were measured on the "
            "same outline."
        )
    else:
        text.append(f"How SV was measured: {BLANK}.")
    rows = results.approval.parts
    if not results.approval.not_done and rows:
        best = rows[-1]
        text.append(
            f"Readers judged the masks of {best.n_read} cases; who read, and blinded to what: {BLANK}."
        )
    return text


def _endpoints(results: Any) -> list[str]:
    labels = list(dict.fromkeys(s.endpoint_label.lower() for s in (*results.overall, *results.by_sv)))
    text = [f"Endpoints were {' and '.join(labels)}, from {BLANK} to {BLANK}."] if labels else []
    part = results.decompensation
    if not part.not_done:
        window = f" within {part.window_days:g} days" if part.window_days is not None else ""
        text.append(f"Decompensation was defined as: {part.definition_label or part.definition}{window}.")
    transplant = results.header.protocol.get("transplant")
    if transplant:
        words = {
            "ignore": "not taken into account",
            "censor": "a reason for censoring",
            "event": "counted as an event",
        }
        text.append(f"Transplantation was {words.get(transplant, transplant)}.")
    return text


def _cutoff(results: Any) -> list[str]:
    part = results.cutoff
    if part.not_done:
        return [sentence(f"SV was not dichotomised: {part.not_done}")]
    unit = f" {part.unit}" if part.unit else ""
    text = [
        f"SV was dichotomised at {numbers.measure(part.value)}{unit} (low: at or below it; method: "
        f"{METHODS.get(part.method, part.method)}"
    ]
    if part.found_in:
        text[0] += (
            f", found in {part.found_in} (n = {part.n_found_in}) and applied to {part.applied_to} (n = "
            f"{part.n_applied_to})"
        )
    text[0] += ")."
    if part.p_values:
        names = ", ".join(p.label for p in part.p_values)
        text.append(
            f"The p value of the search was corrected for its multiplicity (Lausen and Schumacher; {names})."
        )
    if part.bootstrap is not None:
        text.append(
            f"The search was repeated in {part.bootstrap.resamples} bootstrap samples for an interval of "
            "the cut-off and a "
            "hazard ratio corrected for optimism."
        )
    text.append("SV was also analysed as a continuous variable." if results.sv_effect else "")
    return [t for t in text if t]


def _statistics(results: Any) -> list[str]:
    plan = results.header.protocol
    interval = plan.get("interval", "log-log")
    text = [
        f"Survival was estimated by Kaplan–Meier ({ci(results.header.level)}, {interval}) and compared "
        "by the log-rank test; "
        "follow-up by reverse Kaplan–Meier.",
    ]
    models = [p for p in (*results.cox_univariable, *results.cox_multivariable) if not p.not_done]
    if models:
        ties = next((p.model.ties for p in models if p.model), plan.get("ties", "efron"))
        text.append(
            f"Hazard ratios come from Cox regression (ties: {ties.capitalize()}); proportional hazards "
            "were tested on scaled "
            "Schoenfeld residuals."
        )
    if any(not p.not_done for p in results.discrimination):
        text.append(
            "Markers were compared by Harrell's and Uno's C and time-dependent AUC (inverse probability "
            "of censoring "
            f"weights), with paired differences ({results.header.resamples} resamples)."
        )
    if not results.decompensation.not_done:
        text.append("ROC curves have DeLong intervals; thresholds are those named in the tables.")
        if not results.decompensation.incidence.not_done:
            text.append(
                "Cumulative incidence was estimated by Aalen–Johansen with "
                f"{results.decompensation.incidence.competing_label} "
                "competing, compared by Gray's test, and modelled by Fine–Gray and cause-specific Cox "
                "regression."
            )
    if not results.risk_model.not_done:
        text.append(
            f"Risk by {results.risk_model.horizon:g} {results.header.time_unit} was predicted by "
            f"{results.risk_model.folds}-fold "
            "cross-validated Cox regression and checked for calibration."
        )
    text.append("Tests are two-sided; p values are not adjusted for multiple testing unless so stated.")
    return text


def _missing(results: Any) -> list[str]:
    part = results.missing_data
    if part.not_done:
        return [sentence(part.not_done)]
    policy = {
        "complete-case": "Models used complete cases",
        "multiple-imputation": "Missing covariates were imputed by chained equations",
    }
    text = policy.get(part.policy, part.policy)
    if part.imputations:
        text += f" ({part.imputations} data sets, pooled by Rubin's rules)"
    worst = max(part.rows, key=lambda r: r.missing, default=None)
    if worst is not None and worst.n:
        text += f"; most often missing: {worst.label} ({numbers.count_of(worst.missing, worst.n)})"
    return [text + "."]


def software(results: Any) -> list[str]:
    """Program and libraries with versions, and the seed."""
    header = results.header
    libraries = ", ".join(f"{name} {header.versions[name]}" for name in header.versions)
    return [
        f"Analyses were made with Splenic {header.splenic_version} ({libraries}); random numbers from "
        f"seed {header.seed}."
    ]


def findings(results: Any, document: Document) -> tuple[tuple[str, str], ...]:
    """The main results as paragraphs, in the words of the report."""
    parts: list[tuple[str, str]] = []
    verdicts = results.approval.parts if not results.approval.not_done else ()
    if verdicts:
        v = verdicts[-1]
        low, high = (100 * x if x is not None else None for x in triple(v.approved)[1:])
        approved = numbers.count_of(v.perfect + v.acceptable, v.n_read)
        parts.append(
            (
                "Segmentation",
                f"{v.label}: readers approved {approved} masks "
                f"({ci(results.header.level)} {numbers.interval(low, high, 1)} %).",
            )
        )
    for key in ("survival-by-sv", "decompensation"):
        section = next((s for s in document.sections if s.key == key), None)
        if section is not None and section.paragraphs:
            parts.append((section.title, " ".join(section.paragraphs)))
    return tuple(parts)
