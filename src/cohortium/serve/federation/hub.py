"""``cohortium hub``: set up and run the hub, invite sites and researchers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table as Grid

from cohortium.serve.federation.options import AsJson, become, needs_federation, out, print_runs, unit

if TYPE_CHECKING:
    from cohortium.federate.hub.home import HubHome
    from cohortium.federate.hub.store import Held, HubStore

hub_app = typer.Typer(help="Run the hub that coordinates studies across hospitals.", no_args_is_help=True)
HubHomeOption = Annotated[Path, typer.Option("--home", help="The hub's folder.")]
HUB = Path("hub")


@hub_app.command("init")
def hub_init(
    home: HubHomeOption = HUB,
    federation: Annotated[str, typer.Option(help="Name of the federation.")] = "Cohortium",
    host: Annotated[str, typer.Option(help="Name or address at which nodes reach this hub.")] = "localhost",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port for nodes.")] = 8702,
    api_port: Annotated[int, typer.Option(min=1, max=65535, help="Port for enrolment and researchers.")] = 8703,
) -> None:
    """Make a hub: its certificate authority, its key and its settings."""
    needs_federation()
    from cohortium.federate.hub.home import make_hub

    made = make_hub(home, federation, host, port, api_port)
    out.print(f"Made a hub in {made.folder}. Start it: [bold]cohortium hub start --home {made.folder}[/]")


@hub_app.command("start")
def hub_start(home: HubHomeOption = HUB) -> None:
    """Run the hub until it is told to stop (Ctrl+C, or SIGTERM)."""
    needs_federation()
    from cohortium.federate.hub.home import open_hub

    found = open_hub(home)
    told = f"Hub '{escape(found.federation)}' listens at {escape(found.url)}, for nodes at port {found.port}"
    out.print(f"{told}; Ctrl+C ends it.", soft_wrap=True)
    _tell_of_the_web(found)
    become("cohortium.serve.web.hub_process", found.folder)


@hub_app.command("unit")
def hub_unit(home: HubHomeOption = HUB) -> None:
    """Print a systemd unit that keeps this hub running; see docs/federation.md for where to put it."""
    needs_federation()
    from cohortium.federate.hub.home import open_hub

    typer.echo(unit("hub", open_hub(home).folder))


@hub_app.command("invite-node")
def hub_invite_node(
    site: Annotated[str, typer.Argument(help="Name of the hospital's node.")], home: HubHomeOption = HUB
) -> None:
    """Print a token with which one node may enrol once, within 48 hours."""
    needs_federation()
    from cohortium.federate.hub.home import open_hub
    from cohortium.federate.hub.invitations import Invitations

    found = open_hub(home)
    _hand_over(found, site, Invitations(found.database).invite_node(site))


@hub_app.command("invite-researcher")
def hub_invite_researcher(
    name: Annotated[str, typer.Argument(help="Name of the researcher.")], home: HubHomeOption = HUB
) -> None:
    """Print a token with which a researcher submits studies; an earlier one of the same name stops working."""
    needs_federation()
    from cohortium.federate.hub.home import open_hub
    from cohortium.federate.hub.invitations import Invitations

    found = open_hub(home)
    _hand_over(found, name, Invitations(found.database).invite_researcher(name))


@hub_app.command("remove-node")
def hub_remove_node(
    site: Annotated[str, typer.Argument(help="A node that takes part no more.")], home: HubHomeOption = HUB
) -> None:
    """Ask a node no more: studies that name no sites are for all enrolled nodes, and wait for each of them."""
    from cohortium.federate.hub.home import open_hub
    from cohortium.federate.hub.invitations import Invitations

    Invitations(open_hub(home).database).remove_node(site)
    out.print(f"'{escape(site)}' is no longer asked. To take it back, invite it again.")


@hub_app.command("status")
def hub_status(home: HubHomeOption = HUB, as_json: AsJson = False) -> None:
    """Which nodes are connected, their fingerprints, and where studies stand."""
    needs_federation()
    import cohortium.federate.offered  # noqa: F401 - a study that was submitted cannot be read without its algorithms
    from cohortium.federate.engine.flare.channel import FlareChannel
    from cohortium.federate.fingerprints import of_certificate, short
    from cohortium.federate.hub.home import open_hub
    from cohortium.federate.hub.invitations import Invitations
    from cohortium.federate.hub.store import HubStore

    found = open_hub(home)
    connected = set(FlareChannel(found.socket).sites())
    nodes = Invitations(found.database).nodes()
    sites = {site: site in connected for site in nodes}
    fingerprints = {site: short(of_certificate(certificate)) for site, certificate in nodes.items()}
    runs = [
        {"run": run.run, "title": run.study.title, "status": run.status, "said": run.said, "error": run.error}
        for run in HubStore(found.database).runs()
    ]
    if as_json:
        plain = {"fingerprint": _fingerprint(found), "sites": sites, "fingerprints": fingerprints, "runs": runs}
        typer.echo(json.dumps(plain, indent=2))
        return
    out.print(f"Hub '{escape(found.federation)}', fingerprint {_fingerprint(found)}", soft_wrap=True)
    grid = Grid("node", "", "fingerprint")
    for site, there in sites.items():
        grid.add_row(site, "[green]connected[/]" if there else "[yellow]not connected[/]", fingerprints[site])
    out.print(grid if sites else "No node has enrolled yet. Invite one: cohortium hub invite-node NAME")
    print_runs(runs, "No study has been submitted yet.")


def _hand_over(home: Any, name: str, secret: str) -> None:
    """Print the token alone, so that a program can take it; what to compare goes beside it, to people."""
    from cohortium.federate.fingerprints import short
    from cohortium.federate.hub.invitations import Token

    authority = _authority(home)
    typer.echo(Token(home.url, authority, name, secret).to_text())
    told = "Tell it by telephone, not with the token."
    typer.echo(f"The hub's fingerprint is {short(authority)}. {told}", err=True)


def _fingerprint(home: Any) -> str:
    from cohortium.federate.fingerprints import short

    return short(_authority(home))


def _authority(home: Any) -> str:
    from cohortium.federate.engine.certificates import Authority, fingerprint

    return fingerprint(Authority(home.authority).certificate)


@hub_app.command("invite")
def hub_invite(
    account: Annotated[str, typer.Argument(help="The account's name.")],
    role: Annotated[list[str], typer.Option("--role", help="steward, researcher, ...; repeat it.")],
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    home: HubHomeOption = HUB,
) -> None:
    """Print a link with which somebody sets up an account, or a new password, for the hub's pages."""
    import getpass

    from cohortium.errors import InvalidRequest
    from cohortium.federate.hub.home import open_hub
    from cohortium.govern.accounts import Role
    from cohortium.serve.web.hub_process import ROOT, accounts_of

    found = open_hub(home)
    known = {one.value for one in Role}
    if not set(role) <= known:
        raise InvalidRequest(f"Roles are: {', '.join(sorted(known))}.")
    secret = accounts_of(found.folder).invite(account, name or account, [Role(one) for one in role], getpass.getuser())
    out.print(f"{found.url}{ROOT}/set-up/{secret}", soft_wrap=True)


