"""The datasets that a node publishes to studies: which file or database each is, and which columns may be asked for."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.federate.node.layouts import remove_layouts
from cohortium.federate.node.opt_outs import keys_in, without_persons
from cohortium.records import Column, Kind, Role, Schema, Table
from cohortium.sources import Options, read, schema_path_for
from cohortium.sources.partitions import MOST, schema_beside

FILE = "datasets.toml"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One published dataset; what its columns mean, the person key included, stands in the schema file beside it.

    source     : file or database address, as ``cohortium profile`` takes it; with partitions also a folder of Parquet
                 files.
    columns    : columns that studies may read; all but identifiers, free text and images where empty. Images are read
                 only where they are named: faces may be in them, and names that a device wrote into the picture.
    partitions : how many files the records are cut into, which are read one at a time; they are read into memory as a
                 whole where None.
    permit     : whether studies need a data permit for it.
    opt_outs   : file with the keys of persons who opted out, a line each: their rows are left out of every study
                 (Article 71 of the EHDS Regulation). Not with partitions.
    """

    name: str
    source: str
    columns: tuple[str, ...] = ()
    sheet: str | None = None
    partitions: int | None = None
    permit: bool = False
    opt_outs: str | None = None

    @property
    def options(self) -> Options | None:
        """How the source is read."""
        return Options(sheet=self.sheet) if self.sheet else None

    def load(self) -> Table:
        """The records, under the schema file that lies beside them, without those who opted out.

        Raises : InvalidRequest where somebody may have opted out, and no column tells whose a row is.
        """
        table = read(self.source, self.options)
        return table if self.opt_outs is None else without_persons(table, keys_in(Path(self.opt_outs)))

    def schema(self) -> Schema:
        """What the columns mean; records that are cut into partitions are not read for it.

        Raises : InvalidRequest where such records have no schema file.
        """
        return self.load().schema if self.partitions is None else schema_beside(self.source, self.options)

    def stamp(self) -> tuple[Any, ...] | None:
        """What changes when the files change; None for a database, which may have changed any time."""
        if "://" in self.source:
            return None
        place = Path(self.source)
        within = sorted(place.iterdir()) if place.is_dir() else []
        files = (place, schema_path_for(self.source), *within, *([Path(self.opt_outs)] if self.opt_outs else []))
        found = [path.stat() if path.exists() else None for path in files]
        return (self, *((one.st_mtime_ns, one.st_size) if one else None for one in found))

    def allowed(self, schema: Schema) -> tuple[str, ...]:
        """Columns that studies may read."""
        return tuple(column.name for column in schema.columns if self._is_open(column))

    def _is_open(self, column: Column) -> bool:
        is_named = column.name in self.columns
        if column.kind is Kind.IMAGE:
            return is_named and not column.has_role(Role.DIRECT_IDENTIFIER)
        return column.is_modelled and (is_named or not self.columns)


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
    datasets(home)  # so that a slip in the file is told as such
    path = home / FILE
    document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    table = tomlkit.table()
    table["source"] = dataset.source
    for name in ("columns", "sheet", "partitions", "permit", "opt_outs"):
        value = getattr(dataset, name)
        if value:
            table[name] = list(value) if isinstance(value, tuple) else value
    document[dataset.name] = table
    _write(path, document)


def must_be_published(home: Path, name: str) -> None:
    """Raises InvalidRequest, which a steward sees, where no dataset of this name is published."""
    found = datasets(home)
    if name not in found:
        raise InvalidRequest(f"There is no dataset '{name}' here; there is: {', '.join(found) or 'none'}.")


def unpublish(home: Path, name: str) -> None:
    """Take a dataset out of the node's file; the rest of the file stays as people wrote it. Its partitions are removed.

    Raises : InvalidRequest where none of this name is published.
    """
    must_be_published(home, name)
    document = tomlkit.parse((home / FILE).read_text("utf-8"))
    del document[name]
    _write(home / FILE, document)
    remove_layouts(home, name)


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    unfinished = path.with_name(f".{FILE}.unfinished")
    unfinished.write_text(tomlkit.dumps(document), "utf-8")
    unfinished.replace(path)


def _dataset(name: str, settings: dict[str, Any]) -> Dataset:
    unknown = sorted(set(settings) - {"source", "columns", "sheet", "partitions", "permit", "opt_outs"})
    if unknown or "source" not in settings:
        raise InvalidRequest(
            f"Dataset '{name}' needs a 'source', and takes 'columns', 'sheet', 'partitions', 'permit' and 'opt_outs'; "
            f"it has {sorted(settings)}."
        )
    partitions = settings.get("partitions")
    if partitions is not None and (type(partitions) is not int or not 1 <= partitions <= MOST):
        raise InvalidRequest(f"Dataset '{name}': partitions must be a whole number from 1 to {MOST:,}.")
    permit = settings.get("permit", False)
    if not isinstance(permit, bool):
        raise InvalidRequest(f"Dataset '{name}': permit is true or false.")
    opt_outs = settings.get("opt_outs")
    if opt_outs is not None and partitions is not None:
        raise InvalidRequest(f"Dataset '{name}' lies in partitions: leave persons who opted out out of its files.")
    columns = tuple(settings.get("columns", ()))
    return Dataset(name, settings["source"], columns, settings.get("sheet"), partitions, permit, opt_outs)
