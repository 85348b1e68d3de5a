"""A convolutional network over four sites in one process: chest X-rays of children, or digits where there are none.

``python -m benchmarks.federated_images`` reads PneumoniaMNIST from COHORTIUM_DATA, holds out three tenths of the images
and gives the rest to four sites, of which two have mostly findings. It writes ``results/federated_images.json``.
"""

from __future__ import annotations

import json
import os
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression as Logistic
from sklearn.metrics import roc_auc_score

from benchmarks.results import RESULTS
from cohortium.analyse import NeuralNetwork, over_sites, pooled
from cohortium.analyse.neural import FittedNetwork, train_privately
from cohortium.federate import Analysis, Study, simulate
from cohortium.records import Column, Kind, Result, Schema, Table
from cohortium.records.images import column_of_pixels
from cohortium.sources import read_raw

NETWORK = NeuralNetwork(
    "finding", image="scan", hidden=(32,), activation="relu", rounds=20, epochs=1, batch=32, learning_rate=0.2
)
PRIVATE = replace(
    NETWORK, activation="tanh", filters=(8, 8), hidden=(), rounds=30, batch=None, learning_rate=1.0,
    strategy="fed_adam", server_rate=0.03, scaling="range", patient_clip=0.5,
)  # fmt: skip


def main() -> None:
    """Measure, print, keep."""
    table, name = _images()
    order = np.random.default_rng(0).permutation(len(table))
    cut = len(table) * 7 // 10
    train, test = table.take(order[:cut]), table.take(order[cut:])
    sites = _skewed(train)
    found: dict[str, Any] = {
        "images": name,
        "per_site": [len(site) for site in sites],
        "findings_per_site": [round(float(site.codes("finding")[0].mean()), 2) for site in sites],
        "held_out": len(test),
        "logistic_on_pixels": _logistic(train, test),
        "pooled": _judged(NETWORK, lambda: pooled(NETWORK, train), test),
    }
    for strategy in ("fed_avg", "fed_prox", "scaffold", "fed_adam"):
        network = replace(NETWORK, strategy=strategy)
        found[strategy] = _judged(network, lambda network=network: over_sites(network, sites), test)
    alone = [pooled(NETWORK, site) for site in sites]
    found["each_site_alone"] = [_auc(answer, test) for answer in alone]
    study = Study("images", "scans", (Analysis("reader", NETWORK),))
    named = {f"site {place}": site for place, site in enumerate(sites)}
    found["fed_avg_in_mode_secure"] = _judged(NETWORK, lambda: simulate(study, named)["reader"], test)
    for epsilon in (3.0, 8.0):
        made = _judged(PRIVATE, lambda epsilon=epsilon: train_privately(PRIVATE, sites, epsilon, 1e-5), test)
        found[f"dp_epsilon_{epsilon:g}"] = made
    found["most_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    (RESULTS / "federated_images.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


def _images() -> tuple[Table, str]:
    """Images with a finding, and what they are of."""
    folder = os.environ.get("COHORTIUM_DATA")
    if folder:
        raw = read_raw(Path(folder) / "imaging" / "pneumoniamnist_trainval.npz")
        return _table(raw.column("images"), raw.column("labels").to_numpy() == 1, (28, 28, 1)), "PneumoniaMNIST"
    data: Any = load_digits()
    pixels = np.rint(data.images * (255 / 16)).astype(np.uint8)[..., None]
    return _table(column_of_pixels(pixels), data.target > 4, (8, 8, 1)), "digits above four"


def _table(scans: pa.ChunkedArray, finding: Any, shape: tuple[int, int, int]) -> Table:
    columns = (Column("scan", Kind.IMAGE, shape=shape), Column("finding", Kind.BOOLEAN))
    return Table(pa.table({"scan": scans, "finding": pa.array(finding)}), Schema(columns))


def _skewed(table: Table) -> list[Table]:
    """Four sites of about one size; the first two have two thirds of the findings, and one third of the others."""
    finding, rng = table.codes("finding")[0] == 1, np.random.default_rng(1)
    first = np.where(finding, 2 / 3, 1 / 3)
    site = np.where(rng.random(len(table)) < first, 0, 2) + rng.integers(0, 2, len(table))
    return [table.take(site == place) for place in range(4)]


def _judged(network: NeuralNetwork, train: Any, test: Table) -> dict[str, Any]:
    started, cpu = time.perf_counter(), time.process_time()
    answer = train()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {
        "auc": _auc(answer, test),
        "cpu_s_a_round": round(cpu / network.rounds, 2),
        "s_a_round": round(seconds / network.rounds, 2),
        "parameters": answer.facts["parameters"],
    }


def _auc(answer: Result, test: Table) -> float:
    return round(float(roc_auc_score(test.codes("finding")[0], FittedNetwork.of(answer).predict(test))), 4)


def _logistic(train: Table, test: Table) -> float:
    """scikit-learn's logistic regression on pixels; how strong its penalty is, cross-validation says."""
    from sklearn.model_selection import GridSearchCV

    X, unseen = (part.pixels("scan").reshape(len(part), -1) / 127.5 - 1.0 for part in (train, test))
    search = GridSearchCV(Logistic(max_iter=500), {"C": [1e-3, 1e-2, 1e-1, 1.0]}, scoring="roc_auc", cv=4)
    chances = search.fit(X, train.codes("finding")[0]).predict_proba(unseen)[:, 1]
    return round(float(roc_auc_score(test.codes("finding")[0], chances)), 4)


if __name__ == "__main__":
    main()
