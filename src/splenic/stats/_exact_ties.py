"""The exact (discrete) partial likelihood of Cox 1972 for tied deaths.

At a place with d deaths the denominator is the sum, over all ways to choose d of the rows at risk, of the
product of their relative hazards: the coefficient of z^d in the product of (1 + z r_i). The rows enter one
after the other, latest first, and the coefficients are carried on with their first and second derivatives
(Gail, Lubin & Rubinstein 1981). That recursion is a loop over rows by nature; its cost is O(n d p^2).
"""

from __future__ import annotations

import numpy as np

from ._arrays import Floats
from ._risk_sets import RiskSets


def exact_likelihood(sets: RiskSets, beta: Floats) -> tuple[float, Floats, Floats]:
    """Log likelihood, score (p,) and information (p, p) at coefficients (p,)."""
    eta = sets.x @ beta + sets.offset
    p = sets.x.shape[1]
    loglik, score, info = 0.0, np.zeros(p), np.zeros((p, p))
    for code in range(sets.first.size - 1):
        rows = np.flatnonzero(sets.stratum == code)
        if sets.first[code + 1] > sets.first[code]:
            part = _one_stratum(sets, rows, eta, code)
            loglik, score, info = loglik + part[0], score + part[1], info + part[2]
    return loglik, score, info


def _one_stratum(sets: RiskSets, rows: np.ndarray, eta: Floats, code: int) -> tuple[float, Floats, Floats]:
    ties = np.bincount(sets.place, minlength=sets.place_time.size)
    start, stop = int(sets.first[code]), int(sets.first[code + 1])
    most, p = int(ties[start:stop].max()), sets.x.shape[1]
    rows = rows[np.argsort(-sets.exit[rows], kind="stable")]
    # With hazards that sum to the number of ties the coefficients stay within floating-point range.
    shift = float(np.log(np.sum(np.exp(eta[rows] - eta[rows].max()))) + eta[rows].max() - np.log(most))
    risk = np.exp(eta[rows] - shift)
    value = np.zeros(most + 1)
    value[0] = 1.0
    first, second = np.zeros((most + 1, p)), np.zeros((most + 1, p, p))
    loglik, score, info = 0.0, np.zeros(p), np.zeros((p, p))
    entering = 0
    upto = sets.exit[rows]
    for place in range(stop - 1, start - 1, -1):
        while entering < rows.size and upto[entering] > place:
            _enter(value, first, second, risk[entering], sets.x[rows[entering]])
            entering += 1
        d = int(ties[place])
        mean = first[d] / value[d]
        loglik -= float(np.log(value[d]))
        score -= mean
        info += second[d] / value[d] - np.outer(mean, mean)
    dead = sets.dead[sets.stratum[sets.dead] == code]
    return loglik + float(np.sum(eta[dead] - shift)), score + sets.x[dead].sum(axis=0), info


def _enter(value: Floats, first: Floats, second: Floats, risk: float, x: Floats) -> None:
    """Multiply the polynomial and its derivatives by (1 + z risk), risk being exp(x beta), in place."""
    cross = first[:-1, :, np.newaxis] * x
    added = (
        second[:-1] + cross + cross.transpose(0, 2, 1) + value[:-1, np.newaxis, np.newaxis] * np.outer(x, x)
    )
    second[1:] += risk * added
    first[1:] += risk * (first[:-1] + value[:-1, np.newaxis] * x)
    value[1:] += risk * value[:-1]
