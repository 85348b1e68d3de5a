"""Where the columns of a table lie in the space of normal scores.

A column that varies is one axis; a pattern of missing values is another, shared by the columns that are missing
together. Both are cut into cells (``Marginal``), and a record is known to lie in one cell of each axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cohortium.numerics.latent_mixture import Latents
from cohortium.numerics.normal_scores import normal_quantile
from cohortium.records import Table
from cohortium.synthesise.tables.marginal_codec import Marginal, edges_of
from cohortium.synthesise.tables.marginal_learning import Persons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

FINE = 0.02
"""An interval of normal scores narrower than this counts as a point."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of the space.

    columns : places of the columns that it is about; several only where they are missing together.
    missing : whether it says that they are missing (a high score) or what their value is.
    edges   : (m + 1,) where its cells begin and end on the unit interval.
    """

    columns: tuple[int, ...]
    missing: bool
    edges: Floats


@dataclass(frozen=True)
class LatentSpace:
    """The columns of a table, and the axes that they span."""

    marginals: tuple[Marginal, ...]
    axes: tuple[Axis, ...]

    @classmethod
    def of(cls, table: Table, marginals: tuple[Marginal, ...], persons: Persons, least: int) -> Self:
        """The axes of ``table``; missing values of fewer than ``least`` persons are too few for one."""
        axes: list[Axis] = []
        together: dict[bytes, list[int]] = {}
        for place, marginal in enumerate(marginals):
            if len(marginal.shares) > 1 or (marginal.low < marginal.high).any():
                axes.append(Axis((place,), False, marginal.edges))
            missing = table.missing(marginal.column.name)
            if min(persons.among(missing), persons.among(~missing)) >= least:
                together.setdefault(missing.tobytes(), []).append(place)
        for columns in together.values():
            rate = marginals[columns[0]].missing
            axes.append(Axis(tuple(columns), True, edges_of(np.array([1.0 - rate, rate]))))
        return cls(marginals, tuple(axes))

    @cached_property
    def spanned(self) -> frozenset[int]:
        """Places of the columns whose value is an axis."""
        return frozenset(axis.columns[0] for axis in self.axes if not axis.missing)

    @cached_property
    def patterned(self) -> frozenset[int]:
        """Places of the columns of which an axis says whether they are missing."""
        return frozenset(place for axis in self.axes if axis.missing for place in axis.columns)

    def wide(self, axis: Axis) -> NDArray[np.bool_]:
        """Which cells of an axis hold more than one value."""
        marginal = self.marginals[axis.columns[0]]
        return np.zeros(2, dtype=np.bool_) if axis.missing else marginal.low < marginal.high

    def is_number(self, axis: Axis) -> bool:
        """Whether neighbouring cells of an axis are alike, as those of a number are."""
        return not axis.missing and self.marginals[axis.columns[0]].levels is None

    def cells(self, table: Table) -> Integers:
        """The cell of every record on every axis (n, d); -1 where the value is missing or left out."""
        answer = np.empty((len(table), len(self.axes)), dtype=np.int64)
        for number, axis in enumerate(self.axes):
            marginal = self.marginals[axis.columns[0]]
            if axis.missing:
                answer[:, number] = table.missing(marginal.column.name)
            else:
                answer[:, number] = marginal.cells(marginal.read(table))
        return answer

    def latents(
        self,
        table: Table,
        cells: Integers,
        used: Integers,
        strata: Integers,
        persons: Persons,
        rng: np.random.Generator,
    ) -> Latents:
        """Bounds and first scores of all records on the axes ``used``.

        cells : as ``cells`` gives them; strata (n,) of the records.
        """
        low, high = np.empty((2, len(table), len(used)))
        for place, number in enumerate(used):
            axis, marginal = self.axes[number], self.marginals[self.axes[number].columns[0]]
            if axis.missing:
                low[:, place], high[:, place] = axis.edges[cells[:, number]], axis.edges[cells[:, number] + 1]
            else:
                low[:, place], high[:, place] = marginal.ranks(marginal.read(table))
        z = normal_quantile(low + (high - low) * rng.random(low.shape))
        low, high = normal_quantile(low), normal_quantile(high)
        point = high - low < FINE
        return Latents(z, np.where(point, z, low), np.where(point, z, high), strata, persons.codes, persons.weights)

    def facts(self) -> list[dict[str, Any]]:
        """The axes as JSON values."""
        return [{"columns": list(axis.columns), "missing": axis.missing} for axis in self.axes]

    @classmethod
    def from_facts(cls, marginals: tuple[Marginal, ...], facts: list[dict[str, Any]]) -> Self:
        """The space of which these are the axes."""
        axes = []
        for fact in facts:
            first = marginals[fact["columns"][0]]
            edges = edges_of(np.array([1.0 - first.missing, first.missing])) if fact["missing"] else first.edges
            axes.append(Axis(tuple(fact["columns"]), fact["missing"], edges))
        return cls(marginals, tuple(axes))
