"""``cohortium anonymise omop``: a CDM into a folder of Parquet files that may leave."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import REFUSED, AsJson, Keys, Out, Override, PolicyFile, show

if TYPE_CHECKING:
    from cohortium.anonymise.omop import Anonymised
    from cohortium.serve.anonymisation.page import Account

LIMITS = (
    "Concepts, values and intervals stay, and a rare combination of them can single a person out.",
    "Dates of more than 90 years ago tell of an age over 89, unless the profile makes years of them.",
    "Who has the ring of keys can tell who is who.",
)


@anonymise_app.command("omop")
def omop(
    source: Annotated[
        Path, typer.Argument(help="Folder or zip of CSV or Parquet, one file per table, or a DuckDB file.")
    ],
    out: Out,
    keys: Keys,
    profile: Annotated[
        str, typer.Option(help="safe_harbour, eu_research, strict, or a file of rules (TOML).")
    ] = "eu_research",
    policy: PolicyFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> None:
    """De-identify an OMOP CDM: keys, dates and concepts go on fitting together."""
    from cohortium.serve.reporter import Reporter

    with Reporter(quiet=as_json) as reporter:
        result = run_omop(source, out, keys, profile, policy, override or "", reporter)
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)


def run_omop(
    source: Path, out: Path, keys: Path, profile: str, policy: Path | None, override: str, reporter: Any
) -> dict[str, Any]:
    """What the command does; raises what reading, the rules and writing raise."""
    from datetime import UTC, datetime

    from cohortium.anonymise.omop import anonymise_cdm, evidence_of, load_profile
    from cohortium.anonymise.pseudonyms import KeyRing
    from cohortium.privacy.policy import load_policy
    from cohortium.privacy.released_folder import must_be_free
    from cohortium.serve.anonymisation.leaving import let_files_out
    from cohortium.serve.anonymisation.page import page_of
    from cohortium.serve.workspace import Workspace

    must_be_free(out)
    treatment, rules = load_profile(profile), load_policy(policy, shipped="omop")
    ring = KeyRing.load(keys)
    run = Workspace().new_run("omop")
    made = anonymise_cdm(source, run / "files", treatment, ring, today=datetime.now(UTC).date(), progress=reporter)
    evidence = evidence_of(made, treatment, "a folder" if source.is_dir() else "a file")
    facts = (
        ("Persons", f"{made.persons:,}"),
        ("Rows", f"{evidence.facts['rows']:,} in {evidence.facts['files']} tables"),
        ("Rules", treatment.title),
    )
    limits = (*LIMITS, *made.remarks)
    return let_files_out(
        run / "files", evidence, rules, out, run,
        lambda judged, decision: page_of("Anonymised OMOP CDM", "OMOP", judged, decision, facts=facts,
                                         accounts=accounts_of(made), limits=limits),
        source=str(source), override=override,
    )  # fmt: skip


def accounts_of(made: Anonymised) -> tuple[Account, ...]:
    """Tables for the page: rows, treatment of columns, keys that lead nowhere, names and texts left."""
    from cohortium.serve.anonymisation.page import Account

    rows = tuple(
        (table, before, "left out" if after is None else after) for table, (before, after) in made.rows.items()
    )
    changed = tuple(row for row in made.treatments if row[3] != "keep")
    audit = made.audit
    orphans = tuple((place, before, after) for place, (before, after) in audit.orphans.items() if before or after)
    tables = [
        Account("Tables", ("Table", "Rows before", "Rows after"), rows),
        Account("What was changed", ("Table", "Column", "It holds", "Method"), changed, "Columns not listed stayed."),
    ]
    if orphans:
        tables.append(Account("Keys that lead nowhere", ("Column", "Rows before", "Rows after"), orphans))
    for title, counts in (("Rare concepts that became 0", {k: v for k, v in made.rare.items() if v}),
                          ("Where known names are left", audit.names_left),
                          ("Free texts and source values left", audit.free_text_left)):  # fmt: skip
        if counts:
            tables.append(Account(title, ("Column", "Number"), tuple(sorted(counts.items()))))
    return tuple(tables)
