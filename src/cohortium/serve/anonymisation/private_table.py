"""``cohortium anonymise private-table``: a random part of the rows under differential privacy, through the gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import REFUSED, AsJson, Data, Out, Override, Person, PolicyFile, SchemaFile, Sheet, show
from cohortium.serve.reporter import Reporter

if TYPE_CHECKING:
    from cohortium.anonymise.tables.private_sample import PrivateSample
    from cohortium.privacy.release import Decision
    from cohortium.records import Evidence

LIMITS = (
    "The promise holds only if the hierarchies, and levels that were given, were made without looking at this table: "
    "from a code list, a standard, an age scale.",
    "How many rows the table has, and how many were not taken, must stay in.",
    "Every further release of the same persons adds its epsilon and its delta.",
    "Combinations that few persons have are never in it: it is of no use for rare diseases.",
)


@anonymise_app.command("private-table")
def private_table(
    data: Data,
    out: Out,
    hierarchies: Annotated[
        Path,
        typer.Option(help="Folder of hierarchies, one COLUMN.csv each, not made from this table; these columns leave."),
    ],
    epsilon: Annotated[
        float, typer.Option(help="Privacy loss, above 0; 1 is strict, 3 is what the policy allows.")
    ] = 1.0,
    delta: Annotated[float, typer.Option(help="Chance that the promise fails, well below 1 / persons.")] = 1e-6,
    level: Annotated[
        list[str] | None,
        typer.Option(
            help="COLUMN=LEVEL, decided without looking at the table; others are chosen with a tenth of epsilon."
        ),
    ] = None,
    person: Person = None,
    policy: PolicyFile = None,
    override: Override = None,
    schema: SchemaFile = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Let a random part of the rows out under differential privacy: real values, no noise, no small groups."""
    from cohortium.anonymise.tables.models.safe_release import SafeRelease
    from cohortium.anonymise.tables.private_sample import evidence_of_sample, private_sample
    from cohortium.privacy.policy import load_policy
    from cohortium.privacy.released_folder import must_be_free
    from cohortium.serve.anonymisation.leaving import let_table_out
    from cohortium.serve.anonymisation.risk_tables import hierarchies_in
    from cohortium.serve.commands import open_table
    from cohortium.serve.workspace import Workspace

    rules, model = load_policy(policy, shipped="private_table"), SafeRelease(epsilon, delta)
    must_be_free(out)
    with Reporter(quiet=as_json) as reporter:
        table = open_table(data, schema, sheet, person=person, say=reporter.say)
        trees = list(hierarchies_in(hierarchies, table.schema.names).values())
        reporter("drawing rows", 0.3)
        made = private_sample(table, trees, model, _levels(level or []))
        title = table.schema.title or "private table"
        evidence = evidence_of_sample(made, trees, title=title)
        run = Workspace().new_run(title)
        result = let_table_out(
            made.table, evidence, rules, out, run, lambda found, decision: _page(made, found, decision),
            source=Path(data).name, override=override or "",
        )  # fmt: skip
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)


def _levels(texts: list[str]) -> dict[str, int]:
    from cohortium.errors import InvalidRequest

    found = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        if not equals or not number.isdecimal():
            raise InvalidRequest(f"--level takes COLUMN=LEVEL with a whole number, such as age=2, not '{text}'.")
        found[name] = int(number)
    return found


def _page(made: PrivateSample, evidence: Evidence, decision: Decision) -> str:
    from cohortium.serve.anonymisation.page import Account, page_of

    rows = tuple((name, level, len(made.table.schema[name].levels or ())) for name, level in made.levels.items())
    how = "chosen from the table with a tenth of epsilon" if made.chosen else "given"
    account = Account(
        "How each column is told", ("Column", "Level", "Groups at this level"), rows, f"The levels were {how}."
    )
    facts = [("Rows", f"{len(made.table):,} released"), ("Model", str(made.model))]
    return page_of(evidence.facts["title"], "Differential privacy", evidence, decision,
                   facts=facts, accounts=(account,), limits=LIMITS)  # fmt: skip
