"""Reading records: the raw columns, the table under its schema, or a stream of any size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from cohortium.records import Schema, Table
from cohortium.sources.address import Address, Options, folder_of, schema_path_for, source_for
from cohortium.sources.batches import Batches
from cohortium.sources.conform import conform
from cohortium.sources.inference import infer_schema
from cohortium.sources.schema_file import load_schema
from cohortium.sources.schema_text import save_schema


def open_large(address: str | Path, options: Options | None = None) -> Batches:
    """The raw rows as a stream in bounded memory.

    options : what the reader needs to be told, such as the sheet of a workbook.
    Raises  : SourceUnreadable where there is nothing readable; InvalidRequest where it is not clear what is meant.
    """
    place, options = Address.of(address), options or Options()
    opened: Batches = source_for(place, options).thing(place, options)
    return replace(opened, folder=folder_of(address))


def read_raw(
    address: str | Path,
    options: Options | None = None,
    *,
    rows: int | None = None,
    person: str | None = None,
    seed: int = 0,
) -> pa.Table:
    """The columns as the source stores them; cells of text files stay text, so that codes and zeros survive.

    rows   : read a reproducible sample of at most so many rows, in memory for the sample alone.
    person : column that names the person, so that the sample holds whole persons.
    """
    batches = open_large(address, options)
    return batches.read() if rows is None else batches.sample(rows, person=person, seed=seed)


def read(
    address: str | Path,
    options: Options | None = None,
    *,
    schema: Schema | None = None,
    schema_path: str | Path | None = None,
    save: bool = True,
    rows: int | None = None,
    person: str | None = None,
    seed: int = 0,
) -> Table:
    """The records under their schema.

    schema      : used as it is; otherwise the file ``schema_path`` (beside the data where not given) is used if it is
                  there, and if not the schema is inferred and saved there, for a person to edit.
    save        : False leaves an inferred schema unsaved. One inferred from a sample (``rows``) is never saved, because
                  rare levels may be missing from it.
    rows, person, seed : a reproducible sample, as for ``read_raw``.
    Raises      : SchemaMismatch where the data contradict the schema; SourceUnreadable; InvalidRequest;
                  TargetUnwritable where the schema cannot be saved.
    """
    raw = read_raw(address, options, rows=rows, person=person, seed=seed)
    if schema is None:
        path = Path(schema_path) if schema_path is not None else schema_path_for(address, options)
        keep = save and rows is None
        schema = load_schema(path) if path.exists() else _inferred(raw, address, path if keep else None)
    return conform(raw, schema, folder_of(address))


def _inferred(raw: pa.Table, address: str | Path, path: Path | None) -> Schema:
    place = Address.of(address)
    schema = infer_schema(raw, place.path.name if place.path is not None else str(place))
    if path is not None:
        save_schema(schema, path)
    return schema
