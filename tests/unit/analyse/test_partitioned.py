"""The partitioned runner on a real local cluster: the pooled answer, whole persons, progress, and clean ends."""

from __future__ import annotations

import os
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conformance.examples.example import patients
from tests.conformance.test_algorithms import assert_same_answer

from cohortium.analyse import CohortCount, Cox, Describe, LogisticRegression, Quantiles, pooled
from cohortium.analyse.partitioned import partitioned
from cohortium.analyse.workers import local_client, local_workers
from cohortium.errors import InvalidRequest, MissingExtra
from cohortium.records import PERSONS, Algorithm, Column, Kind, Result, Role, Schema, State, Sums, Table
from cohortium.sources.partitions import laid_out, read_partition

if TYPE_CHECKING:
    from distributed import Client

ALGORITHMS: tuple[Algorithm, ...] = (
    Describe(("age", "marker", "stage", "hospital")),
    Quantiles(("age", "marker")),
    LogisticRegression("relapse", ("age", "stage", "treated")),
    Cox("time_days", "died", ("age", "stage", "treated")),
)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    pytest.importorskip("distributed")
    with local_client(2) as found:
        yield found


def stored(table: Table, folder: Path) -> Path:
    path = folder / "records.parquet"
    pq.write_table(table.arrow, path, row_group_size=700)
    return path


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda one: type(one).__name__)
def test_partitions_give_the_pooled_answer(algorithm: Algorithm, client: Client, tmp_path: Path) -> None:
    table = patients(3_000)
    found = partitioned(algorithm, stored(table, tmp_path), partitions=11, schema=table.schema, client=client)
    assert_same_answer(found, pooled(algorithm, table), 1e-8)


def test_partitions_without_a_row_change_nothing(client: Client, tmp_path: Path) -> None:
    table = patients(30)
    path = stored(table, tmp_path)
    for algorithm in ALGORITHMS[:2]:
        found = partitioned(algorithm, path, partitions=40, schema=table.schema, client=client)
        assert_same_answer(found, pooled(algorithm, table), 1e-8)


VISITS = Schema(
    (
        Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
        Column("dose", Kind.CONTINUOUS),
        Column("sex", Kind.CATEGORICAL),
    )
)


def visits(rows: int = 4_000, persons: int = 500) -> Table:
    """Rows of a person lie far apart, so that any cut of the file would tear them apart."""
    rng = np.random.default_rng(0)
    columns = {
        "person": [f"P{k}" for k in rng.integers(0, persons, rows)],
        "dose": rng.normal(5, 2, rows),
        "sex": rng.choice(["F", "M"], rows),
    }
    return Table(pa.table(columns), VISITS)


def test_a_person_with_rows_everywhere_counts_once(client: Client, tmp_path: Path) -> None:
    table, algorithm = visits(), CohortCount(("dose > 5", "dose > 8"), ("sex",))
    path = stored(table, tmp_path)
    found = partitioned(algorithm, path, partitions=9, schema=VISITS, client=client)
    assert found.persons == len(np.unique(table.persons())) < len(table)
    assert found.tables == pooled(algorithm, table).tables


def test_progress_is_shown_step_by_step(client: Client, tmp_path: Path) -> None:
    table, seen = patients(500), list[tuple[int, int, int]]()
    path = stored(table, tmp_path)
    partitioned(
        Describe(("age",)),
        path,
        partitions=3,
        schema=table.schema,
        client=client,
        progress=lambda step, done, of: seen.append((step, done, of)),
    )
    assert seen == [(step, done, 3) for step in (0, 1) for done in (1, 2, 3)]


def test_one_layout_serves_several_answers(client: Client, tmp_path: Path) -> None:
    table = patients(600)
    with laid_out(stored(table, tmp_path), 5, schema=table.schema, columns=("age", "stage")) as parts:
        for algorithm in (Describe(("age",)), Describe(("stage",))):
            assert_same_answer(partitioned(algorithm, parts, client=client), pooled(algorithm, table), 1e-8)
        with pytest.raises(InvalidRequest, match=r"no columns \['marker'\]"):
            partitioned(Describe(("marker",)), parts, client=client)


