"""Paired bootstrap of concordance and time-dependent AUC: many resamples as one product of matrices.

A resample is a row of counts, one a patient. Which pairs of patients can be compared, and which of the two a
marker places first, does not change with the resample, so that every resample's C is a ratio of two quadratic
forms in its counts. Weights for censoring are estimated anew in each resample.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splenic.study.data import Bools, Floats

# Above this many patients the n by n tables of pairs no longer fit; asymptotic errors are used there.
MOST_PATIENTS = 6000


def resample_counts(n: int, resamples: int, seed: int) -> Floats:
    """How often each patient is in each resample, shape (resamples, n)."""
    random = np.random.default_rng(seed)
    counts = np.empty((resamples, n))
    for k in range(resamples):
        counts[k] = np.bincount(random.integers(0, n, n), minlength=n)
    return counts


def concordances(time: Floats, event: Floats, risk: Floats, counts: Floats) -> Floats:
    """Harrell's C of every resample, shape (resamples,)."""
    return _concordances(time, event, risk, counts, counts * event)


def uno_concordances(time: Floats, event: Floats, risk: Floats, counts: Floats) -> Floats:
    """Uno's C of every resample, over all of its follow-up, shape (resamples,)."""
    before = _uncensored(time, event, counts, time, before=True)
    with np.errstate(divide="ignore"):
        weight = np.where(event == 1, 1 / before**2, 0.0)
    weight[~np.isfinite(weight)] = 0.0
    return _concordances(time, event, risk, counts, counts * weight)


def time_aucs(time: Floats, event: Floats, risk: Floats, at: Sequence[float], counts: Floats) -> Floats:
    """Cumulative/dynamic AUC (IPCW) of every resample and time, shape (resamples, times)."""
    above = _above(risk)
    before = _uncensored(time, event, counts, time, before=True)
    found = np.full((counts.shape[0], len(at)), np.nan)
    for k, moment in enumerate(at):
        case = (time <= moment) & (event == 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            cases = np.where(case & (before > 0), counts / before, 0.0)
            # All controls share one weight, which cancels.
            controls = counts * (time > moment)
            pairs = cases.sum(axis=1) * controls.sum(axis=1)
            found[:, k] = np.einsum("bi,bi->b", cases @ above, controls) / pairs
    return found


def percentile(values: Floats, level: float) -> tuple[float, float]:
    """Percentile interval of the resamples that gave a number."""
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_p(differences: Floats) -> float:
    """Two-sided p of a difference: twice the smaller share of resamples on one side of zero."""
    known = differences[np.isfinite(differences)]
    below, above = int((known <= 0).sum()), int((known >= 0).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (known.size + 1))


def _concordances(time: Floats, event: Floats, risk: Floats, counts: Floats, weighted: Floats) -> Floats:
    later = comparable(time, event)  # rows without the event have no weight below
    pairs = np.einsum("bi,bi->b", weighted @ later.astype(np.float64), counts)
    right = np.einsum("bi,bi->b", weighted @ (later * _above(risk)), counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(right / pairs, dtype=np.float64)


def comparable(time: Floats, event: Floats) -> Bools:
    """Pairs (i, j) in which i has the event and j is known to live longer, shape (n, n)."""
    return np.asarray(((time[:, np.newaxis] < time) & (event[:, np.newaxis] == 1)) | _tied(time, event))


def _tied(time: Floats, event: Floats) -> Bools:
    """An event and a censoring at one time can be compared, two events cannot."""
    return np.asarray((time[:, np.newaxis] == time) & (event[:, np.newaxis] == 1) & (event == 0))


def _above(risk: Floats) -> Floats:
    """1 where the row's risk is above the column's, one half where they are equal."""
    gap = risk[:, np.newaxis] - risk
    return np.asarray((gap > 0) + 0.5 * (gap == 0), dtype=np.float64)


def _uncensored(time: Floats, event: Floats, counts: Floats, at: Floats, *, before: bool) -> Floats:
    """Probability of not being censored just before (or by) given times, each resample, (resamples, times).

    Events leave before the censorings of the same time.
    """
    times = np.unique(time)
    place = np.searchsorted(times, time)
    gone, dead = np.zeros((2, counts.shape[0], times.size))
    for column, members in ((gone, np.ones(time.size)), (dead, event)):
        np.add.at(column.T, place, (counts * members).T)
    at_risk = gone[:, ::-1].cumsum(axis=1)[:, ::-1] - dead
    with np.errstate(invalid="ignore", divide="ignore"):
        step = np.where(at_risk > 0, 1 - (gone - dead) / at_risk, 1.0)
    curve = np.concatenate([np.ones((counts.shape[0], 1)), np.cumprod(step, axis=1)], axis=1)
    return curve[:, np.searchsorted(times, at, side="left" if before else "right")]
