"""Bins that all sites share: cuts of numbers at equal counts, levels in the order of the outcome, missing apart.

A first sum tells between which powers of two the numbers lie, a second counts them in cells that are fine where many
persons are, and no bin that follows from it has fewer than ``smallest`` persons. No site tells a smallest or largest
value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.design import levels_of
from cohortium.analyse.quantiles import LADDER, WHOLE
from cohortium.errors import InvalidRequest
from cohortium.records import Kind, Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Reals = NDArray[np.float64]

RUNGS = len(LADDER) + 1
FINE = 1024
"""Cells in which a column of numbers is counted, about."""


@dataclass(frozen=True, slots=True)
class BinnedColumn:
    """How the values of one column become bins, 0 for missing.

    levels : of a nominal column, in the order of ``cuts``; None where the column holds numbers.
    cuts   : numbers: rising upper ends of all bins but the last; levels: the bin of each (0 where nobody had it).
    """

    name: str
    levels: tuple[str, ...] | None
    cuts: Reals

    @property
    def width(self) -> int:
        """Bins, that of missing values included."""
        return len(self.cuts) + 2 if self.levels is None else int(self.cuts.max(initial=0)) + 1

    def apply(self, table: Table) -> NDArray[np.uint8]:
        """The bins (n,) of a table's values; a level that the model does not know counts as missing."""
        if self.levels is None:
            values = table.numeric(self.name)
            bins = np.where(np.isnan(values), 0, np.searchsorted(self.cuts, values, "left") + 1)
            return bins.astype(np.uint8)
        codes, levels = table.codes(self.name)
        bin_of = dict(zip(self.levels, self.cuts, strict=True))
        return np.array([*(bin_of.get(level, 0) for level in levels), 0], dtype=np.uint8)[codes]


@dataclass(frozen=True, slots=True)
class AgreedBins:
    """The bins of the features, in their order."""

    columns: tuple[BinnedColumn, ...]

    @property
    def widths(self) -> Integers:
        """(p,) bins of each feature."""
        return np.array([column.width for column in self.columns], dtype=np.int64)

    def apply(self, table: Table) -> NDArray[np.uint8]:
        """The bins (n, p) of a table's rows."""
        bins = np.empty((len(table), len(self.columns)), dtype=np.uint8)
        for place, column in enumerate(self.columns):
            bins[:, place] = column.apply(table)
        return bins

    def parts(self) -> tuple[list[list[Any]], dict[str, NDArray[Any]]]:
        """As JSON values and arrays, for a state or a result."""
        listed = [[c.name, None if c.levels is None else list(c.levels), len(c.cuts)] for c in self.columns]
        return listed, {"cuts": np.concatenate([c.cuts for c in self.columns])}

    @classmethod
    def of(cls, listed: Sequence[Sequence[Any]], cuts: Reals) -> AgreedBins:
        """What ``parts`` made."""
        ends = np.cumsum([count for _, _, count in listed])
        found = zip(listed, np.split(cuts, ends[:-1]), strict=True)
        return cls(tuple(BinnedColumn(name, None if ls is None else tuple(ls), own) for (name, ls, _), own in found))


def described(schema: Schema, features: Sequence[str]) -> list[list[Any]]:
    """Name, levels (None for numbers), whether whole numbers, whether ordered levels: what a state keeps of the schema.

    Raises : InvalidRequest where a column is neither a number nor nominal, or there is none.
    """
    if not features:
        raise InvalidRequest("Trees need at least one feature; name the columns in the setting 'features'.")
    listed: list[list[Any]] = []
    for name in features:
        kind = schema[name].kind
        if not (kind.is_numeric or kind.is_nominal):
            raise InvalidRequest(f"Column '{name}' is {kind}; a feature of a tree is a number, a date or nominal.")
        levels = list(levels_of(schema, name)) if kind.is_nominal else None
        listed.append([name, levels, kind in WHOLE, kind is Kind.ORDINAL])
    return listed


def rungs_of(values: Reals) -> Integers:
    """How many values lie between neighbouring powers of two, (RUNGS,); missing ones are left out."""
    known = values[~np.isnan(values)]
    return np.bincount(np.searchsorted(LADDER, known, "left"), minlength=RUNGS).astype(np.int64)


