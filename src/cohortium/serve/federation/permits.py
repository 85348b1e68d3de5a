"""``cohortium permit`` for applicants, and what hub and node do about permits."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from cohortium.serve.federation.hub import HUB, HubHomeOption, hub_app
from cohortium.serve.federation.node_app import NODE, NodeHomeOption, node_app, node_store
from cohortium.serve.federation.options import AsJson, needs_federation, out
from cohortium.serve.federation.study import TokenOption

if TYPE_CHECKING:
    from cohortium.federate.hub.store import HubStore
    from cohortium.federate.node.permits import PermitBook
    from cohortium.govern.ledger.book import Ledger
    from cohortium.govern.permits.permit import Permit
    from cohortium.govern.permits.register import Register

permit_app = typer.Typer(help="Apply for a data permit, and see what became of it.", no_args_is_help=True)
Number = Annotated[str, typer.Argument(help="The application's number, such as P-2026-0001.")]
Application = Annotated[Path, typer.Argument(help="The application (TOML); 'cohortium permit example' prints one.")]
OFFICIAL = ("ask", "refuse", "suspend", "resume", "revoke")


@permit_app.command("example")
def permit_example() -> None:
    """Print an application to start from."""
    from cohortium.govern.permits.application import EXAMPLE

    typer.echo(EXAMPLE)


@permit_app.command("draft")
def permit_draft(application: Application, token: TokenOption, as_json: AsJson = False) -> None:
    """Hand a draft in; it is not yet decided about, and can be edited."""
    from cohortium.govern.permits.application import read_application

    _tell(_post(token, "/permits", read_application(application)), as_json)


@permit_app.command("edit")
def permit_edit(number: Number, application: Application, token: TokenOption, as_json: AsJson = False) -> None:
    """Put another text in the place of a draft, or of an application with open questions."""
    from cohortium.govern.permits.application import read_application

    _tell(_post(token, f"/permits/{number}/edit", {"permit": read_application(application)}), as_json)


@permit_app.command("submit")
def permit_submit(number: Number, token: TokenOption, as_json: AsJson = False) -> None:
    """Submit a draft: the hospitals whose data it is about decide."""
    _tell(_post(token, f"/permits/{number}/submit", {}), as_json)


@permit_app.command("answer")
def permit_answer(
    number: Number,
    token: TokenOption,
    reason: Annotated[str, typer.Option(help="The answer.")],
    as_json: AsJson = False,
) -> None:
    """Answer a question; everybody then decides anew."""
    _tell(_post(token, f"/permits/{number}/answer", {"reason": reason}), as_json)


@permit_app.command("list")
def permit_list(token: TokenOption, as_json: AsJson = False) -> None:
    """Your applications and permits."""
    from cohortium.federate.client import HubClient

    with HubClient.of(token) as client:
        found = client.get("/permits")
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for one in found:
        out.print(f"{one['number']}  {one['state']:<10} {escape(one['title'])}{_awaited(one)}", soft_wrap=True)
    if not found:
        out.print("You have applied for no permit. Start from: cohortium permit example > application.toml")


@permit_app.command("show")
def permit_show(number: Number, token: TokenOption, as_json: AsJson = False) -> None:
    """An application with everything that was done about it."""
    from cohortium.federate.client import HubClient

    with HubClient.of(token) as client:
        _tell(client.get(f"/permits/{number}"), as_json)


@hub_app.command("permits")
def hub_permits(home: HubHomeOption = HUB, as_json: AsJson = False) -> None:
    """All applications, where they stand, and whom they wait for."""
    from cohortium.federate.hub.permits import dossier_told

    register = _register(home)
    found = [dossier_told(register, one) for one in register.dossiers()]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for one in found:
        who = one["permit"]["applicant"]
        out.print(
            f"{one['number']}  {one['state']:<10} {escape(one['title'])} ({escape(who['name'])}, "
            f"{escape(who['organisation'])}){_awaited(one)}",
            soft_wrap=True,
        )
    if not found:
        out.print("Nobody has applied for a permit yet.")


@hub_app.command("permit")
def hub_permit(
    deed: Annotated[str, typer.Argument(help="ask, refuse, suspend, resume or revoke.")],
    number: Number,
    reason: Annotated[str, typer.Option(help="Shown to the applicant, and kept.")],
    home: HubHomeOption = HUB,
    as_json: AsJson = False,
) -> None:
    """Act on an application for the authority. What is suspended or revoked stops at every node within one contact."""
    from cohortium.errors import InvalidRequest
    from cohortium.federate.hub.permits import dossier_told
    from cohortium.govern.permits.dossier import Deed

    if deed not in OFFICIAL:
        raise InvalidRequest(f"The authority can {', '.join(OFFICIAL)}; hospitals agree at their nodes.")
    register = _register(home)
    _tell(dossier_told(register, register.act(number, Deed(deed), getpass.getuser(), reason=reason)), as_json)


@hub_app.command("dossier")
def hub_dossier(
    number: Number,
    file: Annotated[Path, typer.Option("--out", "-o", help="File to write (PDF/A-2b).")] = Path("dossier.pdf"),
    home: HubHomeOption = HUB,
) -> None:
    """Write the dossier of a permit: what it allows, every act, studies and results under it, how to check all that."""
    from cohortium.serve.permit_dossier import dossier_pdf
    from cohortium.sources.atomic import written_whole

    register, store, ledger = _authority(home)
    made = dossier_pdf(number, register, store, ledger)
    with written_whole(file) as unfinished:
        unfinished.write_bytes(made)
    out.print(f"Dossier: {file}")


@node_app.command("permits")
def node_permits(
    every: Annotated[bool, typer.Option("--all", help="Also those that were decided about.")] = False,
    home: NodeHomeOption = NODE,
    as_json: AsJson = False,
) -> None:
    """Applications for your data that wait for you, in plain words."""
    book = _book(home)
    found = [one for one in book.applications() if every or one.decision == "pending"]
    if as_json:
        plain = [{"decision": one.decision, "reason": one.reason, **one.permit.to_plain()} for one in found]
        typer.echo(json.dumps(plain, indent=2))
        return
    for one in found:
        out.print(f"[bold]{one.permit.number}[/] {one.decision}, came {one.received}")
        for line in permit_in_words(one.permit, book.site):
            out.print(f"  {escape(line)}", soft_wrap=True)
    if not found:
        out.print("No application waits for you.")


@node_app.command("agree")
def node_agree(
    number: Number, reason: Annotated[str, typer.Option(help="Kept with the permit.")] = "", home: NodeHomeOption = NODE
) -> None:
    """Agree to an application as it now reads, with this hospital's signature. Studies still come to your inbox."""
    found = _book(home).decide(number, True, getpass.getuser(), reason)
    out.print(f"Agreed to {number}: {escape(found.permit.title)}", soft_wrap=True)


