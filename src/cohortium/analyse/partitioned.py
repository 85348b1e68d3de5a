"""The runner for records that do not fit into memory: partitions are to an algorithm what sites are.

Dask's workers, each a process, read one partition at a time and give its sums; the sums are added up in a tree. At any
time a worker holds one partition and a few sums, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cohortium.analyse.run import drive
from cohortium.analyse.workers import Parts, Workers, local_client
from cohortium.errors import InvalidRequest
from cohortium.records import Algorithm, Result, Schema, State, Sums, agreed_schema, as_agreed, public_schema
from cohortium.sources import Options
from cohortium.sources.partitions import Partitions, laid_out, read_partition

if TYPE_CHECKING:
    from distributed import Client

Progress = Callable[[int, int, int], None]
"""Told the step, how many of its partitions are done, and of how many."""


def partitioned(
    algorithm: Algorithm,
    source: str | Path | Partitions,
    *,
    partitions: int = 64,
    options: Options | None = None,
    schema: Schema | None = None,
    folder: Path | None = None,
    client: Client | None = None,
    workers: int | None = None,
    progress: Progress = lambda _step, _done, _of: None,
) -> Result:
    """The answer from a source of any size; the same as ``pooled`` gives, to rounding.

    source     : an address, laid out for this answer alone; or what ``sources.partitions.laid_out`` gave, for several.
    partitions : so many that each fits a worker's memory several times.
    options, schema, folder : as ``laid_out`` takes them.
    client     : of a Dask cluster that is there; its workers must see the files. A local one is started where None.
    workers    : processes of the local cluster; one a core where None.
    progress   : shows how far a step is. Ctrl+C ends the workers and removes the partitions.
    Raises     : what ``laid_out`` and the algorithm raise; PartitionTooLarge where one does not fit into a worker.
    """
    if not isinstance(source, Partitions):
        columns, settings = algorithm.columns(), {"options": options, "schema": schema, "folder": folder}
        with laid_out(source, partitions, columns=columns, **settings) as made:  # type: ignore[arg-type]
            return partitioned(algorithm, made, client=client, workers=workers, progress=progress)
    if client is None:
        with local_client(workers) as own:
            return partitioned(algorithm, source, client=own, progress=progress)
    return _Rounds(Workers(client), source, progress).run(algorithm)


class _Rounds:
    """An algorithm's rounds over partitions."""

    def __init__(self, workers: Parts, partitions: Partitions, progress: Progress) -> None:
        self.workers, self.partitions, self.progress = workers, partitions, progress
        self.step = 0

    def run(self, algorithm: Algorithm) -> Result:
        """Agree on a schema, then step after step."""
        names, paths, own = algorithm.columns(), self.partitions.paths, self.partitions.schema
        unknown = sorted(set(names) - set(own.names))
        if unknown:
            raise InvalidRequest(f"The partitions have no columns {unknown}. Lay out the source with them.")
        agreed = agreed_schema(self.workers.each(_schema, paths, own, names), names)

        def total_of(state: State) -> Sums:
            settings = own, agreed, algorithm, state.to_bytes()
            total: Sums = self.workers.summed(_local, paths, *settings, watch=self._watch)
            return total

        def before(step: int, _state: State) -> None:
            self.step = step

        return drive(algorithm, agreed, total_of, before=before)

    def _watch(self, done: int, of: int) -> None:
        self.progress(self.step, done, of)


def _schema(path: Path, own: Schema, names: Sequence[str]) -> Schema:
    """What a partition offers: kinds, units and levels."""
    return public_schema(read_partition(path, own), names)


def _local(path: Path, own: Schema, agreed: Schema, algorithm: Algorithm, state: bytes) -> Sums:
    """The sums of a partition."""
    return algorithm.local(as_agreed(read_partition(path, own), agreed), State.from_bytes(state))
