"""The membership attacks where the truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy import (
    mia_boosted,
    mia_density,
    mia_informed,
    mia_nearest,
    mia_outliers,
    mia_subgroups,
    mia_surest,
    mia_tpr,
    mia_worst,
)
from cohortium.evaluate.privacy.attacks import attacks
from cohortium.records import Column, Kind, Role, Schema, Table, concat

AREAS = [mia_nearest, mia_density, mia_boosted, mia_informed, mia_worst, mia_outliers, mia_subgroups]
BY_NEIGHBOURS = [mia_nearest, mia_density, mia_informed, mia_worst]


def seeded() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.mark.parametrize("metric", AREAS)
def test_new_persons_of_the_population_give_nobody_away(metric, pair: Callable[..., Comparison]) -> None:
    one = pair(900)
    score = metric(one, rng=seeded())
    assert score.low <= 0.5 <= score.high


@pytest.mark.parametrize("metric", BY_NEIGHBOURS)
@pytest.mark.parametrize("leaked", [0.3, 0.7])
def test_the_area_is_what_the_leaked_share_makes_it(metric, leaked: float, pair: Callable[..., Comparison]) -> None:
    """A leaked row is found for certain, another one by a coin toss."""
    score = metric(pair(900, leaked=leaked), rng=seeded())
    truth = leaked + (1 - leaked) / 2
    assert score.low <= truth <= score.high
    assert score.low > 0.55


@pytest.mark.parametrize("metric", AREAS)
def test_every_attack_sees_a_bootstrap_copy(metric, pair: Callable[..., Comparison]) -> None:
    score = metric(pair(900, copy=True), rng=seeded())
    assert score.low > 0.5


def test_one_third_leaked_is_found_at_one_percent_false_accusations(pair: Callable[..., Comparison]) -> None:
    score = mia_tpr(pair(1_500, leaked=1 / 3), rng=seeded())
    assert score.value == pytest.approx(1 / 3 + 2 / 3 * 0.01, abs=0.04)
    assert score.low > 0.2


def test_the_surest_tenth_of_a_leak_are_all_members(pair: Callable[..., Comparison]) -> None:
    assert mia_surest(pair(900, leaked=0.3), rng=seeded()).value > 0.97
    nothing = mia_surest(pair(900), rng=seeded())
    assert nothing.low <= 0.5 <= nothing.high


def test_rows_that_keep_away_from_members_give_them_away_too() -> None:
    rng = seeded()
    schema = Schema((Column("x", Kind.CONTINUOUS), Column("y", Kind.CONTINUOUS)))

    def table(rows: np.ndarray) -> Table:
        import pandas as pd

        return Table.from_pandas(pd.DataFrame(rows, columns=["x", "y"]), schema)

    real, held = rng.random((300, 2)), rng.random((300, 2))
    made = rng.random((20_000, 2))
    gaps = np.sqrt(((made[:, None, :] - real[None]) ** 2).sum(axis=2)).min(axis=1)
    pair = Comparison(table(real), table(made[gaps > 0.02][:6_000]), table(held))
    plain = mia_nearest(pair, rng=seeded())
    assert plain.high < 0.45
    assert mia_worst(pair, rng=seeded()).low > 0.55


def test_constant_columns_leave_everybody_anonymous() -> None:
    import pandas as pd

    schema = Schema((Column("a", Kind.CONTINUOUS), Column("b", Kind.CATEGORICAL)))
    table = Table.from_pandas(pd.DataFrame({"a": np.ones(200), "b": ["x"] * 200}), schema)
    pair = Comparison(table, table, table)
    for metric in (mia_nearest, mia_density, mia_boosted, mia_informed, mia_worst, mia_outliers):
        assert metric(pair, rng=seeded()).value == pytest.approx(0.5)
    assert mia_tpr(pair, rng=seeded()).value == pytest.approx(0.01)
    assert mia_surest(pair, rng=seeded()).value == pytest.approx(0.5)


def with_person_key(table: Table, persons: np.ndarray) -> Table:
    import pyarrow as pa

    key = Column("who", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY}))
    arrow = table.arrow.append_column("who", pa.array(persons.astype(str)))
    return Table(arrow, Schema((*table.schema.columns, key)))


def test_one_copied_person_with_half_of_the_rows_is_one_person(pair: Callable[..., Comparison]) -> None:
    """A quarter of the training rows are one person's, and all of these were copied: one person of 300 was exposed."""
    one, n = pair(300), 300
    assert one.holdout is not None
    heavy = pair(100, seed=5).real
    persons = np.concatenate([np.arange(n), np.full(100, n)])
    real = with_person_key(concat([one.real, heavy]), persons)
    synthetic = with_person_key(concat([one.synthetic, heavy]), np.arange(n + 100))
    holdout = with_person_key(one.holdout, np.arange(len(one.holdout)) + 1_000)
    score = mia_worst(Comparison(real, synthetic, holdout), rng=seeded())
    assert score.n == 2 * 200
    assert score.low <= 0.5 <= score.high
    # Without the key, the same rows pass for a hundred exposed persons.
    rows = Comparison(*(table.select(one.real.schema.names) for table in (real, synthetic, holdout)))
    assert mia_worst(rows, rng=seeded()).low > 0.5


def test_the_same_seed_repeats_and_metrics_share_one_run(pair: Callable[..., Comparison]) -> None:
    first, second = pair(200), pair(200)
    for metric in (*AREAS, mia_tpr, mia_surest):
        assert metric(first, rng=seeded()) == metric(second, rng=seeded())
    assert first.once(attacks, seeded()) is first.once(attacks, seeded())
    assert first.once(attacks, np.random.default_rng(12)) is not first.once(attacks, seeded())


def test_subgroups_are_named_without_values_and_counted_in_tens(pair: Callable[..., Comparison]) -> None:
    rows = mia_subgroups(pair(900, leaked=0.3), rng=seeded()).detail["subgroups"]
    assert {row["subgroup"] for row in rows} == {
        "age: lowest third", "age: middle third", "age: highest third", "sex: female", "sex: male",
    }  # fmt: skip
    assert all(row["persons"] % 10 == 0 and row["low"] <= row["mia"] <= row["high"] for row in rows)


def test_the_subgroup_that_leaks_is_the_one_that_is_shown(pair: Callable[..., Comparison]) -> None:
    one = pair(1_200)
    male = one.real.codes("sex")[0] == one.real.codes("sex")[1].index("male")
    leaky = concat([one.real.take(male), one.synthetic.take(np.arange(600))])
    score = mia_subgroups(Comparison(one.real, leaky, one.holdout), rng=seeded())
    assert score.detail["subgroup"] == "sex: male"
    by_name = {row["subgroup"]: row["mia"] for row in score.detail["subgroups"]}
    assert by_name["sex: male"] > 0.9 and by_name["sex: female"] < 0.65


def test_small_tables_get_wide_intervals_not_alarms(pair: Callable[..., Comparison]) -> None:
    scores = [mia_worst(pair(100, seed=seed), rng=seeded()) for seed in range(12)]
    assert sum(score.low > 0.5 for score in scores) <= 1
    assert min(score.high - score.low for score in scores) > 0.15
