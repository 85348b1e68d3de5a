"""One schema for all sites: the columns that an algorithm reads, with kinds, units and levels that all share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from cohortium.errors import InvalidRequest
from cohortium.records.images import shape_in_words
from cohortium.records.schema import Column, Kind, Role, Schema
from cohortium.records.table import ARROW_TYPES, Table
from cohortium.records.units import factor_between

QUANTITIES = frozenset({Kind.CONTINUOUS, Kind.INTEGER, Kind.DURATION})
"""Kinds whose values mean nothing without their unit, unless they have none."""


def public_schema(table: Table, names: Iterable[str], *, smallest: int = 1) -> Schema:
    """What a site tells about these columns: kinds, units, and levels that at least ``smallest`` persons have.

    Columns that the table lacks are left out. Plausible ranges stay, since they are the schema file's, not the data's.
    Reveals : which levels occur in at least ``smallest`` persons.
    """
    persons, asked = table.persons(), tuple(names)
    counts: dict[str, dict[str, int]] = {}
    for name in asked:
        if name in table.schema and table.schema[name].kind.is_nominal:
            codes, levels = table.codes(name)
            known = codes >= 0
            pairs = np.unique(np.stack([persons[known], codes[known]]), axis=1)
            counts[name] = dict(zip(levels, np.bincount(pairs[1], minlength=len(levels)).tolist(), strict=True))
    return told_schema(table.schema, asked, counts, smallest=smallest)


def told_schema(
    schema: Schema, names: Iterable[str], persons: Mapping[str, Mapping[str, int]], *, smallest: int | None = 1
) -> Schema:
    """The same from counts, where the table itself is not at hand.

    persons  : nominal column -> level -> how many persons have it.
    smallest : no level is told but those that the schema lists where None.
    """
    columns = []
    for name in names:
        if name not in schema:
            continue
        column = schema[name]
        if column.kind.is_nominal and column.kind is not Kind.BOOLEAN:
            listed = column.levels or ()
            found = persons.get(name, {}).items() if smallest is not None else ()
            others = {level for level, count in found if count >= (smallest or 0)} - set(listed)
            column = replace(column, levels=(*listed, *sorted(others)))
        columns.append(replace(column, reasons=(), missing_codes=()))
    return Schema(tuple(columns), (), schema.title)


def agreed_schema(
    schemas: Sequence[Schema], names: Iterable[str], tables: Sequence[Table] = (), *, sites: Sequence[str] = ()
) -> Schema:
    """The schema on which sites with these schemas can run a study of the columns ``names``.

    Levels are the union, sorted, or in the order of the first site where they are ordinal; kinds widen (integer to
    continuous); the unit is that of the first site, into which the others' values are multiplied. A column that some
    site lacks is agreed on as long as one has it; it is missing throughout there.
    tables : where the tables themselves are at hand, their levels count too, and one without a value of a column need
             not state its unit.
    sites  : names for messages, in the order of ``schemas``.
    Raises : InvalidRequest where no site has a column, kinds, units or shapes of images cannot be brought together, or
             only some sites state the unit.
    """
    offers = [public_schema(table, table.schema.names) for table in tables] or list(schemas)
    agreed = []
    for name in dict.fromkeys(names):
        having = [place for place, schema in enumerate(offers) if name in schema]
        if not having:
            raise InvalidRequest(f"No site has a column '{name}'. Check the spelling, or ask the sites what they have.")
        stating = [place for place in having if offers[place][name].unit is not None]
        silent = [
            place
            for place in having
            if _lacks_unit(offers[place][name]) and (not tables or _has_values(tables[place], name))
        ]
        if stating and silent:
            raise _only_some_state(offers[stating[0]][name], stating, silent, sites)
        agreed.append(_merged([offers[place][name] for place in having]))
    return Schema(tuple(agreed))


def as_agreed(table: Table, schema: Schema) -> Table:
    """``table`` with the columns, kinds, units and levels of ``schema``, keeping its person key.

    Levels that were not agreed on become missing, as do columns that the table lacks.
    Raises : InvalidRequest where the table and the agreement differ in kind or unit by more than a factor.
    """
    rows = len(table)
    arrays, columns = [], []
    for column in schema.columns:
        arrays.append(_conformed(table, column) if column.name in table.schema else pa.nulls(rows, _type(column)))
        columns.append(column)
    for column in table.schema.columns:
        if column.name not in schema and column in table.schema.with_role(Role.PERSON_KEY):
            arrays.append(table.arrow.column(column.name))
            columns.append(column)
    return Table(pa.table(arrays, names=[column.name for column in columns]), Schema(tuple(columns)))


def _lacks_unit(column: Column) -> bool:
    return column.unit is None and column.kind in QUANTITIES


def _has_values(table: Table, name: str) -> bool:
    return not bool(table.missing(name).all())


def _only_some_state(column: Column, stating: list[int], silent: list[int], sites: Sequence[str]) -> InvalidRequest:
    def named(places: list[int]) -> str:
        return ", ".join(sites[place] for place in places) if sites else f"{len(places)} site(s)"

    return InvalidRequest(
        f"Column '{column.name}' is in {column.unit} at {named(stating)}, and without a unit at {named(silent)}, where "
        "it may be another. Write the unit into the schema file beside the data there."
    )


def _factor(column: Column, unit: str | None) -> float:
    """What the column's values are multiplied with to be in ``unit``; 1 where either is not stated."""
    if column.unit is None or unit is None or column.unit == unit:
        return 1.0
    factor = factor_between(column.unit, unit)
    if factor is None:
        raise InvalidRequest(
            f"Column '{column.name}' is in {column.unit} at one site and in {unit} at another, and no factor between "
            "the two is known whatever is measured. Convert it at one site, and state the unit in its schema file."
        )
    return factor