def _tell_of_the_web(home: HubHome) -> None:
    """Where the pages are; and, as long as nobody has an account, the link for the first one."""
    from cohortium.serve.web.hub_process import ROOT, accounts_of, is_possible

    if not is_possible():
        out.print("The hub's pages need pip install 'cohortium[govern]'.")
        return
    secret = accounts_of(home.folder).first_link()
    where = f"{home.url}{ROOT}/" if secret is None else f"{home.url}{ROOT}/set-up/{secret}"
    told = "Pages" if secret is None else "Set up the first account, once, within two days"
    out.print(f"{told}: {escape(where)}", soft_wrap=True)


@hub_app.command("airlock")
def hub_airlock(
    home: HubHomeOption = HUB,
    every: Annotated[bool, typer.Option("--all", help="Also those that were decided about.")] = False,
    as_json: AsJson = False,
) -> None:
    """Results that wait for a reviewer: what they are made of, and what deserves a look."""
    from cohortium.federate.hub.airlock import for_the_reviewer

    store = _store(home)
    found = [
        {
            **for_the_reviewer(store.results(one.run)[one.analysis]),
            **_plain(one),
            "study": store.run(one.run).study.title,
        }
        for one in store.held()
        if every or not one.decided
    ]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for one in found:
        out.print(f"[bold]{one['run']} {escape(one['analysis'])}[/] of '{escape(one['study'])}', since {one['since']}")
        tables = [
            f"{name} ({table['rows']:,} rows of {', '.join(table['columns'])})" for name, table in one["tables"].items()
        ]
        out.print(f"  {escape(one['title'])}, {one['persons']:,} persons: {escape('; '.join(tables))}", soft_wrap=True)
        for said in one["look_at"]:
            out.print(f"  [yellow]{escape(said)}[/]", soft_wrap=True)
        if one["decided"]:
            out.print(f"  {one['decided']} by {escape(one['decided_by'])}: {escape(one['reason'])}", soft_wrap=True)
    if not found:
        out.print("Nothing waits for a reviewer.")


@hub_app.command("review")
def hub_review(
    decision: Annotated[str, typer.Argument(help="release or withhold.")],
    run: Annotated[str, typer.Argument(help="The run.")],
    analysis: Annotated[str, typer.Argument(help="The analysis whose result waits.")],
    reason: Annotated[str, typer.Option(help="Kept in the ledger, and shown to the researcher.")],
    home: HubHomeOption = HUB,
) -> None:
    """Let a result that waits in the airlock out, or keep it in for good."""
    import getpass

    from cohortium.errors import InvalidRequest

    if decision not in ("release", "withhold"):
        raise InvalidRequest("A reviewer can 'release' or 'withhold'.")
    _store(home).review(run, analysis, lets_out=decision == "release", by=getpass.getuser(), reason=reason)
    out.print(f"{'Released' if decision == 'release' else 'Withheld'}: {escape(analysis)} of run {escape(run)}.")


def _store(home: Path) -> HubStore:
    needs_federation()
    from cohortium.federate.hub.home import open_hub
    from cohortium.federate.hub.store import HubStore

    return HubStore(open_hub(home).database)


def _plain(one: Held) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}
