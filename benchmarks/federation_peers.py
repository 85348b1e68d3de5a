"""One small question to four sites, side by side: Cohortium, NVIDIA FLARE's own statistics job, and Flower.

``python -m benchmarks.federation_peers`` asks each for count and mean of one column of the same files, on loopback,
with real server and site processes, and writes ``results/federation_peers.json``. What is timed is a researcher's wait
from submission to the answer; medians of ``--times`` after one question to warm up.

- Cohortium: hub and nodes with mutual TLS, modes plain and secure.
- FLARE: its POC deployment, which provisions certificates and starts a server and sites as processes, with mutual TLS;
  its statistics job (``FedStatsRecipe``), submitted over a session that is kept, until its result is downloaded.
- Flower: SuperLink and SuperNodes as processes, without TLS, and with its default polling; ``flwr run`` until the first
  answer, and each further round inside a running app. Needs Flower in an environment of its own: ``--flower FOLDER``,
  made by ``python -m venv FOLDER && FOLDER/bin/pip install flwr==1.41.0``; left out without it.

Memory is resident memory, in MB, after the last answer: of everything at the hub, and of everything at one site. By
then FLARE's and Flower's processes for the job have ended; Cohortium's worker stays for two minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.conformance.examples.example import patients

from benchmarks.federation import PERSONS, SITES, ask, sources_of
from benchmarks.results import RESULTS
from benchmarks.running_peers import RunningFlare, RunningFlower, resident_mb
from cohortium.analyse import Describe
from cohortium.federate.node.decisions import Rule
from cohortium.records import Table
from cohortium.serve.local_federation import LocalFederation

COLUMN = "age"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--flower", type=Path, help="an environment with Flower in it")
    given = parser.parse_args()
    table = patients(SITES * PERSONS)
    found: dict[str, Any] = {"sites": SITES, "persons_per_site": PERSONS, "times": given.times, "cpus": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="coh") as name:
        folder = Path(name)
        sources = sources_of(table, folder)
        found["cohortium"] = _cohortium(folder, sources, table, given.times)
        found["flare"] = _flare(folder, table, given.times)
        if given.flower:
            found["flower"] = _flower(folder, sources, table, given.times, given.flower.absolute() / "bin")
    (RESULTS / "federation_peers.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


def _cohortium(folder: Path, sources: dict[str, Path], table: Table, times: int) -> dict[str, Any]:
    rule = Rule("trial", ("describe",), modes=("plain", "secure"), researchers=("bench",))
    found: dict[str, Any] = {}
    started = time.monotonic()
    with LocalFederation(folder / "f", sources, "trial", (rule,)) as federation:
        client = federation.researcher("bench")
        federation.wait_until_connected(client)
        found["ready_s"] = round(time.monotonic() - started, 1)
        for mode in ("plain", "secure"):
            seconds = []
            for _ in range(times + 1):
                took, answer = ask(client, Describe((COLUMN,)), mode)
                row = answer.tables["numeric"]
                _check(row["n"][0], row["mean"][0], table)
                seconds.append(took)
            found[mode] = _summary(seconds[1:])
        found["hub_mb"], found["site_mb"] = (
            round(sum(resident_mb(str(folder / "f" / name)))) for name in ("hub", "site0")
        )
    return found


def _flare(folder: Path, table: Table, times: int) -> dict[str, Any]:
    from nvflare.recipe.fedstats import FedStatsRecipe

    from benchmarks.flare_mean import SiteColumn

    sites = [f"site{number}" for number in range(SITES)]
    asked: dict[str, dict[str, Any]] = {"count": {}, "sum": {}, "mean": {}}
    recipe = FedStatsRecipe("mean", "answer.json", sites, asked, SiteColumn(str(folder), COLUMN))
    with RunningFlare(folder, sites) as flare:
        flare.warm_up(recipe)
        seconds = []
        for _ in range(times):
            took, result = flare.run(recipe)
            seconds.append(took)
            (answer,) = result.rglob("answer.json")
            of_all = json.loads(answer.read_text("utf-8"))[COLUMN]
            count, mean = (of_all[what]["Global"]["trial"] for what in ("count", "mean"))
            _check(count, mean, table)
        memory = [sum(resident_mb(*flare.part(name))) for name in ("server", "site0")]
    return {
        "version": flare.version, "deployed_s": flare.deployed_s, "job": _summary(seconds),
        "hub_mb": round(memory[0]), "site_mb": round(memory[1]),
    }  # fmt: skip


def _flower(folder: Path, sources: dict[str, Path], table: Table, times: int, programs: Path) -> dict[str, Any]:
    with RunningFlower(folder, programs, sources) as flower:
        app = flower.app("flower_mean", {"column": f'"{COLUMN}"', "sites": f"{SITES}", "rounds": "1", "out": '""'})
        flower.run(app, "rounds=1", folder / "warm.jsonl", 1)
        first = [flower.run(app, "rounds=1", folder / f"first{number}.jsonl", 1)[0] for number in range(times)]
        flower.run(app, f"rounds={times}", folder / "rounds.jsonl", times)
        lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text("utf-8").splitlines()]
        for line in lines:
            _check(line["count"], line["mean"], table)
        memory = [sum(resident_mb(name)) for name in ("flower-superlink", f"{sources['site0']}")]
    return {
        "version": flower.version, "first_answer": _summary(first),
        "further_round": _summary([line["seconds"] for line in lines]),
        "hub_mb": round(memory[0]), "site_mb": round(memory[1]),
    }  # fmt: skip


def _check(count: float, mean: float, table: Table) -> None:
    """The answer is the pooled one; FLARE rounds its means, so four decimals are asked of all."""
    ages = table.numeric(COLUMN)
    if count != len(ages) or abs(mean - float(ages.mean())) > 1e-4:
        raise SystemExit(f"{count} and {mean} are not the count and mean of all records")


def _summary(seconds: list[float]) -> dict[str, float]:
    return {"median_s": round(statistics.median(seconds), 2), "longest_s": round(max(seconds), 2), "n": len(seconds)}


if __name__ == "__main__":
    main()
