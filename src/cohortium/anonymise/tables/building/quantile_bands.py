"""Numbers told as bands that hold about equally many rows each; bands are joined two by two from level to level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cohortium.anonymise.tables.building.layers import as_numbers, layered
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.errors import InvalidRequest

LEAST_ROWS = 10


def quantile_bands(column: str, values: Sequence[str], counts: Sequence[int], *, bands: int = 16) -> Hierarchy:
    """Bands, half as many from level to level down to two, then a star.

    counts  : rows of each value.
    bands   : at the first level; a power of two. Values that stand often may make fewer.
    Raises  : InvalidRequest for another number of bands, or values that are no numbers.
    Reveals : where bands begin are values of the table; ``LEAST_ROWS`` rows a band on average, and no extreme value.
    """
    if bands < 2 or bands & (bands - 1):
        raise InvalidRequest(f"The bands of '{column}' must be a power of two from 2 on, not {bands}.")
    numbers = as_numbers(column, values)
    known = sorted({value: (number, 0) for value, number in numbers.items()}, key=numbers.__getitem__)
    rows = dict(zip(values, counts, strict=True))
    total = sum(rows[value] for value in known)
    while bands > 2 and total < bands * LEAST_ROWS:
        bands //= 2
    below = np.cumsum([0] + [rows[value] for value in known])
    middle = (below[:-1] + below[1:]) / 2
    band_of = {value: min(int(bands * at / max(total, 1)), bands - 1) for value, at in zip(known, middle, strict=True)}
    layers = []
    while bands >= 2:
        layers.append(_names(known, band_of))
        band_of = {value: band // 2 for value, band in band_of.items()}
        bands //= 2
    return layered(column, values, [names.__getitem__ for names in layers])


def _names(known: Sequence[str], band_of: dict[str, int]) -> dict[str, str]:
    """value -> its band, written by where it and the next one begin; the outer ends stay open, being extreme values."""
    starts = {band_of[value]: value for value in reversed(known)}
    order = sorted(starts)
    written = {}
    for place, band in enumerate(order):
        after = starts[order[place + 1]] if place + 1 < len(order) else None
        if after is None:
            written[band] = f">={starts[band]}" if place else "any"
        else:
            written[band] = f"{starts[band]} to <{after}" if place else f"<{after}"
    return {value: written[band] for value, band in band_of.items()}
