"""Quantiles: several columns and probabilities at once, closed in on by counts of values below agreed points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number
from cohortium.analyse.design import persons_in
from cohortium.analyse.moments import require_numbers
from cohortium.analyse.noise.counts import NOTE, noise_facts
from cohortium.analyse.noise.quantiles import is_outweighed, sure_columns, with_sure_bounds
from cohortium.errors import InvalidRequest
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Kind, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHOLE = (Kind.INTEGER, Kind.BOOLEAN, Kind.DATE)
POWERS = 2.0 ** np.arange(-40, 65)
LADDER = np.concatenate([-POWERS[::-1], [0.0], POWERS])
"""Points among which a value is looked for where no plausible range is known."""


@algorithm(
    "quantiles",
    title="Quantiles",
    leaves_site="how many values of each column are known, and how many lie at or below each of some agreed points",
    source="Hyndman & Fan 1996, Am. Stat. 50, 361 (definition 7, between neighbouring order statistics)",
    counts=("known", "at_most"),
    family="counts",
)
@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles of numeric columns, each to a tolerance that the answer states.

    variables     : the columns; missing values are left out.
    probabilities : between 0 and 1, exclusive.
    ranges        : a plausible (low, high) for each variable, in its unit; values beyond count as its bounds. Where
                    none is given, nor one in the schema, the search starts from powers of two, so that no site need
                    tell its smallest or largest value.
    tolerance     : at which width an interval is narrow enough, as a share of the plausible range, or else of the power
                    of two that bounds the quantile. Whole-numbered columns are found exactly.
    cuts          : points counted in each interval in a round: fewer take more rounds, and show less.
    In mode "dp" each quantile comes with an interval that allows for the noise; fewer ``cuts``, less noise a round.
    Reveals       : counts at or below the points over all sites, and so the distribution close to each quantile.
    """

    variables: tuple[str, ...]
    probabilities: tuple[float, ...] = (0.25, 0.5, 0.75)
    ranges: tuple[tuple[float, float], ...] = ()
    tolerance: float = 1e-4
    cuts: int = 15

    def columns(self) -> tuple[str, ...]:
        """The variables."""
        return self.variables

    def start(self, schema: Schema) -> State:
        """Intervals (variables, order statistics): the plausible range, or the whole ladder of powers of two."""
        require_numbers(schema, *self.variables)
        if not self.probabilities or not all(0 < p < 1 for p in self.probabilities):
            raise InvalidRequest("Probabilities of quantiles must lie between 0 and 1, both excluded.")
        if not 1e-12 <= self.tolerance < 1 or not 1 <= self.cuts <= 1000:
            raise InvalidRequest("Quantiles need a tolerance from 1e-12 to below 1, and 1 to 1000 cuts.")
        if self.ranges and len(self.ranges) != len(self.variables):
            raise InvalidRequest(f"There are {len(self.ranges)} ranges for {len(self.variables)} variables.")
        bounds = [self._range(schema, place) for place in range(len(self.variables))]
        shape = len(self.variables), 2 * len(self.probabilities)
        whole = [schema[name].kind in WHOLE for name in self.variables]
        low, high = (np.repeat([[bound[side]] for bound in bounds], shape[1], axis=1) for side in (0, 1))
        width = self.tolerance * (high - low)
        on_ladder = np.isinf(low)
        arrays = {
            "low": np.where(on_ladder, 0.0, low),
            "high": np.where(on_ladder, len(LADDER) - 1.0, high),
            "on_ladder": on_ladder.astype(np.int64),
            "width": np.where(on_ladder, 0.0, width),
        }
        return State("counts", {"whole": whole, "bounds": [[number(x) for x in bound] for bound in bounds]}, arrays)

    def local(self, records: Table, state: State) -> Sums:
        """Count the values at or below each point."""
        points = _points(state, self.cuts)
        known, counts = [], np.zeros(points.shape, dtype=np.int64)
        for place, name in enumerate(self.variables):
            values = records.numeric(name)
            values = np.sort(values[~np.isnan(values)])
            known.append(len(values))
            counts[place] = np.searchsorted(values, points[place], side="right")
        return Sums({PERSONS: persons_in(records), "known": np.array(known, dtype=np.int64), "at_most": counts})

    def sensitivity(self, state: State) -> dict[str, float]:
        """A person is one value of each variable, which may lie at or below every point."""
        variables, statistics = state.arrays["low"].shape
        cells = variables * statistics * (self.cuts + 2)
        return {PERSONS: 1.0, "known": math.sqrt(len(self.variables)), "at_most": math.sqrt(cells)}

    def clip(self, records: Table, state: State) -> Table:
        """One row per person."""
        return one_row_per_person(records)

    def combine(self, total: Sums, state: State) -> State | Result:
        """Narrower intervals, or the answer once all are narrow enough, or as narrow as noise allows."""
        ranks = self._ranks(total["known"])
        following = _narrowed(state, total["at_most"], ranks, self)
        done = _is_narrow(following, state.facts["whole"]) | (total["known"] <= 0)[:, None]
        if total.noise:
            points = _points(state, self.cuts)
            following = with_sure_bounds(following, state, total, points, ranks, self.probabilities)
            done |= is_outweighed(state, total)
        return self._answer(total, following) if done.all() else following

    def _range(self, schema: Schema, place: int) -> tuple[float, float]:
        column = schema[self.variables[place]]
        low, high = self.ranges[place] if self.ranges else (column.minimum, column.maximum)
        if low is None or high is None:
            return -math.inf, math.inf
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise InvalidRequest(f"The range of column '{column.name}' must be two rising numbers.")
        # Intervals hold their upper bound alone, so that a whole number at the lower one would not be found.
        return (math.ceil(low) - 1.0 if column.kind in WHOLE else float(low)), float(high)

    def _ranks(self, known: NDArray[np.int64]) -> NDArray[np.int64]:
        """Ranks (variables, 2 x probabilities), from 1, of the order statistics on either side of each quantile."""
        below = np.floor((known[:, None] - 1) * np.array(self.probabilities)).astype(np.int64) + 1
        pair = np.concatenate([below, below + 1], axis=1)
        return np.asarray(np.clip(pair, 1, np.maximum(known, 1)[:, None]), dtype=np.int64)

    def _answer(self, total: Sums, state: State) -> Result:
        half = len(self.probabilities)
        table: dict[str, list[Any]] = {key: [] for key in ("variable", "p", "n", "value", "tolerance")}
        if total.noise:
            table |= {"low": [], "high": []}
        notes: list[str] = [NOTE] if total.noise else []
        for place, name in enumerate(self.variables):
            n = int(total["known"][place])
            value, error = _located(state, place)
            weight = (n - 1) * np.array(self.probabilities) % 1
            found = value[:half] + weight * (value[half:] - value[:half])
            table["variable"] += [name] * half
            table["p"] += list(self.probabilities)
            table["n"] += [n] * half
            table["value"] += [number(one) if n > 0 else None for one in found]
            table["tolerance"] += [number(one) if n > 0 else None for one in np.maximum(error[:half], error[half:])]
            if total.noise:
                for column, ends in sure_columns(state, place).items():
                    table[column] += ends
            notes += self._notes(name, n, found, state.facts["bounds"][place])
        facts = {"tolerance": self.tolerance, "notes": notes, **noise_facts(total)}
        return Result("Quantiles", total.persons, {"quantiles": table}, facts)

    def _notes(self, name: str, n: int, found: NDArray[np.float64], bounds: list[float | None]) -> list[str]:
        if n <= 0:
            return [f"Column '{name}' has no values."]
        low, high = bounds
        if low is None or high is None:
            return []
        edge = self.tolerance * (high - low)
        if (found <= low + edge).any() or (found >= high - edge).any():
            return [f"A quantile of '{name}' lies at a bound of its plausible range; values may lie beyond it."]
        return []


