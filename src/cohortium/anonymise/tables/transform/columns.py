"""Columns of a table given other values, under the kind that they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHOLE = frozenset({Kind.INTEGER, Kind.DATE})
"""Kinds whose numbers have no decimals."""


def check_names(table: Table, names: Sequence[str], *, numeric: bool = False, nominal: bool = False) -> None:
    """Raises InvalidRequest where there are none, the table lacks some, or they are of another kind than is needed."""
    absent = [name for name in names if name not in table.schema]
    if absent or not names or len(set(names)) < len(names):
        raise InvalidRequest(
            f"Names of columns, each once, were expected; the table has {list(table.schema.names)}, but not {absent}."
        )
    for column in (table.schema[name] for name in names):
        if (numeric and not column.kind.is_numeric) or (nominal and not column.kind.is_nominal):
            wanted = "a number or date" if numeric else "levels"
            raise InvalidRequest(f"Column '{column.name}' is {column.kind}; {wanted} were expected. Leave it out.")


def rounded(column: Column, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values as the column records them: whole, or with its decimals."""
    if column.kind in WHOLE:
        return np.rint(values)
    return values if column.decimals is None else np.round(values, column.decimals)


def with_numbers(table: Table, numbers: Mapping[str, NDArray[np.float64]]) -> Table:
    """The table with other numbers (n,) in some columns; NaN is missing, dates are days, moments are seconds."""
    changed = {name: _numbers(table.schema[name], values) for name, values in numbers.items()}
    return with_arrays(table, changed)


def with_codes(table: Table, codes: Mapping[str, tuple[NDArray[np.int32], Sequence[str]]]) -> Table:
    """The table with other levels in some nominal columns: codes (n,), -1 where missing, and the levels they count."""
    changed = {}
    for name, (places, levels) in codes.items():
        if table.schema[name].kind is Kind.BOOLEAN:
            changed[name] = pa.array(places == 1, mask=places < 0)
        else:
            changed[name] = pa.DictionaryArray.from_arrays(
                pa.array(places.astype(np.int32), mask=places < 0), pa.array(list(levels), pa.string())
            )
    return with_arrays(table, changed)


def with_arrays(table: Table, arrays: Mapping[str, pa.Array], columns: Mapping[str, Column] | None = None) -> Table:
    """The table with other Arrow columns, and other meanings where ``columns`` has them."""
    arrow, schema = table.arrow, table.schema
    for name, array in arrays.items():
        arrow = arrow.set_column(arrow.column_names.index(name), name, array)
    for column in (columns or {}).values():
        schema = schema.replace_column(column)
    return Table(arrow, schema)


def widened(column: Column, by: float) -> Column:
    """The column with its plausible range wider by ``by`` at both ends."""
    low = None if column.minimum is None else column.minimum - by
    high = None if column.maximum is None else column.maximum + by
    return replace(column, minimum=low, maximum=high)


def _numbers(column: Column, values: NDArray[np.float64]) -> pa.Array:
    absent = np.isnan(values)
    known = np.where(absent, 0.0, rounded(column, values))
    if column.kind is Kind.DATETIME:
        return pa.array(np.rint(known * 1e6).astype(np.int64), mask=absent).cast(pa.timestamp("us"))
    if column.kind is Kind.DATE:
        return pa.array(known.astype(np.int32), mask=absent).cast(pa.date32())
    if column.kind is Kind.INTEGER:
        return pa.array(known.astype(np.int64), mask=absent)
    return pa.array(known, mask=absent)
