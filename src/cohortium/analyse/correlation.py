"""Correlation: how closely pairs of numeric columns follow a straight line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number, reach
from cohortium.analyse.design import complete, persons_in
from cohortium.analyse.moments import require_numbers
from cohortium.errors import InvalidRequest
from cohortium.numerics.distributions import t_sf
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray


@algorithm(
    "correlation",
    title="Pearson correlation",
    leaves_site="sums of the columns, and sums of their products around the means of all sites",
    source="Pearson 1896, Phil. Trans. R. Soc. A 187, 253; interval: Fisher 1921, Metron 1, 3",
)
@dataclass(frozen=True, slots=True)
class Correlation:
    """Pearson's correlation of every pair of columns, with Fisher's interval and the p of no correlation.

    variables : two or more numeric columns; rows where any is missing are left out.
    Reveals   : the correlation matrix over all sites.
    """

    variables: tuple[str, ...]
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The variables."""
        return self.variables

    def start(self, schema: Schema) -> State:
        """Ask for the means first."""
        if len(set(self.variables)) < 2 or len(set(self.variables)) < len(self.variables):
            raise InvalidRequest(f"A correlation needs two or more different columns; {list(self.variables)} came.")
        require_numbers(schema, *self.variables)
        reach(self.level)
        return State("means", {}, {"centre": np.zeros(len(self.variables))})

    def local(self, records: Table, state: State) -> Sums:
        """Sums and products around the centre."""
        rows = complete(records, self.variables)
        gaps = np.stack([rows.numeric(name) for name in self.variables], axis=1) - state.arrays["centre"]
        return Sums({PERSONS: persons_in(rows), "n": len(rows), "sum": gaps.sum(0), "products": gaps.T @ gaps})

    def combine(self, total: Sums, state: State) -> State | Result:
        """The matrix, after the second pass."""
        n, centre = int(total["n"]), state.arrays["centre"]
        shift = total["sum"] / max(n, 1)
        if state.step == "means":
            return State("products", {}, {"centre": centre + shift})
        products = total["products"] - n * np.outer(shift, shift)
        spread = np.sqrt(np.maximum(np.diag(products), 0.0))
        constant = spread <= math.sqrt(max(n, 1)) * 1e-14 * np.abs(centre)
        with np.errstate(all="ignore"):
            matrix = np.clip(products / np.outer(spread, spread), -1, 1)
        matrix[constant, :] = matrix[:, constant] = np.nan
        flat = [name for name, is_flat in zip(self.variables, constant, strict=True) if is_flat]
        notes = [f"No correlation with {', '.join(flat)}, which does not vary."] if flat and n else []
        if n < 3:
            notes.append("Fewer than three complete rows; there is no p value.")
        facts: dict[str, Any] = {"n": n, "level": self.level, "notes": notes}
        return Result(
            "Pearson correlation", total.persons, {"pairs": pairs(self.variables, matrix, n, self.level)}, facts
        )


def pairs(names: tuple[str, ...], matrix: NDArray[np.float64], n: int, level: float) -> dict[str, list[Any]]:
    """A row for each pair: correlation, interval and p; None where a column is constant or rows are too few."""
    table: dict[str, list[Any]] = {key: [] for key in ("first", "second", "r", "low", "high", "p")}
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        r = float(matrix[i, j])
        low, high = _interval(r, n, level)
        row = names[i], names[j], number(r), number(low), number(high), number(_p(r, n))
        for key, value in zip(table, row, strict=True):
            table[key].append(value)
    return table


def _interval(r: float, n: int, level: float) -> tuple[float, float]:
    if math.isnan(r) or n < 4:
        return math.nan, math.nan
    if abs(r) == 1:
        return r, r
    width = reach(level) / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - width), math.tanh(math.atanh(r) + width)


def _p(r: float, n: int) -> float:
    if math.isnan(r) or n < 3:
        return math.nan
    if abs(r) == 1:
        return 0.0
    return min(2 * float(t_sf(abs(r) * math.sqrt((n - 2) / ((1 - r) * (1 + r))), n - 2)), 1.0)
