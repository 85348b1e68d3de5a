"""Tables written to files, whole or not at all."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Table
from cohortium.sources.annotations import annotated
from cohortium.sources.atomic import written_whole


def write_table(table: Table, path: str | Path) -> Path:
    """Write ``table`` as .csv, .csv.gz or .parquet, after the ending of ``path``.

    Parquet keeps images as pixels, with their shape; CSV cannot hold any.
    CSV leaves missing cells empty and writes dates as ISO 8601 and numbers in full precision, so that it reads back as
    the same table under a schema without date formats and decimal commas.
    Raises : InvalidRequest for another ending, or images in CSV; TargetUnwritable, with nothing left behind.
    """
    target = Path(path)
    name = target.name.lower()
    if not name.endswith((".csv", ".csv.gz", ".parquet")):
        raise InvalidRequest(f"A table is written as .csv, .csv.gz or .parquet; '{target.name}' ends otherwise.")
    images = [column.name for column in table.schema.columns if column.kind is Kind.IMAGE]
    if images and not name.endswith(".parquet"):
        raise InvalidRequest(f"{images} hold images, which a CSV file cannot. Write .parquet, or leave them out.")
    with written_whole(target) as unfinished:
        if name.endswith(".parquet"):
            pq.write_table(_with_shapes(table), unfinished, compression="zstd")
        elif name.endswith(".gz"):
            # mtime=0: the same table gives the same bytes.
            with unfinished.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as stream:
                csv.write_csv(_plain(table), stream)
        else:
            csv.write_csv(_plain(table), unfinished)
    return target


def _with_shapes(table: Table) -> pa.Table:
    """The table, whose image columns say what they are to whoever reads them without a schema file."""
    stated = zip(table.arrow.schema, table.schema.columns, strict=True)
    fields = [annotated(field, declared=column if column.kind is Kind.IMAGE else None) for field, column in stated]
    return table.arrow.cast(pa.schema(fields))


def _plain(table: Table) -> pa.Table:
    """Columns in types whose CSV text is what people write."""
    columns = [_plain_column(table.arrow.column(column.name), column) for column in table.schema.columns]
    return pa.table(columns, names=list(table.schema.names))


def _plain_column(array: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    if pa.types.is_dictionary(array.type):
        return array.cast(pa.string())
    if column.kind is Kind.DATETIME and _whole_seconds(array):
        return array.cast(pa.timestamp("s"))
    return array


def _whole_seconds(array: pa.ChunkedArray) -> bool:
    microseconds = np.asarray(array.cast(pa.int64()).fill_null(0))
    return bool((microseconds % 1_000_000 == 0).all())
