"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from cohortium import registry
from cohortium.errors import SourceUnreadable
from cohortium.sources.address import Address, Options
from cohortium.sources.batches import Batches
from cohortium.sources.stored_types import plain_batch, readable_schema

_ROWS = 131_072


@registry.source("parquet", suffixes=(".parquet", ".pq"))
def open_parquet(address: Address, options: Options) -> Batches:
    """Parquet, row group by row group; types are kept as the file has them."""
    path = address.file
    try:
        with pq.ParquetFile(path) as file:
            stored = file.schema_arrow
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise SourceUnreadable(_explained(address)) from error
    schema = readable_schema(stored, address)

    def rows() -> Iterator[pa.RecordBatch]:
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=_ROWS):
                    yield plain_batch(batch, schema)
        except (pa.ArrowInvalid, OSError) as error:
            raise SourceUnreadable(_explained(address)) from error

    return Batches(schema, rows)


def _explained(address: Address) -> str:
    return f"{address} is not a whole Parquet file. It was cut short or is something else: copy or export it again."
