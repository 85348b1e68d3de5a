"""The page that people read about anonymised records: may they leave, what was measured, what was done, the limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohortium import pages
from cohortium.privacy.release import Decision
from cohortium.records import Evidence, Finding

TEMPLATES = Path(__file__).parents[1] / "templates" / "anonymisation"
HEADLINES = {"released": "May leave", "refused": "May not leave", "released by override": "Leaves by override"}
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Account:
    """A table of the page: what was done to which column, tag or kind of text, and how often; no patient's value.

    drawings : SVG that stands above the table.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    intro: str = ""
    drawings: tuple[str, ...] = ()


def page_of(
    title: str,
    overline: str,
    evidence: Evidence,
    decision: Decision,
    *,
    facts: Sequence[tuple[str, str]] = (),
    accounts: Sequence[Account] = (),
    limits: Sequence[str] = (),
) -> str:
    """HTML of one release, readable without scripts and without a network.

    facts  : label and value, at the head of the page.
    limits : what the release does not promise, one sentence each.
    """
    content = {
        "title": title,
        "overline": overline,
        "verdict": decision.verdict,
        "headline": HEADLINES[decision.verdict],
        "decision": decision,
        "facts": facts,
        "findings": [_row(finding) for finding in evidence.findings],
        "accounts": [_account(number, one) for number, one in enumerate(accounts)],
        "limits": [*decision.limits, *limits],
        "digests": sorted(evidence.facts.get("digests", {}).items())[:MOST_ROWS],
    }
    return pages.page(TEMPLATES, sheets=[pages.LISTING], page=content)


def _row(finding: Finding) -> dict[str, Any]:
    score = finding.score
    value = "–" if score is None else f"{score.value:,.4g}"
    if score is not None and score.high > score.low:
        value += f" [{score.low:,.4g} to {score.high:,.4g}]"
    return {
        "title": finding.title,
        "value": value,
        "limit": finding.limit,
        "status": finding.status.value,
        "said": finding.reason or finding.advice,
    }


def _account(number: int, account: Account) -> dict[str, Any]:
    return {
        "name": f"account-{number}",
        "title": account.title,
        "intro": account.intro,
        "drawings": account.drawings,
        "columns": account.columns,
        "rows": [[_cell(value) for value in row] for row in account.rows[:MOST_ROWS]],
        "left_out": max(0, len(account.rows) - MOST_ROWS),
    }


def _cell(value: Any) -> dict[str, Any]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if is_number else str(value)
    return {"text": text, "number": is_number}
