"""Partitions: a source of any size laid out once as many small files, no person in two of them."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
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
    levels : nominal column -> every level that some row has, sorted; of any one file only some.
    """

    paths: tuple[Path, ...]
    schema: Schema
    rows: int
    levels: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.paths)


def read_partition(path: Path, schema: Schema) -> Table:
    """The columns of ``schema`` from one file, as in the table that it was made from."""
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
    with ExitStack() as stack:
        try:
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="cohortium-partitions-", dir=folder))
        except OSError as error:
            raise _unwritable(error) from error
        yield lay_out(address, Path(place), count, options=options, schema=schema, columns=columns)


def lay_out(
    address: str | Path,
    folder: Path,
    count: int,
    *,
    options: Options | None = None,
    schema: Schema | None = None,
    columns: Sequence[str] | None = None,
) -> Partitions:
    """The same in a folder that is there, and stays; after an error what was written stays as well."""
    if not 1 <= count <= MOST:
        raise InvalidRequest(f"The number of partitions must lie between 1 and {MOST:,}, not {count}.")
    kept = _kept(schema or schema_beside(address, options), columns)
    paths = partition_paths(folder, count)
    try:
        rows, levels = _write(_streams(address, options), kept, paths)
    except OSError as error:
        raise _unwritable(error) from error
    return Partitions(paths, kept, rows, levels)


def partition_paths(folder: Path, count: int) -> tuple[Path, ...]:
    """The files of a layout in ``folder``."""
    return tuple(folder / f"{number:04}.parquet" for number in range(count))


def _unwritable(error: OSError) -> TargetUnwritable:
    return TargetUnwritable(
        f"The partitions could not be written: {error.strerror or type(error).__name__}. Nothing was left "
        "behind; make room, name a folder on another disk, or ask for fewer partitions."
    )


def schema_beside(address: str | Path, options: Options | None = None) -> Schema:
    """The schema file beside the source; raises InvalidRequest where there is none."""
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


def _write(streams: Iterator[Batches], schema: Schema, paths: Sequence[Path]) -> tuple[int, dict[str, tuple[str, ...]]]:
    """Deal the rows of all streams to the files; how many there were, and their levels."""
    stored = pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in schema.columns])
    writers = [pq.ParquetWriter(path, stored, compression="lz4") for path in paths]
    rows = 0
    levels: dict[str, set[str]] = {column.name: set() for column in schema.columns if column.kind.is_nominal}
    try:
        for stream in streams:
            for table in _pieces(stream, schema):
                rows += len(table)
                for name, found in levels.items():
                    found.update(_levels(table, name))
                for place, part in _dealt(table, len(paths)):
                    writers[place].write_table(part.arrow.cast(stored))
    finally:
        for writer in writers:
            writer.close()
    return rows, {name: tuple(sorted(found)) for name, found in levels.items()}


def _levels(table: Table, name: str) -> Iterator[str]:
    codes, levels = table.codes(name)
    return (levels[code] for code in np.unique(codes[codes >= 0]))


def _pieces(stream: Batches, schema: Schema) -> Iterator[Table]:
    """The rows of a stream under the schema, some hundred thousand at a time."""
    names = [name for name in schema.names if name in stream.schema.names]
    waiting: list[pa.RecordBatch] = []
    for batch in stream:
        waiting.append(batch.select(names))
        if sum(map(len, waiting)) >= PIECE:
            yield conform(pa.Table.from_batches(waiting), schema, stream.folder)
            waiting = []
    if waiting:
        yield conform(pa.Table.from_batches(waiting), schema, stream.folder)


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
