"""Optimism of a Cox model by the bootstrap: the models of all resamples fitted at once.

Same resamples and same results as `splenic.stats.optimism_corrected`, which fits one after another and takes
no memory that grows with the square of the patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splenic.stats import concordance, fit_cox
from splenic.study.data import Floats
from splenic.study.resampling import comparable, percentile, resample_counts

# Pairs of patients are compared in every resample; beyond this, sorting is faster.
MOST_PATIENTS = 1500
_CHUNK = 100
_STEPS = 30
# Newton squares the error at each step: after a step this small it is far below any digit kept.
_CLOSE = 1e-5
_LONGEST_STEP = 4.0


@dataclass(frozen=True, slots=True)
class Optimism:
    """Harrell's C corrected for optimism, its interval, and the calibration slope to expect elsewhere."""

    estimate: float
    low: float
    high: float
    slope: float
    resamples: int
    failed: int


def optimism(
    time: Floats, event: Floats, x: Floats, *, resamples: int, seed: int, level: float
) -> Optimism | None:
    """Fit the model (Efron) in every resample and compare its concordance there with that in the data.

    Parameters
    ----------
    time, event : ndarray, shape (n,)
    x : ndarray, shape (n, p)
        No missing values.

    Returns
    -------
    None where no resample could be fitted.
    """
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    whole = fit_cox(time, event, x).coefficient
    apparent = concordance(time, event, x @ whole).estimate
    counts = resample_counts(time.size, resamples, seed)
    beta = np.concatenate(
        [batch_cox(time, event, x, counts[k : k + _CHUNK], whole) for k in range(0, resamples, _CHUNK)]
    )
    good = np.isfinite(beta).all(axis=1)
    if not good.any():
        return None
    beta, counts = beta[good], counts[good]
    risks = beta @ x.T
    inside, outside = _concordances(time, event, risks, counts)
    slopes = np.concatenate(
        [
            batch_cox(time, event, some[:, :, np.newaxis], np.ones_like(some), np.ones(1))
            for some in (risks[k : k + _CHUNK] for k in range(0, len(risks), _CHUNK))
        ]
    )
    gap = float(np.nanmean(inside) - np.nanmean(outside))
    low, high = percentile(inside, level)
    return Optimism(
        apparent - gap, low - gap, high - gap, float(np.nanmean(slopes)), resamples, int((~good).sum())
    )


