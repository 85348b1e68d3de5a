"""Columns that follow from others, found in counts over all sites: what ``derivations`` finds in one table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cohortium.records import FunctionalDependency, Kind, Schema, SumRule, Sums, Table
from cohortium.synthesise.federated.levels import level_sets_of, levels_of
from cohortium.synthesise.tables.bins import numbers_to_arrow
from cohortium.synthesise.tables.derived import Derivation, Lookup, Total

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXCEPTIONS = 0.005
"""Share of the rows that may break a dependency that is still taken for one."""
MOST_CELLS = 1 << 18
CONSTANT = 1e-12
"""Numbers whose variance is less than this part of their mean square are one number."""


def counted_rules(schema: Schema) -> list[FunctionalDependency]:
    """Dependencies on a nominal column: those that counts and moments can tell."""
    return [
        rule
        for rule in schema.constraints
        if isinstance(rule, FunctionalDependency)
        and schema[rule.determinant].kind.is_nominal
        and level_sets_of(schema[rule.determinant]) * level_sets_of(schema[rule.dependent]) <= MOST_CELLS
    ]


def rule_sums(records: Table, schema: Schema) -> dict[str, Any]:
    """What one site says about the dependencies: joint counts of levels, and per level the moments of numbers."""
    counts: list[NDArray[Any]] = [np.zeros(0, np.int64)]
    moments: list[NDArray[Any]] = [np.zeros(0)]
    for rule in counted_rules(schema):
        codes = records.codes(rule.determinant)[0].astype(np.int64) + 1
        size, width = level_sets_of(schema[rule.determinant]), level_sets_of(schema[rule.dependent])
        if schema[rule.dependent].kind.is_nominal:
            other = records.codes(rule.dependent)[0].astype(np.int64) + 1
        else:
            values = records.numeric(rule.dependent)
            known = np.isfinite(values)
            other = known.astype(np.int64)
            held = values[known]
            moments += [np.bincount(codes[known], weights=held**power, minlength=size) for power in (1, 2)]
        counts.append(np.bincount(codes * width + other, minlength=size * width))
    return {"links": np.concatenate(counts).astype(np.int64), "link_moments": np.concatenate(moments)}


def summed_derivations(schema: Schema, total: Sums, missing: dict[str, int], smallest: int) -> tuple[Derivation, ...]:
    """How each determined column follows from modelled ones, in an order that can be computed.

    total : ``rule_sums`` over all sites; missing : rows without a value, by column.
    """
    joint = dict(_joint(schema, total))
    found: list[Derivation] = []
    determined: set[str] = set()
    needed: set[str] = set()
    for rule in schema.constraints:
        if isinstance(rule, FunctionalDependency) and rule in joint:
            free = rule.determinant not in determined and rule.dependent not in determined | needed
            if free and _holds(*joint[rule]):
                found.append(_lookup(rule, schema, *joint[rule], smallest))
                determined.add(rule.dependent)
                needed.add(rule.determinant)
        elif isinstance(rule, SumRule):
            free = rule.total not in determined | needed and not determined & set(rule.parts)
            if free and not any(missing[name] for name in rule.columns):
                found.append(Total(rule))
                determined.add(rule.total)
                needed.update(rule.parts)
    return tuple(found)


def _joint(
    schema: Schema, total: Sums
) -> Iterator[tuple[FunctionalDependency, tuple[NDArray[np.int64], NDArray[np.float64]]]]:
    """For each rule its joint counts (levels, values), and sums and sums of squares (2, levels) of a number."""
    place, beyond = 0, 0
    for rule in counted_rules(schema):
        size, width = level_sets_of(schema[rule.determinant]), level_sets_of(schema[rule.dependent])
        counts = total["links"][place : place + size * width].reshape(size, width)
        place += size * width
        moments = np.zeros((0, size))
        if schema[rule.dependent].kind.is_numeric:
            moments = total["link_moments"][beyond : beyond + 2 * size].reshape(2, size)
            beyond += 2 * size
        yield rule, (counts, moments)


def _holds(counts: NDArray[np.int64], moments: NDArray[np.float64]) -> bool:
    """Whether the determinant, missing or not, tells the dependent value, missing or not, in all but 1 of 200 rows."""
    rows = int(counts.sum())
    # a "function" of a nearly unique column is a copy of the table, and must not be stored
    if np.count_nonzero(counts[1:].sum(axis=1)) > max(20, rows // 20):
        return False
    exceptions = rows - int(counts.max(axis=1).sum()) + int(counts[0, 1:].sum())
    if len(moments):
        variance = moments[1] - moments[0] ** 2 / np.maximum(counts[:, 1], 1)
        exceptions += int(counts[variance > CONSTANT * moments[1], 1].sum())
    return exceptions <= EXCEPTIONS * rows


def _lookup(
    rule: FunctionalDependency,
    schema: Schema,
    counts: NDArray[np.int64],
    moments: NDArray[np.float64],
    smallest: int,
) -> Lookup:
    usual = counts.argmax(axis=1)
    kept = np.flatnonzero(counts.max(axis=1) >= smallest)
    kept = kept[kept > 0]
    keys = _levels(schema, rule.determinant, kept)
    if not len(moments):
        return Lookup(rule.determinant, rule.dependent, keys, _levels(schema, rule.dependent, usual[kept]))
    numbers = moments[0, kept] / np.maximum(counts[kept, 1], 1)
    values = numbers_to_arrow(numbers, usual[kept] == 0, schema[rule.dependent])
    return Lookup(rule.determinant, rule.dependent, keys, values)


def _levels(schema: Schema, name: str, places: NDArray[np.int64]) -> pa.Array:
    """Levels by place, counted from 1; 0 is missing."""
    named: list[Any] = [None, *levels_of(schema[name])]
    if schema[name].kind is Kind.BOOLEAN:
        named = [None, False, True]
    return pa.array([named[place] for place in places.tolist()], pa.bool_() if named[-1] is True else pa.string())
