"""The commands of the federation: ``cohortium hub``, ``cohortium node`` and ``cohortium study``."""

from __future__ import annotations

import getpass
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from cohortium.errors import InvalidRequest, MissingExtra

hub_app = typer.Typer(help="Run the hub that coordinates studies across hospitals.", no_args_is_help=True)
node_app = typer.Typer(help="Run a hospital's node, and decide what runs there.", no_args_is_help=True)
study_app = typer.Typer(help="Rehearse, submit and watch studies across hospitals.", no_args_is_help=True)
out = Console()

HubHomeOption = Annotated[Path, typer.Option("--home", help="The hub's folder.")]
NodeHomeOption = Annotated[Path, typer.Option("--home", help="The node's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON for programs.")]
TokenOption = Annotated[
    str,
    typer.Option("--token", envvar="COHORTIUM_TOKEN", help="Your token from the hub; better kept in COHORTIUM_TOKEN."),
]
StudyFile = Annotated[Path, typer.Argument(help="A study file (TOML).")]
HUB, NODE = Path("hub"), Path("node")


def needs_federation() -> None:
    """Raises MissingExtra where the packages of the federation are not installed."""
    try:
        import cryptography  # noqa: F401
        import fastapi  # noqa: F401
        import nvflare  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtra(
            f"The federation needs the package '{error.name}'. Install it: pip install 'cohortium[federation]'"
        ) from error


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

    _become("cohortium.federate.hub.serve", open_hub(home).folder)


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
    typer.echo(_token(found, site, Invitations(found.database).invite_node(site)))


@hub_app.command("invite-researcher")
def hub_invite_researcher(
    name: Annotated[str, typer.Argument(help="Name of the researcher.")], home: HubHomeOption = HUB
) -> None:
    """Print a token with which a researcher submits studies; an earlier one of the same name stops working."""
    needs_federation()
    from cohortium.federate.hub.home import open_hub
    from cohortium.federate.hub.invitations import Invitations

    found = open_hub(home)
    typer.echo(_token(found, name, Invitations(found.database).invite_researcher(name)))


@hub_app.command("status")
def hub_status(home: HubHomeOption = HUB, as_json: AsJson = False) -> None:
    """Which nodes are connected, and where studies stand."""
    needs_federation()
    from cohortium.federate.engine.flare.channel import FlareChannel
    from cohortium.federate.hub.home import open_hub
    from cohortium.federate.hub.invitations import Invitations
    from cohortium.federate.hub.store import HubStore

    found = open_hub(home)
    connected = set(FlareChannel(found.socket).sites())
    sites = {site: site in connected for site in Invitations(found.database).nodes()}
    runs = [
        {"run": run.run, "title": run.study.title, "status": run.status, "said": run.said}
        for run in HubStore(found.database).runs()
    ]
    if as_json:
        typer.echo(json.dumps({"sites": sites, "runs": runs}, indent=2))
        return
    grid = Grid("node", "")
    for site, there in sites.items():
        grid.add_row(site, "[green]connected[/]" if there else "[yellow]not connected[/]")
    out.print(grid if sites else "No node has enrolled yet. Invite one: cohortium hub invite-node NAME")
    _print_runs(runs)


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

    _become("cohortium.federate.node.supervisor", open_node(home).folder)


@node_app.command("unit")
def node_unit(home: NodeHomeOption = NODE) -> None:
    """Print a systemd unit that keeps this node running; see docs/federation.md for where to put it."""
    from cohortium.federate.node.home import open_node

    typer.echo(unit("node", open_node(home).folder))


@node_app.command("inbox")
def node_inbox(home: NodeHomeOption = NODE, as_json: AsJson = False) -> None:
    """Studies that hubs asked for, in plain words, and what was decided."""
    import cohortium.federate.offered  # noqa: F401 - registers the algorithms
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
    import cohortium.federate.offered  # noqa: F401 - registers the algorithms
    from cohortium.federate.node.store import Rule
    from cohortium.registry import find

    for name in algorithm:
        find("algorithm", name)
    rule = Rule(
        dataset, tuple(algorithm), tuple(mode or ("secure", "dp")), tuple(researcher or ()), tuple(column or ())
    )
    _node_store(home).add_rule(rule, getpass.getuser())
    out.print(f"Studies of '{escape(dataset)}' with {escape(', '.join(algorithm))} are approved from now on.")


