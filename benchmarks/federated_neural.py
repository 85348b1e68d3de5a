"""A neural network over four sites in one process: rounds a CPU second, and how well it tells incomes on Adult.

``python -m benchmarks.federated_neural`` reads Adult from COHORTIUM_DATA, gives each quarter of ages to a site of its
own, holds out three tenths of the persons, and writes ``results/federated_neural.json``.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression as Logistic
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier

from benchmarks.datasets import load
from benchmarks.results import RESULTS
from cohortium.analyse import NeuralNetwork, over_sites
from cohortium.analyse.design import design
from cohortium.analyse.neural import FittedNetwork, spending, train_privately
from cohortium.records import Column, Result, Schema, Table

RANGES = {
    "age": (17.0, 90.0),
    "education.num": (1.0, 16.0),
    "capital.gain": (0.0, 20_000.0),
    "capital.loss": (0.0, 4_000.0),
    "hours.per.week": (1.0, 99.0),
}
"""From what is known about such values, for scaling without a look at the records."""
COVARIATES = (*RANGES, "workclass", "marital.status", "occupation", "relationship", "race", "sex")
LOCAL = {"rounds": 30, "epochs": 1, "batch": 64, "learning_rate": 0.1, "missing": "indicate"}
NETWORK = NeuralNetwork("income", COVARIATES, event=">50K", hidden=(16,))
PRIVATE = replace(
    NETWORK, rounds=100, strategy="fed_adam", server_rate=0.03, learning_rate=1.0, scaling="range", patient_clip=0.5,
    missing="indicate",
)  # fmt: skip
AT_SITES = replace(
    NETWORK, rounds=40, local_steps=5, lot=0.1, learning_rate=8.0, scaling="range", patient_clip=0.5,
    missing="indicate",
)  # fmt: skip

TRAININGS = 3
"""Of each network with noise at the sites, which moves its figures more than noise in the sum does."""


def main() -> None:
    """Measure, print, keep."""
    train, test = _halves()
    order = np.argsort(train.numeric("age"), kind="stable")
    sites = [train.take(part) for part in np.array_split(order, 4)]
    truth = test.to_pandas()["income"].astype(str) == ">50K"
    found: dict[str, Any] = {"persons_per_site": len(sites[0]), "held_out": len(test)}
    found["reference"] = _reference(train, test)

    def judged(answer: Result, started: float) -> dict[str, float]:
        took = time.process_time() - started
        auc = roc_auc_score(truth, FittedNetwork.of(answer).predict(test))
        rounds, parameters = answer.facts["rounds"], answer.facts["parameters"]
        return {"auc": round(float(auc), 4), "rounds_per_cpu_s": round(rounds / took, 1), "parameters": parameters}

    for strategy in ("fed_avg", "fed_prox", "scaffold", "fed_adam"):
        network = replace(NETWORK, strategy=strategy, **LOCAL)
        started = time.process_time()
        found[strategy] = judged(over_sites(network, sites), started)
    alone = replace(NETWORK, **LOCAL)
    found["each_site_alone"] = [judged(over_sites(alone, [site]), 0.0)["auc"] for site in sites]
    for epsilon in (0.5, 1.0, 3.0):
        started = time.process_time()
        found[f"dp_epsilon_{epsilon:g}"] = judged(train_privately(PRIVATE, sites, epsilon, 1e-6), started)
        private = spending(AT_SITES, epsilon, 1e-6)
        found[f"at_sites_epsilon_{epsilon:g}"] = [
            judged(over_sites(private, sites), time.process_time()) for _ in range(TRAININGS)
        ]
    (RESULTS / "federated_neural.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


def _halves() -> tuple[Table, Table]:
    """Seven tenths of the persons, and the rest."""
    table = load("adult")
    columns = [_ranged(column) for column in table.schema.columns]
    return table.with_schema(Schema(tuple(columns))).split_by_person(0.7, np.random.default_rng(0))


def _ranged(column: Column) -> Column:
    if column.name not in RANGES:
        return column
    low, high = RANGES[column.name]
    return replace(column, minimum=low, maximum=high)


def _reference(train: Table, test: Table) -> dict[str, float]:
    """scikit-learn on all records at once, with the same inputs."""
    X, unseen = (np.nan_to_num(design(part, COVARIATES)) for part in (train, test))
    y, truth = (part.to_pandas()["income"].astype(str) == ">50K" for part in (train, test))
    centre, scale = X.mean(axis=0), np.maximum(X.std(axis=0), 1e-9)
    X, unseen = (X - centre) / scale, (unseen - centre) / scale
    models = {
        "logistic": Logistic(max_iter=1000),
        "mlp": MLPClassifier((16,), activation="tanh", max_iter=30, random_state=0, early_stopping=True),
    }
    return {
        name: round(float(roc_auc_score(truth, model.fit(X, y).predict_proba(unseen)[:, 1])), 4)
        for name, model in models.items()
    }


if __name__ == "__main__":
    main()
