"""Spline bases: restricted cubic (Harrell), natural cubic, and B-splines on an even grid.

Each basis carries its knots, so that the same columns can be made for new values; outside the boundary knots
all are straight lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._arrays import Floats, StatisticsError

# Where Harrell (2015) puts the knots: shares of the values, by number of knots.
_HARRELL = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975),
}


@dataclass(frozen=True, slots=True)
class RestrictedCubic:
    """Harrell's restricted cubic spline: the value itself, then one column per knot but two."""

    knots: Floats

    def columns(self, x: Floats) -> Floats:
        """Basis at x (n,), shape (n, knots - 1)."""
        k, last, before = self.knots, self.knots[-1], self.knots[-2]
        cubes = np.maximum(x[:, np.newaxis] - k, 0.0) ** 3
        inner = cubes[:, :-2]
        at_last = np.outer(cubes[:, -1], (before - k[:-2]) / (last - before))
        at_before = np.outer(cubes[:, -2], (last - k[:-2]) / (last - before))
        return np.column_stack([x, (inner + at_last - at_before) / (last - k[0]) ** 2])


@dataclass(frozen=True, slots=True)
class NaturalCubic:
    """Natural cubic spline as a projection of B-splines, without a constant."""

    inner: Floats
    boundary: tuple[float, float]
    projection: Floats

    def columns(self, x: Floats) -> Floats:
        """Basis at x (n,), shape (n, inner knots + 1)."""
        return b_splines(x, _clamped(self.inner, self.boundary))[:, 1:] @ self.projection


@dataclass(frozen=True, slots=True)
class EvenBSplines:
    """Cubic B-splines on evenly spaced knots, the first left out: a Cox model has no constant."""

    boundary: tuple[float, float]
    segments: int

    @property
    def knots(self) -> Floats:
        """All knots, three beyond either boundary."""
        low, high = self.boundary
        step = (high - low) / self.segments
        left, right = low + step * np.arange(-3, self.segments), high + step * np.arange(4)
        return np.concatenate([left, right])

    @property
    def centres(self) -> Floats:
        """Middle of each column's support, up to a shift common to all."""
        return self.knots[1 : self.segments + 3]

    def columns(self, x: Floats) -> Floats:
        """Basis at x (n,), shape (n, segments + 2)."""
        return b_splines(x, self.knots)[:, 1:]

    def penalty(self) -> Floats:
        """Squares of the second differences of the coefficients (Eilers & Marx 1996)."""
        differences = np.diff(np.eye(self.segments + 3), n=2, axis=0)
        matrix: Floats = differences.T @ differences
        return matrix[1:, 1:]


def restricted_cubic(x: Floats, knots: int) -> RestrictedCubic:
    """Restricted cubic spline with knots at Harrell's shares of the values."""
    if knots not in _HARRELL:
        raise StatisticsError("bad-option", f"knots: 3 to 7 are possible, got {knots}")
    places = np.quantile(x, _HARRELL[knots])
    if np.unique(places).size < knots:
        raise StatisticsError("bad-option", f"knots: the values are too tied for {knots} knots", "use fewer")
    return RestrictedCubic(places)


def natural_cubic(x: Floats, df: int) -> NaturalCubic:
    """Natural cubic spline with `df` columns: inner knots at even shares, boundary knots at the ends."""
    if df < 2:
        raise StatisticsError("bad-option", f"df: two or more are needed, got {df}")
    inner = np.quantile(x, np.arange(1, df) / df)
    boundary = (float(x.min()), float(x.max()))
    # The second derivative must vanish at both ends: two linear constraints on the B-splines.
    bent = _derivatives(_clamped(inner, boundary), np.array(boundary), 2)[:, 1:]
    projection = np.linalg.qr(bent.T, mode="complete")[0][:, 2:]
    return NaturalCubic(inner, boundary, projection)


def b_splines(x: Floats, knots: Floats) -> Floats:
    """Cubic B-splines at x (n,), straight beyond the boundary knots, shape (n, knots - 4)."""
    from scipy.interpolate import BSpline

    low, high = knots[3], knots[-4]
    inside = np.clip(x, low, high)
    basis: Floats = BSpline.design_matrix(inside, knots, 3).toarray()
    outside = x != inside
    if outside.any():
        edge = inside[outside]
        basis[outside] += (x[outside] - edge)[:, np.newaxis] * _derivatives(knots, edge, 1)
    return basis


def _derivatives(knots: Floats, x: Floats, order: int) -> Floats:
    from scipy.interpolate import BSpline

    slopes: Floats = BSpline(knots, np.eye(knots.size - 4), 3).derivative(order)(x)
    return slopes


def _clamped(inner: Floats, boundary: tuple[float, float]) -> Floats:
    return np.concatenate([np.repeat(boundary[0], 4), inner, np.repeat(boundary[1], 4)])