@node_app.command("rules")
def node_rules(
    remove: Annotated[int | None, typer.Option(help="Take this rule back.")] = None, home: NodeHomeOption = NODE
) -> None:
    """Show the standing rules, or take one back."""
    store = _node_store(home)
    if remove is not None:
        store.remove_rule(remove, getpass.getuser())
    for number, rule in store.rules().items():
        out.print(f"{number}: {escape(str(rule))}", soft_wrap=True)


@node_app.command("grant")
def node_grant(
    dataset: Annotated[str, typer.Argument(help="Dataset that the budget is for.")],
    epsilon: Annotated[float, typer.Option(min=0.0, help="All that studies in mode dp may ever spend on it.")],
    delta: Annotated[float, typer.Option(min=0.0, max=1.0, help="Below one in the number of patients.")],
    home: NodeHomeOption = NODE,
) -> None:
    """Set the privacy budget of a dataset; nothing is granted by default, and what was spent stays spent."""
    from fractions import Fraction

    from cohortium.federate.node.home import open_node
    from cohortium.privacy.accounting import rho_of
    from cohortium.privacy.ledger import Account, BudgetLedger

    account = Account("dataset", dataset)
    ledger = BudgetLedger(open_node(home).folder / "budget.db")
    ledger.grant(account, Fraction(rho_of(epsilon, delta)), by=getpass.getuser())
    spent = ledger.line(account).epsilon(delta)
    out.print(f"'{escape(dataset)}': epsilon {epsilon:g} at delta {delta:g}; spent so far {spent:.3g}")


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

    found = open_node(home)
    store = _node_store(home)
    pending = [one.digest[:12] for one in store.studies() if one.decision == "pending"]
    left = store.left()
    plain = {
        "site": found.site,
        "hub": found.hub,
        "datasets": sorted(datasets(found.folder)),
        "pending": pending,
        "left": left,
    }
    if as_json:
        typer.echo(json.dumps(plain, indent=2))
        return
    out.print(f"Node [bold]{escape(found.site)}[/], hub {escape(found.hub)}")
    out.print(f"Datasets: {escape(', '.join(plain['datasets']) or 'none')}.")
    out.print(f"Waiting for you: {', '.join(pending) or 'nothing'}.")
    grid = Grid("when", "study", "step", "bytes", "persons, about")
    for one in left[:20]:
        grid.add_row(
            one["at"], one["study"][:12], f"{one['run']} {one['step']}", f"{one['bytes']:,}", str(one["persons"])
        )
    out.print(grid if left else "Nothing has left yet.")


@study_app.command("algorithms")
def study_algorithms(as_json: AsJson = False) -> None:
    """List what a study can ask for, its settings, and what leaves a hospital for it."""
    from dataclasses import fields

    from cohortium.federate.offered import offered

    found = [
        {
            "name": entry.name,
            "title": entry.facts["title"],
            "family": entry.facts["family"],
            "settings": [one.name for one in fields(entry.thing)],
            "leaves_site": entry.facts["leaves_site"],
            "source": entry.facts["source"],
        }
        for entry in offered()
    ]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    grid = Grid("algorithm", "what it is", "settings", "what leaves a hospital")
    for one in found:
        grid.add_row(one["name"], one["title"], ", ".join(one["settings"]), one["leaves_site"])
    out.print(grid)


@study_app.command("submit")
def study_submit(
    study: StudyFile,
    token: TokenOption,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="Wait for the results and write them here.")
    ] = None,
) -> None:
    """Submit a study to the hub; with --out, watch it and write its results."""
    import cohortium.federate.offered  # noqa: F401 - registers the algorithms
    from cohortium.federate.client import HubClient
    from cohortium.federate.study import read_study

    with HubClient.of(token) as client:
        run = client.submit(read_study(study).to_plain())
        out.print(f"Submitted as run [bold]{run}[/].")
        if folder is not None:
            _watch(client, run)
            _write(client, run, folder)


@study_app.command("watch")
def study_watch(run: Annotated[str, typer.Argument(help="The run.")], token: TokenOption) -> None:
    """Follow a run until it ends: which step, who is waited for."""
    from cohortium.federate.client import HubClient

    with HubClient.of(token) as client:
        _watch(client, run)


@study_app.command("result")
def study_result(
    run: Annotated[str, typer.Argument(help="The run.")],
    token: TokenOption,
    folder: Annotated[Path, typer.Option("--out", "-o", help="Folder for tables, page and record.")],
) -> None:
    """Write a run's results: tables (CSV), a page (HTML), and the record that repeats or checks it (JSON)."""
    from cohortium.federate.client import HubClient

    with HubClient.of(token) as client:
        _write(client, run, folder)


