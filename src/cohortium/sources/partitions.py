"""Partitions: a source of any size laid out once as many small files, no person in two of them."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cohortium.errors import InvalidRequest, SourceUnreadable, TargetUnwritable
from cohortium.records import Role, Schema, Table
from cohortium.records.table import ARROW_TYPES
from cohortium.sources.address import Address, Options, schema_path_for
from cohortium.sources.batches import Batches
from cohortium.sources.conform import conform
from cohortium.sources.reading import open_large
from cohortium.sources.schema_file import load_schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 4_096
"""Files that are written at once; a system allows some thousands."""
PIECE = 500_000
"""Rows that are held in memory while they are dealt."""


@dataclass(frozen=True, slots=True)
class Partitions:
    """The rows of a source in files, each small enough for memory.

    paths  : Parquet files; all rows of a person lie in one of them.
    schema : of every file.
    rows   : in all files together.
    """

    paths: tuple[Path, ...]
    schema: Schema
    rows: int

    def __len__(self) -> int:
        return len(self.paths)


def read_partition(path: Path, schema: Schema) -> Table:
    """One file as the table that it was made from."""
    try:
        return Table(pq.read_table(path, columns=list(schema.names), memory_map=True), schema)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceUnreadable(
            f"The partition {path.name} is gone or damaged. Lay the source out again; if workers run on other "
            "machines, choose a folder that all of them see."
        ) from error


@contextmanager
def laid_out(
    address: str | Path,
    count: int = 64,
    *,
    options: Options | None = None,
    schema: Schema | None = None,
    columns: Sequence[str] | None = None,
    folder: Path | None = None,
) -> Iterator[Partitions]:
    """The source as ``count`` partitions while the block runs; the files are gone after it.

    Where the schema has a person key, a row's partition follows from its person (the key's CRC-32); rows are dealt
    evenly otherwise, each being a person.
    address : file or database address, or a folder of Parquet files.
    schema  : the file beside the data where None.
    columns : the only ones that are kept, beside the person key; all where None.
    folder  : where to put the files, readable by their owner alone; the system's temporary folder where None. They hold
              records: choose a disk on which records may lie, with room for the columns.
    Raises  : InvalidRequest where there is no schema; SchemaMismatch; SourceUnreadable; TargetUnwritable.
    """
    if not 1 <= count <= MOST:
        raise InvalidRequest(f"The number of partitions must lie between 1 and {MOST:,}, not {count}.")
    whole = schema or _schema_beside(address, options)
    kept = _kept(whole, columns)
    with ExitStack() as stack:
        try:
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="cohortium-partitions-", dir=folder))
            paths = tuple(Path(place) / f"{number:04}.parquet" for number in range(count))
            rows = _write(_streams(address, options), kept, paths)
        except OSError as error:
            raise TargetUnwritable(
                f"The partitions could not be written: {error.strerror or type(error).__name__}. Nothing was left "
                "behind; make room, name a folder on another disk, or ask for fewer partitions."
            ) from error
        yield Partitions(paths, kept, rows)


def _schema_beside(address: str | Path, options: Options | None) -> Schema:
    path = schema_path_for(address, options)
    if not path.exists():
        raise InvalidRequest(
            f"There is no schema file {path}; what is larger than memory is not guessed at. Make one with "
            "'cohortium profile' from a part of the data, check it, and put it there, or pass a schema."
        )
    return load_schema(path)


def _kept(schema: Schema, columns: Sequence[str] | None) -> Schema:
    """The schema of the columns that are laid out, the person key among them."""
    if columns is None:
        return schema
    unknown = sorted(set(columns) - set(schema.names))
    if unknown:
        raise InvalidRequest(f"The schema has no columns {unknown}. Check the spelling; it has {list(schema.names)}.")
    keys = {column.name for column in schema.with_role(Role.PERSON_KEY)}
    return schema.select([name for name in schema.names if name in keys or name in columns])


def _streams(address: str | Path, options: Options | None) -> Iterator[Batches]:
    """The files of a folder one after the other, or the one source that the address names."""
    place = Address.of(address)
    if place.path is None or not place.path.is_dir():
        yield open_large(address, options)
        return
    files = sorted(path for path in place.path.iterdir() if path.suffix in (".parquet", ".pq"))
    if not files:
        raise SourceUnreadable(f"The folder {place} has no Parquet files. Name a folder of them, or one file.")
    for path in files:
        yield open_large(path, options)


def _write(streams: Iterator[Batches], schema: Schema, paths: Sequence[Path]) -> int:
    """Deal the rows of all streams to the files; how many there were."""
    stored = pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in schema.columns])
    writers = [pq.ParquetWriter(path, stored, compression="lz4") for path in paths]
    rows = 0
    try:
        for stream in streams:
            for table in _pieces(stream, schema):
                rows += len(table)
                for place, part in _dealt(table, len(paths)):
                    writers[place].write_table(part.arrow.cast(stored))
    finally:
        for writer in writers:
            writer.close()
    return rows


def _pieces(stream: Batches, schema: Schema) -> Iterator[Table]:
    """The rows of a stream under the schema, some hundred thousand at a time."""
    names = [name for name in schema.names if name in stream.schema.names]
    waiting: list[pa.RecordBatch] = []
    for batch in stream:
        waiting.append(batch.select(names))
        if sum(map(len, waiting)) >= PIECE:
            yield conform(pa.Table.from_batches(waiting), schema)
            waiting = []
    if waiting:
        yield conform(pa.Table.from_batches(waiting), schema)


def _dealt(table: Table, count: int) -> Iterator[tuple[int, Table]]:
    """The parts of a table, each with the number of its partition."""
    key = table.schema.only(Role.PERSON_KEY)
    rows = np.arange(len(table))
    places = rows * count // max(len(table), 1) if key is None else partition_of_person(table, key.name, count)
    order = np.argsort(places, kind="stable")
    ends = np.searchsorted(places[order], np.arange(count + 1))
    for place in np.unique(places):
        yield int(place), table.take(order[ends[place] : ends[place + 1]])


def partition_of_person(table: Table, key: str, count: int) -> NDArray[np.int64]:
    """The partition (n,) of each row, which follows from the text of its person's key alone."""
    table.persons()  # refuses rows without a person
    encoded = table.arrow.column(key).combine_chunks().cast(pa.string()).dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    hashed = [zlib.crc32(person.encode()) % count for person in encoded.dictionary.to_pylist()]
    places: NDArray[np.int64] = np.array(hashed, dtype=np.int64)[np.asarray(encoded.indices)]
    return places
