"""``cohortium anonymise view``: a copy of a table as a role may see it for a purpose, through the gate."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import REFUSED, AsJson, Data, Out, Override, Person, PolicyFile, SchemaFile, Sheet, show
from cohortium.serve.reporter import Reporter

if TYPE_CHECKING:
    from cohortium.anonymise.tables.hierarchy import Hierarchy
    from cohortium.anonymise.views import AttributePolicy, View
    from cohortium.privacy.release import Decision
    from cohortium.records import Evidence, Table

LIMITS = (
    "A view is not anonymous. It is for people who may see these records to this extent; what it shows "
    "may tell one person from all others.",
    "Two views of one table may be put side by side: what one hides, the other may show. Give each person one.",
    "Rows are not filtered: every row of the table is in the view.",
    "Identifiers are looked for in texts as they are written in their own column, not in other spellings.",
)


@anonymise_app.command("view")
def make_view(
    data: Data,
    out: Out,
    role: Annotated[str, typer.Option(help="Role of whoever is to see it, as the attribute policy names it.")],
    purpose: Annotated[str, typer.Option(help="What for, as the attribute policy names it.")],
    attributes: Annotated[
        Path, typer.Option(help="Attribute policy (TOML): labels of columns, and who sees them how.")
    ],
    hierarchies: Annotated[Path | None, typer.Option(help="Folder of hierarchies, one COLUMN.csv each.")] = None,
    keys: Annotated[Path | None, typer.Option(help="The project's keys, for pseudonyms and shifted dates.")] = None,
    person: Person = None,
    policy: PolicyFile = None,
    override: Override = None,
    schema: SchemaFile = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Show a table as a role may see it for a purpose: what the attribute policy does not allow is hidden."""
    from cohortium.anonymise.pseudonyms import KeyRing
    from cohortium.anonymise.views import load_attribute_policy, view_with_account
    from cohortium.anonymise.views.evidence import evidence_on
    from cohortium.privacy.policy import load_policy
    from cohortium.privacy.released_folder import must_be_free
    from cohortium.serve.anonymisation.leaving import let_table_out
    from cohortium.serve.commands import open_table
    from cohortium.serve.workspace import Workspace

    rules, allowed = load_policy(policy, shipped="view"), load_attribute_policy(attributes)
    must_be_free(out)
    with Reporter(quiet=as_json) as reporter:
        table = _in_no_order(open_table(data, schema, sheet, person=person, say=reporter.say))
        ring = None if keys is None else KeyRing.load(keys)
        reporter("showing the columns", 0.3)
        made = view_with_account(
            table, allowed, role=role, purpose=purpose, hierarchies=_hierarchies(hierarchies, table), keys=ring
        )
        evidence = evidence_on(made, table, role=role, purpose=purpose, source=Path(data).name)
        run = Workspace().new_run(f"view-{role}-{purpose}")
        result = let_table_out(
            made.table, evidence, rules, out, run,
            lambda found, decision: _page(made, allowed, table, found, decision),
            source=Path(data).name, override=override or "",
        )  # fmt: skip
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)


def _in_no_order(table: Table) -> Table:
    """The rows in an order from the secure source; their place in a register would tell who they are."""
    import numpy as np

    return table.take(np.random.default_rng(secrets.randbits(256)).permutation(len(table)))


def _hierarchies(folder: Path | None, table: Table) -> dict[str, Hierarchy]:
    from cohortium.anonymise.tables.hierarchy import read_hierarchy
    from cohortium.errors import SourceUnreadable

    if folder is None:
        return {}
    if not folder.is_dir():
        raise SourceUnreadable(f"There is no folder {folder}; 'cohortium anonymise hierarchies' makes one.")
    files = {name: folder / f"{name}.csv" for name in table.schema.names}
    return {name: read_hierarchy(file, name) for name, file in files.items() if file.exists()}


def _page(made: View, policy: AttributePolicy, table: Table, evidence: Evidence, decision: Decision) -> str:
    from cohortium.serve.anonymisation.page import Account, page_of

    hidden = sum(how.way == "hidden" for how in made.precisions.values())
    rows = tuple(
        (name, table.schema[name].kind.value, policy.labels.get(name, "none: hidden"), str(how))
        for name, how in made.precisions.items()
    )
    facts = [
        ("Role", evidence.facts["role"]),
        ("Purpose", evidence.facts["purpose"]),
        ("Rows", f"{len(made.table):,}"),
        ("Columns", f"{len(made.precisions) - hidden} of {len(made.precisions)} shown"),
    ]
    account = Account("How each column is shown", ("Column", "Kind", "Label", "Shown as"), rows,
                      intro=f"Under the attribute policy “{policy.title}”.")  # fmt: skip
    return page_of(f"View for {evidence.facts['role']}", evidence.facts["source"], evidence, decision,
                   facts=facts, accounts=(account,), limits=LIMITS)  # fmt: skip
