"""Sums over risk sets, the arithmetic below every Cox model.

A *place* is a distinct event time within a stratum. Deaths that share a place are taken one after the other
(*steps*): at step j of d, Efron's rule counts the dying with 1 - j/d, Breslow's with 1. Sums over the rows at
risk are cumulative sums over places, so one evaluation costs O(n p^2) and no array is larger than the data.

Exchanging the order of summation gives each row its own cumulative hazard (`Moments.hazard`), from which
score, information and residuals follow without a loop over places: the score is X'(d - r hazard).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._arrays import Bools, Floats, Ints, sum_by_place


@dataclass(frozen=True, slots=True)
class RiskSets:
    """Who is at risk where; n rows, K places, D deaths.

    Attributes
    ----------
    x : covariates (n, p). event, weight, offset : (n,). stratum : (n,) codes 0 to S-1.
    place_time, place_stratum : (K,), sorted by stratum, then time.
    first : (S + 1,) first place of each stratum.
    exit, entry : (n,) places of all strata up to a row's time, and up to its entry; a row is at risk at the
        places entry <= k < exit.
    dead, place : (D,) rows that die, and where.
    fraction : (D,) share of the dying already taken out, by step.
    mean_weight : (K,) mean weight of the dying.
    """

    x: Floats
    event: Bools
    weight: Floats
    offset: Floats
    stratum: Ints
    place_time: Floats
    place_stratum: Ints
    first: Ints
    exit: Ints
    entry: Ints
    dead: Ints
    place: Ints
    fraction: Floats
    mean_weight: Floats


@dataclass(frozen=True, slots=True)
class Moments:
    """The risk sets at one linear predictor.

    Attributes
    ----------
    loglik : log partial likelihood. risk : (n,) weight times relative hazard, up to the factor exp(shift).
    denominator : (D,) sum of `risk` at risk at each step. mean : (D, p) mean covariates at each step.
    hazard : (n,) cumulative hazard that a row has passed through, per unit of `risk` without its weight.
    shift : what was taken off the linear predictor against overflow.
    """

    loglik: float
    risk: Floats
    denominator: Floats
    mean: Floats
    hazard: Floats
    shift: float


def risk_sets(
    x: Floats,
    time: Floats,
    event: Floats,
    *,
    entry: Floats | None = None,
    stratum: Ints | None = None,
    weight: Floats | None = None,
    offset: Floats | None = None,
    efron: bool = True,
) -> RiskSets:
    """Sort complete rows into risk sets; see `RiskSets`."""
    n = time.size
    strata = np.zeros(n, dtype=np.intp) if stratum is None else stratum
    w = np.ones(n) if weight is None else weight
    died = event > 0
    place_time, place_stratum, first = _places(time[died], strata[died], int(strata.max(initial=0)) + 1)
    exit_ = _count_up_to(time, strata, place_time, first)
    entry_ = first[strata] if entry is None else _count_up_to(entry, strata, place_time, first)
    dead = np.flatnonzero(died)
    order = np.argsort(exit_[dead], kind="stable")
    dead = dead[order]
    place = exit_[dead] - 1
    k = place_time.size
    ties = np.bincount(place, minlength=k)
    step = np.arange(dead.size) - np.repeat(np.cumsum(ties) - ties, ties)
    fraction = step / ties[place] if efron else np.zeros(dead.size)
    return RiskSets(
        x,
        died,
        w,
        np.zeros(n) if offset is None else offset,
        strata,
        place_time,
        place_stratum,
        first,
        exit_,
        entry_,
        dead,
        place,
        fraction,
        sum_by_place(place, w[dead], k) / np.maximum(ties, 1),
    )


def moments(sets: RiskSets, beta: Floats) -> Moments:
    """Evaluate the risk sets at coefficients (p,)."""
    eta = sets.x @ beta + sets.offset
    shift = float(eta.max(initial=-np.inf)) if eta.size else 0.0
    risk = sets.weight * np.exp(eta - shift)
    denominator = at_steps(sets, risk)
    sums = at_steps(sets, risk[:, np.newaxis] * sets.x)
    weight = sets.mean_weight[sets.place]
    # A linear predictor so wide that a whole risk set vanishes beside the largest: no place for a maximum.
    lost = not (denominator > 0).all()
    denominator = np.maximum(denominator, np.finfo(np.float64).tiny)
    mean = sums / denominator[:, np.newaxis]
    loglik = float(sets.weight[sets.dead] @ (eta[sets.dead] - shift) - weight @ np.log(denominator))
    loglik = -np.inf if lost else loglik
    return Moments(loglik, risk, denominator, mean, passed(sets, weight / denominator), shift)


def at_steps(sets: RiskSets, values: Floats) -> Floats:
    """Sums of `values` (n,) or (n, q) over the rows at risk at each step, shape (D,) or (D, q)."""
    return at_places(sets, values)[sets.place] - _scale(dying(sets, values)[sets.place], sets.fraction)


def at_places(sets: RiskSets, values: Floats) -> Floats:
    """Sums of `values` (n,) or (n, q) over the rows at risk at each place, shape (K,) or (K, q)."""
    here = _bin(sets, values, sets.exit)
    late = sets.entry > sets.first[sets.stratum]
    if late.any():
        here = here - _bin(sets, values, sets.entry)
    for start, stop in zip(sets.first[:-1], sets.first[1:]):
        # Backwards in time, so that the small late risk sets are not differences of large sums.
        here[start:stop] = np.cumsum(here[start:stop][::-1], axis=0)[::-1]
    return here


def dying(sets: RiskSets, values: Floats) -> Floats:
    """Sums of `values` (n,) or (n, q) over the rows that die at each place."""
    return _sum_rows(sets.place, values[sets.dead], sets.place_time.size)


def passed(sets: RiskSets, increments: Floats) -> Floats:
    """What each row collects of step increments (D,) or (D, q) while at risk, shape (n,) or (n, q).

    A dying row collects at its own place only the share with which it still counts at each step.
    """
    k = sets.place_time.size
    whole = np.cumsum(_sum_rows(sets.place, increments, k), axis=0)
    whole = np.concatenate([np.zeros_like(whole[:1]) if k else np.zeros((1, *increments.shape[1:])), whole])
    collected = whole[sets.exit] - whole[sets.entry]
    if sets.fraction.any():
        collected[sets.dead] -= _sum_rows(sets.place, _scale(increments, sets.fraction), k)[sets.place]
    return collected


def score(sets: RiskSets, now: Moments) -> Floats:
    """First derivative of the log partial likelihood, shape (p,)."""
    gradient: Floats = sets.x.T @ (sets.weight * sets.event - now.risk * now.hazard)
    return gradient


def information(sets: RiskSets, now: Moments, factor: Floats | None = None) -> Floats:
    """Minus the second derivative, shape (p, p); `factor` (D,) weights the contribution of each step."""
    weight = sets.mean_weight[sets.place]
    if factor is None:
        hazard = now.hazard
    else:
        weight = weight * factor
        hazard = passed(sets, weight / now.denominator)
    matrix: Floats = sets.x.T @ ((now.risk * hazard)[:, np.newaxis] * sets.x)
    return matrix - now.mean.T @ (weight[:, np.newaxis] * now.mean)


def mean_at_death(sets: RiskSets, now: Moments) -> Floats:
    """Mean covariates that a death is compared with: the average over its place's steps, shape (D, p)."""
    k = sets.place_time.size
    ties = np.bincount(sets.place, minlength=k)
    return (_sum_rows(sets.place, now.mean, k) / ties[:, np.newaxis])[sets.place]


