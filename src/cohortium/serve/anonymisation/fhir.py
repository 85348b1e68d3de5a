"""``cohortium anonymise fhir``: bundles and bulk files of FHIR R4 into a folder that may leave."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import REFUSED, AsJson, Keys, Out, Override, PolicyFile, show

if TYPE_CHECKING:
    from cohortium.anonymise.fhir import Anonymised
    from cohortium.serve.anonymisation.page import Account

LIMITS = (
    "Words are found that stand in the records' structured fields; a name that stands in a text alone is not.",
    "Codes, values and intervals stay, and a rare combination of them can single a patient out.",
    "Who has the ring of keys can tell who is who.",
)


@anonymise_app.command("fhir")
def fhir(
    source: Annotated[Path, typer.Argument(help="File or folder of FHIR R4: .json, .ndjson, with .gz or without.")],
    out: Out,
    keys: Keys,
    profile: Annotated[
        str, typer.Option(help="safe_harbour, eu_research, strict, or a file of rules (JSON or TOML).")
    ] = "eu_research",
    policy: PolicyFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> None:
    """De-identify FHIR resources by rules: references, dates and codes go on fitting together."""
    from cohortium.serve.reporter import Reporter

    with Reporter(quiet=as_json) as reporter:
        result = run_fhir(source, out, keys, profile, policy, override or "", reporter)
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)


def run_fhir(
    source: Path, out: Path, keys: Path, profile: str, policy: Path | None, override: str, reporter: Any
) -> dict[str, Any]:
    """What the command does; raises what reading, the rules and writing raise."""
    from datetime import UTC, datetime

    from cohortium.anonymise.fhir import anonymise_folder, evidence_of, load_configuration
    from cohortium.anonymise.pseudonyms import KeyRing
    from cohortium.privacy.policy import load_policy
    from cohortium.privacy.released_folder import must_be_free
    from cohortium.serve.anonymisation.leaving import let_files_out
    from cohortium.serve.anonymisation.page import page_of
    from cohortium.serve.workspace import Workspace

    must_be_free(out)
    configuration, rules = load_configuration(profile), load_policy(policy, shipped="fhir")
    ring = KeyRing.load(keys)
    run = Workspace().new_run("fhir")
    made = anonymise_folder(
        source, run / "files", configuration, ring, today=datetime.now(UTC).date(), progress=reporter
    )
    # The name of a file can be a patient's, and the evidence leaves with the records.
    evidence = evidence_of(made, configuration, "a folder" if source.is_dir() else "a file")
    facts = (
        ("Resources", f"{sum(made.types.values()):,}"),
        ("Files", f"{made.files:,}"),
        ("Patients", f"{made.patients:,}"),
        ("Rules", configuration.title),
        ("Known words looked for", f"{made.seeds:,}"),
    )
    limits = (*LIMITS, *made.remarks)
    return let_files_out(
        run / "files", evidence, rules, out, run,
        lambda judged, decision: page_of("Anonymised FHIR", "FHIR R4", judged, decision, facts=facts,
                                         accounts=accounts_of(made), limits=limits),
        source=str(source), override=override,
    )  # fmt: skip


def accounts_of(made: Anonymised) -> tuple[Account, ...]:
    """Tables for the page: types, methods by element, what was left out, where known words are left."""
    from cohortium.serve.anonymisation.page import Account

    done = sorted(made.done.items(), key=lambda pair: (pair[0][0], -pair[1]))
    changed = tuple((path, method, times) for (path, method), times in done if method != "keep")
    kept = tuple((path, times) for (path, method), times in done if method == "keep")
    tables = [
        Account("Resources", ("Type", "Resources"), tuple(sorted(made.types.items()))),
        Account("What was changed", ("Element", "Method", "Values"), changed,
                "Values that a rule changed or took out, by element."),
        Account("What stayed as it was", ("Element", "Values"), kept),
    ]  # fmt: skip
    if made.unknown:
        # Only where they stood: what R4 does not know can have any name.
        places: Counter[str] = Counter()
        for path, times in made.unknown.items():
            places[path.rpartition(".")[0]] += times
        tables.append(Account("Left out: unknown to FHIR R4", ("Within", "Elements"), tuple(sorted(places.items()))))
    if made.audit.seeded:
        tables.append(
            Account("Where known words are left", ("Element", "Times"), tuple(made.audit.seeded.most_common()))
        )
    if made.audit.free:
        tables.append(
            Account("Free texts and attachments left", ("Element", "Texts"), tuple(made.audit.free.most_common()))
        )
    return tuple(tables)
