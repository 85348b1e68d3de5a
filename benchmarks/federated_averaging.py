"""Federated averaging side by side: Cohortium under masks, NVIDIA FLARE's own recipe, and Flower's own strategy.

``python -m benchmarks.federated_averaging --flower FOLDER`` trains the same logistic regression over four sites, one
step on all rows a round, through each system on loopback with real processes, and then moves an array of 100 MB between
the hub and three sites and back; it writes ``results/federated_averaging.json``. How the systems are set up, and what
``FOLDER`` is, stands in ``federation_peers``.

- Seconds are a researcher's wait from submission until the trained weights are here; medians of ``--times`` after one
  run to warm up. Each system's weights are compared with those of the same steps on all rows at once.
- Cohortium averages in mode secure: FLARE and Flower have the hub see every site's weights.
- Memory is the most resident memory during the runs with 100 MB: of all processes at the hub, and of the largest one.
  At Cohortium's sites the array is the weights of a network, which is trained on 40 rows; the peers add 1 to theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.conformance.examples.example import patients

from benchmarks.federation import PERSONS, SITES, ask, sources_of
from benchmarks.results import RESULTS
from benchmarks.running_peers import PeakMemory, RunningFlare, RunningFlower
from cohortium.analyse import NeuralNetwork, pooled
from cohortium.federate.node.decisions import Rule
from cohortium.records import Result, Table
from cohortium.serve.local_federation import LocalFederation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

COVARIATES, OUTCOME = ("age", "marker"), "died"
ROUNDS, RATE = 10, 0.5
LARGE, LARGE_SITES, LARGE_ROUNDS = 12_500_000, 3, 3
HERE = Path(__file__).parent


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--flower", type=Path, help="an environment with Flower in it")
    parser.add_argument("--only", choices=("cohortium", "flare", "flower"), nargs="*", help="these systems alone")
    given = parser.parse_args()
    found: dict[str, Any] = {
        "sites": SITES, "persons_per_site": PERSONS, "rounds": ROUNDS, "times": given.times, "cpus": os.cpu_count(),
        "large_mb": 8 * LARGE // 10**6, "large_sites": LARGE_SITES, "large_rounds": LARGE_ROUNDS,
    }  # fmt: skip
    systems = {"cohortium": _cohortium, "flare": _flare}
    if given.flower:
        systems["flower"] = lambda folder, times: _flower(folder, times, given.flower.absolute() / "bin")
    for name, measure in systems.items():
        if name in (given.only or systems):
            with tempfile.TemporaryDirectory(prefix="coh") as folder:
                found[name] = measure(Path(folder), given.times)
            print(json.dumps({name: found[name]}), flush=True)
    if not given.only:
        (RESULTS / "federated_averaging.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def _cohortium(folder: Path, times: int) -> dict[str, Any]:
    small, large = folder / "small", folder / "large"
    network = NeuralNetwork(OUTCOME, COVARIATES, hidden=(), rounds=ROUNDS, learning_rate=RATE)
    layers = (3_000, 4_160)  # 12.5 million weights with two inputs and one output
    wide = NeuralNetwork(OUTCOME, COVARIATES, hidden=layers, rounds=LARGE_ROUNDS, learning_rate=1e-3)
    table = patients(SITES * PERSONS)
    found: dict[str, Any] = {}
    rule = Rule("trial", ("neural_network",), modes=("secure",), researchers=("bench",))
    for place in (small, large):
        place.mkdir()
    with LocalFederation(small / "f", sources_of(table, small), "trial", (rule,)) as federation:
        client = federation.researcher("bench")
        federation.wait_until_connected(client)
        took = [ask(client, network, "secure") for _ in range(times + 1)]
        found["trained"] = _summary([seconds for seconds, _ in took[1:]])
        found["gap"] = _gap(_first_layer(took[-1][1]), _first_layer(pooled(network, table)))
    few = {name: path for name, path in sources_of(patients(40 * SITES), large, 40).items() if name != "site3"}
    with LocalFederation(large / "f", few, "trial", (rule,)) as federation:
        client = federation.researcher("bench")
        federation.wait_until_connected(client)
        ask(client, network, "secure")
        with PeakMemory({"hub": (str(large / "f" / "hub"),)}) as memory:
            found["large_s"] = round(ask(client, wide, "secure")[0], 1)
    return found | {"hub_mb": memory.peaks["hub"], "hub_largest_process_mb": memory.largest["hub"]}


def _flare(folder: Path, times: int) -> dict[str, Any]:
    from nvflare.app_common.np.recipes.fedavg import NumpyFedAvgRecipe

    table = _write(patients(SITES * PERSONS), folder)
    sites = [f"site{number}" for number in range(SITES)]
    script = str(HERE / "flare_averaging.py")
    small = NumpyFedAvgRecipe(
        name="small", model=[0.0] * (table.shape[1]), min_clients=SITES, num_rounds=ROUNDS, train_script=script,
        train_args=f"--folder {folder} --rate {RATE}",
    )  # fmt: skip
    start = folder / "start.npy"
    np.save(start, np.zeros(LARGE))
    large = NumpyFedAvgRecipe(
        name="large", initial_ckpt=str(start), min_clients=LARGE_SITES, num_rounds=LARGE_ROUNDS, train_script=script
    )
    found: dict[str, Any] = {}
    with RunningFlare(folder, sites) as flare:
        flare.warm_up(small)
        runs = [flare.run(small) for _ in range(times)]
        found |= {"version": flare.version, "trained": _summary([seconds for seconds, _ in runs])}
        found["gap"] = _gap(_kept(runs[-1][1]), _stepped(table))
        with PeakMemory({"hub": flare.part("server")}) as memory:
            seconds, result = flare.run(large)
        found["large_s"] = round(seconds, 1)
        if not np.allclose(_kept(result), LARGE_ROUNDS):
            raise SystemExit("FLARE's large array is not what it was to become")
    return found | {"hub_mb": memory.peaks["hub"], "hub_largest_process_mb": memory.largest["hub"]}


def _flower(folder: Path, times: int, programs: Path) -> dict[str, Any]:
    table = _write(patients(SITES * PERSONS), folder)
    sources = {f"site{number}": folder / f"site{number}.csv" for number in range(SITES)}
    settings = {"rounds": "1", "rate": "0.0", "weights": "1", "sites": f"{SITES}", "out": '""'}
    asked = f"rounds={ROUNDS} rate={RATE} weights={table.shape[1]} sites={SITES}"
    found: dict[str, Any] = {}
    with RunningFlower(folder, programs, sources) as flower:
        found["version"] = flower.version
        app = flower.app("flower_averaging", settings)
        took = [flower.run(app, asked, folder / f"small{number}.jsonl", 1)[0] for number in range(times + 1)]
        found["trained"] = _summary(took[1:])
        line = json.loads((folder / f"small{times}.jsonl").read_text("utf-8"))
        found["gap"] = _gap(np.array(line["weights"]), _stepped(table))
    folder = folder / "again"
    folder.mkdir()
    fewer = dict(list(sources.items())[:LARGE_SITES])
    with RunningFlower(folder, programs, fewer) as flower:
        app = flower.app("flower_averaging", settings)
        asked = f"rate=0.0 sites={LARGE_SITES}"
        flower.run(app, f"{asked} rounds=1 weights=3", folder / "warm.jsonl", 1)
        with PeakMemory({"hub": ("flower-superlink",)}) as memory:
            seconds, _ = flower.run(app, f"{asked} rounds={LARGE_ROUNDS} weights={LARGE}", folder / "large.jsonl", 1)
        found["large_s"] = round(seconds, 1)
        if not np.allclose(json.loads((folder / "large.jsonl").read_text("utf-8"))["weights"], LARGE_ROUNDS):
            raise SystemExit("Flower's large array is not what it was to become")
    return found | {"hub_mb": memory.peaks["hub"], "hub_largest_process_mb": memory.largest["hub"]}


def _write(table: Table, folder: Path) -> Reals:
    """The rows that a network would learn from, scaled, as one file per site; all of them (n, inputs + 1)."""
    columns = np.column_stack([table.numeric(name) for name in (*COVARIATES, OUTCOME)])
    kept = np.isfinite(columns).all(axis=1)
    used = columns[kept]
    used[:, :-1] = (used[:, :-1] - used[:, :-1].mean(axis=0)) / used[:, :-1].std(axis=0)
    site = np.repeat(np.arange(SITES), PERSONS)[kept]
    for number in range(SITES):
        path = folder / f"site{number}.csv"
        np.savetxt(path, used[site == number], delimiter=",", header=",".join((*COVARIATES, OUTCOME)), comments="")
    return used


def _stepped(table: Reals) -> Reals:
    """The weights after the same steps on all rows at once, the intercept last."""
    X, y = np.column_stack([table[:, :-1], np.ones(len(table))]), table[:, -1]
    weights = np.zeros(X.shape[1])
    for _ in range(ROUNDS):
        weights = weights - RATE * X.T @ (1.0 / (1.0 + np.exp(-X @ weights)) - y) / len(y)
    return weights


def _kept(result: Path) -> Reals:
    """The weights in what FLARE gives back of a job."""
    (path,) = result.rglob("server.npy")
    return np.asarray(np.load(path), dtype=np.float64)


def _first_layer(answer: Result) -> Reals:
    return np.concatenate([answer.arrays["layer_1_weights"].ravel(), answer.arrays["layer_1_biases"]])


def _gap(one: Reals, other: Reals) -> float:
    return float(np.abs(one - other).max())


def _summary(seconds: list[float]) -> dict[str, float]:
    return {"median_s": round(statistics.median(seconds), 2), "longest_s": round(max(seconds), 2), "n": len(seconds)}


if __name__ == "__main__":
    main()
