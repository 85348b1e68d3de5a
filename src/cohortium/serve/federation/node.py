"""``cohortium node``: run a hospital's node, and decide what runs there."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table as Grid

from cohortium.errors import InvalidRequest
from cohortium.serve.federation.options import AsJson, become, needs_federation, out, unit

node_app = typer.Typer(help="Run a hospital's node, and decide what runs there.", no_args_is_help=True)
NodeHomeOption = Annotated[Path, typer.Option("--home", help="The node's folder.")]
NODE = Path("node")


@node_app.command("enrol")
def node_enrol(
    token: Annotated[str, typer.Argument(help="The token that the hub's operator gave you.")],
    home: NodeHomeOption = NODE,
) -> None:
    """Join a federation: the private key is made here and stays here."""
    needs_federation()
    from cohortium.federate.client import enrol

    site = enrol(token, home)
    out.print(f"Enrolled as [bold]{escape(site)}[/]. Publish records: cohortium node publish NAME FILE --home {home}")


@node_app.command("publish")
def node_publish(
    name: Annotated[str, typer.Argument(help="Name of the dataset, the same at every hospital.")],
    source: Annotated[str, typer.Argument(help="File or database address, as 'cohortium profile' takes it.")],
    columns: Annotated[list[str] | None, typer.Option("--column", help="Open only these columns; repeat it.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook, or table of a database.")] = None,
    home: NodeHomeOption = NODE,
) -> None:
    """Let studies ask for a dataset. Nothing runs on it before you approve a study."""
    from cohortium.federate.node.datasets import Dataset, publish
    from cohortium.federate.node.home import open_node

    found = open_node(home)
    address = source if "://" in source else str(Path(source).resolve())
    dataset = Dataset(name, address, tuple(columns or ()), sheet)
    allowed = dataset.allowed(dataset.load().schema)
    unknown = sorted(set(columns or ()) - set(allowed))
    if unknown:
        raise InvalidRequest(f"Columns {unknown} are not in the data, or are identifiers or free text.")
    publish(found.folder, dataset)
    out.print(f"'{escape(name)}' is published with {len(allowed)} columns: {escape(', '.join(allowed))}")


@node_app.command("start")
def node_start(home: NodeHomeOption = NODE) -> None:
    """Run the node until it is told to stop. It connects out to the hub; nothing connects in."""
    needs_federation()
    from cohortium.federate.node.home import open_node

    found = open_node(home)
    out.print(f"Node '{escape(found.site)}' connects to the hub at {found.hub}; Ctrl+C ends it.", soft_wrap=True)
    become("cohortium.federate.node.supervisor", found.folder)


@node_app.command("unit")
def node_unit(home: NodeHomeOption = NODE) -> None:
    """Print a systemd unit that keeps this node running; see docs/federation.md for where to put it."""
    from cohortium.federate.node.home import open_node

    typer.echo(unit("node", open_node(home).folder))


@node_app.command("inbox")
def node_inbox(home: NodeHomeOption = NODE, as_json: AsJson = False) -> None:
    """Studies that hubs asked for, in plain words, and what was decided."""
    from cohortium.federate.study import in_words

    found = _node_store(home).studies()
    if as_json:
        plain = [
            {"study": one.digest, "decision": one.decision, "by": one.decided_by, "words": in_words(one.study)}
            for one in found
        ]
        typer.echo(json.dumps(plain, indent=2))
        return
    if not found:
        out.print("No study has been offered yet.")
    colours = {"pending": "yellow", "approved": "green", "refused": "red"}
    for one in found:
        by = f" by {one.decided_by}" if one.decided_by else ""
        out.print(f"[bold]{one.digest[:12]}[/] [{colours[one.decision]}]{one.decision}{escape(by)}[/] {one.received}")
        for line in in_words(one.study):
            out.print(f"  {escape(line)}", soft_wrap=True)


@node_app.command("approve")
def node_approve(
    study: Annotated[str, typer.Argument(help="First characters of the study's digest, from 'node inbox'.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the node's log.")] = "",
    home: NodeHomeOption = NODE,
) -> None:
    """Let this very study run on your records. A changed study has another digest and must be approved anew."""
    found = _node_store(home).decide(study, "approved", getpass.getuser(), reason)
    out.print(f"Approved {found.digest[:12]}: {escape(found.study.title)}")


@node_app.command("refuse")
def node_refuse(
    study: Annotated[str, typer.Argument(help="First characters of the study's digest, from 'node inbox'.")],
    reason: Annotated[str, typer.Option(help="Shown to the researcher.")] = "",
    home: NodeHomeOption = NODE,
) -> None:
    """Refuse a study, or take an approval back: nothing more of it runs here from now on."""
    found = _node_store(home).decide(study, "refused", getpass.getuser(), reason)
    out.print(f"Refused {found.digest[:12]}: {escape(found.study.title)}")


@node_app.command("allow")
def node_allow(
    dataset: Annotated[str, typer.Argument(help="Dataset that the standing rule is about.")],
    algorithm: Annotated[list[str], typer.Option("--algorithm", help="Algorithm that may run; repeat it.")],
    mode: Annotated[
        list[str] | None, typer.Option("--mode", help="secure, dp or plain; default secure and dp.")
    ] = None,
    researcher: Annotated[list[str] | None, typer.Option("--researcher", help="Only these; repeat it.")] = None,
    column: Annotated[list[str] | None, typer.Option("--column", help="Only these columns; repeat it.")] = None,
    home: NodeHomeOption = NODE,
) -> None:
    """Add a standing rule: studies like this are approved without asking."""
    from cohortium.federate.node.home import open_node
    from cohortium.federate.node.store import Rule
    from cohortium.serve.standing_rule import in_words, must_fit

    rule = Rule(
        dataset, tuple(algorithm), tuple(mode or ("secure", "dp")), tuple(researcher or ()), tuple(column or ())
    )
    must_fit(rule, open_node(home).folder)
    _node_store(home).add_rule(rule, getpass.getuser())
    out.print(f"Approved from now on, without asking you: {escape(in_words(rule))}.", soft_wrap=True)


@node_app.command("rules")
def node_rules(
    remove: Annotated[int | None, typer.Option(help="Take this rule back.")] = None, home: NodeHomeOption = NODE
) -> None:
    """Show the standing rules, or take one back."""
    from cohortium.serve.standing_rule import in_words

    store = _node_store(home)
    if remove is not None:
        store.remove_rule(remove, getpass.getuser())
    rules = store.rules()
    for number, rule in rules.items():
        out.print(f"{number}: {escape(in_words(rule))}", soft_wrap=True)
    if not rules:
        out.print("There is no standing rule: every study waits for your decision.")


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

    from cohortium.federate.node.home import open_node
    from cohortium.privacy.accounting import rho_of
    from cohortium.privacy.ledger import Account, BudgetLedger

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


@node_app.command("log")
def node_log(
    last: Annotated[int, typer.Option(min=1, help="How many lines.")] = 50,
    home: NodeHomeOption = NODE,
    as_json: AsJson = False,
) -> None:
    """What happened at this node: studies, decisions, rules, keys; never a patient's value."""
    from cohortium.serve.node_page import detail_in_words

    found = _node_store(home).log()[-last:]
    if as_json:
        typer.echo(json.dumps([{"at": at, "what": what, **detail} for at, what, detail in found], indent=2))
        return
    for at, what, detail in found:
        out.print(f"[dim]{at}[/] {escape(what)} {escape(detail_in_words(detail))}", soft_wrap=True)


