"""Distinct texts read as the kind that a schema gives them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cohortium.records import Column, Kind
from cohortium.sources.cells.booleans import read_booleans
from cohortium.sources.cells.dates import read_dates
from cohortium.sources.cells.durations import read_durations
from cohortium.sources.cells.missing import missing_texts, without_zero_fraction
from cohortium.sources.cells.numbers import plain_text, read_numbers
from cohortium.sources.cells.patterns import matching

DAY = 86_400_000_000  # microseconds
HOURS_IN = {"seconds": 1 / 3600, "s": 1 / 3600, "minutes": 1 / 60, "min": 1 / 60, "hours": 1.0, "h": 1.0, "days": 24.0}
EXACT_INTEGER = r"^[+-]?(\d{1,18}|[1-8]\d{18})$"  # what 64 bits hold


@dataclass(frozen=True, slots=True)
class Readings:
    """What distinct texts mean.

    values     : (d,) in the Arrow type of the kind, codes into ``levels`` for nominal kinds; null where not a value.
    unreadable : (d,) True where the text is neither a value nor a missing code.
    """

    values: pa.Array
    unreadable: NDArray[np.bool_]
    levels: tuple[str, ...] = ()


def read_distinct(texts: pa.Array, column: Column) -> Readings:
    """Read ``texts`` as the kind of ``column``."""
    missing = missing_texts(texts, column)
    if column.kind in (Kind.CATEGORICAL, Kind.ORDINAL):
        return _levels(texts, missing, column)
    if column.kind in (Kind.IDENTIFIER, Kind.TEXT):
        return Readings(pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), texts), np.zeros_like(missing))
    values = _READERS[column.kind](texts, column)
    values = pc.if_else(pa.array(missing), pa.scalar(None, values.type), values)
    return Readings(values, np.asarray(values.is_null()) & ~missing)


def _levels(texts: pa.Array, missing: NDArray[np.bool_], column: Column) -> Readings:
    """Codes of levels; with listed levels, ``1.0`` also finds the level ``1``, and any other text is unreadable."""
    known = texts.filter(pa.array(~missing)) if column.levels is None else pa.array(column.levels, pa.string())
    codes = pc.index_in(texts, known)
    if column.levels is not None:
        codes = pc.coalesce(codes, pc.index_in(without_zero_fraction(texts), known))
    codes = pc.if_else(pa.array(missing), pa.scalar(None, pa.int32()), codes)
    return Readings(codes, np.asarray(codes.is_null()) & ~missing, tuple(known.to_pylist()))


def _integers(texts: pa.Array, column: Column) -> pa.Array:
    plain = plain_text(texts, decimal_comma=column.decimal_comma)
    exact = pc.if_else(pa.array(matching(plain, EXACT_INTEGER)), plain, pa.scalar(None, pa.string()))
    numbers = plain.cast(pa.float64())
    # Beyond 2**53 a float no longer tells neighbouring integers apart.
    whole = pc.and_(pc.equal(numbers, pc.round(numbers)), pc.less(pc.abs(numbers), 2.0**53))
    rounded = pc.if_else(whole, numbers, pa.scalar(None, pa.float64())).cast(pa.int64())
    return pc.coalesce(exact.cast(pa.int64()), rounded)


def _floats(texts: pa.Array, column: Column) -> pa.Array:
    numbers = read_numbers(texts, decimal_comma=column.decimal_comma)
    return pa.array(numbers, mask=np.isnan(numbers))


def _durations(texts: pa.Array, column: Column) -> pa.Array:
    numbers = read_numbers(texts, decimal_comma=column.decimal_comma)
    clock = read_durations(texts) / HOURS_IN.get(column.unit or "hours", 1.0)
    numbers = np.where(np.isnan(numbers), clock, numbers)
    return pa.array(numbers, mask=np.isnan(numbers))


def _booleans(texts: pa.Array, column: Column) -> pa.Array:
    answers = read_booleans(texts)
    return pa.array(answers == 1, mask=answers < 0)


def _dates(texts: pa.Array, column: Column) -> pa.Array:
    read = read_dates(texts, column.date_format, latest_year=latest_year(column))
    days = (read.microseconds // DAY).astype(np.int32)
    return pa.array(days, mask=~read.readable).cast(pa.date32())


def _datetimes(texts: pa.Array, column: Column) -> pa.Array:
    read = read_dates(texts, column.date_format, latest_year=latest_year(column))
    return pa.array(read.microseconds, mask=~read.readable).cast(pa.timestamp("us"))


def latest_year(column: Column) -> int:
    """The latest year that a two-digit year may mean: that of the column's maximum, else 2068 as POSIX has it."""
    if column.maximum is None:
        return 2068
    days = column.maximum if column.kind is Kind.DATE else column.maximum / 86_400
    return int(np.datetime64(int(days), "D").astype("datetime64[Y]").astype(int)) + 1970


_READERS = {
    Kind.CONTINUOUS: _floats,
    Kind.INTEGER: _integers,
    Kind.DURATION: _durations,
    Kind.BOOLEAN: _booleans,
    Kind.DATE: _dates,
    Kind.DATETIME: _datetimes,
}
