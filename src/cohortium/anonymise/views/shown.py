"""One column as exactly as a precision allows. What its meaning said about values that are gone, goes with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.tables.building.dates import STEPS
from cohortium.anonymise.tables.building.intervals import Ruler
from cohortium.anonymise.tables.coded import distinct_texts
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy
from cohortium.anonymise.tables.transform.date_shift import shift_dates
from cohortium.anonymise.tables.transform.pseudonyms import pseudonymise
from cohortium.anonymise.views.precision import Precision
from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Table

Names = Callable[[Sequence[str]], list[str]]
"""What the different values of a column are called where it is shown."""


def shown(
    table: Table, name: str, precision: Precision, hierarchies: Mapping[str, Hierarchy], keys: KeyRing | None
) -> tuple[pa.ChunkedArray, Column]:
    """The column ``name`` of ``table`` under ``precision``, which is not "hidden".

    Raises : InvalidRequest where the column is of another kind than the precision needs, or keys or a hierarchy lack.
    """
    column = table.schema[name]
    if precision.way == "exact":
        return _exact(table, column)
    if precision.way in ("pseudonym", "shifted"):
        if keys is None:
            raise InvalidRequest(f"Showing '{name}' as '{precision}' needs the project's keys; name their file.")
        made = pseudonymise(table, name, keys) if precision.way == "pseudonym" else shift_dates(table, [name], keys)
        return made.arrow.column(name), replace(made.schema[name], reasons=())
    if precision.way == "level":
        return _levels(table, column, _at_level(name, precision.level, hierarchies))
    return _levels(table, column, _dated(column, precision) if precision.way in STEPS else _banded(column, precision))


def _exact(table: Table, column: Column) -> tuple[pa.ChunkedArray, Column]:
    array = table.arrow.column(column.name)
    if column.kind.is_nominal and column.kind is not Kind.BOOLEAN:
        # A dictionary may still hold values of rows that are no longer there.
        array = array.cast(pa.string()).dictionary_encode()
    return array, column


def _levels(table: Table, column: Column, told: Names) -> tuple[pa.ChunkedArray, Column]:
    codes, texts = distinct_texts(table, column.name)
    has_missing = bool(table.missing(column.name).any())
    known = [text for text in texts if not (text == MISSING and has_missing)]
    name_of = dict(zip(known, told(known), strict=True))
    names = [name_of.get(text) for text in texts]
    levels = sorted(set(name_of.values()))
    place = {name: at for at, name in enumerate(levels)}
    lookup = pa.array([None if name is None else place[name] for name in names], pa.int32())
    array = pa.DictionaryArray.from_arrays(lookup.take(pa.array(codes)), pa.array(levels, pa.string()))
    return pa.chunked_array([array]), Column(column.name, Kind.CATEGORICAL, column.roles, levels=tuple(levels))


def _at_level(name: str, level: int, hierarchies: Mapping[str, Hierarchy]) -> Names:
    if name not in hierarchies:
        raise InvalidRequest(f"Showing '{name}' at level {level} needs its hierarchy; name the folder that holds it.")
    one = hierarchies[name]
    if level >= one.levels:
        raise InvalidRequest(
            f"The hierarchy of '{name}' has the levels 0 to {one.levels - 1}; level {level} was asked for."
        )

    def told(texts: Sequence[str]) -> list[str]:
        return [one.labels[level][group] for group in one.groups[level, one.codes(texts)]]

    return told


def _dated(column: Column, precision: Precision) -> Names:
    if column.kind not in (Kind.DATE, Kind.DATETIME):
        raise InvalidRequest(f"Column '{column.name}' is {column.kind}; only dates can be shown as '{precision}'.")
    step = STEPS[precision.way]
    return lambda texts: [step(datetime.fromisoformat(text).date()) for text in texts]


def _banded(column: Column, precision: Precision) -> Names:
    if not column.kind.is_numeric or column.kind in (Kind.DATE, Kind.DATETIME):
        raise InvalidRequest(f"Column '{column.name}' is {column.kind}; only numbers can be shown as '{precision}'.")
    ruler = Ruler(precision.width, is_whole=column.kind is Kind.INTEGER and precision.width.is_integer())
    return lambda texts: [ruler.name(float(text)) for text in texts]
