"""From a table to a release of it in a folder: read, anonymise, measure, through the gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.tables import Anonymised, Recipe, anonymise, evidence_on, load_recipe, plain_recipe
from cohortium.anonymise.tables.federated import read_joint_answer
from cohortium.anonymise.tables.recipe import Search
from cohortium.errors import InvalidRequest
from cohortium.privacy.policy import load_policy
from cohortium.privacy.release import Decision
from cohortium.privacy.released_folder import must_be_free
from cohortium.records import Evidence, Table
from cohortium.serve.anonymisation.leaving import let_table_out
from cohortium.serve.anonymisation.page import Account, page_of
from cohortium.serve.anonymisation.risk_tables import hierarchies_in
from cohortium.serve.commands import open_table
from cohortium.serve.reporter import Reporter
from cohortium.serve.workspace import Workspace

PROVEN = 1e-9
"""A loss this near its bound is the least."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of which table; the options of the command."""

    data: str
    recipe: Path | None = None
    k: int | None = None
    quasi_identifiers: tuple[str, ...] | None = None
    suppression: float = 0.02
    search: str = "exact"
    hierarchies: Path | None = None
    joint: Path | None = None
    keys: Path | None = None
    person: str | None = None
    schema: Path | None = None
    sheet: str | None = None


def run_table(
    request: Request, out: Path, reporter: Reporter, *, policy: Path | None = None, override: str = ""
) -> dict[str, Any]:
    """What ``cohortium anonymise table`` returns; the folder ``out`` holds the release if the gate lets it out."""
    rules = load_policy(policy, shipped="table")
    must_be_free(out)
    table = open_table(request.data, request.schema, request.sheet, person=request.person, say=reporter.say)
    plan = _recipe(request, table)
    columns = [use.name for use in plan.with_use("quasi_identifier")]
    given = {} if request.hierarchies is None else hierarchies_in(request.hierarchies, columns)
    ring = None if request.keys is None else KeyRing.load(request.keys)
    together = None if request.joint is None else read_joint_answer(request.joint)
    done = anonymise(table, plan, hierarchies=given, keys=ring, joint=together, progress=reporter)
    source = Path(request.data).name
    evidence = evidence_on(done, title=plan.title, source=source)
    run = Workspace().new_run(plan.title)
    return let_table_out(
        done.table, evidence, rules, out, run, lambda found, decision: _page(done, table, found, decision),
        source=source, override=override,
    )  # fmt: skip


def _recipe(request: Request, table: Table) -> Recipe:
    if request.recipe is not None:
        if request.k is not None or request.quasi_identifiers is not None:
            raise InvalidRequest("A recipe says itself what -k and --quasi-identifiers say; leave them out.")
        return load_recipe(request.recipe)
    if request.search not in get_args(Search):
        raise InvalidRequest(f"There is no search '{request.search}'; choose one of {list(get_args(Search))}.")
    return plain_recipe(
        table, 5 if request.k is None else request.k, quasi_identifiers=request.quasi_identifiers,
        suppression=request.suppression, search=cast("Search", request.search),
    )  # fmt: skip


def _searched(done: Anonymised) -> str:
    if done.recipe.search == "local":
        return "local: each combination is told as exactly as those near it allow"
    if done.recoding.loss - done.recoding.bound > PROVEN:
        return (
            f"{done.recoding.checks:,} of {done.question.lattice.size:,} nodes counted in the time given; no release "
            f"loses less than {done.recoding.bound:.3f}"
        )
    return f"{done.recoding.checks:,} of {done.question.lattice.size:,} nodes counted"


def _page(done: Anonymised, table: Table, evidence: Evidence, decision: Decision) -> str:
    facts = [
        ("Rows", f"{evidence.facts['rows_real']:,} real, {evidence.facts['rows_released']:,} released"),
        ("Models", "; ".join(evidence.facts["models"])),
        ("Search", _searched(done)),
    ]
    return page_of(
        evidence.facts["title"], evidence.facts["source"], evidence, decision,
        facts=facts, accounts=accounts(done, table, evidence), limits=LIMITS,
    )  # fmt: skip


LIMITS = (
    "The models protect against somebody who knows the columns that the recipe calls quasi-identifying. What else is "
    "known of a person may still tell him from the others.",
    "Rows that were left out are not left out by chance: rare combinations go first, and with them often the rarest "
    "patients.",
    "Whoever gets two releases of the same persons may know more than from each: compare them with 'cohortium risk' "
    "before the second leaves.",
)


def accounts(done: Anonymised, table: Table, evidence: Evidence) -> list[Account]:
    """Tables of the page: the risk before and after, and what was done to each column."""
    before = evidence.facts["before"]
    compared = [
        (evidence.finding(name).title, float(before[name]), float(_value(evidence, name)))
        for name in ("smallest_class", "average_prosecutor_risk", "unique_persons")
    ]
    return [
        Account("Before and after", ("Measured", "Before", "After"), tuple(compared)),
        Account(
            "What was done to each column",
            ("Column", "What was done", "Values before", "Values after"),
            tuple(_done_to(done, table, name) for name in table.schema.names),
        ),
    ]


def _value(evidence: Evidence, metric: str) -> float:
    score = evidence.finding(metric).score
    return 0.0 if score is None else score.value


def _done_to(done: Anonymised, table: Table, name: str) -> tuple[Any, ...]:
    use = next((one for one in done.recipe.columns if one.name == name), None)
    before = len(table.arrow.column(name).unique())
    if use is None or use.use == "drop":
        return name, "left out", before, 0
    after = len(done.table.arrow.column(name).unique())
    if use.use != "quasi_identifier":
        return name, _WORDS[use.use], before, after
    place = next(at for at, one in enumerate(done.question.hierarchies) if one.column == name)
    levels = sorted(set(done.recoding.levels[~done.recoding.left_out, place].tolist()))
    top = done.question.hierarchies[place].levels - 1
    words = "told exactly" if levels == [0] else f"told at level {', '.join(map(str, levels))} of {top}"
    return name, words, before, after


_WORDS = {
    "sensitive": "kept, watched by the models",
    "keep": "kept",
    "pseudonym": "replaced by pseudonyms",
    "reversible_pseudonym": "replaced by pseudonyms that the holder of the keys can turn back",
    "shift_dates": "dates shifted by person",
}
