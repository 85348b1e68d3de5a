"""Columns that follow from others, and rows that break a rule.

A column that a functional dependency or a sum rule determines is not modelled: it is computed, so that the rule holds
in every row. All other rules hold by drawing again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.records import Constraint, FunctionalDependency, Schema, SumRule, Table
from cohortium.records.table import ARROW_TYPES
from cohortium.synthesise.tables.bins import numbers_to_arrow

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Lookup:
    """``dependent`` by ``determinant``: pairs that at least the smallest number of persons carry."""

    determinant: str
    dependent: str
    keys: pa.Array
    values: pa.Array

    def column(self, made: dict[str, pa.Array], schema: Schema) -> pa.Array:
        """The dependent column of rows whose other columns are made."""
        place = pc.index_in(_plain(made[self.determinant]), self.keys)
        return self.values.take(place).cast(ARROW_TYPES[schema[self.dependent].kind])


@dataclass(frozen=True, slots=True)
class Total:
    """``rule.total`` as the sum of its parts."""

    rule: SumRule

    @property
    def dependent(self) -> str:
        return self.rule.total

    def column(self, made: dict[str, pa.Array], schema: Schema) -> pa.Array:
        """The total of rows whose parts are made; missing where a part is."""
        parts = [made[name].cast(pa.float64()) for name in self.rule.parts]
        numbers: NDArray[np.float64] = np.sum([part.to_numpy(zero_copy_only=False) for part in parts], axis=0)
        missing = np.logical_or.reduce([np.asarray(part.is_null()) for part in parts])
        return numbers_to_arrow(numbers, missing, schema[self.dependent])


Derivation = Lookup | Total


def derivations(table: Table, *, smallest: int) -> tuple[Derivation, ...]:
    """How each determined column of ``table`` follows from modelled ones, in an order that can be computed.

    A dependency that is one to one in both directions keeps its determinant; chains and circles are cut at columns that
    are already determined.
    """
    found: list[Derivation] = []
    determined: set[str] = set()
    needed: set[str] = set()
    for rule in table.schema.constraints:
        if isinstance(rule, FunctionalDependency):
            free = rule.determinant not in determined and rule.dependent not in determined | needed
            if free and _is_coarse(table, rule) and _tells_all(table, rule):
                found.append(_lookup(table, rule, smallest))
                determined.add(rule.dependent)
                needed.add(rule.determinant)
        elif isinstance(rule, SumRule):
            free = rule.total not in determined | needed and not determined & set(rule.parts)
            if free and not any(table.missing(name).any() for name in rule.columns):
                found.append(Total(rule))
                determined.add(rule.total)
                needed.update(rule.parts)
    return tuple(found)


def rules_to_check(schema: Schema, derived: tuple[Derivation, ...]) -> tuple[Constraint, ...]:
    """Rules of single rows that no derivation makes true."""
    made = {rule.dependent for rule in derived}
    return tuple(
        rule
        for rule in schema.constraints
        if not isinstance(rule, FunctionalDependency) and not (isinstance(rule, SumRule) and rule.total in made)
    )


def _is_coarse(table: Table, rule: FunctionalDependency) -> bool:
    # a "function" of a nearly unique column is a copy of the table, and must not be stored
    keys = table.factorised(rule.determinant)
    return len(np.unique(keys)) <= max(20, len(table) // 20) and table.schema[rule.determinant].kind.is_nominal


def _tells_all(table: Table, rule: FunctionalDependency) -> bool:
    """Whether the determinant, missing or not, tells the dependent value, missing or not, in all but 1 of 200 rows."""
    keys = table.factorised(rule.determinant).astype(np.int64) + 1
    values = table.factorised(rule.dependent).astype(np.int64) + 1
    width = int(values.max(initial=0)) + 1
    pairs, count = np.unique(keys * width + values, return_counts=True)
    usual = np.zeros(int(keys.max(initial=0)) + 1, dtype=np.int64)
    np.maximum.at(usual, pairs // width, count)
    empty = (keys == 0) & (values > 0)
    return bool(len(table) - usual.sum() + empty.sum() <= 0.005 * len(table))


def _lookup(table: Table, rule: FunctionalDependency, smallest: int) -> Lookup:
    keys, values = table.factorised(rule.determinant), table.factorised(rule.dependent)
    persons = table.persons()
    first: dict[int, int] = {}
    for key in np.unique(keys[keys >= 0]):
        rows = np.flatnonzero(keys == key)
        usual = np.argmax(np.bincount(values[rows] + 1)) - 1
        agreeing = rows[values[rows] == usual]
        if len(np.unique(persons[agreeing])) >= smallest:
            first[int(key)] = int(agreeing[0])
    rows_kept = pa.array(list(first.values()), pa.int64())
    return Lookup(
        rule.determinant,
        rule.dependent,
        _plain(table.arrow.column(rule.determinant).take(rows_kept).combine_chunks()),
        _plain(table.arrow.column(rule.dependent).take(rows_kept).combine_chunks()),
    )


def _plain(array: Any) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array.cast(array.type.value_type) if pa.types.is_dictionary(array.type) else array
