"""A column as at most 256 bins and back, without a value that belongs to a few persons.

Bin 0 is "missing". A value (or level) that at least ``smallest`` persons share may be a bin of its own, an atom: heaps
such as 0 or 40 come back exactly. Other numbers fall into intervals of at least ``smallest`` persons; on the way back
a number is drawn along a smoothed quantile function of the interval, so that no one's value is repeated. The tails end
at the mean of the ``smallest`` most extreme values. Levels that fewer persons carry do not come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cohortium.records import Column, Kind, Table
from cohortium.records.table import ARROW_TYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BINS = 255
MOST_OWN_LEVELS = 200
"""Levels beyond these share bins with their neighbours in alphabetical order: for codes such as ICD, their chapter."""


@dataclass(frozen=True, slots=True)
class ColumnBins:
    """How one column becomes bins.

    upper    : (width - 2,) upper ends of all numeric bins but the last.
    first    : (width + 1,) where each bin's pieces begin in ``values`` (numeric) or its levels in ``levels``.
    values   : ends of the equally likely pieces of each numeric bin; an atom has one piece of no length.
    chances  : for nominal columns, the share of each level within its bin, in line with ``levels``.
    left_out : persons whose value does not come back; levels_left_out : how many levels that were.
    """

    column: Column
    width: int
    upper: NDArray[np.float64]
    first: NDArray[np.int64]
    values: NDArray[np.float64]
    levels: tuple[str, ...]
    chances: NDArray[np.float64]
    interval: NDArray[np.bool_]
    left_out: int = 0
    levels_left_out: int = 0

    @property
    def is_ordered(self) -> bool:
        """Whether neighbouring bins are alike."""
        return not self.column.kind.is_nominal or self.column.kind is Kind.ORDINAL

    def encode(self, table: Table) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The bins (n,) of the column's values, and which values do not come back (shown as missing here)."""
        name = self.column.name
        if self.column.kind.is_nominal:
            codes, own = table.codes(name)
            bin_of = np.zeros(len(self.levels), dtype=np.int64)
            for place in range(1, self.width):
                bin_of[self.first[place] : self.first[place + 1]] = place
            known = dict(zip(self.levels, bin_of, strict=True))
            lookup = np.array([known.get(level, 0) for level in own] + [0], dtype=np.uint8)
            bins = lookup[codes]
            return bins, (bins == 0) & (codes >= 0)
        values = table.numeric(name)
        missing = ~np.isfinite(values)
        if self.width == 1:
            return np.zeros(len(values), np.uint8), ~missing
        found = np.searchsorted(self.upper, np.where(missing, 0.0, values), side="left") + 1
        return np.where(missing, 0, found).astype(np.uint8), np.zeros(len(values), dtype=np.bool_)

    def decode(self, bins: NDArray[np.uint8], rng: np.random.Generator) -> pa.Array:
        """Values for ``bins`` as an Arrow array of the column's type."""
        missing = bins == 0
        if self.column.kind.is_nominal:
            return self._decode_levels(bins, missing, rng)
        pieces = np.diff(self.first) - 1
        along = rng.random(len(bins)) * pieces[bins]
        piece = np.minimum(along.astype(np.int64), np.maximum(pieces[bins] - 1, 0))
        low = self.first[bins] + piece
        numbers = self.values[low]
        numbers += (along - piece) * (self.values[np.minimum(low + 1, len(self.values) - 1)] - numbers)
        return numbers_to_arrow(numbers, missing, self.column)

    def _decode_levels(self, bins: NDArray[np.uint8], missing: NDArray[np.bool_], rng: np.random.Generator) -> pa.Array:
        codes = self.first[bins].astype(np.int32)
        shared = np.flatnonzero(np.diff(self.first) > 1)
        for place in shared[shared > 0]:
            rows = np.flatnonzero(bins == place)
            own = slice(self.first[place], self.first[place + 1])
            codes[rows] = self.first[place] + rng.choice(
                np.diff(self.first)[place], size=len(rows), p=self.chances[own]
            )
        if self.column.kind is Kind.BOOLEAN:
            truth = np.array([level == "true" for level in self.levels] + [False])
            return pa.array(truth[np.where(missing, len(self.levels), codes)], mask=missing)
        indices = pa.array(np.where(missing, 0, codes), type=pa.int32(), mask=missing)
        return pa.DictionaryArray.from_arrays(indices, pa.array(list(self.levels), pa.string()))


