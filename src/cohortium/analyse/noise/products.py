"""Means and products under noise, in two steps: where the rows lie, then their products with no row far from there.

Plausible ranges are wide, and noise is made for rows at their ends. A first look at means and spreads, for a small part
of the budget, tells where rows really are; in units of that spread a row longer than ``reach`` weighs less, so that
none adds more than a row of that length. Weights hang on covariates alone and so leave regressions without bias.
Source : Gram matrices under noise: Dwork et al. 2014, STOC, 11 (Analyze Gauss); a first look before the noise is set:
         Biswas et al. 2020, NeurIPS (CoinPress).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.design import columns_of, design
from cohortium.analyse.noise.plausible_box import Box, box_of
from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.privacy.sensitivity import CAPPED, capped, one_row_per_person
from cohortium.records import PERSONS, Schema, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

SCALES, PRODUCTS = "noisy scales", "noisy products"
PARTS = (1, 4)
"""Parts of the budget of the two steps."""
PERSONS_WEIGHT = 0.1
BEARABLE, MOMENTS_BEARABLE = 0.1, 1.0
"""Noise beside the sampling error of a mean product up to which rows are let reach farther: of a regression, which
weights leave without bias, and of moments that are the answer themselves."""
OUTCOME_REACH = 3.0


def is_noisy(state: State) -> bool:
    """Whether a state asks for one of the two steps."""
    return state.step in (SCALES, PRODUCTS)


@dataclass(frozen=True, slots=True)
class NoisyRows:
    """Complete rows in units of the state: covariates (n, d), outcome (n,) or 0, weight (n,), persons."""

    Z: Reals
    y: Reals
    weight: Reals
    persons: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a regression explains.

    read      : its values (n,), NaN where missing. box : where they lie, by the schema.
    is_number : whether values beyond the plausible range are moved into it; levels are not.
    """

    column: str
    read: Callable[[Table], Reals]
    box: Callable[[Schema], Box]
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class NoisyProducts:
    """Moments of covariates, and of an outcome where there is one, of one row per person.

    covariates : as in ``design``. bearable : as ``BEARABLE``.
    """

    covariates: tuple[str, ...]
    outcome: Outcome | None = None
    bearable: float = BEARABLE

    def start(self, schema: Schema, facts: dict[str, Any]) -> State:
        """Ask where the rows lie.

        Raises : NotApplicable where a numeric column states no plausible range.
        """
        box = box_of(schema, self.covariates)
        if self.outcome is not None:
            box = Box.joined([box, self.outcome.box(schema)])
        arrays = {"middle": box.middle, "half": box.half, "level_low": box.low, "level_high": box.high}
        return State(SCALES, facts | {"square": box.square}, arrays)

    def local(self, records: Table, state: State) -> Sums:
        """Sums of the rows in their box, or their products in units of their spread."""
        if state.step == SCALES:
            U, persons = self._boxed(records, state)
            weight = _weight(U, state.facts["square"])
            numbers = np.isnan(state.arrays["level_low"])
            return Sums({PERSONS: persons, "moments": np.concatenate([weight @ U, weight @ U[:, numbers] ** 2])})
        rows = self.rows(records, state)
        whole = np.concatenate([np.ones((len(rows.y), 1)), rows.Z], axis=1)
        products = (whole * rows.weight[:, None]).T @ whole
        return Sums({PERSONS: rows.persons, "products": products[np.triu_indices(len(products))]})

    def rows(self, records: Table, state: State) -> NoisyRows:
        """The rows in units of their spread; a row of covariates longer than ``reach`` has the weight that makes the
        square of its length, times the weight, that of ``reach``. The outcome ends at ``outcome_reach``."""
        U, persons = self._boxed(records, state)
        gaps = _finite((U - state.arrays["centre"]) / state.arrays["scale"])
        Z, y = (gaps[:, :-1], gaps[:, -1]) if self.outcome is not None else (gaps, np.zeros(len(gaps)))
        ends = float(state.facts["outcome_reach"])
        return NoisyRows(Z, np.clip(y, -ends, ends), _weight(Z, float(state.facts["reach"]) ** 2), persons)

    def sensitivity(self, state: State) -> dict[str, float]:
        """What ``moments`` and ``products`` of one row r can be.

        The row u in its box has entries of at most 1 and a squared length of at most q, and so have the squares of its
        entries: 2 q for both together. Of the products of r = (1, z), weighed, each pair is there once, so that their
        squares add up to (|r|^4 + sum of r_j^4) / 2, which is at most ((1 + R^2)^2 + 1 + R^4) / 2 for a reach R.
        Raises : NotApplicable for a state of another mode.
        """
        if state.step == SCALES:
            return {PERSONS: 1.0, "moments": math.sqrt(2.0 * state.facts["square"])}
        if state.step != PRODUCTS:
            raise NotApplicable(f"In mode 'dp' there is no step '{state.step}'; the hub asks for another mode's sums.")
        square = float(state.facts["reach"]) ** 2
        return {PERSONS: 1.0, "products": math.sqrt(((1.0 + square) ** 2 + 1.0 + square**2) / 2.0)}

    def array_weights(self, state: State) -> dict[str, float]:
        """The number of persons needs few digits."""
        return {PERSONS: PERSONS_WEIGHT}

    def clip(self, records: Table) -> Table:
        """One row per person, a complete one where there is one, with numbers within their plausible ranges."""
        own = [] if self.outcome is None else [self.outcome.column]
        names = [*columns_of(self.covariates), *own]
        known = ~np.any([records.missing(name) for name in names], axis=0)
        kept = one_row_per_person(records, known.astype(np.int64))
        ranged = names if self.outcome is None or self.outcome.is_number else names[:-1]
        return capped(kept, [name for name in ranged if records.schema[name].kind in CAPPED])

    def scaled(self, total: Sums, state: State) -> State:
        """Ask for products around the means, in units of spread.

        The spread is raised by the noise in it, so that no column is blown up where it is lost in noise.
        Raises : TooFewRecords where the number of persons is lost in noise.
        """
        n, noise = total.persons, total.noise.get("moments", 0.0)
        if n < max(2.0, 4.0 * total.noise.get(PERSONS, 0.0)):
            raise TooFewRecords(
                "Too few persons have all of these columns for an answer under this noise. Ask with a larger epsilon, "
                "or for fewer columns."
            )
        arrays = state.arrays
        size = len(arrays["middle"])
        low, high = arrays["level_low"], arrays["level_high"]
        numbers = np.isnan(low)
        centre = np.clip(total["moments"][:size] / n, np.where(numbers, -1, low), np.where(numbers, 1, high))
        spread = (centre - low) * (high - centre)
        spread[numbers] = total["moments"][size:] / n - centre[numbers] ** 2
        scale = np.sqrt(np.clip(np.maximum(spread, 0.0) + noise / n, 1e-16, 1.0))
        farthest = (
            np.maximum(np.abs(np.where(numbers, -1, low) - centre), np.abs(np.where(numbers, 1, high) - centre)) / scale
        )
        d = size - (self.outcome is not None)
        one = noise / math.sqrt(2.0 * state.facts["square"]) * math.sqrt(PARTS[0] / PARTS[1])
        bearable = self.bearable * math.sqrt(n) / max(one, 1e-300)
        wanted = max(d + math.sqrt(2.0 * d), bearable)
        reach = math.sqrt(min(wanted, float((farthest[:d] ** 2).sum())))
        ends = min(float(farthest[-1]), max(OUTCOME_REACH, math.sqrt(bearable)))
        facts = state.facts | {"reach": reach, "outcome_reach": ends, "n": n}
        return State(PRODUCTS, facts, arrays | {"centre": centre, "scale": scale})

    def _boxed(self, records: Table, state: State) -> tuple[Reals, int]:
        """The complete rows in their box (n, d) and how many persons they are of."""
        X = design(records, self.covariates)
        if self.outcome is not None:
            X = np.concatenate([X, self.outcome.read(records)[:, None]], axis=1)
        known = np.isfinite(X).all(axis=1)
        U = _finite((X[known] - state.arrays["middle"]) / state.arrays["half"])
        return np.clip(U, -1.0, 1.0), len(np.unique(records.persons()[known]))


def _weight(rows: Reals, square: float) -> Reals:
    """The weight (n,) of each row, at most 1, with which its squared length is no more than ``square``."""
    length = (rows**2).sum(axis=1)
    return np.where(length > square, square / np.maximum(length, 1e-300), 1.0)


def _finite(values: Reals) -> Reals:
    """What a state of the hub's choice could make of rows must not tell them apart by breaking down."""
    return np.nan_to_num(values, nan=0.0, posinf=1e100, neginf=-1e100)


def quoted(names: Sequence[str]) -> tuple[str, ...]:
    """Columns as covariates that are read as they are, whatever their names look like."""
    return tuple(f"`{name}`" for name in names)
