"""Quantiles: what leaves a site, whole numbers, ranges that are too narrow, and columns without values."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import Quantiles, drive, pooled
from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Schema, State, Sums, Table


def table(values: list[float], kind: Kind = Kind.CONTINUOUS) -> Table:
    column = pa.array(values, pa.int64() if kind is Kind.INTEGER else pa.float64(), from_pandas=True)
    return Table(pa.table({"x": column}), Schema((Column("x", kind),)))


def states_of(algorithm: Quantiles, records: Table) -> list[State]:
    """What every site would be sent."""
    states: list[State] = []

    def total_of(state: State) -> Sums:
        states.append(state)
        return algorithm.local(records, state)

    drive(algorithm, records.schema, total_of)
    return states


def value(records: Table, p: float = 0.5, **settings: object) -> float:
    return float(pooled(Quantiles(("x",), (p,), **settings), records).tables["quantiles"]["value"][0])  # type: ignore[arg-type]


@pytest.mark.parametrize("ranges", [(), ((-100.0, 100.0),), ((-3.0, 3.0),)])
@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.99])
def test_whole_numbers_are_found_exactly(ranges: tuple[tuple[float, float], ...], p: float) -> None:
    values = [-3, -3, -1, 0, 0, 0, 2, 3, 3]
    assert value(table(values, Kind.INTEGER), p, ranges=ranges) == pytest.approx(np.quantile(values, p), abs=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_scale_need_not_be_known(scale: float) -> None:
    values = np.random.default_rng(0).normal(5, 30, 101) * scale
    assert value(table(list(values)), 0.37, tolerance=1e-9) == pytest.approx(np.quantile(values, 0.37), rel=1e-7)


def test_zero_and_negative_values() -> None:
    assert value(table([0.0, 0.0, 0.0])) == pytest.approx(0.0, abs=1e-12)
    assert value(table([-5.5, -5.5, -5.5])) == pytest.approx(-5.5, rel=1e-4)


def test_a_range_that_is_too_narrow_is_told() -> None:
    answer = pooled(Quantiles(("x",), (0.9,), ((0.0, 10.0),)), table([1.0, 2.0, 50.0, 60.0]))
    assert answer.tables["quantiles"]["value"] == [pytest.approx(10.0, abs=0.01)]
    assert "bound of its plausible range" in answer.facts["notes"][0]


def test_no_values_at_all() -> None:
    answer = pooled(Quantiles(("x",)), table([float("nan")] * 3))
    assert answer.tables["quantiles"]["value"] == [None, None, None]
    assert "no values" in answer.facts["notes"][0]


def test_points_do_not_follow_the_extremes_of_a_site() -> None:
    """The same counts must give the same states, whatever the smallest and largest value are."""
    first, second = list(np.linspace(1, 2, 40)), list(np.linspace(1, 2, 40))
    second[0], second[-1] = 1e-3, 1e5
    seen: list[list[State]] = []
    for values in (first, second):
        seen.append(states_of(Quantiles(("x",), (0.5,)), table(values)))
    assert len(seen[0]) == len(seen[1])
    for one, other in zip(*seen, strict=True):
        np.testing.assert_array_equal(one.arrays["low"], other.arrays["low"])


@pytest.mark.parametrize(
    "algorithm", [Quantiles(("x",), (0.0,)), Quantiles(("x",), ranges=((2.0, 1.0),)), Quantiles(("x",), tolerance=0.0)]
)
def test_settings_that_make_no_sense_are_refused(algorithm: Quantiles) -> None:
    with pytest.raises(InvalidRequest):
        pooled(algorithm, table([1.0]))
