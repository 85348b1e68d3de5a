"""Which cells a column's missing codes cover."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cohortium.records import Column
from cohortium.sources.cells.numbers import read_numbers

_INFINITE = {"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}


def without_zero_fraction(texts: pa.Array) -> pa.Array:
    """``12.0`` as ``12``: how a float column writes a whole number."""
    return pc.replace_substring_regex(texts, pattern=r"^([+-]?\d+)\.0+$", replacement=r"\1")


def missing_texts(texts: pa.Array, column: Column) -> NDArray[np.bool_]:
    """Which texts (d,) stand for "missing": equal to a code, or the same number for columns of numbers."""
    if not column.missing_codes:
        return np.zeros(len(texts), dtype=np.bool_)
    codes = pa.array(column.missing_codes, pa.string())
    exact = pc.or_(pc.is_in(texts, codes), pc.is_in(without_zero_fraction(texts), codes))
    mask = np.array(exact, dtype=np.bool_)
    if column.kind.is_numeric:
        numbers = code_numbers(column)
        mask |= np.isin(read_numbers(texts, decimal_comma=column.decimal_comma), numbers[np.isfinite(numbers)])
    return mask


def code_numbers(column: Column) -> NDArray[np.float64]:
    """The missing codes that are numbers, infinite ones included."""
    infinite = [float(code) for code in column.missing_codes if code.casefold() in _INFINITE]
    finite = read_numbers(pa.array(column.missing_codes, pa.string()))
    return np.concatenate([finite[~np.isnan(finite)], infinite])
