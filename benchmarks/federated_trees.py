"""What boosted trees cost across four sites, beside LightGBM on pooled rows: seconds, rounds, bytes, and held-out AUC.

    NUMBA_NUM_THREADS=2 python -m benchmarks.federated_trees [--runs 3] [--skip plain secure]

40,000 made rows of 15 columns, 100 trees of depth 4. "in process" passes sums and states through the bytes that would
travel; "plain" and "secure" are whole studies through ``simulate``, with every message, journal entry and check of a
real node, and without a network. Numbers are medians over runs. LightGBM's two threads wait for each other by turning
in circles, so that its times mean little on a machine that is busy with other things: runs are repeated, up to
``--tries`` times, until enough were not disturbed, and "others" tells how many processors other programs kept busy
during those that count; ratios are to the better of LightGBM with one and with two threads. ``--show`` prints what
``results/federated_trees.json`` keeps.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pyarrow as pa
from sklearn.metrics import roc_auc_score

from benchmarks.results import RESULTS
from cohortium.analyse import DecisionTree, GradientBoosting, RandomForest, drive
from cohortium.analyse.trees import predict
from cohortium.federate import Analysis, Study
from cohortium.federate.simulation import simulate
from cohortium.privacy.disclosure import load_rules
from cohortium.records import Algorithm, Column, Kind, Result, Schema, State, Sums, Table, agreed_schema, as_agreed

KEPT = RESULTS / "federated_trees.json"
ROWS, SITES, TREES = 40_000, 4, 100
NAMES = tuple(f"x{place}" for place in range(15))
BOOSTING = GradientBoosting("y", NAMES, trees=TREES, depth=4)
METHODS: dict[str, Algorithm] = {
    "boosting": BOOSTING,
    "forest of 100, depth 6": RandomForest("y", NAMES, trees=TREES, depth=6),
    "tree of depth 4": DecisionTree("y", NAMES, depth=4),
}
QUIET, PAUSE_S = 0.15, 3.0
"""Processors that others may keep busy during a run that counts; seconds between tries."""
Answers = Callable[[np.ndarray], np.ndarray]
Fit = tuple[Answers, dict[str, float]]
"""What foretells, and what it took in rounds and megabytes."""


def made(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten numbers and five counts, a twentieth of all missing, and a class that follows some of them together."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, len(NAMES)))
    X[:, 10:] = rng.integers(0, 5, (rows, 5))
    X[rng.random(X.shape) < 0.05] = np.nan
    known = np.nan_to_num(X)
    score = known[:, 0] + known[:, 1] * (known[:, 2] > 0) + np.sin(2 * known[:, 3]) + 0.4 * (known[:, 10] > 2)
    return X, rng.random(rows) < 1 / (1 + np.exp(0.5 * np.isnan(X[:, 0]) - score))


def table_of(X: np.ndarray, y: np.ndarray) -> Table:
    """The rows as a table."""
    arrays = {name: pa.array(X[:, place], from_pandas=True) for place, name in enumerate(NAMES)}
    columns = [Column(name, Kind.CONTINUOUS) for name in NAMES]
    return Table(pa.table(arrays | {"y": pa.array(y)}), Schema((*columns, Column("y", Kind.BOOLEAN))))


def pooled_lightgbm(X: np.ndarray, y: np.ndarray, threads: int) -> Fit:
    """LightGBM of the same size on all rows."""
    model = lightgbm.LGBMClassifier(num_leaves=16, max_depth=4, n_estimators=TREES, num_threads=threads, verbose=-1)
    model.fit(X, y)
    return (lambda rows: np.asarray(model.predict_proba(rows))[:, 1]), {}


def in_process(algorithm: Algorithm, sites: list[Table]) -> Fit:
    """Site after site, through the bytes that would travel."""
    schema = agreed_schema([table.schema for table in sites], algorithm.columns(), sites)
    ready = [as_agreed(table, schema) for table in sites]
    told, sent = list[int](), list[int]()

    def total_of(state: State) -> Sums:
        data = state.to_bytes()
        parts = [algorithm.local(table, State.from_bytes(data)).to_bytes() for table in ready]
        told.append(len(data))
        sent.append(len(parts[0]))
        return reduce(Sums.__add__, map(Sums.from_bytes, parts))

    answers = _answers(drive(algorithm, schema, total_of))
    return answers, {"rounds": len(told), "told_mb": sum(told) / 1e6, "sent_mb": sum(sent) / 1e6}


def as_study(mode: str, sites: list[Table]) -> Fit:
    """A whole study; rules on small cells, which no plain histogram of a single site would pass, are lifted."""
    study = Study("benchmark", "made", (Analysis("trees", BOOSTING),), mode=mode)
    rules = replace(load_rules(None), cell=1) if mode == "plain" else None
    found = simulate(study, {f"site{place}": table for place, table in enumerate(sites)}, rules=rules)
    return _answers(found["trees"]), {}


def _answers(result: Result) -> Answers:
    return lambda X: predict(result, table_of(X, np.zeros(len(X), dtype=bool)))[:, 1]


def measured(fit: Callable[[], Fit], runs: int, tries: int) -> dict[str, float]:
    """Medians of wall and CPU seconds over the ``runs`` that other programs disturbed least, and held-out AUC."""
    taken = list[tuple[float, float, float]]()
    if tries > runs:
        fit()
    while len(taken) < max(tries, runs) and sum(others < QUIET for others, _, _ in taken) < runs:
        time.sleep(PAUSE_S if taken else 0.0)
        started, spent, busy = time.perf_counter(), time.process_time(), busy_seconds()
        answers, facts = fit()
        wall, cpu = time.perf_counter() - started, time.process_time() - spent
        taken.append((max(busy_seconds() - busy - cpu, 0.0) / wall, wall, cpu))
    X, y = made(ROWS, 2)
    others, wall, cpu = (statistics.median(column) for column in zip(*sorted(taken)[:runs], strict=True))
    return {"wall_s": wall, "cpu_s": cpu, "others": others, "auc": float(roc_auc_score(y, answers(X))), **facts}


def busy_seconds() -> float:
    """CPU seconds that all programs of this machine have used (Linux)."""
    user, nice, system = Path("/proc/stat").read_text("ascii").split()[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def show(found: dict[str, Any]) -> None:
    """What was measured, as a Markdown table; ratios are to the better of LightGBM's two rows."""
    pooled = [own for name, own in found.items() if name.startswith("LightGBM")]
    base = {one: min(own[one] for own in pooled) for one in ("wall_s", "cpu_s")}
    columns = "wall s | CPU s | x wall | x CPU | others | AUC | rounds | to a site MB | from a site MB"
    print(f"| 40,000 x 15, 4 sites | {columns} |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, own in found.items():
        if name == "settings":
            continue
        times = [f"{own[one]:.2f}" for one in ("wall_s", "cpu_s")]
        times += [f"{own[one] / base[one]:.1f}" for one in ("wall_s", "cpu_s")]
        times.append(f"{own['others']:.2f}")
        facts = [f"{own[one]:.0f}" if one in own else "" for one in ("rounds", "told_mb", "sent_mb")]
        print(f"| {name} | " + " | ".join([*times, f"{own['auc']:.4f}", *facts]) + " |")


def main() -> None:
    """Measure, keep and show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--skip", nargs="*", default=[], choices=["plain", "secure"])
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    if given.show:
        show(json.loads(KEPT.read_text("utf-8")))
        return
    X, y = made(ROWS, 1)
    table = table_of(X, y)
    sites = [table.take(np.arange(site, ROWS, SITES)) for site in range(SITES)]
    threads = os.environ.get("NUMBA_NUM_THREADS")
    found: dict[str, Any] = {"settings": {"rows": ROWS, "sites": SITES, "runs": given.runs, "numba_threads": threads}}
    fits: dict[str, Callable[[], Fit]] = {
        "LightGBM, pooled, 2 threads": lambda: pooled_lightgbm(X, y, 2),
        "LightGBM, pooled, 1 thread": lambda: pooled_lightgbm(X, y, 1),
    }
    for name, algorithm in METHODS.items():
        fits[f"{name}, in process"] = lambda own=algorithm: in_process(own, sites)
    modes = [mode for mode in ("plain", "secure") if mode not in given.skip]
    studies = {f"boosting, study in mode {mode}": lambda own=mode: as_study(own, sites) for mode in modes}
    for name, fit in {**fits, **studies}.items():
        # A study takes long enough for its first run not to matter.
        found[name] = measured(fit, given.runs, given.runs if name in studies else given.tries)
        KEPT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    show(found)


if __name__ == "__main__":
    main()