def _type(column: Column) -> pa.DataType:
    return ARROW_TYPES[column.kind]


def _merged(columns: Sequence[Column]) -> Column:
    first = columns[0]
    kinds = {column.kind for column in columns}
    if len(kinds) == 1:
        kind = first.kind
    elif kinds <= {Kind.INTEGER, Kind.CONTINUOUS, Kind.DURATION}:
        kind = Kind.CONTINUOUS
    elif kinds <= {Kind.CATEGORICAL, Kind.ORDINAL, Kind.BOOLEAN}:
        kind = Kind.CATEGORICAL
    else:
        raise InvalidRequest(
            f"Column '{first.name}' is {' at one site and '.join(sorted(str(kind) for kind in kinds))} at another. "
            "Correct the kind in the schema files, so that all sites mean the same."
        )
    unit = next((column.unit for column in columns if column.unit is not None), None)
    factors = [_factor(column, unit) for column in columns]
    if kind is Kind.INTEGER and not all(factor.is_integer() for factor in factors):
        kind = Kind.CONTINUOUS
    levels: tuple[str, ...] | None = None
    if kind.is_nominal and kind is not Kind.BOOLEAN:
        offered = [column.levels or (("false", "true") if column.kind is Kind.BOOLEAN else ()) for column in columns]
        ordered = first.levels or () if kind is Kind.ORDINAL else ()
        others = sorted({level for levels_ in offered for level in levels_} - set(ordered))
        levels = (*ordered, *others)
    low, high = _widest(columns, unit)
    other = next((column for column in columns if column.shape != first.shape), None)
    if other is not None:
        raise _shapes_differ(first, shape_in_words(other), "at another site")
    return Column(first.name, kind, first.roles, unit, minimum=low, maximum=high, levels=levels, shape=first.shape)


def _shapes_differ(column: Column, other: str, where: str) -> InvalidRequest:
    return InvalidRequest(
        f"Images of '{column.name}' have {shape_in_words(column)} at one site, and {other} {where}. Write one shape "
        "into the schema files of all sites; image files are brought to it as they are read."
    )


def _widest(columns: Sequence[Column], unit: str | None) -> tuple[float | None, float | None]:
    """The range that holds every site's, where every site that states the unit, if any does, states one."""
    ends = []
    for column in columns:
        if unit is not None and column.unit is None:
            continue
        if column.minimum is None or column.maximum is None:
            return None, None
        factor = _factor(column, unit)
        ends += [column.minimum * factor, column.maximum * factor]
    return min(ends), max(ends)


def _conformed(table: Table, column: Column) -> pa.ChunkedArray | pa.Array:
    own = table.schema[column.name]
    array = table.arrow.column(column.name)
    if column.kind.is_nominal and column.kind is not Kind.BOOLEAN:
        codes, levels = table.codes(column.name)
        place_of = {level: place for place, level in enumerate(column.levels or ())}
        lookup = np.array([place_of.get(level, -1) for level in levels] + [-1], dtype=np.int32)
        found = lookup[codes]
        return pa.DictionaryArray.from_arrays(
            pa.array(found, mask=found < 0), pa.array(list(column.levels or ()), pa.string())
        )
    if not own.kind.is_numeric and own.kind is not column.kind:
        raise InvalidRequest(f"Column '{column.name}' is {own.kind} here, and the study agreed on {column.kind}.")
    if own.shape != column.shape:
        raise _shapes_differ(own, shape_in_words(column), "where it was agreed on")
    if own.kind in QUANTITIES and (own.unit is None) != (column.unit is None) and _has_values(table, column.name):
        raise InvalidRequest(
            f"Column '{column.name}' is {_in(own.unit)} here, and {_in(column.unit)} where it was agreed on. Write the "
            "unit into the schema file beside the data that have none."
        )
    factor = _factor(own, column.unit)
    if factor != 1.0:
        values = table.numeric(column.name) * factor
        return pa.array(values, from_pandas=True).cast(_type(column), safe=False)
    return array.cast(_type(column)) if array.type != _type(column) else array


def _in(unit: str | None) -> str:
    return "without a unit" if unit is None else f"in {unit}"
