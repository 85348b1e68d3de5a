"""Numbers as a few codes, with cuts learnt from a reference, so that tables can be counted.

Code 0 means "missing"; the codes of values begin at 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def equal_width_cuts(reference: NDArray[np.float64], bins: int = 10) -> NDArray[np.float64]:
    """Inner cuts of ``bins`` equally wide bins over the range of the known reference values."""
    known = reference[~np.isnan(reference)]
    if not len(known) or known.min() == known.max():
        return np.empty(0)
    return np.linspace(known.min(), known.max(), bins + 1)[1:-1]


def equal_count_cuts(reference: NDArray[np.float64], bins: int = 10) -> NDArray[np.float64]:
    """Inner cuts of about ``bins`` bins that hold equally many of the known reference values.

    Heavy values swallow several cuts; the search then asks for more quantiles until enough distinct ones are found.
    """
    known = np.sort(reference[~np.isnan(reference)])
    levels = np.unique(known)
    if len(levels) <= bins:
        return levels[1:]
    cuts = levels[:1]
    for asked in range(bins, min(1000, len(known)) + 1):
        cuts = np.unique(known[np.linspace(0, len(known) - 1, asked).astype(np.int64)])
        if len(cuts) >= bins + 1:
            break
    return cuts[1:-1]


def coded(values: NDArray[np.float64], cuts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Codes (n,): 0 where missing, else 1 + the number of cuts at or below the value."""
    return np.where(np.isnan(values), 0, 1 + np.searchsorted(cuts, values, "right")).astype(np.int64)


def level_codes(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Codes of a nominal column (n,) of levels numbered from 0, NaN where missing: 0 = missing, else level + 1."""
    return np.where(np.isnan(values), 0, values + 1).astype(np.int64)


def frequent_codes(reference: NDArray[np.float64], most: int = 10, fewest: int = 5) -> NDArray[np.float64]:
    """The ``most`` frequent levels of a nominal reference column, each with at least ``fewest`` rows."""
    levels, counts = np.unique(reference[~np.isnan(reference)], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return np.sort(levels[order][counts[order] >= fewest])


def pooled_codes(values: NDArray[np.float64], kept: NDArray[np.float64]) -> NDArray[np.int64]:
    """Codes of a nominal column: 0 = missing, 1 = any level that is not kept, then one code per kept level."""
    place = np.searchsorted(kept, values)
    inside = place < len(kept)
    inside[inside] = kept[place[inside]] == values[inside]
    return np.where(np.isnan(values), 0, np.where(inside, place + 2, 1)).astype(np.int64)
