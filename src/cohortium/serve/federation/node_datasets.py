"""``cohortium node``: which records studies may ask for, and how much privacy they may spend."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table as Grid

from cohortium.errors import InvalidRequest
from cohortium.serve.federation.node_app import NODE, NodeHomeOption, node_app, node_store
from cohortium.serve.federation.options import AsJson, out


@node_app.command("publish")
def node_publish(
    name: Annotated[str, typer.Argument(help="Name of the dataset, the same at every hospital.")],
    source: Annotated[str, typer.Argument(help="File or database address, as 'cohortium profile' takes it.")],
    columns: Annotated[list[str] | None, typer.Option("--column", help="Open only these columns; repeat it.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook, or table of a database.")] = None,
    partitions: Annotated[
        int | None,
        typer.Option(
            min=1, max=4096, help="For records larger than memory: cut them into so many files (extra scale)."
        ),
    ] = None,
    permit: Annotated[bool, typer.Option("--permit", help="Studies need a data permit for it.")] = False,
    opt_outs: Annotated[
        Path | None, typer.Option(help="File with the keys of persons who opted out, a line each; no study reads them.")
    ] = None,
    home: NodeHomeOption = NODE,
) -> None:
    """Let studies ask for a dataset. Nothing runs on it before you approve a study."""
    from cohortium.federate.node.datasets import Dataset, publish
    from cohortium.federate.node.home import open_node
    from cohortium.records import Kind

    found = open_node(home)
    address = source if "://" in source else str(Path(source).resolve())
    if partitions is not None:
        from cohortium.analyse.workers import needs_dask

        needs_dask()
    excluded = None if opt_outs is None else str(opt_outs.resolve())
    if excluded is not None and partitions is not None:
        raise InvalidRequest("With --partitions, leave persons who opted out out of the files themselves.")
    dataset = Dataset(name, address, tuple(columns or ()), sheet, partitions, permit, excluded)
    schema = dataset.schema()
    allowed = dataset.allowed(schema)
    unknown = sorted(set(columns or ()) - set(allowed))
    if unknown:
        raise InvalidRequest(f"Columns {unknown} are not in the data, or are identifiers or free text.")
    images = [column.name for column in schema.columns if column.kind is Kind.IMAGE and column.name in allowed]
    publish(found.folder, dataset)
    node_store(home).record("dataset published", {"dataset": name, "by": getpass.getuser(), "columns": len(allowed)})
    many = "1 column" if len(allowed) == 1 else f"{len(allowed)} columns"
    out.print(f"'{escape(name)}' is published with {many}: {escape(', '.join(allowed))}", soft_wrap=True)
    if images:
        out.print(
            f"{escape(', '.join(images))}: images. Faces, and names that a device wrote into a picture, may be in "
            "them; look before you approve a study that reads them.",
            soft_wrap=True,
        )


@node_app.command("unpublish")
def node_unpublish(
    name: Annotated[str, typer.Argument(help="A dataset that studies may ask for no more.")],
    home: NodeHomeOption = NODE,
) -> None:
    """Offer a dataset no more. Approvals of studies on it are void; its history, budget and log stay."""
    from cohortium.federate.node.datasets import must_be_published, unpublish
    from cohortium.federate.node.home import open_node

    found = open_node(home)
    must_be_published(found.folder, name)
    approvals, rules = node_store(home).retire(name, getpass.getuser())
    unpublish(found.folder, name)
    out.print(f"'{escape(name)}' is no longer published. Its records, history, budget and log stay.", soft_wrap=True)
    for one in approvals:
        out.print(f"Void: the approval of {one.digest[:12]}, {escape(one.study.title)}.", soft_wrap=True)
    for rule in rules:
        out.print(f"Taken back: the standing rule for {escape(' or '.join(rule.algorithms))}.", soft_wrap=True)
    if approvals or rules:
        out.print("They stay so if it is published again: studies then wait for your decision.", soft_wrap=True)


@node_app.command("grant")
def node_grant(
    dataset: Annotated[str, typer.Argument(help="Dataset that the budget is for; a researcher with --researcher.")],
    epsilon: Annotated[float, typer.Option(min=0.0, help="All that studies in mode dp may ever spend on it.")],
    delta: Annotated[float, typer.Option(min=0.0, max=1.0, help="Below one in the number of patients.")],
    researcher: Annotated[
        bool, typer.Option("--researcher", help="The budget limits what a researcher may spend, over all datasets.")
    ] = False,
    home: NodeHomeOption = NODE,
) -> None:
    """Set the privacy budget of a dataset; nothing is granted by default, and what was spent stays spent."""
    from fractions import Fraction

    from cohortium.federate.node.datasets import must_be_published
    from cohortium.federate.node.home import open_node
    from cohortium.privacy.accounting import rho_of
    from cohortium.privacy.ledger import Account, BudgetLedger

    if not researcher:
        must_be_published(open_node(home).folder, dataset)
    account = Account("permit" if researcher else "dataset", dataset)
    ledger = BudgetLedger(open_node(home).folder / "budget.db")
    ledger.grant(account, Fraction(rho_of(epsilon, delta)), by=getpass.getuser())
    spent = ledger.line(account).epsilon(delta)
    out.print(f"'{escape(dataset)}': epsilon {epsilon:g} at delta {delta:g}; spent so far {spent:.3g}")


@node_app.command("budget")
def node_budget(home: NodeHomeOption = NODE, as_json: AsJson = False) -> None:
    """What privacy was granted, what of it is spent, and on which runs."""
    from cohortium.federate.node.home import open_node
    from cohortium.serve.node_page import budget_lines

    lines = budget_lines(open_node(home).folder)
    if as_json:
        typer.echo(json.dumps(lines, indent=2))
        return
    grid = Grid("for", "epsilon granted", "epsilon spent", "at delta", "charges")
    for one in lines:
        cells = (f"{one[name]:.3g}" for name in ("epsilon", "spent", "delta"))
        grid.add_row(escape(one["account"]), *cells, str(one["charges"]))
    out.print(grid if lines else "No budget was granted: no study runs in mode dp.")
