"""Linkability: does the synthetic table help to join two halves of a person's record?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.line_up import most_synthetic, one_row_each
from cohortium.evaluate.privacy.residual import residual_risk
from cohortium.numerics.neighbours import Coordinates, coordinates, nearest
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

TARGETS, SPLITS = 1_000, 4


@metric(
    "linkability",
    asks=Question.PRIVACY,
    title="Linking two halves of a record (risk beyond chance)",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.0,
    needs=("holdout",),
    source="Giomi et al. 2023 (Anonymeter), one neighbour; four random halvings of the columns",
)
def linkability(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How much more often two halves of a record meet in one synthetic row for training persons than for held-out ones.

    The attacker holds two lists of the same persons with different columns, such as a pharmacy's and an employer's, and
    joins entries whose nearest synthetic row is the same.
    Raises : NotApplicable with fewer than two columns.
    """
    columns = len(pair.encoded.names)
    if columns < 2:
        raise NotApplicable("Linking needs at least two columns, one for each of the two lists.")
    inside, outside = one_row_each(pair, TARGETS, rng)
    synthetic = rng.permutation(len(pair.synthetic))[: most_synthetic(pair)]
    targets = pair.real_matrix[inside], pair.holdout_matrix[outside]
    space = coordinates((*targets, pair.synthetic_matrix[synthetic]), pair.encoded.nominal, np.vstack(targets))
    hits = np.zeros(2)
    for _ in range(SPLITS):
        first_half = np.zeros(columns, dtype=np.bool_)
        first_half[rng.permutation(columns)[: columns // 2]] = True
        hits += _linked(space, first_half, rng)
    # The same persons in every split: as sure as one split, though steadier.
    return residual_risk(float(hits[0]) / SPLITS, float(hits[1]) / SPLITS, len(inside))


def _linked(space: Coordinates, first_half: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float64]:
    """How many members, and strangers, have the same nearest synthetic row in both halves; ties are broken by lot."""
    synthetic = space.values[2]
    found = []
    for half in (first_half, ~first_half):
        own = half[space.column]
        # Among equally near rows the first is taken, so each half sees the rows in an order of its own.
        order = rng.permutation(len(synthetic))
        references = synthetic[order][:, own]
        found.append(
            [order[nearest(np.ascontiguousarray(side[:, own]), references)[1][:, 0]] for side in space.values[:2]]
        )
    return np.array([(a == b).sum() for a, b in zip(*found, strict=True)], dtype=np.float64)
