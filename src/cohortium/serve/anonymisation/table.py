"""``cohortium anonymise table``: a table told as exactly as its privacy models allow, through the gate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import (
    REFUSED,
    AsJson,
    Data,
    Out,
    Override,
    Person,
    PolicyFile,
    SchemaFile,
    Sheet,
    names,
    show,
)
from cohortium.serve.reporter import Reporter


@anonymise_app.command("table")
def anonymise_table(
    data: Data,
    out: Out,
    recipe: Annotated[
        Path | None, typer.Option(help="Recipe (TOML): what each column is, and which models must hold.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", min=2, help="Without a recipe: fewest persons that look alike.")
    ] = None,
    quasi_identifiers: Annotated[
        str | None, typer.Option(help="Without a recipe: columns that others may know, separated by commas.")
    ] = None,
    suppression: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Without a recipe: share of rows that may be left out.")
    ] = 0.02,
    search: Annotated[
        str,
        typer.Option(help="Without a recipe: 'exact' (proven), 'anytime' (30 s, bounded) or 'local' (loses far less)."),
    ] = "exact",
    hierarchies: Annotated[
        Path | None, typer.Option(help="Folder of hierarchies, one COLUMN.csv each; inferred where there is none.")
    ] = None,
    joint: Annotated[
        Path | None,
        typer.Option(help="NAME-levels.csv of a study 'joint_anonymity': release what all its hospitals share."),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="The project's keys, where the recipe makes pseudonyms or shifts dates.")
    ] = None,
    person: Person = None,
    policy: PolicyFile = None,
    override: Override = None,
    schema: SchemaFile = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Tell a table as exactly as its privacy models allow, and let it out if the policy agrees."""
    from cohortium.serve.anonymisation.table_run import Request, run_table

    request = Request(
        data=data, recipe=recipe, k=k, quasi_identifiers=names(quasi_identifiers) if quasi_identifiers else None,
        suppression=suppression, search=search, hierarchies=hierarchies, joint=joint, keys=keys, person=person,
        schema=schema, sheet=sheet,
    )  # fmt: skip
    with Reporter(quiet=as_json) as reporter:
        result = run_table(request, out, reporter, policy=policy, override=override or "")
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)
