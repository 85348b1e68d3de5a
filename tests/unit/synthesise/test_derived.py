from __future__ import annotations

import numpy as np
import pyarrow as pa
from tests.tables import mixed

from cohortium.records import Column, FunctionalDependency, Kind, Schema, SumRule, Table
from cohortium.synthesise.tables.derived import derivations, rules_to_check


def dependent(determinant: list[str | None], values: list[str | None]) -> Table:
    columns = (Column("key", Kind.CATEGORICAL), Column("value", Kind.CATEGORICAL))
    return Table(
        pa.table({"key": determinant, "value": values}), Schema(columns, (FunctionalDependency("key", "value"),))
    )


def test_a_determined_column_is_computed() -> None:
    table = dependent(["a", "b"] * 50, ["x", "y"] * 50)
    (rule,) = derivations(table, smallest=5)
    made = rule.column({"key": table.arrow.column("key").combine_chunks()}, table.schema)
    assert made.cast("string").to_pylist() == ["x", "y"] * 50
    assert rules_to_check(table.schema, (rule,)) == ()


def test_a_column_that_is_known_where_its_determinant_is_missing_is_not_computed() -> None:
    survey = dependent(["a", "b"] * 25 + [None] * 50, ["x", "y"] * 50)
    assert derivations(survey, smallest=5) == ()


def test_a_column_that_is_often_missing_is_not_computed() -> None:
    values = ["x" if place % 4 else None for place in range(100)]
    assert derivations(dependent(["a"] * 100, values), smallest=5) == ()


def test_a_pair_of_few_persons_is_not_stored() -> None:
    table = dependent(["a"] * 98 + ["rare"] * 2, ["x"] * 98 + ["secret"] * 2)
    (rule,) = derivations(table, smallest=5)
    assert rule.values.to_pylist() == ["x"]


def test_a_total_is_the_sum_of_its_parts() -> None:
    rng = np.random.default_rng(0)
    parts = rng.integers(0, 9, (100, 2))
    columns = tuple(Column(name, Kind.INTEGER) for name in ("a", "b", "sum"))
    table = Table(
        pa.table({"a": parts[:, 0], "b": parts[:, 1], "sum": parts.sum(axis=1)}),
        Schema(columns, (SumRule("sum", ("a", "b")),)),
    )
    (rule,) = derivations(table, smallest=5)
    made = rule.column({name: table.arrow.column(name).combine_chunks() for name in ("a", "b")}, table.schema)
    assert made.to_pylist() == parts.sum(axis=1).tolist()


def test_the_made_table_derives_its_grade() -> None:
    assert [rule.dependent for rule in derivations(mixed(500), smallest=5)] == ["grade"]
