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


def site_rows(records: Table, inputs: Inputs, centre: Reals, scale: Reals, held_out: float, seed: int) -> SiteRows:
    """The rows of ``records``; ``held_out`` is the share of persons whose rows are not learnt from."""
    raw, persons = inputs.raw(records)
    X, y = inputs.scaled(raw, records.schema, centre, scale)
    drawn = np.random.default_rng((seed, 0)).random(int(persons.max(initial=-1)) + 1)
    return SiteRows(X, y, len(np.unique(persons)), drawn[persons] < held_out)
