"""Excel and OpenDocument workbooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook, load_workbook

from cohortium import registry
from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.sources.address import Address, Options
from cohortium.sources.annotations import annotated, unique_names
from cohortium.sources.batches import Batches
from cohortium.sources.untyped import column_of


@registry.source("excel", suffixes=(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"))
def open_excel(address: Address, options: Options) -> Batches:
    """Excel and OpenDocument sheets; the first row holds the names. Workbooks with several sheets need ``sheet``."""
    try:
        workbook = load_workbook(str(address.file))
        sheet = _chosen(workbook, address, options)
        rows: list[list[Any]] = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=True)
    except (CalamineError, OSError) as error:
        raise SourceUnreadable(
            f"{address} is not a whole workbook, or is protected by a password ({type(error).__name__}). Save it once "
            "more without a password."
        ) from None
    rows = [row for row in rows if any(cell != "" for cell in row)]
    if not rows:
        raise SourceUnreadable(f"Sheet '{sheet}' of {address} is empty; a first row with column names was expected.")
    names = unique_names(_written(cell) for cell in rows[0])
    columns, fields = [], []
    for place, (name, notes) in enumerate(names):
        column, about = column_of([None if row[place] == "" else row[place] for row in rows[1:]])
        columns.append(column)
        fields.append(annotated(pa.field(name, column.type), (*notes, *about)))
    schema = pa.schema(fields)
    return Batches(schema, lambda: iter([pa.RecordBatch.from_arrays(columns, schema=schema)]))


def _chosen(workbook: CalamineWorkbook, address: Address, options: Options) -> str:
    names: Sequence[str] = workbook.sheet_names
    if options.sheet is not None:
        if options.sheet not in names:
            raise InvalidRequest(f"{address} has no sheet '{options.sheet}'; it has {list(names)}.")
        return options.sheet
    if len(names) == 1:
        return names[0]
    filled = [name for name in names if workbook.get_sheet_by_name(name).to_python(nrows=1)]
    if len(filled) == 1:
        return filled[0]
    raise InvalidRequest(f"{address} has the sheets {filled or list(names)}; say which one to read with 'sheet'.")


def _written(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
