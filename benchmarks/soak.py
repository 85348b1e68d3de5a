"""Studies without end while processes are killed: is every answer right, does every study end, is no process left?

``python -m benchmarks.soak --minutes 30`` starts a hub and four nodes as processes, with NVIDIA FLARE and mutual TLS
between them. Researchers ask one study after the other, in modes plain and secure; meanwhile ``kill -9`` hits workers,
FLARE's clients and server, whole nodes and the hub. Each answer is compared with the pooled one. Prints what came of
it, keeps it in ``results/soak.json``, and ends with 1 where an answer was wrong, a study failed or a process was left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from tests.conformance.examples.example import patients
from tests.conformance.test_algorithms import assert_same_answer

from benchmarks.federation import PERSONS, SITES, sources_of
from benchmarks.results import RESULTS
from cohortium.analyse import Correlation, Cox, Describe, KMeans, LinearRegression, LogisticRegression, LogRank, pooled
from cohortium.errors import SiteUnavailable
from cohortium.federate import Analysis, Study
from cohortium.federate.client import HubClient
from cohortium.federate.hub.gate import let_out
from cohortium.federate.hub.store import ENDED, HubStore
from cohortium.federate.node.decisions import Rule
from cohortium.privacy.disclosure import Mode, load_rules
from cohortium.records import Algorithm, Result, name_of
from cohortium.serve.local_federation import LocalFederation

T = TypeVar("T")
ALGORITHMS: tuple[Algorithm, ...] = (
    Describe(("age", "stage")),
    Correlation(("age", "marker", "visits")),
    LinearRegression("marker", ("age", "stage", "smoker")),
    LogisticRegression("relapse", ("age", "stage", "treated")),
    Cox(time="time_days", event="died", covariates=("age", "stage", "smoker", "treated")),
    LogRank("time_days", "died", ("treated",)),
    KMeans(("age", "visits"), 3),
)
SECURE_ONLY = ("log_rank",)
"""Their small cells do not leave in mode "plain"."""
MODULES = {
    "worker": "cohortium.federate.node.worker",
    "flare client": "client.client_train",
    "node": "cohortium.federate.node.supervisor",
    "flare server": "server.server_train",
    "hub": "cohortium.serve.web.hub_process",
}
ODDS = {"worker": 4, "flare client": 3, "node": 3, "flare server": 1, "hub": 2}
SLOW_S = 60.0
PATIENCE_S, GIVE_UP_S = 240.0, 600.0
"""How long a study waits for a silent site; how long a researcher waits for a study that should have ended."""


@dataclass(slots=True)
class Found:
    """What came of it so far."""

    studies: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    slow: list[tuple[float, str, list[str]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Researcher(threading.Thread):
    """Asks one study after the other, and compares each answer with the pooled one."""

    def __init__(
        self,
        client: HubClient,
        expected: dict[tuple[str, Mode], Result],
        found: Found,
        stop: threading.Event,
        seed: int,
    ) -> None:
        super().__init__(daemon=True)
        self.client, self.expected, self.found, self.stop = client, expected, found, stop
        self.draw = random.Random(seed)  # noqa: S311 - which study comes next is no secret
        self.number = 0

    def run(self) -> None:
        """Until it is told to stop; the study under way is waited for."""
        while not self.stop.is_set():
            algorithm = self.draw.choice(ALGORITHMS)
            mode: Mode = "secure" if name_of(algorithm) in SECURE_ONLY else self.draw.choice(("plain", "secure"))
            self.number += 1
            self._ask(algorithm, mode)

    def _ask(self, algorithm: Algorithm, mode: Mode) -> None:
        name, started = name_of(algorithm), time.monotonic()
        title = f"{self.name}, study {self.number}: {name}"
        study = Study(title, "trial", (Analysis("answer", algorithm),), mode=mode, patience_s=PATIENCE_S)
        run = _patiently(lambda: self.client.submit(study.to_plain()))
        ended = _patiently(lambda: self.client.watch(run, lambda _event: None))
        wrong = ""
        if ended["status"] == "done":
            answer = Result.from_bytes(_patiently(lambda: self.client.fetch(f"/runs/{run}/results/answer")))
            try:
                assert_same_answer(answer, self.expected[name, mode], 1e-8)
            except AssertionError as error:
                wrong = f"{title} ({mode}): {error}"
        seconds = time.monotonic() - started
        with self.found.lock:
            self.found.studies[f"{name}, {mode}"] += 1
            self.found.seconds.append(seconds)
            self.found.wrong.extend([wrong] if wrong else [])
            self.found.failed.extend([] if ended["status"] == "done" else [f"{title} ({mode}): {ended['said']}"])
        if seconds > SLOW_S:
            self.found.slow.append((round(seconds, 1), f"{title} ({mode})", self._waited(run)))

    def _waited(self, run: str) -> list[str]:
        """What happened in the run, and since when it did; so one sees for whom it waited."""
        events = _patiently(lambda: self.client.get(f"/runs/{run}?after=0"))["events"]
        told = [(event["at"], f"{event['what']} {event.get('said', '')}".strip()) for event in events]
        return [f"{next(same)[0]} {what}" for what, same in groupby(told, key=itemgetter(1))]


class Havoc:
    """Kills processes of a federation; what no supervisor brings back is started again here, in the main thread."""

    def __init__(self, federation: LocalFederation, found: Found, seed: int) -> None:
        self.federation, self.found = federation, found
        self.draw = random.Random(seed)  # noqa: S311 - neither is who is killed

    def strike(self) -> None:
        """Kill one process of a kind that is drawn; where it was a hub or a node, start it again some seconds later."""
        kind = self.draw.choices(list(ODDS), list(ODDS.values()))[0]
        running = [pid for pid, command in _processes(self.federation.folder).items() if MODULES[kind] in command]
        if not running:
            return
        victim = self.draw.choice(sorted(running))
        name = next((n for n, child in self.federation.children.items() if _pid(child) == victim), "")
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            self.found.kills[kind] += 1
        if name:
            self._revive(name)

    def _revive(self, name: str) -> None:
        process = self.federation.children[name].process
        if process is not None:
            process.wait()
        home = self.federation.home.folder if name == "hub" else self.federation.node(name)
        self.found.orphans.extend(_left(home))
        time.sleep(self.draw.uniform(0.0, 5.0))
        if name == "hub":
            self.federation.start_hub()
        else:
            self.federation.start_node(name)


def main() -> None:
    """Soak, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--researchers", type=int, default=2)
    parser.add_argument("--every", type=float, default=8.0, help="mean seconds between kills")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        found, more = _soak(given, Path(folder))
    kept = {
        "minutes": given.minutes, "sites": SITES, "persons_per_site": PERSONS, "researchers": given.researchers,
        "seed": given.seed, "studies": sum(found.studies.values()), "kills": sum(found.kills.values()),
        "wrong_answers": len(found.wrong), "failed_studies": len(found.failed), "orphans": len(found.orphans),
        "states": dict(found.states), "median_s": round(statistics.median(found.seconds or [0.0]), 2),
        "longest_s": round(max(found.seconds, default=0.0), 1), **more, "kills_by_kind": dict(found.kills),
        "studies_by_kind": dict(sorted(found.studies.items())),
        "slowest": [{"seconds": s, "study": t, "events": e} for s, t, e in sorted(found.slow, reverse=True)[:3]],
        "what_went_wrong": [*found.wrong, *found.failed, *found.orphans],
    }  # fmt: skip
    (RESULTS / "soak.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print(json.dumps(kept, indent=1))
    unfinished = set(found.states) - {"done"}
    raise SystemExit(1 if kept["what_went_wrong"] or unfinished else 0)


def _soak(given: argparse.Namespace, folder: Path) -> tuple[Found, dict[str, float]]:
    table, found, stop = patients(SITES * PERSONS), Found(), threading.Event()
    names = tuple(name_of(algorithm) for algorithm in ALGORITHMS)
    answers = {name: pooled(algorithm, table) for name, algorithm in zip(names, ALGORITHMS, strict=True)}
    modes: tuple[Mode, ...] = ("plain", "secure")
    expected = {
        (name, mode): let_out(algorithm, answers[name], load_rules(), mode).result
        for name, algorithm in zip(names, ALGORITHMS, strict=True)
        for mode in modes
    }
    rule = Rule("trial", names, modes=("plain", "secure"), researchers=("soak",))
    with LocalFederation(folder / "f", sources_of(table, folder), "trial", (rule,)) as federation:
        first = federation.researcher("soak")
        federation.wait_until_connected(first)
        before = _memory_mb(federation)
        clients = [HubClient(first.token, first.authority) for _ in range(given.researchers)]
        asking = [Researcher(client, expected, found, stop, given.seed + place) for place, client in enumerate(clients)]
        havoc, draw = Havoc(federation, found, given.seed), random.Random(given.seed)  # noqa: S311
        for one in asking:
            one.start()
        ends = time.monotonic() + 60 * given.minutes
        while time.monotonic() < ends:
            time.sleep(draw.uniform(0.2, 2 * given.every - 0.2))
            havoc.strike()
        stop.set()
        for one in asking:
            one.join(GIVE_UP_S)
        found.failed.extend(f"{one.name} is waiting still" for one in asking if one.is_alive())
        _count_states(federation, found)
        after = _memory_mb(federation)
        for client in clients:
            client.close()
    found.orphans.extend(_left(folder))
    return found, {"hub_mb_at_start": before, "hub_mb_at_end": after}


def _count_states(federation: LocalFederation, found: Found) -> None:
    """States of all runs, once those have ended that nobody waits for: their submission's answer was lost."""
    store, deadline = HubStore(federation.home.database), time.monotonic() + GIVE_UP_S
    while any(run.status not in ENDED for run in store.runs()) and time.monotonic() < deadline:
        time.sleep(0.5)
    found.states.update(run.status for run in store.runs())


def _patiently(ask: Callable[[], T]) -> T:
    """The hub's answer; a hub that is down is asked again until it is back."""
    deadline = time.monotonic() + GIVE_UP_S
    while True:
        try:
            return ask()
        except SiteUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _processes(folder: Path) -> dict[int, str]:
    """Processes whose command line names the folder."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            command = entry.read_bytes().replace(b"\0", b" ").decode()
            if f"{folder}" in command and int(entry.parent.name) != os.getpid():
                found[int(entry.parent.name)] = command
    return found


def _left(folder: Path, within_s: float = 5.0) -> list[str]:
    """Processes that should be gone and are not, some seconds later."""
    deadline = time.monotonic() + within_s
    while (left := _processes(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [f"left behind: {command}" for command in left.values()]


def _memory_mb(federation: LocalFederation) -> float:
    """Resident memory of the hub's own process."""
    status = Path(f"/proc/{_pid(federation.children['hub'])}/status").read_text("utf-8")
    return round(int(status.partition("VmRSS:")[2].split()[0]) / 1_024, 1)


def _pid(child: Any) -> int:
    return -1 if child.process is None else int(child.process.pid)


if __name__ == "__main__":
    main()
