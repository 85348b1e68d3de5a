"""Singling out: descriptions taken from the synthetic table that fit exactly one training person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.line_up import FEWEST_PERSONS, held_out, most_synthetic, persons_of, require
from cohortium.evaluate.privacy.predicates import Predicate, Rows, of_one_column, of_several_columns
from cohortium.evaluate.privacy.residual import residual_risk
from cohortium.numerics.intervals import log_factorials
from cohortium.numerics.neighbours import fingerprints
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

ATTACKS, FEWEST_ATTACKS = 500, 50
"""Guesses that the attacker makes; with fewer to make, the rest of the 50 count as wrong."""
COLUMNS, ATTEMPTS = 4, 40_000


@metric(
    "singling_out_univariate",
    asks=Question.PRIVACY,
    title="Singling out by one value (risk beyond chance)",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.0,
    needs=("holdout",),
    source="Giomi et al. 2023 (Anonymeter), univariate; Wilson intervals",
)
def singling_out_univariate(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How much more often one unusual synthetic value fits exactly one training person than one held-out person.

    0 as well where no synthetic value is unusual enough to describe a person by.
    """
    most, synthetic = _attacks(pair), _distinct(pair, rng)
    return _risk(pair, of_one_column(synthetic, pair.encoded.nominal, most, rng), most)


@metric(
    "singling_out_multivariate",
    asks=Question.PRIVACY,
    title="Singling out by four values (risk beyond chance)",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.0,
    needs=("holdout",),
    source="Giomi et al. 2023 (Anonymeter), multivariate with 4 columns; Wilson intervals",
)
def singling_out_multivariate(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How much more often an unusual combination of four values fits exactly one training person than one held-out one.

    0 as well where no such combination is found.
    """
    most, synthetic = _attacks(pair), _distinct(pair, rng)
    found = of_several_columns(synthetic, pair.encoded.nominal, most, rng, columns=COLUMNS, attempts=ATTEMPTS)
    return _risk(pair, found, most)


def _attacks(pair: Comparison) -> int:
    """At most 500; fewer where there are few persons, or the same few would be described again and again."""
    inside, outside = (len(persons_of(table.persons())) for table in (pair.real, held_out(pair)))
    require(inside, outside)
    return min(ATTACKS, max(min(inside, outside) // 2, FEWEST_PERSONS // 2))


def _distinct(pair: Comparison, rng: np.random.Generator) -> NDArray[np.float64]:
    """The synthetic rows without their repetitions: an attacker loses nothing by dropping these."""
    rows = pair.synthetic_matrix[rng.permutation(len(pair.synthetic))[: most_synthetic(pair)]]
    return rows[np.sort(np.unique(fingerprints(rows), return_index=True)[1])]


def _risk(pair: Comparison, predicates: list[Predicate], most: int) -> Score:
    inside, outside = pair.real.persons(), held_out(pair).persons()
    n, m = len(persons_of(inside)), len(persons_of(outside))
    attempts = max(len(predicates), min(FEWEST_ATTACKS, most))
    of_members, of_strangers = Rows(pair.real_matrix, inside), Rows(pair.holdout_matrix, outside)
    counts = [np.array([rows.fits(one) for one in predicates], np.int64) for rows in (of_members, of_strangers)]
    hits, size = float((counts[0] == 1).sum()), min(n, m)
    excess = fits_one(counts[0], n, size) - fits_one(counts[1], m, size)
    # A description of one training person finds that person in a part of the table with chance size / n.
    grown = n / size
    control = min(max(hits - excess * grown, 0.0), float(attempts))
    return residual_risk(hits, control, attempts, grown)


def fits_one(counts: NDArray[np.int64], persons: int, size: int) -> float:
    """How many descriptions are expected to fit exactly one of ``size`` persons drawn without replacement.

    counts : how many of all ``persons`` each description fits. Exact: the hypergeometric chance of drawing one of them.
    """
    c = counts[(counts >= 1) & (counts <= persons - size + 1)]
    log = log_factorials(persons)
    ways = np.log(c) + log[persons - c] - log[size - 1] - log[persons - c - size + 1]
    return float(np.exp(ways - log[persons] + log[size] + log[persons - size]).sum())
