"""Forests: side by side or one after the other, draws that follow persons, and what is told of unseen persons."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.analyse.trees.made import FEATURES, Watched, made, spread, table_of

from cohortium.analyse import RandomForest, over_sites, pooled
from cohortium.analyse.trees import predict
from cohortium.analyse.trees.preparation import Preparation
from cohortium.analyse.trees.target import Target
from cohortium.errors import InvalidRequest
from cohortium.records import Result, Table


def performance(answer: Result, which: str, measure: str) -> float:
    table = answer.tables["performance"]
    rows = zip(table["set"], table["measure"], table["value"], strict=True)
    return next(float(value) for one, name, value in rows if (one, name) == (which, measure))


def test_forty_trees_take_no_more_sums_than_one() -> None:
    steps = [state.step for state in Watched(RandomForest("sick", FEATURES, trees=40, depth=5), made(600)).states]
    assert steps == ["ranges", "bins", *["grow"] * 5, "judge"]


def test_few_together_give_the_same_trees() -> None:
    """Which nodes stand where differs, and so do the features that nodes draw: all features, to compare."""
    table, settings = made(600), {"trees": 5, "features_per_split": 4, "depth": 3}
    one = pooled(RandomForest("sick", FEATURES, **settings), table)  # type: ignore[arg-type]
    other = pooled(RandomForest("sick", FEATURES, together=2, **settings), table)  # type: ignore[arg-type]
    np.testing.assert_allclose(predict(one, table), predict(other, table), rtol=1e-12)


def test_siblings_by_subtraction_are_those_that_are_asked_for() -> None:
    """With all features the larger of two siblings follows from their parent; its totals are the parent's children."""
    table = made(600)
    watched = Watched(RandomForest("sick", FEATURES, trees=1, features_per_split=4, depth=4), table)
    asked = [len(state.arrays["asked"]) for state in watched.states if state.step == "grow"]
    opened = [len(state.arrays["open"]) for state in watched.states if state.step == "grow"]
    assert asked[1:] < opened[1:]
    nodes = watched.result.arrays
    inside = nodes["feature"] >= 0
    left = nodes["left"][inside]
    assert (nodes["persons"][left] + nodes["persons"][left + 1] == nodes["persons"][inside]).all()


def test_draws_follow_the_person_wherever_the_rows_lie() -> None:
    rng = np.random.default_rng(0)
    keys = pa.array([f"p{one}" for one in np.repeat(np.arange(200), 3)])
    table = table_of(
        {"id": keys, "x": pa.array(rng.normal(size=600)), "level": pa.array(rng.normal(size=600))}, key="id"
    )
    made_of = Preparation(Target("number", "level"), ("x",), 10, 16, 0.25, 3)
    rows, order = made_of.rows(table), rng.permutation(600)
    times = rows.bootstrapped(4)
    assert (times.reshape(200, 3) == times.reshape(200, 3)[:, :1]).all()
    assert (made_of.rows(table.take(order)).bootstrapped(4) == times[order]).all()
    assert (times[rows.held] == 0).all()
    assert 0.15 < rows.held.mean() < 0.35
    training = times[~rows.held]
    assert abs(training.mean() - 1) < 0.2
    assert abs((training == 0).mean() - np.exp(-1)) < 0.1


@pytest.mark.parametrize(
    ("outcome", "kind", "ended", "measure"),
    [("sick", "classes", None, "auc"), ("level", "number", None, "r2"), ("time", "follow-up", "died", "c_index")],
)
def test_what_is_told_of_unseen_persons_holds_for_new_ones(
    outcome: str, kind: str, ended: str | None, measure: str
) -> None:
    table, new = made(2_000), made(4_000, seed=1)
    forest = RandomForest(outcome, FEATURES, kind=kind, ended=ended, trees=30)
    answer = over_sites(forest, spread(table))
    told = performance(answer, "unseen", measure)
    assert told < performance(answer, "training", measure)
    assert told == pytest.approx(measured(predict(answer, new), new, outcome, measure), abs=0.03)


def measured(foretold: np.ndarray, table: Table, outcome: str, measure: str) -> float:
    from lifelines.utils import concordance_index
    from sklearn.metrics import r2_score, roc_auc_score

    truth = table.numeric(outcome)
    if measure == "auc":
        return float(roc_auc_score(truth, foretold[:, 1]))
    if measure == "r2":
        return float(r2_score(truth, foretold))
    return float(concordance_index(truth, -foretold, table.numeric("died")))


def test_settings_out_of_reach_are_said() -> None:
    for wrong in ({"trees": 0}, {"depth": 40}, {"features_per_split": 9}, {"criterion": "luck"}, {"seed": -1}):
        with pytest.raises(InvalidRequest):
            pooled(RandomForest("sick", FEATURES, **wrong), made(100))  # type: ignore[arg-type]