def _points(state: State, cuts: int) -> NDArray[np.float64]:
    """Points (variables, order statistics, cuts + 2), rising from the interval's lower to its upper bound."""
    low, high = state.arrays["low"][..., None], state.arrays["high"][..., None]
    points = low + (high - low) * (np.arange(cuts + 2) / (cuts + 1))
    points[..., -1:] = high
    ladder = LADDER[np.clip(np.floor(points), 0, len(LADDER) - 1).astype(np.int64)]
    found: NDArray[np.float64] = np.where(state.arrays["on_ladder"][..., None] > 0, ladder, points)
    return found


def _narrowed(state: State, at_most: NDArray[np.int64], ranks: NDArray[np.int64], settings: Quantiles) -> State:
    """The part between the last point with fewer values than the rank at or below it, and the next point."""
    arrays = state.arrays
    last = at_most.shape[2] - 1
    upper = np.clip((at_most < ranks[..., None]).sum(2), 1, last)
    spread = arrays["high"] - arrays["low"]
    share = np.arange(last + 1) / last
    low, high = arrays["low"] + spread * share[upper - 1], arrays["low"] + spread * share[upper]
    high = np.where(upper == last, arrays["high"], high)
    on_ladder = arrays["on_ladder"] > 0
    low, high = np.where(on_ladder, np.floor(low), low), np.where(on_ladder, np.floor(high), high)
    found = on_ladder & (high - low <= 1)
    rung = [LADDER[np.clip(side, 0, len(LADDER) - 1).astype(np.int64)] for side in (low, high)]
    low, high = np.where(found, rung[0], low), np.where(found, rung[1], high)
    width = np.where(found, settings.tolerance * np.maximum(np.abs(low), np.abs(high)), arrays["width"])
    left = (on_ladder & ~found).astype(np.int64)
    return State("counts", state.facts, {"low": low, "high": high, "on_ladder": left, "width": width})


def _is_narrow(state: State, whole: list[bool]) -> NDArray[np.bool_]:
    low, high = state.arrays["low"], state.arrays["high"]
    one_integer = np.array(whole)[:, None] & (np.floor(high) - np.floor(low) <= 1)
    narrow = (high - low <= state.arrays["width"]) | one_integer
    return np.asarray(narrow & (state.arrays["on_ladder"] == 0), dtype=np.bool_)


def _located(state: State, place: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The order statistics of a variable, and how far each may be off."""
    low, high = state.arrays["low"][place], state.arrays["high"][place]
    exact = np.floor(high) if state.facts["whole"][place] else high
    known = state.facts["whole"][place] & (exact - np.floor(low) <= 1) & (exact > low)
    return np.where(known, exact, (low + high) / 2), np.where(known, 0.0, (high - low) / 2)
