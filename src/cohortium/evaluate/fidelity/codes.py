"""Both tables as a handful of codes per column, for metrics that count combinations."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.numerics.discretise import coded, equal_count_cuts, frequent_codes, pooled_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of the modelled columns.

    real, synthetic : (n, p), (m, p), from 0, which means missing.
    sizes           : (p,) number of codes of each column.
    """

    real: NDArray[np.int64]
    synthetic: NDArray[np.int64]
    sizes: NDArray[np.int64]


def coarse_codes(pair: Comparison, bins: int = 10) -> Codes:
    """Ten bins of equally many real numbers, or the ten most frequent levels and "other".

    "Real" are all real persons at hand, the held-out ones included: what is known of the population.
    """
    everyone = pair.real_matrix if pair.holdout is None else np.vstack([pair.real_matrix, pair.holdout_matrix])
    real, synthetic, sizes = [], [], []
    for place, is_nominal in enumerate(pair.encoded.nominal):
        known, other = everyone[:, place], pair.synthetic_matrix[:, place]
        if is_nominal:
            kept = frequent_codes(known, bins)
            real.append(pooled_codes(known, kept))
            synthetic.append(pooled_codes(other, kept))
            sizes.append(len(kept) + 2)
        else:
            cuts = equal_count_cuts(known, bins)
            real.append(coded(known, cuts))
            synthetic.append(coded(other, cuts))
            sizes.append(len(cuts) + 2)
    return Codes(_columns(real, len(everyone)), _columns(synthetic, len(pair.synthetic)), np.array(sizes, np.int64))


def _columns(parts: list[NDArray[np.int64]], rows: int) -> NDArray[np.int64]:
    # Column by column in memory, because every use reads whole columns.
    return np.array(parts).T if parts else np.empty((rows, 0), dtype=np.int64)


def combinations(columns: int, together: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """All (or ``most`` random) sets (k, together) of columns, each in ascending order."""
    if math.comb(columns, together) <= most:
        sets = list(itertools.combinations(range(columns), together))
        return np.array(sets, dtype=np.int64).reshape(-1, together)
    drawn: set[tuple[int, ...]] = set()
    while len(drawn) < most:
        drawn.add(tuple(sorted(rng.choice(columns, together, replace=False).tolist())))
    return np.array(sorted(drawn), dtype=np.int64)
