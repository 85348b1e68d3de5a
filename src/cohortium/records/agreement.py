"""One schema for all sites: the columns that an algorithm reads, with kinds, units and levels that all share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from cohortium.errors import InvalidRequest
from cohortium.records.schema import Column, Kind, Role, Schema
from cohortium.records.table import ARROW_TYPES, Table

FACTORS: dict[tuple[str, str], float] = {
    ("g/dL", "g/L"): 10.0,
    ("mg/dL", "g/L"): 0.01,
    ("cm", "m"): 0.01,
    ("g", "kg"): 0.001,
    ("lb", "kg"): 0.45359237,
    ("in", "cm"): 2.54,
    ("weeks", "days"): 7.0,
    ("months", "days"): 30.4375,
    ("years", "days"): 365.25,
    ("months", "years"): 1 / 12,
    ("kPa", "mmHg"): 7.500617,
}
"""What one of the first is in the second, for units that differ by a factor whatever they measure."""


def public_schema(table: Table, names: Iterable[str], *, smallest: int = 1) -> Schema:
    """What a site tells about these columns: kinds, units, and levels that at least ``smallest`` persons have.

    Columns that the table lacks are left out. Plausible ranges stay, since they are the schema file's, not the data's.
    Reveals : which levels occur in at least ``smallest`` persons.
    """
    persons = table.persons()
    columns = []
    for name in names:
        if name not in table.schema:
            continue
        column = table.schema[name]
        if column.kind.is_nominal and column.kind is not Kind.BOOLEAN:
            codes, levels = table.codes(name)
            known = codes >= 0
            pairs = np.unique(np.stack([persons[known], codes[known]]), axis=1)
            counts = np.bincount(pairs[1], minlength=len(levels))
            listed = set(column.levels or ())
            kept = [level for place, level in enumerate(levels) if level in listed or counts[place] >= smallest]
            column = replace(column, levels=tuple(kept))
        columns.append(replace(column, reasons=(), missing_codes=()))
    return Schema(tuple(columns), (), table.schema.title)


def agreed_schema(schemas: Sequence[Schema], names: Iterable[str], tables: Sequence[Table] = ()) -> Schema:
    """The schema on which sites with these schemas can run a study of the columns ``names``.

    Levels are the union, sorted, or in the order of the first site where they are ordinal; kinds widen (integer to
    continuous); the unit is that of the first site, into which the others' values are multiplied. A column that some
    site lacks is agreed on as long as one has it; it is missing throughout there.
    tables : where the tables themselves are at hand, their levels count too.
    Raises : InvalidRequest where no site has a column, or kinds or units cannot be brought together.
    """
    offers = [public_schema(table, table.schema.names) for table in tables] or list(schemas)
    agreed = []
    for name in dict.fromkeys(names):
        having = [schema[name] for schema in offers if name in schema]
        if not having:
            raise InvalidRequest(f"No site has a column '{name}'. Check the spelling, or ask the sites what they have.")
        agreed.append(_merged(having))
    return Schema(tuple(agreed))


def as_agreed(table: Table, schema: Schema) -> Table:
    """``table`` with the columns, kinds, units and levels of ``schema``, keeping its person key.

    Levels that were not agreed on become missing, as do columns that the table lacks.
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


def factor_between(unit: str | None, wanted: str | None, name: str) -> float:
    """What values in ``unit`` are multiplied with to be in ``wanted``.

    Raises : InvalidRequest where both are known and no factor between them is.
    """
    if unit is None or wanted is None or unit == wanted:
        return 1.0
    if (unit, wanted) in FACTORS:
        return FACTORS[unit, wanted]
    if (wanted, unit) in FACTORS:
        return 1.0 / FACTORS[wanted, unit]
    raise InvalidRequest(
        f"Column '{name}' is in {unit} at one site and in {wanted} at another, and no factor between the two is known "
        "whatever is measured. Convert it at one site, and state the unit in its schema file."
    )


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
    for column in columns:
        factor_between(column.unit, first.unit, first.name)
    levels: tuple[str, ...] | None = None
    if kind.is_nominal and kind is not Kind.BOOLEAN:
        offered = [column.levels or (("false", "true") if column.kind is Kind.BOOLEAN else ()) for column in columns]
        ordered = first.levels or () if kind is Kind.ORDINAL else ()
        others = sorted({level for levels_ in offered for level in levels_} - set(ordered))
        levels = (*ordered, *others)
    low, high = _widest(columns, first.unit)
    return Column(first.name, kind, first.roles, first.unit, minimum=low, maximum=high, levels=levels)


def _widest(columns: Sequence[Column], unit: str | None) -> tuple[float | None, float | None]:
    """The range that holds every site's, where every site states one."""
    ends = []
    for column in columns:
        if column.minimum is None or column.maximum is None:
            return None, None
        factor = factor_between(column.unit, unit, column.name)
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
    factor = factor_between(own.unit, column.unit, column.name)
    if factor != 1.0:
        values = table.numeric(column.name) * factor
        return pa.array(values, from_pandas=True).cast(_type(column), safe=False)
    return array.cast(_type(column)) if array.type != _type(column) else array
