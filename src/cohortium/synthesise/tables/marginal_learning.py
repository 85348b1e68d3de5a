"""Learning the marginal of a column from persons, so that nothing of one person alone is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.records import Column, Kind, Table
from cohortium.synthesise.tables.marginal_codec import Grain, Marginal, finite_numbers
from cohortium.synthesise.tables.number_cells import number_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GRAIN_SHARE = 0.995
"""A resolution counts as the column's where this share of its values keeps to it."""


def least_persons(persons: int, wanted: int = 10) -> int:
    """How many persons must share a cell: ``wanted``, less below 30 times as many persons, never below 3."""
    return max(3, min(wanted, persons // 30))


@dataclass(frozen=True, slots=True)
class Persons:
    """Which person each row belongs to: codes (n,) below ``count``. A person weighs 1, spread over their rows (n,)."""

    codes: NDArray[np.int64]
    count: int
    weights: Floats

    @classmethod
    def of(cls, table: Table) -> Persons:
        """The persons of ``table``."""
        _, codes, rows = np.unique(table.persons(), return_inverse=True, return_counts=True)
        return cls(codes.astype(np.int64), len(rows), 1.0 / rows[codes])

    def among(self, rows: NDArray[np.bool_]) -> int:
        """How many persons have at least one of the ``rows``."""
        return int(np.count_nonzero(np.bincount(self.codes[rows], minlength=self.count)))


def learn_marginal(table: Table, column: Column, persons: Persons, least: int) -> tuple[Marginal, tuple[str, ...]]:
    """The marginal of one column, and in whole sentences what was left out of it."""
    known = ~table.missing(column.name)
    missing = float(persons.weights[~known].sum() / persons.count)
    if column.kind.is_nominal:
        return _learn_levels(table, column, persons, least, missing)
    values = finite_numbers(table, column.name)
    grain = _grain(values[known], column)
    if persons.among(known) < least:
        return _nothing(column, None, persons.among(known), least)
    shares, low, high = number_cells(
        values[known], persons.codes[known], persons.weights[known], persons.count, least, grain
    )
    return Marginal(column, shares, low, high, None, grain, missing), ()


def _nothing(column: Column, levels: tuple[str, ...] | None, held: int, least: int) -> tuple[Marginal, tuple[str, ...]]:
    none = np.zeros(0)
    said = f"Column '{column.name}' stays empty: {held} persons have a value, and it takes {least} to learn from them."
    return Marginal(column, none, none, none, levels, Grain(), 1.0), (said,)


def _learn_levels(
    table: Table, column: Column, persons: Persons, least: int, missing: float
) -> tuple[Marginal, tuple[str, ...]]:
    codes, levels = table.codes(column.name)
    known = codes >= 0
    pairs = np.unique(codes[known].astype(np.int64) * persons.count + persons.codes[known])
    carriers = np.bincount(pairs // persons.count, minlength=len(levels))
    weights = np.bincount(codes[known], persons.weights[known], minlength=len(levels))
    present, kept = np.flatnonzero(carriers), np.flatnonzero(carriers >= least)
    if not len(kept):
        marginal, said = _nothing(column, (), persons.among(known), least)
        more = f"Column '{column.name}' stays empty: none of its {len(present)} levels is carried by {least} persons."
        return marginal, (more,) if len(present) else said
    notes: tuple[str, ...] = ()
    if len(kept) < len(present):
        lost = 1.0 - weights[kept].sum() / weights.sum()
        notes = (
            f"Column '{column.name}': {len(present) - len(kept)} of {len(present)} levels are left out, because fewer "
            f"than {least} persons carry each of them ({lost:.1%} of the values).",
        )
    place = np.arange(len(kept), dtype=np.float64)
    names = tuple(levels[code] for code in kept)
    return Marginal(column, weights[kept] / weights[kept].sum(), place, place, names, Grain(1.0), missing), notes


def _grain(values: Floats, column: Column) -> Grain:
    """The coarsest grain that (nearly) all values keep to."""
    if column.kind in (Kind.DATE, Kind.DATETIME):
        steps = (86400.0, 60.0, 1.0) if column.kind is Kind.DATETIME else (1.0,)
        return Grain(next((step for step in steps if _keeps(values, Grain(step))), 0.0))
    if column.decimals is not None:
        step = 10.0**-column.decimals
    else:
        finer = [1.0] if column.kind is Kind.INTEGER else [10.0**-decimals for decimals in range(7)]
        step = next((step for step in finer if _keeps(values, Grain(step))), 0.0)
    return Grain(step, next((digits for digits in range(1, 7) if _keeps(values, Grain(step, digits))), 0))


def _keeps(values: Floats, grain: Grain) -> bool:
    return len(values) > 0 and float(np.isclose(grain.round(values), values, rtol=1e-9, atol=0.0).mean()) >= GRAIN_SHARE
