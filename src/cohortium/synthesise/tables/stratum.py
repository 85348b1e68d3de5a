"""What is learnt of one stratum: a mixture of normal scores, and how its scores become ranks of its own marginals."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.gaussian_mixture import Mixture, sample_mixture
from cohortium.numerics.normal_scores import normal_cdf
from cohortium.synthesise.tables.latent_space import Axis, LatentSpace
from cohortium.synthesise.tables.marginal_codec import edges_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CURVE = 513
"""Points at which the distribution function of a mixture is kept."""
REACH = 7.0
"""Standard deviations of the farthest component at which a distribution function counts as 0 or 1."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum of a fitted copula mixture.

    share    : its share of the persons.
    mixture  : of the scores on the axes that are modelled in any stratum.
    modelled : (d,) which axes this stratum learnt; on the others it knows the marginal alone.
    edges    : per axis the edges of its cells, with their shares in this stratum.
    ends     : (2, used) first and last score of ``curve``.
    curve    : (CURVE, used) distribution function of the mixture on each axis, at evenly spaced scores.
    """

    share: float
    mixture: Mixture
    modelled: NDArray[np.bool_]
    edges: tuple[Floats, ...]
    ends: Floats
    curve: Floats

    @classmethod
    def of(cls, share: float, mixture: Mixture, modelled: NDArray[np.bool_], edges: tuple[Floats, ...]) -> Stratum:
        """The stratum, with the distribution functions of its mixture."""
        sd = np.sqrt(np.diagonal(mixture.covariances, axis1=1, axis2=2))
        ends = np.stack([(mixture.means - REACH * sd).min(axis=0), (mixture.means + REACH * sd).max(axis=0)])
        scores = np.linspace(ends[0], ends[1], CURVE)
        curve = np.zeros_like(scores)
        for weight, mean, spread in zip(mixture.weights, mixture.means, sd, strict=True):
            curve += weight * normal_cdf((scores - mean) / spread)
        return cls(share, mixture, modelled, edges, ends, curve)

    def draw(self, n: int, space: LatentSpace, used: NDArray[np.int64], rng: np.random.Generator) -> Floats:
        """``n`` new records as numbers and level codes (n, columns), NaN where missing.

        used : the axes that the mixture spans.
        """
        z = sample_mixture(self.mixture, n, rng)
        place_of = {int(number): place for place, number in enumerate(used)}
        values = np.empty((n, len(space.marginals)))
        absent = np.empty((n, len(space.marginals)), dtype=np.bool_)
        filled = np.zeros(len(space.marginals), dtype=np.bool_)
        for number, axis in enumerate(space.axes):
            if self.modelled[number]:
                place = place_of[number]
                scores = np.linspace(self.ends[0, place], self.ends[1, place], CURVE)
                ranks = np.interp(z[:, place], scores, self.curve[:, place])
            else:
                ranks = rng.random(n)
            if axis.missing:
                absent[:, list(axis.columns)] = (ranks > self.edges[number][1])[:, None]
            else:
                column = axis.columns[0]
                values[:, column] = space.marginals[column].values(ranks, self.edges[number])
                filled[column] = True
        for column, marginal in enumerate(space.marginals):
            if not filled[column]:
                values[:, column] = marginal.values(np.full(n, 0.5))
            if column not in space.of_missing:
                absent[:, column] = rng.random(n) < marginal.missing
        values[absent] = np.nan
        return values


def worth_modelling(
    axis: Axis, wide: NDArray[np.bool_], cells: NDArray[np.int64], weights: Floats, least: float
) -> bool:
    """Whether so many persons of a stratum differ on an axis that what goes with the difference can be learnt.

    wide : (m,) which cells hold more than one value.
    """
    mass = _mass(axis, cells, weights)
    return mass.sum() >= least and (bool(wide[mass.argmax()]) or float(mass.sum() - mass.max()) >= least)


def stratum_edges(axis: Axis, cells: NDArray[np.int64], weights: Floats, least: float, merge: bool) -> Floats:
    """Where the cells of an axis begin and end on the unit interval among the persons of one stratum.

    merge : pool neighbouring cells until they hold ``least`` persons, as befits numbers; levels have no neighbours.
    """
    mass = _mass(axis, cells, weights)
    if not mass.any():
        return axis.edges
    return edges_of(pooled(mass, np.diff(axis.edges), least) if merge else mass)


def _mass(axis: Axis, cells: NDArray[np.int64], weights: Floats) -> Floats:
    known = cells >= 0
    return np.bincount(cells[known], weights[known], minlength=len(axis.edges) - 1)


def pooled(mass: Floats, usual: Floats, least: float) -> Floats:
    """``mass`` (m,) pooled over neighbouring cells until ``least``, and shared out again in proportion to ``usual``.

    Cells before the first and after the last that hold anything stay empty.
    """
    first, last = np.flatnonzero(mass)[[0, -1]]
    bounds, held = [int(first)], 0.0
    for cell in range(int(first), int(last) + 1):
        held += mass[cell]
        if held >= least:
            bounds.append(cell + 1)
            held = 0.0
    if len(bounds) == 1:
        bounds.append(int(last) + 1)
    bounds[-1] = int(last) + 1  # what is left over joins the last group
    answer = np.zeros_like(mass)
    for start, stop in itertools.pairwise(bounds):
        answer[start:stop] = mass[start:stop].sum() * usual[start:stop] / usual[start:stop].sum()
    return answer
