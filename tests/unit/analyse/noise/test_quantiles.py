"""Quantiles under noise: intervals that hold, rounds that end, and answers that improve with the budget."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from tests.noise import with_noise

from cohortium.analyse import Quantiles
from cohortium.records import Column, Kind, Schema, Table

WHERE = (0.25, 0.5, 0.75)
SCHEMA = Schema((Column("dose", Kind.CONTINUOUS, minimum=0, maximum=100), Column("free", Kind.CONTINUOUS)))
DOSE = np.random.default_rng(0).gamma(4, 8, 20_000).clip(0, 100)
TABLE = Table(pa.table({"dose": DOSE, "free": DOSE * 7 - 50}), SCHEMA)


@pytest.mark.parametrize("rho", [Fraction(1, 50), Fraction(2)])
def test_intervals_hold_and_the_answer_lies_in_them(rho: Fraction) -> None:
    true = np.quantile(DOSE, WHERE)
    held, widths, errors = [], [], []
    for seed in range(12):
        table = with_noise(Quantiles(("dose",), cuts=7), TABLE, rho, np.random.default_rng(seed)).tables["quantiles"]
        low, high, value = (np.array(table[name]) for name in ("low", "high", "value"))
        held.append((low <= true) & (true <= high))
        widths.append(np.mean(high - low))
        errors.append(np.abs(value - true).mean())
    assert np.mean(held) > 0.95
    assert np.mean(widths) < (25 if rho < 1 else 4)
    assert np.mean(errors) < (4 if rho < 1 else 0.5)


def test_a_column_without_a_range_is_found_too() -> None:
    table = with_noise(Quantiles(("free",), (0.5,)), TABLE, Fraction(20), np.random.default_rng(1)).tables["quantiles"]
    true = float(np.median(DOSE * 7 - 50))
    assert table["low"][0] <= true <= table["high"][0]
    assert table["value"][0] == pytest.approx(true, abs=20)


def test_nothing_is_known_of_an_empty_column() -> None:
    for seed in range(6):
        found = with_noise(Quantiles(("dose",)), TABLE.take([]), Fraction(1, 20), np.random.default_rng(seed))
        table = found.tables["quantiles"]
        assert table["low"] == [0.0] * 3
        assert table["high"] == [100.0] * 3
