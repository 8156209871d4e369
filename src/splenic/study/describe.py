"""Who the patients are: flow chart, missing values, baseline table, verdicts, distributions, performance."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from splenic.errors import UsageError
from splenic.stats import (
    StatisticsError,
    chi_squared,
    fisher_p,
    proportion,
    rank_sum_test,
    shapiro_wilk,
    standardised_difference,
    standardised_difference_categories,
)
from splenic.study import give
from splenic.study.data import Bools, Floats, StudyData, Variable
from splenic.study.protocol import Protocol
from splenic.study.results import (
    Approval,
    Baseline,
    BaselineRow,
    Category,
    Column,
    Distribution,
    Flow,
    MissingData,
    MissingRow,
    Performance,
    PerformanceRow,
    Test,
    Verdicts,
)

# Fisher's exact test is counted out up to this many patients; beyond, its tables are too many.
FISHER_MOST = 2000


def flow(protocol: Protocol, data: StudyData) -> Flow:
    """The flow chart."""
    marker = data.variables.get(protocol.marker)
    development = int(data.development.sum())
    return Flow(
        steps=data.flow,
        development=development or None,
        rest=data.n - development if development else None,
        with_sv=int(marker.known.sum()) if marker is not None else 0,
        notes=data.notes,
    )


def missing_data(protocol: Protocol, data: StudyData) -> MissingData:
    """How much is missing of everything that the protocol names."""
    named = [protocol.marker, *protocol.markers, *protocol.baseline]
    named += [c.column for c in (*protocol.univariable, *protocol.multivariable, *protocol.factors)]
    keys = [key for key in dict.fromkeys(named) if key in data.variables]
    rows = tuple(
        MissingRow(variable=v.key, label=v.label, missing=int((~v.known).sum()), n=data.n)
        for v in (data.variables[key] for key in keys)
    )
    imputed = protocol.missing == "multiple-imputation"
    return MissingData(
        policy=protocol.missing, imputations=protocol.imputations if imputed else None, rows=rows
    )


def baseline(protocol: Protocol, data: StudyData, high: Floats, split_label: str | None) -> Baseline:
    """The baseline table: all patients, and by SV group where there are groups."""
    members: dict[str, Bools] = {"all": np.ones(data.n, dtype=np.bool_)}
    labels = {"all": "All patients"}
    if split_label is not None:
        members |= {"low": high == 0, "high": high == 1}
        labels |= {"low": f"Low {split_label}", "high": f"High {split_label}"}
    columns = tuple(Column(key=key, label=labels[key], n=int(rows.sum())) for key, rows in members.items())
    rows = tuple(_row(data.variable(key), members) for key in protocol.baseline)
    notes = () if split_label is not None else ("There are no SV groups to compare.",)
    return Baseline(columns=columns, rows=rows, notes=notes)


def _row(variable: Variable, members: dict[str, Bools]) -> BaselineRow:
    missing = {key: int((rows & ~variable.known).sum()) for key, rows in members.items()}
    shared: dict[str, Any] = {
        "key": variable.key,
        "label": variable.label,
        "unit": variable.unit,
        "kind": variable.kind,
        "missing": missing,
    }
    groups = tuple(
        variable.values[members[key] & variable.known] for key in ("low", "high") if key in members
    )
    comparable = len(groups) == 2 and all(group.size > 1 for group in groups)
    if variable.kind == "continuous":
        summaries = {key: give.summary(variable.values[rows]) for key, rows in members.items()}
        found = _compare_numbers(*groups) if comparable else (None, None)
        return BaselineRow(**shared, summaries=summaries, test=found[0], smd=found[1])
    shown = range(1, 2) if variable.kind == "binary" else range(len(variable.levels))
    categories = tuple(_category(variable, k, members) for k in shown)
    found = _compare_categories(*groups) if comparable else (None, None)
    return BaselineRow(**shared, categories=categories, test=found[0], smd=found[1])


def _category(variable: Variable, k: int, members: dict[str, Bools]) -> Category:
    counts = {key: int((variable.values[rows] == k).sum()) for key, rows in members.items()}
    known = {key: int((rows & variable.known).sum()) for key, rows in members.items()}
    shares = {key: counts[key] / known[key] if known[key] else None for key in members}
    return Category(label=variable.levels[k], counts=counts, shares=shares)


def _compare_numbers(low: Floats, high: Floats) -> tuple[Test | None, float | None]:
    found = rank_sum_test(high, low)
    return give.hypothesis(found, n=low.size + high.size), standardised_difference(high, low).estimate


def _compare_categories(low: Floats, high: Floats) -> tuple[Test | None, float | None]:
    levels = np.unique(np.concatenate([low, high]))
    if levels.size < 2:
        return None, 0.0
    table = np.array([[np.sum(group == level) for level in levels] for group in (low, high)])
    n = int(table.sum())
    found = chi_squared(table)
    test = give.hypothesis(found, n=n)
    if found.expected.min() < 5 and n <= FISHER_MOST:
        with contextlib.suppress(StatisticsError):  # too many tables: the chi-squared test stands
            test = Test(method="Fisher's exact test", p=fisher_p(table), n=n)
    return test, standardised_difference_categories(high, low).estimate


def distribution(data: StudyData, key: str) -> Distribution:
    """Histogram, density and summary of one marker."""
    variable = data.variable(key)
    values = variable.values[variable.known]
    empty = Distribution(marker=key, label=variable.label, unit=variable.unit)
    if values.size < 2:
        found = f"{variable.label} is known for {values.size} patients"
        return empty.but(not_done=found, summary=give.summary(variable.values))
    edges = np.histogram_bin_edges(values, "doane" if values.size < 1000 else "fd")
    counts = np.histogram(values, edges)[0]
    grid, density = _density(values)
    w, p = shapiro_wilk(values) if 3 <= values.size <= 5000 and np.ptp(values) > 0 else (None, None)
    return Distribution(
        marker=key,
        label=variable.label,
        unit=variable.unit,
        summary=give.summary(variable.values),
        skewness=_skewness(values),
        normality=None if p is None else Test(method="Shapiro-Wilk test", statistic=w, p=p, n=values.size),
        bin_edges=tuple(edges.tolist()),
        bin_counts=tuple(int(count) for count in counts),
        grid=tuple(grid.tolist()),
        density=tuple(density.tolist()),
        notes=(f"{values.size} of {data.n} patients",) if values.size < data.n else (),
    )


def _skewness(values: Floats) -> float | None:
    spread = float(values.std())
    return float(np.mean((values - values.mean()) ** 3)) / spread**3 if spread > 0 else None


def _density(values: Floats) -> tuple[Floats, Floats]:
    """Gaussian kernel on the logarithm (markers are positive and skewed), Silverman's width."""
    if values.min() <= 0 or np.ptp(values) == 0 or values.size < 10:
        return np.empty(0), np.empty(0)
    logs = np.log(values)
    q1, q3 = np.quantile(logs, [0.25, 0.75])
    spread = min(float(logs.std(ddof=1)), float(q3 - q1) / 1.349) or float(logs.std(ddof=1))
    width = 0.9 * spread * values.size**-0.2
    at = np.linspace(logs.min() - 3 * width, logs.max() + 3 * width, 128)
    z = (at[:, np.newaxis] - logs) / width
    weight = np.exp(-(z**2) / 2).mean(axis=1) / (width * np.sqrt(2 * np.pi))
    return np.exp(at), np.asarray(weight / np.exp(at), dtype=np.float64)


