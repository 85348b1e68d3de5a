"""The membership attacks, run once for all metrics that read them.

Every attacker holds the synthetic table and full records of some persons, and scores how likely each was a member.
They differ in what else they know: nothing (nearest), a sample of the population (density, boosted), or besides the
true membership of half of the persons (informed).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.line_up import LineUp, line_up, most_synthetic
from cohortium.evaluate.privacy.roc import Scores
from cohortium.numerics import boosting
from cohortium.numerics.neighbours import coordinates, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEIGHBOURS = 5
SMALLEST_GAP = 0.01
"""Added to distances before their ratio is taken, so that two exact matches balance instead of dividing 0 by 0."""

MOST_BOOSTED_COLUMNS, MOST_BOOSTED_ROWS, MOST_BOOSTED_CELLS = 200, 10_000, 400_000
RIDGE = 0.02


@dataclass(frozen=True, slots=True)
class Attacks:
    """Scores of every attack for the same persons.

    nearest   : nearest synthetic row.
    density   : nearest synthetic row against nearest reference person (a ratio of densities).
    boosted   : boosted trees that tell synthetic rows from reference persons.
    informed  : the best linear mixture of all evidence, learnt on the true answers of the other half of the persons.
    isolation : how far a person stands from the reference persons; no attack, but who is easy to find.
    """

    line_up: LineUp
    nearest: Scores
    density: Scores
    boosted: Scores
    informed: Scores
    isolation: Scores

    def named(self) -> tuple[tuple[str, Scores], ...]:
        """All attacks with their names, the least knowledge first."""
        return (
            ("nearest", self.nearest),
            ("density", self.density),
            ("boosted", self.boosted),
            ("informed", self.informed),
        )


def attacks(pair: Comparison, rng: np.random.Generator) -> Attacks:
    """Run every membership attack on one line-up of members and strangers.

    Raises : NotApplicable without held-out persons; TooFewRecords below 20 persons on either side.
    """
    drawn = line_up(pair, rng)
    synthetic = rng.permutation(len(pair.synthetic))[: most_synthetic(pair)]
    tables = (
        pair.real_matrix[drawn.members.rows],
        pair.holdout_matrix[drawn.strangers.rows],
        pair.holdout_matrix[drawn.reference],
        pair.synthetic_matrix[synthetic],
    )
    nominal = pair.encoded.nominal
    points = coordinates(tables, nominal, np.vstack(tables[:2])).values
    to_synthetic, to_real = (
        [nearest(side, others, min(NEIGHBOURS, len(others)))[0] for side in points[:2]]
        for others in (points[3], points[2])
    )

    def scored(rows: Sequence[NDArray[np.float64]]) -> Scores:
        return Scores(drawn.members.strongest(rows[0]), drawn.strangers.strongest(rows[1]))

    def ratio(near: int) -> Scores:
        return scored([_ratio(r[:, near], s[:, near]) for r, s in zip(to_real, to_synthetic, strict=True)])

    closest = scored([-gaps[:, 0] for gaps in to_synthetic])
    alone = scored([_ratio(gaps[:, -1], gaps[:, 0]) for gaps in to_synthetic])
    boosted = scored(_boosted(tables, nominal, rng))
    return Attacks(
        drawn,
        nearest=closest,
        density=ratio(0),
        boosted=boosted,
        informed=_informed((closest, ratio(0), ratio(-1), alone, boosted)),
        isolation=scored([gaps.mean(axis=1) for gaps in to_real]),
    )


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log((above + SMALLEST_GAP) / (below + SMALLEST_GAP)))


def _boosted(
    tables: tuple[NDArray[np.float64], ...], nominal: NDArray[np.bool_], rng: np.random.Generator
) -> list[NDArray[np.float64]]:
    """Chance of being synthetic rather than real, for the rows of members and of strangers."""
    members, strangers, reference, synthetic = tables
    columns = np.sort(rng.permutation(len(nominal))[:MOST_BOOSTED_COLUMNS])
    most = min(MOST_BOOSTED_ROWS, MOST_BOOSTED_CELLS // len(columns))
    known = reference[rng.permutation(len(reference))[:most]]
    rows = np.vstack([synthetic[:most], known])[:, columns]
    is_synthetic = np.repeat([1.0, 0.0], [len(rows) - len(known), len(known)])
    # Small leaves: this model is meant to remember single rows.
    model = boosting.fit(
        rows, is_synthetic, nominal=nominal[columns], task="binary", trees=150, leaves=63, smallest_leaf=2, rng=rng
    )
    return [model.predict(side[:, columns]) for side in (members, strangers)]


def _informed(evidence: Sequence[Scores]) -> Scores:
    """Linear discriminant with a small ridge: each half of the persons is scored by what the other half taught."""
    ranked = [scores.ranked() for scores in evidence]
    sides = [_features([scores.members for scores in ranked]), _features([scores.strangers for scores in ranked])]
    scored = [np.empty(len(side)) for side in sides]
    for taught in (0, 1):
        rows = np.vstack([side[taught::2] for side in sides])
        truth = np.repeat([1.0, -1.0], [len(side[taught::2]) for side in sides])
        ridge = RIDGE * len(rows) / 12 * np.eye(rows.shape[1])
        weights = np.linalg.solve(rows.T @ rows + ridge, rows.T @ truth)
        asked = Scores(sides[0][1 - taught :: 2] @ weights, sides[1][1 - taught :: 2] @ weights).ranked()
        for place, answer in zip(scored, (asked.members, asked.strangers), strict=True):
            place[1 - taught :: 2] = answer
    # Where there is nothing to learn, the two halves err together: their mean is no surer than one of them.
    return Scores(scored[0], scored[1], stretch=math.sqrt(2))


def _features(ranks: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    centred = np.column_stack(ranks) - 0.5
    return np.hstack([centred, centred**2 - 1 / 12])