def numbers_to_arrow(numbers: NDArray[np.float64], missing: NDArray[np.bool_], column: Column) -> pa.Array:
    """Numbers at the column's resolution and within its plausible range, as an Arrow array of its type."""
    low, high = column.minimum, column.maximum
    if low is not None or high is not None:
        numbers = np.clip(numbers, low, high)
    numbers = np.where(missing, 0.0, numbers)
    if column.kind is Kind.DATETIME:
        microseconds = np.round(numbers * 1e6).astype(np.int64)
        return pa.array(microseconds, mask=missing).cast(ARROW_TYPES[column.kind])
    if column.kind is Kind.DATE:
        return pa.array(np.round(numbers).astype(np.int32), mask=missing).cast(pa.date32())
    if column.kind is Kind.INTEGER:
        return pa.array(np.round(numbers).astype(np.int64), mask=missing)
    if column.decimals is not None:
        numbers = np.round(numbers, column.decimals)
    return pa.array(numbers, mask=missing)


def bin_column(
    table: Table, column: Column, persons: NDArray[np.int32], *, smallest: int, most: int = MOST_BINS
) -> ColumnBins:
    """The bins of one column of ``table``; ``smallest`` counts ``persons`` (n,), of whom each counts once per value."""
    if column.kind.is_nominal:
        return _bin_levels(table, column, persons, smallest)
    return _bin_numbers(table.numeric(column.name), column, persons, smallest, most)


def _bin_levels(table: Table, column: Column, persons: NDArray[np.int32], smallest: int) -> ColumnBins:
    codes, levels = table.codes(column.name)
    holders = _holders(codes, persons, len(levels))
    return level_bins(column, levels, holders, np.bincount(codes[codes >= 0], minlength=len(levels)), smallest)


def level_bins(
    column: Column, levels: Sequence[str], holders: NDArray[np.int64], rows: NDArray[np.int64], smallest: int
) -> ColumnBins:
    """The bins of a nominal column of whose ``levels`` (k,) so many persons and so many rows hold each."""
    kept = [place for place in range(len(levels)) if holders[place] >= smallest]
    crowded = len(kept) > MOST_OWN_LEVELS + 1
    groups: list[list[int]] = []
    if crowded:
        by_weight = sorted(kept, key=lambda place: -rows[place])
        own, rest = set(by_weight[:MOST_OWN_LEVELS]), sorted(by_weight[MOST_OWN_LEVELS:], key=lambda p: levels[p])
        groups = [[place] for place in kept if place in own]
        shares = np.array_split(np.array(rest), min(MOST_BINS - 1 - MOST_OWN_LEVELS, len(rest)))
        groups += [list(share) for share in shares]
    else:
        groups = [[place] for place in kept]
    order = [place for group in groups for place in group]
    sizes = [len(group) for group in groups]
    first = np.concatenate([[0, 0], np.cumsum(sizes)]).astype(np.int64)
    weights = [rows[group] / rows[group].sum() for group in groups]
    gone = [place for place in range(len(levels)) if 0 < holders[place] < smallest]
    return ColumnBins(
        column,
        len(groups) + 1,
        np.zeros(0),
        first,
        np.zeros(0),
        tuple(levels[place] for place in order),
        np.concatenate(weights) if weights else np.zeros(0),
        np.zeros(256, np.bool_),
        int(holders[gone].sum()),
        len(gone),
    )


def _holders(codes: NDArray[np.int32], persons: NDArray[np.int32], width: int) -> NDArray[np.int64]:
    known = codes >= 0
    if _is_one_row_each(persons):
        return np.bincount(codes[known], minlength=width)
    pairs = np.unique(persons[known].astype(np.int64) * max(width, 1) + codes[known])
    return np.bincount(pairs % max(width, 1), minlength=width)


def _is_one_row_each(persons: NDArray[np.int32]) -> bool:
    """Whether every row is a person of its own, told without a sort where persons are numbered as they come."""
    return bool((np.diff(persons) > 0).all())


def _persons_in(persons: NDArray[np.int32]) -> int:
    return len(persons) if _is_one_row_each(persons) else len(np.unique(persons))


