"""`splenic cohort`: a protocol, and the study it plans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from splenic.cli import console

if TYPE_CHECKING:
    from splenic.study import Results

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of whatever breaks.")]
FORMATS = "html, pdf, docx, figures, manuscript"

cohort = typer.Typer(
    help="Plan a study in a protocol, and run it: survival, cut-off, decompensation, report.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    cohort.command("init")(console.command(init))
    cohort.command("run", no_args_is_help=True)(console.command(run))
    app.add_typer(cohort, name="cohort")


def init(
    path: Annotated[Path, typer.Argument(metavar="[PROTOCOL]", help="The file to write.")] = Path(
        "protocol.yaml"
    ),
    table: Annotated[
        Path | None, typer.Option("--table", help="Clinical table, CSV or XLSX; asked for if not given.")
    ] = None,
    dictionary: Annotated[
        str | None,
        typer.Option("--dictionary", help="hcc-tace-seg, waw-tace, or a YAML file; asked for if not given."),
    ] = None,
    measurements: Annotated[
        Path | None, typer.Option("--measurements", help="measurements.csv of `splenic measure`.")
    ] = None,
    title: Annotated[
        str, typer.Option("--title", help="Title of the study.")
    ] = "Splenic volume and survival after TACE",
    development: Annotated[
        int, typer.Option("--development", min=0, help="The first N patients are development cases; 0: none.")
    ] = 0,
    cutoff: Annotated[
        str, typer.Option("--cutoff", help="median, or maxstat (searched, with a corrected p value).")
    ] = "median",
    decompensation: Annotated[
        str | None,
        typer.Option("--decompensation", help="A definition, e.g. clinical-event or child-pugh-2."),
    ] = None,
    window_days: Annotated[
        int, typer.Option("--window-days", min=1, help="Window of decompensation after TACE.")
    ] = 90,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="The patients are simulated.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Where random numbers start.")] = 2022,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    debug: Debug = False,
) -> int:
    """Write a commented protocol, to be read and changed before the study is run."""
    from splenic.errors import UsageError
    from splenic.study import Template, check_protocol, protocol_text

    if path.exists() and not force:
        raise UsageError(
            "file-exists", f"{path.name} is there already", "give another name, or --force to write over it"
        )
    asked = _ask(table, dictionary, measurements)
    validation = "none"
    if cutoff == "maxstat":
        validation = "development" if development else "cross-fitted"
    text = protocol_text(
        Template(
            title=title,
            data="synthetic" if synthetic else "real",
            **asked,
            patients="with-sv" if asked["measurements"] else "all",
            first=development or None,
            decompensation=decompensation,
            window_days=window_days,
            method=cutoff,
            validation=validation,
            seed=seed,
        )
    )
    check_protocol(_plain(text), path.name)
    path.write_text(text, encoding="utf-8")
    typer.echo(f"{path}: read it, change it, then `splenic cohort run {path} -o OUT`")
    return console.OK


def run(
    protocol: Annotated[Path, typer.Argument(metavar="PROTOCOL", help="protocol.yaml.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    table: Annotated[
        Path | None, typer.Option("--table", help="Clinical table, in place of the protocol's.")
    ] = None,
    measurements: Annotated[
        Path | None, typer.Option("--measurements", help="measurements.csv, in place of the protocol's.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--formats", help=f"Of the report: {FORMATS}; empty for results.json alone.")
    ] = FORMATS.replace(" ", ""),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    debug: Debug = False,
) -> int:
    """Run a study: results.json, risks.csv and the report."""
    from splenic.report import write_report
    from splenic.study import run_protocol

    given = {"table": table, "measurements": measurements}
    overrides = {name: str(path) for name, path in given.items() if path is not None}
    wanted = [name for name in formats.split(",") if name]
    with console.console(stderr=True).status("") as status:
        results = run_protocol(
            protocol, out, overrides=overrides, progress=None if quiet else lambda part: status.update(part)
        )
        if wanted:
            status.update("report")
            write_report(out / "results.json", out, wanted)
    if not quiet:
        for line in _lines(results):
            typer.echo(line)
        typer.echo(f"written to {out}")
    return console.OK


def _ask(table: Path | None, dictionary: str | None, measurements: Path | None) -> dict[str, Any]:
    """What flags did not say is asked where a person sits; elsewhere it has its usual name."""
    import sys

    person = sys.stdin.isatty()

    def answer(question: str, usual: str) -> str:
        return str(typer.prompt(question, default=usual)) if person else usual

    if table is None:
        table = Path(answer("Clinical table (CSV or XLSX)", "clinical.csv"))
    if dictionary is None:
        dictionary = answer("Data dictionary (hcc-tace-seg, waw-tace, or a YAML file)", "dictionary.yaml")
    if measurements is None and person:
        text = answer("measurements.csv of `splenic measure` (empty: none)", "")
        measurements = Path(text) if text else None
    return {
        "table": str(table),
        "dictionary": dictionary,
        "measurements": None if measurements is None else str(measurements),
    }


def _plain(text: str) -> dict[str, Any]:
    import yaml

    plain: dict[str, Any] = yaml.safe_load(text)
    return plain


def _lines(results: Results) -> list[str]:
    """What a person wants to see first."""
    lines = [
        f"{results.header.data.upper()} data, {results.flow.steps[-1].label}: {results.flow.steps[-1].n}"
    ]
    for one in results.overall:
        if one.groups:
            middle = one.groups[0].median
            lines.append(
                f"{one.endpoint_label}: {one.n} patients, {one.events} events, median {_months(middle)}"
            )
    if results.cutoff.not_done is None:
        p = "" if results.cutoff.p_corrected is None else f", corrected p = {results.cutoff.p_corrected:.3g}"
        lines.append(
            f"cut-off of {results.cutoff.label}: {results.cutoff.value:g} {results.cutoff.unit or ''}{p}"
        )
    for one in results.by_sv:
        ratio = one.hazard_ratio
        if ratio is not None and ratio.estimate is not None and ratio.p is not None:
            lines.append(
                f"{one.endpoint_label}, high against low {one.grouping_label}: hazard ratio "
                f"{ratio.estimate:.2f} ({_two(ratio.low)} to {_two(ratio.high)}), p = {ratio.p:.3g}"
            )
    return lines + list(results.notes)


def _months(middle: Any) -> str:
    if middle.estimate is None:
        return "not reached"
    low, high = (_two(value) if value is not None else "not reached" for value in (middle.low, middle.high))
    return f"{middle.estimate:.2f} months ({low} to {high})"


def _two(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}"
