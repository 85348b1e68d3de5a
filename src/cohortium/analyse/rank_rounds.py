"""Ranks of several columns over all sites: rounds of counts in ever finer intervals, then a mean rank for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.design import levels_of
from cohortium.analyse.moments import require_numbers
from cohortium.numerics.rank_bins import RankBins
from cohortium.records import Kind, Schema, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

WHOLE = (Kind.INTEGER, Kind.BOOLEAN, Kind.DATE, Kind.ORDINAL)


@dataclass(frozen=True, slots=True)
class RankRounds:
    """variables : numeric, boolean or ordinal columns; bins : intervals have at most one in so many of the rows."""

    variables: tuple[str, ...]
    bins: int

    def start(self, schema: Schema) -> State:
        """Ask for counts between powers of two.

        Raises : InvalidRequest where a column has no order.
        """
        for name in self.variables:
            if schema[name].kind is Kind.ORDINAL:
                levels_of(schema, name)
            else:
                require_numbers(schema, name)
        whole = [schema[name].kind in WHOLE for name in self.variables]
        return State("bins", {"whole": whole}, _flat([RankBins.widest(one) for one in whole]))

    def counts(self, rows: Table, state: State) -> dict[str, Any]:
        """Values of complete rows in each interval, column after column."""
        found = [one.counts(self._values(rows, name)) for name, one in zip(self.variables, _bins(state), strict=True)]
        return {"in_bins": np.concatenate(found)}

    def combine(self, total: Sums, state: State) -> State:
        """Finer intervals, or the mean ranks for "products"."""
        bins, n = _bins(state), int(total["n"])
        counts = np.split(total["in_bins"], np.cumsum([len(one.cuts) + 1 for one in bins])[:-1])
        finer = [one.finer(count, max(n / self.bins, 1.0)) for one, count in zip(bins, counts, strict=True)]
        if any(one is not None for one in finer):
            return State("bins", state.facts, _flat([new or old for new, old in zip(finer, bins, strict=True)]))
        pairs = list(zip(bins, counts, strict=True))
        arrays = {
            "midranks": np.concatenate([one.midranks(count) for one, count in pairs]),
            "untold": np.array([one.untold(count) for one, count in pairs]),
            "centre": np.full(len(bins), (n + 1) / 2.0),
        }
        return State("products", state.facts, state.arrays | arrays)

    def ranks(self, rows: Table, state: State) -> list[Reals]:
        """The mean rank over all sites of every row's interval, for each column."""
        bins = _bins(state)
        midranks = np.split(state.arrays["midranks"], np.cumsum([len(one.cuts) + 1 for one in bins])[:-1])
        columns = zip(self.variables, bins, midranks, strict=True)
        return [rank[one.places(self._values(rows, name))] for name, one, rank in columns]

    def _values(self, rows: Table, name: str) -> Reals:
        if rows.schema[name].kind is Kind.ORDINAL:
            return rows.codes(name)[0].astype(np.float64)
        return rows.numeric(name)


def resolution(matrix: Reals, squares: Reals, untold: Reals) -> Reals:
    """By how much each correlation (p, p) could change at most if values within intervals were told apart.

    squares : (p,) of the mean ranks; untold : (p,), as ``RankBins.untold``. Mean ranks and what is left of the ranks
    around them are at right angles, so Cauchy and Schwarz's inequality bounds the product of either with the other.
    """
    with np.errstate(all="ignore"):
        share = np.sqrt(untold / squares)
    one, other = share[:, None], share[None, :]
    shrunk = 1.0 - 1.0 / np.sqrt((1.0 + one**2) * (1.0 + other**2))
    found: Reals = np.minimum(one + other + one * other + np.abs(matrix) * shrunk, 2.0)
    return found


def _flat(bins: list[RankBins]) -> dict[str, NDArray[Any]]:
    """For a state: the cuts of all columns, and where each column's begin (p + 1,)."""
    sizes = [len(one.cuts) for one in bins]
    return {"cuts": np.concatenate([one.cuts for one in bins]), "first": np.cumsum([0, *sizes]).astype(np.int64)}


def _bins(state: State) -> list[RankBins]:
    cuts = np.split(state.arrays["cuts"], state.arrays["first"][1:-1])
    return [RankBins(one, whole) for one, whole in zip(cuts, state.facts["whole"], strict=True)]
