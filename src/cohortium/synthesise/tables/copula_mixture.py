"""A mixture of Gaussians in the space of normal scores, one per stratum, over smoothed marginals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cohortium import registry
from cohortium.errors import TooFewRecords
from cohortium.numerics.gaussian_mixture import Mixture, Shrinkage
from cohortium.numerics.latent_mixture import Latents, choose_size, learn
from cohortium.numerics.normal_scores import normal_cdf
from cohortium.records import Condition, Guarantee, Role, Schema, Table
from cohortium.synthesise.protocol import Parts, Progress, silent
from cohortium.synthesise.tables.latent_space import LatentSpace
from cohortium.synthesise.tables.level_order import order_levels
from cohortium.synthesise.tables.marginal_codec import Marginal, assemble
from cohortium.synthesise.tables.marginal_learning import Persons, learn_marginals, least_persons
from cohortium.synthesise.tables.rejection import draw_where
from cohortium.synthesise.tables.stratum import Stratum, stratum_edges, worth_modelling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

SMALLEST = 30
MOST_PERSONS = 20_000
"""So many persons, drawn at random, are enough to learn associations from; marginals are learnt from all."""
FIRST_COMPONENTS = 8
SHARED = (1.0, 3.0, 10.0)
BLOCK = 100_000


@registry.synthesiser(
    "copula_mixture",
    guarantee="none",
    source="Gaussian mixture copula; Hoff 2007 (extended rank likelihood); Schäfer and Strimmer 2005 (shrinkage)",
    suits="small tables (100 to 1,000 persons, rare disease), wide ones, and survival",
    smallest=SMALLEST,
)
@dataclass(frozen=True)
class CopulaMixture:
    """Mixture of Gaussian copulas per outcome: smooth associations over smoothed marginals, for few persons.

    least      : persons who must share a value, a level or a bin before it is kept; fewer below 500 persons.
    component  : persons whom a component of the mixture must stand for.
    stratum    : persons that a level of the event (or the outcome) needs for a mixture of its own.
    shrinkage  : how many persons per axis the covariance of all components counts for in each component.
    """

    least: int = 10
    component: int = 12
    stratum: int = 60

    def fit(self, real: Table, *, rng: np.random.Generator, progress: Progress = silent) -> FittedCopulaMixture:
        """Learn ``real``: its marginals, then a mixture of normal scores in every stratum.

        Raises : TooFewRecords below 30 persons.
        """
        persons = Persons.of(real)
        if persons.count < SMALLEST:
            raise TooFewRecords(f"A copula mixture needs {SMALLEST} persons or more; there are {persons.count}.")
        table = real.modelled()
        least = least_persons(persons.count, self.least)
        marginals, notes = learn_marginals(table, persons, least)
        if persons.count > MOST_PERSONS:
            kept = np.isin(persons.codes, rng.permutation(persons.count)[:MOST_PERSONS])
            table, persons = table.take(kept), Persons.of(real.take(kept))
            notes += (f"Associations are learnt from {MOST_PERSONS:,} persons drawn at random.",)
        progress("placing records", 0.2)
        marginals = order_levels(marginals, [marginal.read(table) for marginal in marginals], persons.weights)
        space = LatentSpace.of(table, marginals, persons, least)
        cells = space.cells(table)
        strata, names = strata_of(table, marginals, persons, self.stratum)
        modelled = np.array(
            [
                [
                    worth_modelling(
                        axis, _wide(space, axis), cells[strata == s, number], persons.weights[strata == s], least
                    )
                    for number, axis in enumerate(space.axes)
                ]
                for s in range(len(names))
            ],
            dtype=np.bool_,
        ).reshape(len(names), len(space.axes))
        latents = space.latents(table, cells, modelled, strata, persons.weights, rng)
        progress("learning associations", 0.4)
        mixture, home = self._mixture(latents, rng)
        progress("fitting marginals", 0.9)
        used = np.flatnonzero(modelled.any(axis=0))
        learnt = []
        for s in range(len(names)):
            rows = strata == s
            edges = []
            for number, axis in enumerate(space.axes):
                own = cells[rows, number]
                if modelled[s, number]:
                    ranks = normal_cdf(latents.z[rows, np.searchsorted(used, number)])
                    own = np.searchsorted(axis.edges[1:-1], ranks, side="right")
                merge = not axis.missing and space.marginals[axis.columns[0]].levels is None
                edges.append(stratum_edges(axis, own, persons.weights[rows], least, merge))
            own = home == s
            part = Mixture(
                mixture.weights[own] / mixture.weights[own].sum(), mixture.means[own], mixture.covariances[own]
            )
            learnt.append(
                Stratum.of(float(persons.weights[rows].sum() / persons.count), part, modelled[s], tuple(edges))
            )
        return FittedCopulaMixture(table.schema, space, tuple(learnt), notes)

    def _mixture(self, latents: Latents, rng: np.random.Generator) -> tuple[Mixture, Integers]:
        axes = latents.z.shape[1]
        persons = np.bincount(latents.strata, latents.weights)
        most = np.maximum(1, persons // (2 * self.component)).astype(np.int64)
        shrinkage = Shrinkage(persons=SHARED[0] * axes, to_diagonal=True, ridge=1e-3)
        first = np.clip(persons // 60, 1, FIRST_COMPONENTS).astype(np.int64)
        learn(latents, first, shrinkage, self.component, rng=rng, settle=0)
        size = choose_size(latents, most, tuple(share * axes for share in SHARED), shrinkage, rng=rng)
        self.__class__.last=size
        return learn(latents, size.components, replace(shrinkage, persons=size.shared), self.component, rng=rng)


def _wide(space: LatentSpace, axis) -> NDArray[np.bool_]:
    marginal = space.marginals[axis.columns[0]]
    if axis.missing:
        return np.zeros(2, dtype=np.bool_)
    return marginal.low < marginal.high


def strata_of(table: Table, marginals, persons: Persons, least: int) -> tuple[Integers, list[str]]:
    event = table.schema.only(Role.EVENT) if table.schema.only(Role.TIME) else None
    column = event or table.schema.only(Role.OUTCOME)
    none = np.zeros(len(table), dtype=np.int64)
    if column is None:
        return none, [""]
    marginal = marginals[table.schema.names.index(column.name)]
    if not 2 <= len(marginal.shares) <= 20 or (marginal.low < marginal.high).any() and marginal.levels is None:
        return none, [""]
    if event is None: least=max(least,100)
    cells = marginal.cells(marginal.read(table))
    mass = np.bincount(cells + 1, persons.weights)
    large = np.flatnonzero(mass >= least)
    if len(large) < 2:
        return none, [""]
    label = np.full(len(mass), -1)
    label[large] = np.arange(len(large))
    rest = mass[label < 0].sum()
    label[label < 0] = len(large) if rest >= least else label[large[mass[large].argmax()]]
    strata = label[cells + 1]
    return strata, [str(s) for s in range(strata.max() + 1)]


@dataclass(frozen=True)
class FittedCopulaMixture:
    method: ClassVar[str] = "copula_mixture"

    schema: Schema
    space: LatentSpace
    strata: tuple[Stratum, ...]
    left_out: tuple[str, ...]

    @property
    def guarantee(self) -> Guarantee:
        return Guarantee()

    @property
    def notes(self) -> tuple[str, ...]:
        return self.left_out

    def sample(self, n: int, *, rng: np.random.Generator, where: Condition | None = None) -> Table:
        if where is not None:
            return draw_where(lambda rows: self.sample(rows, rng=rng), n, where, self.space.marginals)
        values = np.empty((n, len(self.space.marginals)))
        strata = rng.choice(len(self.strata), size=n, p=[stratum.share for stratum in self.strata])
        used = np.flatnonzero(np.any([stratum.modelled for stratum in self.strata], axis=0))
        for start in range(0, n, BLOCK):
            block = np.arange(start, min(n, start + BLOCK))
            for number, stratum in enumerate(self.strata):
                rows = block[strata[block] == number]
                values[rows] = stratum.draw(len(rows), self.space, used, rng)
        columns = {
            marginal.column.name: marginal.arrow(values[:, place])
            for place, marginal in enumerate(self.space.marginals)
        }
        return assemble(columns, self.schema)
