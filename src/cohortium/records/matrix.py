"""Several tables of one schema as float matrices that can be compared cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRecords
from cohortium.records.table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Matrices:
    """The modelled columns of several tables.

    values  : one float64 array (n_i, p) per table; NaN where missing; nominal columns as codes that the tables share.
    nominal : (p,) True where a column holds codes.
    levels  : per column the levels that its codes count; empty for numeric columns.
    names   : (p,) column names.
    """

    values: tuple[NDArray[np.float64], ...]
    nominal: NDArray[np.bool_]
    levels: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]

    def place(self, name: str) -> int:
        """Number of the column called ``name``."""
        return self.names.index(name)


SIGNIFICANT_DIGITS = 6


def matrices(tables: Sequence[Table]) -> Matrices:
    """The modelled columns that every table has, as matrices with shared codes.

    Numbers are rounded to six significant digits, so that the float width of a file does not give its rows away.
    Raises : InvalidRecords where a column is nominal in one table and numeric in another.
    """
    first = tables[0]
    names = tuple(c.name for c in first.schema.modelled if all(c.name in table.schema for table in tables))
    arrays = [np.empty((len(table), len(names))) for table in tables]
    nominal = np.zeros(len(names), dtype=np.bool_)
    levels: list[tuple[str, ...]] = []
    for place, name in enumerate(names):
        nominal[place] = first.schema[name].kind.is_nominal
        if any(table.schema[name].kind.is_nominal != nominal[place] for table in tables):
            raise InvalidRecords(f"Column '{name}' is nominal in one table and numeric in another; give both one kind.")
        if nominal[place]:
            coded = [table.codes(name) for table in tables]
            shared = list(dict.fromkeys(level for _, own in coded for level in own))
            where = {level: code for code, level in enumerate(shared)}
            for array, (codes, own) in zip(arrays, coded, strict=True):
                lookup = np.array([where[level] for level in own] + [np.nan], dtype=np.float64)
                array[:, place] = lookup[codes]
            levels.append(tuple(shared))
        else:
            for array, table in zip(arrays, tables, strict=True):
                array[:, place] = rounded(table.numeric(name))
            levels.append(())
    return Matrices(tuple(arrays), nominal, tuple(levels), names)


def rounded(values: NDArray[np.float64], digits: int = SIGNIFICANT_DIGITS) -> NDArray[np.float64]:
    """Values at ``digits`` significant digits; whole numbers, zeros and missing values stay as they are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.floor(np.log10(np.abs(values)))
    usable = np.isfinite(size) & (values != np.round(values))
    scale = 10.0 ** (digits - 1 - np.where(usable, size, 0.0))
    return np.where(usable, np.round(values * scale) / scale, values)
