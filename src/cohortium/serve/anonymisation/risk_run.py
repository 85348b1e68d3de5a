"""From files to a risk assessment in a folder: read, measure, decide, write aggregates only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cohortium.anonymise import risk
from cohortium.anonymise.tables.coded import places
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.lattice import MOST_NODES, Lattice
from cohortium.anonymise.tables.tuples import distinct
from cohortium.errors import InvalidRequest
from cohortium.evaluate.report import to_json
from cohortium.privacy.policy import load_policy
from cohortium.privacy.release import Decision, decide
from cohortium.privacy.released_folder import must_be_free, unfinished_folder
from cohortium.records import Evidence, Table
from cohortium.serve.anonymisation.frontier_page import frontier_page
from cohortium.serve.anonymisation.risk_assessment import Assessment, assess
from cohortium.serve.anonymisation.risk_case import Case, sensitive_columns
from cohortium.serve.anonymisation.risk_page import risk_page
from cohortium.serve.anonymisation.risk_tables import read_hierarchies, read_release
from cohortium.serve.commands import open_table
from cohortium.serve.reporter import Reporter


@dataclass(frozen=True, slots=True)
class Files:
    """Where everything lies that an assessment reads."""

    data: str
    released: str | None = None
    against: str | None = None
    holdout: str | None = None
    register: str | None = None
    hierarchies: Path | None = None
    schema: Path | None = None
    sheet: str | None = None
    policy: Path | None = None


def run_risk(
    files: Files,
    out: Path,
    reporter: Reporter,
    *,
    quasi_identifiers: tuple[str, ...] = (),
    sensitive: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
    population: int | None = None,
    smallest: int = 5,
    frontier: bool = True,
    person: str | None = None,
    outcome: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """What ``cohortium risk`` returns; the folder ``out`` holds the pages and the evidence, no row of any table."""
    policy = load_policy(files.policy, shipped="risk")
    must_be_free(out)
    table = open_table(files.data, files.schema, files.sheet, person=person, outcome=outcome, say=reporter.say)
    columns = risk.quasi_identifiers(table, quasi_identifiers)
    _check(table, (*sensitive, *groups))
    levels = read_hierarchies(files.hierarchies, table, columns)
    secret = tuple(name for name in sensitive_columns(table, sensitive) if name not in columns)
    others = {name: None if address is None else read_release(address, table.schema)
              for name, address in (("release", files.released), ("against", files.against),
                                    ("holdout", files.holdout), ("register", files.register))}  # fmt: skip
    case = Case(
        table=table, columns=columns, population=population, sensitive=secret, groups=groups, outcome=outcome or "",
        hierarchies=levels, smallest=smallest, **others,
    )  # fmt: skip
    title = Path(files.released or files.data).name
    facts = {"title": title, "source": Path(files.data).name, "seed": seed}
    # First, since it reads every hierarchy: one that misses values is told before the long work, not after it.
    drawn, why_not = _frontier(table, columns, levels, Path(files.data).name, reporter) if frontier else (None, "")
    found = assess(
        case,
        rng=np.random.default_rng(seed),
        facts=facts,
        progress=lambda doing, done: reporter(doing, 0.2 + 0.8 * done),
    )
    judged, decision = decide(found.evidence, policy)
    folder = _written(out, title, found, judged, decision, drawn)
    return _told(judged, decision, folder, why_not if drawn is None else f"{folder / 'frontier.html'}")


def _check(table: Table, named: tuple[str, ...]) -> None:
    absent = sorted({name for name in named if name not in table.schema})
    if absent:
        raise InvalidRequest(f"The table has no columns {absent}; it has {list(table.schema.names)}.")


def _frontier(
    table: Table, columns: tuple[str, ...], levels: dict[str, Hierarchy], title: str, reporter: Reporter
) -> tuple[str | None, str]:
    """The page of the frontier, or why there is none."""
    lacking = [name for name in columns if name not in levels]
    if lacking:
        return None, f"no page, since it needs hierarchies of {lacking} (--hierarchies)."
    chosen = [levels[name] for name in columns]
    size = Lattice.of([one.levels for one in chosen]).size
    if size > MOST_NODES:
        return (
            None,
            f"no page, since {size:,} combinations of levels are more than the {MOST_NODES:,} that are searched.",
        )
    tuples = distinct([places(table, one) for one in chosen], persons=risk.persons_of(table))
    found = risk.frontier(tuples, chosen, progress=lambda doing, share: reporter(doing, 0.2 * share))
    return frontier_page(title, found, chosen), ""


def _written(out: Path, title: str, found: Assessment, judged: Evidence, decision: Decision, drawn: str | None) -> Path:
    with unfinished_folder(out) as (unfinished, place):
        (unfinished / "evidence.json").write_text(to_json(judged, decision), "utf-8")
        page = risk_page(title, found, judged, decision, has_frontier=drawn is not None)
        (unfinished / "report.html").write_text(page, "utf-8")
        if drawn is not None:
            (unfinished / "frontier.html").write_text(drawn, "utf-8")
    return place


def _told(judged: Evidence, decision: Decision, folder: Path, frontier: str) -> dict[str, Any]:
    may = "may leave" if decision.lets_out else "may not leave"
    lines = [
        f"It {may} under '{decision.policy}'.",
        *(f"- {reason}" for reason in decision.reasons),
        *(f"What would help: {advice}" for advice in decision.advice),
        *(f"Limit: {limit}" for limit in decision.limits),
        f"Report: {folder / 'report.html'}",
    ]
    if frontier:
        lines.append(f"Risk against utility: {frontier}")
    measured = {one.metric: one.score.value for one in judged.findings if one.score is not None}
    return {"verdict": decision.verdict, "policy": decision.policy, "folder": str(folder), "measured": measured,
            "reasons": list(decision.reasons), "limits": list(decision.limits), "advice": list(decision.advice),
            "lines": lines}  # fmt: skip
