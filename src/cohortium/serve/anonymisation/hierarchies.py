"""``cohortium anonymise hierarchies``: how each column may be told less exactly, written for the steward to edit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.options import AsJson, Data, Out, SchemaFile, Sheet, names, show
from cohortium.serve.reporter import Reporter

if TYPE_CHECKING:
    from cohortium.anonymise.tables.building import Choice
    from cohortium.anonymise.tables.hierarchy import Hierarchy

CHOICES = "hierarchies.toml"


@anonymise_app.command("hierarchies")
def make_hierarchies(
    data: Data,
    out: Out,
    columns: Annotated[
        str | None,
        typer.Option(help="Columns, separated by commas. Default: those that the schema calls quasi_identifier."),
    ] = None,
    choices: Annotated[
        Path | None, typer.Option(help=f"An edited {CHOICES}; its builders are used instead of a fresh choice.")
    ] = None,
    schema: SchemaFile = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Write how each column may be told less exactly: one file of levels each, and what was chosen and why."""
    from cohortium.anonymise.tables.building import choices_text, infer_hierarchies, read_choices
    from cohortium.errors import InvalidRequest
    from cohortium.privacy.released_folder import must_be_free
    from cohortium.serve.commands import open_table

    if choices is not None and columns is not None:
        raise InvalidRequest("The file of choices names the columns itself; leave --columns out.")
    must_be_free(out)
    with Reporter(quiet=as_json) as reporter:
        table = open_table(data, schema, sheet, say=reporter.say)
        asked = None if columns is None else names(columns)
        chosen = infer_hierarchies(table, asked) if choices is None else read_choices(choices)
        folder = Path() if choices is None else choices.parent
        made = []
        for place, choice in enumerate(chosen):
            reporter(f"levels of {choice.column}", place / len(chosen))
            made.append(choice.build(table, folder))
    write_hierarchies(out, made, choices_text(chosen) if choices is None else choices.read_text("utf-8"))
    show(_result(out, chosen, made), as_json)


def write_hierarchies(out: Path, made: Sequence[Hierarchy], chosen: str) -> None:
    """The files, whole or not at all, for their owner alone: they list the values of patients."""
    from cohortium.errors import InvalidRequest
    from cohortium.privacy.released_folder import unfinished_folder

    wrong = [one.column for one in made if Path(f"{one.column}.csv").name != f"{one.column}.csv"]
    if wrong:
        raise InvalidRequest(f"The names of the columns {wrong} cannot be names of files. Rename them.")
    with unfinished_folder(out, mode=0o700) as (unfinished, _):
        for one in made:
            (unfinished / f"{one.column}.csv").write_text(one.to_csv(), "utf-8", newline="\n")
        (unfinished / CHOICES).write_text(chosen, "utf-8", newline="\n")


def _result(out: Path, chosen: Sequence[Choice], made: Sequence[Hierarchy]) -> dict[str, Any]:
    lines = []
    for choice, one in zip(chosen, made, strict=True):
        groups = " > ".join(f"{len(labels):,}" for labels in one.labels)
        lines.append(
            f"{choice.column}: {choice.builder}, groups by level {groups}. {' '.join(choice.reasons)}".rstrip()
        )
    depend = [choice.column for choice in chosen if choice.data_dependent]
    if depend:
        lines.append(f"Chosen by looking at the values, so read them before you show them: {', '.join(depend)}.")
    lines.append(f"Written: {out}. Edit {CHOICES} and hand it back with --choices, or edit the levels themselves.")
    lines.append("These files list the values of your table: they stay inside, as it does.")
    found = [
        {"column": choice.column, "builder": choice.builder, "settings": dict(choice.settings),
         "reasons": list(choice.reasons), "data_dependent": choice.data_dependent,
         "groups": [len(labels) for labels in one.labels]}
        for choice, one in zip(chosen, made, strict=True)
    ]  # fmt: skip
    return {"folder": str(out), "hierarchies": found, "lines": lines}
