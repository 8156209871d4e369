"""Real patients: overall survival of the HCC-TACE-Seg collection against R's values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest

from splenic.stats.concordance import concordance
from splenic.stats.cox import fit_cox
from splenic.stats.cox_diagnostics import proportional_hazards_test
from splenic.stats.logrank import logrank_test
from splenic.stats.survival import follow_up, kaplan_meier
from splenic.stats.survival_summaries import quantiles, restricted_mean, survival_at

REL = 1e-9
TABLE = Path("../data/clinical/hcc_tace_seg.csv")
GROUPS = {
    "portal_vein_thrombosis": "pvt",
    "child_pugh_a_against_bc": "child_bc",
    "multinodular": "multinodular",
}


def patients() -> dict[str, np.ndarray]:
    """The columns the golden script derives, by its names."""
    raw = golden.table(str(TABLE))
    return {
        "weeks": raw["OS"],
        "months": raw["OS"] * 7 * 12 / 365.25,
        "event": raw["Death_1_StillAliveorLostToFU_0"],
        "age": raw["age"],
        "male": (raw["Sex"] == 1).astype(float),
        "child_bc": (raw["CPS"] != "A").astype(float),
        "pvt": raw["Portal Vein Thrombosis"],
        "log10_afp": np.log10(raw["AFP"]),
        "multinodular": (raw["tumor_nodul"] == "multinodular").astype(float),
    }


def described(data: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, Any]:
    event, months = data["event"][rows], data["months"][rows]
    found: dict[str, Any] = {"n": rows.sum(), "events": event.sum()}
    for interval in ("log", "log-log", "plain"):
        for unit in ("weeks", "months"):
            median = quantiles(kaplan_meier(data[unit][rows], event, interval=interval), (0.5,))
            found[f"median_{unit}_{interval}"] = [median.estimate[0], median.low[0], median.high[0]]
    curve = kaplan_meier(months, event)
    at = survival_at(curve, [12, 24, 36, 60])
    loglog = survival_at(kaplan_meier(months, event, interval="log-log"), [12, 24, 36, 60])
    marks = {"month": at.time, "n_risk": at.at_risk, "surv": at.estimate, "std_err": at.std_err}
    marks |= {"lower_log": at.low, "upper_log": at.high}
    found["landmarks"] = marks | {"lower_loglog": loglog.low, "upper_loglog": loglog.high}
    mean = restricted_mean(curve, 36)
    return found | {"rmst_36": {"rmst": mean.estimate, "se": mean.std_err}}


@pytest.mark.parametrize("case_id", golden.ids("hcc_tace_seg", "overall"))
def test_overall_survival_equals_r(case_id: str) -> None:
    case, data = golden.load("hcc_tace_seg", case_id), patients()
    case.match("", described(data, np.ones(data["event"].size, dtype=bool)), rel=REL)
    follow = follow_up(data["months"], data["event"])
    case.match("follow_up_reverse_km_median_months", [follow.estimate, follow.low, follow.high], rel=REL)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("hcc_tace_seg", "by_.*"))
def test_two_groups_equal_r(case_id: str) -> None:
    case, data = golden.load("hcc_tace_seg", case_id), patients()
    group = data[GROUPS[case_id.removeprefix("by_")]]
    case.match("group0", described(data, group == 0), rel=REL)
    case.match("group1", described(data, group == 1), rel=REL)
    test, peto = (logrank_test(data["months"], data["event"], group, rho=rho) for rho in (0, 1))
    found = {"observed": test.observed, "expected": test.expected, "variance": test.variance[0, 0]}
    found |= {"logrank_chisq": test.statistic, "logrank_p": test.p}
    case.match("", found | {"peto_chisq": peto.statistic, "peto_p": peto.p}, rel=REL)
    fit = fit_cox(data["months"], data["event"], group)
    cox = {"coef": fit.coefficient[0], "se": fit.std_err[0], "hr": fit.estimate[0], "lower": fit.low[0]}
    case.match("cox", cox | {"upper": fit.high[0], "p": fit.p[0]}, rel=1e-8)
    case.done()


@pytest.mark.parametrize("case_id", golden.ids("hcc_tace_seg", "cox_.*"))
def test_cox_models_equal_r(case_id: str) -> None:
    case, data = golden.load("hcc_tace_seg", case_id), patients()
    terms = case.expected("terms")
    x = np.column_stack([data[term] for term in terms])
    fit = fit_cox(data["months"], data["event"], x, terms=terms, ties=case_id.split("_")[-1])
    found: dict[str, Any] = {
        "n": fit.n,
        "events": fit.events,
        "terms": fit.terms,
        "coef": fit.coefficient,
        "se": fit.std_err,
        "hr": fit.estimate,
        "lower": fit.low,
        "upper": fit.high,
        "p": fit.p,
        "loglik_null": fit.loglik_null,
        "loglik": fit.loglik,
    }
    for name, t in {"likelihood_ratio": fit.likelihood_ratio, "wald": fit.wald, "score": fit.score}.items():
        found[name] = {"test": t.statistic, "df": t.df, "pvalue": t.p}
    c = concordance(fit.data.time, fit.data.event, fit.data.x @ fit.coefficient)
    zph = proportional_hazards_test(fit)
    names, chisq, p = [*zph.terms], [*zph.statistic], [*zph.p]
    if len(case.expected("zph_km.terms")) > len(names):
        names, chisq, p = [*names, "GLOBAL"], [*chisq, zph.global_statistic], [*p, zph.global_p]
    found["concordance"] = {"c": c.estimate, "se": c.std_err}
    case.match("", found | {"zph_km": {"terms": names, "chisq": chisq, "p": p}}, rel=1e-8)
    case.done()
