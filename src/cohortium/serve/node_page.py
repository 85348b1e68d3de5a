"""The page that a data steward reads about a node: what waits, what was decided, what left, what privacy is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cohortium import pages
from cohortium.federate.node.datasets import datasets
from cohortium.federate.node.store import PENDING, NodeStore, Received
from cohortium.federate.study import in_words
from cohortium.privacy.accounting import epsilon_of
from cohortium.privacy.ledger import BudgetLedger

TEMPLATES = Path(__file__).parent / "templates" / "node"
DELTA = 1e-5
"""At which budgets are shown as epsilon; they are kept as rho of zero-concentrated differential privacy."""

MOST_SHOWN = 200


def page_of(site: str, hub: str, folder: Path, store: NodeStore) -> str:
    """HTML of a node's state, readable without scripts and without a network; no patient's value is on it."""
    studies = store.studies()
    content = {
        "site": site,
        "hub": hub,
        "datasets": [(one.name, one.source, ", ".join(one.columns) or "all") for one in datasets(folder).values()],
        "pending": [_study(one) for one in studies if one.decision == PENDING],
        "decided": [_study(one) for one in studies if one.decision != PENDING],
        "rules": [(number, str(rule)) for number, rule in store.rules().items()],
        "left": _left(store, {one.digest: one.study.title for one in studies}),
        "budgets": budget_lines(folder),
        "log": [(at, what, _said(detail)) for at, what, detail in reversed(store.log()[-MOST_SHOWN:])],
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
        "digest": one.digest[:12],
        "title": one.study.title,
        "words": in_words(one.study)[1:],
        "who": one.study.researcher or "a researcher",
        "received": one.received,
        "decision": one.decision,
        "by": one.decided_by,
        "reason": one.reason,
    }


def _left(store: NodeStore, titles: dict[str, str]) -> list[tuple[str, str, str, str, str]]:
    return [
        (one["at"], titles.get(one["study"], one["study"][:12]), f"{one['run']} {one['step']}", f"{one['bytes']:,}",
         f"{one['persons']:,}")
        for one in store.left()[:MOST_SHOWN]
    ]  # fmt: skip


def _said(detail: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items() if value not in ("", None))
