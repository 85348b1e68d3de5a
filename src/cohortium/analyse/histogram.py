"""Histogram: how many values of a numeric column lie in each of a row of intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.design import persons_in
from cohortium.analyse.moments import require_numbers
from cohortium.analyse.noise.counts import NOTE, noise_facts, shares, with_intervals
from cohortium.errors import InvalidRequest
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BINS = 100_000


@algorithm(
    "histogram",
    title="Histogram",
    leaves_site="how many values lie in each interval, below the first and above the last, and how many are missing",
    source="Pearson 1895, Phil. Trans. R. Soc. A 186, 343",
    counts=("inside", "outside"),
    family="counts",
)
@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of a numeric column in intervals that all sites agree on beforehand.

    variable : the column.
    edges    : bounds of the intervals, rising; each holds its lower bound, the last one both (as numpy's do).
    bins     : number of equal intervals over ``low`` to ``high`` where no edges are given; the plausible range of the
               schema stands in for the two.
    Reveals  : the count of every interval over all sites; small ones are kept in by the disclosure rules.
    """

    variable: str
    edges: tuple[float, ...] = ()
    bins: int = 20
    low: float | None = None
    high: float | None = None

    def columns(self) -> tuple[str, ...]:
        """The variable."""
        return (self.variable,)

    def steps(self) -> int:
        """One, so that in mode "dp" it may cost all that the analysis has."""
        return 1

    def start(self, schema: Schema) -> State:
        """Fix the edges."""
        require_numbers(schema, self.variable)
        edges = np.array(self.edges, dtype=np.float64)
        if not self.edges:
            column = schema[self.variable]
            low = column.minimum if self.low is None else self.low
            high = column.maximum if self.high is None else self.high
            edges = equal_edges(self.variable, low, high, self.bins)
        if len(edges) < 2 or not np.isfinite(edges).all() or not (np.diff(edges) > 0).all():
            raise InvalidRequest(f"The edges of a histogram must be at least two rising numbers; {len(edges)} came.")
        return State("counts", {}, {"edges": edges})

    def local(self, records: Table, state: State) -> Sums:
        """Count the values."""
        values, edges = records.numeric(self.variable), state.arrays["edges"]
        known = values[~np.isnan(values)]
        return Sums(
            {
                PERSONS: persons_in(records),
                "inside": np.histogram(known, edges)[0].astype(np.int64),
                "outside": np.array([(known < edges[0]).sum(), (known > edges[-1]).sum()], dtype=np.int64),
                "missing": len(values) - len(known),
            }
        )

    def sensitivity(self, state: State) -> dict[str, float]:
        """One person is one value, and so adds 1 to one count."""
        return dict.fromkeys((PERSONS, "inside", "outside", "missing"), 1.0)

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with a value where there is one."""
        return one_row_per_person(records, (~records.missing(self.variable)).astype(np.int64))

    def combine(self, total: Sums, state: State) -> State | Result:
        """Counts, and shares of the known values."""
        edges, inside = state.arrays["edges"], total["inside"]
        n = int(inside.sum() + total["outside"].sum())
        if total.noise:  # every person is one row then, and the noise of two numbers is less than that of all intervals
            n = total.persons - int(total["missing"])
        table: dict[str, list[Any]] = {
            "low": [float(edge) for edge in edges[:-1]],
            "high": [float(edge) for edge in edges[1:]],
            "n": [int(count) for count in inside],
            "share": shares(inside, n),
        }
        with_intervals(table, "n", inside, total.noise.get("inside"))
        below, above = (int(count) for count in total["outside"])
        notes = [f"{below + above} values lie outside the intervals."] if below + above > 0 else []
        notes += [NOTE] if total.noise else []
        facts = {"n": n, "missing": int(total["missing"]), "below": below, "above": above, "notes": notes}
        facts |= noise_facts(total)
        return Result(f"Histogram of {self.variable}", total.persons, {"bins": table}, facts)


def equal_edges(name: str, low: float | None, high: float | None, bins: int) -> NDArray[np.float64]:
    """The bounds (bins + 1,) of equal intervals from ``low`` to ``high``.

    Raises : InvalidRequest where they are not known, not in order, or too many.
    """
    if low is None or high is None or not low < high:
        raise InvalidRequest(
            f"Intervals of column '{name}' need a range agreed beforehand: give 'low' and 'high' with low < high, "
            "in its unit. It is never read off the records, since the smallest and largest value belong to somebody."
        )
    if not 1 <= bins <= MOST_BINS:
        raise InvalidRequest(f"The number of intervals must lie between 1 and {MOST_BINS:,}, not {bins}.")
    return np.linspace(low, high, bins + 1)
