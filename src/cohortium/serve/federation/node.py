"""``cohortium node``: run a hospital's node, and see what it does."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table as Grid

from cohortium.serve.federation.node_app import NODE, NodeHomeOption, node_app, node_store
from cohortium.serve.federation.options import AsJson, become, needs_federation, out, quote, unit


@node_app.command("enrol")
def node_enrol(
    token: Annotated[str, typer.Argument(help="The token that the hub's operator gave you.")],
    fingerprint: Annotated[
        str | None,
        typer.Option(help="The hub's fingerprint, as its operator told you by telephone; another hub is not joined."),
    ] = None,
    home: NodeHomeOption = NODE,
) -> None:
    """Join a federation: the private key is made here and stays here."""
    needs_federation()
    from cohortium.federate.client import enrol
    from cohortium.federate.fingerprints import must_match, of_certificate, short
    from cohortium.federate.hub.invitations import Token
    from cohortium.federate.node.home import open_node

    authority = Token.from_text(token).authority
    if fingerprint is not None:
        must_match(fingerprint, authority)
    site = enrol(token, home)
    own = short(of_certificate(open_node(home).certificate.read_text("utf-8")))
    out.print(f"Enrolled as [bold]{escape(site)}[/], whose fingerprint is {own}.")
    compared = "is the one that you gave." if fingerprint else "must be what its operator sees; ask by telephone."
    out.print(f"The hub's fingerprint, {short(authority)}, {compared}", soft_wrap=True)
    out.print(f"Publish records: cohortium node publish NAME FILE --home {escape(quote(home))}", soft_wrap=True)


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


@node_app.command("log")
def node_log(
    last: Annotated[int, typer.Option(min=1, help="How many lines.")] = 50,
    home: NodeHomeOption = NODE,
    as_json: AsJson = False,
) -> None:
    """What happened at this node: studies, decisions, rules, keys; never a patient's value."""
    from cohortium.serve.node_page import detail_in_words

    found = node_store(home).log()[-last:]
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
        unfinished.write_text(page_of(found.site, found.hub, found.folder, node_store(home)), "utf-8")
    out.print(f"Page: {folder}")


@node_app.command("forget")
def node_forget(
    site: Annotated[str, typer.Argument(help="Another hospital's node.")], home: NodeHomeOption = NODE
) -> None:
    """Forget another hospital's key, after asking there whether the node was set up anew."""
    node_store(home).forget(site, getpass.getuser())
    out.print(f"The next key that {escape(site)} shows is accepted.")


@node_app.command("status")
def node_status(home: NodeHomeOption = NODE, as_json: AsJson = False) -> None:
    """What this node publishes, what waits for a decision, and what left."""
    from cohortium.federate.node.datasets import datasets
    from cohortium.federate.node.home import open_node
    from cohortium.serve.node_page import what_left

    found = open_node(home)
    store = node_store(home)
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
