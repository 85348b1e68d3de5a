"""Rank swapping: every value changes places with one whose rank is near; the values themselves all stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.anonymise.tables.transform.columns import check_names, with_numbers
from cohortium.errors import InvalidRequest
from cohortium.privacy.secure_noise import Noise, SecureNoise
from cohortium.records import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


def swap_ranks(table: Table, columns: Sequence[str], share: float = 0.05, *, noise: Noise | None = None) -> Table:
    """Each column by itself: a value is swapped with one at most ``share`` of the rows further in rank.

    Distributions stay exactly; relations between columns weaken with ``share``. Missing values stay where they are.
    Raises  : InvalidRequest unless 0 < share <= 1.
    Reveals : every value stands in the release, at another row: an extreme value is still told.
    Source  : Moore 1996, Controlled data-swapping techniques for masking public use microdata sets, US Census Bureau.
    """
    check_names(table, columns, numeric=True)
    if not 0 < share <= 1:
        raise InvalidRequest(f"The share of ranks to swap over must lie above 0 and be at most 1, not {share}.")
    source = noise or SecureNoise()
    return with_numbers(table, {name: _swapped(table.numeric(name), share, source) for name in columns})


def _swapped(values: NDArray[np.float64], share: float, noise: Noise) -> NDArray[np.float64]:
    known = np.flatnonzero(~np.isnan(values))
    # Equal values are in random order first, so that the order of the rows does not decide who is swapped.
    order = known[np.lexsort((noise.words(len(known)), values[known]))]
    reach = max(1, int(share * len(known)))
    partner = _partners(noise.words(len(known)), reach)
    swapped = values.copy()
    swapped[order] = values[order[partner]]
    return swapped


@njit(cache=True, nogil=True)
def _partners(words: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """For every rank the one that it changes places with; its own where none is left within reach."""
    rows = words.shape[0]
    partner = np.full(rows, -1, dtype=np.int64)
    for rank in range(rows):
        if partner[rank] >= 0:
            continue
        free = 0
        for other in range(rank + 1, min(rank + reach, rows - 1) + 1):
            free += partner[other] < 0
        if free == 0:
            partner[rank] = rank
            continue
        steps = words[rank] % free
        for other in range(rank + 1, min(rank + reach, rows - 1) + 1):
            if partner[other] < 0:
                if steps == 0:
                    partner[rank], partner[other] = other, rank
                    break
                steps -= 1
    return partner
