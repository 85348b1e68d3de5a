"""``cohortium risk``: how likely persons are found again in a table or a release of it, and may it leave?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cohortium.serve.options import (
    REFUSED,
    AsJson,
    Data,
    Out,
    Outcome,
    Person,
    PolicyFile,
    SchemaFile,
    Seed,
    Sheet,
    names,
    show,
)


def risk(
    data: Data,
    out: Out,
    released: Annotated[
        str | None, typer.Option(help="The release that is to leave; judged in place of the table.")
    ] = None,
    against: Annotated[str | None, typer.Option(help="An earlier release of the same persons.")] = None,
    holdout: Annotated[
        str | None, typer.Option(help="Persons like the table's who are not in it; attacks need them.")
    ] = None,
    quasi_identifiers: Annotated[
        str | None, typer.Option(help="Columns that others may know: a,b,c. Default: by their role in the schema.")
    ] = None,
    sensitive: Annotated[
        str | None, typer.Option(help="Columns that nobody must learn: a,b. Default: by role.")
    ] = None,
    groups: Annotated[
        str | None, typer.Option(help="Columns whose groups are compared: a,b. Default: those of few levels.")
    ] = None,
    hierarchies: Annotated[
        Path | None, typer.Option(help="Folder of hierarchies, one file per column (age.csv).")
    ] = None,
    population: Annotated[
        int | None, typer.Option(min=1, help="Persons of the population of which the table is a sample.")
    ] = None,
    register: Annotated[str | None, typer.Option(help="A table of the whole population with the same columns.")] = None,
    smallest: Annotated[int, typer.Option(min=2, help="Class size that two releases together must keep.")] = 5,
    frontier: Annotated[
        bool, typer.Option("--frontier/--no-frontier", help="What more protection would cost; needs all hierarchies.")
    ] = True,
    person: Person = None,
    outcome: Outcome = None,
    seed: Seed = 0,
    policy: PolicyFile = None,
    schema: SchemaFile = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Assess how likely persons are found again in a table or a release of it; exit code 3 where it may not leave."""
    from cohortium.serve.anonymisation.risk_run import Files, run_risk
    from cohortium.serve.reporter import Reporter

    files = Files(
        data=data, released=released, against=against, holdout=holdout, register=register, hierarchies=hierarchies,
        schema=schema, sheet=sheet, policy=policy,
    )  # fmt: skip
    with Reporter(quiet=as_json) as reporter:
        result: dict[str, Any] = run_risk(
            files, out, reporter,
            quasi_identifiers=names(quasi_identifiers), sensitive=names(sensitive), groups=names(groups),
            population=population, smallest=smallest, frontier=frontier, person=person, outcome=outcome, seed=seed,
        )  # fmt: skip
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)
