"""Bins and derivations as plain data, for model files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from cohortium.records import Schema, SumRule
from cohortium.records.table import ARROW_TYPES
from cohortium.synthesise.protocol import Parts
from cohortium.synthesise.tables.bins import ColumnBins
from cohortium.synthesise.tables.derived import Derivation, Lookup, Total


def bins_to_plain(found: ColumnBins) -> Parts:
    """A column's bins as plain data."""
    facts = {
        "column": found.column.name,
        "width": found.width,
        "levels": list(found.levels),
        "left_out": found.left_out,
        "levels_left_out": found.levels_left_out,
    }
    names = ("upper", "first", "values", "chances", "interval")
    return Parts(facts, {name: getattr(found, name) for name in names})


def bins_from_plain(schema: Schema, parts: Parts) -> ColumnBins:
    """The bins that ``parts`` holds."""
    facts, arrays = parts.facts, parts.arrays
    return ColumnBins(
        schema[facts["column"]],
        facts["width"],
        arrays["upper"],
        arrays["first"],
        arrays["values"],
        tuple(facts["levels"]),
        arrays["chances"],
        arrays["interval"].astype(np.bool_),
        facts["left_out"],
        facts["levels_left_out"],
    )


def derivation_to_plain(rule: Derivation, schema: Schema) -> dict[str, Any]:
    """A derivation as plain data; values are written as text in Arrow's own spelling."""
    if isinstance(rule, Total):
        return {"total": rule.rule.total, "parts": list(rule.rule.parts), "tolerance": rule.rule.tolerance}
    return {
        "determinant": rule.determinant,
        "dependent": rule.dependent,
        "keys": rule.keys.cast(pa.string()).to_pylist(),
        "values": rule.values.cast(pa.string()).to_pylist(),
    }


def derivation_from_plain(plain: dict[str, Any], schema: Schema) -> Derivation:
    """The derivation that ``plain`` describes."""
    if "total" in plain:
        return Total(SumRule(plain["total"], tuple(plain["parts"]), plain["tolerance"]))
    keys = _from_text(plain["keys"], schema, plain["determinant"])
    values = _from_text(plain["values"], schema, plain["dependent"])
    return Lookup(plain["determinant"], plain["dependent"], keys, values)


def _from_text(texts: list[str | None], schema: Schema, name: str) -> pa.Array:
    wanted = ARROW_TYPES[schema[name].kind]
    return pa.array(texts, pa.string()).cast(wanted.value_type if pa.types.is_dictionary(wanted) else wanted)
