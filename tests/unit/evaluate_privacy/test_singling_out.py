from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy import singling_out_multivariate, singling_out_univariate
from cohortium.evaluate.privacy.predicates import (
    AT_LEAST,
    AT_MOST,
    EQUALS,
    MISSING,
    Condition,
    Rows,
    of_one_column,
    of_several_columns,
)
from cohortium.evaluate.privacy.residual import residual_risk
from cohortium.evaluate.privacy.singling_out import fits_one
from cohortium.records import Column, Kind, Schema, Table

BOTH = [singling_out_univariate, singling_out_multivariate]


def seeded() -> np.random.Generator:
    return np.random.default_rng(5)


def test_descriptions_of_one_column_are_all_that_fit_one_row() -> None:
    rows = np.array([[1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [9.0, np.nan]])
    found = of_one_column(rows, np.array([False, True]), 100, seeded())
    assert {predicate[0] for predicate in found} == {
        Condition(0, EQUALS, 1.0),
        Condition(0, EQUALS, 9.0),
        Condition(0, AT_MOST, 1.0),
        Condition(0, AT_LEAST, 9.0),
        Condition(1, EQUALS, 1.0),
        Condition(1, MISSING),
    }
    assert all(Rows(rows).fits(predicate) == 1 for predicate in found)
    assert len(of_one_column(rows, np.array([False, True]), 2, seeded())) == 2


def test_descriptions_of_several_columns_fit_one_row_and_differ(rng: np.random.Generator) -> None:
    rows = np.column_stack([rng.integers(0, 4, 300), rng.normal(size=300), rng.normal(size=300)])
    found = of_several_columns(rows, np.array([True, False, False]), 20, rng, columns=2, attempts=5_000)
    assert len(found) == 20 == len(set(found))
    table = Rows(rows)
    assert all(len(one) == 2 and table.fits(one) == 1 for one in found)
    assert of_several_columns(np.zeros((10, 3)), np.ones(3, np.bool_), 5, rng, columns=2, attempts=50) == []


def test_a_description_fits_persons_not_rows() -> None:
    rows = Rows(np.array([[7.0], [7.0], [8.0]]), np.array([3, 3, 4]))
    assert rows.fits((Condition(0, EQUALS, 7.0),)) == 1
    assert rows.fits((Condition(0, AT_LEAST, 7.0),)) == 2


def test_expected_fits_in_part_of_the_persons_are_the_mean_over_all_parts() -> None:
    counts, persons, size = np.array([0, 1, 2, 4, 6]), 6, 3
    parts = list(itertools.combinations(range(persons), size))
    by_hand = sum(np.mean([sum(one < count for one in part) == 1 for part in parts]) for count in counts)
    assert fits_one(counts, persons, size) == pytest.approx(by_hand)
    assert fits_one(counts, persons, persons) == pytest.approx(1.0)


def test_residual_risk_follows_its_formula() -> None:
    """Wilson's centre and half-width for 60 and 20 of 100, then (rate - control) / (1 - control)."""
    z2 = 1.959964**2
    rate, chance = (60 + z2 / 2) / (100 + z2), (20 + z2 / 2) / (100 + z2)
    score = residual_risk(60, 20, 100)
    assert score.value == pytest.approx((rate - chance) / (1 - chance), abs=1e-6)
    assert score.low < score.value < score.high
    assert residual_risk(20, 60, 100).value == 0.0
    assert residual_risk(60, 20, 100, grown=3).low < score.low


@pytest.mark.parametrize("metric", BOTH)
@pytest.mark.parametrize("held", [600, 300, 150])
def test_new_persons_single_nobody_out_whatever_the_size_of_the_control(
    metric, held: int, pair: Callable[..., Comparison]
) -> None:
    scores = [metric(pair(600, held=held, seed=seed), rng=seeded()) for seed in range(5)]
    assert all(score.low == 0.0 for score in scores)
    assert np.mean([score.value for score in scores]) < 0.06


@pytest.mark.parametrize("metric", BOTH)
@pytest.mark.parametrize("held", [600, 150])
def test_copies_single_their_persons_out(metric, held: int, pair: Callable[..., Comparison]) -> None:
    assert metric(pair(600, copy=True, held=held), rng=seeded()).low > 0.5


def test_half_leaked_rows_single_out_about_half(pair: Callable[..., Comparison]) -> None:
    score = singling_out_univariate(pair(1_000, leaked=0.5), rng=seeded())
    assert score.low <= 0.5 <= score.high + 0.05
    assert score.value == pytest.approx(0.5, abs=0.1)


def test_a_table_of_common_values_singles_nobody_out() -> None:
    schema = Schema((Column("sex", Kind.CATEGORICAL),))
    table = Table.from_pandas(pd.DataFrame({"sex": ["f", "m"] * 100}), schema)
    for metric in BOTH:
        score = metric(Comparison(table, table, table), rng=seeded())
        assert score.value == score.low == 0.0 and score.n == 50


def test_a_handful_of_right_guesses_is_not_a_certainty() -> None:
    """Five rare levels, all of them of members: five right guesses of the fifty that count at least."""
    schema = Schema((Column("code", Kind.CATEGORICAL),))

    def table(rare: list[str]) -> Table:
        return Table.from_pandas(pd.DataFrame({"code": rare + ["common"] * (400 - len(rare))}), schema)

    rare = [f"rare {number}" for number in range(5)]
    score = singling_out_univariate(Comparison(table(rare), table(rare), table([])), rng=seeded())
    assert score.value == pytest.approx(0.1, abs=0.01) and score.detail["rate"] == 0.1


def test_repeated_synthetic_rows_still_describe_their_person(pair: Callable[..., Comparison]) -> None:
    one = pair(300)
    twice = Comparison(one.real, one.real.take(np.repeat(np.arange(300), 2)), one.holdout)
    assert singling_out_univariate(twice, rng=seeded()).low > 0.8
