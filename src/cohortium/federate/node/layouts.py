"""The partitions that a node keeps of its datasets: laid out once, under a name that follows from the dataset's stamp.

They hold records. A layout is used once its manifest is there, which is written last, so one that was broken off, by
``kill -9`` or a power cut, is never used. What is of no use any more goes when a worker starts, or later.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cohortium.errors import TargetUnwritable
from cohortium.records import Role, Schema
from cohortium.sources.partitions import Partitions, lay_out, partition_paths

if TYPE_CHECKING:
    from cohortium.federate.node.datasets import Dataset

FOLDER = "partitions"
MANIFEST = "layout.json"
SCRATCH = "scratch"
"""Where Dask's workers put what does not fit into their memory."""


class Layouts:
    """The folder ``partitions`` of a node, open to its owner alone; one process at a time uses it."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER

    def of(self, dataset: Dataset) -> tuple[Schema, Partitions]:
        """The dataset's schema and partitions, laid out now where they are not there for these very files.

        Raises : what ``sources.partitions.lay_out`` raises.
        """
        place = self.folder / _name(dataset)  # before anything is read: what changes later has another name
        whole = dataset.schema()
        schema = whole if whole.only(Role.PERSON_KEY) is None else _needed(dataset, whole)
        if not (place / MANIFEST).exists():
            self._lay_out(dataset, schema, place)
        kept = json.loads((place / MANIFEST).read_text("utf-8"))
        levels = {name: tuple(found) for name, found in kept["levels"].items()}
        return whole, Partitions(partition_paths(place, kept["partitions"]), schema, kept["rows"], levels)

    def scratch(self) -> Path:
        """An empty folder for the workers."""
        place = self.folder / SCRATCH
        _remove([place])
        self._make(place)
        return place

    def sweep(self, published: Iterable[Dataset], used: Iterable[Partitions]) -> None:
        """Remove what belongs neither to a published dataset as it is now nor to a run under way."""
        kept = {_name(one) for one in published if one.partitions is not None and one.stamp() is not None}
        kept |= {one.paths[0].parent.name for one in used} | {SCRATCH}
        _remove(place for place in self._places() if place.name not in kept)

    def _places(self) -> list[Path]:
        return list(self.folder.iterdir()) if self.folder.exists() else []

    def _lay_out(self, dataset: Dataset, schema: Schema, place: Path) -> None:
        unfinished = place.with_name(f".{place.name}.unfinished")
        _remove([unfinished])
        self._make(unfinished)
        try:
            made = lay_out(dataset.source, unfinished, dataset.partitions or 1, options=dataset.options, schema=schema)
            _durably(made, dataset.name)
            unfinished.replace(place)
        finally:
            _remove([unfinished])

    def _make(self, place: Path) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.mkdir(mode=0o700)
        except OSError as error:
            raise TargetUnwritable(
                f"The folder {self.folder} for partitions cannot be made: {error.strerror}. Make room, or see to it "
                "that the node's folder can be written to."
            ) from error


def remove_layouts(home: Path, dataset: str) -> None:
    """Remove the partitions of a dataset that is not published any more."""
    found = sorted((home / FOLDER).glob(f"*/{MANIFEST}"))
    _remove(path.parent for path in found if json.loads(path.read_text("utf-8"))["dataset"] == dataset)


def _name(dataset: Dataset) -> str:
    """Follows from the dataset's stamp; new each time where it has none, since a database may have changed."""
    stamp = dataset.stamp()
    text = secrets.token_hex(16) if stamp is None else repr(stamp)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _needed(dataset: Dataset, whole: Schema) -> Schema:
    """The person key and the columns that studies may read; what they may not need not lie on the disk twice."""
    keys = {column.name for column in whole.with_role(Role.PERSON_KEY)}
    return whole.select([name for name in whole.names if name in keys or name in dataset.allowed(whole)])


def _durably(made: Partitions, dataset: str) -> None:
    """Write the manifest once the files are on the disk."""
    for path in made.paths:
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    manifest: dict[str, Any] = {"dataset": dataset, "partitions": len(made), "rows": made.rows, "levels": made.levels}
    with (made.paths[0].parent / MANIFEST).open("w", encoding="utf-8") as stream:
        json.dump(manifest, stream)
        stream.flush()
        os.fsync(stream.fileno())


def _remove(places: Iterable[Path]) -> None:
    for place in places:
        try:
            if place.exists():
                shutil.rmtree(place)
        except OSError as error:
            raise TargetUnwritable(
                f"{place}, which holds records that are of no use any more, cannot be removed: {error.strerror}."
            ) from error
