"""The records of the runs under way at a node: opened once the rules admit a study, forgotten when its run ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohortium.errors import CohortiumError, InvalidRequest, PermitDenied, TargetUnwritable
from cohortium.federate.node.datasets import Dataset, datasets, find_dataset
from cohortium.federate.node.guard import Guard
from cohortium.federate.node.holdings import Cluster, Holdings
from cohortium.federate.node.run_records import RunRecords
from cohortium.federate.node.store import NodeStore
from cohortium.federate.study import Study
from cohortium.records import Schema, Table, parse_condition, schema_to_plain, told_schema

KEPT_OPEN = 8
"""Runs whose records stay in memory; the least recently opened is closed first."""


@dataclass(slots=True)
class Open:
    """A run under way: its study, the records that it may read, and the same under the agreed schema."""

    study: Study
    records: RunRecords
    agreed: RunRecords | None = None


class RecordsAtHand:
    """Opens records for studies, and keeps them until their runs end.

    home    : folder with ``datasets.toml``.
    store   : is told what the steward must know and a hub must not.
    guard   : admits a study to records, or refuses.
    tables  : datasets that are given as tables.
    cluster : starts the processes that read datasets larger than memory.
    evict   : lets go of all that is kept of a run, ``forget`` among it, since another takes its place.
    """

    def __init__(
        self,
        home: Path,
        store: NodeStore,
        guard: Guard,
        tables: dict[str, Table],
        cluster: Cluster,
        evict: Callable[[str], None],
    ) -> None:
        self.home, self.store, self.guard, self.tables, self.evict = home, store, guard, tables, evict
        self.holdings = Holdings(home, tables, cluster)
        self.runs: dict[str, Open] = {}

    def datasets(self) -> list[str]:
        """The names of all datasets."""
        return sorted({*datasets(self.home), *self.tables})

    def dataset(self, name: str) -> Dataset:
        """The dataset of that name; raises PermitDenied, which a hub may see."""
        given = self.tables.get(name)
        return find_dataset(self.home, name) if given is None else Dataset(name, "", given.schema.names)

    def open(self, run: str, study: Study) -> dict[str, Any]:
        """Keep the records of an approved study at hand.

        Returns : the public schema of the study's columns, as plain values.
        Raises  : PermitDenied where records cannot be read or a column is closed, NotApplicable where an algorithm
                  cannot run on records that lie as these do, DisclosureRefused by the rules.
        Reveals : kinds, units, and levels that enough persons have; under noise, those of the schema file alone.
        """
        dataset = self.dataset(study.dataset)
        records = self._read(dataset)
        records.must_suit(one.algorithm for one in study.analyses)
        allowed = dataset.allowed(records.schema)
        closed = [name for name in study.columns if name in records.schema and name not in allowed]
        if closed:
            raise PermitDenied(f"Columns {closed} of '{study.dataset}' are not open to studies here.")
        if study.where:
            records = records.where(study.where, allowed)
        facts = self.guard.admit(study, records)
        while len(self.runs) >= KEPT_OPEN:
            self.evict(next(iter(self.runs)))
        self.runs[run] = Open(study, records)
        self.tidy()
        # under noise only the schema file may tell a level: that somebody has it is a fact about persons
        smallest = None if study.is_noisy else self.guard.rules.cell
        return schema_to_plain(told_schema(records.schema, study.columns, facts.levels, smallest=smallest))

    def columns_of(self, study: Study) -> tuple[str, ...]:
        """Columns that a study reads or selects by; raises PermitDenied where the records cannot be read."""
        if not study.where:
            return study.columns
        dataset = self.dataset(study.dataset)
        schema = self._read(dataset).schema
        schema = schema.select(dataset.allowed(schema))
        return tuple(dict.fromkeys((*study.columns, *sorted(parse_condition(study.where, schema).names()))))

    def agreed(self, run: str, study: Study, schema: Schema) -> RunRecords:
        """The records of a run under the agreed schema; opened again where this site was started anew meanwhile."""
        found = self.runs.get(run)
        if found is None or found.study.digest != study.digest:
            self.open(run, study)
            found = self.runs[run]
        if found.agreed is None or found.agreed.schema.select(schema.names) != schema:
            found.agreed = found.records.agreed(schema)
        return found.agreed

    def forget(self, run: str) -> None:
        """Let go of the records of a run."""
        self.runs.pop(run, None)

    def tidy(self) -> None:
        """Remove partitions that nobody needs any more; what stands in the way is for the steward."""
        try:
            self.holdings.sweep([run.records for run in self.runs.values()])
        except (InvalidRequest, TargetUnwritable) as error:
            self.store.record("partitions cannot be removed", {"reason": str(error)})

    def close(self) -> None:
        """No run is under way any more: the workers end."""
        self.runs.clear()
        self.tidy()
        self.holdings.close()

    def unreadable(self, error: CohortiumError, dataset: str = "") -> PermitDenied:
        """What a hub is told; why records cannot be read is for the steward, and names paths."""
        self.store.record("dataset cannot be read", {"dataset": dataset, "reason": str(error)})
        which = f"of '{dataset}'" if dataset else "of this study"
        return PermitDenied(
            f"The records {which} cannot be read at this site; its steward finds the reason in the log."
        )

    def _read(self, dataset: Dataset) -> RunRecords:
        try:
            return self.holdings.records(dataset)
        except CohortiumError as error:
            raise self.unreadable(error, dataset.name) from error
