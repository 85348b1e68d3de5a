"""``cohortium anonymise reverse``: what a pseudonym stands for, under a policy, with a reason in the journal."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import AsJson, Keys, show


@anonymise_app.command()
def reverse(
    pseudonym: Annotated[
        str, typer.Argument(help="A pseudonym that can be turned back: 52 letters and digits or more.")
    ],
    keys: Keys,
    reason: Annotated[str, typer.Option(help="Why this person must be found; it goes into the journal.")],
    kind: Annotated[
        str, typer.Option(help="What it is a pseudonym of: 'patient' for a person key, else the column's name.")
    ] = "patient",
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Who may, and how often (TOML). Default: the one shipped.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the person behind a pseudonym, where the policy allows it; who asked, and why, is written down first."""
    from cohortium.anonymise.pseudonyms import KeyRing
    from cohortium.anonymise.pseudonyms.reversal_policy import load_reversal_policy
    from cohortium.anonymise.pseudonyms.reversible import ReversiblePseudonyms
    from cohortium.serve.workspace import Workspace

    rules, workspace, account = load_reversal_policy(policy), Workspace(), getpass.getuser()
    asked = pseudonym.strip().lower()
    rules.permit(kind, asked, account, workspace.journal(), datetime.now(UTC))
    found = ReversiblePseudonyms(KeyRing.load(keys)).reverse(kind, asked, reason=reason)
    workspace.record({**found.entry(), "by": account, "policy": rules.title})
    show({"kind": kind, "value": found.value, "lines": [found.value]}, as_json)
