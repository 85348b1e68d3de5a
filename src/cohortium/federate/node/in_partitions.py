"""Records larger than memory: partitions on disk, of which each worker reads one at a time.

A partition holds whole persons. So persons, what the rules ask about columns, and the sums of an algorithm add up over
partitions, and tokens are put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa

from cohortium.analyse.workers import Parts
from cohortium.errors import NotApplicable
from cohortium.privacy.column_facts import ColumnFacts
from cohortium.privacy.disclosure import DisclosureRules, Mode
from cohortium.privacy.person_tokens import RowTokens, person_tokens, row_tokens, rows_before
from cohortium.privacy.sensitivity import Bounded
from cohortium.records import (
    Algorithm,
    Condition,
    Role,
    Schema,
    State,
    Sums,
    Table,
    as_agreed,
    name_of,
    parse_condition,
)
from cohortium.records.table import ARROW_TYPES
from cohortium.registry import find
from cohortium.sources.partitions import Partitions, read_partition

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class View:
    """What a run reads of every partition, and as what.

    stored : columns of the files.
    filled : the same with all levels that stand in any partition; conditions are read by these.
    under  : the agreed schema.
    """

    stored: Schema
    filled: Schema
    condition: Condition | None = None
    under: Schema | None = None

    def read(self, path: Path, names: Iterable[str]) -> Table:
        """The rows of a partition that satisfy the condition, with at least the columns ``names`` and the key."""
        keys = (column.name for column in self.stored.with_role(Role.PERSON_KEY))
        needed = {*names, *keys, *(self.condition.names() if self.condition is not None else ())}
        chosen = [name for name in self.stored.names if name in needed] or self.stored.names[:1]
        table = read_partition(path, self.stored.select(chosen))
        if self.condition is None:
            return table
        return table.take(self.condition.holds(table.with_schema(self.filled.select(chosen))))

    def read_agreed(self, path: Path) -> Table:
        """The same under the agreed schema."""
        agreed = cast(Schema, self.under)
        return as_agreed(self.read(path, agreed.names), agreed)


@dataclass(frozen=True, slots=True)
class InPartitions:
    """Records in the partitions of a dataset.

    whole   : the dataset's schema. The files have all of its columns where it has no person key.
    workers : who reads the files.
    """

    whole: Schema
    partitions: Partitions
    workers: Parts
    view: View

    @classmethod
    def of(cls, whole: Schema, partitions: Partitions, workers: Parts) -> InPartitions:
        """All rows of the partitions."""
        return cls(whole, partitions, workers, View(partitions.schema, _filled(partitions)))

    @property
    def schema(self) -> Schema:
        """Of the dataset; the agreed one, and the person key, once there is one."""
        return self.whole if self.view.under is None else as_agreed(_nobody(self.whole), self.view.under).schema

    def must_suit(self, algorithms: Iterable[Algorithm]) -> None:
        """Raises NotApplicable where the sums of one do not add up over partitions."""
        for name in map(name_of, algorithms):
            if not find("algorithm", name).facts["divides"]:
                raise NotApplicable(
                    f"'{name}' needs all records of a site at once, and this site reads them in partitions, since they "
                    "are larger than its memory. Leave the site out, or ask for a method whose sums add up."
                )

    def where(self, condition: str, names: Sequence[str]) -> InPartitions:
        """The rows that satisfy a condition; raises InvalidRequest."""
        parsed = parse_condition(condition, self.whole.select(names))
        parsed.holds(_nobody(self.view.filled))  # refuses a level that no partition has
        return replace(self, view=replace(self.view, condition=parsed))

    def facts(self, names: Sequence[str], rules: DisclosureRules, mode: Mode) -> ColumnFacts:
        """What the disclosure rules ask about these columns."""
        settings = self.view, tuple(names), rules, mode
        return cast(ColumnFacts, self.workers.summed(_facts, self.partitions.paths, *settings))

    def tokens(self, dataset: str, key: bytes) -> NDArray[np.uint64]:
        """Sorted tokens (persons,) of the persons: those of the same records in one piece."""
        paths, settings = self.partitions.paths, (self.view, dataset, key)
        earlier: dict[Path, dict[int, int]] = {}
        if self.whole.only(Role.PERSON_KEY) is None:
            rows: list[RowTokens] = self.workers.each(_row_tokens, paths, *settings)
            earlier = {path: before for path, before in zip(paths, rows_before(rows), strict=True) if before}
            if not earlier and all(one.times.max(initial=0) <= 1 for one in rows):
                return np.unique(np.concatenate([one.tokens for one in rows]))
        return np.unique(np.concatenate(self.workers.each(_tokens, paths, *settings, earlier)))

    def agreed(self, schema: Schema) -> InPartitions:
        """The same under the agreed schema; raises InvalidRequest where a partition cannot be brought under it."""
        found = replace(self, view=replace(self.view, under=schema))
        self.workers.each(_conforms, self.partitions.paths, found.view)
        return found

    def local(self, algorithm: Algorithm, state: State, within: Bounded | None = None) -> Sums:
        """The algorithm's sums."""
        settings = self.view, algorithm, state.to_bytes(), within
        return cast(Sums, self.workers.summed(_local, self.partitions.paths, *settings))


def _filled(partitions: Partitions) -> Schema:
    schema = partitions.schema
    for name, levels in partitions.levels.items():
        column = schema[name]
        listed = column.levels or ()
        schema = schema.replace_column(replace(column, levels=(*listed, *sorted(set(levels) - set(listed)))))
    return schema


def _nobody(schema: Schema) -> Table:
    arrays = [pa.array([], ARROW_TYPES[column.kind]) for column in schema.columns]
    return Table(pa.table(arrays, names=list(schema.names)), schema)


def _facts(path: Path, view: View, names: Sequence[str], rules: DisclosureRules, mode: Mode) -> ColumnFacts:
    return ColumnFacts.of(view.read(path, names), names, rules, mode)


def _tokens(
    path: Path, view: View, dataset: str, key: bytes, earlier: dict[Path, dict[int, int]]
) -> NDArray[np.uint64]:
    keyed = view.stored.only(Role.PERSON_KEY) is not None
    return person_tokens(view.read(path, () if keyed else view.stored.names), dataset, key, earlier.get(path))


def _row_tokens(path: Path, view: View, dataset: str, key: bytes) -> RowTokens:
    return row_tokens(view.read(path, view.stored.names), dataset, key)


def _conforms(path: Path, view: View) -> None:
    view.read_agreed(path)


def _local(path: Path, view: View, algorithm: Algorithm, state: bytes, within: Bounded | None) -> Sums:
    records, asked = view.read_agreed(path), State.from_bytes(state)
    return algorithm.local(records if within is None else within.clip(records, asked), asked)
