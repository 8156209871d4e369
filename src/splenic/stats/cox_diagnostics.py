"""Diagnostics of a fitted Cox model: residuals and the test of proportional hazards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ._arrays import Floats, Ints, StatisticsError, check_choice
from ._distributions import chi_squared_p
from ._risk_sets import Moments, RiskSets, information, mean_at_death, moments, score_residuals
from .cox import CoxFit, model_sets
from .survival import kaplan_meier

TimeScale = Literal["km", "rank", "identity", "log"]


@dataclass(frozen=True, slots=True)
class CoxResiduals:
    """Residuals of each row of a fit, in the order of its data.

    Attributes
    ----------
    martingale : events minus expected events (n,). deviance : the same, made nearly symmetric (n,).
    score : contribution to the score (n, p).
    dfbeta : how far the row moves the coefficients, to first order (n, p).
    """

    martingale: Floats
    deviance: Floats
    score: Floats
    dfbeta: Floats
    reference: str = "Barlow & Prentice 1988; Therneau, Grambsch & Fleming 1990"


@dataclass(frozen=True, slots=True)
class SchoenfeldResiduals:
    """Schoenfeld residuals of each death, by time.

    Attributes
    ----------
    time : (D,). row : (D,) position in the fit's data. residual : covariates minus their mean at risk (D, p).
    scaled : a noisy picture of the coefficients over time, to be smoothed in a plot (D, p).
    """

    time: Floats
    row: Ints
    residual: Floats
    scaled: Floats
    reference: str = "Schoenfeld 1982; Grambsch & Therneau 1994"


@dataclass(frozen=True, slots=True)
class ProportionalHazardsTest:
    """Score tests that each coefficient is constant over a transformed time, and a global one.

    Attributes
    ----------
    statistic, df, p : one entry per term, shape (terms,).
    event_time, transformed_time : (D,) times of death and what the test turned them into, for the plot.
    """

    terms: tuple[str, ...]
    statistic: Floats
    df: Ints
    p: Floats
    global_statistic: float
    global_df: int
    global_p: float
    scale: TimeScale
    event_time: Floats
    transformed_time: Floats
    method: str = "score test of proportional hazards"
    reference: str = "Grambsch & Therneau 1994, in its exact form (Therneau 2020)"

    def __str__(self) -> str:
        rows = "".join(
            f"\n  {term}: chi-squared {x:.3f} on {df} df, p = {p:.3g}"
            for term, x, df, p in zip(self.terms, self.statistic, self.df, self.p)
        )
        overall = f"chi-squared {self.global_statistic:.3f} on {self.global_df} df, p = {self.global_p:.3g}"
        return f"{self.method} (time scale {self.scale}){rows}\n  global: {overall}"


def cox_residuals(fit: CoxFit) -> CoxResiduals:
    """Martingale, deviance, score and dfbeta residuals.

    Raises
    ------
    StatisticsError
        If the fit used exact ties, for which they are not defined here.
    """
    sets, now = _evaluated(fit)
    relative = now.risk / sets.weight
    expected = relative * now.hazard
    died = sets.event.astype(np.float64)
    martingale = died - expected
    logs = np.log(expected, out=np.zeros_like(expected), where=sets.event)
    inside = np.maximum(-2 * (martingale + died * logs), 0)
    deviance = np.sign(martingale) * np.sqrt(inside)
    rows = score_residuals(sets, now)
    dfbeta = (rows * sets.weight[:, np.newaxis]) @ fit.covariance_naive
    return CoxResiduals(martingale, deviance, rows, dfbeta)


def schoenfeld_residuals(fit: CoxFit) -> SchoenfeldResiduals:
    """Schoenfeld residuals and their scaled form, in the order of time and then of rows."""
    sets, now = _evaluated(fit)
    residual = sets.x[sets.dead] - mean_at_death(sets, now)
    order = np.lexsort([sets.dead, sets.place_time[sets.place], sets.stratum[sets.dead]])
    residual, dead = residual[order], sets.dead[order]
    scaled = fit.coefficient + residual @ fit.covariance_naive * dead.size
    return SchoenfeldResiduals(fit.data.time[dead], dead, residual, scaled)


def proportional_hazards_test(
    fit: CoxFit, scale: TimeScale = "km", *, groups: Mapping[str, Sequence[str]] | None = None
) -> ProportionalHazardsTest:
    """Test proportional hazards, column by column or by groups of columns.

    Each covariate gets a second copy, multiplied by the transformed time; the score test that the copies have
    zero coefficients uses the information at every death, not an average of it.

    Parameters
    ----------
    scale : ``km`` is one minus the Kaplan-Meier curve of all rows just before a time, ``rank`` the mean rank
        among all rows, ``identity`` the time itself, ``log`` its logarithm.
    groups : names of columns tested together, e.g. ``{"cell type": ["large", "adeno"]}``; other columns
        are tested alone.
    """
    sets, now = _evaluated(fit)
    g = _transformed(fit, sets, scale)
    centred = g - g.mean()
    residual = sets.x[sets.dead] - mean_at_death(sets, now)
    u = residual.T @ (centred * sets.weight[sets.dead])
    i11 = information(sets, now)
    i12, i22 = information(sets, now, centred), information(sets, now, centred**2)
    blocks = _blocks(fit.terms, groups or {})
    p = len(fit.terms)
    found = []
    for columns in [*blocks.values(), list(range(p))]:
        left = i22[np.ix_(columns, columns)] - i12[columns] @ np.linalg.solve(i11, i12[:, columns])
        found.append(float(u[columns] @ np.linalg.solve(left, u[columns])))
    df = np.array([len(columns) for columns in blocks.values()])
    statistic = np.array(found[:-1])
    order = np.argsort(sets.place_time[sets.place], kind="stable")
    return ProportionalHazardsTest(
        tuple(blocks),
        statistic,
        df,
        chi_squared_p(statistic, df.astype(np.float64)),
        found[-1],
        p,
        chi_squared_p(found[-1], p),
        scale,
        sets.place_time[sets.place][order],
        g[order],
    )


def _evaluated(fit: CoxFit) -> tuple[RiskSets, Moments]:
    if fit.ties == "exact":
        raise StatisticsError(
            "bad-option", "ties: residuals and tests need Efron's or Breslow's rule", "refit"
        )
    centred = fit.data.x - fit.data.x.mean(axis=0)
    sets = model_sets(fit.data, fit.ties, centred)
    now = moments(sets, fit.coefficient)
    return sets, now


def _transformed(fit: CoxFit, sets: RiskSets, scale: TimeScale) -> Floats:
    """The time of each death, transformed, shape (D,)."""
    check_choice(scale, ("km", "rank", "identity", "log"), "scale")
    times = sets.place_time[sets.place]
    if scale == "identity":
        return times
    if scale == "log":
        if (times <= 0).any():
            raise StatisticsError(
                "bad-option", "scale: a death at time zero has no logarithm", "use another scale"
            )
        return np.log(times)
    if scale == "rank":
        return _mean_ranks(fit.data.time, times)
    curve = kaplan_meier(fit.data.time, fit.data.event, entry=fit.data.entry)
    before = np.concatenate([[1.0], curve.estimate])[:-1]
    return 1 - before[np.searchsorted(curve.time, times)]


def _mean_ranks(all_times: Floats, times: Floats) -> Floats:
    ordered = np.sort(all_times)
    below, upto = (np.searchsorted(ordered, times, side=side) for side in ("left", "right"))
    ranks: Floats = (below + upto + 1) / 2
    return ranks


def _blocks(terms: tuple[str, ...], groups: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    owner = {column: name for name, columns in groups.items() for column in columns}
    unknown = set(owner) - set(terms)
    if unknown:
        raise StatisticsError("unknown-column", f"groups: {sorted(unknown)[0]} is no column of the model")
    blocks: dict[str, list[int]] = {}
    for index, term in enumerate(terms):
        blocks.setdefault(owner.get(term, term), []).append(index)
    return blocks
