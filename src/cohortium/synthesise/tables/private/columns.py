"""A column as a few cells that a joint model can count, and back to values.

A column is cut into fine *pieces* (a level, a range of numbers, a single heaped number, "missing"); pieces that are
too light to be told from noise share a *cell*. The model knows cells; within a cell, pieces come back by their weight.
Everything held here was learnt privately or is public.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from cohortium.records import Column, Kind, Table
from cohortium.synthesise.tables.bins import numbers_to_arrow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.records.conditions import Test


@dataclass(frozen=True, slots=True)
class PrivateColumn:
    """Pieces and cells of one column; the last piece is "missing".

    cells   : (p,) cell of each piece.
    weights : (p,) noisy share of each piece; those of a cell need not sum to anything in particular.
    edges   : numeric columns: (p,) ends of the p - 1 ranges, in steps; range j is edges[j] <= value < edges[j + 1].
    levels  : nominal columns: the p - 1 levels.
    other   : cell of values that stand nowhere here: levels that were not found.
    """

    column: Column
    cells: NDArray[np.int32]
    weights: NDArray[np.float64]
    edges: NDArray[np.float64]
    levels: tuple[str, ...]
    other: int

    @property
    def size(self) -> int:
        """Number of cells."""
        return int(self.cells.max()) + 1

    def encode(self, table: Table) -> NDArray[np.int32]:
        """Cell (n,) of each row of ``table``."""
        places = pieces_of(table, self.column, self.edges, self.levels)
        return np.append(self.cells, np.int32(self.other))[places]

    def decode(self, cells: NDArray[np.int32], rng: np.random.Generator) -> pa.Array:
        """Values for these cells, each fresh from its piece."""
        pieces = self._draw_pieces(cells, rng)
        missing = pieces == len(self.cells) - 1
        if not self.column.kind.is_nominal:
            return numbers_to_arrow(self._draw_numbers(np.where(missing, 0, pieces), rng), missing, self.column)
        if self.column.kind is Kind.BOOLEAN:
            truth = np.array([level == "true" for level in self.levels] + [False])
            return pa.array(truth[pieces], mask=missing)
        codes = pa.array(np.where(missing, 0, pieces).astype(np.int32), mask=missing)
        return pa.DictionaryArray.from_arrays(codes, pa.array(list(self.levels), pa.string()))

    def typical(self) -> pa.Array:
        """One value for each cell (c,): the middle of its heaviest piece; no dictionary."""
        heaviest = np.array(
            [np.argmax(np.where(self.cells == cell, self.weights, -1.0)) for cell in range(self.size)], dtype=np.int64
        )
        missing = heaviest == len(self.cells) - 1
        pieces = np.where(missing, 0, heaviest)
        if not self.column.kind.is_nominal:
            low, high = self.edges[pieces], self.edges[pieces + 1]
            step = step_of(self.column)
            middle = (low + high) / 2 if step == 0.0 else np.floor((low + high - 1) / 2) * step
            return numbers_to_arrow(middle, missing, self.column)
        codes = np.where(missing, len(self.levels), pieces)
        shown: list[bool] | list[str] = list(self.levels)
        if self.column.kind is Kind.BOOLEAN:
            shown = [level == "true" for level in self.levels]
        return pa.array([*shown, None]).take(pa.array(codes))

    def accepted(self, test: Test) -> NDArray[np.bool_]:
        """Which cells (c,) hold a value that ``test`` accepts."""
        if self.column.kind.is_nominal:
            known = self.column.levels or ()
            levels = self.levels + tuple(level for level in known if level not in self.levels)
            passes = test.accepts_levels(levels, self.column.kind)
            pieces = np.append(passes[: len(self.levels)], passes[-1])
        else:
            pieces = self._ranges_accepted(test)
        accepted = np.zeros(self.size, dtype=np.bool_)
        accepted[self.cells[pieces & (self.weights > 0)]] = True
        return accepted

    def parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The column as JSON values and arrays."""
        facts = {"name": self.column.name, "levels": list(self.levels), "other": self.other}
        return facts, {"cells": self.cells, "weights": self.weights, "edges": self.edges}

    @classmethod
    def from_parts(cls, column: Column, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The column that ``parts`` gave."""
        levels = tuple(facts["levels"])
        return cls(column, arrays["cells"], arrays["weights"], arrays["edges"], levels, int(facts["other"]))

    def _draw_pieces(self, cells: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int64]:
        """One piece of each cell, by weight: the cells' cumulated weights stand one after the other on a line."""
        order = np.argsort(self.cells, kind="stable")
        first = np.searchsorted(self.cells[order], np.arange(self.size + 1))
        line = np.zeros(len(order))
        for cell, (start, stop) in enumerate(itertools.pairwise(first)):
            own = self.weights[order[start:stop]]
            own = own if own.sum() > 0 else np.ones(len(own))
            line[start:stop] = cell + np.cumsum(own) / own.sum()
            line[stop - 1] = cell + 1
        drawn = np.searchsorted(line, cells + rng.random(len(cells)), side="right")
        return order[np.minimum(drawn, first[cells + 1] - 1)]

    def _draw_numbers(self, pieces: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        step = step_of(self.column)
        low, high = self.edges[pieces], self.edges[pieces + 1]
        drawn = low + (high - low) * rng.random(len(pieces))
        # a range of a single number has almost no width; rounding must not leave it
        drawn = np.where(np.nextafter(low, np.inf) >= high, low, np.minimum(drawn, np.nextafter(high, -np.inf)))
        return drawn if step == 0.0 else np.floor(drawn) * step

    def _ranges_accepted(self, test: Test) -> NDArray[np.bool_]:
        """Tests are cuts at their operands, so a range holds an accepted number if one of a few probes is accepted."""
        step = step_of(self.column)
        low, high = self.edges[:-1], self.edges[1:]
        last = np.nextafter(high, -np.inf) if step == 0.0 else high - 1
        scale = step or 1.0
        probes = [low, last]
        if test.operands:
            for operand in test.numbers(self.column.kind):
                probes += [np.clip(operand / scale + shift, low, last) for shift in (-1.0, 0.0, 1.0)]
                probes += [np.clip(np.floor(operand / scale), low, last), np.clip(np.ceil(operand / scale), low, last)]
        shown = np.stack(probes) if step == 0.0 else np.floor(np.stack(probes)) * step
        inside = test.accepts_numbers(shown.ravel(), self.column.kind).reshape(shown.shape).any(axis=0)
        missing = test.accepts_numbers(np.array([np.nan]), self.column.kind)
        return np.concatenate([inside, missing])


def pieces_of(table: Table, column: Column, edges: NDArray[np.float64], levels: tuple[str, ...]) -> NDArray[np.int64]:
    """Piece (n,) of each row: the last one where missing, -1 where the value is no piece."""
    if column.kind.is_nominal:
        codes, own = table.codes(column.name)
        place = {level: number for number, level in enumerate(levels)}
        lookup = np.array([place.get(level, -1) for level in own] + [len(levels)], dtype=np.int64)
        return np.asarray(lookup[codes])
    values = in_steps(table, column)
    inside = np.searchsorted(edges, values, side="right") - 1
    return np.where(np.isnan(values), len(edges) - 1, np.clip(inside, 0, len(edges) - 2))


def in_steps(table: Table, column: Column) -> NDArray[np.float64]:
    """Values (n,) of a numeric column counted in its steps; infinite values count as missing."""
    values, step = table.numeric(column.name), step_of(column)
    values = np.where(np.isfinite(values), values, np.nan)
    return values if step == 0.0 else np.round(values / step)


def step_of(column: Column) -> float:
    """Distance between neighbouring values that the column can take; 0 where it has none."""
    if column.kind in (Kind.INTEGER, Kind.DATE, Kind.DATETIME):
        return 1.0
    return 0.0 if column.decimals is None else 10.0 ** -max(column.decimals, 0)
