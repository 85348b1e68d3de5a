"""Datasets larger than memory across hospitals: real processes that read partitions, and processes that are killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from tests.conformance.examples.example import patients
from tests.conformance.test_algorithms import assert_same_answer
from tests.unit.federate.conftest import Federation, study
from tests.unit.federate.test_desk_in_partitions import Partitioned

from cohortium.analyse import Cox, Describe, LogisticRegression, Quantiles, pooled
from cohortium.analyse.workers import Parts, local_workers
from cohortium.federate import Analysis, Study
from cohortium.federate.client import HubClient
from cohortium.federate.hub.store import DONE
from cohortium.federate.node.datasets import Dataset, publish
from cohortium.federate.node.decisions import Rule
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.ledger import Account
from cohortium.records import Result
from cohortium.serve.local_federation import LocalFederation
from cohortium.sources import save_schema, schema_path_for

pytestmark = [pytest.mark.journey, pytest.mark.slow]
pytest.importorskip("distributed")
SITES = ("north", "south", "west")
TABLE = patients(1_200)
MANY = 6


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with local_workers(tmp_path_factory.mktemp("scratch")) as found:
        yield found


@pytest.fixture
def partitioned(workers: Parts, tmp_path: Path) -> Partitioned:
    @contextmanager
    def running(_folder: Path) -> Iterator[Parts]:
        yield workers

    return Partitioned(tmp_path / "partitioned", running)


@pytest.mark.parametrize("mode", ["plain", "secure", "dp"])
def test_a_study_over_partitions_gives_the_answer_of_memory(
    partitioned: Partitioned, tmp_path: Path, mode: str
) -> None:
    memory = Federation(tmp_path / "memory")
    exact = (
        Analysis("who", Describe(("age", "stage"))),
        Analysis("quantiles", Quantiles(("age", "visits"))),
        Analysis("model", LogisticRegression("relapse", ("age", "stage"))),
        Analysis("survival", Cox("time_days", "died", ("age", "treated"))),
    )
    private = {"epsilon": 8.0, "delta": 1e-5, "analyses": (Analysis("who", Describe(("age",))),)}
    seen = (exact[0], exact[2])  # the others count few persons somewhere, which the hub may not see of a site
    changes = {"dp": private, "plain": {"analyses": seen}, "secure": {"analyses": exact}}[mode]
    asked = study(mode=mode, where="age >= 45", **changes)
    for sites in (memory, partitioned):
        sites.approve_everywhere(asked)
        if mode == "dp":
            for desk in sites.desks.values():
                desk.guard.ledger.grant(Account("dataset", "trial"), Fraction(rho_of(10.0, 1e-5)), by="steward")
        ended = sites.run(asked)
        assert ended.status == DONE, ended.said
    for analysis in asked.analyses:
        found, expected = (sites.hub.results("run1")[analysis.name] for sites in (partitioned, memory))
        if mode == "dp":
            means = [one.tables["numeric"]["mean"][0] for one in (found, expected)]
            assert means[0] == pytest.approx(means[1], abs=3)
        else:
            assert_same_answer(found, expected, 1e-8)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFederation]:
    """Three nodes, one of which reads its records from partitions."""
    folder = tmp_path_factory.mktemp("fed")
    sources = {}
    for site, places in zip(SITES, np.array_split(np.arange(len(TABLE)), 3), strict=True):
        sources[site] = folder / f"{site}.parquet"
        pq.write_table(TABLE.take(places).arrow, sources[site])
        save_schema(TABLE.schema, schema_path_for(sources[site]))
    with LocalFederation(folder / "f", sources, "trial", (Rule("trial", ("describe",)),)) as found:
        publish(found.node("north"), Dataset("trial", str(sources["north"]), partitions=4))
        found.wait_until_connected(found.researcher("ada"))
        yield found


def _study(title: str) -> Study:
    each = tuple(Analysis(f"d{number}", Describe(("age", "marker", "stage"))) for number in range(MANY))
    return Study(title, "trial", each, mode="secure", patience_s=120.0)


def _check(client: HubClient, ended: dict[str, Any]) -> None:
    assert ended["status"] == "done", ended["said"]
    got = Result.from_bytes(client.fetch(f"/runs/{ended['run']}/results/d{MANY - 1}"))
    assert_same_answer(got, pooled(_study("x").analyses[0].algorithm, TABLE), 1e-8)


def _until(holds: Callable[[], bool], within_s: float, otherwise: str) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def _node_worker(running: LocalFederation) -> psutil.Process:
    """The process that answers at the node with partitions, once it has workers that read them."""
    supervisor = running.children["north"].process
    assert supervisor is not None
    found: list[psutil.Process] = []

    def reading() -> bool:
        for one in psutil.Process(supervisor.pid).children(recursive=True):
            try:
                if "cohortium.federate.node.worker" in one.cmdline() and len(one.children(recursive=True)) >= 2:
                    found.append(one)
            except psutil.NoSuchProcess:
                continue
        return bool(found)

    _until(reading, 60, "no process reads partitions")
    return found[0]


def _steps(client: HubClient, run: str, steps: int) -> None:
    def made() -> bool:
        events = client.get(f"/runs/{run}?after=0")["events"]
        return sum(event["what"] == "step" for event in events) >= steps

    _until(made, 90, "the run made no steps")


@pytest.mark.parametrize("killed", ["worker", "supervisor"])
def test_a_killed_node_leaves_no_process_and_the_run_goes_on(running: LocalFederation, killed: str) -> None:
    ada = running.researcher("ada")
    run = ada.submit(_study(f"the {killed} is killed").to_plain())
    _steps(ada, run, 2)
    worker = _node_worker(running)
    descendants = worker.children(recursive=True)
    layouts = set((running.node("north") / "partitions").glob("*/layout.json"))
    assert len(layouts) == 1
    if killed == "worker":
        os.kill(worker.pid, signal.SIGKILL)
    else:
        running.children["north"].process.kill()  # type: ignore[union-attr]
        running.children["north"].process.wait()  # type: ignore[union-attr]
    gone, alive = psutil.wait_procs([worker, *descendants], timeout=20)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    assert len(gone) >= 2
    if killed == "supervisor":
        running.start_node("north")
    _check(ada, ada.watch(run, lambda _event: None))
    assert set((running.node("north") / "partitions").glob("*/layout.json")) == layouts, "laid out once"


def test_a_node_that_is_told_to_stop_leaves_no_process(running: LocalFederation) -> None:
    ada = running.researcher("ada")
    run = ada.submit(_study("before the end").to_plain())
    _steps(ada, run, 1)
    worker = _node_worker(running)
    descendants = worker.children(recursive=True)
    running.children["north"].process.send_signal(signal.SIGINT)  # type: ignore[union-attr]
    running.children["north"].process.wait(20)  # type: ignore[union-attr]
    _, alive = psutil.wait_procs([worker, *descendants], timeout=20)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    running.start_node("north")
    _check(ada, ada.watch(run, lambda _event: None))
