"""The page that a data steward reads about a node: what waits, what was decided, what left, what privacy is left."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from cohortium import pages
from cohortium.federate.node.datasets import datasets
from cohortium.federate.node.decisions import APPROVED, PENDING, REFUSED, VOID, WITHDRAWN, Received, Rule
from cohortium.federate.node.store import NodeStore
from cohortium.federate.study import in_words
from cohortium.privacy.accounting import epsilon_of
from cohortium.privacy.ledger import BudgetLedger
from cohortium.serve import standing_rule

TEMPLATES = Path(__file__).parent / "templates" / "node"
DELTA = 1e-5
"""At which budgets are shown as epsilon; they are kept as rho of zero-concentrated differential privacy."""

MOST_SHOWN = 200
SHORT = 12
"""Characters of a digest or of a run's name that people are shown; 'node approve' takes them."""


def page_of(site: str, hub: str, folder: Path, store: NodeStore) -> str:
    """HTML of a node's state, readable without scripts and without a network; no patient's value is on it."""
    studies = store.studies()
    content = {
        "site": site,
        "hub": hub,
        "datasets": [(one.name, one.source, ", ".join(one.columns) or "all") for one in datasets(folder).values()],
        "home": shlex.quote(str(folder)),
        "pending": [_study(one) for one in studies if one.decision == PENDING],
        "decided": [_study(one) for one in studies if one.decision in (APPROVED, REFUSED)],
        "past": [_study(one) for one in studies if one.decision in (WITHDRAWN, VOID)],
        "rules": [(number, standing_rule.in_words(rule)) for number, rule in store.rules().items()],
        "left": what_left(store)[:MOST_SHOWN],
        "budgets": budget_lines(folder),
        "log": [(at, what, detail_in_words(detail)) for at, what, detail in reversed(store.log()[-MOST_SHOWN:])],
    }
    return pages.page(TEMPLATES, page=content)


def budget_lines(folder: Path) -> list[dict[str, Any]]:
    """Every budget of a node: granted and spent as epsilon at a delta of 1e-5, and how many steps were charged."""
    ledger = BudgetLedger(folder / "budget.db")
    return [
        {
            "account": f"{line.account.kind} {line.account.name}",
            "epsilon": epsilon_of(float(line.rho), DELTA),
            "spent": line.epsilon(DELTA),
            "delta": DELTA,
            "share": float(line.spent_rho / line.rho) if line.rho else 0.0,
            "charges": len(ledger.charges(line.account)),
        }
        for line in ledger.lines()
    ]


def _study(one: Received) -> dict[str, Any]:
    return {
        "digest": one.digest[:SHORT],
        "title": one.study.title,
        "words": in_words(one.study)[1:],
        "who": one.study.researcher or "a researcher",
        "received": one.received,
        "decision": one.decision,
        "by": one.decided_by,
        "reason": one.reason,
    }


def what_left(store: NodeStore) -> list[tuple[str, str, str, str, str]]:
    """When, which study, run with analysis and step, bytes, persons: the latest first.

    A line without bytes says that a secure sum was opened. That keeps others from asking again; nothing left with it.
    """
    titles = {one.digest: one.study.title for one in store.studies()}
    return [
        (one["at"], titles.get(one["study"], one["study"][:SHORT]), _step(one), f"{one['bytes']:,}",
         f"{one['persons']:,}")
        for one in store.left() if one["bytes"]
    ]  # fmt: skip


def detail_in_words(detail: dict[str, Any]) -> str:
    """The details of a line of the log, digests shortened and rules in words."""
    return ", ".join(f"{name} {_plain(name, value)}" for name, value in detail.items() if value not in ("", None))


def _step(one: dict[str, Any]) -> str:
    run, _, analysis = one["run"].partition("/")
    return f"{run[:SHORT]} {analysis}, step {one['step']}"


def _plain(name: str, value: Any) -> str:
    if name == "rule" and isinstance(value, dict):
        return standing_rule.in_words(Rule(**{part: _tupled(given) for part, given in value.items()}))
    return str(value)[:SHORT] if name == "study" else str(value)


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