@study_app.command("cancel")
def study_cancel(run: Annotated[str, typer.Argument(help="The run.")], token: TokenOption) -> None:
    """End a run; what it computed so far is kept."""
    from cohortium.federate.client import HubClient

    with HubClient.of(token) as client:
        found = client.post(f"/runs/{run}/cancel", {})
    out.print(f"Run {run}: {found['status']}")


@study_app.command("list")
def study_list(token: TokenOption, as_json: AsJson = False) -> None:
    """Your runs, and the hospitals that are connected."""
    from cohortium.federate.client import HubClient

    with HubClient.of(token) as client:
        runs, status = client.get("/runs"), client.get("/status")
    if as_json:
        typer.echo(json.dumps({"runs": runs, **status}, indent=2))
        return
    _print_runs(runs)
    for site, there in status["sites"].items():
        out.print(f"{escape(site)}: {there}")


@study_app.command("rehearse")
def study_rehearse(
    study: StudyFile,
    twins: Annotated[list[str], typer.Argument(help="One table per site: real-looking twins, NAME=FILE or FILE.")],
    folder: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for tables and page.")] = None,
) -> None:
    """Run a study on this machine, on synthetic twins, before any hospital is asked."""
    import cohortium.federate.offered  # noqa: F401 - registers the algorithms
    from cohortium.federate.simulation import rehearse
    from cohortium.federate.study import read_study
    from cohortium.sources import read

    given = [item.partition("=") if "=" in item else (Path(item).stem, "=", item) for item in twins]
    tables = {name: read(path) for name, _, path in given}
    asked = read_study(study)
    results = rehearse(asked, tables)
    from cohortium.serve.study_results import print_results, write_results

    print_results(out, results)
    if folder is not None:
        write_results(folder, asked, results, {"rehearsal": True, "sites": list(tables)})


def _watch(client: Any, run: str) -> None:
    from cohortium.errors import CohortiumError

    def said(event: dict[str, Any]) -> None:
        rest = {key: value for key, value in event.items() if key not in ("number", "at", "what")}
        out.print(f"[dim]{event['at']}[/] {event['what']} " + escape(_listed(rest)))

    ended = client.watch(run, said)
    if ended["status"] != "done":
        raise CohortiumError(f"The run {ended['status']}: {ended['said']}")


def unit(what: str, folder: Path) -> str:
    """A systemd unit: only its own folder is writable, and it comes back after a crash."""
    program = Path(sys.executable).with_name("cohortium")
    return f"""[Unit]
Description=Cohortium {what} in {folder}
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={program} {what} start --home {folder}
User={getpass.getuser()}
Restart=always
RestartSec=5
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ReadWritePaths={folder}
KillMode=mixed
TimeoutStopSec=20

[Install]
WantedBy=multi-user.target
"""


def _listed(facts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items() if value != "")


def _write(client: Any, run: str, folder: Path) -> None:
    import cohortium.federate.offered  # noqa: F401 - registers the algorithms
    from cohortium.federate.study import study_from_plain
    from cohortium.records import Result
    from cohortium.serve.study_results import print_results, write_results

    record = client.get(f"/runs/{run}/record")
    results = {name: Result.from_bytes(client.fetch(f"/runs/{run}/results/{name}")) for name in record["results"]}
    write_results(folder, study_from_plain(record["study"]), results, record)
    print_results(out, results)
    out.print(f"Written to {folder}")


def _print_runs(runs: list[dict[str, Any]]) -> None:
    grid = Grid("run", "study", "status", "")
    for run in runs:
        grid.add_row(run["run"], escape(run["title"]), run["status"], escape(run["said"]))
    out.print(grid if runs else "No study has been submitted yet.")


def _node_store(home: Path) -> Any:
    from cohortium.federate.node.home import open_node
    from cohortium.federate.node.store import NodeStore

    return NodeStore(open_node(home).database)


def _token(home: Any, name: str, secret: str) -> str:
    from cohortium.federate.engine.certificates import Authority, fingerprint
    from cohortium.federate.hub.invitations import Token

    return Token(home.url, fingerprint(Authority(home.authority).certificate), name, secret).to_text()


def _become(module: str, folder: Path) -> None:
    """Go on as another program in this very process, without what the command line has imported."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, str(folder)])  # noqa: S606 - our own module
