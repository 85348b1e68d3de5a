"""Networks trained across sites against models that scikit-learn fits to all records at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LinearRegression as Linear
from sklearn.linear_model import LogisticRegression as Logistic
from sklearn.metrics import roc_auc_score
from tests.conformance.examples.example import patients
from tests.tables import heart

from cohortium.analyse import NeuralNetwork, over_sites, pooled
from cohortium.analyse.neural import FittedNetwork
from cohortium.records import Column, Kind, Schema, Table

pytest.importorskip("torch", reason="the extra 'learning' is not installed")

HEART = ("age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalch", "exang", "oldpeak")


def _standard(values: Any) -> Any:
    return (values - values.mean(axis=0)) / values.std(axis=0)


def _four(table: Table) -> list[Table]:
    return [table.take(np.arange(place, len(table), 4)) for place in range(4)]


def _covariates(table: Table) -> Any:
    frame = table.to_pandas()
    return _standard(
        np.column_stack([frame["age"], frame["visits"], frame["stage"] == "II", frame["stage"] == "III"]).astype(float)
    )


def test_without_hidden_layers_a_number_is_a_linear_regression() -> None:
    table = patients(300)
    network = NeuralNetwork("visits", ("age", "stage", "time_days"), hidden=(), rounds=400, learning_rate=0.2)
    found = FittedNetwork.of(over_sites(network, _four(table))).predict(table)
    frame = table.to_pandas()
    X = np.column_stack([frame["age"], frame["stage"] == "II", frame["stage"] == "III", frame["time_days"]])
    reference = Linear().fit(X.astype(float), frame["visits"])
    np.testing.assert_allclose(found, reference.predict(X.astype(float)), atol=1e-6)


def test_without_hidden_layers_a_yes_or_no_is_a_logistic_regression() -> None:
    table = patients(300)
    network = NeuralNetwork("relapse", ("age", "visits", "stage"), hidden=(), rounds=600, learning_rate=1.0)
    found = FittedNetwork.of(over_sites(network, _four(table))).predict(table)
    X, y = _covariates(table), table.codes("relapse")[0]
    reference = Logistic(C=np.inf, tol=1e-12, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(found, reference.predict_proba(X)[:, 1], atol=1e-6)


def test_without_hidden_layers_classes_are_a_multinomial_regression() -> None:
    table = patients(300)
    network = NeuralNetwork("cause", ("age", "visits", "stage"), hidden=(), rounds=800, learning_rate=1.0)
    found = FittedNetwork.of(over_sites(network, _four(table))).predict(table)
    X, y = _covariates(table), table.codes("cause")[0]
    reference = Logistic(C=np.inf, tol=1e-12, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(found, reference.predict_proba(X), atol=1e-5)


def _breast_cancer() -> tuple[Table, Table, tuple[str, ...]]:
    data: Any = load_breast_cancer()
    names = tuple(name.replace(" ", "_") for name in data.feature_names)
    frame = pd.DataFrame(data.data, columns=list(names)).assign(benign=data.target.astype(bool))
    columns = (*(Column(name, Kind.CONTINUOUS) for name in names), Column("benign", Kind.BOOLEAN))
    table = Table(pa.Table.from_pandas(frame, preserve_index=False), Schema(columns))
    order = np.random.default_rng(0).permutation(len(table))
    return table.take(order[:400]), table.take(order[400:]), names


@pytest.mark.parametrize("strategy", ["fed_avg", "fed_prox", "scaffold", "fed_adam"])
def test_breast_cancer_is_told_as_well_as_from_all_records(strategy: str) -> None:
    train, test, names = _breast_cancer()
    X, unseen = (np.stack([part.numeric(name) for name in names], axis=1) for part in (train, test))
    centre, scale = X.mean(axis=0), X.std(axis=0)
    logistic = Logistic().fit((X - centre) / scale, train.codes("benign")[0])
    truth = test.codes("benign")[0]
    best = roc_auc_score(truth, logistic.predict_proba((unseen - centre) / scale)[:, 1])
    network = NeuralNetwork(
        "benign", names, hidden=(8,), strategy=strategy, rounds=30, epochs=3, batch=32, learning_rate=0.1
    )
    found = FittedNetwork.of(over_sites(network, _four(train))).predict(test)
    assert best > 0.99
    assert roc_auc_score(truth, found) > best - 0.003


def _hospitals() -> tuple[list[Table], list[Table]]:
    """The four hospitals of the heart disease table, seven tenths of each to learn from."""
    whole = heart()
    frame = whole.to_pandas()
    disease = pa.array(frame["num"].astype(str) != "0")
    arrow = whole.arrow.select(HEART).append_column("disease", disease)
    schema = Schema((*(whole.schema[name] for name in HEART), Column("disease", Kind.BOOLEAN)))
    table, rng = Table(arrow, schema), np.random.default_rng(1)
    learnt = rng.random(len(table)) < 0.7
    of = [(frame["dataset"] == name).to_numpy() for name in frame["dataset"].unique()]
    return [table.take(one & learnt) for one in of], [table.take(one & ~learnt) for one in of]


@pytest.mark.parametrize("strategy", ["fed_avg", "scaffold", "fed_recon"])
def test_four_hospitals_tell_heart_disease_as_well_as_one_table(strategy: str) -> None:
    train, test = _hospitals()
    frames = [pd.concat([part.to_pandas() for part in parts]) for parts in (train, test)]
    both = pd.concat([frame[list(HEART)] for frame in frames]).astype({"fbs": str, "exang": str})
    coded = pd.get_dummies(both, dummy_na=True).astype(float)
    X = _standard(coded.loc[:, coded.nunique() > 1].fillna(coded.mean()).to_numpy())
    rows, truth = len(frames[0]), frames[1]["disease"].to_numpy(bool)
    logistic = Logistic().fit(X[:rows], frames[0]["disease"].to_numpy(bool))
    best = roc_auc_score(truth, logistic.predict_proba(X[rows:])[:, 1])
    network = NeuralNetwork(
        "disease", HEART, hidden=(8,), strategy=strategy, rounds=30, epochs=3, batch=32, learning_rate=0.1,
        weight_decay=1e-2, missing="indicate", held_out=0.1,
    )  # fmt: skip
    fitted = FittedNetwork.of(over_sites(network, train))
    if strategy == "fed_recon":
        found = [fitted.personalised(own).predict(unseen) for own, unseen in zip(train, test, strict=True)]
    else:
        found = [fitted.predict(unseen) for unseen in test]
    auc = roc_auc_score(truth, np.concatenate(found))
    assert best > 0.85
    assert auc > best - 0.015


def _skewed() -> tuple[Table, list[Table]]:
    """Three sites of which one has nearly all relapses, another nearly none."""
    table = patients(600, seed=2)
    relapsed = table.codes("relapse")[0] == 1
    yes, no = np.flatnonzero(relapsed), np.flatnonzero(~relapsed)
    parts = zip(np.split(yes, [250, 270]), np.split(no, [15, 60]), strict=True)
    return table, [table.take(np.concatenate(part)) for part in parts]


def test_skewed_sites_drift_less_under_fed_prox_and_not_at_all_under_scaffold() -> None:
    """With 20 local steps a round, federated averaging settles beside the best weights of all records."""
    table, sites = _skewed()

    covariates = ("age", "stage", "smoker", "treated")
    best = NeuralNetwork("relapse", covariates, hidden=(), rounds=800, learning_rate=1.0)
    lowest = pooled(best, table).facts["loss"]

    def above_lowest(strategy: str, proximal: float = 0.0) -> float:
        network = NeuralNetwork(
            "relapse", covariates, hidden=(), strategy=strategy, proximal=proximal, rounds=60, epochs=20,
            learning_rate=0.3,
        )  # fmt: skip
        return float(over_sites(network, sites).facts["loss"]) - lowest

    average = above_lowest("fed_avg")
    assert average > 1e-3
    assert above_lowest("fed_prox", 1.0) < 0.6 * average
    assert abs(above_lowest("scaffold")) < 1e-6