def _number_holders(
    values: NDArray[np.float64], persons: NDArray[np.int32], distinct: NDArray[np.float64], count: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many persons hold each of the ``distinct`` values, of which ``count`` rows hold each."""
    if _is_one_row_each(persons):
        return count
    return _holders(np.searchsorted(distinct, values).astype(np.int32), persons, len(distinct))


def _bin_numbers(
    values: NDArray[np.float64], column: Column, persons: NDArray[np.int32], smallest: int, most: int
) -> ColumnBins:
    known = np.isfinite(values)
    numbers = np.sort(values[known])
    interval = np.zeros(256, np.bool_)
    if _persons_in(persons[known]) < smallest:
        nothing = np.array([0, 2], np.int64)
        left = int(known.sum())
        return ColumnBins(
            column, 1, np.zeros(0), nothing, np.full(2, np.nan), (), np.zeros(0), interval, left, int(left > 0)
        )
    starts = np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1]]))
    distinct, count = numbers[starts], np.diff(np.append(starts, len(numbers)))
    holders = _number_holders(values[known], persons[known], distinct, count)
    light = 2 * count < enough_for(int(count.sum()), smallest, most)
    alone = (holders >= smallest) & ~(light & (len(count) >= most))
    groups = grouped(count, holders, alone, smallest, most)
    ends = np.cumsum(count)
    upper, pieces = [], []
    for number, (start, stop) in enumerate(groups):
        if stop < len(distinct):
            upper.append((distinct[stop - 1] + distinct[stop]) / 2)
        if stop - start == 1 and holders[start] >= smallest:
            pieces.append(np.full(2, distinct[start]))
            continue
        interval[number + 1] = True
        inside = numbers[ends[start] - count[start] : ends[stop - 1]]
        low = (distinct[start - 1] + distinct[start]) / 2 if start else inside[:smallest].mean()
        high = (distinct[stop - 1] + distinct[stop]) / 2 if stop < len(distinct) else inside[-smallest:].mean()
        pieces.append(_pieces(inside, low, high, smallest))
    first = np.concatenate([[0], np.cumsum([2] + [len(piece) for piece in pieces])]).astype(np.int64)
    table = np.concatenate([np.full(2, np.nan), *pieces])
    return ColumnBins(column, len(groups) + 1, np.array(upper), first, table, (), np.zeros(0), interval)


def enough_for(rows: int, smallest: int, most: int) -> int:
    """Rows at which a bin of a number is closed, so that about ``most`` bins hold them all."""
    return max(smallest, int(np.ceil(rows / (most - 1) * 1.5)))


def grouped(
    count: NDArray[np.int64], holders: NDArray[np.int64], alone: NDArray[np.bool_], smallest: int, most: int
) -> list[tuple[int, int]]:
    """Runs of values: those that stand ``alone``, and others together until they weigh enough.

    count, holders : rows and persons of each value, in ascending order of the values.
    """
    enough = enough_for(int(count.sum()), smallest, most)
    groups: list[tuple[int, int]] = []
    start, weight, people = 0, 0, 0
    for place in range(len(count)):
        if alone[place]:
            if place > start:
                groups.append((start, place))
            groups.append((place, place + 1))
            start, weight, people = place + 1, 0, 0
            continue
        weight += int(count[place])
        people += int(holders[place])
        if weight >= enough and people >= smallest:
            groups.append((start, place + 1))
            start, weight, people = place + 1, 0, 0
    if start < len(count):
        groups.append((start, len(count)))
    return _merged(groups, holders, smallest, most)


def _merged(
    groups: list[tuple[int, int]], holders: NDArray[np.int64], smallest: int, most: int
) -> list[tuple[int, int]]:
    """Runs that hold too few persons join the lighter of their neighbours."""
    weights = [int(holders[start:stop].sum()) for start, stop in groups]
    while len(groups) > 1 and (min(weights) < smallest or len(groups) > most - 1):
        place = int(np.argmin(weights))
        beside = _lighter_neighbour(weights, place)
        first, second = sorted((place, beside))
        groups[first : second + 1] = [(groups[first][0], groups[second][1])]
        weights[first : second + 1] = [weights[first] + weights[second]]
    return groups


def _lighter_neighbour(weights: list[int], place: int) -> int:
    if place == 0:
        return 1
    if place == len(weights) - 1:
        return place - 1
    return place - 1 if weights[place - 1] <= weights[place + 1] else place + 1


def _pieces(inside: NDArray[np.float64], low: float, high: float, smallest: int) -> NDArray[np.float64]:
    """Ends of equally likely pieces of an interval, each end between two persons' values."""
    n_pieces = max(1, len(inside) // smallest)
    cuts = (np.arange(1, n_pieces) * len(inside)) // n_pieces
    between = (inside[cuts - 1] + inside[cuts]) / 2
    return np.maximum.accumulate(np.clip(np.concatenate([[low], between, [high]]), low, high))
