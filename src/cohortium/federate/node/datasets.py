"""The datasets that a node publishes to studies: which file or database each is, and which columns may be asked for."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.records import Column, Kind, Schema, Table
from cohortium.sources import Options, read, schema_path_for

FILE = "datasets.toml"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One published dataset; what its columns mean, the person key included, stands in the schema file beside it.

    source  : file or database address, as ``cohortium profile`` takes it.
    columns : columns that studies may read; all but identifiers and free text where empty.
    """

    name: str
    source: str
    columns: tuple[str, ...] = ()
    sheet: str | None = None

    def load(self) -> Table:
        """The records, under the schema file that lies beside them."""
        return read(self.source, Options(sheet=self.sheet) if self.sheet else None)

    def stamp(self) -> tuple[Any, ...] | None:
        """What changes when the files change; None for a database, which may have changed any time."""
        if "://" in self.source:
            return None
        files = (Path(self.source), schema_path_for(self.source))
        found = [path.stat() if path.exists() else None for path in files]
        return (self, *((one.st_mtime_ns, one.st_size) if one else None for one in found))

    def allowed(self, schema: Schema) -> tuple[str, ...]:
        """Columns that studies may read."""
        open_to_studies = [column.name for column in schema.columns if _is_public(column)]
        return tuple(name for name in open_to_studies if not self.columns or name in self.columns)


def _is_public(column: Column) -> bool:
    return column.is_modelled and column.kind not in (Kind.IDENTIFIER, Kind.TEXT)


def datasets(home: Path) -> dict[str, Dataset]:
    """The datasets of the node in ``home``; raises InvalidRequest where the file cannot be read."""
    path = home / FILE
    if not path.exists():
        return {}
    try:
        plain = tomllib.loads(path.read_text("utf-8"))
        return {name: _dataset(name, settings) for name, settings in plain.items()}
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.") from error


def find_dataset(home: Path, name: str) -> Dataset:
    """The dataset of that name; raises PermitDenied, which a hub may see."""
    found = datasets(home)
    if name not in found:
        raise PermitDenied(f"No dataset '{name}' is published here.")
    return found[name]


def publish(home: Path, dataset: Dataset) -> None:
    """Add a dataset to the node's file, or replace it; the rest of the file stays as people wrote it."""
    path = home / FILE
    document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    table = tomlkit.table()
    table["source"] = dataset.source
    for name in ("columns", "sheet"):
        value = getattr(dataset, name)
        if value:
            table[name] = list(value) if isinstance(value, tuple) else value
    document[dataset.name] = table
    unfinished = path.with_name(f".{FILE}.unfinished")
    unfinished.write_text(tomlkit.dumps(document), "utf-8")
    unfinished.replace(path)


def _dataset(name: str, settings: dict[str, Any]) -> Dataset:
    unknown = sorted(set(settings) - {"source", "columns", "sheet"})
    if unknown or "source" not in settings:
        raise InvalidRequest(
            f"Dataset '{name}' needs a 'source', and takes 'columns' and 'sheet'; it has {sorted(settings)}."
        )
    return Dataset(name, settings["source"], tuple(settings.get("columns", ())), settings.get("sheet"))
