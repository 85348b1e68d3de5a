"""A schema as TOML that a person can read and edit; why each column is what it is stands in its comments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table as TomlTable

from cohortium.errors import InvalidRequest
from cohortium.records import (
    AllowedCombinations,
    Column,
    Constraint,
    FunctionalDependency,
    Inequality,
    Kind,
    Role,
    Schema,
    SumRule,
)
from cohortium.sources.annotations import one_line
from cohortium.sources.atomic import written_whole

EXPLANATION = f"""What each column of the data means. Edit and save: the next run uses this file instead of guessing.

[[column]] tables come in the order of the data's columns. Keys, all optional but name and kind:
  name           as the data has it
  kind           {" ".join(Kind)}
  roles          {" ".join(Role)}
  unit           such as "years", "kg", "mg/dL"
  missing_codes  cells that stand for "missing": ["?", "-9"]; empty cells always do
  minimum        plausible range, both ends included; for a date as 1990-12-31
  maximum
  levels         allowed levels; for an ordinal column from lowest to highest; leave out to allow any
  decimals       digits after the decimal point that the source records
  date_format    how dates are written when not as 2024-01-31: "%d.%m.%Y"; alternatives are separated by "|"
  decimal_comma  true where 3,5 is three and a half
  shape          of an image: [height, width, channels], with 1 channel for grey and 3 for colours

[[constraint]] tables hold rules that every row obeys:
  rule = "inequality"             left, comparison ("<=" or "<"), right
  rule = "functional_dependency"  determinant, dependent: rows that agree on one agree on the other
  rule = "allowed_combinations"   of, combinations: lists of levels that may occur together
  rule = "sum"                    total, parts, tolerance

Comments that begin with "# why:" are reasons; they travel with the schema. Other comments are yours."""

REASON = "why: "
_EPOCH = date(1970, 1, 1)


def save_schema(schema: Schema, path: str | Path) -> Path:
    """Write ``schema`` as commented TOML, whole or not at all.

    Raises : TargetUnwritable; InvalidRequest where a constraint is of a type that has no TOML form.
    """
    target = Path(path)
    text = schema_text(schema)
    with written_whole(target) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
    return target


def schema_text(schema: Schema) -> str:
    """``schema`` as commented TOML."""
    document = tomlkit.document()
    for line in EXPLANATION.splitlines():
        document.add(tomlkit.comment(line) if line else tomlkit.nl())
    document.add(tomlkit.nl())
    document.add("title", tomlkit.item(schema.title))
    columns = tomlkit.aot()
    for column in schema.columns:
        columns.append(_column(column))
    document.add("column", columns)
    if schema.constraints:
        rules = tomlkit.aot()
        for constraint in schema.constraints:
            rules.append(_constraint(constraint))
        document.add("constraint", rules)
    return tomlkit.dumps(document)


def _column(column: Column) -> TomlTable:
    table = tomlkit.table()
    table.add("name", column.name)
    for reason in column.reasons:
        table.add(tomlkit.comment(REASON + one_line(reason)))
    table.add("kind", column.kind.value)
    facts: dict[str, Any] = {
        "roles": [role.value for role in Role if role in column.roles],
        "unit": column.unit,
        "missing_codes": list(column.missing_codes),
        "minimum": _limit(column.minimum, column.kind),
        "maximum": _limit(column.maximum, column.kind),
        "decimals": column.decimals,
        "date_format": column.date_format,
        "decimal_comma": column.decimal_comma or None,
        "shape": None if column.shape is None else list(column.shape),
    }
    for key, value in facts.items():
        if value is not None and value != []:
            table.add(key, value)
    if column.levels is not None:
        levels = tomlkit.item(list(column.levels))
        table.add("levels", levels.multiline(sum(map(len, column.levels)) > 80))
    return table


def _limit(value: float | None, kind: Kind) -> Any:
    """A limit as people write it: a date for dates, a whole number without a point."""
    if value is None:
        return None
    if kind is Kind.DATE and value.is_integer() and -719_000 < value < 2_900_000:
        return _EPOCH + timedelta(days=int(value))
    if kind is Kind.DATETIME and value.is_integer() and -6.2e10 < value < 2.5e11:
        return datetime.fromtimestamp(0, UTC).replace(tzinfo=None) + timedelta(seconds=value)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _constraint(constraint: Constraint) -> TomlTable:
    facts: dict[str, Any]
    if isinstance(constraint, Inequality):
        facts = {
            "rule": "inequality",
            "left": constraint.left,
            "comparison": constraint.comparison,
            "right": constraint.right,
        }
    elif isinstance(constraint, FunctionalDependency):
        facts = {
            "rule": "functional_dependency",
            "determinant": constraint.determinant,
            "dependent": constraint.dependent,
        }
    elif isinstance(constraint, AllowedCombinations):
        combinations = [list(combination) for combination in constraint.combinations]
        facts = {"rule": "allowed_combinations", "of": list(constraint.of), "combinations": combinations}
    elif isinstance(constraint, SumRule):
        facts = {
            "rule": "sum",
            "total": constraint.total,
            "parts": list(constraint.parts),
            "tolerance": constraint.tolerance,
        }
    else:
        raise InvalidRequest(f"The constraint '{constraint}' has no form in a schema file; leave it out.")
    table = tomlkit.table()
    for key, value in facts.items():
        table.add(key, value)
    return table
