"""Correlation of columns that are constant, equal, nearly absent, tied, or of very different size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import Correlation, over_sites, pooled
from cohortium.errors import InvalidRequest
from cohortium.numerics.rank_bins import RankBins
from cohortium.numerics.ranks import average_ranks, spearman
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


@pytest.mark.parametrize("values", [[1.0, 2, 2, 4, 9], [1e-30, 2e-30, 1e30, -1e30, 0.0], [0.1, 0.1, 0.1, 0.1, 5.0]])
def test_ranks_are_right_from_the_smallest_to_the_largest_numbers(values: list[float]) -> None:
    other = [3.0, 1, 2, 5, 4]
    answer = pooled(Correlation(("a", "b"), method="spearman"), table(a=values, b=other))
    row = answer.frame("pairs").iloc[0]
    assert abs(row.r - spearman(np.array(values), np.array(other))) <= row.resolution + 1e-12


def test_ranks_of_a_constant_column_have_no_correlation() -> None:
    answer = pooled(Correlation(("a", "b"), method="spearman"), table(a=[1.0, 2, 3, 5], b=[0.1] * 4))
    assert answer.tables["pairs"]["r"] == answer.tables["pairs"]["low"] == [None]
    assert "b, which does not vary" in answer.facts["notes"][0]
    assert answer.title == "Spearman's rank correlation"


def test_columns_that_rise_together_correlate_fully() -> None:
    x = np.random.default_rng(0).normal(size=100)
    answer = pooled(Correlation(("a", "b"), method="spearman"), table(a=list(x), b=list(np.exp(5 * x))))
    assert answer.tables["pairs"]["r"] == [pytest.approx(1.0)]
    assert answer.tables["pairs"]["p"] == [pytest.approx(0.0, abs=1e-12)]


def test_intervals_are_split_where_values_lie_and_nowhere_else() -> None:
    values = np.concatenate([np.zeros(500), np.random.default_rng(1).normal(140, 3, 500)])
    bins: RankBins | None = RankBins.widest(False)
    while bins is not None:
        found, bins = bins, bins.finer(bins.counts(values), 10)
    counts = found.counts(values)
    assert counts[~found.is_single()].max() <= 10
    assert len(counts) < 500
    assert found.midranks(counts)[found.places(np.zeros(1))] == average_ranks(values)[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"method": "kendall"}, "'method' is 'kendall'"), ({"method": "spearman", "bins": 1}, "2 to 10,000 bins")],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        pooled(Correlation(("a", "b"), **settings), table(a=[1.0, 2], b=[1.0, 2]))


def test_ranks_are_the_same_where_a_site_has_nobody() -> None:
    x = np.random.default_rng(0).normal(size=60)
    whole = table(a=list(x), b=list(x**2))
    parts = [whole.take(np.arange(20)), whole.take(np.arange(0)), whole.take(np.arange(20, 60))]
    algorithm = Correlation(("a", "b"), method="spearman")
    assert over_sites(algorithm, parts).tables == pooled(algorithm, whole).tables