def fine_cells(rungs: Integers, whole: bool, cells: int = FINE) -> Reals:
    """Rising upper ends of cells in which to count a column: the more persons between two powers, the more cells."""
    held = np.flatnonzero(rungs)
    ends: list[Reals] = [np.zeros(0)]
    for rung in held.tolist():
        low, high = LADDER[max(rung - 1, 0)], LADDER[min(rung, len(LADDER) - 1)]
        parts = 1 + int(cells * int(rungs[rung]) // int(rungs.sum()))
        ends.append(np.linspace(low, high, parts + 1))
    edges = np.unique(np.concatenate(ends))
    return np.unique(np.floor(edges) + 0.5) if whole else edges


def count_cells(values: Reals, edges: Reals) -> Integers:
    """How many values (cells,) lie in each cell, the last being above all ends."""
    known = values[~np.isnan(values)]
    return np.bincount(np.searchsorted(edges, known, "left"), minlength=len(edges) + 1).astype(np.int64)


def number_cuts(counts: Integers, edges: Reals, most: int, smallest: int) -> Reals:
    """Upper ends of at most ``most`` bins of about equally many, each of at least ``smallest``; see ``count_cells``."""
    held = np.flatnonzero(counts)
    after = equal_parts(counts[held], most, smallest)
    # Halfway through the empty cells that follow, as far from values on either side as one can be.
    cuts = [edges[held[place]] / 2 + edges[max(held[place + 1] - 1, 0)] / 2 for place in after]
    return np.unique(np.array(cuts, dtype=np.float64))


def equal_parts(counts: Integers, most: int, smallest: int) -> list[int]:
    """Places after which a part of a row of ``counts`` ends: large ones alone, the others together."""
    left, parts, filled, found = int(counts.sum()), most, 0, list[int]()
    for place in range(len(counts) - 1):
        filled += int(counts[place])
        following = int(counts[place + 1])
        size = left / max(parts, 1)
        enough = filled >= size or (following >= size and 2 * filled >= size) or len(counts) <= most
        if enough and filled >= smallest and left - filled >= smallest and len(found) < most - 1:
            found.append(place)
            left, parts, filled = left - filled, parts - 1, 0
    return found


def level_bins(persons: Integers, means: Reals | None, most: int, smallest: int) -> Reals:
    """The bin of each level, 0 where nobody had it: levels with alike outcomes lie together.

    persons : (levels,); means : (levels, t) of the outcome; None where the levels have an order of their own.
    Source  : Fisher 1958 (t = 1); Coppersmith, Hong & Hosking 1999 (t > 1: order on the first principal axis).
    """
    held = np.flatnonzero(persons)
    place = held.astype(np.float64) if means is None else _position(means[held], persons[held])
    order = held[np.lexsort((held, place))]
    ends = equal_parts(persons[order], most, smallest)
    bins = np.zeros(len(persons), dtype=np.float64)
    bins[order] = 1 + np.searchsorted(ends, np.arange(len(order)), "left")
    return bins


def shares_of(persons: Integers, marks: Reals, smallest: int, per_time: bool) -> Reals:
    """Mean marks (levels, t) of each level, shrunk as if ``smallest`` more persons had the overall mean.

    per_time : the two marks are events and time under observation; the mean is the rate.
    """
    overall = marks.sum(axis=0) / max(int(persons.sum()), 1)
    shrunk = marks + smallest * overall
    if per_time:
        return np.asarray(shrunk[:, :1] / np.maximum(shrunk[:, 1:], 1e-300))
    return np.asarray(shrunk / (persons + smallest)[:, None])


def _position(means: Reals, persons: Integers) -> Reals:
    if means.shape[1] == 1 or not len(means):
        return np.asarray(means.sum(axis=1))
    centred = means - persons @ means / persons.sum()
    axis = np.linalg.eigh((centred * persons[:, None]).T @ centred)[1][:, -1]
    sign = 1.0 if axis[int(np.argmax(np.abs(axis)))] > 0 else -1.0
    # Levels that differ by rounding alone must stand in the same order at every runner.
    return np.asarray(np.round(sign * (centred @ axis), 12), dtype=np.float64)
