"""Columns without values, with one value or with a thousand levels; outcomes that never happen; a site with one row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.analyse.trees.made import table_of

from cohortium.analyse import DecisionTree, GradientBoosting, RandomForest, over_sites
from cohortium.analyse.trees import predict
from cohortium.records import Algorithm, Table

FEATURES = ("x", "z", "ward", "noise")


def awkward(n: int = 1_200) -> Table:
    rng = np.random.default_rng(0)
    wards = [f"ward {one:04}" for one in rng.integers(0, 1_000, n)]
    x = rng.normal(size=n)
    return table_of(
        {
            "x": pa.array(x),
            "z": pa.nulls(n, pa.float64()),
            "ward": pa.array(wards).dictionary_encode(),
            "noise": pa.array(np.full(n, 7.0)),
            "sick": pa.array(np.zeros(n, dtype=bool)),
            "level": pa.array(1e-6 * (x > 0) + 3e-9 * rng.normal(size=n)),
            "visits": pa.array(np.zeros(n)),
            "time": pa.array(rng.exponential(100, n)),
            "died": pa.array(np.zeros(n, dtype=bool)),
        }
    )


def sites_of(table: Table) -> list[Table]:
    return [table.take(np.arange(1)), table.take(np.arange(1, 700)), table.take(np.arange(700, len(table)))]


@pytest.mark.parametrize(
    "algorithm",
    [
        DecisionTree("sick", FEATURES),
        RandomForest("sick", FEATURES, trees=3, held_out=0.2),
        GradientBoosting("sick", FEATURES, trees=3),
        GradientBoosting("visits", FEATURES, kind="count", trees=3),
        DecisionTree("time", FEATURES, kind="follow-up", ended="died"),
        RandomForest("time", FEATURES, kind="follow-up", ended="died", trees=3),
        GradientBoosting("time", FEATURES, kind="follow-up", ended="died", trees=3, held_out=0.2, patience=2),
        GradientBoosting("ward", ("x", "z"), trees=1, depth=1),
    ],
    ids=lambda one: f"{type(one).__name__}-{one.outcome}",
)
def test_an_answer_comes_and_foretells_numbers(algorithm: Algorithm) -> None:
    table = awkward()
    answer = over_sites(algorithm, sites_of(table))
    assert answer.persons == len(table)
    assert np.isfinite(predict(answer, table)).all()


def test_what_never_happens_is_foretold_never() -> None:
    table = awkward()
    assert (predict(over_sites(DecisionTree("sick", FEATURES), sites_of(table)), table)[:, 1] == 0).all()
    assert predict(over_sites(GradientBoosting("sick", FEATURES, trees=3), sites_of(table)), table)[:, 1].max() < 1e-4


def test_small_units_are_no_reason_not_to_split() -> None:
    table = awkward()
    answer = over_sites(DecisionTree("level", FEATURES, kind="number", depth=1), sites_of(table))
    assert answer.tables["importance"]["feature"][0] == "x"
    found = np.unique(predict(answer, table))
    assert found == pytest.approx([0.0, 1e-6], abs=3e-8)
