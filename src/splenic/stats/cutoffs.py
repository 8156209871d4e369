"""What a cut-off does, wherever it comes from: published, the median, or found by search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import StatisticsError, as_events, as_numbers, as_times, complete_rows
from ._distributions import normal_width
from .logrank import logrank_test
from .maxstat_bootstrap import two_group_log_hazard_ratio


@dataclass(frozen=True, slots=True)
class CutoffEffect:
    """Survival above against at or below a cut-off.

    Attributes
    ----------
    estimate, low, high : hazard ratio and Wald's interval; infinite or 0 where one group has no event.
    p : of the log-rank test, uncorrected: it holds for a cut-off that these rows had no part in choosing.
    n_low, n_high, events_low, events_high : rows and events at or below, and above.
    """

    cutoff: float
    estimate: float
    low: float
    high: float
    p: float
    n_low: int
    n_high: int
    events_low: int
    events_high: int
    level: float
    method: str = "Cox hazard ratio (Efron), log-rank test"
    reference: str = "Cox 1972; Mantel 1966"

    def __str__(self) -> str:
        groups = f"{self.events_high} of {self.n_high} above, {self.events_low} of {self.n_low} at or below"
        ratio = f"hazard ratio {self.estimate:.2f} ({self.low:.2f} to {self.high:.2f})"
        return f"cut-off {self.cutoff:g}: {ratio}, log-rank p = {self.p:.3g}; events {groups}"


def cutoff_effect(
    time: ArrayLike, event: ArrayLike, marker: ArrayLike, cutoff: float, *, level: float = 0.95
) -> CutoffEffect:
    """Hazard ratio and log-rank test of a cut-off that was fixed beforehand.

    Parameters
    ----------
    time, event, marker : array_like, shape (n,)
        Follow-up, whether the event was seen, and the marker; rows with a missing value are dropped.
    cutoff : float
        The lower group is ``marker <= cutoff``. For one found by search in the same rows report the p value
        of `splenic.stats.maxstat.find_cutoff` and the corrected ratio of
        `splenic.stats.maxstat_bootstrap.bootstrap_cutoff` instead.
    level : float
        Confidence.
    """
    width = normal_width(level)
    t, e, x = as_times(time), as_events(event), as_numbers(marker, "marker")
    kept = complete_rows(time=t, event=e, marker=x)
    t, e, above = t[kept], e[kept], x[kept] > cutoff
    if not 0 < above.sum() < above.size:
        raise StatisticsError(
            "empty-group",
            f"marker: no row lies on one side of {cutoff:g}",
            "choose a cut-off within its range",
        )
    slope, error = two_group_log_hazard_ratio(t, e, above)
    if np.isfinite(error):
        ratio, low, high = np.exp([slope, slope - width * error, slope + width * error]).tolist()
    else:
        ratio, low, high = (np.nan if slope == 0 else np.inf if slope > 0 else 0.0), 0.0, np.inf
    return CutoffEffect(
        cutoff=float(cutoff),
        estimate=ratio,
        low=low,
        high=high,
        p=logrank_test(t, e, above).p,
        n_low=int((~above).sum()),
        n_high=int(above.sum()),
        events_low=int(e[~above].sum()),
        events_high=int(e[above].sum()),
        level=level,
    )
