"""A generalised release read as values."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from tests.lattices import halving

from cohortium.anonymise.risk import decoded
from cohortium.records import Column, Kind, Schema, Table

RNG = np.random.default_rng(0)


def original() -> Table:
    days = [dt.date(1980, 1, 1) + dt.timedelta(days=30 * place) for place in range(16)]
    columns = {
        "age": list(range(16)),
        "town": [str(place % 8) for place in range(16)],
        "born": days,
        "smokes": [True, False] * 8,
    }
    kinds = {"age": Kind.INTEGER, "town": Kind.CATEGORICAL, "born": Kind.DATE, "smokes": Kind.BOOLEAN}
    return Table(pa.table(columns), Schema(tuple(Column(name, kind) for name, kind in kinds.items())))


def told(**columns: list[str]) -> Table:
    return Table(pa.table(columns), Schema(tuple(Column(name, Kind.CATEGORICAL) for name in columns)))


def test_bands_become_their_middles() -> None:
    read = decoded(told(age=["0-7", "8-15", "3", "*"]), original(), ["age"], rng=RNG)
    ages = read.numeric("age")
    assert list(ages[:3]) == [4, 12, 3]  # 3.5 and 11.5, to whole years
    assert np.isnan(ages[3])


def test_years_become_their_middles() -> None:
    read = decoded(told(born=["1980", "1981"]), original(), ["born"], rng=RNG)
    years = [day.year for day in read.arrow.column("born").to_pylist()]
    assert years == [1980, 1981]


def test_groups_become_one_of_their_levels() -> None:
    shown = told(town=["0-3"] * 400 + ["7", "*"])
    read = decoded(shown, original(), ["town"], hierarchies={"town": halving("town", 8)}, rng=RNG)
    towns = read.arrow.column("town").to_pylist()
    assert set(towns[:400]) == {"0", "1", "2", "3"}
    assert towns[400:] == ["7", None]


def test_truths_stay_truths() -> None:
    read = decoded(told(smokes=["true", "false", "*"]), original(), ["smokes"], rng=RNG)
    assert read.arrow.column("smokes").to_pylist() == [True, False, None]


def test_columns_that_hold_values_stay() -> None:
    read = decoded(original(), original(), ["age", "born", "town"], rng=RNG)
    assert read.arrow.column("age").to_pylist() == list(range(16))
    assert read.arrow.column("town").to_pylist() == [str(place % 8) for place in range(16)]
    assert read.numeric("born") == pytest.approx(original().numeric("born"))


def test_numbers_that_were_changed_stay_numbers() -> None:
    schema = Schema((Column("age", Kind.CONTINUOUS),))
    read = decoded(Table(pa.table({"age": [3.4, 7.6, None]}), schema), original(), ["age"], rng=RNG)
    assert read.arrow.column("age").to_pylist() == [3, 8, None]
