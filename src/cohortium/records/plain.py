"""Schemas as plain data (JSON values) and back, for model files and evidence."""

from __future__ import annotations

from typing import Any

from cohortium.errors import SchemaMismatch
from cohortium.records.constraints import (
    AllowedCombinations,
    Constraint,
    FunctionalDependency,
    Inequality,
    SumRule,
)
from cohortium.records.schema import Column, Kind, Role, Schema


def schema_to_plain(schema: Schema) -> dict[str, Any]:
    """``schema`` as dicts, lists, texts and numbers."""
    return {
        "title": schema.title,
        "columns": [column_to_plain(column) for column in schema.columns],
        "constraints": [_constraint_to_plain(rule) for rule in schema.constraints],
    }


def schema_from_plain(plain: dict[str, Any]) -> Schema:
    """The schema that ``plain`` describes.

    Raises : SchemaMismatch where a part is missing or is not of the documented form.
    """
    try:
        columns = tuple(column_from_plain(column) for column in plain["columns"])
        rules = tuple(_constraint_from_plain(rule) for rule in plain["constraints"])
        return Schema(columns, rules, plain["title"])
    except (KeyError, TypeError, ValueError) as error:
        raise SchemaMismatch(f"The stored schema is incomplete or of another version: {error!r}.") from error


def column_to_plain(column: Column) -> dict[str, Any]:
    """``column`` as a dict of lists, texts and numbers; only that of images has a shape."""
    shape = {} if column.shape is None else {"shape": list(column.shape)}
    return {
        "name": column.name,
        "kind": str(column.kind),
        "roles": sorted(str(role) for role in column.roles),
        "unit": column.unit,
        "missing_codes": list(column.missing_codes),
        "minimum": column.minimum,
        "maximum": column.maximum,
        "levels": None if column.levels is None else list(column.levels),
        "decimals": column.decimals,
        "date_format": column.date_format,
        "decimal_comma": column.decimal_comma,
        "reasons": list(column.reasons),
        **shape,
    }


def column_from_plain(plain: dict[str, Any]) -> Column:
    """The column that ``plain`` describes."""
    fields = dict(plain)
    fields["kind"] = Kind(fields["kind"])
    fields["roles"] = frozenset(Role(role) for role in fields["roles"])
    for name in ("missing_codes", "reasons"):
        fields[name] = tuple(fields[name])
    fields["levels"] = None if fields["levels"] is None else tuple(fields["levels"])
    fields["shape"] = None if fields.get("shape") is None else tuple(fields["shape"])
    return Column(**fields)


def _constraint_to_plain(rule: Constraint) -> dict[str, Any]:
    match rule:
        case Inequality():
            return {"rule": "inequality", "left": rule.left, "comparison": rule.comparison, "right": rule.right}
        case FunctionalDependency():
            return {"rule": "dependency", "determinant": rule.determinant, "dependent": rule.dependent}
        case AllowedCombinations():
            return {
                "rule": "combinations",
                "of": list(rule.of),
                "combinations": [list(combination) for combination in rule.combinations],
            }
        case SumRule():
            return {"rule": "sum", "total": rule.total, "parts": list(rule.parts), "tolerance": rule.tolerance}
    raise SchemaMismatch(f"The rule '{rule}' has no stored form.")


def _constraint_from_plain(plain: dict[str, Any]) -> Constraint:
    match plain["rule"]:
        case "inequality":
            return Inequality(plain["left"], plain["comparison"], plain["right"])
        case "dependency":
            return FunctionalDependency(plain["determinant"], plain["dependent"])
        case "combinations":
            return AllowedCombinations(tuple(plain["of"]), tuple(tuple(c) for c in plain["combinations"]))
        case "sum":
            return SumRule(plain["total"], tuple(plain["parts"]), plain["tolerance"])
    raise SchemaMismatch(f"There is no rule '{plain['rule']}'; known: inequality, dependency, combinations, sum.")
