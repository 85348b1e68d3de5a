"""Columns that a source already stores as numbers or dates, read without going through texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cohortium.records import Column, Kind
from cohortium.sources.cells.dates import read_dates
from cohortium.sources.cells.missing import code_numbers
from cohortium.sources.cells.readers import DAY, HOURS_IN

_LENGTHS = (Kind.CONTINUOUS, Kind.INTEGER, Kind.DURATION)


@dataclass(frozen=True, slots=True)
class TypedReadings:
    """One typed column read.

    values     : (n,) in the Arrow type of the kind, null where missing.
    unreadable : (n,) True where the cell contradicts the kind.
    """

    values: pa.Array
    unreadable: NDArray[np.bool_]


def read_typed(raw: pa.ChunkedArray, column: Column) -> TypedReadings | None:
    """The column read by its stored type; None where only its texts can be read as the kind."""
    kind = raw.type
    if pa.types.is_boolean(kind) and column.kind is Kind.BOOLEAN:
        return TypedReadings(raw.combine_chunks(), np.zeros(len(raw), dtype=np.bool_))
    if column.kind in _LENGTHS and (
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    ):
        return _numbers(raw, column)
    if column.kind is Kind.DURATION and (pa.types.is_duration(kind) or pa.types.is_time(kind)):
        return _lengths(raw, column)
    if column.kind in (Kind.DATE, Kind.DATETIME) and (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        return _dates(raw, column)
    return None


def _numbers(raw: pa.ChunkedArray, column: Column) -> TypedReadings:
    exact = pa.types.is_integer(raw.type) and column.kind is Kind.INTEGER and not pa.types.is_uint64(raw.type)
    numbers = np.array(raw.cast(pa.float64(), safe=False).fill_null(float("nan")), dtype=np.float64)
    missing = np.isnan(numbers)
    if column.missing_codes:
        missing |= np.isin(numbers, code_numbers(column))
    unreadable = ~missing & ~np.isfinite(numbers)
    if column.kind is not Kind.INTEGER:
        return TypedReadings(pa.array(numbers, mask=missing | unreadable), unreadable)
    if exact:
        integers = np.array(raw.fill_null(0).cast(pa.int64()), dtype=np.int64)
        return TypedReadings(pa.array(integers, mask=missing), unreadable)
    with np.errstate(invalid="ignore"):
        unreadable |= ~missing & ((numbers != np.rint(numbers)) | (np.abs(numbers) >= 2.0**53))
    hidden = missing | unreadable
    return TypedReadings(pa.array(np.where(hidden, 0, numbers).astype(np.int64), mask=hidden), unreadable)


def _lengths(raw: pa.ChunkedArray, column: Column) -> TypedReadings:
    unit = pa.duration("us") if pa.types.is_duration(raw.type) else pa.time64("us")
    microseconds = raw.cast(unit).cast(pa.int64()).combine_chunks()
    hours = np.array(microseconds.fill_null(0), dtype=np.float64) / 3.6e9
    values = hours / HOURS_IN.get(column.unit or "hours", 1.0)
    return TypedReadings(pa.array(values, mask=np.asarray(microseconds.is_null())), np.zeros(len(raw), dtype=np.bool_))


def _dates(raw: pa.ChunkedArray, column: Column) -> TypedReadings:
    stamps = raw.cast(pa.timestamp("us", getattr(raw.type, "tz", None)), safe=False).cast(pa.int64()).combine_chunks()
    microseconds = np.array(stamps.fill_null(0), dtype=np.int64)
    missing = np.array(stamps.is_null(), dtype=np.bool_)
    if column.missing_codes:
        codes = read_dates(pa.array(column.missing_codes, pa.string()))
        missing |= np.isin(microseconds, codes.microseconds[codes.readable])
    unreadable = np.zeros(len(raw), dtype=np.bool_)
    if column.kind is Kind.DATE:
        days = pa.array((microseconds // DAY).astype(np.int32), mask=missing)
        return TypedReadings(days.cast(pa.date32()), unreadable)
    return TypedReadings(pa.array(microseconds, mask=missing).cast(pa.timestamp("us")), unreadable)


def stored_numbers(values: pa.Array) -> NDArray[np.float64]:
    """Numbers (d,) of a typed array, NaN where null."""
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    return np.array(pc.fill_null(values.cast(pa.float64(), safe=False), float("nan")), dtype=np.float64)
