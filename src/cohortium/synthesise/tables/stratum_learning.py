"""Learning the strata of a copula mixture: one mixture over all of them, then the marginals of each."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.gaussian_mixture import Mixture, Shrinkage
from cohortium.numerics.latent_mixture import Latents, learn
from cohortium.numerics.mixture_size import choose_size
from cohortium.numerics.normal_scores import normal_cdf, normal_quantile
from cohortium.records import Table
from cohortium.synthesise.tables.latent_space import Axis, LatentSpace
from cohortium.synthesise.tables.marginal_codec import edges_of
from cohortium.synthesise.tables.marginal_learning import Persons
from cohortium.synthesise.tables.stratum import Stratum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

SHARED = (1.0, 4.0)
"""Persons per axis for which the covariance that all components share may count in each of them."""
CAUTIOUS_BELOW = 5_000
"""In tables of fewer persons the shared covariance counts for more, in proportion: single persons weigh more there."""
RIDGE = 1e-4
GROUP = 0.5
"""A stratum corrects its marginals over groups of so many times the square root of its persons."""
FIRST = (60, 8)
"""Components to begin with: one for so many persons, and how many at most."""


def learn_strata(
    space: LatentSpace,
    table: Table,
    persons: Persons,
    stratum: Integers,
    least: int,
    component: int,
    *,
    rng: np.random.Generator,
) -> tuple[Stratum, ...]:
    """The strata of ``table``, of whose rows ``stratum`` (n,) gives the number.

    least     : persons who must differ on an axis before it is modelled in a stratum, and share a corrected marginal.
    component : fewest persons that a component stands for.
    """
    cells, weights = space.cells(table), persons.weights
    members = [stratum == number for number in range(int(stratum.max()) + 1)]
    modelled = np.zeros((len(members), len(space.axes)), dtype=np.bool_)
    for (number, own), (place, axis) in itertools.product(enumerate(members), enumerate(space.axes)):
        modelled[number, place] = _worth_modelling(axis, space.wide(axis), cells[own, place], weights[own], least)
    used = np.flatnonzero(modelled.any(axis=0))
    latents = space.latents(table, cells, used, stratum, persons, rng)
    mixture, home = _learn_mixture(latents, component, rng)
    for dimension, place in enumerate(used.tolist()):  # unknown values count where the mixture last drew them
        drawn = np.searchsorted(space.axes[place].edges[1:-1], normal_cdf(latents.z[:, dimension]), side="right")
        cells[:, place] = np.where(modelled[stratum, place], drawn, cells[:, place])
    answer = []
    for number, own in enumerate(members):
        weight = mixture.weights[home == number]
        part = Mixture(weight / weight.sum(), mixture.means[home == number], mixture.covariances[home == number])
        places = np.full(len(space.axes), -1)
        places[used] = np.where(modelled[number, used], np.arange(len(used)), -1)
        group = max(least, GROUP * weights[own].sum() ** 0.5)
        edges = []
        for place, axis in enumerate(space.axes):
            expected = expected_shares(part, int(places[place]), axis)
            edges.append(_edges(axis, cells[own, place], weights[own], expected, group, space.is_number(axis)))
        answer.append(Stratum.of(float(weights[own].sum() / weights.sum()), part, places, tuple(edges)))
    return tuple(answer)


def _learn_mixture(latents: Latents, component: int, rng: np.random.Generator) -> tuple[Mixture, Integers]:
    """The mixture of all strata, and the stratum of each of its components."""
    axes, persons = latents.z.shape[1], np.bincount(latents.strata, latents.weights)
    caution = axes * max(1.0, CAUTIOUS_BELOW / persons.sum())
    shrinkage = Shrinkage(SHARED[0] * caution, to_diagonal=True, ridge=RIDGE)
    first = np.clip(persons // FIRST[0], 1, FIRST[1]).astype(np.int64)
    # A first mixture gives unknown scores a place among the known ones; only then can sizes be compared.
    learn(latents, first, shrinkage, component, rng=rng, settle=0)
    most = np.maximum(1, persons // (2 * component)).astype(np.int64)
    size = choose_size(latents, most, tuple(share * caution for share in SHARED), shrinkage, rng=rng)
    return learn(latents, size.components, replace(shrinkage, persons=size.shared), component, rng=rng)


def _worth_modelling(axis: Axis, wide: NDArray[np.bool_], cells: Integers, weights: Floats, least: float) -> bool:
    """Whether so many persons of a stratum differ on an axis that what goes with the difference can be learnt.

    wide  : (m,) which cells hold more than one value.
    cells : (n,) the cell of each record of the stratum, -1 where unknown.
    """
    mass = _mass(axis, cells, weights)
    return mass.sum() >= least and (bool(wide[mass.argmax()]) or float(mass.sum() - mass.max()) >= least)


def expected_shares(mixture: Mixture, place: int, axis: Axis) -> Floats:
    """Shares (m,) of the cells of an axis that the mixture of a stratum expects on its dimension ``place``.

    Those of the whole table where the stratum has not learnt the axis (-1).
    """
    if place < 0:
        return np.diff(axis.edges)
    sd = np.sqrt(mixture.covariances[:, place, place])
    standard = (normal_quantile(axis.edges)[:, None] - mixture.means[:, place]) / sd
    below = normal_cdf(standard) @ mixture.weights
    below[[0, -1]] = 0.0, 1.0
    return np.diff(below)


def _edges(axis: Axis, cells: Integers, weights: Floats, expected: Floats, least: float, merge: bool) -> Floats:
    """Where the cells of an axis begin and end on the unit interval among the records of one stratum.

    merge : pool neighbouring cells until they hold ``least`` persons, as befits numbers; levels have no neighbours.
    """
    mass = _mass(axis, cells, weights)
    if not mass.any():
        return axis.edges
    return edges_of(pooled(mass, expected, least) if merge else mass)


def _mass(axis: Axis, cells: Integers, weights: Floats) -> Floats:
    known = cells >= 0
    return np.bincount(cells[known], weights[known], minlength=len(axis.edges) - 1).astype(np.float64)


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
        part = usual[start:stop] + 1e-12
        answer[start:stop] = mass[start:stop].sum() * part / part.sum()
    return answer
