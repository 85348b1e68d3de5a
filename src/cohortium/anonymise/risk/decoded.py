"""A generalised release as an attacker reads it: every text as one value that it may stand for.

Attacks by nearest neighbours need values. A band of numbers or dates is read as the middle of the values that it
leaves possible, a group of levels as one of them, drawn at random; a text that leaves all possible is read as missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cohortium.anonymise.risk.label_sets import LabelSets
from cohortium.anonymise.tables.coded import distinct_texts
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy
from cohortium.records import Column, Kind, Table
from cohortium.records.table import ARROW_TYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBERS = {Kind.INTEGER, Kind.CONTINUOUS, Kind.DURATION}


def decoded(
    release: Table,
    original: Table,
    columns: Sequence[str],
    *,
    hierarchies: Mapping[str, Hierarchy] | None = None,
    rng: np.random.Generator,
) -> Table:
    """Those ``columns`` of a release under the original's schema; columns that hold values already stay as they are.

    Raises : InvalidRequest where texts say nothing about any value of the original.
    """
    arrays = []
    for name in columns:
        column, own = original.schema[name], release.schema[name]
        if own.kind.is_numeric and (own.kind is column.kind or {own.kind, column.kind} <= _NUMBERS):
            arrays.append(_typed(_fitting(release.numeric(name), column.kind), column.kind))
            continue
        value_codes, values = distinct_texts(original, name)
        codes, texts = distinct_texts(release, name)
        sets = LabelSets.of(name, values, texts, (hierarchies or {}).get(name))
        read = _middles if column.kind.is_numeric else _drawn
        arrays.append(read(original, column, value_codes, sets, codes, rng))
    return Table(pa.table(arrays, names=list(columns)), original.schema.select(columns))


def _middles(
    original: Table, column: Column, value_codes: NDArray[np.int32], sets: LabelSets, codes: NDArray[np.int32],
    _rng: np.random.Generator,
) -> pa.Array:  # fmt: skip
    """The mean of the values that a text leaves possible, of those that the original has."""
    numbers = np.full(len(sets.values), np.nan)
    numbers[value_codes] = original.numeric(column.name)
    known = np.isfinite(numbers)
    possible = sets.holds & known
    number = possible.sum(axis=1)
    middle = np.where(possible, numbers, 0.0).sum(axis=1) / np.maximum(number, 1)
    told = (number > 0) & ((number < known.sum()) | (known.sum() == 1))
    return _typed(_fitting(np.where(told, middle, np.nan)[codes], column.kind), column.kind)


def _drawn(
    _original: Table, column: Column, _value_codes: NDArray[np.int32], sets: LabelSets, codes: NDArray[np.int32],
    rng: np.random.Generator,
) -> pa.Array:  # fmt: skip
    """One of the levels that a text leaves possible, each as likely as any other."""
    chosen = np.full(len(codes), -1, dtype=np.int64)
    for text in range(len(sets.texts)):
        possible = np.flatnonzero(sets.holds[text])
        if len(possible) < len(sets.values) or len(sets.values) == 1:
            rows = np.flatnonzero(codes == text)
            chosen[rows] = possible[rng.integers(0, len(possible), len(rows))]
    missing = (chosen < 0) | np.isin(chosen, [at for at, value in enumerate(sets.values) if value == MISSING])
    texts = pa.array([sets.values[place] for place in chosen], pa.string(), mask=missing)
    if column.kind is Kind.BOOLEAN:
        return pa.array([value == "true" for value in texts.to_pylist()], pa.bool_(), mask=missing)
    return texts


def _fitting(values: NDArray[np.float64], kind: Kind) -> NDArray[np.float64]:
    """Whole numbers where the kind has no others."""
    return values if kind in (Kind.CONTINUOUS, Kind.DURATION) else np.round(values)


def _typed(values: NDArray[np.float64], kind: Kind) -> pa.Array:
    missing = ~np.isfinite(values)
    if kind is Kind.DATE:
        return pa.array(np.where(missing, 0, values).astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())
    if kind is Kind.DATETIME:
        return pa.array(np.where(missing, 0, values * 1e6).astype(np.int64), pa.int64(), mask=missing).cast(
            pa.timestamp("us")
        )
    return pa.array(np.where(missing, 0, values), pa.float64(), mask=missing).cast(ARROW_TYPES[kind])
