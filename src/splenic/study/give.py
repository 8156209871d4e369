"""Results of ``stats`` in the form of the results tree, and the question whether there is enough to test."""

from __future__ import annotations

from typing import Any

import numpy as np

from splenic.stats import CoxFit, ProportionalHazardsTest, proportional_hazards_test
from splenic.study.data import Bools, Floats
from splenic.study.results import Interval, Summary, Test


def interval(found: Any, method: str | None = None, *, place: int | None = None) -> Interval:
    """Estimate and limits of any result that has them; ``place`` picks one of several."""

    def pick(values: Any) -> Any:
        return values if place is None else values[place]

    return Interval(
        estimate=pick(found.estimate),
        low=pick(found.low),
        high=pick(found.high),
        level=getattr(found, "level", 0.95),
        method=getattr(found, "method", "") if method is None else method,
    )


def hypothesis(found: Any, method: str | None = None, n: int | None = None) -> Test:
    """Statistic, degrees of freedom and p of any result that has them."""
    return Test(
        method=getattr(found, "method", "") if method is None else method,
        statistic=getattr(found, "statistic", None),
        df=getattr(found, "df", None),
        p=found.p,
        n=n,
    )


def hazards(fit: CoxFit) -> ProportionalHazardsTest | None:
    """Test of proportional hazards; None where the model leaves nothing to test them with."""
    if fit.infinite:
        return None
    try:
        return proportional_hazards_test(fit)
    except np.linalg.LinAlgError:
        return None  # e.g. all the information about a term comes from one time


def summary(values: Floats) -> Summary:
    """A continuous variable; quartiles by R's default rule (type 7)."""
    known = values[~np.isnan(values)]
    missing = int(values.size - known.size)
    if known.size == 0:
        return Summary(n=0, missing=missing)
    q1, median, q3 = np.quantile(known, [0.25, 0.5, 0.75]).tolist()
    return Summary(
        n=int(known.size),
        missing=missing,
        mean=float(known.mean()),
        sd=float(known.std(ddof=1)) if known.size > 1 else None,
        median=median,
        q1=q1,
        q3=q3,
        smallest=float(known.min()),
        largest=float(known.max()),
    )


def too_few(rows: Bools, event: Floats, least_events: int, what: str = "") -> str | None:
    """Why there is too little to test, in one sentence; None where there is enough."""
    n, events = int(rows.sum()), int(np.nansum(event[rows]))
    if events >= least_events:
        return None
    of = f" of {what}" if what else ""
    return (
        f"{n} patients with {events} events{of} are too few to test "
        f"(the protocol asks for at least {least_events} events)"
    )
