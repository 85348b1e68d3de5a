"""Checks on what typed sources (Parquet, Arrow, databases) store, before any row is read."""

from __future__ import annotations

from uuid import UUID

import pyarrow as pa

from cohortium.errors import SourceUnreadable
from cohortium.sources.address import Address
from cohortium.sources.annotations import annotated, declared_of, notes_of, unique_names
from cohortium.sources.cells import is_unreadable_type


def readable_schema(stored: pa.Schema, address: Address) -> pa.Schema:
    """``stored`` with unique column names and without foreign metadata.

    Binary data pass: they may be images.
    Raises : SourceUnreadable where a column holds lists or structures, or there is no column.
    """
    if not len(stored):
        raise SourceUnreadable(f"{address} has no columns; a table was expected.")
    nested = [field.name for field in stored if is_unreadable_type(_plain(field.type))]
    if nested:
        raise SourceUnreadable(
            f"{address} holds lists or structures in {nested}; a table has one plain value, or one image, per cell. "
            "Unnest or leave out these columns."
        )
    fields = [
        annotated(pa.field(name, _plain(field.type)), (*notes_of(field), *notes), declared_of(field))
        for (name, notes), field in zip(unique_names(stored.names), stored, strict=True)
    ]
    return pa.schema(fields)


def plain_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """``batch`` under ``schema``, with extension types as what they store."""
    columns = [_plain_column(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _is_uuid(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.uuid"


def _plain(kind: pa.DataType) -> pa.DataType:
    if _is_uuid(kind):
        return pa.string()
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _plain_column(column: pa.Array) -> pa.Array:
    if _is_uuid(column.type):
        return pa.array([None if cell is None else str(UUID(bytes=cell)) for cell in column.storage.to_pylist()])
    return column.storage if isinstance(column.type, pa.BaseExtensionType) else column
