"""Learning the marginal of a column from persons, so that nothing of one person alone is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.person_bins import person_bins
from cohortium.records import Column, Kind, Table
from cohortium.synthesise.tables.heaping import heaped
from cohortium.synthesise.tables.marginal_codec import Grain, Marginal, finite_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_BINS = 500
SMOOTH = 1.0
SPIKE = 2.0
"""A value shared by so many times as many persons as the values around it keeps a bin of its own."""
GRAIN_SHARE = 0.995
"""A resolution counts as the column's where this share of its values keeps to it."""
ENDS = 3
"""The range of a column ends at the mean of so many of its most extreme values."""
TAIL_PIECES = 8


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
    shares, low, high = _histogram(
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
    decimals = range(7) if column.decimals is None else (column.decimals,)
    finer = [10.0**-digits for digits in decimals] if column.kind is not Kind.INTEGER else [1.0]
    step = next((step for step in finer if _keeps(values, Grain(step))), 0.0)
    return Grain(step, next((digits for digits in range(1, 7) if _keeps(values, Grain(step, digits))), 0))


def _keeps(values: Floats, grain: Grain) -> bool:
    return len(values) > 0 and float(np.isclose(grain.round(values), values, rtol=1e-9, atol=0.0).mean()) >= GRAIN_SHARE


def _histogram(
    values: Floats, codes: NDArray[np.int64], weights: Floats, persons: int, least: int, grain: Grain
) -> tuple[Floats, Floats, Floats]:
    """Shares and ranges of the cells of a number that has a value in every row."""
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    full = max(least, persons // MOST_BINS, round(SMOOTH * persons**0.5))
    bins, spikes = person_bins(values, codes[order], persons, least, full, SPIKE)
    starts = np.searchsorted(bins, np.arange(len(spikes) + 1))
    shares = np.add.reduceat(weights, starts[:-1]) / weights.sum()
    low, high = _ranges(values, starts, spikes, grain)
    cells = list(zip(shares[:, None], low[:, None], high[:, None], strict=True))
    if len(shares) > 1 and np.isnan(spikes[-1]):
        cells[-1] = _tail(shares[-1], low[-1], high[-1], float(values[starts[-2] :].mean()))
    if len(shares) > 1 and np.isnan(spikes[0]):
        tail_shares, tail_high, tail_low = _tail(shares[0], high[0], low[0], float(values[: starts[1]].mean()))
        cells[0] = tail_shares, tail_low[::-1], tail_high[::-1]
    shares, low, high = (np.concatenate(parts) for parts in zip(*cells, strict=True))
    if grain.step > 0.0 and (grain.at(values) == grain.step).all():
        shares, low, high = heaped(shares, low, high, values, weights, grain.step)
    return shares, low, high


def _ranges(values: Floats, starts: NDArray[np.int64], spikes: Floats, grain: Grain) -> tuple[Floats, Floats]:
    """Where the bins of a sorted column begin and end, without a bound that is one person's value.

    Two bins meet halfway between their values. Beside a spike, and at the ends of the column, a bin reaches to the
    mean of its outermost values.
    """
    low, high = spikes.copy(), spikes.copy()
    half = grain.at(values) / 2.0
    for i in np.flatnonzero(np.isnan(spikes)):
        members = values[starts[i] : starts[i + 1]]
        outermost = min(ENDS, max(1, len(members) // 3))
        low[i] = members[:outermost].mean() - half[starts[i]]
        high[i] = members[-outermost:].mean() + half[starts[i + 1] - 1]
        if i > 0 and np.isnan(spikes[i - 1]):
            low[i] = high[i - 1] = (values[starts[i] - 1] + members[0]) / 2
    return low, high


def _tail(share: float, inner: float, outer: float, mean: float) -> tuple[Floats, Floats, Floats]:
    """The outermost bin as pieces of equal share whose widths grow outwards, so that its mean is that of its members.

    Returns : shares, inner ends and outer ends of the pieces.
    """
    reach, excess = outer - inner, mean - inner
    power = float(np.clip(reach / excess - 1.0, 1.0, 6.0)) if excess * reach > 0.0 else 1.0
    cuts = inner + reach * np.linspace(0.0, 1.0, TAIL_PIECES + 1) ** power
    return np.full(TAIL_PIECES, share / TAIL_PIECES), cuts[:-1], cuts[1:]