def approval(protocol: Protocol, data: StudyData) -> Approval:
    """How often readers approved the masks, in all and apart for development and the rest."""
    reads = data.reads
    if reads is None or np.isnan(reads.verdict).all():
        return Approval(not_done="no reader's verdict stands in the measurements")
    parts = [("all", "All read cases", np.ones(reads.verdict.size, dtype=np.bool_))]
    if reads.development.any():
        parts += [
            ("development", "Development cases", reads.development),
            ("rest", "Not used in development", ~reads.development),
        ]
    found = [_verdicts(key, label, reads.verdict[rows], protocol.level) for key, label, rows in parts]
    return Approval(
        parts=tuple(part for part in found if part is not None),
        notes=("Patients whose rejected mask nobody corrected count here and are not in the analyses.",),
    )


def _verdicts(key: Any, label: str, verdict: Floats, level: float) -> Verdicts | None:
    given = verdict[~np.isnan(verdict)]
    if given.size == 0:
        return None
    counts = [int((given == k).sum()) for k in (1, 2, 3)]
    good, failed = counts[0] + counts[1], counts[2]
    return Verdicts(
        key=key,
        label=label,
        n_cases=verdict.size,
        n_read=given.size,
        perfect=counts[0],
        acceptable=counts[1],
        failed=failed,
        approved=give.interval(proportion(good, given.size, level=level), "Wilson"),
        failed_share=give.interval(
            proportion(failed, given.size, method="clopper-pearson", level=level), "Clopper-Pearson"
        ),
    )


def performance(path: Path | None) -> Performance:
    """Segmentation performance, read from the metrics of a bundle (``metrics.json``)."""
    if path is None:
        return Performance(not_done="no development report was given")
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        raise UsageError(
            "cannot-read",
            f"{path.name}: the development report cannot be read",
            "give the metrics.json of a bundle, or leave development_report out",
        ) from None
    rows = tuple(_numbers(plain, ()))
    if not rows:
        return Performance(source=path.name, not_done=f"{path.name} holds no numbers")
    return Performance(source=path.name, rows=rows)


def _numbers(plain: Any, steps: tuple[str, ...]) -> list[PerformanceRow]:
    """Every number of a nested report; lists (a row a case) are left out."""
    if isinstance(plain, dict):
        return [row for key, value in plain.items() for row in _numbers(value, (*steps, str(key)))]
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        return []
    label = ", ".join(step.replace("_", " ") for step in steps)
    return [PerformanceRow(key=".".join(steps), label=label, value=float(plain))]
