"""How much one person can change sums: what differential privacy needs to know of an algorithm before it adds noise.

An algorithm can run with differential privacy where it is ``Bounded``: where it can make sure, record by record and
from the public state alone, that no person adds more than it says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.records import PERSONS, Algorithm, Column, Kind, Schema, State, Table, name_of
from cohortium.records.sums import Layout
from cohortium.records.table import ARROW_TYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAPPED = (Kind.CONTINUOUS, Kind.INTEGER, Kind.DURATION)


@runtime_checkable
class Bounded(Protocol):
    """An algorithm, or something that knows it, that bounds what one person adds to its sums."""

    def sensitivity(self, state: State) -> Mapping[str, float]:
        """Array -> largest L2 norm of what adding or removing one person, whose records ``clip`` left, changes in it.

        Follows from the state alone. Arrays that it leaves out cannot leave in mode "dp".
        """
        ...

    def clip(self, records: Table, state: State) -> Table:
        """The records within those bounds; works on every person alone."""
        ...


@runtime_checkable
class Stepped(Protocol):
    """An algorithm that says beforehand how many steps it takes in mode "dp": its budget is divided among them."""

    def steps(self) -> int | tuple[int, ...]:
        """How many steps there are at most, with equal parts of the budget, or how many parts each of them gets.

        Follows from the settings alone, so that hub and sites divide alike.
        """
        ...


@runtime_checkable
class Weighing(Protocol):
    """An algorithm some of whose arrays need less noise than others."""

    def array_weights(self, state: State) -> Mapping[str, float]:
        """Array -> its part of a step's budget, beside 1 for those that are left out; follows from the state alone."""
        ...


@runtime_checkable
class StartsNoisy(Protocol):
    """An algorithm that asks for other sums where noise is added to them: fewer, or of rows that weigh little each."""

    def start_noisy(self, schema: Schema) -> State:
        """The first state in mode "dp". Raises InvalidRequest, or NotApplicable where a setting cannot be had so."""
        ...


def noisy_start(algorithm: Algorithm, schema: Schema) -> State:
    """The first state of an algorithm whose sums will carry noise."""
    return algorithm.start_noisy(schema) if isinstance(algorithm, StartsNoisy) else algorithm.start(schema)


def part_of_budget(algorithm: Algorithm, step: int) -> Fraction:
    """What a step may spend, as a part of all that the algorithm has; all steps together get no more than that.

    An algorithm that is ``Stepped`` gets the parts that it says; another one half of what is left at each step.
    Raises : InvalidRequest where an algorithm asks for more steps than it said.
    """
    if not isinstance(algorithm, Stepped):
        return Fraction(1, 2 ** (step + 1))
    told = algorithm.steps()
    parts = (1,) * told if isinstance(told, int) else told
    if step >= len(parts):
        raise InvalidRequest(f"'{name_of(algorithm)}' said that it takes {len(parts)} steps, and asks for one more.")
    return Fraction(parts[step], sum(parts))


def bounded(algorithm: Algorithm, schema: Schema) -> Bounded:
    """What bounds the algorithm's sums, under the agreed schema.

    Raises : NotApplicable where nothing does: it cannot run with differential privacy then.
    """
    if isinstance(algorithm, Bounded):
        return algorithm
    if name_of(algorithm) == "describe":
        return BoundedMoments(schema)
    raise NotApplicable(
        f"'{name_of(algorithm)}' does not bound what one person adds to its sums, so no amount of noise would hide a "
        "person. Run it in mode 'secure'; what runs in mode 'dp' is listed in docs/algorithms.md."
    )


def counts_sensitivity(layout: Layout, counts: Sequence[str], cells_per_person: int = 1) -> dict[str, float]:
    """L2 sensitivity of arrays of counts in which each person adds 1 to at most ``cells_per_person`` cells."""
    shapes = {name: shape for name, _, shape, _ in layout}
    found = {name: math.sqrt(min(cells_per_person, math.prod(shapes[name]))) for name in counts if name in shapes}
    return {PERSONS: 1.0, **found}


def one_row_per_person(records: Table, rank: NDArray[np.int64] | None = None) -> Table:
    """One row of every person, so that a person with many visits weighs no more than one with a single visit.

    rank : (n,) the first of a person's rows with the highest rank is kept; the first of all where None. A row's rank
           must not depend on other persons.
    """
    persons = records.persons()
    order = np.arange(len(records)) if rank is None else np.argsort(-rank, kind="stable")
    first = order[np.unique(persons[order], return_index=True)[1]]
    return records if len(first) == len(records) else records.take(np.sort(first))


def capped(records: Table, names: Sequence[str]) -> Table:
    """The records with values of the numeric columns ``names`` moved into their plausible ranges.

    Raises : NotApplicable where the schema states no range for one of them.
    """
    ranges = {name: plausible_range(records.schema[name]) for name in names}
    arrays = []
    for column in records.schema.columns:
        array = records.arrow.column(column.name)
        if column.name in ranges:
            low, high = ranges[column.name]
            values = np.clip(records.numeric(column.name), low, high)
            array = pa.array(values, from_pandas=True).cast(ARROW_TYPES[column.kind], safe=False)
        arrays.append(array)
    return Table(pa.table(arrays, names=list(records.schema.names)), records.schema)


def plausible_range(column: Column) -> tuple[float, float]:
    """The range that the schema states for a column; raises NotApplicable where it states none that can be kept to.

    Of whole numbers the range widened to whole numbers, so that what is clipped to it stays in it.
    """
    if column.minimum is None or column.maximum is None or column.kind not in CAPPED:
        raise NotApplicable(
            f"Mode 'dp' needs a plausible range of '{column.name}' ({column.kind}): state minimum and maximum in the "
            "schema, from what is known about such values, not from the records."
        )
    low, high = float(column.minimum), float(column.maximum)
    return (float(math.floor(low)), float(math.ceil(high))) if column.kind is Kind.INTEGER else (low, high)


@dataclass(frozen=True, slots=True)
class BoundedMoments:
    """Counts, sums and sums of squares around a centre, per column, as ``describe`` forms them.

    schema : the agreed schema; every numeric column must state its plausible range.
    """

    schema: Schema

    def sensitivity(self, state: State) -> dict[str, float]:
        """From the farthest that a value within its range can be from the centre of the state."""
        farthest = self._farthest(state)
        numeric, nominal = len(state.facts["numeric"]), len(state.facts["nominal"])
        return {
            PERSONS: 1.0,
            "rows": 1.0,
            "known": math.sqrt(numeric + nominal),
            "sum": float(np.linalg.norm(farthest)),
            "squares": float(np.linalg.norm(farthest**2)),
            "levels": math.sqrt(nominal),
        }

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with values within their ranges."""
        return capped(one_row_per_person(records), state.facts["numeric"])

    def _farthest(self, state: State) -> NDArray[np.float64]:
        centre = state.arrays["centre"]
        ranges = [plausible_range(self.schema[name]) for name in state.facts["numeric"]]
        ends = [max(abs(low - at), abs(high - at)) for (low, high), at in zip(ranges, centre, strict=True)]
        return np.array(ends, dtype=np.float64)