def score_residuals(sets: RiskSets, now: Moments) -> Floats:
    """Contribution of each row to the score, without its weight, shape (n, p)."""
    increments = (sets.mean_weight[sets.place] / now.denominator)[:, np.newaxis] * now.mean
    relative = (now.risk / sets.weight)[:, np.newaxis]
    residuals = -relative * (sets.x * now.hazard[:, np.newaxis] - passed(sets, increments))
    residuals[sets.dead] += sets.x[sets.dead] - mean_at_death(sets, now)
    return residuals


def _places(time: Floats, stratum: Ints, strata: int) -> tuple[Floats, Ints, Ints]:
    pairs = np.unique(np.column_stack([stratum.astype(np.float64), time]), axis=0)
    place_stratum = pairs[:, 0].astype(np.intp)
    return pairs[:, 1].copy(), place_stratum, np.searchsorted(place_stratum, np.arange(strata + 1))


def _count_up_to(time: Floats, stratum: Ints, place_time: Floats, first: Ints) -> Ints:
    counted = np.empty(time.size, dtype=np.intp)
    for code in range(first.size - 1):
        rows = stratum == code
        start, stop = first[code], first[code + 1]
        counted[rows] = start + np.searchsorted(place_time[start:stop], time[rows], side="right")
    return counted


def _bin(sets: RiskSets, values: Floats, upto: Ints) -> Floats:
    inside = upto > sets.first[sets.stratum]
    return _sum_rows(upto[inside] - 1, values[inside], sets.place_time.size)


def _sum_rows(place: Ints, values: Floats, size: int) -> Floats:
    if values.ndim == 1:
        return sum_by_place(place, values, size)
    sums = np.empty((size, values.shape[1]))
    for column in range(values.shape[1]):
        sums[:, column] = sum_by_place(place, values[:, column], size)
    return sums


def _scale(values: Floats, factor: Floats) -> Floats:
    return values * factor if values.ndim == 1 else values * factor[:, np.newaxis]
