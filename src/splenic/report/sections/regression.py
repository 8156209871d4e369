"""Cox regression, and the effect of SV without a cut-off."""

from __future__ import annotations

from typing import Any

from splenic.report import figures, numbers
from splenic.report.document import Row, Section, Table
from splenic.report.sections.markers import slug
from splenic.report.sections.words import ci, in_words, not_done_rows, sentence
from splenic.report.style import Drawing
from splenic.report.tree import array, triple


def cox(results: Any) -> Section:
    """Uni- and multivariable Cox regression."""
    title = "Cox regression"
    parts = [*results.cox_univariable, *results.cox_multivariable]
    done = [p for p in parts if not p.not_done]
    notes = [n for p in parts for n in p.notes]
    notes += [f"{p.endpoint_label}, {p.kind}: {sentence(p.not_done)}" for p in parts if p.not_done]
    if not done:
        reason = parts[0].not_done if parts else "no covariates were named"
        return Section("cox", title, notes=tuple(notes), not_done=sentence(reason))
    tables = tuple(_table(results, p, i) for i, p in enumerate(done))
    paragraphs = tuple(_model_words(results, p) for p in done if p.model is not None)
    return Section("cox", title, paragraphs, tables=tables, notes=tuple(dict.fromkeys(notes)))


def _table(results: Any, part: Any, place: int) -> Table:
    level = results.header.level
    name = f" {part.get('title')}" if part.get("title") else ""
    rows = tuple(
        Row(
            (
                _term(r),
                _counts(r),
                numbers.ratio(r.hazard_ratio, r.low, r.high),
                numbers.p_value(r.p),
                numbers.p_value(r.ph_p),
            )
        )
        for r in part.rows
    )
    notes = ["PH: test of proportional hazards (score test on scaled Schoenfeld residuals)."]
    if part.missing_data:
        notes.append(f"Missing covariates: {part.missing_data}.")
    notes += not_done_rows(part.rows)
    notes += [f"{r.label}: {r.get('note')}" for r in part.rows if r.get("note")]
    return Table(
        f"cox-{part.kind}-{slug(part.endpoint)}-{place + 1}",
        f"{part.kind.capitalize()} Cox regression{name}, {part.endpoint_label.lower()}",
        ("Variable", "Events/n", f"HR ({ci(level)})", "p", "PH, p"),
        rows,
        tuple(notes),
        sortable=True,
    )


def _term(row: Any) -> str:
    label = row.label + (f", {row.unit}" if row.unit else "")
    return f"{label} (reference: {row.reference})" if row.reference else label


def _counts(row: Any) -> str:
    return numbers.UNKNOWN if row.n is None else f"{row.events}/{row.n}"


def _model_words(results: Any, part: Any) -> str:
    m = part.model
    terms = len(part.rows)
    text = [
        f"{part.kind.capitalize()} model of {part.endpoint_label.lower()}: n = {m.n}, {m.events} events, "
        f"{terms} terms ({numbers.fixed(m.events / terms if terms else None, 1)} events per term), ties "
        f"by {m.ties.capitalize()}"
    ]
    if m.likelihood_ratio is not None:
        text.append(in_words(m.likelihood_ratio, "likelihood ratio test"))
    if m.proportional_hazards is not None:
        text.append(in_words(m.proportional_hazards, "proportional hazards, global test"))
    if m.concordance is not None:
        text.append(f"Harrell's C {numbers.with_interval(*triple(m.concordance), 2)}")
    if m.concordance_uno is not None:
        text.append(f"Uno's C {numbers.with_interval(*triple(m.concordance_uno), 2)}")
    if m.concordance_corrected is not None:
        text.append(f"C corrected for optimism {numbers.with_interval(*triple(m.concordance_corrected), 2)}")
    if m.calibration_slope is not None:
        text.append(f"calibration slope {numbers.fixed(m.calibration_slope, 2)}")
    return sentence("; ".join(text))


def effect(results: Any) -> Section:
    """Hazard ratio along SV."""
    title = "Effect of SV without a cut-off"
    parts = results.sv_effect
    done = [p for p in parts if not p.not_done]
    notes = [n for p in parts for n in p.notes]
    notes += [f"{p.label}: {sentence(p.not_done)}" for p in parts if p.not_done]
    if not done:
        return Section("effect", title, not_done=sentence(parts[0].not_done if parts else "not asked for"))
    return Section("effect", title, drawings=tuple(_curve(results, p) for p in done), notes=tuple(notes))


def _curve(results: Any, part: Any) -> Drawing:
    lines = [
        f"Overall {numbers.p_phrase(part.p_overall)}; departure from a straight line "
        f"{numbers.p_phrase(part.p_nonlinear)}"
    ]
    if part.n:
        lines[0] += f"; {part.events}/{part.n} events; {part.method}"
    cutoff = results.cutoff
    same = cutoff.not_done is None and cutoff.marker == part.marker
    return figures.effect_curve(
        array(part.x),
        array(part.hazard_ratio),
        array(part.low),
        array(part.high),
        key=f"effect-{slug(part.endpoint)}-{slug(part.marker)}",
        title=f"Hazard ratio along {part.label} ({part.endpoint.upper()})",
        data=results.header.data,
        reference=part.reference_value,
        label=part.label,
        unit=part.unit or "",
        lines=lines,
        cutoff=cutoff.value if same else None,
        level=results.header.level or 0.95,
    )
