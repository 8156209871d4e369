"""`splenic evaluate`: mask against mask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splenic.cli import console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate", no_args_is_help=True)(console.command(evaluate))


def evaluate(
    prediction: Annotated[Path, typer.Argument(metavar="PRED", help="The mask to judge, NIfTI.")],
    reference: Annotated[Path, typer.Argument(metavar="REF", help="The mask to hold it against, NIfTI.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of whatever breaks.")] = False,
) -> int:
    """Compare two masks on one grid: Dice, surface distances in mm, volumes in ml."""
    import json
    import math
    from dataclasses import asdict

    from splenic.evaluate import evaluate_files

    found = evaluate_files(prediction, reference)
    if as_json:
        # JSON knows neither NaN nor infinity: what is not defined, or worse than any number, is null.
        plain = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(found).items()
        }
        typer.echo(json.dumps(plain, indent=1))
        return console.OK
    lines = [
        ("Dice", f"{found.dice:.4f}"),
        ("HD95", f"{found.hd95_mm:.2f} mm"),
        ("largest distance", f"{found.hd100_mm:.2f} mm"),
        ("mean surface distance", f"{found.mean_surface_distance_mm:.2f} mm"),
        *[(f"surface Dice at {mm:g} mm", f"{value:.4f}") for mm, value in found.surface_dice.items()],
        ("volume of PRED", f"{found.prediction_ml:.1f} ml"),
        ("volume of REF", f"{found.reference_ml:.1f} ml"),
    ]
    for name, value in lines:
        typer.echo(f"{name:<24}{value:>12}")
    return console.OK
