"""Rows and columns as 64-bit marks, equal where they are equal, so that copies are found without comparing pairs."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from cohortium.quality.columns import is_key
from cohortium.records import Column, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ODD, _FIRST, _SECOND = (np.uint64(k) for k in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Marks of a table.

    rows    : (n,) equal where rows are equal in every column.
    records : (n,) equal where rows are equal in every column that is not a key.
    columns : by name; equal where columns hold the same values, except with a chance near 1 in 2^64.
    """

    rows: NDArray[np.uint64]
    records: NDArray[np.uint64]
    columns: dict[str, int]


def fingerprints(table: Table) -> Fingerprints:
    """The marks of all rows and columns, in one pass over the columns."""
    rows = np.zeros(len(table), dtype=np.uint64)
    records, columns = rows.copy(), {}
    for column in table.schema.columns:
        marks = _marks(table, column)
        columns[column.name] = hash(marks.tobytes())
        rows = rows * _ODD + marks
        if not is_key(column):
            records = records * _ODD + marks
    return Fingerprints(rows, records, columns)


def _marks(table: Table, column: Column) -> NDArray[np.uint64]:
    if column.kind.is_numeric:
        # Adding zero makes one of the two zeros; every missing value is the same NaN.
        values = np.where(np.isnan(found := table.numeric(column.name)), np.nan, found + 0.0)
        return _mixed(values.view(np.uint64))
    if column.kind.is_nominal:
        codes, levels = table.codes(column.name)
        digests = [int.from_bytes(blake2b(level.encode(), digest_size=8).digest(), "little") for level in levels]
        return np.array([*digests, 0], dtype=np.uint64)[codes]
    return _mixed(table.factorised(column.name).astype(np.int64).view(np.uint64))


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the result depends on every bit given.

    Source : SplitMix64, Steele, Lea and Flood 2014.
    """
    mixed = bits + _ODD
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))
