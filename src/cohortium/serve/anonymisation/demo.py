"""The demo's table as real records that may leave: a release, and who could be found in it."""

from __future__ import annotations

from pathlib import Path

from cohortium.anonymise.tables.building import choices_text, infer_hierarchies
from cohortium.serve.anonymisation.hierarchies import write_hierarchies
from cohortium.serve.anonymisation.risk_run import Files, run_risk
from cohortium.serve.anonymisation.table_run import Request, run_table
from cohortium.serve.commands import open_table
from cohortium.serve.reporter import Reporter


def run_anonymised_demo(data: Path, folder: Path, reporter: Reporter) -> list[str]:
    """The lines that a person reads; ``folder`` then holds hierarchies/, release/ and risk/."""
    table = open_table(str(data))
    chosen = infer_hierarchies(table)
    levels = folder / "hierarchies"
    write_hierarchies(levels, [choice.build(table) for choice in chosen], choices_text(chosen))
    made = run_table(Request(data=str(data), k=5, hierarchies=levels), folder / "release", reporter)
    if made["folder"] is None:
        return list(made["lines"])
    files = Files(data=str(data), released=str(folder / "release" / "table.csv"), hierarchies=levels)
    assessed = run_risk(files, folder / "risk", reporter)
    return [*made["lines"], *assessed["lines"]]
