"""Workers: processes, each of which reads one part of the records at a time, works on it and forgets it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cohortium.errors import MissingExtra, PartitionTooLarge

if TYPE_CHECKING:
    from distributed import Client, Future

FAN_IN = 8
"""Sums that are added up at a time."""

_CLOSED: dict[str, Any] = {
    "security": True,
    "host": "127.0.0.1",
    "dashboard_address": None,
    "silence_logs": logging.CRITICAL,  # Dask logs the error of a task, and Arrow's errors quote values
    "scheduler_kwargs": {"dashboard": False, "dashboard_address": "127.0.0.1:0"},
}

Watch = Callable[[int, int], None]
"""Told how many parts are done, and of how many."""


class Parts(Protocol):
    """What works on the files of a layout, wherever it does so; tasks take a file's path and ``settings``."""

    def each(self, task: Callable[..., Any], paths: Sequence[Path], *settings: Any) -> list[Any]:
        """What the task gives for every file, in their order."""
        ...

    def summed(
        self, task: Callable[..., Any], paths: Sequence[Path], *settings: Any, watch: Watch = lambda _done, _of: None
    ) -> Any:
        """What the task gives for every file, added up with ``+``."""
        ...


def needs_dask() -> None:
    """Raises MissingExtra where Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise MissingExtra("The partitioned runner needs Dask: pip install 'cohortium[scale]'") from error


@contextmanager
def local_client(workers: int | None = None, folder: Path | None = None) -> Iterator[Client]:
    """A Dask cluster of ``workers`` processes on this machine while the block runs; one a core where None.

    Whoever reaches a scheduler can have it run code: it listens to this machine alone, under TLS with certificates made
    for the occasion, and serves no pages.
    folder : where workers put what does not fit into their memory; the system's temporary folder where None.
    Raises : MissingExtra where Dask is not installed.
    """
    needs_dask()
    import dask
    from distributed import Client, LocalCluster

    settings = {"n_workers": workers, "threads_per_worker": 1, "processes": True, "local_directory": folder}
    with (
        dask.config.set({f"distributed.{one}.http.routes": [] for one in ("scheduler", "worker")}),
        LocalCluster(**settings, **_CLOSED) as cluster,
    ):
        client = Client(cluster, set_as_default=False)  # a default one could only be closed by the thread that began it
        try:
            yield client
        finally:
            client.close()


class Workers:
    """Those of a Dask cluster.

    Raises : PartitionTooLarge from every method where a worker ends again and again on one part.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    def each(self, task: Callable[..., Any], paths: Sequence[Path], *settings: Any) -> list[Any]:
        """What the task gives for every file, in their order."""
        return self._finished(self._over(task, paths, settings), len(paths))

    def summed(
        self, task: Callable[..., Any], paths: Sequence[Path], *settings: Any, watch: Watch = lambda _done, _of: None
    ) -> Any:
        """What the task gives for every file, added up with ``+`` in a tree."""
        from distributed import as_completed

        sums = self._over(task, paths, settings)
        for done, _ in enumerate(as_completed(sums, loop=self.client.loop), start=1):
            watch(done, len(sums))
        while len(sums) > 1:
            groups = [sums[place : place + FAN_IN] for place in range(0, len(sums), FAN_IN)]
            sums = [self.client.submit(_added, *group, pure=False) for group in groups]
        return self._finished(sums, len(paths))[0]

    def _over(self, task: Callable[..., Any], paths: Sequence[Path], settings: Sequence[Any]) -> list[Future]:
        """One future a file; what all tasks need goes to each worker once."""
        # a task, since scattered data is lost with the workers that hold it, and a task is done again
        shared = self.client.submit(tuple, settings, pure=False)
        return [self.client.submit(_done, task, path, shared, pure=False) for path in paths]

    def _finished(self, futures: Sequence[Future], parts: int) -> list[Any]:
        from distributed.scheduler import KilledWorker

        try:
            return list(self.client.gather(futures))
        except KilledWorker as error:
            raise PartitionTooLarge(
                "A worker ended again and again on one partition, mostly since the partition does not fit into its "
                f"memory. Use more than {parts} partitions, or fewer workers."
            ) from error


@contextmanager
def local_workers(folder: Path | None = None) -> Iterator[Parts]:
    """Those of a local cluster, one a core, while the block runs; as ``local_client``."""
    with local_client(folder=folder) as client:
        yield Workers(client)


def _done(task: Callable[..., Any], path: Path, settings: tuple[Any, ...]) -> Any:
    return task(path, *settings)


def _added(*parts: Any) -> Any:
    return reduce(add, parts)
