"""Columns of a private table: what is found of their values, and the way to cells and back."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from cohortium.privacy.accounting import Budget
from cohortium.privacy.mechanisms import Curator
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.records import Column, Kind, Schema, Table, parse_condition
from cohortium.records.conditions import Test as Condition
from cohortium.synthesise.tables.private.cells import CountedColumn, counted
from cohortium.synthesise.tables.private.columns import PrivateColumn
from cohortium.synthesise.tables.private.discovery import discover

N = 4_000


def table_of(column: Column, values: pa.Array) -> Table:
    return Table(pa.table({column.name: values}), Schema((column,)))


def learnt(column: Column, values: pa.Array, rho: float = 1.0, lightest: float = 30.0, seed: int = 0) -> CountedColumn:
    table = table_of(column, values)
    curator = Curator(Budget(Fraction(rho), Fraction(1, 10**6)), InsecureNoise(np.random.default_rng(seed)))
    pieces = discover(table, column, curator, Fraction(rho), Fraction(1, 10**6))
    assert curator.budget.left >= 0
    return counted(pieces, len(table), lightest, 32)


def back(column: PrivateColumn, table: Table, rng: np.random.Generator) -> Table:
    made = column.decode(column.encode(table), rng)
    return Table(pa.table({column.column.name: made}), table.schema)


def test_listed_levels_are_all_known_and_strangers_are_not(rng: np.random.Generator) -> None:
    column = Column("sex", Kind.CATEGORICAL, levels=("F", "M", "X"))
    values = pa.array([*np.where(rng.random(N) < 0.1, None, rng.choice(["F", "M"], N)).tolist()[:-1], "typing error"])
    found = learnt(column, values)
    assert found.column.levels == ("F", "M", "X")
    again = back(found.column, table_of(column, values), rng)
    shown = set(again.arrow.column("sex").to_pylist())
    assert {"F", "M", None} <= shown
    assert "typing error" not in shown
    assert again.missing("sex").mean() == pytest.approx(0.1, abs=0.02)


def test_unlisted_levels_come_back_only_where_many_carry_them(rng: np.random.Generator) -> None:
    column = Column("code", Kind.CATEGORICAL)
    names = ["I10"] * 2_500 + ["E11"] * 1_400 + [f"rare {number}" for number in range(100)]
    found = learnt(column, pa.array(names))
    assert set(found.column.levels) == {"I10", "E11"}
    assert found.counts.sum() == pytest.approx(N, abs=20)


def test_much_that_may_not_show_is_missing_and_said(rng: np.random.Generator) -> None:
    column = Column("code", Kind.CATEGORICAL)
    found = learnt(column, pa.array(["I10"] * 2_500 + [f"rare {number}" for number in range(1_500)]))
    assert found.column.levels == ("I10",)
    assert "38%" in found.remark or "37%" in found.remark
    again = back(found.column, table_of(column, pa.array(["rare 3"] * 50)), rng)
    assert again.missing("code").all()


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (Column("age", Kind.INTEGER), np.random.default_rng(1).integers(18, 90, N)),
        (Column("lab", Kind.CONTINUOUS), np.random.default_rng(1).lognormal(3, 1, N)),
        (Column("temp", Kind.CONTINUOUS, decimals=1), np.random.default_rng(1).normal(37, 0.5, N).round(1)),
        (Column("change", Kind.CONTINUOUS), np.random.default_rng(1).normal(-3, 20, N)),
        (Column("share", Kind.CONTINUOUS, minimum=0, maximum=1), np.random.default_rng(1).beta(2, 5, N)),
        (Column("stay", Kind.DURATION, decimals=0), np.random.default_rng(1).geometric(0.1, N).astype(float)),
    ],
    ids=lambda part: part.name if isinstance(part, Column) else "",
)
def test_numbers_keep_their_distribution_and_resolution(
    column: Column, values: np.ndarray, rng: np.random.Generator
) -> None:
    table = table_of(column, pa.array(values))
    found = learnt(column, pa.array(values))
    made = back(found.column, table, rng).numeric(column.name)
    assert np.isfinite(made).all()
    shares = np.linspace(0.02, 0.98, 25)
    spread = values.std()
    gaps = np.abs(np.quantile(made, shares) - np.quantile(values, shares))
    assert gaps.max() < 0.25 * spread
    assert found.column.size > 8
    if column.kind is Kind.INTEGER or column.decimals is not None:
        np.testing.assert_allclose(made, np.round(made, column.decimals or 0))
    if column.minimum is not None:
        assert made.min() >= 0
        assert made.max() <= 1


def test_heaps_come_back_exactly_and_the_rest_does_not(rng: np.random.Generator) -> None:
    column = Column("dose", Kind.CONTINUOUS)
    values = np.where(rng.random(N) < 0.4, 0.0, np.where(rng.random(N) < 0.3, 62.5, rng.gamma(3, 20, N)))
    found = learnt(column, pa.array(values))
    made = back(found.column, table_of(column, pa.array(values)), rng).numeric("dose")
    assert (made == 0.0).mean() == pytest.approx((values == 0.0).mean(), abs=0.03)
    assert (made == 62.5).mean() == pytest.approx((values == 62.5).mean(), abs=0.03)
    others = made[(made != 0.0) & (made != 62.5)]
    assert not np.isin(others, values).any(), "no one's own value comes back"


def test_dates_come_back_as_dates_of_the_same_years(rng: np.random.Generator) -> None:
    column = Column("admitted", Kind.DATE)
    days = rng.integers(16_000, 17_500, N).astype(np.int32)
    values = pa.array(days, mask=rng.random(N) < 0.2).cast(pa.date32())
    again = back(learnt(column, values).column, table_of(column, values), rng)
    assert again.missing("admitted").mean() == pytest.approx(0.2, abs=0.03)
    made = again.numeric("admitted")
    assert np.nanquantile(made, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(days, [0.1, 0.5, 0.9]), abs=60)


def test_a_column_without_missing_values_shows_none(rng: np.random.Generator) -> None:
    column = Column("age", Kind.INTEGER)
    values = pa.array(rng.integers(18, 90, 300))
    shown = [back(learnt(column, values, 0.01, seed=seed).column, table_of(column, values), rng) for seed in range(20)]
    assert sum(table.missing("age").mean() > 0 for table in shown) <= 2


def test_nothing_to_go_by_still_gives_a_column(rng: np.random.Generator) -> None:
    column = Column("lab", Kind.CONTINUOUS)
    found = learnt(column, pa.array(rng.normal(size=5)), rho=1e-4, lightest=500)
    assert "arbitrary" in found.remark
    made = found.column.decode(np.zeros(50, dtype=np.int32), rng)
    assert made.null_count == 0
    found = learnt(Column("empty", Kind.INTEGER), pa.nulls(N, pa.int64()))
    assert found.column.decode(np.full(50, found.column.size - 1, dtype=np.int32), rng).null_count == 50


def test_infinite_numbers_are_taken_as_missing(rng: np.random.Generator) -> None:
    column = Column("lab", Kind.CONTINUOUS)
    values = rng.normal(size=N)
    values[:1_000] = np.inf
    made = back(learnt(column, pa.array(values)).column, table_of(column, pa.array(values)), rng).numeric("lab")
    assert np.isnan(made).mean() == pytest.approx(0.25, abs=0.03)
    assert not np.isinf(made).any()


@pytest.mark.parametrize(
    "text", ["age < 40", "age >= 70", "age = 55", "age between 41 and 43", "age in (30, 31)", "age is missing"]
)
def test_evidence_forbids_no_cell_that_holds_an_accepted_value(text: str, rng: np.random.Generator) -> None:
    column = Column("age", Kind.INTEGER)
    values = pa.array(rng.integers(18, 90, N), mask=rng.random(N) < 0.1)
    table = table_of(column, values)
    private = learnt(column, values).column
    test = parse_condition(text, table.schema)
    assert isinstance(test, Condition)
    cells = rng.integers(0, private.size, 20_000).astype(np.int32)
    made = Table(pa.table({"age": private.decode(cells, rng)}), table.schema)
    accepted = private.accepted(test)
    assert set(np.unique(cells[test.holds(made)])) == set(np.flatnonzero(accepted))


def test_typical_values_belong_to_their_cells(rng: np.random.Generator) -> None:
    column = Column("stage", Kind.ORDINAL, levels=("I", "II", "III"))
    private = learnt(column, pa.array(rng.choice(["I", "II", "III"], N))).column
    typical = Table(pa.table({"stage": private.typical()}), Schema((column,)))
    np.testing.assert_array_equal(private.encode(typical), np.arange(private.size))
