"""`splenic measure`: from any pile of CT to a table of spleens."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from splenic.cli import console

EXAMPLES = """\b
Examples:
  splenic measure EXPORT -o RESULTS
      a folder, whatever lies in it
  splenic measure A.zip B.nii.gz -o RESULTS --json
      zips and NIfTI; the rows as JSON on standard output
  splenic measure EXPORT -o RESULTS --all-series --workers 4
      every scan instead of one for each study, four at a time
  splenic measure EXPORT -o RESULTS --engine external:MASKS
      masks made elsewhere, NIfTI or DICOM SEG

\b
Exit codes:
  0    every case is ok or review
  3    at least one case is refused or failed; the table says which
  2    wrong usage
  1    the program itself broke
  130  interrupted; the same command goes on from there
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("measure", epilog=EXAMPLES, no_args_is_help=True)(console.command(measure))


def measure(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Folders, zips, DICOM or NIfTI files, in any order."),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder for the results; made if it is not there.")
    ],
    engine: Annotated[
        str, typer.Option(help="bundle, totalsegmentator, or external:PATH for masks made elsewhere.")
    ] = "bundle",
    bundle: Annotated[str, typer.Option(help="Name or folder of a bundle; the shipped one by default.")] = "",
    all_series: Annotated[
        bool, typer.Option("--all-series", help="Measure every scan, not the chosen one of each study.")
    ] = False,
    interpolate_gap: Annotated[
        bool, typer.Option("--interpolate-gap", help="Fill one missing slice instead of refusing the scan.")
    ] = False,
    workers: Annotated[
        int, typer.Option(help="Cases measured at the same time; fewer where memory would not suffice.")
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads for each case; by default the cores divided among the workers."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    probability: Annotated[
        bool, typer.Option("--probability", help="Also write probability.nii.gz for each case.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Measure again what was measured before.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no table.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the rows as JSON instead of a table.")
    ] = False,
    with_names: Annotated[
        bool, typer.Option("--with-names", help="Keep patients' names in record.json; left out by default.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of whatever breaks.")] = False,
) -> int:
    """Find every CT scan in the inputs and measure the spleen of each patient and study.

    Writes OUT/measurements.csv (a row a case), OUT/cases/CASE/ (record.json, mask.nii.gz, preview.png) and
    OUT/run.json. What was measured before from the same input with the same options is not measured again.
    """
    from splenic.pipeline import Options, run

    options = Options(
        engine=engine,
        bundle=bundle,
        all_series=all_series,
        interpolate_gap=interpolate_gap,
        probability=probability,
        with_names=with_names,
        device=device,
    )
    with console.Bars(quiet=quiet) as bars:
        summary = run(
            inputs,
            out,
            options,
            workers=workers,
            threads=threads,
            overwrite=overwrite,
            progress=bars,
            command=["splenic", *sys.argv[1:]],
        )
    from splenic.cli import summary as tables

    if as_json:
        typer.echo(tables.as_json(summary))
    elif not quiet:
        tables.show(console.console(), summary)
    if debug:
        for case_id, trace in summary.traces.items():
            typer.echo(f"{case_id}:\n{trace}", err=True)
    return summary.exit_code
