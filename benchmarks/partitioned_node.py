"""A node whose dataset is larger than its memory: the same study from memory and from partitions; seconds, peak memory.

``python -m benchmarks.partitioned_node`` writes made patients, has a node answer one study each way in processes of its
own, and keeps what it found in ``results/partitioned_node.json``; ``--show`` prints that. The study is in mode "plain",
which has the most rules, and asks for a description of five columns. ``--rows 10000000`` is what the docs show.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.partitioned import peaks_of, write_patients
from benchmarks.results import RESULTS
from cohortium.analyse import Describe
from cohortium.federate import Analysis, InProcess, Study
from cohortium.federate.hub.conductor import Conductor
from cohortium.federate.hub.store import DONE, HubStore
from cohortium.federate.node.datasets import Dataset, publish
from cohortium.federate.node.decisions import APPROVED
from cohortium.federate.node.desk import Desk
from cohortium.federate.node.secure_site import SecureSite
from cohortium.federate.node.store import NodeStore

KEPT = RESULTS / "partitioned_node.json"
COLUMNS = ("age", "marker", "stage", "visits", "time_days")
WAYS = ("memory", "partitions")


def answered(path: Path, home: Path, partitions: int | None) -> dict[str, Any]:
    """Seconds of two studies at a node, the first of which reads or lays out; the disk it takes; and the answer."""
    publish(home, Dataset("trial", str(path), partitions=partitions))
    store = NodeStore(home / "node.db")
    desk = Desk("here", home, store, SecureSite.simulated("here", store))
    hub = HubStore(home / "hub.db")
    found: dict[str, Any] = {}
    for number, name in enumerate(("first_s", "second_s")):
        study = Study(name, "trial", (Analysis("who", Describe(COLUMNS)),), mode="plain", sites=("here",))
        store.receive(study, ("describe",))
        store.decide(study.digest, APPROVED, "benchmark")
        hub.submit(f"run{number}", study, f"token{number}")
        started = time.perf_counter()
        ended = Conductor(InProcess({"here": desk.answer}), hub).conduct(f"run{number}")
        found[name] = time.perf_counter() - started
        if ended.status != DONE:
            raise SystemExit(ended.said)
    table = hub.results("run1")["who"].tables["numeric"]
    numbers = [value for column in table.values() for value in column if isinstance(value, float)]
    disk = sum(one.stat().st_size for one in (home / "partitions").rglob("*.parquet"))
    desk.close()
    return {**found, "disk_mb": disk / 2**20, "source_mb": path.stat().st_size / 2**20, "answer": numbers}


def watched(way: str, path: Path, partitions: int) -> dict[str, Any]:
    """What a process of its own found, with the most memory that it and its children had, together and one alone."""
    module = [sys.executable, "-m", "benchmarks.partitioned_node"]
    command = [*module, "--here", way, "--file", str(path), "--partitions", str(partitions)]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said)
        peaks = peaks_of(process)
        if process.returncode:
            raise SystemExit(f"{way} ended with {process.returncode}.")
        said.seek(0)
        return {**json.load(said), **{name: size / 2**20 for name, size in peaks.items()}}


def shown() -> str:
    """The Markdown table of what was measured."""
    kept = json.loads(KEPT.read_text("utf-8"))
    names = ("first_s", "second_s", "peak_mb", "main_mb", "worker_mb", "source_mb", "disk_mb")
    lines = [
        f"{kept['rows']:,} rows, {kept['partitions']} partitions",
        "",
        "| | memory | partitions |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {kept['memory'][name]:,.1f} | {kept['partitions_way'][name]:,.1f} |" for name in names]
    return "\n".join([*lines, "", f"largest difference of a number, relative where above 1: {kept['difference']:.1e}"])


def main() -> None:
    """Measure both ways, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--partitions", type=int, default=64)
    parser.add_argument("--here", choices=WAYS)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--show", action="store_true")
    asked = parser.parse_args()
    if asked.show:
        print(shown())
        return
    if asked.here:
        with tempfile.TemporaryDirectory() as home:
            partitions = asked.partitions if asked.here == "partitions" else None
            print(json.dumps(answered(asked.file, Path(home), partitions)))
        return
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "patients.parquet"
        write_patients(path, asked.rows)
        found = {way: watched(way, path, asked.partitions) for way in WAYS}
    answers = [found[way].pop("answer") for way in WAYS]
    gaps = [abs(one - other) / max(abs(one), 1.0) for one, other in zip(*answers, strict=True)]
    kept = {"rows": asked.rows, "partitions": asked.partitions, "difference": max(gaps)}
    KEPT.write_text(
        json.dumps({**kept, "memory": found["memory"], "partitions_way": found["partitions"]}, indent=1) + "\n", "utf-8"
    )
    print(shown())


if __name__ == "__main__":
    main()
