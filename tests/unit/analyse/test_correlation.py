"""Correlation of columns that are constant, equal, or nearly absent."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import Correlation, pooled
from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Schema, Table


def table(**columns: list[float | None]) -> Table:
    arrays = {name: pa.array(values, pa.float64()) for name, values in columns.items()}
    return Table(pa.table(arrays), Schema(tuple(Column(name, Kind.CONTINUOUS) for name in arrays)))


def test_a_constant_column_has_no_correlation() -> None:
    answer = pooled(Correlation(("a", "b", "c")), table(a=[1.0, 2, 3, 5], b=[0.1] * 4, c=[2.0, 4, 6, 10]))
    assert answer.tables["pairs"]["r"] == [None, pytest.approx(1.0), None]
    assert answer.tables["pairs"]["p"][0] is None
    assert "b, which does not vary" in answer.facts["notes"][0]


def test_rows_with_a_missing_value_are_left_out_and_counted() -> None:
    answer = pooled(Correlation(("a", "b")), table(a=[1.0, 2, None, 4, 9], b=[2.0, 1, 7, None, 3]))
    assert answer.facts["n"] == 3
    assert answer.persons == 3
    assert answer.tables["pairs"]["r"][0] == pytest.approx(np.corrcoef([1, 2, 9], [2, 1, 3])[0, 1])
    assert answer.tables["pairs"]["low"] == [None]


def test_two_rows_have_no_p() -> None:
    answer = pooled(Correlation(("a", "b")), table(a=[1.0, 2], b=[2.0, 1]))
    assert answer.tables["pairs"]["p"] == [None]
    assert "Fewer than three" in answer.facts["notes"][0]


def test_one_column_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="two or more"):
        pooled(Correlation(("a",)), table(a=[1.0]))
