"""How well markers rank patients, and whether SV does it better than the 2D sizes: in the same patients."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np

from splenic.stats import (
    StatisticsError,
    adjust_p,
    concordance,
    concordance_difference,
    spearman,
    time_dependent_auc,
)
from splenic.study import give, resampling
from splenic.study.data import Bools, Endpoint, Floats, StudyData, Variable
from splenic.study.protocol import Protocol
from splenic.study.results import (
    Discrimination,
    Interval,
    MarkerCorrelation,
    MarkerDifference,
    MarkerDiscrimination,
    TimeAuc,
)

Quantity = Literal["concordance", "concordance-uno", "time-auc", "auc"]


def compared(protocol: Protocol, data: StudyData) -> tuple[Variable, ...]:
    """The main marker and those it is compared with, as far as any patient has them."""
    keys = (protocol.marker, *protocol.markers)
    found = (data.variables.get(key) for key in keys)
    return tuple(v for v in found if v is not None and v.known.any())


def discrimination(protocol: Protocol, data: StudyData, endpoint: Endpoint) -> Discrimination:
    """Concordance and time-dependent AUC of each marker, and the main marker less each other one."""
    base = Discrimination(endpoint=endpoint.key, endpoint_label=endpoint.label)
    markers = compared(protocol, data)
    if not markers or markers[0].key != protocol.marker:
        return base.but(not_done=f"{protocol.marker} is known for no patient")
    rows = endpoint.known.copy()
    for variable in markers:
        rows &= variable.known
    reason = give.too_few(rows, endpoint.event, protocol.least_events, "all markers")
    if reason is not None:
        return base.but(not_done=reason, correlation=_correlations(protocol, markers, rows))
    time, event = endpoint.time[rows], endpoint.event[rows]
    risks = {v.key: -v.values[rows] if v.key in protocol.lower_is_risk else v.values[rows] for v in markers}
    at = [t for t in protocol.auc_months if _possible(time, event, t)]
    try:
        ranked = tuple(_marker(protocol, v, time, event, risks[v.key], at) for v in markers)
        differences = _differences(protocol, markers, time, event, risks, at)
    except StatisticsError as error:
        return base.but(not_done=str(error))
    return base.but(
        n=time.size,
        events=int(event.sum()),
        markers=ranked,
        differences=differences,
        correlation=_correlations(protocol, markers, rows),
        notes=("Markers are compared in the patients who have all of them.",),
    )


def _possible(time: Floats, event: Floats, at: float) -> bool:
    """Whether there are at least five cases and five controls at a time."""
    return bool(((time <= at) & (event == 1)).sum() >= 5 and (time > at).sum() >= 5)


def _marker(
    protocol: Protocol, variable: Variable, time: Floats, event: Floats, risk: Floats, at: Sequence[float]
) -> MarkerDiscrimination:
    level = protocol.level
    areas = time_dependent_auc(time, event, risk, at, level=level) if at else None
    return MarkerDiscrimination(
        marker=variable.key,
        label=variable.label,
        lower_is_risk=variable.key in protocol.lower_is_risk,
        n=time.size,
        events=int(event.sum()),
        concordance=give.interval(concordance(time, event, risk, level=level)),
        concordance_uno=give.interval(concordance(time, event, risk, weight="n/G2", level=level)),
        auc=()
        if areas is None
        else tuple(
            TimeAuc(
                time=moment,
                auc=give.interval(areas, place=k),
                cases=int(areas.events[k]),
                controls=int(areas.survivors[k]),
            )
            for k, moment in enumerate(at)
        ),
    )


def _differences(
    protocol: Protocol,
    markers: Sequence[Variable],
    time: Floats,
    event: Floats,
    risks: dict[str, Floats],
    at: Sequence[float],
) -> tuple[MarkerDifference, ...]:
    others = [v.key for v in markers[1:]]
    if not others:
        return ()
    if not protocol.resamples or time.size > resampling.MOST_PATIENTS:
        return _asymptotic(protocol, others, time, event, risks)
    counts = resampling.resample_counts(time.size, protocol.resamples, protocol.seed)
    found: list[MarkerDifference] = []
    for quantity, moment, values, estimates in _all_quantities(time, event, risks, at, counts):
        first = protocol.marker
        ps = [resampling.bootstrap_p(values[first] - values[key]) for key in others]
        adjusted = adjust_p(ps, "holm")
        for k, key in enumerate(others):
            low, high = resampling.percentile(values[first] - values[key], protocol.level)
            found.append(
                MarkerDifference(
                    first=first,
                    second=key,
                    quantity=quantity,
                    time=moment,
                    n=time.size,
                    difference=Interval(
                        estimate=estimates[first] - estimates[key],
                        low=low,
                        high=high,
                        level=protocol.level,
                        method="paired bootstrap, percentile interval",
                    ),
                    p=ps[k],
                    p_adjusted=float(adjusted[k]),
                    resamples=protocol.resamples,
                )
            )
    return tuple(found)


def _all_quantities(
    time: Floats, event: Floats, risks: dict[str, Floats], at: Sequence[float], counts: Floats
) -> list[tuple[Quantity, float | None, dict[str, Floats], dict[str, float]]]:
    """Each quantity: its time, its value in every resample by marker, and in the data."""
    once = np.ones((1, time.size))

    def both(function: Any) -> tuple[dict[str, Floats], dict[str, float]]:
        values = {key: function(time, event, risk, counts) for key, risk in risks.items()}
        return values, {key: float(function(time, event, risk, once)[0]) for key, risk in risks.items()}

    found: list[tuple[Quantity, float | None, dict[str, Floats], dict[str, float]]] = [
        ("concordance", None, *both(resampling.concordances)),
        ("concordance-uno", None, *both(resampling.uno_concordances)),
    ]
    areas = {key: resampling.time_aucs(time, event, risk, at, counts) for key, risk in risks.items()}
    here = {key: resampling.time_aucs(time, event, risk, at, once)[0] for key, risk in risks.items()}
    found += [
        (
            "time-auc",
            moment,
            {key: values[:, k] for key, values in areas.items()},
            {key: float(values[k]) for key, values in here.items()},
        )
        for k, moment in enumerate(at)
    ]
    return found


def _asymptotic(
    protocol: Protocol, others: Sequence[str], time: Floats, event: Floats, risks: dict[str, Floats]
) -> tuple[MarkerDifference, ...]:
    """Differences of Harrell's C from their influence, where there is no bootstrap."""
    # The second less the first is what the function gives.
    found = [
        concordance_difference(time, event, risks[key], risks[protocol.marker], level=protocol.level)
        for key in others
    ]
    adjusted = adjust_p([one.p for one in found], "holm")
    return tuple(
        MarkerDifference(
            first=protocol.marker,
            second=key,
            quantity="concordance",
            n=time.size,
            difference=Interval(
                estimate=one.estimate,
                low=one.low,
                high=one.high,
                level=protocol.level,
                method="infinitesimal jackknife",
            ),
            p=one.p,
            p_adjusted=float(p),
        )
        for key, one, p in zip(others, found, adjusted)
    )


def _correlations(
    protocol: Protocol, markers: Sequence[Variable], rows: Bools
) -> tuple[MarkerCorrelation, ...]:
    if rows.sum() < 4:
        return ()
    found = []
    for one, other in combinations(markers, 2):
        a, b = one.values[rows], other.values[rows]
        if np.ptp(a) == 0 or np.ptp(b) == 0:
            continue
        result = spearman(a, b, level=protocol.level)
        found.append(
            MarkerCorrelation(
                first=one.key,
                second=other.key,
                correlation=give.interval(result),
                p=result.p,
                n=int(rows.sum()),
            )
        )
    return tuple(found)
