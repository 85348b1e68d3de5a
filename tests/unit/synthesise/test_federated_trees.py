"""Sequential trees across sites: the twin is that of pooled training, whatever the sites look like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import mixed, visits

from cohortium.analyse import over_sites, pooled
from cohortium.errors import InvalidRequest, NotApplicable, ProtocolViolation, TooFewRecords
from cohortium.numerics.histogram_trees import grow
from cohortium.numerics.keyed_draws import chosen_rows, fingerprints
from cohortium.numerics.level_growth import Nodes, add_rows, best_split, depth_first
from cohortium.records import Column, Kind, Result, Schema, Table, parse_condition
from cohortium.synthesise import SequentialTrees, load_model, save_model
from cohortium.synthesise.federated import FederatedTrees, fitted_of

ROWS = 2_000


@pytest.fixture(scope="module")
def real() -> Table:
    return mixed(ROWS)


@pytest.fixture(scope="module")
def answer(real: Table) -> Result:
    sites = [real.take(np.arange(start, ROWS, 10)) for start in range(10)]
    return over_sites(FederatedTrees.of(real.schema), sites)


@pytest.fixture(scope="module")
def twin(answer: Result) -> Table:
    return fitted_of(answer).sample(6_000, rng=np.random.default_rng(2))


def test_relations_are_as_close_as_those_of_pooled_training(real: Table, twin: Table) -> None:
    one = SequentialTrees().fit(real, rng=np.random.default_rng(1)).sample(6_000, rng=np.random.default_rng(2))
    frames = [table.to_pandas() for table in (real, one, twin)]
    for name in ("age", "pack_years", "creatinine"):
        spread = frames[0][name].std()
        gaps = [frame[name][frame.severe].mean() - frame[name][~frame.severe].mean() for frame in frames]
        assert abs(gaps[2] - gaps[0]) < abs(gaps[1] - gaps[0]) + 0.06 * spread, name
    heaps = [(frame.pack_years == 0).mean() for frame in frames]
    assert abs(heaps[2] - heaps[0]) < 0.02
    missing = [frame.creatinine.isna()[frame.severe].mean() for frame in frames]
    assert abs(missing[2] - missing[0]) < 0.04


def test_rules_hold_and_numbers_keep_their_decimals(twin: Table) -> None:
    for rule in twin.schema.constraints:
        assert not rule.violated(twin).any(), str(rule)
    frame = twin.to_pandas()
    assert set(frame.grade[frame.stage == "IV"]) == {"high"}
    assert (frame.pack_years.round(1) == frame.pack_years).all()
    known = frame.creatinine.dropna()
    assert (known.round(2) == known).all()


def test_a_level_of_one_person_and_the_extremes_do_not_come_back(real: Table, answer: Result, twin: Table) -> None:
    assert "rare ward" not in set(twin.to_pandas().ward.dropna())
    assert any("ward" in note for note in answer.facts["notes"])
    lonely = real.numeric("creatinine")
    assert np.nanmax(twin.numeric("creatinine")) < np.nanmax(lonely)


def test_it_is_an_ordinary_model(answer: Result, tmp_path: Path) -> None:
    fitted = fitted_of(answer)
    kept, _ = load_model(save_model(fitted, tmp_path / "model.zip"))
    rows = [own.sample(50, rng=np.random.default_rng(3)) for own in (fitted, kept)]
    assert rows[0] == rows[1]
    old = fitted.sample(40, rng=np.random.default_rng(4), where=parse_condition("age > 80", fitted.schema))
    assert (old.numeric("age") > 80).all()


def test_how_rows_are_spread_does_not_matter(real: Table) -> None:
    part = real.take(np.arange(300))
    algorithm = FederatedTrees.of(real.schema, trees=2, seed=4)
    by_ward = [part.take(part.codes("ward")[0] == code) for code in range(4)]
    one, other = over_sites(algorithm, by_ward), pooled(algorithm, part)
    assert one.facts == other.facts and one.arrays.keys() == other.arrays.keys()
    for name, array in one.arrays.items():
        if name.endswith(".values"):  # the ends of tails are means of numbers, whose sums round
            np.testing.assert_allclose(array, other.arrays[name], rtol=1e-12)
        else:
            np.testing.assert_array_equal(array, other.arrays[name], err_msg=name)


def test_another_seed_grows_other_trees(real: Table) -> None:
    part = real.take(np.arange(400))
    one, other = (pooled(FederatedTrees.of(real.schema, trees=2, seed=seed), part) for seed in (1, 2))
    assert one.to_bytes() != other.to_bytes()


def test_constant_empty_and_crowded_columns() -> None:
    n = 300
    rng = np.random.default_rng(0)
    frame = pa.table(
        {
            "constant": pa.array(np.full(n, 7)),
            "empty": pa.array([None] * n, pa.float64()),
            "crowded": pa.array([f"c{place:03d}" for place in rng.integers(0, 60, n)]).dictionary_encode(),
            "exact": pa.array(rng.normal(size=n)),
            "spiked": pa.array(np.where(rng.random(n) < 0.5, 0.1 + 0.2, rng.normal(size=n) * 1e-7)),
        }
    )
    kinds = (Kind.INTEGER, Kind.CONTINUOUS, Kind.CATEGORICAL, Kind.CONTINUOUS, Kind.CONTINUOUS)
    schema = Schema(tuple(Column(name, kind) for name, kind in zip(frame.column_names, kinds, strict=True)))
    table = Table(frame, schema)
    answer = over_sites(FederatedTrees.of(schema), [table.take(np.arange(i, n, 3)) for i in range(3)])
    made = fitted_of(answer).sample(3_000, rng=np.random.default_rng(1)).to_pandas()
    assert set(made.constant) == {7}
    assert made["empty"].isna().all()
    assert abs((made.spiked == 0.1 + 0.2).mean() - 0.5) < 0.05
    assert abs(made.exact.std() - 1.0) < 0.15


def test_what_does_not_fit_is_refused(real: Table) -> None:
    with pytest.raises(TooFewRecords, match="at least 30"):
        pooled(FederatedTrees.of(real.schema), real.take(np.arange(20)))
    several = visits(60)
    with pytest.raises(NotApplicable, match="several rows"):
        pooled(FederatedTrees.of(several.schema), several)
    text = Schema((Column("letter", Kind.TEXT),))
    with pytest.raises(InvalidRequest, match="letter"):
        FederatedTrees(("letter",)).start(text)
    with pytest.raises(ProtocolViolation, match="fitted model"):
        fitted_of(Result("a mean", 30))


def test_dials_are_followed(real: Table) -> None:
    fitted = fitted_of(pooled(FederatedTrees.of(real.schema, trees=3, smallest=6), real.take(np.arange(500))))
    assert fitted.model.smallest == 6  # type: ignore[attr-defined]
    assert {len(forest.node_offset) - 1 for forest in fitted.model.forests} == {1, 3}  # type: ignore[attr-defined]


def test_a_split_is_that_of_the_pooled_kernel() -> None:
    rng = np.random.default_rng(5)
    n, widths = 4_000, np.array([12, 5, 30])
    ranks = np.stack([rng.integers(0, width, n) for width in widths], axis=1).astype(np.uint8)
    target = ((ranks[:, 0] > 6) ^ (rng.random(n) < 0.3)).astype(np.uint8) + 2 * (rng.random(n) < 0.1).astype(np.uint8)
    table = np.rint(np.linalg.qr(rng.normal(size=(4, 4)))[0][:, :3] * 4_096).astype(np.int64)
    evidence, favour = np.full(3, 2.0), np.ones(3)
    scores = (table[target] / 4_096).astype(np.float32)
    tree = grow(ranks, widths, scores, np.arange(n), 20, evidence, 30, favour)
    offset = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    sums = np.zeros(3 + offset[-1] * 4, np.int64)
    root = np.zeros(n, np.int32)
    add_rows(ranks, offset, target, table, root, np.ones(n, np.bool_), np.zeros(1, np.int64), sums)
    feature, cut, left, right = best_split(sums, offset, np.full(3, 1 / 4_096), 20, evidence, favour)
    assert (feature, cut) == (tree[0][0], tree[1][0]) == (0, 6)
    assert left == (ranks[:, 0] <= 6).sum() and left + right == n


def test_depth_first_order_is_that_of_sampling() -> None:
    #      0
    #    1   2
    #       3 4
    nodes = Nodes(
        np.array([1, -1, 0, -1, -1], np.int32),
        np.zeros(5, np.uint8),
        np.array([1, 0, 3, 0, 0], np.int32),
        np.array([2, 0, 4, 0, 0], np.int32),
    )
    order, right, parent = depth_first(nodes, 0)
    assert order.tolist() == [0, 1, 2, 3, 4]
    assert right.tolist() == [2, 0, 4, 0, 0]
    assert parent.tolist() == [-1, 0, 0, 2, 2]


def test_rows_are_chosen_by_content_alone() -> None:
    codes = np.random.default_rng(1).integers(0, 200, (20_000, 6)).astype(np.uint8)
    words = fingerprints(codes, 3)
    chosen = chosen_rows(words, 5, 0.7)
    assert abs(chosen.mean() - 0.7) < 0.015
    order = np.random.default_rng(2).permutation(len(codes))
    assert (chosen_rows(fingerprints(codes[order], 3), 5, 0.7) == chosen[order]).all()
    other = chosen_rows(words, 6, 0.7)
    assert abs((other & chosen).mean() - 0.49) < 0.015


def test_rules_that_sites_cannot_keep_are_not_made_up(real: Table) -> None:
    """A dependency that one row in twenty breaks is modelled, not enforced."""
    frame = real.to_pandas()
    frame.loc[frame.index % 20 == 0, "grade"] = "low"
    grade = pa.array(frame.grade.astype(str)).dictionary_encode()
    broken = Table(real.arrow.set_column(real.schema.names.index("grade"), "grade", grade), real.schema)
    plain = replace(FederatedTrees.of(real.schema, trees=1))
    fitted = fitted_of(pooled(plain, broken.take(np.arange(600))))
    assert not fitted.model.derived  # type: ignore[attr-defined]
