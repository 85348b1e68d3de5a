"""What an answer says of noise in its counts: how large it is, and where the true counts lie.

Noisy counts are shown as they came, below 0 too: they are right on average, and so are their sums. Their intervals
start at 0, since no true count lies below. Raising counts to 0 would add persons who do not exist, most of all in
sparse tables (Abowd et al. 2022, Harvard Data Sci. Rev., special issue 2, on the 2020 census).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import reach
from cohortium.records import Sums

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LEVEL = 0.95
NOTE = (
    "Counts carry noise that hides any single person, and may be below 0; their intervals allow for the noise alone. "
    "Of each person one row counts."
)


def interval(counts: ArrayLike, deviation: float, level: float = LEVEL) -> tuple[list[int], list[int]]:
    """Lower and upper bounds of the true counts, as whole numbers from 0 on; rounded outwards.

    deviation : standard deviation of the noise in each count.
    """
    margin = reach(level) * deviation
    values = np.asarray(counts, dtype=np.float64)
    ends = np.floor(values - margin), np.ceil(values + margin)
    low, high = (np.maximum(end, 0).astype(np.int64).ravel().tolist() for end in ends)
    return low, high


def with_intervals(
    table: dict[str, list[Any]], column: str, counts: ArrayLike, deviation: float | None, level: float = LEVEL
) -> None:
    """Put ``column_low`` and ``column_high`` into a table of an answer, where its counts carry noise."""
    if deviation is not None:
        table[f"{column}_low"], table[f"{column}_high"] = interval(counts, deviation, level)


def noise_facts(total: Sums, level: float = LEVEL) -> dict[str, Any]:
    """What an answer from noisy sums states beside its numbers; nothing where the sums are exact."""
    return {"noise_sd": dict(sorted(total.noise.items())), "noise_level": level} if total.noise else {}


def shares(counts: ArrayLike, whole: int) -> list[float | None]:
    """Counts over a total, within 0 to 1 whatever the noise; None where the total is not above 0."""
    values = np.asarray(counts, dtype=np.float64).ravel()
    return [min(max(float(one) / whole, 0.0), 1.0) if whole > 0 else None for one in values]
