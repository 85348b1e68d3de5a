"""Post-randomisation (PRAM): levels change at random, with chances under which their frequencies stay on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.transform.columns import check_names, with_codes
from cohortium.anonymise.tables.transform.draws import uniform
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.privacy.secure_noise import Noise, SecureNoise
from cohortium.records import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PostRandomised:
    """A table in which the levels of one column may have changed.

    levels  : (v,) the levels.
    chances : (v, v) from level (row) to level (column); each row sums to 1. Analyses correct for it.
    """

    table: Table
    levels: tuple[str, ...]
    chances: NDArray[np.float64]


def randomise_levels(table: Table, column: str, keep: float = 0.8, *, noise: Noise | None = None) -> PostRandomised:
    """Each value may change to another level of the table; missing values stay missing.

    keep    : chance of the first of two steps to keep a level, else it becomes any other one; the second step leads
              back to the frequencies. Rare levels are kept less often than ``keep``.
    Raises  : InvalidRequest unless 0 <= keep < 1; TooFewRecords with fewer than two levels.
    Reveals : the matrix follows from the frequencies of the levels.
    Source  : Gouweleeuw, Kooiman, Willenborg and de Wolf 1998, Journal of Official Statistics 14(4): invariant PRAM.
    """
    check_names(table, [column], nominal=True)
    if not 0 <= keep < 1:
        raise InvalidRequest(f"The chance to keep a level must lie in [0, 1), not {keep}.")
    codes, levels = table.codes(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    present = np.flatnonzero(counts)
    if len(present) < 2:
        raise TooFewRecords(f"Column '{column}' has fewer than two levels; there is nothing to change it to.")
    chances = np.eye(len(levels))
    chances[np.ix_(present, present)] = invariant_matrix(counts[present] / counts.sum(), keep)
    drawn = uniform((len(codes),), noise or SecureNoise())
    bounds = np.cumsum(chances, axis=1)
    bounds[:, -1] = 1.0
    moved = np.full(len(codes), present[0])
    for level in present:
        has = codes == level
        moved[has] = np.searchsorted(bounds[level], drawn[has], side="right")
    # A level that nobody has is never drawn: its column of chances is 0, but rounding could end on it.
    moved = np.where(counts[moved] > 0, moved, present[-1])
    changed = with_codes(table, {column: (np.where(codes < 0, -1, moved).astype(np.int32), levels)})
    return PostRandomised(changed, levels, chances)


def invariant_matrix(shares: NDArray[np.float64], keep: float) -> NDArray[np.float64]:
    """(v, v) chances under which the frequencies ``shares`` (v,) stay as they are on average."""
    many = len(shares)
    away = np.full((many, many), (1.0 - keep) / (many - 1))
    np.fill_diagonal(away, keep)
    back = (away * shares[:, None]).T
    back /= back.sum(axis=1, keepdims=True)
    return np.asarray(away @ back)
