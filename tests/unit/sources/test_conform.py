"""Raw columns read under a schema: what is read, what counts as missing, what is refused and counted."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from cohortium.errors import SchemaMismatch
from cohortium.records import Column, Kind, Schema
from cohortium.sources import conform


def _read(values: object, column: Column) -> list[object]:
    raw = pa.table({column.name: values})
    found: list[object] = conform(raw, Schema((column,))).arrow.column(column.name).to_pylist()
    return found


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        (Column("x", Kind.INTEGER), ["1", "2.0", " 3 ", "", None], [1, 2, 3, None, None]),
        (Column("x", Kind.INTEGER, missing_codes=("-9",)), ["1", "-9", "-9.0"], [1, None, None]),
        (Column("x", Kind.INTEGER), ["9007199254740993", "-123456789012345678"], [2**53 + 1, -123456789012345678]),
        (Column("x", Kind.CONTINUOUS, decimal_comma=True), ["3,5", "1.234,5", "4.25"], [3.5, 1234.5, 4.25]),
        (Column("x", Kind.CONTINUOUS, missing_codes=("<5",)), ["7.5", "<5"], [7.5, None]),
        (Column("x", Kind.CATEGORICAL, levels=("1", "2")), ["1.0", "2", "1"], ["1", "2", "1"]),
        (Column("x", Kind.CATEGORICAL), ["250.0", "250", "01"], ["250.0", "250", "01"]),
        (Column("x", Kind.CATEGORICAL, missing_codes=("?",)), ["a", "?", " a "], ["a", None, "a"]),
        (Column("x", Kind.ORDINAL, levels=("low", "high")), ["high", "low", ""], ["high", "low", None]),
        (Column("x", Kind.BOOLEAN), ["yes", "No", "1.0", "false", ""], [True, False, True, False, None]),
        (Column("x", Kind.DATE), ["2024-01-31", "2024-01-31 10:00"], [date(2024, 1, 31)] * 2),
        (Column("x", Kind.DATE, date_format="%d.%m.%Y"), ["31.1.2024", ""], [date(2024, 1, 31), None]),
        (Column("x", Kind.DATE, date_format="%d.%m.%y", maximum=20_000.0), ["1.1.24", "1.1.25"], None),
        (Column("x", Kind.DATETIME), ["2024-01-31T10:20"], [datetime(2024, 1, 31, 10, 20)]),
        (Column("x", Kind.DURATION, unit="minutes"), ["1:30", "45"], [90.0, 45.0]),
        (Column("x", Kind.IDENTIFIER), ["007", "8 "], ["007", "8"]),
        (Column("x", Kind.TEXT), [" as it stands ", ""], [" as it stands ", None]),
    ],
)
def test_texts_become_values(column: Column, cells: list[str | None], expected: list[object] | None) -> None:
    if expected is None:  # two digits: the latest year is that of the maximum, 2024
        expected = [date(2024, 1, 1), date(1925, 1, 1)]
    assert _read(pa.array(cells, pa.string()), column) == expected


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        (
            Column("x", Kind.INTEGER, missing_codes=("0",)),
            pa.array([0.0, 5.0, float("nan"), None]),
            [None, 5, None, None],
        ),
        (Column("x", Kind.INTEGER), pa.array([2**60 + 1, None]), [2**60 + 1, None]),
        (Column("x", Kind.CONTINUOUS, missing_codes=("-Inf",)), pa.array([1.5, -np.inf]), [1.5, None]),
        (Column("x", Kind.CATEGORICAL, levels=("1", "2")), pa.array([1.0, 2.0, None]), ["1", "2", None]),
        (Column("x", Kind.CATEGORICAL), pa.array([2**60, 5]), [str(2**60), "5"]),
        (Column("x", Kind.BOOLEAN), pa.array([0, 1, None]), [False, True, None]),
        (Column("x", Kind.BOOLEAN), pa.array([True, None]), [True, None]),
        (Column("x", Kind.DATE), pa.array([datetime(2024, 1, 31, 10)]), [date(2024, 1, 31)]),
        (Column("x", Kind.DATE, date_format="%Y%m%d"), pa.array([20240131]), [date(2024, 1, 31)]),
        (Column("x", Kind.DATE, missing_codes=("9999-12-31",)), pa.array([date(9999, 12, 31)]), [None]),
        (Column("x", Kind.DATETIME), pa.array([date(2024, 1, 31)]), [datetime(2024, 1, 31)]),
        (Column("x", Kind.DURATION, unit="days"), pa.array([36 * 3_600_000_000], pa.duration("us")), [1.5]),
        (Column("x", Kind.IDENTIFIER), pa.array([12.0, 13.0]), ["12", "13"]),
        (Column("x", Kind.CONTINUOUS), pa.array([1.0, 2.0]).cast(pa.decimal128(6, 2)), [1.0, 2.0]),
        (Column("x", Kind.TEXT), pa.nulls(2), [None, None]),
        (Column("x", Kind.INTEGER), pa.nulls(2), [None, None]),
    ],
)
def test_typed_values_become_values(column: Column, cells: pa.Array, expected: list[object]) -> None:
    assert _read(cells, column) == expected


def test_every_contradicting_cell_is_counted_and_none_is_shown() -> None:
    raw = pa.table(
        {
            "age": ["40", "forty-two", "43.5", ""],
            "sex": ["m", "f", "diverse", "x1"],
            "born": ["2024-02-30", "2024-01-01", "1.1.2024", None],
            "fine": ["1", "2", "3", "4"],
            "crp": pa.array([1.0, float("inf"), 2.0, 3.0]),
        }
    )
    schema = Schema(
        (
            Column("age", Kind.INTEGER),
            Column("sex", Kind.CATEGORICAL, levels=("m", "f")),
            Column("born", Kind.DATE),
            Column("fine", Kind.INTEGER),
            Column("crp", Kind.CONTINUOUS),
        )
    )
    with pytest.raises(SchemaMismatch) as caught:
        conform(raw, schema)
    message = str(caught.value)
    for name, count in (("age", 2), ("sex", 2), ("born", 2), ("crp", 1)):
        assert f"'{name}'" in message
        assert f"{count} of 4 cells" in message.partition(f"'{name}'")[2].partition(";")[0]
    assert "fine" not in message
    assert "missing_codes" in message
    for value in ("forty", "43.5", "diverse", "x1", "02-30"):
        assert value not in message


def test_columns_are_found_by_name_and_differences_are_named() -> None:
    schema = Schema((Column("a", Kind.INTEGER), Column("b", Kind.INTEGER)))
    table = conform(pa.table({"b": ["1"], "a": ["2"]}), schema)
    assert table.arrow.column_names == ["a", "b"]
    with pytest.raises(SchemaMismatch, match=r"schema only: \['b'\]; in the data only: \['c'\]"):
        conform(pa.table({"a": ["1"], "c": ["2"]}), schema)


def test_a_table_without_rows_conforms() -> None:
    shapes = {Kind.IMAGE: (2, 2, 1)}
    schema = Schema(tuple(Column(kind.value, kind, shape=shapes.get(kind)) for kind in Kind))
    table = conform(pa.table({kind.value: pa.array([], pa.string()) for kind in Kind}), schema, Path())
    assert len(table) == 0


def test_a_hundred_thousand_categories() -> None:
    cells = pa.array([f"code {i}" for i in range(100_000)] * 2)
    table = conform(pa.table({"x": cells}), Schema((Column("x", Kind.CATEGORICAL),)))
    assert len(table.codes("x")[1]) == 100_000
