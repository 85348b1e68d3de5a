"""Bins, forests and derivations as plain data, for model files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from cohortium.numerics.tree_draws import Forest
from cohortium.records import Schema, SumRule
from cohortium.records.table import ARROW_TYPES
from cohortium.synthesise.protocol import Parts
from cohortium.synthesise.tables.bins import ColumnBins
from cohortium.synthesise.tables.derived import Derivation, Lookup, Total

BIN_ARRAYS = ("upper", "first", "values", "chances", "interval")


def model_parts(
    schema: Schema,
    bins: Sequence[ColumnBins],
    forests: Sequence[Forest],
    derived: Sequence[Derivation],
    shrink: float,
    smallest: int,
    extra: dict[str, Any],
) -> Parts:
    """A model of forests as plain data; ``extra`` facts lie beside it."""
    arrays = {}
    columns = []
    for place, found in enumerate(bins):
        plain = bins_to_plain(found)
        columns.append(plain.facts)
        arrays.update({f"bins.{place:05d}.{name}": array for name, array in plain.arrays.items()})
    for place, forest in enumerate(forests):
        arrays.update({f"forest.{place:05d}.{name}": array for name, array in forest._asdict().items()})
    facts = {
        **extra,
        "shrink": shrink,
        "smallest": smallest,
        "columns": columns,
        "forests": len(forests),
        "derived": [derivation_to_plain(rule) for rule in derived],
    }
    return Parts(facts, arrays)


def model_from_parts(
    schema: Schema, parts: Parts
) -> tuple[tuple[ColumnBins, ...], tuple[Forest, ...], tuple[Derivation, ...]]:
    """Bins, forests and derivations that ``parts`` holds."""
    bins = []
    for place, facts in enumerate(parts.facts["columns"]):
        own = f"bins.{place:05d}."
        bins.append(bins_from_plain(schema, Parts(facts, {name: parts.arrays[own + name] for name in BIN_ARRAYS})))
    forests = tuple(
        Forest(*(parts.arrays[f"forest.{place:05d}.{name}"] for name in Forest._fields))
        for place in range(parts.facts["forests"])
    )
    derived = tuple(derivation_from_plain(plain, schema) for plain in parts.facts["derived"])
    return tuple(bins), forests, derived


def bins_to_plain(found: ColumnBins) -> Parts:
    """A column's bins as plain data."""
    facts = {
        "column": found.column.name,
        "width": found.width,
        "levels": list(found.levels),
        "left_out": found.left_out,
        "levels_left_out": found.levels_left_out,
    }
    return Parts(facts, {name: getattr(found, name) for name in BIN_ARRAYS})


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


def derivation_to_plain(rule: Derivation) -> dict[str, Any]:
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
