"""Reconstruction of rare combinations: do training persons' rare combinations of known facts come back?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.line_up import one_row_each
from cohortium.evaluate.privacy.quasi_identifiers import known_outside
from cohortium.numerics.intervals import deviate
from cohortium.numerics.neighbours import fingerprints
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

RARE, FEWEST = 5, 20
BINS, MOST_VALUES = 20, 100
SETS, COLUMNS_EACH = 30, 3


@metric(
    "rare_combinations",
    asks=Question.PRIVACY,
    title="Rare combinations that come back (share beyond chance)",
    better="lower",
    range=(-1.0, 1.0),
    ideal=0.0,
    needs=("holdout",),
    source="Elliot 2014 and Taub et al. 2018 (disclosure by rare keys), with held-out persons as control",
)
def rare_combinations(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How much more often rare combinations of training persons come back than those of held-out persons; 0 is best.

    Rare is what fewer than 5 training persons share, or fewer than 5 of as many held-out ones. Combinations are of the
    quasi-identifying columns, numbers of over 100 values in 20 bins; without named ones, of thirty random triples.
    Raises : TooFewRecords where fewer than 20 persons on either side have one.
    """
    inside, outside = one_row_each(pair, len(pair.real), rng)
    tables = pair.real_matrix[inside], pair.holdout_matrix[outside], pair.synthetic_matrix
    codes = codes_of(tables, pair.encoded.nominal)
    counts = np.zeros((2, 2, len(inside)))
    for columns in _sets(pair, rng):
        counts += _reappearing(codes, columns)
    fewest = int(counts[:, 0].sum(axis=1).min())
    if fewest < FEWEST:
        raise TooFewRecords(f"Only {fewest} rare combinations were found in one of the tables; {FEWEST} are needed.")
    shares, errors = zip(*(_share(rare, found) for rare, found in counts), strict=True)
    value, reach = shares[0] - shares[1], deviate() * math.hypot(*errors)
    detail = {"members": round(shares[0], 5), "strangers": round(shares[1], 5)}
    return Score(value, max(value - reach, -1.0), min(value + reach, 1.0), n=2 * len(inside), detail=detail)


def _share(rare: NDArray[np.float64], found: NDArray[np.float64]) -> tuple[float, float]:
    """Share of all rare combinations that were found, and its standard error over persons, who hold several each."""
    share = float(found.sum() / rare.sum())
    spread = float(((found - share * rare) ** 2).sum()) + share * (1 - share) + 0.25
    return share, math.sqrt(spread) / float(rare.sum())


def _sets(pair: Comparison, rng: np.random.Generator) -> list[list[int]]:
    known = known_outside(pair)
    if len(known) >= 2:
        return [known]
    columns = len(pair.encoded.names)
    if columns < COLUMNS_EACH:
        raise NotApplicable(f"Combinations need two quasi-identifying columns, or {COLUMNS_EACH} columns of any kind.")
    return [np.sort(rng.choice(columns, COLUMNS_EACH, replace=False)).tolist() for _ in range(SETS)]


def codes_of(tables: tuple[NDArray[np.float64], ...], nominal: NDArray[np.bool_]) -> tuple[NDArray[np.int64], ...]:
    """Codes from 0, which is missing; numbers with more than 100 values in bins of equally many real persons."""
    coded = tuple(np.zeros(table.shape, dtype=np.int64) for table in tables)
    for place, is_nominal in enumerate(nominal):
        cuts = np.empty(0)
        if not is_nominal:
            real = np.concatenate([table[:, place] for table in tables[:2]])
            values = np.unique(real[~np.isnan(real)])
            cuts = (
                values
                if len(values) <= MOST_VALUES
                else np.unique(np.nanquantile(real, np.linspace(0, 1, BINS + 1)[1:-1]))
            )
        for table, code in zip(tables, coded, strict=True):
            column = table[:, place]
            level = column if is_nominal else np.searchsorted(cuts, column, "right").astype(np.float64)
            code[:, place] = np.where(np.isnan(column), -1, level).astype(np.int64) + 1
    return coded


def _reappearing(codes: tuple[NDArray[np.int64], ...], columns: list[int]) -> NDArray[np.float64]:
    """Members and strangers (2, 2, persons): 1 where a person's combination is rare; where it came back besides."""
    members, strangers, synthetic = (fingerprints(part[:, columns].astype(np.float64)) for part in codes)
    there = np.unique(synthetic)
    sides = []
    for side in (members, strangers):
        _, place, counts = np.unique(side, return_inverse=True, return_counts=True)
        rare = counts[place] < RARE
        sides.append([rare, rare & np.isin(side, there)])
    return np.array(sides, dtype=np.float64)
