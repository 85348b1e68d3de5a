"""Bins from public ranges and noisy counts alone: fine cells by the schema, joined until each outweighs its noise.

Cells are equal parts of the plausible range, and powers of two, so that a column most of whose values are small keeps
its detail there. No site tells a smallest or largest value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.design import levels_of
from cohortium.analyse.quantiles import POWERS, WHOLE
from cohortium.analyse.trees.agreed_bins import BinnedColumn
from cohortium.errors import InvalidRequest
from cohortium.privacy.sensitivity import plausible_range
from cohortium.records import Kind, Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Reals = NDArray[np.float64]

PARTS = 16
SMALLEST_POWER = 2.0**-12
"""Of the range; smaller powers of two make no cells."""
DEVIATIONS = 2.0
"""A bin has at least so many standard deviations of the noise in its count."""
MOST_LEVELS = 250


def fine_edges(schema: Schema, name: str) -> Reals | None:
    """Rising upper ends of all fine cells but the last; None for a nominal column, whose levels are its cells.

    Raises : NotApplicable where a number states no plausible range; InvalidRequest where a column can be no feature.
    """
    kind = schema[name].kind
    if kind.is_nominal:
        if len(levels_of(schema, name)) > MOST_LEVELS:
            raise InvalidRequest(f"Column '{name}' has more than {MOST_LEVELS} levels; a feature here has no more.")
        return None
    if kind in (Kind.DATE, Kind.DATETIME) or not kind.is_numeric:
        raise InvalidRequest(
            f"Column '{name}' is {kind}; a feature here is a number with a plausible range or nominal."
        )
    low, high = plausible_range(schema[name])
    powers = POWERS[SMALLEST_POWER * (high - low) <= POWERS]
    edges = np.concatenate([np.linspace(low, high, PARTS + 1), powers, -powers, [0.0]])
    edges = np.unique(edges[(edges >= low) & (edges < high)])
    return np.unique(np.floor(edges) + 0.5) if kind in WHOLE else edges


@dataclass(frozen=True, slots=True)
class FineCells:
    """The cells of features, 0 for missing in each.

    names : the features. edges : of each, None where it is nominal. levels : of each, none where it is a number.
    """

    names: tuple[str, ...]
    edges: tuple[Reals | None, ...]
    levels: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, schema: Schema, names: Sequence[str]) -> FineCells:
        """The cells that the schema gives; every site and the hub find the same."""
        edges = tuple(fine_edges(schema, name) for name in names)
        levels = tuple(() if own is not None else levels_of(schema, n) for n, own in zip(names, edges, strict=True))
        return cls(tuple(names), edges, levels)

    def parts(self) -> tuple[list[list[Any]], Reals]:
        """As JSON values and one array, for a state."""
        sizes = [None if edges is None else len(edges) for edges in self.edges]
        listed = [[name, list(levels), size] for name, levels, size in zip(self.names, self.levels, sizes, strict=True)]
        return listed, np.concatenate([np.zeros(0), *(edges for edges in self.edges if edges is not None)])

    @classmethod
    def from_parts(cls, listed: Sequence[Sequence[Any]], edges: Reals) -> FineCells:
        """What ``parts`` made."""
        taken = 0
        found: list[Reals | None] = []
        for _, _, size in listed:
            found.append(None if size is None else edges[taken : taken + size])
            taken += size or 0
        return cls(tuple(one[0] for one in listed), tuple(found), tuple(tuple(one[1]) for one in listed))

    @property
    def widths(self) -> tuple[int, ...]:
        """Cells of each feature, that of missing values included."""
        both = zip(self.edges, self.levels, strict=True)
        return tuple(len(levels) + 1 if edges is None else len(edges) + 2 for edges, levels in both)

    def apply(self, table: Table) -> Integers:
        """The cells (n, p) of a table's rows."""
        found = np.zeros((len(table), len(self.names)), dtype=np.int64)
        for place, (name, edges) in enumerate(zip(self.names, self.edges, strict=True)):
            if edges is None:
                codes = table.codes(name)[0]
                found[:, place] = np.where(codes < len(self.levels[place]), codes + 1, 0)
            else:
                values = table.numeric(name)
                found[:, place] = np.where(np.isnan(values), 0, np.searchsorted(edges, values, "left") + 1)
        return found

    def joined(self, counts: Integers, least: float, deviation: float) -> tuple[list[Integers], list[BinnedColumn]]:
        """The bin of every cell of each feature, and the bins as columns of a model.

        counts    : of all cells, feature after feature. least : fewest persons in a bin.
        deviation : standard deviation of the noise in a count.
        """
        maps: list[Integers] = []
        columns: list[BinnedColumn] = []
        parts = np.split(counts, np.cumsum(self.widths)[:-1])
        for name, edges, levels, own in zip(self.names, self.edges, self.levels, parts, strict=True):
            if edges is None:
                heavy = own[1:] >= max(least, DEVIATIONS * deviation)
                bins = np.concatenate([[0], np.where(heavy, np.cumsum(heavy), 0)]).astype(np.int64)
                column = BinnedColumn(name, tuple(levels), bins[1:].astype(np.float64))
            else:
                bins = np.concatenate([[0], 1 + _parts(own[1:].astype(np.float64), least, deviation)])
                column = BinnedColumn(name, None, edges[np.flatnonzero(np.diff(bins[1:]))])
            maps.append(bins)
            columns.append(column)
        return maps, columns


def _parts(counts: Reals, least: float, deviation: float) -> Integers:
    """Which part each of a row of cells belongs to: parts go on until they, and what is left, outweigh their noise."""
    left = np.cumsum(counts[::-1])[::-1]
    found, part, filled, size = np.zeros(len(counts), dtype=np.int64), 0, 0.0, 0
    for place, count in enumerate(counts.tolist()):
        found[place] = part
        filled, size = filled + count, size + 1
        behind = len(counts) - place - 1
        if (
            behind
            and filled >= _enough(size, least, deviation)
            and left[place + 1] >= _enough(behind, least, deviation)
        ):
            part, filled, size = part + 1, 0.0, 0
    return found


def _enough(cells: int, least: float, deviation: float) -> float:
    return max(least, DEVIATIONS * deviation * math.sqrt(cells))


def words_of(column: BinnedColumn) -> list[str]:
    """The bins of a column in words, that of missing values first."""
    if column.levels is None:
        cuts = [f"{cut:.6g}" for cut in column.cuts]
        between = [f"> {low}, <= {high}" for low, high in pairwise(cuts)]
        return ["missing", *([f"<= {cuts[0]}", *between, f"> {cuts[-1]}"] if cuts else ["known"])]
    named: list[Any] = [[] for _ in range(column.width)]
    for level, own in zip(column.levels, column.cuts, strict=True):
        named[int(own)].append(level)
    rare = ["missing", *named[0]]
    return [", ".join(rare), *(", ".join(levels) for levels in named[1:])]
