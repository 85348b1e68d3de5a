"""Classes count persons, whatever number of rows each has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv as arrow_csv
import pytest
from tests.tables import visits

from cohortium.anonymise.risk import PersonClasses, persons_of, prosecutor, quasi_identifiers, unique_share
from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Schema, Table

AGE = np.array([0, 0, 0, 1, 1, 2], dtype=np.int32)
SEX = np.array([0, 0, 1, 0, 0, 0], dtype=np.int32)


def test_rows_that_share_all_values_are_one_class() -> None:
    found = PersonClasses.of([AGE, SEX])
    assert sorted(found.sizes) == [1, 1, 2, 2]
    assert unique_share(found) == pytest.approx(2 / 6)


def test_a_person_with_many_rows_is_one_person() -> None:
    persons = np.array([7, 7, 7, 7, 8, 9])
    found = PersonClasses.of([AGE, SEX], persons)
    assert found.number == 3
    assert sorted(found.sizes) == [1, 1, 1, 2]
    # Person 7 has a row that nobody shares, 8 shares his only one with 7, 9 stands alone.
    assert list(found.worst(1.0 / found.sizes)) == [1.0, 0.5, 1.0]
    assert unique_share(found) == pytest.approx(2 / 3)


def test_rows_of_one_person_do_not_hide_him() -> None:
    table = visits(50)
    found = PersonClasses.of_table(table, ["sex", "birth_year"])
    assert found.number == 50
    frame = table.to_pandas().drop_duplicates("patient")
    sizes = frame.groupby(["sex", "birth_year"], observed=True).size()
    assert prosecutor(found).average == pytest.approx(len(sizes) / 50)
    assert unique_share(found) == pytest.approx((sizes == 1).sum() / 50)


def test_one_row_each_needs_no_persons() -> None:
    table = visits(50)
    first = table.take(np.unique(table.persons(), return_index=True)[1])
    assert persons_of(first) is None
    assert persons_of(table) is not None


def test_quasi_identifiers_are_named_or_marked() -> None:
    table = visits(5)
    assert quasi_identifiers(table, ["sex"]) == ("sex",)
    with pytest.raises(InvalidRequest, match="Nothing says"):
        quasi_identifiers(table)
    with pytest.raises(InvalidRequest, match="nonsense"):
        quasi_identifiers(table, ["nonsense"])
    with pytest.raises(InvalidRequest, match="nonsense"):
        PersonClasses.of_table(table, ["nonsense"])


def test_adult_has_the_uniqueness_that_arx_finds(data_folder: Path) -> None:
    """Eight of the nine columns, without the salary class: ARX 3.9.2 says 0.46486."""
    raw = arrow_csv.read_csv(data_folder / "tabular" / "adult_arx.csv.gz")
    names = raw.column_names[:-1]
    schema = Schema(tuple(Column(n, Kind.INTEGER if n == "age" else Kind.CATEGORICAL) for n in names))
    found = PersonClasses.of_table(Table(raw.select(names), schema), names)
    assert unique_share(found) == pytest.approx(0.46486, abs=5e-6)
