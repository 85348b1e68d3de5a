"""Attribute inference: does the synthetic table tell more about its persons than about others like them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.line_up import most_synthetic, one_row_each
from cohortium.evaluate.privacy.quasi_identifiers import secrets
from cohortium.numerics.intervals import deviate
from cohortium.numerics.neighbours import coordinates, nearest
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

TARGETS, SECRETS = 1_000, 3
NEAR_ENOUGH = 0.05
"""A number is guessed when the guess is within 5 % of it."""


@metric(
    "attribute_inference",
    asks=Question.PRIVACY,
    title="Guessing a secret value (success beyond chance)",
    better="lower",
    range=(-1.0, 1.0),
    ideal=0.0,
    needs=("holdout",),
    source="Giomi et al. 2023 (Anonymeter); success less control, mean over the secrets",
)
def attribute_inference(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How much more often a secret value is guessed rightly for training persons than for held-out persons; 0 is best.

    The attacker knows all of a person's other values and guesses what the most similar synthetic row has. What is right
    for strangers as well is knowledge about the population, which the table is meant to give. The secrets are the
    sensitive and outcome columns, others drawn at random up to three.
    """
    if len(pair.encoded.names) < 2:
        raise NotApplicable("Guessing a secret needs another column to guess from; there is at most one column.")
    inside, outside = one_row_each(pair, TARGETS, rng)
    synthetic = pair.synthetic_matrix[rng.permutation(len(pair.synthetic))[: most_synthetic(pair)]]
    tables = pair.real_matrix[inside], pair.holdout_matrix[outside], synthetic
    places = secrets(pair, SECRETS, rng)
    right = _guesses(tables, pair.encoded.nominal, places)
    gaps = [side.mean(axis=1) for side in right]
    value = float(gaps[0].mean() - gaps[1].mean())
    error = float(np.sqrt(sum(gap.var(ddof=1) / len(inside) for gap in gaps) + 1e-12))
    reach = deviate() * max(error, 0.5 / len(inside))
    rates = {
        pair.encoded.names[place]: [round(float(side[:, turn].mean()), 4) for side in right]
        for turn, place in enumerate(places)
    }
    detail = {"secrets": rates}
    return Score(value, max(value - reach, -1.0), min(value + reach, 1.0), n=len(inside) * len(places), detail=detail)


def _guesses(
    tables: tuple[NDArray[np.float64], ...], nominal: NDArray[np.bool_], places: list[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per side (persons, secrets), 1 where the nearest synthetic row has the secret value."""
    space = coordinates(tables, nominal, np.vstack(tables[:2]))
    right = [np.zeros((len(side), len(places))) for side in tables[:2]]
    for turn, place in enumerate(places):
        known = space.column != place
        references = np.ascontiguousarray(space.values[2][:, known])
        for side, points, hits in zip(tables[:2], space.values[:2], right, strict=True):
            best = nearest(np.ascontiguousarray(points[:, known]), references)[1][:, 0]
            hits[:, turn] = _is_right(tables[2][best, place], side[:, place], bool(nominal[place]))
    return right[0], right[1]


def _is_right(guess: NDArray[np.float64], truth: NDArray[np.float64], is_nominal: bool) -> NDArray[np.bool_]:
    both_missing = np.isnan(guess) & np.isnan(truth)
    if is_nominal:
        return np.equal(guess, truth) | both_missing
    return np.less_equal(np.abs(guess - truth), NEAR_ENOUGH * np.abs(truth)) | both_missing
