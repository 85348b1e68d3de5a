"""What was chosen for each column and why, as a TOML file that a steward edits and hands back."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomlkit

from cohortium.anonymise.tables.building.choice import SETTINGS, Choice
from cohortium.errors import InvalidRequest, SourceUnreadable

EXPLANATION = """How each column may be told less exactly. Edit this file and hand it back:
  cohortium anonymise hierarchies TABLE --choices THIS-FILE --out FOLDER
The files COLUMN.csv beside this one hold the levels themselves; they can be edited, too.
They list the values of your table. Like the table itself, they stay where they are.

Builders and their settings:
  intervals       widths = [5, 10, 20], each a multiple of the one before; lowest, highest = open ends; origin
  quantile_bands  bands = 16: about equally many rows in each
  dates           steps = some of ["day", "month", "quarter", "year", "decade"]
  prefixes        keep = [4, 3, 2, 1]: characters kept at each level
  icd10, atc      none: the levels of the code
  ordered         order = levels from lowest to highest, joined with their neighbours
  tree            pairs = a file with lines child;parent
  frequency       fewest = 2: levels that keep their names at the last step
  star            none: told, or not told"""
DEPENDS = "these levels were chosen by looking at the values of this table; they tell something about them."


def choices_text(choices: Sequence[Choice]) -> str:
    """``choices`` as commented TOML."""
    document = tomlkit.document()
    for line in EXPLANATION.splitlines():
        document.add(tomlkit.comment(line) if line else tomlkit.nl())
    document.add(tomlkit.nl())
    tables = tomlkit.aot()
    for choice in choices:
        table = tomlkit.table()
        table.add("column", choice.column)
        for reason in choice.reasons:
            table.add(tomlkit.comment(f"why: {reason}"))
        if choice.data_dependent:
            table.add(tomlkit.comment(f"note: {DEPENDS}"))
        table.add("builder", choice.builder)
        for name, value in choice.settings.items():
            table.add(name, list(value) if isinstance(value, tuple) else value)
        tables.append(table)
    document.add("hierarchy", tables)
    return tomlkit.dumps(document)


def read_choices(path: Path) -> tuple[Choice, ...]:
    """The choices in a TOML file as ``choices_text`` writes it.

    Raises : SourceUnreadable; InvalidRequest naming the column and the setting that cannot be understood.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The choices {path} cannot be read: {type(error).__name__}.") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{path} is not TOML: {error}.") from error
    entries = document.get("hierarchy")
    if set(document) != {"hierarchy"} or not isinstance(entries, list) or not entries:
        raise InvalidRequest(f"{path}: [[hierarchy]] tables were expected, one per column, and nothing else.")
    choices = tuple(_choice(plain, path) for plain in entries)
    names = [choice.column for choice in choices]
    if len(set(names)) < len(names):
        raise InvalidRequest(f"{path}: each column may have one [[hierarchy]]; {sorted(set(names))} repeat.")
    return choices


def _choice(plain: dict[str, Any], path: Path) -> Choice:
    column, builder = plain.get("column"), plain.get("builder")
    if not isinstance(column, str) or not isinstance(builder, str):
        raise InvalidRequest(f"{path}: every [[hierarchy]] needs column = and builder =, one of {sorted(SETTINGS)}.")
    settings = {key: value for key, value in plain.items() if key not in ("column", "builder")}
    try:
        return Choice(column, builder, settings)
    except InvalidRequest as error:
        raise InvalidRequest(f"{path}: {error}") from error
