"""Networks of images trained across sites, against the same network on all images and a regression on pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression as Logistic
from sklearn.metrics import roc_auc_score

from cohortium.analyse import NeuralNetwork, over_sites, pooled
from cohortium.analyse.neural import FittedNetwork
from cohortium.records import Column, Kind, Result, Schema, Table
from cohortium.records.images import column_of_pixels
from cohortium.sources import read_raw

pytest.importorskip("torch", reason="the extra 'learning' is not installed")

NETWORK = NeuralNetwork("finding", image="scan", hidden=(16,), activation="relu", batch=32, learning_rate=0.2)


def _table(scans: pa.ChunkedArray, finding: Any, shape: tuple[int, int, int]) -> Table:
    columns = (Column("scan", Kind.IMAGE, shape=shape), Column("finding", Kind.BOOLEAN))
    return Table(pa.table({"scan": scans, "finding": pa.array(finding)}), Schema(columns))


def _split(table: Table, learnt: int, unseen: int) -> tuple[Table, Table]:
    order = np.random.default_rng(0).permutation(len(table))
    return table.take(order[:learnt]), table.take(order[learnt : learnt + unseen])


def _uneven(table: Table) -> list[Table]:
    """Four sites of which two have most of the findings."""
    finding, rng = table.codes("finding")[0] == 1, np.random.default_rng(1)
    site = np.where(rng.random(len(table)) < np.where(finding, 0.7, 0.3), 0, 2) + rng.integers(0, 2, len(table))
    return [table.take(site == place) for place in range(4)]


def _auc(answer: Result, unseen: Table) -> float:
    return float(roc_auc_score(unseen.codes("finding")[0], FittedNetwork.of(answer).predict(unseen)))


def test_digits_are_told_better_than_by_a_regression_on_pixels() -> None:
    data: Any = load_digits()
    pixels = np.rint(data.images * (255 / 16)).astype(np.uint8)[..., None]
    train, unseen = _split(_table(column_of_pixels(pixels), data.target > 4, (8, 8, 1)), 1000, 797)
    X, seen = (part.pixels("scan").reshape(len(part), -1) / 127.5 - 1.0 for part in (unseen, train))
    chances = Logistic(C=0.1, max_iter=500).fit(seen, train.codes("finding")[0]).predict_proba(X)[:, 1]
    regression = roc_auc_score(unseen.codes("finding")[0], chances)
    found = _auc(over_sites(replace(NETWORK, batch=16, rounds=8, epochs=4), _uneven(train)), unseen)
    assert regression > 0.93
    assert found > regression + 0.01


def test_chest_x_rays_are_told_as_well_as_from_one_table(data_folder: Path) -> None:
    path = data_folder / "imaging" / "pneumoniamnist_trainval.npz"
    if not path.exists():
        pytest.skip("the chest X-rays are not in COHORTIUM_DATA")
    raw = read_raw(path)
    whole = _table(raw.column("images"), raw.column("labels").to_numpy() == 1, (28, 28, 1))
    train, unseen = _split(whole, 700, 600)
    network = replace(NETWORK, filters=(4, 4), rounds=5)
    together = _auc(pooled(network, train), unseen)
    # a site makes a quarter of the steps that one table makes in an epoch
    federated = _auc(over_sites(replace(network, epochs=3), _uneven(train)), unseen)
    assert together > 0.93
    assert federated > together - 0.02
