"""`splenic demo`: a small synthetic cohort, measured, with the truth beside the result."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from splenic.cli import console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(console.command(demo))


def demo(
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder for the synthetic CT and the results.")
    ] = Path("demo-out"),
    cases: Annotated[int, typer.Option(help="How many synthetic patients, at most 99.", min=1, max=99)] = 4,
    seed: Annotated[int, typer.Option(help="Another seed gives other patients.", min=0)] = 1,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of whatever breaks.")] = False,
) -> int:
    """Make SYNTHETIC abdominal CT with spleens of known volume, measure it, and print truth beside result.

    No patient is in it: it shows what the program does and that it works on this machine, not how well it
    does on patients.
    """
    from splenic.pipeline.demo import make_cohort, run_demo

    say = console.console(stderr=True)
    with console.Bars(quiet=quiet) as bars:
        if not quiet:
            say.print(f"making {cases} SYNTHETIC patients in {out / 'ct'}", soft_wrap=True)
        truths = make_cohort(out / "ct", cases=cases, seed=seed)
        summary = run_demo(out, progress=bars, command=["splenic", *sys.argv[1:]])
    from splenic.cli.summary import truth_table

    console.console().print(truth_table(truths, summary))
    results = out / "results"
    typer.echo(f"SYNTHETIC data; pictures in {results / 'cases'}, table: {results / 'measurements.csv'}")
    if debug:
        for case_id, trace in summary.traces.items():
            typer.echo(f"{case_id}:\n{trace}", err=True)
    return summary.exit_code