@node_app.command("page")
def node_page(
    folder: Annotated[Path, typer.Option("--out", "-o", help="File to write.")] = Path("node.html"),
    home: NodeHomeOption = NODE,
) -> None:
    """Write one page to read: what waits for you, what was decided, what left, and the budgets."""
    from cohortium.federate.node.home import open_node
    from cohortium.serve.node_page import page_of
    from cohortium.sources.atomic import written_whole

    found = open_node(home)
    with written_whole(folder) as unfinished:
        unfinished.write_text(page_of(found.site, found.hub, found.folder, _node_store(home)), "utf-8")
    out.print(f"Page: {folder}")


@node_app.command("forget")
def node_forget(
    site: Annotated[str, typer.Argument(help="Another hospital's node.")], home: NodeHomeOption = NODE
) -> None:
    """Forget another hospital's key, after asking there whether the node was set up anew."""
    _node_store(home).forget(site, getpass.getuser())
    out.print(f"The next key that {escape(site)} shows is accepted.")


@node_app.command("status")
def node_status(home: NodeHomeOption = NODE, as_json: AsJson = False) -> None:
    """What this node publishes, what waits for a decision, and what left."""
    from cohortium.federate.node.datasets import datasets
    from cohortium.federate.node.home import open_node
    from cohortium.serve.node_page import what_left

    found = open_node(home)
    store = _node_store(home)
    pending = [one.digest[:12] for one in store.studies() if one.decision == "pending"]
    plain = {
        "site": found.site,
        "hub": found.hub,
        "datasets": sorted(datasets(found.folder)),
        "pending": pending,
        "left": store.left(),
    }
    if as_json:
        typer.echo(json.dumps(plain, indent=2))
        return
    out.print(f"Node [bold]{escape(found.site)}[/], hub {escape(found.hub)}")
    out.print(f"Datasets: {escape(', '.join(plain['datasets']) or 'none')}.")
    out.print(f"Waiting for you: {', '.join(pending) or 'nothing'}.")
    left = what_left(store)
    grid = Grid("when", "study", "run and step", "bytes", "persons, about")
    for line in left[:20]:
        grid.add_row(*(escape(cell) for cell in line))
    out.print(grid if left else "Nothing has left yet.")


def _node_store(home: Path) -> Any:
    import cohortium.federate.offered  # noqa: F401 - a study that was offered cannot be read without its algorithms
    from cohortium.federate.node.home import open_node
    from cohortium.federate.node.store import NodeStore

    return NodeStore(open_node(home).database)