@dataclass(frozen=True)
class Faulty:
    """An algorithm that ends in the middle of a partition, by an error or by its process.

    once : a file that is made at the first death; there is no second then.
    """

    dies: bool
    once: str = ""

    def columns(self) -> tuple[str, ...]:
        return ("age",)

    def start(self, schema: Schema) -> State:
        return State("once")

    def local(self, records: Table, state: State) -> Sums:
        if not self.dies:
            raise InvalidRequest("Column 'age' was expected otherwise.")
        if not self.once or not Path(self.once).exists():
            Path(self.once or os.devnull).touch()
            os._exit(1)
        return Sums({PERSONS: len(records)})

    def combine(self, total: Sums, state: State) -> Result:
        return Result("Persons", total.persons)


def test_an_error_at_a_worker_is_the_callers(client: Client, tmp_path: Path) -> None:
    table = patients(100)
    path = stored(table, tmp_path)
    with pytest.raises(InvalidRequest, match="expected otherwise"):
        partitioned(Faulty(dies=False), path, partitions=2, schema=table.schema, client=client)


@pytest.mark.slow
def test_an_interruption_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    table, scratch = patients(500), tmp_path / "scratch"
    scratch.mkdir()
    path, seen = stored(table, tmp_path), list[int]()

    def interrupt(_step: int, _done: int, _of: int) -> None:
        seen.extend(child.pid for child in psutil.Process().children(recursive=True))
        assert list(scratch.rglob("*.parquet"))
        raise KeyboardInterrupt

    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(KeyboardInterrupt):
        partitioned(
            Describe(("age",)), path, schema=table.schema, partitions=4, folder=scratch, workers=1, progress=interrupt
        )
    assert set(seen) - before
    # the tracker of shared memory belongs to this process and outlives any cluster
    started = [pid for pid in set(seen) - before if psutil.pid_exists(pid)]
    assert not [pid for pid in started if "resource_tracker" not in " ".join(psutil.Process(pid).cmdline())]
    assert not list(scratch.iterdir())


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_and_its_partition_done_again(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    table, once = patients(100), tmp_path / "died"
    path = stored(table, tmp_path)
    found = partitioned(Faulty(dies=True, once=str(once)), path, partitions=3, schema=table.schema, workers=1)
    assert once.exists()
    assert found.persons == 100


@pytest.mark.slow
def test_a_partition_that_kills_its_workers_is_given_up(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    table = patients(100)
    path = stored(table, tmp_path)
    with pytest.raises(InvalidRequest, match="more than 1 partitions"):
        partitioned(Faulty(dies=True), path, partitions=1, schema=table.schema, workers=1)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda one: type(one).__name__)
def test_many_rows_give_the_pooled_answer(algorithm: Algorithm, client: Client, tmp_path: Path) -> None:
    table = patients(1_000_000 if isinstance(algorithm, LogisticRegression) else 200_000)
    found = partitioned(algorithm, stored(table, tmp_path), partitions=16, schema=table.schema, client=client)
    assert_same_answer(found, pooled(algorithm, table), 1e-8)


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"cohortium\[scale\]"), local_client(1):
        pass


@pytest.mark.slow
def test_a_cluster_that_one_thread_began_another_ends(tmp_path: Path) -> None:
    """As at a node, where a question comes in a thread of its own."""
    pytest.importorskip("distributed")
    table, begun = patients(60), list[ExitStack]()

    def begin() -> None:
        begun.append(ExitStack())
        workers = begun[0].enter_context(local_workers(tmp_path))
        with laid_out(stored(table, tmp_path), 2, schema=table.schema) as parts:
            assert workers.summed(_rows, parts.paths, parts.schema) == 60

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
    begun[0].close()


@pytest.mark.slow
def test_what_an_error_quotes_is_not_logged(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("distributed")
    with local_workers(tmp_path) as workers, pytest.raises(pa.ArrowInvalid):
        workers.each(_failing, [tmp_path / "a.parquet"])
    said = capfd.readouterr()
    assert "4711" not in said.out + said.err


def _failing(_path: Path) -> None:
    pa.array(["4711 cm"]).cast(pa.int64())


def _rows(path: Path, schema: Schema) -> int:
    return len(read_partition(path, schema))


def test_a_local_cluster_speaks_only_to_those_with_its_certificate(client: Client) -> None:
    address = client.scheduler_info()["address"]
    assert address.startswith("tls://127.0.0.1:")
    stranger = ssl.create_default_context()
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=10) as raw,
        pytest.raises(ssl.SSLError, match=r"(?i)certificate.required|handshake.failure"),
        stranger.wrap_socket(raw) as link,
    ):
        link.recv(1)
