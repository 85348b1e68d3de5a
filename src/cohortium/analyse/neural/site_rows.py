"""The rows of a site that a network learns from, and those that are held out to judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.neural.inputs import Inputs
from cohortium.records import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SiteRows:
    """Inputs and outcome of the rows that are used.

    X, y    : (n, q), (n,), scaled.
    persons : how many persons stand behind them.
    held    : (n,), True where a row is held out.
    """

    X: Reals
    y: Reals
    persons: int
    held: NDArray[np.bool_]

    def part(self, *, held: bool) -> tuple[Reals, Reals]:
        """Inputs and outcome of the rows that are held out, or of those that are learnt from; copied if need be."""
        chosen = self.held if held else ~self.held
        return (self.X, self.y) if chosen.all() else (self.X[chosen], self.y[chosen])


def site_rows(records: Table, inputs: Inputs, centre: Reals, scale: Reals, held_out: float, seed: int) -> SiteRows:
    """The rows of ``records``; ``held_out`` is the share of persons whose rows are not learnt from."""
    both, used = inputs.read(records)
    X, y = inputs.scaled(both[used], records.schema, centre, scale)
    X, persons = inputs.with_pixels(records, used, X), records.persons()[used]
    drawn = np.random.default_rng((seed, 0)).random(int(persons.max(initial=-1)) + 1)
    return SiteRows(X, y, len(np.unique(persons)), drawn[persons] < held_out)
