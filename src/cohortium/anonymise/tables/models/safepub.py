"""A differentially private table of real rows: a scheme, a random sample, and no small classes.

The scheme, a level per column, is either given by somebody who has not looked at the data, or chosen from the data with
a part of epsilon by the exponential mechanism: the likelier, the more exactness it would keep. A fresh sample is drawn
for the release after that, so the two parts of epsilon add up (sequential composition).

A scheme's score is the number of rows that it would keep, by expectation over the sampling, each by how exactly it is
told. One row more changes one class of c rows; what is kept of it grows by at most beta (1 + k max_c P(X_c = k - 1)),
X_c binomial (c, beta). Scores are whole thousandths, and the draw among them is exact, in whole numbers.

Sources : Bild, Kuhn and Prasser 2018, PoPETs 2018(1), 67-87 (SafePub: the idea of a private search before such a
          release); McSherry and Talwar 2007, FOCS (exponential mechanism). The score and its bound are ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.class_counts import ClassCounter
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.lattice import Lattice
from cohortium.anonymise.tables.models.safe_release import SafeRelease
from cohortium.anonymise.tables.tuples import Tuples, level_columns
from cohortium.errors import InvalidRequest
from cohortium.privacy.secure_noise import Noise, bernoulli_exp, chosen_with, uniform_below

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Node = NDArray[np.int64]

MOST_SCHEMES = 50_000
_UNITS = 1_000
_EPSILON_DIGITS = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class SafelyReleased:
    """Which rows leave, and how exactly.

    node    : (q,) the level of every column.
    leaves  : (n,) True where a row was taken and its class is large enough. How many rows were not taken must stay in.
    epsilon : of everything: the search for the scheme, if there was one, and the release.
    delta   : of the release.
    """

    node: tuple[int, ...]
    leaves: NDArray[np.bool_]
    epsilon: float
    delta: float


def release_safely(
    tuples: Tuples, hierarchies: Sequence[Hierarchy], node: Sequence[int], model: SafeRelease, noise: Noise
) -> SafelyReleased:
    """The rows of a release at a scheme that was fixed without looking at the data.

    tuples      : of all columns that leave; a column beside them would not be protected.
    hierarchies : of the columns, made without looking at the data either.
    Raises      : InvalidRequest where a column is not generalised, or a person has several rows.
    """
    _check(tuples)
    counter = _counter(tuples, hierarchies)
    of_tuple, _ = counter.classes(np.array(node, dtype=np.int64))
    of_row = of_tuple[tuples.of_row]
    taken = chosen_with(model.beta, len(of_row), noise)
    large = np.bincount(of_row[taken], minlength=int(of_tuple.max()) + 1) >= model.k
    return SafelyReleased(tuple(int(level) for level in node), taken & large[of_row], model.epsilon, model.delta)


def search_and_release_safely(
    tuples: Tuples,
    hierarchies: Sequence[Hierarchy],
    model: SafeRelease,
    noise: Noise,
    *,
    search_share: float = 0.1,
    allowed: Lattice | None = None,
) -> SafelyReleased:
    """As ``release_safely``, at a scheme that is chosen with a share of the model's epsilon.

    allowed : schemes among which is chosen, fixed without looking at the data; all where None.
    Raises  : InvalidRequest, also where there are too many schemes.
    """
    if not 0 < search_share < 1:
        raise InvalidRequest(f"The share of epsilon for the search lies above 0 and below 1, not at {search_share:g}.")
    release = SafeRelease(model.epsilon * (1 - search_share), model.delta)
    lattice = allowed or Lattice.of([one.levels for one in hierarchies])
    node = choose_scheme(tuples, hierarchies, release, model.epsilon * search_share, noise, lattice)
    found = release_safely(tuples, hierarchies, node.tolist(), release, noise)
    return SafelyReleased(found.node, found.leaves, model.epsilon, model.delta)


def choose_scheme(
    tuples: Tuples,
    hierarchies: Sequence[Hierarchy],
    release: SafeRelease,
    epsilon: float,
    noise: Noise,
    lattice: Lattice,
) -> Node:
    """A scheme (q,), epsilon-differentially private: probably one that keeps much under ``release``.

    Raises : InvalidRequest where there are more than ``MOST_SCHEMES``.
    """
    _check(tuples)
    if lattice.size > MOST_SCHEMES:
        raise InvalidRequest(
            f"There are {lattice.size:,} schemes; a private search covers {MOST_SCHEMES:,}. Fix the levels of some "
            "columns."
        )
    scores, most_change = scheme_scores(tuples, hierarchies, release, lattice)
    behind = scores.max() - scores
    exact = Fraction(math.floor(epsilon * _EPSILON_DIGITS), _EPSILON_DIGITS)
    while True:
        drawn = uniform_below(np.full(max(64, len(scores)), len(scores), dtype=np.int64), noise)
        steps = behind[drawn].astype(object) * exact.numerator
        kept = np.flatnonzero(bernoulli_exp(steps, 2 * most_change * exact.denominator, noise))
        if len(kept):
            return lattice.node(int(drawn[kept[0]]))


def scheme_scores(
    tuples: Tuples, hierarchies: Sequence[Hierarchy], release: SafeRelease, lattice: Lattice
) -> tuple[NDArray[np.int64], int]:
    """What every scheme would keep (schemes,), in thousandths of an exact row, and by how much one row changes that."""
    counter = _counter(tuples, hierarchies)
    kept, most_growth = rows_kept(release, tuples.rows)
    exact = [1 - one.shares()[:, tuples.codes[:, place]] for place, one in enumerate(hierarchies)]
    scores = np.empty(lattice.size, dtype=np.int64)
    for place in range(lattice.size):
        node = lattice.node(place)
        of_tuple, rows = counter.classes(node)
        told = np.zeros(len(rows))
        told[of_tuple] = sum(shares[level] for shares, level in zip(exact, node, strict=True)) / len(exact)
        scores[place] = math.floor(_UNITS * float(kept[rows] @ told))
    # Rounding down, and that of the sums, can add one unit each.
    return scores, math.ceil(_UNITS * most_growth) + 2


def rows_kept(release: SafeRelease, most: int) -> tuple[NDArray[np.float64], float]:
    """Expected rows that leave of a class of 0 ... ``most`` rows or more, and what one row changes at most."""
    k, beta = release.k, release.beta
    sizes = np.arange(max(most, math.ceil(k / beta)) + 1)
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, len(sizes) + 1)))])
    just_too_few = np.zeros(len(sizes))
    can = sizes[k - 1 :]
    just_too_few[k - 1 :] = np.exp(
        factorials[can] - factorials[k - 1] - factorials[can - k + 1]
        + (k - 1) * math.log(beta) + (can - k + 1) * math.log1p(-beta)
    )  # fmt: skip
    enough = np.concatenate([[0.0], np.cumsum(beta * just_too_few)[:-1]])
    kept = np.concatenate([[0.0], np.cumsum(beta * (enough + k * just_too_few))[:-1]])
    return kept, beta * (1 + k * float(just_too_few.max()))


def _check(tuples: Tuples) -> None:
    if tuples.sensitive:
        raise InvalidRequest(
            f"A safe release protects what its schemes cover; {sorted(tuples.sensitive)} would leave as they are. Give "
            "them hierarchies, or leave them out."
        )
    if tuples.persons is not None:
        raise InvalidRequest("A safe release is of tables with one row per person; here a person has several.")


def _counter(tuples: Tuples, hierarchies: Sequence[Hierarchy]) -> ClassCounter:
    starts = np.cumsum([0, *(one.levels for one in hierarchies)])[:-1]
    sizes = [[len(labels) for labels in one.labels] for one in hierarchies]
    return ClassCounter(level_columns(tuples, hierarchies), starts.astype(np.int64), sizes, tuples.counts)
