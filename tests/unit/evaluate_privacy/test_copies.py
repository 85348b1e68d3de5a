"""Copies and closeness where the truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cohortium.errors import TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy import (
    authenticity,
    dcr_share,
    dcr_share_groups,
    hit_rate,
    identical_excess,
    identical_share,
    nndr,
    privacy_loss,
)
from cohortium.records import Column, Kind, Schema, Table


def seeded() -> np.random.Generator:
    return np.random.default_rng(8)


@pytest.mark.parametrize("leaked", [0.0, 0.03, 0.3, 1.0])
@pytest.mark.parametrize("held", [600, 150])
def test_leaked_rows_are_counted_whatever_the_size_of_the_control(
    leaked: float, held: int, pair: Callable[..., Comparison]
) -> None:
    one = pair(600, leaked=leaked, held=held)
    assert identical_share(one, rng=seeded()).value == pytest.approx(leaked, abs=1e-9)
    excess = identical_excess(one, rng=seeded())
    assert excess.value == pytest.approx(leaked, abs=1e-6)
    assert excess.low <= leaked <= excess.high


def test_persons_alike_by_chance_are_no_copies() -> None:
    rng = seeded()
    schema = Schema((Column("a", Kind.CATEGORICAL), Column("b", Kind.CATEGORICAL)))

    def table(n: int) -> Table:
        frame = pd.DataFrame({"a": rng.integers(0, 20, n).astype(str), "b": rng.zipf(2.0, n).clip(max=30).astype(str)})
        return Table.from_pandas(frame, schema)

    one = Comparison(table(800), table(800), table(200))
    assert identical_share(one, rng=seeded()).value > 0.8
    excess = identical_excess(one, rng=seeded())
    assert excess.low <= 0 <= excess.high


def test_an_empty_synthetic_table_is_said(pair: Callable[..., Comparison]) -> None:
    one = pair(50)
    with pytest.raises(TooFewRecords, match="synthetic table is empty"):
        identical_share(Comparison(one.real, one.synthetic.take([]), one.holdout), rng=seeded())


@pytest.mark.parametrize("metric", [dcr_share, dcr_share_groups])
def test_the_share_nearer_to_training_persons_follows_the_leak(metric, pair: Callable[..., Comparison]) -> None:
    for leaked in (0.0, 0.4):
        score = metric(pair(900, leaked=leaked), rng=seeded())
        assert score.low <= leaked + (1 - leaked) / 2 <= score.high
    assert score.low > 0.6


def test_ties_between_the_tables_count_half() -> None:
    schema = Schema((Column("a", Kind.CATEGORICAL),))
    table = Table.from_pandas(pd.DataFrame({"a": ["x", "y"] * 100}), schema)
    one = Comparison(table, table, table)
    assert dcr_share(one, rng=seeded()).value == 0.5
    assert nndr(one, rng=seeded()).value == 1.0
    assert authenticity(one, rng=seeded()).value == 0.5
    assert privacy_loss(one, rng=seeded()).value == 0.0
    assert hit_rate(one, rng=seeded()).value == 0.0


def test_a_leak_in_half_of_the_columns_is_seen_in_that_half() -> None:
    """Twelve independent columns, six of them copied row by row: hardly visible in all, plain in the right half."""
    rng = seeded()
    schema = Schema(tuple(Column(f"x{i}", Kind.CONTINUOUS) for i in range(12)))

    def table(rows: np.ndarray) -> Table:
        return Table.from_pandas(pd.DataFrame(rows, columns=list(schema.names)), schema)

    real = rng.normal(size=(400, 12))
    made = np.hstack([real[:, :6], rng.normal(size=(400, 6))])
    one = Comparison(table(real), table(made), table(rng.normal(size=(400, 12))))
    whole, worst = dcr_share(one, rng=seeded()), dcr_share_groups(one, rng=seeded())
    assert worst.value >= whole.value and worst.low > 0.5


def test_copies_are_near_to_one_person_and_far_from_the_next(pair: Callable[..., Comparison]) -> None:
    scores = {
        metric: [metric(one, rng=seeded()).value for one in (pair(600, copy=True), pair(600))]
        for metric in (nndr, authenticity)
    }
    for copied, plain in scores.values():
        assert copied < 0.05
        assert plain > 0.4


def test_hit_rate_is_the_leaked_share(pair: Callable[..., Comparison]) -> None:
    score = hit_rate(pair(900, leaked=0.3), rng=seeded())
    assert score.low <= 0.3 <= score.high and score.low > 0.2
    nobody = hit_rate(pair(900), rng=seeded())
    assert nobody.low <= 0 <= nobody.high


def test_privacy_loss_of_a_leak_is_above_zero(pair: Callable[..., Comparison]) -> None:
    assert privacy_loss(pair(900, leaked=0.5), rng=seeded()).low > 0.1
    nothing = privacy_loss(pair(900), rng=seeded())
    assert nothing.low <= 0 <= nothing.high
