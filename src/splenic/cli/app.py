"""The program `splenic` and its commands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from splenic import __version__
from splenic.cli import cohort, demo, doctor, evaluate, measure, models

app = typer.Typer(
    name="splenic",
    help="Finds, outlines and measures the spleen on CT. Research use; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
measure.register(app)
demo.register(app)
evaluate.register(app)
cohort.register(app)
models.register(app)
doctor.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"splenic {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Finds, outlines and measures the spleen on CT. Research use; not a medical device."""


def main() -> None:
    """Run the program; ends with its exit code."""
    if hasattr(sys.stdout, "reconfigure"):
        # A terminal in another encoding must not end a measurement.
        sys.stdout.reconfigure(errors="replace")
        sys.stderr.reconfigure(errors="replace")  # type: ignore[union-attr]
    app(prog_name="splenic")
