"""Per-patient risk with its calibration; and, of synthetic cohorts, truth beside estimate."""

from __future__ import annotations

from typing import Any

from splenic.report import figures, numbers
from splenic.report.document import Section, Table, rows_of
from splenic.report.sections.words import ci, empty, sentence
from splenic.report.style import Drawing
from splenic.report.tree import array, triple


def risk(results: Any) -> Section:
    """The cross-validated model behind the risk statement."""
    part = results.risk_model
    title = "Risk of the individual patient"
    if part.not_done:
        return empty("risk", title, part)
    unit, level = results.header.time_unit, results.header.level
    text = [
        f"Risk of the event ({part.endpoint_label.lower()}) by {part.horizon:g} {unit}, predicted for "
        f"each of {part.n} patients "
        f"({part.events} events) by a model that did not see that patient ({part.folds}-fold "
        "cross-validation). "
        "For research: no risk of a single patient is certain, and the model has not been validated "
        "elsewhere."
    ]
    text += [
        f"Example: {p.label}: risk {_percent(p.risk)} by {part.horizon:g} {unit}." for p in part.profiles
    ]
    measures = [
        ("Harrell's C, cross-validated", numbers.with_interval(*triple(part.concordance), 2)),
        (f"AUC at {part.horizon:g} {unit}", numbers.with_interval(*triple(part.auc), 2)),
        ("Brier score", numbers.with_interval(*triple(part.brier), 3)),
        ("Brier score without covariates", numbers.fixed(part.brier_null, 3)),
        ("Observed over expected events", numbers.with_interval(*triple(part.calibration_ratio), 2)),
        ("Calibration slope", numbers.with_interval(*triple(part.calibration_slope), 2)),
        ("Mean calibration error", numbers.percent(part.calibration_error)),
    ]
    tables = [
        Table(
            "risk-performance",
            "Performance of the risk model",
            ("Measure", f"Value ({ci(level)})"),
            rows_of(measures),
        ),
        _equation(part, unit),
    ]
    return Section(
        "risk", title, tuple(text), tuple(_figures(results, part)), tuple(tables), tuple(part.notes)
    )


def _equation(part: Any, unit: str) -> Table:
    rows = [(t.label, numbers.fixed(t.coefficient, 4), numbers.fixed(t.centre, 3)) for t in part.terms]
    note = (
        f"Risk by {part.horizon:g} {unit} = 1 − {numbers.fixed(part.baseline_survival, 4)} raised to "
        "exp(sum of "
        "coefficient × (value − centre)).",
    )
    return Table(
        "risk-equation",
        "Risk equation (model of all patients)",
        ("Term", "Coefficient", "Centre"),
        rows_of(rows),
        note,
    )


def _figures(results: Any, part: Any) -> list[Drawing]:
    drawings = []
    if part.calibration:
        lines = [
            f"Observed/expected {numbers.with_interval(*triple(part.calibration_ratio), 2)}; "
            f"slope {numbers.with_interval(*triple(part.calibration_slope), 2)}",
            f"C {numbers.with_interval(*triple(part.concordance), 2)}; Brier score "
            f"{numbers.fixed(triple(part.brier)[0], 3)} "
            f"({numbers.fixed(part.brier_null, 3)} without covariates)",
        ]
        observed, low, high = (array([triple(g.observed)[i] for g in part.calibration]) for i in range(3))
        drawings.append(
            figures.calibration(
                array([g.predicted for g in part.calibration]),
                observed,
                low,
                high,
                array([g.n for g in part.calibration]),
                key="calibration",
                title="Calibration of the predicted risk",
                data=results.header.data,
                horizon=f" by {part.horizon:g} {results.header.time_unit}",
                lines=lines,
                level=results.header.level or 0.95,
            )
        )
    if len(part.decision) > 1:
        points = [
            array([getattr(d, name) for d in part.decision])
            for name in ("threshold", "net_benefit", "treat_all")
        ]
        drawings.append(
            figures.decision_curve(
                points[0],
                points[1],
                points[2],
                key="decision-curve",
                title="Decision curve of the risk model",
                data=results.header.data,
            )
        )
    return drawings


def _percent(interval: Any) -> str:
    percent = [None if v is None else 100 * v for v in triple(interval)]
    return numbers.fixed(percent[0], 0) + f" % ({numbers.interval(percent[1], percent[2], 0)})"


def truth(results: Any) -> Section | None:
    """What a synthetic cohort was made with; None for real data."""
    if not results.truth:
        return None
    rows = []
    for t in results.truth:
        covered = (
            ""
            if t.low is None or t.high is None or t.truth is None
            else ("yes" if t.low <= t.truth <= t.high else "no")
        )
        rows.append(
            (t.label, numbers.measure(t.truth), numbers.with_interval(t.estimate, t.low, t.high, 2), covered)
        )
    head = ("Quantity", "Truth", f"Estimate ({ci(results.header.level)})", "Truth within the interval")
    table = Table("truth", "Truth and estimate", head, rows_of(rows))
    text = sentence("this cohort was simulated with known effects; they stand beside what the analysis found")
    return Section("truth", "Truth beside estimate", (text,), tables=(table,))
