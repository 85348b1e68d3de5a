"""Options that several commands share, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

REFUSED = 3
"""Exit code where the gate refused; others: 0 done, 2 input or request that cannot be used, 130 interrupted."""

Data = Annotated[
    str, typer.Argument(help="CSV, TSV, Parquet, Arrow, Excel, SQLite or DuckDB file, or postgresql:// address.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the result; it must be empty or not exist yet.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON for programs.")]
Seed = Annotated[int, typer.Option(help="Same seed, same result.")]
SchemaFile = Annotated[
    Path | None, typer.Option("--schema", help="Schema file (TOML). Default: FILE.schema.toml, made at the first run.")
]
Sheet = Annotated[str | None, typer.Option(help="Sheet of a workbook, or table of a database.")]
Dictionary = Annotated[Path | None, typer.Option(help="Data dictionary of a REDCap export.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Release policy (TOML). Default: the one shipped.")]
Override = Annotated[
    str | None, typer.Option(help="Let a refused table out all the same; the reason is recorded with the release.")
]
Person = Annotated[str | None, typer.Option(help="Column that says which person a row belongs to.")]
Outcome = Annotated[str | None, typer.Option(help="Column that studies want to explain or predict.")]
Keys = Annotated[
    Path,
    typer.Option("--keys", help="File of the project's secret keys; 'cohortium anonymise keys' makes one."),
]


def names(text: str | None) -> tuple[str, ...]:
    """The names in a text that separates them by commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def show(result: dict[str, Any], as_json: bool) -> None:
    """Print what a command returned: its lines, or all of it as JSON for programs."""
    if as_json:
        typer.echo(json.dumps(result, indent=2))
        return
    console = Console()
    for line in result["lines"]:
        console.print(escape(line), soft_wrap=True)
