"""The largest step of a series: where a rate or a mean jumps from one level to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Step:
    """Before period ``place`` the series has the mean ``before``, from it on ``after``.

    surprise : standard errors by which the two differ.
    rows     : rows on the smaller side.
    """

    place: int
    before: float
    after: float
    surprise: float
    rows: int


def largest_step(sums: NDArray[np.float64], counts: NDArray[np.float64], spread: float, fewest: int) -> Step | None:
    """The cut of a series into two that sets the two means furthest apart, in standard errors.

    sums, counts : (periods,) sum of the values and number of rows in each period.
    spread       : standard deviation of the single values.
    fewest       : rows that each side must have; None where no cut leaves so many.
    """
    before_n, before = np.cumsum(counts)[:-1], np.cumsum(sums)[:-1]
    after_n, after = counts.sum() - before_n, sums.sum() - before
    possible = (before_n >= fewest) & (after_n >= fewest)
    if not possible.any() or spread <= 0:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = before / before_n, after / after_n
        surprise = np.abs(high - low) / (spread * np.sqrt(1 / before_n + 1 / after_n))
    best = int(np.argmax(np.where(possible, surprise, -1.0)))
    rows = int(min(before_n[best], after_n[best]))
    return Step(best + 1, float(low[best]), float(high[best]), float(surprise[best]), rows)
