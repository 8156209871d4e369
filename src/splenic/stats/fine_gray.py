"""Regression on the cumulative incidence: the subdistribution hazard model of Fine and Gray.

Patients with a competing event stay in the risk set with weight G(t-) / G(T-), G being the Kaplan-Meier
estimate of the censoring times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import (
    Bools,
    Floats,
    Ints,
    StatisticsError,
    as_labels,
    as_matrix,
    as_numbers,
    as_times,
    check_choice,
    check_level,
    complete_rows,
    inverse,
    sum_by_place,
)
from ._distributions import normal_p, normal_width

CensoringRule = Literal["events-at-risk", "events-first"]
Ties = Literal["breslow", "efron"]
_STEPS = 100


@dataclass(frozen=True, slots=True)
class FineGrayFit:
    """A fitted model; arrays have one entry per column of the covariates, shape (p,).

    Attributes
    ----------
    coefficient, std_err, z, p : log subdistribution hazard ratios with Wald tests. The errors count the
        estimation of the censoring weights unless the model was asked not to.
    estimate, low, high : subdistribution hazard ratios with Wald intervals.
    covariance : of the coefficients. information : minus the second derivative of the log-likelihood.
    std_err_model : from the information alone.
    pseudo_ratio, wald : twice the gain in pseudo log-likelihood, and Wald's test that all are zero.
    event_times, baseline_jumps : of the cumulative subdistribution hazard where all covariates are 0.
    """

    terms: tuple[str, ...]
    coefficient: Floats
    std_err: Floats
    z: Floats
    p: Floats
    estimate: Floats
    low: Floats
    high: Floats
    covariance: Floats
    information: Floats
    std_err_model: Floats
    loglik_null: float
    loglik: float
    wald: float
    event_times: Floats
    baseline_jumps: Floats
    cause: int
    n: int
    events: int
    level: float
    method: str
    reference: str = "Fine and Gray 1999"

    @property
    def pseudo_ratio(self) -> float:
        """Twice the gain in pseudo log-likelihood over no covariate."""
        return 2 * (self.loglik - self.loglik_null)

    def predict(self, x: ArrayLike, times: ArrayLike) -> Floats:
        """Cumulative incidence of new rows (m, p) at times (k,), shape (k, m)."""
        rows = as_matrix(x, "x")
        if rows.shape[1] != self.coefficient.size:
            raise StatisticsError(
                "bad-shape", f"x: {self.coefficient.size} columns are needed, got {rows.shape[1]}"
            )
        when = np.atleast_1d(np.asarray(times, dtype=np.float64))
        hazard = np.concatenate([[0.0], np.cumsum(self.baseline_jumps)])
        hazard = hazard[np.searchsorted(self.event_times, when, side="right")]
        return np.asarray(-np.expm1(-np.outer(hazard, np.exp(rows @ self.coefficient))), dtype=np.float64)

    def __str__(self) -> str:
        columns = zip(self.terms, self.estimate, self.low, self.high, self.p)
        rows = "".join(
            f"\n  {name}: subdistribution hazard ratio {ratio:.4g} ({low:.4g} to {high:.4g}), p = {p:.3g}"
            for name, ratio, low, high, p in columns
        )
        return f"{self.method}, cause {self.cause}, {self.n} rows, {self.events} events{rows}"


def fit_fine_gray(
    time: ArrayLike,
    status: ArrayLike,
    x: ArrayLike,
    cause: int = 1,
    *,
    terms: Sequence[str] | None = None,
    censoring_group: ArrayLike | None = None,
    censoring: CensoringRule = "events-at-risk",
    ties: Ties = "breslow",
    weights_known: bool = False,
    level: float = 0.95,
) -> FineGrayFit:
    """Fit a subdistribution hazard model.

    Parameters
    ----------
    time, status : array_like, shape (n,)
        Follow-up and 0 for censored, 1, 2, ... for the causes; rows with a missing value are dropped.
    x : array_like, shape (n, p) or (n,)
        Covariates.
    cause : int
        The cause of interest.
    terms : sequence of str, optional
        Names of the columns; x1, x2, ... if not given.
    censoring_group : array_like, shape (n,), optional
        Labels of groups with censoring distributions of their own.
    censoring : {"events-at-risk", "events-first"}
        Who is at risk of a censoring at the time of an event: those with the event too (as in R's ``crr``),
        or not (as in R's ``finegray``). Without such ties both agree.
    ties : {"breslow", "efron"}
        Rule for tied events.
    weights_known : bool
        Leave the estimation of the censoring weights out of the variance (as a robust Cox model on weighted
        rows does); always so for Efron's ties.
    level : float
        Confidence.
    """
    check_choice(censoring, ("events-at-risk", "events-first"), "censoring")
    check_choice(ties, ("breslow", "efron"), "ties")
    width = normal_width(level)
    data, names = _prepare(time, status, x, cause, terms, censoring_group, censoring, ties)
    beta, loglik, null = _maximise(data)
    moments = _moments(data, beta)
    residuals = _score_residuals(data, moments)
    known = weights_known or ties == "efron"
    if not known:
        residuals = residuals + _censoring_residuals(data, moments)
    bread = inverse(moments.information)
    covariance = bread @ (residuals.T @ residuals) @ bread
    error = np.sqrt(np.diag(covariance))
    shift = float(np.exp(-data.centre @ beta))
    jumps = sum_by_place(data.step, 1 / moments.s0, data.event_times.size) * shift
    return FineGrayFit(
        terms=names,
        coefficient=beta,
        std_err=error,
        z=beta / error,
        p=normal_p(beta / error),
        estimate=np.exp(beta),
        low=np.exp(beta - width * error),
        high=np.exp(beta + width * error),
        covariance=covariance,
        information=moments.information,
        std_err_model=np.sqrt(np.diag(bread)),
        loglik_null=null,
        loglik=loglik,
        wald=float(beta @ np.linalg.solve(covariance, beta)),
        event_times=data.event_times,
        baseline_jumps=jumps,
        cause=cause,
        n=data.time.size,
        events=int(data.own.sum()),
        level=check_level(level),
        method=f"Fine-Gray model ({ties} ties, censoring with {censoring})",
    )


@dataclass(frozen=True, slots=True)
class _Data:
    """Rows sorted by time; a likelihood term stands at event time `step`, `share` of the way in a tie."""

    time: Floats
    own: Bools
    rival: Bools
    x: Floats
    centre: Floats
    group: Ints
    event_times: Floats
    first: Ints
    step: Ints
    share: Floats
    uncensored: Floats
    own_uncensored: Floats
    lost: Bools


@dataclass(frozen=True, slots=True)
class _Moments:
    risk: Floats
    s0: Floats
    mean: Floats
    information: Floats
    loglik: float
    score: Floats


def _prepare(
    time: ArrayLike,
    status: ArrayLike,
    x: ArrayLike,
    cause: int,
    terms: Sequence[str] | None,
    censoring_group: ArrayLike | None,
    censoring: str,
    ties: str,
) -> tuple[_Data, tuple[str, ...]]:
    t, s, columns = as_times(time), as_numbers(status, "status"), as_matrix(x, "x")
    codes = None if censoring_group is None else as_labels(censoring_group, "censoring_group").codes
    kept = complete_rows(time=t, status=s, x=columns, censoring_group=codes)
    t, s, columns = t[kept], s[kept], columns[kept]
    names = tuple(terms) if terms is not None else tuple(f"x{k + 1}" for k in range(columns.shape[1]))
    if len(names) != columns.shape[1]:
        raise StatisticsError("bad-shape", f"terms: {len(names)} names for {columns.shape[1]} columns")
    if ((s < 0) | (s != np.round(s))).any():
        raise StatisticsError("unknown-code", "status: codes are 0 for censored and 1, 2, ... for the causes")
    if not (s == cause).any():
        raise StatisticsError("no-events", f"status: no row has the event of cause {cause}")
    order = np.argsort(t, kind="stable")
    t, s, columns = t[order], s[order], columns[order]
    group = np.zeros(t.size, dtype=np.intp) if codes is None else codes[kept][order].astype(np.intp)
    centre = columns.mean(axis=0)
    centred = columns - centre
    if np.linalg.matrix_rank(centred) < centred.shape[1]:
        raise StatisticsError(
            "collinear", "x: a column is constant or determined by the others", "leave it out"
        )
    own = s == cause
    event_times, tied = np.unique(t[own], return_counts=True)
    step = np.repeat(np.arange(event_times.size), tied)
    share = (np.arange(step.size) - np.repeat(np.cumsum(tied) - tied, tied)) / tied[step]
    at_events, at_own = _uncensored(t, s, group, event_times, censoring)
    data = _Data(
        time=t,
        own=own,
        rival=(s > 0) & ~own,
        x=centred,
        centre=centre,
        group=group,
        event_times=event_times,
        first=np.searchsorted(t, event_times, side="left"),
        step=step,
        share=share if ties == "efron" else np.zeros(step.size),
        uncensored=at_events,
        own_uncensored=at_own,
        lost=s == 0,
    )
    return data, names


def _uncensored(t: Floats, s: Floats, group: Ints, event_times: Floats, rule: str) -> tuple[Floats, Floats]:
    """G of each group just before every event time (groups, J), and of each row before its own time (n,)."""
    at_events, at_own = np.ones((int(group.max()) + 1, event_times.size)), np.ones(t.size)
    for code in np.unique(group):
        rows = group == code
        times, place, leaving = np.unique(t[rows], return_inverse=True, return_counts=True)
        lost = sum_by_place(place, np.asarray(s[rows] == 0, dtype=np.float64), times.size)
        at_risk = np.cumsum(leaving[::-1])[::-1].astype(np.float64)
        if rule == "events-first":
            at_risk = at_risk - (leaving - lost)
        after = np.cumprod(1 - np.divide(lost, at_risk, out=np.zeros(times.size), where=lost > 0))
        steps = np.concatenate([[1.0], after])
        # Beyond the last follow-up of its group nobody's censoring is known, and the weight is 0.
        steps_known = steps[np.searchsorted(times, event_times, side="left")]
        at_events[code] = np.where(event_times <= times[-1], steps_known, 0.0)
        at_own[rows] = steps[place]
    return at_events, at_own


def _risk_sums(data: _Data, values: Floats) -> Floats:
    """Weighted sums of ``values`` (n, ...) over the risk set of every event time, shape (J, ...)."""
    whole = np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])
    sums = whole[data.first]
    tail = (slice(None), *([None] * (values.ndim - 1)))
    for code in range(data.uncensored.shape[0]):
        stay = np.where(data.rival & (data.group == code), 1 / data.own_uncensored, 0.0)
        past = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values * stay[tail], axis=0)])
        sums = sums + data.uncensored[code][tail] * past[data.first]
    return np.asarray(sums, dtype=np.float64)


def _moments(data: _Data, beta: Floats) -> _Moments:
    predictor = data.x @ beta
    risk = np.exp(predictor)
    weighted = risk[:, None] * data.x
    squares = weighted[:, :, None] * data.x[:, None, :]
    s0, s1, s2 = (_risk_sums(data, values)[data.step] for values in (risk, weighted, squares))
    if data.share.any():
        place = np.searchsorted(data.event_times, data.time[data.own])
        for_ties = [np.zeros((data.event_times.size, *v.shape[1:])) for v in (risk, weighted, squares)]
        for total, values in zip(for_ties, (risk, weighted, squares)):
            np.add.at(total, place, values[data.own])
        e0, e1, e2 = (total[data.step] for total in for_ties)
        s0 = s0 - data.share * e0
        s1 = s1 - data.share[:, None] * e1
        s2 = s2 - data.share[:, None, None] * e2
    mean = s1 / s0[:, None]
    spread = s2 / s0[:, None, None] - mean[:, :, None] * mean[:, None, :]
    return _Moments(
        risk=risk,
        s0=s0,
        mean=mean,
        information=np.asarray(spread.sum(axis=0), dtype=np.float64),
        loglik=float(predictor[data.own].sum() - np.log(s0).sum()),
        score=np.asarray(data.x[data.own].sum(axis=0) - mean.sum(axis=0), dtype=np.float64),
    )


def _maximise(data: _Data) -> tuple[Floats, float, float]:
    """Coefficients, log-likelihood there and at 0, by Newton's steps, halved where it would fall."""
    beta = np.zeros(data.x.shape[1])
    now = _moments(data, beta)
    null = now.loglik
    for _ in range(_STEPS):
        step = np.linalg.solve(now.information, now.score)
        following = _moments(data, beta + step)
        while not following.loglik >= now.loglik - 1e-9 and np.abs(step).max() > 1e-12:
            step = step / 2
            following = _moments(data, beta + step)
        gain = float(step @ now.score)
        beta, now = beta + step, following
        if gain < 1e-18 * max(1.0, abs(now.loglik)):
            return beta, now.loglik, null
    raise StatisticsError(
        "no-convergence", "x: the estimates run off to infinity", "drop or merge categories"
    )


def _compensator(data: _Data, moments: _Moments) -> tuple[Floats, Floats]:
    """Increments of the baseline and of the baseline times the mean of the risk set, at each event time."""
    size = data.event_times.size
    jumps = sum_by_place(data.step, 1 / moments.s0, size)
    means = np.zeros((size, data.x.shape[1]))
    np.add.at(means, data.step, moments.mean / moments.s0[:, None])
    return jumps, means


def _score_residuals(data: _Data, moments: _Moments) -> Floats:
    """Each row's part of the score, the weights taken as known, shape (n, p)."""
    jumps, means = _compensator(data, moments)
    size, p = means.shape
    upto = np.searchsorted(data.event_times, data.time, side="right")
    total0 = np.concatenate([[0.0], np.cumsum(jumps)])[upto]
    total1 = np.vstack([np.zeros(p), np.cumsum(means, axis=0)])[upto]
    place = np.searchsorted(data.event_times, data.time[data.own])
    # A row that dies in a tie leaves the risk set bit by bit (Efron) or not before its end (Breslow).
    gone0 = sum_by_place(data.step, data.share / moments.s0, size)
    gone1, seen = np.zeros((size, p)), np.zeros((size, p))
    np.add.at(gone1, data.step, (data.share / moments.s0)[:, None] * moments.mean)
    np.add.at(seen, data.step, moments.mean)
    total0[data.own] -= gone0[place]
    total1[data.own] -= gone1[place]
    residual = -moments.risk[:, None] * (data.x * total0[:, None] - total1)
    tied = np.bincount(data.step, minlength=size)
    residual[data.own] += data.x[data.own] - (seen / tied[:, None])[place]
    for code in range(data.uncensored.shape[0]):
        rows = data.rival & (data.group == code)
        later0, later1 = _later(data.uncensored[code], jumps, means)
        stay = moments.risk[rows] / data.own_uncensored[rows]
        residual[rows] -= stay[:, None] * (data.x[rows] * later0[upto[rows], None] - later1[upto[rows]])
    return np.asarray(residual, dtype=np.float64)


def _later(uncensored: Floats, jumps: Floats, means: Floats) -> tuple[Floats, Floats]:
    """Weighted compensator from the k-th event time on, k = 0..J."""
    one = np.append(np.cumsum((uncensored * jumps)[::-1])[::-1], 0.0)
    two = np.cumsum((uncensored[:, None] * means)[::-1], axis=0)[::-1]
    return one, np.vstack([two, np.zeros((1, means.shape[1]))])


def _censoring_residuals(data: _Data, moments: _Moments) -> Floats:
    """What estimating G adds to each row's part of the score: the integral of q / pi over its martingale."""
    jumps, means = _compensator(data, moments)
    added = np.zeros_like(data.x)
    for code in range(data.uncensored.shape[0]):
        rows = np.flatnonzero(data.group == code)
        times, place, leaving = np.unique(data.time[rows], return_inverse=True, return_counts=True)
        lost = sum_by_place(place, np.asarray(data.lost[rows], dtype=np.float64), times.size)
        at_risk = np.cumsum(leaving[::-1])[::-1].astype(np.float64)
        stay = np.where(data.rival[rows], moments.risk[rows] / data.own_uncensored[rows], 0.0)
        here0 = sum_by_place(place, stay, times.size)
        here1 = np.zeros((times.size, data.x.shape[1]))
        np.add.at(here1, place, stay[:, None] * data.x[rows])
        # Rivals gone before u, events from u on: the inequality s >= u > T of the paper's appendix.
        mass0, mass1 = np.cumsum(here0) - here0, np.cumsum(here1, axis=0) - here1
        after = np.searchsorted(data.event_times, times, side="left")
        later0, later1 = _later(data.uncensored[code], jumps, means)
        q = mass1 * later0[after, None] - mass0[:, None] * later1[after]
        per_unit = q / at_risk[:, None]
        drained = np.cumsum(per_unit * (lost / at_risk)[:, None], axis=0)
        added[rows] = np.where(data.lost[rows, None], per_unit[place], 0.0) - drained[place]
    return added
