from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.tables import mixed, visits

from cohortium.errors import InvalidRecords, SchemaMismatch
from cohortium.records import (
    AllowedCombinations,
    Column,
    FunctionalDependency,
    Inequality,
    Kind,
    Role,
    Schema,
    SumRule,
    Table,
    concat,
    matrices,
    schema_from_plain,
    schema_to_plain,
)


def test_pandas_and_polars_round_trip() -> None:
    table = mixed(50)
    assert Table.from_pandas(table.to_pandas(), table.schema) == table
    assert Table.from_polars(table.to_polars(), table.schema) == table
    assert isinstance(table.to_polars(), pl.DataFrame)


def test_numbers_are_shared_with_arrow_not_copied() -> None:
    values = pa.array(np.arange(1000.0))
    table = Table(pa.table({"x": values}), Schema((Column("x", Kind.CONTINUOUS),)))
    assert table.arrow.column(0).chunk(0).buffers()[1].address == values.buffers()[1].address


def test_values_that_contradict_the_schema_are_refused_without_being_quoted() -> None:
    schema = Schema((Column("x", Kind.INTEGER),))
    with pytest.raises(SchemaMismatch) as caught:
        Table(pa.table({"x": ["4711-secret"]}), schema)
    assert "4711" not in str(caught.value)
    assert "4711" not in str(caught.value.__cause__)
    with pytest.raises(SchemaMismatch, match="Missing"):
        Table(pa.table({"y": [1]}), schema)


def test_codes_follow_listed_levels_and_survive_missing() -> None:
    schema = Schema((Column("x", Kind.ORDINAL, levels=("low", "mid", "high")),))
    table = Table(pa.table({"x": ["high", None, "low", "other"]}), schema)
    codes, levels = table.codes("x")
    assert levels == ("low", "mid", "high", "other")
    assert codes.tolist() == [2, -1, 0, 3]


def test_split_keeps_persons_together(rng: np.random.Generator) -> None:
    table = visits(200)
    first, second = table.split_by_person(0.3, rng)
    people = [set(part.arrow.column("patient").to_pylist()) for part in (first, second)]
    assert not people[0] & people[1]
    assert len(people[0]) == 60
    assert len(first) + len(second) == len(table)


def test_a_row_without_its_person_is_refused() -> None:
    schema = Schema((Column("p", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),))
    with pytest.raises(InvalidRecords, match="1 rows"):
        Table(pa.table({"p": ["a", None]}), schema).persons()


def test_dates_are_days_and_datetimes_seconds() -> None:
    frame = pd.DataFrame({"d": pd.to_datetime(["1970-01-03"]), "t": pd.to_datetime(["1970-01-01 00:00:02.5"])})
    schema = Schema((Column("d", Kind.DATE), Column("t", Kind.DATETIME)))
    table = Table.from_pandas(frame, schema)
    assert table.numeric("d")[0] == 2
    assert table.numeric("t")[0] == 2.5


def test_constraints_mark_the_rows_that_break_them() -> None:
    table = Table(
        pa.table({"a": [1, 5, None], "b": [2, 4, 1], "s": [3, 9, 1], "g": ["x", "x", "y"], "h": ["u", "u", "u"]}),
        Schema(
            (
                *(Column(name, Kind.INTEGER) for name in "abs"),
                Column("g", Kind.CATEGORICAL),
                Column("h", Kind.CATEGORICAL),
            )
        ),
    )
    assert Inequality("a", "<=", "b").violated(table).tolist() == [False, True, False]
    assert SumRule("s", ("a", "b")).violated(table).tolist() == [False, False, False]
    assert AllowedCombinations(("g", "h"), (("x", "u"),)).violated(table).tolist() == [False, False, True]


def test_dependency_marks_the_minority() -> None:
    table = Table(
        pa.table({"k": ["a"] * 5 + ["b"] * 3, "v": ["1", "1", "1", "1", "2", "3", "3", None]}),
        Schema((Column("k", Kind.CATEGORICAL), Column("v", Kind.CATEGORICAL))),
    )
    assert FunctionalDependency("k", "v").violated(table).tolist() == [False] * 4 + [True] + [False] * 3


def test_matrices_share_codes() -> None:
    schema = Schema((Column("x", Kind.CATEGORICAL), Column("y", Kind.CONTINUOUS)))
    one = Table(pa.table({"x": ["b", "a"], "y": [1.23456789, None]}), schema)
    two = Table(pa.table({"x": ["c", "a"], "y": [0.0, 2.0]}), schema)
    found = matrices([one, two])
    assert found.levels[0][int(found.values[0][1, 0])] == found.levels[0][int(found.values[1][1, 0])] == "a"
    assert found.values[0][0, 1] == 1.23457


def test_concat_unifies_levels() -> None:
    schema = Schema((Column("x", Kind.CATEGORICAL),))
    together = concat([Table(pa.table({"x": [level]}), schema) for level in ("b", "a")])
    assert together.arrow.column("x").to_pylist() == ["b", "a"]


def test_schema_as_plain_data_round_trips() -> None:
    schema = mixed(10).schema.with_constraints(SumRule("age", ("pack_years", "creatinine")))
    assert schema_from_plain(schema_to_plain(schema)) == schema


def test_two_person_keys_are_refused() -> None:
    key = frozenset({Role.PERSON_KEY})
    with pytest.raises(SchemaMismatch, match="At most one"):
        Schema((Column("a", Kind.IDENTIFIER, key), Column("b", Kind.IDENTIFIER, key)))