def _concordances(time: Floats, event: Floats, risks: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """C of each resample's model in the resample and in the data."""
    later = comparable(time, event)
    first, second = np.nonzero(later)
    inside, outside = np.empty((2, len(risks)))
    for k, (risk, weight) in enumerate(zip(risks, counts)):
        gap = risk[first] - risk[second]
        # Equal patients get linear predictors that differ in the last bit.
        right = np.where(np.abs(gap) <= 1e-12 * np.abs(risk).max(), 0.5, gap > 0)
        pairs = weight[first] * weight[second]
        inside[k] = right @ pairs / pairs.sum()
        outside[k] = right.mean()
    return inside, outside


def batch_cox(time: Floats, event: Floats, x: Floats, counts: Floats, start: Floats | None = None) -> Floats:
    """Coefficients of Cox models (Efron ties) in which patient i counts ``counts[b, i]`` times.

    Parameters
    ----------
    x : ndarray, shape (n, p), or (b, n, p) where each model has columns of its own.
    counts : ndarray of whole numbers, shape (b, n)
    start : ndarray, shape (p,), optional
        Where to begin; 0 if not given.

    Returns
    -------
    ndarray, shape (b, p); NaN where a model has no solution.
    """
    order = np.argsort(time, kind="stable")
    rows = np.broadcast_to(x, (counts.shape[0], *x.shape[-2:]))[:, order]
    sets = _Sets.of(time[order], event[order], rows, counts[:, order])
    beta = np.zeros((counts.shape[0], x.shape[-1])) + (0.0 if start is None else start)
    for _ in range(_STEPS):
        gradient, information = sets.derivatives(beta)
        step = _solve(information, gradient)
        length = np.abs(step).max(axis=1, keepdims=True)
        step = step * np.minimum(1.0, _LONGEST_STEP / np.maximum(length, 1e-300))
        beta = beta + step
        if not (np.abs(step) > _CLOSE).any():
            break
    return beta


def _solve(information: Floats, gradient: Floats) -> Floats:
    """Newton's step of each model; NaN where its columns are collinear or constant."""
    with np.errstate(invalid="ignore"):
        bad = ~(np.linalg.cond(np.nan_to_num(information)) < 1e12)
    safe = np.where(bad[:, np.newaxis, np.newaxis], np.eye(information.shape[-1]), information)
    step = np.linalg.solve(safe, gradient[..., np.newaxis])[..., 0]
    return np.where(bad[:, np.newaxis], np.nan, step)


@dataclass(frozen=True, slots=True)
class _Sets:
    """Risk sets of all models; rows by time, b models, n rows, t death times, p columns."""

    x: Floats  # b, n, p
    counts: Floats  # b, n
    dead: Floats  # b, n: counts of the rows that die
    first: NDArray[np.intp]  # t: first row at risk
    last: NDArray[np.intp]  # t: one past the last row of that time
    at: NDArray[np.intp]  # n: number of death times up to the row's own
    deaths: Floats  # b, t
    total: Floats  # b, p: sum of x over deaths

    @classmethod
    def of(cls, time: Floats, event: Floats, x: Floats, counts: Floats) -> _Sets:
        times = np.unique(time[event == 1])
        first = np.searchsorted(time, times, side="left")
        last = np.searchsorted(time, times, side="right")
        dead = counts * event
        return cls(
            x,
            counts,
            dead,
            first,
            last,
            np.searchsorted(times, time, side="right"),
            _between(dead, first, last),
            np.einsum("bn,bnp->bp", dead, x),
        )

    def derivatives(self, beta: Floats) -> tuple[Floats, Floats]:
        """Gradient (b, p) and information (b, p, p) of the partial likelihood."""
        eta = np.einsum("bnp,bp->bn", self.x, beta)
        risk = self.counts * np.exp(eta - eta.max(axis=1, keepdims=True))
        dying = np.where(self.counts > 0, risk / np.maximum(self.counts, 1), 0.0) * self.dead
        s0, s1 = _from(risk, self.first), _from(risk[..., np.newaxis] * self.x, self.first)
        d0 = _between(dying, self.first, self.last)
        d1 = _between(dying[..., np.newaxis] * self.x, self.first, self.last)
        one, share, square = self._sums(s0, d0)
        # Sum over deaths of the mean of x in what Efron leaves of the risk set.
        expected = np.einsum("bt,btp->bp", one[0], s1) - np.einsum("bt,btp->bp", one[1], d1)
        hazard = _upto(one[0], self.at) * risk - _own(one[1], self.at, self.first, self.last) * dying
        second = np.einsum("bn,bnp,bnq->bpq", hazard, self.x, self.x, optimize=True)
        mixed = np.einsum("bt,btp,btq->bpq", square, s1, d1, optimize=True)
        outer = (
            np.einsum("bt,btp,btq->bpq", share[0], s1, s1, optimize=True)
            - mixed
            - mixed.transpose(0, 2, 1)
            + np.einsum("bt,btp,btq->bpq", share[1], d1, d1, optimize=True)
        )
        return self.total - expected, second - outer

    def _sums(self, s0: Floats, d0: Floats) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], Floats]:
        """Over the k-th of d tied deaths, f = k / d: sums of 1/r, f/r; 1/r², f²/r²; f/r²; r = s0 − f d0."""
        sums = np.zeros((5, *s0.shape))
        for k in range(int(self.deaths.max(initial=0))):
            there = self.deaths > k
            f = np.where(there, k / np.maximum(self.deaths, 1), 0.0)
            left = np.where(there, s0 - f * d0, 1.0)
            inverse = np.where(there, 1 / left, 0.0)
            for place, term in enumerate(
                (inverse, f * inverse, inverse**2, (f * inverse) ** 2, f * inverse**2)
            ):
                sums[place] += term
        return (sums[0], sums[1]), (sums[2], sums[3]), sums[4]


def _from(values: Floats, first: NDArray[np.intp]) -> Floats:
    """Sums over all rows from ``first`` on, along the second axis."""
    return np.asarray(values[:, ::-1].cumsum(axis=1)[:, ::-1][:, first])


def _between(values: Floats, first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
    """Sums over rows of one time."""
    # No row outside a death time may slip into the sum before it, so pieces are cut and the gaps dropped.
    edges = np.stack([first, last], axis=1).ravel()
    closed = np.concatenate([values, np.zeros_like(values[:, :1])], axis=1)
    return np.asarray(np.add.reduceat(closed, edges, axis=1)[:, ::2])


def _upto(values: Floats, at: NDArray[np.intp]) -> Floats:
    """Sums over death times up to each row's own."""
    sums = np.concatenate([np.zeros_like(values[:, :1]), values.cumsum(axis=1)], axis=1)
    return np.asarray(sums[:, at])


def _own(values: Floats, at: NDArray[np.intp], first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
    """The value of each row's own death time, 0 for rows of other times."""
    own = np.zeros((values.shape[0], at.size))
    for t, (begin, end) in enumerate(zip(first, last)):
        own[:, begin:end] = values[:, t : t + 1]
    return own
