"""`splenic models`: what networks are here, what they were trained on, and whether they are whole."""

from __future__ import annotations

from typing import Annotated

import typer

from splenic.cli import console

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of whatever breaks.")]
Which = Annotated[str, typer.Argument(metavar="[BUNDLE]", help="Name or folder; the shipped one by default.")]

models = typer.Typer(
    help="List, show and verify bundles: trained networks with their cards.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    models.command("list")(console.command(list_bundles))
    models.command("show")(console.command(show))
    models.command("verify")(console.command(verify))
    app.add_typer(models, name="models")


def list_bundles(debug: Debug = False) -> int:
    """List the bundles that came with the program."""
    from splenic.models import load, shipped

    for folder in shipped():
        plan = load(folder.name).plan
        typer.echo(f"{plan.name} {plan.version}  {plan.licence}")
    return console.OK


def show(bundle: Which = "", debug: Debug = False) -> int:
    """Print a bundle's card: what it is, what it was trained on, how well it does, where it fails."""
    from splenic.models import load

    typer.echo(load(bundle or None).card)
    return console.OK


def verify(bundle: Which = "", debug: Debug = False) -> int:
    """Check every hash of a bundle; exit code 1 if a file is missing, added or changed."""
    from splenic.models import load

    found = load(bundle or None)
    typer.echo(f"{found.plan.name} {found.plan.version} is whole: sha256 {found.digest}")
    return console.OK
