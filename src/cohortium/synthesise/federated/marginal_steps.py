"""The steps of a private fit over all sites: what is counted, and at which noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.numerics.junction_tree import Clique, tree_cells
from cohortium.privacy.mechanisms import Curator, variance_at
from cohortium.records import Column, Table
from cohortium.synthesise.tables.private.columns import in_steps, pieces_of, step_of
from cohortium.synthesise.tables.private.discovery import (
    PURPOSE,
    Pieces,
    divided,
    in_range,
    listed_levels,
    public_scale,
    range_counts,
)
from cohortium.synthesise.tables.private.estimation import MarginalFit
from cohortium.synthesise.tables.private.selection import Selection

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]

SCALE, FIRST = Fraction(40, 100), Fraction(20, 100)
"""Parts of a numeric column's rho for the scale and for the ranges after the first division; the last count: rest."""
NO_HEAPS = np.zeros(0)


class RunnersCurator(Curator):
    """A curator for counts to which the runner has added the noise, inside the secure sum; it enters their cost."""

    def histogram(self, purpose: str, counts: Integers, rho: Fraction) -> tuple[Integers, float]:
        """The counts as they came, and the variance of the noise on them."""
        variance = variance_at(rho)
        self.budget.spend(purpose, 1 / (2 * variance))
        return counts, float(variance)


@dataclass(frozen=True, slots=True)
class Counting:
    """What one column is counted by in this step, and what is left of its share of rho.

    edges : of the ranges of a number, in steps; empty for levels.
    """

    column: Column
    edges: Floats
    left: Fraction
    is_finest: bool = False
    pieces: Pieces | None = None
    remark: str = ""

    @classmethod
    def first(cls, column: Column, rho: Fraction) -> Counting:
        """By the agreed levels, or by ranges that any number falls between."""
        edges = NO_HEAPS if column.kind.is_nominal else public_scale(column, step_of(column))
        return cls(column, edges, rho)

    def cost(self, step: str) -> Fraction:
        """Rho of this column's count in ``step``; 0 where it is not counted."""
        if self.column.kind.is_nominal:
            return self.left if step == "scale" else Fraction(0)
        if step == "scale":
            return self.left * SCALE
        if step == "ranges":
            return Fraction(0) if self.is_finest else self.left * FIRST / (1 - SCALE)
        return self.left

    def counts(self, records: Table) -> Integers:
        """The counts of one site: levels not agreed on, levels, missing; or ranges, missing."""
        if not self.column.kind.is_nominal:
            return range_counts(in_steps(records, self.column), self.edges)
        levels = listed_levels(self.column)
        places = pieces_of(records, self.column, self.edges, levels)
        return np.bincount(places + 1, minlength=len(levels) + 2).astype(np.int64)

    @property
    def cells(self) -> int:
        """How many counts there are."""
        return len(self.edges) or len(listed_levels(self.column)) + 2

    def after(self, step: str, counts: Integers, curator: Curator) -> Counting:
        """The column after its counts over all sites were made noisy."""
        cost = self.cost(step)
        if not cost:
            return self
        shown, variance = curator.histogram(PURPOSE, counts, cost)
        noisy, left = shown.astype(np.float64), self.left - cost
        if self.column.kind.is_nominal:
            pieces = Pieces(self.column, noisy[1:], variance, NO_HEAPS, listed_levels(self.column), float(noisy[0]))
            return Counting(self.column, self.edges, left, True, pieces)
        if step == "finest":
            pieces = Pieces(self.column, noisy, variance, self.edges, (), remark=self.remark)
            return Counting(self.column, self.edges, left, True, pieces)
        edges, remark = self.edges, self.remark
        if step == "scale":
            edges, noisy, remark = in_range(self.column, edges, noisy, variance, NO_HEAPS)
        edges, is_finest = divided(edges, noisy, variance, step_of(self.column), NO_HEAPS)
        return Counting(self.column, edges, left, is_finest, None, remark)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        own = self.pieces
        pieces = None if own is None else [own.counts.tolist(), own.variance, own.edges.tolist(), own.unlisted]
        return {
            "edges": self.edges.tolist(),
            "left": str(self.left),
            "finest": bool(self.is_finest),
            "pieces": pieces,
            "remark": self.remark,
        }

    @classmethod
    def from_plain(cls, column: Column, plain: dict[str, Any]) -> Counting:
        """What ``plain`` describes."""
        pieces, levels = None, listed_levels(column) if column.kind.is_nominal else ()
        if plain["pieces"] is not None:
            counts, variance, edges, unlisted = plain["pieces"]
            pieces = Pieces(column, np.array(counts), variance, np.array(edges), levels, unlisted, plain["remark"])
        edges = np.array(plain["edges"], dtype=np.float64)
        return cls(column, edges, Fraction(plain["left"]), plain["finest"], pieces, plain["remark"])


class SummedSelection(Selection):
    """Choosing among marginals whose true counts were summed over all sites."""

    def __init__(self, true: dict[Clique, Integers], *settings: Any) -> None:
        super().__init__(np.zeros((0, 0), np.int32), *settings)
        self.true = true

    def table(self, clique: Clique) -> Integers:
        """The true counts of a marginal."""
        return self.true[clique]


def clique_counts(codes: NDArray[np.int32], cliques: Sequence[Clique], sizes: Sequence[int]) -> Integers:
    """Counts of the cells of every clique, one after the other; codes (n, d) of the columns."""
    parts = [np.zeros(0, np.int64)]
    for clique in cliques:
        place = np.zeros(len(codes), dtype=np.int64)
        for column in clique:
            place = place * sizes[column] + codes[:, column]
        parts.append(np.bincount(place, minlength=math.prod(sizes[column] for column in clique)))
    return np.concatenate(parts).astype(np.int64)


def parted(joined: Integers, cliques: Sequence[Clique], sizes: Sequence[int]) -> dict[Clique, Integers]:
    """What ``clique_counts`` joined, each in its shape."""
    shapes = [tuple(sizes[column] for column in clique) for clique in cliques]
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    parts = np.split(joined, ends) if cliques else []
    return {clique: own.reshape(shape) for clique, own, shape in zip(cliques, parts, shapes, strict=True)}


def strongest(
    noisy: dict[Clique, Integers], weights: dict[Clique, int], fit: MarginalFit, variance: float, most: int, room: int
) -> list[Clique]:
    """Up to ``most`` pairs that differ most from independent columns beyond what noise does, within ``room`` cells.

    noisy : counts that carry their noise already, so that any choice by them costs nothing.
    """
    model = fit.fit()
    beyond = {}
    for clique, counts in noisy.items():
        wrong = float(np.abs(counts - fit.total * model.marginal(clique)).sum())
        beyond[clique] = (wrong - math.sqrt(2.0 * variance / math.pi) * counts.size) * weights[clique]
    chosen: list[Clique] = []
    for clique in sorted(beyond, key=lambda name: -beyond[name]):
        if len(chosen) < most and tree_cells(fit.sizes, [*chosen, clique]) <= room:
            chosen.append(clique)
    return chosen
