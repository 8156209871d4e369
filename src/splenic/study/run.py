"""The analyses of a study, in the order of the report."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from splenic import __version__
from splenic.cohort import export_csv
from splenic.errors import UsageError
from splenic.study import (
    cutoff,
    decompensate,
    describe,
    discriminate,
    regress,
    risk,
    subgroups,
    survive,
)
from splenic.study.data import Endpoint, StudyData, Variable
from splenic.study.load import load_study
from splenic.study.protocol import Protocol, read_protocol, resolve
from splenic.study.results import (
    Cutoff,
    Header,
    MarkerSurvival,
    Results,
    write_results,
)
from splenic.study.simulate import TRUTH_FILE, read_effects, truths
from splenic.study.terms import grouped, terms_of

Progress = Callable[[str], None]


def run_protocol(
    path: Path, out: Path, *, overrides: dict[str, str] | None = None, progress: Progress | None = None
) -> Results:
    """Run a protocol and write ``results.json`` and ``risks.csv`` into ``out``.

    Parameters
    ----------
    path : Path
        ``protocol.yaml``.
    out : Path
        Folder, made if it is not there.
    overrides : dict, optional
        Paths that take the place of the protocol's: ``table``, ``measurements``; relative to where the
        command runs.
    progress : callable, optional
        Called with the name of each part before it begins.
    """
    protocol = read_protocol(path)
    if overrides:
        given = {name: str(Path(value).absolute()) for name, value in overrides.items()}
        protocol = protocol.but(cohort=protocol.cohort.but(**given))
    data = load_study(protocol, path.parent)
    report = protocol.cohort.development_report
    results, risks = analyse(
        protocol, data, report=None if report is None else resolve(report, path.parent), progress=progress
    )
    beside = path.parent / TRUTH_FILE
    if protocol.data == "synthetic" and beside.is_file():
        results = results.but(truth=truths(read_effects(beside), results))
    out.mkdir(parents=True, exist_ok=True)
    write_results(results, out / "results.json")
    if risks is not None:
        _write_risks(data, risks, protocol.marker, out / "risks.csv")
    return results


def analyse(
    protocol: Protocol,
    data: StudyData,
    *,
    report: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Results, risk.PatientRisks | None]:
    """All analyses of one study.

    Returns
    -------
    Results, and the risks of the patients (None where there is no model).
    """
    if data.n == 0:
        raise UsageError("no-patients", "no patient is left in the study", "see the flow chart of the cohort")
    if protocol.missing == "multiple-imputation" and find_spec("statsmodels") is None:
        raise UsageError(
            "imputation-extra-missing",
            "the protocol asks for multiple imputation, which needs statsmodels, which is not installed",
            "install the extra: pip install 'splenic[imputation]', or choose missing: complete-case",
        )
    # Estimates that run off to infinity overflow on their way; they are told as not finite.
    with np.errstate(over="ignore", invalid="ignore"):
        return _analyse(protocol, data, report, progress or (lambda part: None))


def _analyse(
    protocol: Protocol, data: StudyData, report: Path | None, say: Progress
) -> tuple[Results, risk.PatientRisks | None]:
    endpoints = [data.endpoint(key) for key in protocol.endpoints]
    main = endpoints[0]
    say("cut-off")
    chosen = _split(protocol, data, main)
    say("description")
    label = chosen.cutoff.label if chosen.done else None
    described: dict[str, Any] = {
        "flow": describe.flow(protocol, data),
        "missing_data": describe.missing_data(protocol, data),
        "baseline": describe.baseline(protocol, data, chosen.high, label),
        "performance": describe.performance(report),
        "approval": describe.approval(protocol, data),
        "distributions": tuple(
            describe.distribution(data, v.key) for v in discriminate.compared(protocol, data)
        ),
    }
    say("survival")
    lived = _survival(protocol, data, endpoints, chosen)
    say("2D sizes")
    by_size = tuple(_marker_survival(protocol, data, main, key) for key in protocol.markers)
    say("Cox regression")
    regressed = _regression(protocol, data, endpoints, chosen)
    say("discrimination")
    ranked = tuple(discriminate.discrimination(protocol, data, endpoint) for endpoint in endpoints)
    say("decompensation")
    event = decompensate.decompensation(protocol, data, chosen)
    say("subgroups and sensitivity")
    forest = subgroups.forest(protocol, data, main, chosen)
    sensitive = subgroups.sensitivity(protocol, data, main, chosen)
    say("risk model")
    model, risks = risk.risk_model(protocol, data)
    results = Results(
        header=header(protocol, data),
        **described,
        cutoff=chosen.cutoff,
        **lived,
        by_size=by_size,
        **regressed,
        discrimination=ranked,
        decompensation=event,
        forest=forest,
        sensitivity=sensitive,
        risk_model=model,
        notes=_notes(protocol, data, chosen),
    )
    return results, risks


def header(protocol: Protocol, data: StudyData) -> Header:
    """What was run, on what, with what; nothing that changes from run to run."""
    packages = ["numpy", "scipy"]
    if protocol.missing == "multiple-imputation":
        packages += ["pandas", "statsmodels"]
    return Header(
        title=protocol.title,
        data=protocol.data,
        splenic_version=__version__,
        versions={"python": platform.python_version()} | {name: version(name) for name in packages},
        seed=protocol.seed,
        protocol=_echo(protocol),
        inputs=data.inputs,
        models=data.models,
        level=protocol.level,
        resamples=protocol.resamples,
    )


def _echo(protocol: Protocol) -> dict[str, object]:
    """The protocol as run; of paths the file name alone, since folders may name a person."""
    plain = protocol.model_dump(mode="json")
    for key in ("table", "dictionary", "measurements", "development_report"):
        value = plain["cohort"][key]
        if value is not None:
            plain["cohort"][key] = Path(value).name
    return plain


def _split(protocol: Protocol, data: StudyData, endpoint: Endpoint) -> cutoff.Split:
    variable = data.variables.get(protocol.marker)
    if variable is None:
        absent = Variable(protocol.marker, protocol.marker, "continuous", np.full(data.n, np.nan))
        section = Cutoff(
            marker=protocol.marker,
            label=protocol.marker,
            not_done=f"{protocol.marker} is known for no patient",
        )
        return cutoff.Split(section, absent.values, absent.known)
    return cutoff.split(protocol, protocol.cutoff, data, variable, endpoint)


def _survival(
    protocol: Protocol, data: StudyData, endpoints: list[Endpoint], chosen: cutoff.Split
) -> dict[str, Any]:
    adjust = regress.covariate_terms(protocol.multivariable, data)
    grouping = chosen.grouping()
    absent = chosen.cutoff.not_done
    factors = []
    for covariate in protocol.factors:
        variable = grouped(covariate, data)
        names = tuple(f"{variable.label} {level}" for level in variable.levels)
        by = survive.Grouping(variable.key, variable.label, variable.values, variable.levels, names)
        factors += [survive.survival(protocol, endpoint, by) for endpoint in endpoints]
    return {
        "overall": tuple(survive.survival(protocol, e, survive.everybody(data.n)) for e in endpoints),
        "by_sv": tuple(
            survive.survival(protocol, endpoint, grouping, adjust)
            if absent is None
            else survive.not_done(endpoint, grouping, absent)
            for endpoint in endpoints
        ),
        "by_factor": tuple(factors),
    }


def _marker_survival(protocol: Protocol, data: StudyData, endpoint: Endpoint, key: str) -> MarkerSurvival:
    variable = data.variables.get(key)
    if variable is None:
        reason = f"{key} is known for no patient"
        everybody = survive.everybody(data.n)
        return MarkerSurvival(
            marker=key,
            label=key,
            cutoff=Cutoff(marker=key, label=key, not_done=reason),
            survival=survive.not_done(endpoint, replace(everybody, key=key, label=key), reason),
        )
    found = cutoff.split(protocol, protocol.size_plan, data, variable, endpoint)
    grouping = found.grouping()
    absent = found.cutoff.not_done
    lived = (
        survive.survival(protocol, endpoint, grouping)
        if absent is None
        else survive.not_done(endpoint, grouping, absent)
    )
    return MarkerSurvival(marker=key, label=variable.label, cutoff=found.cutoff, survival=lived)


def _regression(
    protocol: Protocol, data: StudyData, endpoints: list[Endpoint], chosen: cutoff.Split
) -> dict[str, Any]:
    leads = regress.marker_terms(protocol, data, chosen)
    sizes = regress.size_terms(protocol, data)
    covariates = [terms_of(covariate, data) for covariate in protocol.univariable]
    alone = [*((term,) for term in (*leads, *sizes)), *covariates]
    together = []
    for endpoint in endpoints:
        models = [regress.multivariable(protocol, data, endpoint, None, "covariates alone")]
        models += [
            regress.multivariable(protocol, data, endpoint, term, title)
            for term, title in zip(leads, ("with SV group", "with SV as a number"))
        ]
        together += models
    variable = data.variables.get(protocol.marker)
    return {
        "cox_univariable": tuple(regress.univariable(protocol, data, e, alone) for e in endpoints),
        "cox_multivariable": tuple(together),
        "sv_effect": ()
        if variable is None
        else tuple(regress.effect(protocol, variable, e, chosen.value) for e in endpoints),
    }


def _notes(protocol: Protocol, data: StudyData, chosen: cutoff.Split) -> tuple[str, ...]:
    notes = []
    if protocol.data == "synthetic":
        notes.append("SYNTHETIC: simulated patients; nothing here says anything about real ones.")
    if not chosen.done:
        notes.append(f"SV was not analysed: {chosen.cutoff.not_done}.")
    if data.development.any() and protocol.cutoff.validation != "development":
        n = int(data.development.sum())
        notes.append(f"{n} development cases are among the patients; see the sensitivity analyses.")
    return tuple(notes)


def _write_risks(data: StudyData, risks: risk.PatientRisks, marker: str, path: Path) -> None:
    head, *rows = risk.risk_rows(data, risks, marker)
    export_csv(path, head, rows)
