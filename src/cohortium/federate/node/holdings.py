"""What a node holds at hand: records that were read into memory, partitions, and the workers that read those."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cohortium.analyse.workers import Parts, local_workers
from cohortium.errors import SourceUnreadable
from cohortium.federate.node.datasets import Dataset, datasets
from cohortium.federate.node.in_partitions import InPartitions
from cohortium.federate.node.layouts import Layouts
from cohortium.federate.node.run_records import InMemory, RunRecords

if TYPE_CHECKING:
    from cohortium.records import Table

Cluster = Callable[[Path], AbstractContextManager[Parts]]
"""Starts workers, which may put into a folder what their memory does not hold."""


class Holdings:
    """The records of one node.

    home    : the node's folder; partitions lie in it.
    tables  : datasets that are given as tables, for simulation and tests.
    cluster : starts the processes that read partitions, with the first of them that is asked for.
    """

    def __init__(self, home: Path, tables: dict[str, Table], cluster: Cluster = local_workers) -> None:
        self.home, self.tables, self.cluster = home, tables, cluster
        self.loaded: dict[str, tuple[Any, InMemory]] = {}
        self.layouts = Layouts(home)
        self.workers: Parts | None = None
        self._ends = ExitStack()

    def records(self, dataset: Dataset) -> RunRecords:
        """The records of a dataset; files that have not changed are not read again.

        Raises : CohortiumError with what the steward has to do.
        """
        if dataset.name in self.tables:
            return InMemory(self.tables[dataset.name])
        if dataset.partitions is not None:
            workers = self._started()
            return InPartitions.of(*self.layouts.of(dataset), workers)
        stamp = dataset.stamp()
        kept = self.loaded.get(dataset.name)
        if kept is None or stamp is None or kept[0] != stamp:
            kept = (stamp, InMemory(dataset.load()))
            self.loaded = {dataset.name: kept}
        return kept[1]

    def sweep(self, used: Iterable[RunRecords]) -> None:
        """Remove partitions that are neither of a dataset as it is published now, nor among those ``used``."""
        self.layouts.sweep(
            datasets(self.home).values(), [one.partitions for one in used if isinstance(one, InPartitions)]
        )

    def close(self) -> None:
        """End the workers."""
        self.workers = None
        self._ends.close()

    def _started(self) -> Parts:
        if self.workers is None:
            try:
                self.workers = self._ends.enter_context(self.cluster(self.layouts.scratch()))
            except OSError as error:
                raise SourceUnreadable(f"The processes that read partitions could not be started: {error}.") from error
        return self.workers
