"""How much one person can change sums: what differential privacy needs to know of an algorithm before it adds noise.

An algorithm can run with differential privacy where it is ``Bounded``: where it can make sure, record by record and
from the public state alone, that no person adds more than it says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from cohortium.errors import NotApplicable
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
        "person. Run it in mode 'secure', or ask for counts, histograms or a description in mode 'dp'."
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
    """The range that the schema states for a column; raises NotApplicable where it states none that can be kept to."""
    if column.minimum is None or column.maximum is None or column.kind not in CAPPED:
        raise NotApplicable(
            f"Mode 'dp' needs a plausible range of '{column.name}' ({column.kind}): state minimum and maximum in the "
            "schema, from what is known about such values, not from the records."
        )
    return float(column.minimum), float(column.maximum)


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
