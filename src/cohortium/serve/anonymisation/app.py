"""The commands under ``cohortium anonymise``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

anonymise_app = typer.Typer(help="Turn real records into records that may leave.", no_args_is_help=True)


@anonymise_app.command()
def keys(
    ring: Annotated[Path, typer.Argument(help="File of the project's secret keys, for its owner alone.")],
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Add a fresh key: what is made from now on has other pseudonyms.")
    ] = False,
) -> None:
    """Make the secret keys of a project, from which pseudonyms, date shifts and identifiers follow."""
    from cohortium.anonymise.pseudonyms import KeyRing

    if rotate:
        KeyRing.load(ring).rotated().replace(ring)
        typer.echo(f"{ring} has a fresh key; what older ones made can still be told by them.")
    else:
        KeyRing.generate().save(ring)
        typer.echo(f"Keys made: {ring}. Keep them as safe as the records; who has them can tell who is who.")
