"""How rich a federated mixture may be: candidates learnt side by side, compared on rows that were held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.gaussian_mixture import Mixture, Moments, Shrinkage, maximise, sample_mixture
from cohortium.synthesise.federated.latent_rounds import HomedMixture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

GRID = (1, 2, 3, 4, 6, 8, 12, 16)
"""Numbers of components that are tried in every stratum."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A size: components of each stratum at most, and for how many persons the shared covariance counts."""

    components: int
    shared: float


def candidates_of(shared: Sequence[float], most: int) -> list[Candidate]:
    """Every size, the simplest first: much sharing before little, few components before many."""
    grid = [size for size in GRID if size <= max(most, 1)]
    return [Candidate(size, persons) for persons in sorted(shared, reverse=True) for size in grid]


def spread_out(strata: Moments, components: Integers, shrinkage: Shrinkage, rng: np.random.Generator) -> HomedMixture:
    """A first mixture: in each stratum so many components around records drawn from its single Gaussian.

    strata : moments of each stratum as a whole.
    """
    single = maximise(strata, shrinkage)
    home = np.repeat(np.arange(len(components)), components)
    means = np.concatenate(
        [
            sample_mixture(_one(single, stratum), int(count), rng) if count > 1 else single.means[stratum : stratum + 1]
            for stratum, count in enumerate(components)
        ]
    )
    weights = single.weights[home] / components[home]
    return HomedMixture(Mixture(weights / weights.sum(), means, single.covariances[home]), home)


def _one(mixture: Mixture, place: int) -> Mixture:
    part = slice(place, place + 1)
    return Mixture(np.ones(1), mixture.means[part], mixture.covariances[part])


def chosen_size(
    candidates: Sequence[Candidate], rows: Integers, totals: Floats, products: Floats, most: Integers
) -> tuple[Integers, float]:
    """Components of each stratum, and the sharing, of the simplest size that predicts about as well as any.

    rows, totals, products : per stratum the held-out rows (S,), the sums (S, C) of their log densities under each
                             candidate, and of products of two of those (S, C, C).
    A richer size is taken where it gains more than the standard error of that gain; see ``mixture_size``.
    """
    best = np.ones(len(rows), np.int64), max(own.shared for own in candidates)
    held: list[int] = []
    for persons in sorted({own.shared for own in candidates}, reverse=True):
        own = [place for place, candidate in enumerate(candidates) if candidate.shared == persons]
        picked = [_simplest(own, candidates, int(most[s]), s, rows, totals, products) for s in range(len(rows))]
        if not held or _gains(held, picked, rows, totals, products):
            best, held = (np.array([candidates[place].components for place in picked], np.int64), persons), picked
    return np.minimum(best[0], np.maximum(most, 1)), best[1]


def _simplest(
    own: list[int],
    candidates: Sequence[Candidate],
    most: int,
    stratum: int,
    rows: Integers,
    totals: Floats,
    products: Floats,
) -> int:
    part = slice(stratum, stratum + 1)
    best = own[0]
    for place in own[1:]:
        if candidates[place].components <= most and _gains([best], [place], rows[part], totals[part], products[part]):
            best = place
    return best


def _gains(before: list[int], after: list[int], rows: Integers, totals: Floats, products: Floats) -> bool:
    """Whether the mean gain over all held-out rows is above its standard error."""
    n, total, squares = int(rows.sum()), 0.0, 0.0
    for stratum, (old, new) in enumerate(zip(before, after, strict=True)):
        total += totals[stratum, new] - totals[stratum, old]
        cross = products[stratum]
        squares += cross[new, new] + cross[old, old] - 2.0 * cross[new, old]
    if not n:
        return False
    mean = total / n
    return bool(mean * np.sqrt(n) > np.sqrt(max(squares / n - mean**2, 0.0)) + 1e-9)


def next_mixture(
    model: HomedMixture, moments: Moments, shrinkage: Shrinkage, least: float
) -> tuple[HomedMixture, bool]:
    """The mixture for these moments, without the weakest component if it counts too little; and whether one went."""
    counts, home = moments.counts, model.home
    dispensable = (counts < least) & (np.bincount(home)[home] > 1)
    if not dispensable.any():
        return HomedMixture(maximise(moments, shrinkage), home), False
    weak = int(np.where(dispensable, counts, np.inf).argmin())
    parts = (np.delete(part, weak, axis=0) for part in (counts, moments.sums, moments.products))
    return HomedMixture(maximise(Moments(*parts), shrinkage), np.delete(home, weak)), True
