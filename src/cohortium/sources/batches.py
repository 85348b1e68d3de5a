"""A source as a stream: tables of any size, read piece by piece in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from cohortium.records import Schema, Table
from cohortium.sources.atomic import written_whole
from cohortium.sources.conform import conform
from cohortium.sources.sampling import sample_rows

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Batches:
    """The rows of a source in batches; each iteration reads the source anew.

    schema : Arrow names and types, and what the source says about its columns.
    start  : begins to read; called once per iteration.
    folder : where image files lie that cells name.
    """

    schema: pa.Schema
    start: Callable[[], Iterator[pa.RecordBatch]]
    folder: Path | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self.start()

    def read(self) -> pa.Table:
        """All rows in memory."""
        return pa.Table.from_batches(list(self), self.schema)

    def sample(self, rows: int, *, person: str | None = None, seed: int = 0) -> pa.Table:
        """At most ``rows`` rows, drawn without looking at their values; the same for the same seed.

        person : column that names the person; then whole persons are drawn, whatever their order in the source.
        """
        return sample_rows(self, rows, person=person, seed=seed)

    def tables(self, schema: Schema) -> Iterator[Table]:
        """The batches as tables under ``schema``.

        Raises : SchemaMismatch at the first batch that contradicts it.
        """
        for batch in self:
            yield conform(pa.Table.from_batches([batch], self.schema), schema, self.folder)

    def to_parquet(self, path: str | Path) -> Path:
        """The whole source as one Parquet file, written in bounded memory; nothing is left where it fails."""
        target = Path(path)
        with written_whole(target) as unfinished, pq.ParquetWriter(unfinished, self.schema) as writer:
            for batch in self:
                writer.write_batch(batch)
        return target

    def relation(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """The source as a DuckDB relation, so that SQL runs over it within the connection's memory limit.

        The relation is good for one query; ask for another one for the next.
        """
        return connection.from_arrow(pa.RecordBatchReader.from_batches(self.schema, iter(self)))
