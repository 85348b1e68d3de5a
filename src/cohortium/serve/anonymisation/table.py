"""``cohortium anonymise table``: a table told as exactly as its privacy models allow, through the gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import (
    REFUSED,
    AsJson,
    Data,
    Out,
    Override,
    Person,
    PolicyFile,
    SchemaFile,
    Sheet,
    names,
    show,
)
from cohortium.serve.reporter import Reporter

if TYPE_CHECKING:
    from cohortium.anonymise.tables import Anonymised, Recipe
    from cohortium.privacy.release import Decision
    from cohortium.records import Evidence, Table


@anonymise_app.command("table")
def anonymise_table(
    data: Data,
    out: Out,
    recipe: Annotated[
        Path | None, typer.Option(help="Recipe (TOML): what each column is, and which models must hold.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", min=2, help="Without a recipe: fewest persons that look alike.")
    ] = None,
    quasi_identifiers: Annotated[
        str | None, typer.Option(help="Without a recipe: columns that others may know, separated by commas.")
    ] = None,
    suppression: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Without a recipe: share of rows that may be left out.")
    ] = 0.02,
    hierarchies: Annotated[
        Path | None, typer.Option(help="Folder of hierarchies, one COLUMN.csv each; inferred where there is none.")
    ] = None,
    joint: Annotated[
        Path | None,
        typer.Option(help="NAME-levels.csv of a study 'joint_anonymity': release what all its hospitals share."),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="The project's keys, where the recipe makes pseudonyms or shifts dates.")
    ] = None,
    person: Person = None,
    policy: PolicyFile = None,
    override: Override = None,
    schema: SchemaFile = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Tell a table as exactly as its privacy models allow, and let it out if the policy agrees."""
    from cohortium.anonymise.pseudonyms import KeyRing
    from cohortium.anonymise.tables import anonymise, evidence_on
    from cohortium.anonymise.tables.federated import read_joint_answer
    from cohortium.privacy.policy import load_policy
    from cohortium.privacy.released_folder import must_be_free
    from cohortium.serve.anonymisation.leaving import let_table_out
    from cohortium.serve.anonymisation.risk_tables import hierarchies_in
    from cohortium.serve.commands import open_table
    from cohortium.serve.workspace import Workspace

    rules = load_policy(policy, shipped="table")
    must_be_free(out)
    with Reporter(quiet=as_json) as reporter:
        table = open_table(data, schema, sheet, person=person, say=reporter.say)
        plan = _recipe(recipe, table, k, quasi_identifiers, suppression)
        columns = [use.name for use in plan.with_use("quasi_identifier")]
        given = {} if hierarchies is None else hierarchies_in(hierarchies, columns)
        ring = None if keys is None else KeyRing.load(keys)
        together = None if joint is None else read_joint_answer(joint)
        done = anonymise(table, plan, hierarchies=given, keys=ring, joint=together, progress=reporter)
        evidence = evidence_on(done, title=plan.title, source=Path(data).name)
        run = Workspace().new_run(plan.title)
        result = let_table_out(
            done.table, evidence, rules, out, run, lambda found, decision: _page(done, table, found, decision),
            source=Path(data).name, override=override or "",
        )  # fmt: skip
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)


def _recipe(file: Path | None, table: Table, k: int | None, columns: str | None, suppression: float) -> Recipe:
    from cohortium.anonymise.tables import load_recipe, plain_recipe
    from cohortium.errors import InvalidRequest

    if file is not None:
        if k is not None or columns is not None:
            raise InvalidRequest("A recipe says itself what -k and --quasi-identifiers say; leave them out.")
        return load_recipe(file)
    asked = None if columns is None else names(columns)
    return plain_recipe(table, 5 if k is None else k, quasi_identifiers=asked, suppression=suppression)


def _page(done: Anonymised, table: Table, evidence: Evidence, decision: Decision) -> str:
    from cohortium.serve.anonymisation.page import page_of

    facts = [
        ("Rows", f"{evidence.facts['rows_real']:,} real, {evidence.facts['rows_released']:,} released"),
        ("Models", "; ".join(evidence.facts["models"])),
        ("Search", f"{done.recoding.checks:,} of {done.question.lattice.size:,} nodes counted"),
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


def accounts(done: Anonymised, table: Table, evidence: Evidence) -> list[Any]:
    """Tables of the page: the risk before and after, and what was done to each column."""
    from cohortium.serve.anonymisation.page import Account

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
