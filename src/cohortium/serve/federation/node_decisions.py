"""``cohortium node``: what was asked, and the steward's decisions."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cohortium.serve.federation.node_app import NODE, NodeHomeOption, node_app, node_store
from cohortium.serve.federation.options import AsJson, out, quote

Digests = Annotated[
    list[str], typer.Argument(help="First characters of the study's digest, from 'node inbox'; or of several.")
]


@node_app.command("inbox")
def node_inbox(
    every: Annotated[bool, typer.Option("--all", help="Also those that were withdrawn, or are void.")] = False,
    home: NodeHomeOption = NODE,
    as_json: AsJson = False,
) -> None:
    """Studies that hubs asked for, in plain words, and what was decided."""
    from cohortium.federate.node.decisions import VOID, WITHDRAWN
    from cohortium.federate.study import in_words

    studies = node_store(home).studies()
    found = [one for one in studies if every or one.decision not in (WITHDRAWN, VOID)]
    if as_json:
        plain = [
            {"study": one.digest, "decision": one.decision, "by": one.decided_by, "reason": one.reason,
             "words": in_words(one.study)}
            for one in found
        ]  # fmt: skip
        typer.echo(json.dumps(plain, indent=2))
        return
    if not studies:
        out.print("No study has been offered yet.")
    colours = {"pending": "yellow", "approved": "green", "refused": "red"}
    for one in found:
        by = f" by {one.decided_by}" if one.decided_by else ""
        why = f": {one.reason}" if one.reason else ""
        colour = colours.get(one.decision, "dim")
        out.print(f"[bold]{one.digest[:12]}[/] [{colour}]{one.decision}{escape(by + why)}[/] {one.received}")
        for line in in_words(one.study):
            out.print(f"  {escape(line)}", soft_wrap=True)
    if len(found) < len(studies):
        out.print(f"{len(studies) - len(found)} more were withdrawn, or are void; --all shows them.")


@node_app.command("approve")
def node_approve(
    study: Digests,
    reason: Annotated[str, typer.Option(help="Why; kept in the node's log.")] = "",
    home: NodeHomeOption = NODE,
) -> None:
    """Let this very study run on your records. A changed study has another digest and must be approved anew."""
    _decide(study, "approved", reason, home)


@node_app.command("refuse")
def node_refuse(
    study: Digests,
    reason: Annotated[str, typer.Option(help="Shown to the researcher.")] = "",
    home: NodeHomeOption = NODE,
) -> None:
    """Refuse a study, or take an approval back: nothing more of it runs here from now on."""
    _decide(study, "refused", reason, home)


def _decide(digests: list[str], decision: str, reason: str, home: Path) -> None:
    """Decide about all, or about none where one of them is not here."""
    store = node_store(home)
    before = [store.study(digest) for digest in digests]
    for one in before:
        store.decide(one.digest, decision, getpass.getuser(), reason)
        out.print(f"{decision.capitalize()} {one.digest[:12]}: {escape(one.study.title)}", soft_wrap=True)
        if one.decision in ("withdrawn", "void"):
            out.print(f"It was {one.decision} ({escape(one.reason)}); this holds if it is asked for again.")


@node_app.command("allow")
def node_allow(
    dataset: Annotated[str, typer.Argument(help="Dataset that the standing rule is about.")],
    algorithm: Annotated[list[str], typer.Option("--algorithm", help="Algorithm that may run; repeat it.")],
    mode: Annotated[
        list[str] | None, typer.Option("--mode", help="secure, dp or plain; default secure and dp.")
    ] = None,
    researcher: Annotated[list[str] | None, typer.Option("--researcher", help="Only these; repeat it.")] = None,
    column: Annotated[list[str] | None, typer.Option("--column", help="Only these columns; repeat it.")] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Approve studies like this that wait now, too.")] = False,
    home: NodeHomeOption = NODE,
) -> None:
    """Add a standing rule: studies like this are approved without asking."""
    from cohortium.federate.node.decisions import Rule
    from cohortium.federate.node.home import open_node
    from cohortium.serve.standing_rule import in_words, must_fit

    rule = Rule(
        dataset, tuple(algorithm), tuple(mode or ("secure", "dp")), tuple(researcher or ()), tuple(column or ())
    )
    must_fit(rule, open_node(home).folder)
    store = node_store(home)
    store.add_rule(rule, getpass.getuser())
    out.print(f"Approved from now on, without asking you: {escape(in_words(rule))}.", soft_wrap=True)
    matching = [one.digest[:12] for one in store.waiting_for(rule)]
    if matching and waiting:
        _decide(matching, "approved", "as a new standing rule says", home)
    elif matching:
        command = f"cohortium node approve {' '.join(matching)} --home {quote(home)}"
        many = (
            "1 study like this still waits" if len(matching) == 1 else f"{len(matching)} studies like this still wait"
        )
        out.print(f"{many} for your decision. To approve: {escape(command)}", soft_wrap=True)


@node_app.command("rules")
def node_rules(
    remove: Annotated[int | None, typer.Option(help="Take this rule back.")] = None, home: NodeHomeOption = NODE
) -> None:
    """Show the standing rules, or take one back."""
    from cohortium.serve.standing_rule import in_words

    store = node_store(home)
    if remove is not None:
        store.remove_rule(remove, getpass.getuser())
    rules = store.rules()
    for number, rule in rules.items():
        out.print(f"{number}: {escape(in_words(rule))}", soft_wrap=True)
    if not rules:
        out.print("There is no standing rule: every study waits for your decision.")
