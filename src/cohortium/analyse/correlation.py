"""Correlation: how closely pairs of columns follow a straight line, or rise together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number, numbers, one_of, reach
from cohortium.analyse.design import complete, persons_in
from cohortium.analyse.moments import require_numbers
from cohortium.analyse.noise.correlation import noisy_pairs
from cohortium.analyse.noise.gram import NoisyGram
from cohortium.analyse.noise.products import (
    MOMENTS_BEARABLE,
    PARTS,
    PRODUCTS,
    SCALES,
    NoisyProducts,
    is_noisy,
    quoted,
)
from cohortium.analyse.rank_rounds import RankRounds, resolution
from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.numerics.distributions import t_sf
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray


MOST_BINS = 10_000
TITLES = {"pearson": "Pearson correlation", "spearman": "Spearman's rank correlation"}


@algorithm(
    "correlation",
    title="Correlation, Pearson's or Spearman's",
    leaves_site="sums of the columns, and sums of their products around the means of all sites; for ranks, first how "
    "many values lie in each of some agreed intervals, then sums of products of mean ranks",
    source="Pearson 1896, Phil. Trans. R. Soc. A 187, 253; interval: Fisher 1921, Metron 1, 3; Spearman 1904, Am. J. "
    "Psychol. 15, 72; interval: Bonett & Wright 2000, Psychometrika 65, 23",
    counts=("in_bins",),
)
@dataclass(frozen=True, slots=True)
class Correlation:
    """Correlation of every pair of columns, with its interval and the p of no correlation.

    variables : two or more numeric columns, for Spearman's ordinal ones too; rows where any is missing are left out.
    method    : "pearson", with Fisher's interval; "spearman", that of ranks, with Bonett and Wright's interval.
    bins      : of Spearman's: values rank alike within intervals, which are split until each has at most one in so
                many of the rows. ``resolution`` says by how much a correlation could change at most if they were told
                apart; it mostly changes by the square of 1 / bins. Whole numbers, levels, and other values that are
                frequent enough stand alone (to nine digits), so that few distinct ones are ranked exactly.
    In mode "dp" Pearson's alone can be had; intervals and p allow for the noise.
    Reveals   : the correlation matrix over all sites; for Spearman's also counts of values in the intervals.
    """

    variables: tuple[str, ...]
    level: float = 0.95
    method: str = "pearson"
    bins: int = 200

    def columns(self) -> tuple[str, ...]:
        """The variables."""
        return self.variables

    def start(self, schema: Schema) -> State:
        """Ask for the means first, or for counts in intervals."""
        if len(set(self.variables)) < 2 or len(set(self.variables)) < len(self.variables):
            raise InvalidRequest(f"A correlation needs two or more different columns; {list(self.variables)} came.")
        one_of(self.method, tuple(TITLES), "method")
        reach(self.level)
        if not 2 <= self.bins <= MOST_BINS:
            raise InvalidRequest(f"Ranks need 2 to {MOST_BINS:,} bins, not {self.bins}.")
        if self.method == "spearman":
            return self._ranks().start(schema)
        require_numbers(schema, *self.variables)
        return State("means", {}, {"centre": np.zeros(len(self.variables))})

    def start_noisy(self, schema: Schema) -> State:
        """Ask for moments of rows of bounded length.

        Raises : NotApplicable for ranks, and where a column states no plausible range.
        """
        self.start(schema)
        if self.method != "pearson":
            raise NotApplicable("Ranks are not counted in mode 'dp'; set method = 'pearson'.")
        return self._noisy().start(schema, {})

    def local(self, records: Table, state: State) -> Sums:
        """Counts in intervals; sums and products around the centre."""
        if is_noisy(state):
            return self._noisy().local(records, state)
        rows = complete(records, self.variables)
        sums: dict[str, Any] = {PERSONS: persons_in(rows), "n": len(rows)}
        if state.step == "bins":
            return Sums(sums | self._ranks().counts(rows, state))
        ranked = self.method == "spearman"
        columns = self._ranks().ranks(rows, state) if ranked else [rows.numeric(name) for name in self.variables]
        gaps = np.stack(columns, axis=1) - state.arrays["centre"]
        return Sums(sums | {"sum": gaps.sum(0), "products": gaps.T @ gaps})

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next intervals or the means, then the matrix."""
        if state.step == "bins":
            return self._ranks().combine(total, state)
        if state.step == SCALES:
            return self._noisy().scaled(total, state)
        if state.step == PRODUCTS:
            return noisy_pairs(NoisyGram.of(total), self.variables, total, self.level)
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
        table = pairs(self.variables, matrix, n, self.level, self.method)
        if self.method == "spearman":
            within = resolution(matrix, spread**2, state.arrays["untold"])
            table["resolution"] = numbers(within[np.triu_indices(len(spread), 1)])
        return self._answer(total.persons, n, constant, table)

    def steps(self) -> tuple[int, ...]:
        """In mode "dp": a look at where the rows are, and their products."""
        return PARTS

    def sensitivity(self, state: State) -> dict[str, float]:
        """As of ``NoisyProducts``."""
        return self._noisy().sensitivity(state)

    def array_weights(self, state: State) -> dict[str, float]:
        """As of ``NoisyProducts``."""
        return self._noisy().array_weights(state)

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with numbers within their plausible ranges."""
        return self._noisy().clip(records)

    def _noisy(self) -> NoisyProducts:
        return NoisyProducts(quoted(self.variables), bearable=MOMENTS_BEARABLE)

    def _ranks(self) -> RankRounds:
        return RankRounds(self.variables, self.bins)

    def _answer(self, persons: int, n: int, constant: NDArray[np.bool_], table: dict[str, list[Any]]) -> Result:
        flat = [name for name, is_flat in zip(self.variables, constant, strict=True) if is_flat]
        notes = [f"No correlation with {', '.join(flat)}, which does not vary."] if flat and n else []
        if n < 3:
            notes.append("Fewer than three complete rows; there is no p value.")
        facts: dict[str, Any] = {"n": n, "method": self.method, "level": self.level, "notes": notes}
        return Result(TITLES[self.method], persons, {"pairs": table}, facts)


def pairs(
    names: tuple[str, ...], matrix: NDArray[np.float64], n: int, level: float, method: str = "pearson"
) -> dict[str, list[Any]]:
    """A row for each pair: correlation, interval and p; None where a column is constant or rows are too few."""
    table: dict[str, list[Any]] = {key: [] for key in ("first", "second", "r", "low", "high", "p")}
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        r = float(matrix[i, j])
        low, high = _interval(r, n, level, 1.0 if method == "pearson" else 1.0 + r**2 / 2.0)
        row = names[i], names[j], number(r), number(low), number(high), number(_p(r, n))
        for key, value in zip(table, row, strict=True):
            table[key].append(value)
    return table


def _interval(r: float, n: int, level: float, wider: float) -> tuple[float, float]:
    """Limits on Fisher's scale, where the variance is ``wider`` / (n - 3)."""
    if math.isnan(r) or n < 4:
        return math.nan, math.nan
    if abs(r) == 1:
        return r, r
    width = reach(level) * math.sqrt(wider / (n - 3))
    return math.tanh(math.atanh(r) - width), math.tanh(math.atanh(r) + width)


def _p(r: float, n: int) -> float:
    if math.isnan(r) or n < 3:
        return math.nan
    if abs(r) == 1:
        return 0.0
    return min(2 * float(t_sf(abs(r) * math.sqrt((n - 2) / ((1 - r) * (1 + r))), n - 2)), 1.0)