@node_app.command("disagree")
def node_disagree(
    number: Number,
    reason: Annotated[str, typer.Option(help="Shown to the applicant.")],
    home: NodeHomeOption = NODE,
) -> None:
    """Say no to an application; it is refused then."""
    found = _book(home).decide(number, False, getpass.getuser(), reason)
    out.print(f"Disagreed with {number}: {escape(found.permit.title)}", soft_wrap=True)


def permit_in_words(permit: Permit, site: str = "") -> list[str]:
    """A permit as a steward should read it before deciding."""
    who = permit.applicant
    lines = [
        f"{who.name}, {who.organisation} ({who.country}), account {who.account}: {permit.title}.",
        *(f"For {one.in_words} ({one.article})." for one in permit.purposes),
        f"From {permit.starts} to {permit.ends}." + (f" Renews {permit.renews}." if permit.renews else ""),
    ]
    for one in permit.datasets:
        if not site or site in one.sites:
            lines.append(f"Reads {', '.join(one.columns)} of {one.dataset} at {', '.join(one.sites)}.")
    budget = f", epsilon {permit.epsilon:g} and delta {permit.delta:g} over all runs" if permit.micro_epsilon else ""
    lines += [
        f"By {', '.join(permit.algorithms)}, in mode {', '.join(permit.modes)}{budget}.",
        f"What leaves: {', '.join(permit.outputs)}.",
        f"Why these columns: {permit.minimisation}",
        f"Ethics: {permit.ethics}",
        "Persons who opted out are left out." if permit.opt_outs else "ASKS ALSO FOR PERSONS WHO OPTED OUT.",
    ]
    return lines


def _book(home: Path) -> PermitBook:
    from cohortium.federate.node.home import open_node
    from cohortium.federate.node.permits import PermitBook
    from cohortium.govern.ledger.book import Ledger

    store, node = node_store(home), open_node(home)
    return PermitBook(store.database, node.site, Ledger(node.folder, f"node/{node.site}", store.database))


def _register(home: Path) -> Register:
    return _authority(home)[0]


def _authority(home: Path) -> tuple[Register, HubStore, Ledger]:
    needs_federation()
    from cohortium.federate.hub.home import open_hub
    from cohortium.federate.hub.store import HubStore
    from cohortium.govern.ledger.book import Ledger
    from cohortium.govern.permits.register import Register

    hub = open_hub(home)
    store = HubStore(hub.database)
    ledger = Ledger(hub.folder, f"hub/{hub.federation}", store.database)
    return Register(store.database, ledger.name, ledger.identity), store, ledger


def _post(token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    from cohortium.federate.client import HubClient

    with HubClient.of(token) as client:
        found: dict[str, Any] = client.post(path, body)
        return found


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    from cohortium.govern.permits.permit import permit_from_plain

    out.print(f"[bold]{found['number']}[/] {found['state']}{_awaited(found)}", soft_wrap=True)
    for line in permit_in_words(permit_from_plain(found["permit"])):
        out.print(f"  {escape(line)}", soft_wrap=True)
    for act in found["acts"]:
        site = f" for {act['site']}" if act["site"] else ""
        out.print(f"  [dim]{act['at']}[/] {act['deed']} by {escape(act['by'])}{escape(site)} {escape(act['reason'])}")


def _awaited(found: dict[str, Any]) -> str:
    if found["state"] != "submitted":
        return ""
    return f"; waits for {', '.join(escape(site) for site in found['awaited'])}"
