"""A single tree: finds the rules that made the data, keeps leaves large, and says itself in words."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.analyse.trees.made import FEATURES, Watched, made, spread, table_of

from cohortium.analyse import DecisionTree, Describe, over_sites, pooled
from cohortium.analyse.trees import predict, survival
from cohortium.errors import InvalidRequest, SchemaMismatch, TooFewRecords


def test_rules_of_the_data_are_found() -> None:
    answer = pooled(DecisionTree("level", FEATURES, kind="number", depth=3), made())
    where = " ".join(answer.tables["rules"]["where"])
    assert "ward in A, C" in where
    assert "z missing" in where
    cuts = [float(one.split()[2]) for one in answer.tables["rules"]["where"] if one.startswith("x <=")]
    assert min(abs(cut - 0.3) for cut in cuts) < 0.05
    assert answer.tables["importance"]["feature"][-1] == "noise"


def test_a_tree_of_depth_four_takes_four_sums_and_three_more() -> None:
    watched = Watched(DecisionTree("sick", FEATURES, depth=4), made())
    assert [state.step for state in watched.states] == ["ranges", "bins", *["grow"] * 4, "judge"]


@pytest.mark.parametrize("smallest", [10, 60])
def test_no_leaf_has_few_persons(smallest: int) -> None:
    rules = pooled(DecisionTree("sick", FEATURES, depth=8, smallest=smallest), made()).tables["rules"]
    leaves = [n for n, is_leaf in zip(rules["persons"], rules["is_leaf"], strict=True) if is_leaf]
    assert smallest <= min(leaves) < 2 * smallest
    assert sum(leaves) == 2_000


def test_few_leaves_are_the_best_ones() -> None:
    rules = pooled(DecisionTree("level", FEATURES, kind="number", leaves=3), made()).tables["rules"]
    assert sum(rules["is_leaf"]) == 3


def test_leaves_answer_the_mean_of_their_persons() -> None:
    table = made()
    answer = pooled(DecisionTree("level", FEATURES, kind="number", depth=2), table)
    foretold, truth = predict(answer, table), table.numeric("level")
    for value in np.unique(foretold):
        assert truth[foretold == value].mean() == pytest.approx(value, abs=1e-8)


def test_shares_of_classes_are_those_of_the_leaf() -> None:
    table = made()
    foretold = predict(pooled(DecisionTree("ward", ("x", "z", "level"), depth=2), table), table)
    codes = table.codes("ward")[0]
    assert foretold.shape == (2_000, 4)
    for row in np.unique(foretold, axis=0):
        inside = (foretold == row).all(axis=1)
        np.testing.assert_allclose(np.bincount(codes[inside], minlength=4) / inside.sum(), row, atol=1e-12)


def test_hazards_of_leaves_are_events_over_those_expected() -> None:
    """Beside the definition: Nelson and Aalen's hazard in the tree's intervals, and one event more on either side."""
    table = made()
    answer = pooled(DecisionTree("time", FEATURES, kind="follow-up", ended="died", depth=2), table)
    relative = np.exp(predict(answer, table))
    time, died = table.numeric("time"), table.numeric("died")
    interval = np.searchsorted(answer.arrays["times"], time, "left")
    events = np.bincount(interval, died, len(answer.arrays["times"]) + 1)
    left = np.bincount(interval, minlength=len(events))
    cumulative = np.cumsum(events / np.cumsum(left[::-1])[::-1])
    np.testing.assert_allclose(answer.arrays["hazard"], cumulative, rtol=1e-12)
    for value in np.unique(relative):
        inside = relative == value
        expected = cumulative[interval[inside]].sum()
        assert value == pytest.approx((died[inside].sum() + 1) / (expected + 1), rel=1e-6)
    alive = survival(answer, table, np.array([0.0, 100.0, 400.0]))
    np.testing.assert_allclose(alive[:, 0], 1.0)
    assert (np.diff(alive, axis=1) < 0).all()
    assert abs(alive[:, 1].mean() - np.exp(-cumulative[np.searchsorted(answer.arrays["times"], 100) - 1])) < 0.06


def test_persons_count_once_however_many_rows_they_have() -> None:
    rng = np.random.default_rng(0)
    person, x = np.repeat(np.arange(300), 5), rng.normal(0, 1, 1_500)
    table = table_of(
        {
            "id": pa.array([f"p{one}" for one in person]),
            "x": pa.array(x),
            "level": pa.array(x + rng.normal(0, 1, 1_500)),
        },
        key="id",
    )
    answer = pooled(DecisionTree("level", ("x",), kind="number", held_out=0.3), table)
    assert answer.persons == 300
    assert answer.tables["rules"]["persons"][0] == answer.facts["rows_training"] / 5
    assert min(answer.tables["rules"]["persons"]) >= 10


def test_sites_with_other_levels_or_without_a_column() -> None:
    table = made()
    known = table.codes("ward")[0] < 2
    one, other = table.take(known), table.take(~known)
    names = [name for name in table.schema.names if name != "noise"]
    algorithm = DecisionTree("level", FEATURES, kind="number")
    answer = over_sites(algorithm, [one, other.select(names)])
    assert answer.persons == 2_000
    levels = next(entry[1] for entry in answer.facts["bins"] if entry[0] == "ward")
    assert levels == ["A", "B", "C", "D"]
    gaps = predict(answer, table) - table.numeric("level")
    assert np.sqrt((gaps**2).mean()) < 1.15, "the noise alone is 1"


def test_levels_not_seen_before_can_be_foretold_for() -> None:
    table = made()
    answer = over_sites(DecisionTree("level", FEATURES, kind="number"), spread(table))
    strange = pa.array(["Z"] * len(table)).dictionary_encode()
    columns = {name: table.arrow.column(name).combine_chunks() for name in FEATURES} | {"ward": strange}
    assert np.isfinite(predict(answer, table_of(columns))).all()
    with pytest.raises(SchemaMismatch, match="ward"):
        predict(answer, table.select(["x", "z", "noise"]))


def test_what_cannot_be_grown_is_said() -> None:
    table = made(60)
    with pytest.raises(TooFewRecords, match="100 persons"):
        pooled(DecisionTree("sick", FEATURES, smallest=50), table)
    for wrong in (
        DecisionTree("sick", ()),
        DecisionTree("sick", ("sick", "x")),
        DecisionTree("level", FEATURES),
        DecisionTree("sick", FEATURES, kind="number"),
        DecisionTree("sick", FEATURES, bins=500),
        DecisionTree("visits", FEATURES, kind="count"),
        DecisionTree("time", FEATURES, kind="follow-up"),
        DecisionTree("level", FEATURES, kind="number", ended="died"),
    ):
        with pytest.raises(InvalidRequest):
            pooled(wrong, table)
    with pytest.raises(InvalidRequest, match="Fit trees first"):
        predict(pooled(Describe(("x",)), table), table)
