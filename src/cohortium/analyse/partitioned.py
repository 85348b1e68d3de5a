"""The runner for records that do not fit into memory: partitions are to an algorithm what sites are.

Dask's workers, each a process, read one partition at a time and give its sums; the sums are added up in a tree. At any
time a worker holds one partition and a few sums, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cohortium.analyse.run import drive
from cohortium.errors import InvalidRequest, MissingExtra
from cohortium.records import Algorithm, Result, Schema, State, Sums, agreed_schema, as_agreed, public_schema
from cohortium.sources import Options
from cohortium.sources.partitions import Partitions, laid_out, read_partition

if TYPE_CHECKING:
    from distributed import Client, Future

FAN_IN = 8
"""Sums that are added up at a time."""

_CLOSED: dict[str, Any] = {
    "security": True,
    "host": "127.0.0.1",
    "dashboard_address": None,
    "scheduler_kwargs": {"dashboard": False, "dashboard_address": "127.0.0.1:0"},
}

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
    Raises     : what ``laid_out`` and the algorithm raise; InvalidRequest where a partition is too large for a worker.
    """
    if not isinstance(source, Partitions):
        columns, settings = algorithm.columns(), {"options": options, "schema": schema, "folder": folder}
        with laid_out(source, partitions, columns=columns, **settings) as made:  # type: ignore[arg-type]
            return partitioned(algorithm, made, client=client, workers=workers, progress=progress)
    if client is None:
        with local_client(workers) as own:
            return partitioned(algorithm, source, client=own, progress=progress)
    return _Cluster(client, source, progress).run(algorithm)


@contextmanager
def local_client(workers: int | None = None) -> Iterator[Client]:
    """A Dask cluster of ``workers`` processes on this machine while the block runs; one a core where None.

    Whoever reaches a scheduler can have it run code: it listens to this machine alone, under TLS with certificates made
    for the occasion, and serves no pages.
    Raises : MissingExtra where Dask is not installed.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingExtra("The partitioned runner needs Dask: pip install 'cohortium[scale]'") from error
    with (
        dask.config.set({f"distributed.{one}.http.routes": [] for one in ("scheduler", "worker")}),
        LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, **_CLOSED) as cluster,
        Client(cluster) as client,
    ):
        yield client


class _Cluster:
    """An algorithm's rounds over partitions on a Dask cluster."""

    def __init__(self, client: Client, partitions: Partitions, progress: Progress) -> None:
        self.client, self.partitions, self.progress = client, partitions, progress
        self.step = 0

    def run(self, algorithm: Algorithm) -> Result:
        """Agree on a schema, then step after step."""
        names = algorithm.columns()
        unknown = sorted(set(names) - set(self.partitions.schema.names))
        if unknown:
            raise InvalidRequest(f"The partitions have no columns {unknown}. Lay out the source with them.")
        schemas = self._finished(self._over_all(_schema, self.partitions.schema, names))
        agreed = agreed_schema(schemas, names)

        def total_of(state: State) -> Sums:
            sums = self._over_all(_local, self.partitions.schema, agreed, algorithm, self._shared(state.to_bytes()))
            self._watch(sums)
            while len(sums) > 1:
                groups = [sums[place : place + FAN_IN] for place in range(0, len(sums), FAN_IN)]
                sums = [self.client.submit(_added, *group, pure=False) for group in groups]
            return Sums.from_bytes(self._finished(sums)[0])

        def before(step: int, _state: State) -> None:
            self.step = step

        return drive(algorithm, agreed, total_of, before=before)

    def _over_all(self, task: Callable[..., Any], *settings: Any) -> list[Future]:
        """One future a partition."""
        return [self.client.submit(task, path, *settings, pure=False) for path in self.partitions.paths]

    def _shared(self, data: bytes) -> Future:
        """Bytes that every task needs, sent to each worker once."""
        # a task, since scattered data is lost with the workers that hold it, and a task is done again
        return self.client.submit(bytes, data, pure=False)

    def _watch(self, futures: Sequence[Future]) -> None:
        from distributed import as_completed

        for done, _ in enumerate(as_completed(futures), start=1):
            self.progress(self.step, done, len(futures))

    def _finished(self, futures: Sequence[Future]) -> list[Any]:
        from distributed.scheduler import KilledWorker

        try:
            return list(self.client.gather(futures))
        except KilledWorker as error:
            raise InvalidRequest(
                "A worker ended again and again on one partition, mostly since the partition does not fit into its "
                f"memory. Use more than {len(self.partitions)} partitions, or fewer workers."
            ) from error


def _schema(path: Path, own: Schema, names: Sequence[str]) -> Schema:
    """What a partition offers: kinds, units and levels."""
    return public_schema(read_partition(path, own), names)


def _local(path: Path, own: Schema, agreed: Schema, algorithm: Algorithm, state: bytes) -> bytes:
    """The sums of a partition."""
    records = as_agreed(read_partition(path, own), agreed)
    return algorithm.local(records, State.from_bytes(state)).to_bytes()


def _added(*sums: bytes) -> bytes:
    return reduce(Sums.__add__, map(Sums.from_bytes, sums)).to_bytes()
