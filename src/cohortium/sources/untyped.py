"""Columns of sources that type each cell rather than each column: workbooks and SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

_FAMILIES: tuple[tuple[tuple[type, ...], pa.DataType], ...] = (
    ((bool,), pa.bool_()),
    ((int,), pa.int64()),
    ((int, float), pa.float64()),
    ((date,), pa.date32()),
    ((date, datetime), pa.timestamp("us")),
    ((time,), pa.time64("us")),
    ((timedelta,), pa.duration("us")),
    ((str,), pa.string()),
)
_LARGEST_INTEGER = 2**63


def type_of(kinds: set[type], largest: int = 0) -> pa.DataType:
    """The narrowest Arrow type that holds cells of all these Python types; text where they do not go together."""
    if not kinds:
        return pa.string()
    for family, arrow in _FAMILIES:
        if kinds <= set(family) and not (arrow == pa.int64() and largest >= _LARGEST_INTEGER):
            return arrow
    return pa.string()


def column_of(cells: Sequence[Any]) -> tuple[pa.Array, tuple[str, ...]]:
    """``cells`` as one Arrow column, None where missing, with a note where they were of several kinds."""
    kinds = {type(cell) for cell in cells if cell is not None}
    largest = max((abs(cell) for cell in cells if type(cell) is int), default=0)
    arrow = type_of(kinds, largest)
    if arrow == pa.float64() and all(
        cell is None or (float(cell).is_integer() and abs(cell) < 2**53) for cell in cells
    ):
        # A workbook stores every number as a float; whole ones are meant as integers.
        return pa.array([None if cell is None else int(cell) for cell in cells], pa.int64()), ()
    if pa.types.is_timestamp(arrow):
        cells = [datetime(cell.year, cell.month, cell.day) if type(cell) is date else cell for cell in cells]
    if not pa.types.is_string(arrow):
        return pa.array(cells, arrow), ()
    mixed = sorted({kind.__name__ for kind in kinds} - {"str"})
    note = (f"Cells of the source are of mixed types (text and {', '.join(mixed)}); all were read as text.",)
    return pa.array([None if cell is None else cell_text(cell) for cell in cells], pa.string()), note if mixed else ()


def cell_text(cell: Any) -> str:
    """The text that a person would write for the value of one cell."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
    return str(cell)
