"""Results of a study for people: tables on the terminal, and a folder with tables, a page and the record."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from cohortium.federate.study import Study
from cohortium.privacy.released_folder import unfinished_folder
from cohortium.records import Result
from cohortium.serve.federated_twins import HEAVY, is_twin, write_twin
from cohortium.serve.lineage import lineage_of, write_lineage

MOST_ROWS_SHOWN = 20


def print_results(console: Console, results: dict[str, Result]) -> None:
    """The first rows of each table that has any."""
    for name, result in results.items():
        console.print(f"\n[bold]{escape(name)}[/]: {escape(result.title)}, {result.persons:,} persons")
        for title, table in result.tables.items():
            rows = list(zip(*table.values(), strict=True))
            if rows:
                console.print(_grid(title, list(table), rows))
            if len(rows) > MOST_ROWS_SHOWN:
                console.print(f"[dim]{len(rows) - MOST_ROWS_SHOWN:,} more rows in the files (--out).[/]")
        for note in result.facts.get("notes", []):
            console.print(f"[yellow]{escape(str(note))}[/]")


def _grid(title: str, columns: list[str], rows: list[tuple[Any, ...]]) -> Grid:
    grid = Grid(*(escape(column) for column in columns), title=escape(title))
    for row in rows[:MOST_ROWS_SHOWN]:
        grid.add_row(*(escape(shown(value)) for value in row))
    return grid


def write_results(
    folder: Path,
    study: Study,
    results: dict[str, Result],
    record: dict[str, Any],
    receipts: Mapping[str, bytes] | None = None,
) -> None:
    """``NAME-TABLE.csv`` for each table, ``results.html`` to read, ``record.json`` to repeat or check; all or nothing.

    A synthetic twin lies in a folder ``NAME`` of its own, with its evidence report. In ``proof`` lies each answer as it
    was released, ``NAME.result``, and its receipt, ``NAME.receipt.json``, by analysis where ``receipts`` has it. Where
    everything came from is in ``ro-crate-metadata.json`` and ``provenance.jsonld``.

    Raises : TargetUnwritable where the folder exists and is not empty.
    """
    from cohortium.serve.study_page import study_page

    with unfinished_folder(folder) as (unfinished, _):
        for name, result in results.items():
            for title, table in result.tables.items():
                (unfinished / f"{name}-{title}.csv").write_text(as_csv(table), "utf-8")
            if is_twin(result):
                write_twin(unfinished / name, result)
        plain = {name: _plain(result) for name, result in results.items()}
        document = {**record, "answers": plain}
        (unfinished / "record.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
        for name, text in (receipts or {}).items():
            (unfinished / "proof").mkdir(exist_ok=True)
            (unfinished / "proof" / f"{name}.result").write_bytes(results[name].to_bytes())
            (unfinished / "proof" / f"{name}.receipt.json").write_bytes(text)
        (unfinished / "results.html").write_text(study_page(study, results, record), "utf-8")
        write_lineage(lineage_of(study, record, results, unfinished), unfinished)


def _plain(result: Result) -> dict[str, Any]:
    facts = {name: value for name, value in result.facts.items() if not (is_twin(result) and name in HEAVY)}
    return {"title": result.title, "persons": result.persons, "facts": facts}


def as_csv(table: dict[str, list[Any]]) -> str:
    """A tidy table as CSV; empty where there is no value."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(["" if value is None else value for value in row] for row in zip(*table.values(), strict=True))
    return stream.getvalue()


def shown(value: Any) -> str:
    """A value as people read it: four significant digits, thousands apart."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
