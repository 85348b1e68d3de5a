"""The first steps of a federated synthesiser: what the columns hold, counted until every bin is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cohortium.records import Column, Kind, Schema, State, Sums, Table, schema_from_plain, schema_to_plain
from cohortium.synthesise.federated import stored
from cohortium.synthesise.federated.levels import levels_of
from cohortium.synthesise.federated.summed_bins import Tails, empty_bins, fine_enough, number_bins, tails_of
from cohortium.synthesise.federated.summed_rules import rule_sums, summed_derivations
from cohortium.synthesise.federated.value_cells import DECIMALS, ValueCells, kept_decimals
from cohortium.synthesise.tables.bins import ColumnBins, level_bins
from cohortium.synthesise.tables.stored import derivation_to_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

MOST_DIVISIONS = 12
"""Rounds in which cells are divided; a number that many share, of a column without a grid, takes up to seven."""

STEPS = ("columns", "cells", "tails")


@dataclass(frozen=True, slots=True)
class ColumnCounts:
    """What is known of the columns so far.

    step    : "columns" (levels, decimals), "cells" (numbers in ever finer cells), "tails", or "bins" when all is known.
    facts   : known (values of each numeric column), decimals, round; levels : counts, column after column.
    cells   : of each numeric column, with the counts of the last round.
    """

    step: str
    schema: Schema
    facts: dict[str, Any]
    levels: Integers
    cells: tuple[ValueCells, ...]
    counts: tuple[Integers, ...]
    ends: NDArray[np.float64]

    @classmethod
    def of(cls, state: State) -> Self:
        """As a state holds it."""
        schema, facts = schema_from_plain(state.facts["schema"]), state.facts.get("columns", {})
        decimals = facts.get("decimals", [])
        cells = tuple(ValueCells(state.arrays[f"cells.{i:05d}"].copy(), d) for i, d in enumerate(decimals))
        counts = tuple(state.arrays[f"counts.{i:05d}"] for i in range(len(decimals)) if state.step == "tails")
        levels = state.arrays.get("levels", np.zeros(0, np.int64))
        return cls(state.step, schema, facts, levels, cells, counts, np.zeros((0, 2)))

    @property
    def numeric(self) -> list[Column]:
        """The columns of numbers."""
        return [column for column in self.schema.columns if not column.kind.is_nominal]

    def sums(self, records: Table) -> dict[str, Any]:
        """What one site says to this step."""
        values = [_finite(records, column) for column in self.numeric]
        if self.step == "columns":
            levels = [_level_counts(records, column) for column in self.schema.columns if column.kind.is_nominal]
            kept = [kept_decimals(own) for own in values]
            return rule_sums(records, self.schema) | {
                "levels": _joined(levels),
                "known": np.array([len(own) for own in values], np.int64),
                "decimals": np.array(kept, np.int64).reshape(len(values), len(DECIMALS)),
            }
        if self.step == "cells":
            return {"cells": _joined([cell.counts(own) for cell, own in zip(self.cells, values, strict=True)])}
        tails = [Tails(*pair) for pair in self.facts["tails"]]
        sums = [
            (cell.sums(own, 0, tail.low), cell.sums(own, tail.high, len(cell.edges)))
            for cell, own, tail in zip(self.cells, values, tails, strict=True)
        ]
        return {"tails": np.array(sums, np.float64).reshape(len(values), 2)}

    def next(self, total: Sums, smallest: int, fine: int) -> Self:
        """What is known after this step.

        smallest : persons behind a level or a bin; fine : persons behind a tail's end, or a piece of a bin's shape.
        """
        if self.step == "columns":
            known = total["known"]
            decimals = [
                _decimals(c, n, kept) for c, n, kept in zip(self.numeric, known, total["decimals"], strict=True)
            ]
            facts = {
                "known": known.tolist(),
                "decimals": decimals,
                "rows": int(total["rows"]),
                "round": 0,
                "smallest": smallest,
                "fine": fine,
            }
            step = "cells" if self.numeric else "bins"
            cells = tuple(ValueCells.first(own) for own in decimals)
            found = replace(self, step=step, facts=facts, levels=total["levels"], cells=cells)
            derived = summed_derivations(found.known_schema(), total, found.missing(), smallest)
            return replace(found, facts={**facts, "derived": [derivation_to_plain(rule) for rule in derived]})
        if self.step == "cells":
            return self._divided(total)
        units = [1.0 if cell.decimals is None else 10.0**-cell.decimals for cell in self.cells]
        means = [total["tails"][i] / self._tail_counts(i) * unit for i, unit in enumerate(units)]
        ends = np.array(means, dtype=np.float64).reshape(-1, 2)
        return replace(self, step="bins", ends=ends)

    def _divided(self, total: Sums) -> Self:
        parts = np.split(total["cells"], np.cumsum([len(cell.edges) - 1 for cell in self.cells])[:-1])
        fine = int(self.facts["fine"])
        enough = [fine_enough(int(known), fine) for known in self.facts["known"]]
        trials = [cell.divided(own, many) for cell, own, many in zip(self.cells, parts, enough, strict=True)]
        if any(trial is not None for trial in trials) and self.facts["round"] < MOST_DIVISIONS:
            joined = [cell.joined(own) for cell, own in zip(self.cells, parts, strict=True)]
            cells = tuple(trial or own for trial, own in zip(trials, joined, strict=True))
            return replace(self, cells=cells, facts={**self.facts, "round": self.facts["round"] + 1})
        tails = [tails_of(own, fine) for own in parts]
        facts = {**self.facts, "tails": [[tail.low, tail.high] for tail in tails]}
        return replace(self, step="tails", facts=facts, counts=tuple(parts))

    def _tail_counts(self, place: int) -> NDArray[np.float64]:
        (low, high), counts = self.facts["tails"][place], self.counts[place]
        return np.maximum([counts[:low].sum(), counts[max(high, 0) :].sum()], 1).astype(np.float64)

    def state(self, before: State, persons: int) -> State:
        """The state in which a runner asks for what is missing; "relations" follows when every bin is known."""
        if self.step == "bins":
            binned = self._binned(int(self.facts["smallest"]), int(self.facts["fine"]))
            facts, arrays = stored.bins_put([found for found, _ in binned])
            # values that do not come back are in none of these counts
            arrays |= {f"count.{place:05d}": count for place, (_, count) in enumerate(binned)}
            kept = {"schema": schema_to_plain(self.known_schema()), "bins": facts, "persons": persons}
            return State("relations", kept | {"derived": self.facts["derived"]}, arrays)
        arrays = {"levels": self.levels}
        arrays |= {f"cells.{i:05d}": cell.edges for i, cell in enumerate(self.cells)}
        arrays |= {f"counts.{i:05d}": own for i, own in enumerate(self.counts)}
        return State(self.step, {**before.facts, "columns": self.facts}, arrays)

    def missing(self) -> dict[str, int]:
        """Rows without a value, by column."""
        held = dict(zip((column.name for column in self.numeric), self.facts["known"], strict=True))
        held |= {name: int(own.sum()) for name, own in self._by_level().items()}
        return {name: self.facts["rows"] - int(held[name]) for name in self.schema.names}

    def known_schema(self) -> Schema:
        """The schema, with the decimals that the columns were found to record."""
        schema = self.schema
        for column, decimals in zip(self.numeric, self.facts["decimals"], strict=True):
            if column.kind in (Kind.CONTINUOUS, Kind.DURATION) and column.decimals is None and decimals is not None:
                schema = schema.replace_column(replace(column, decimals=decimals))
        return schema

    def _binned(self, smallest: int, fine: int) -> list[tuple[ColumnBins, Integers]]:
        schema = self.known_schema()
        levels, missing, place = self._by_level(), self.missing(), 0
        answer = []
        for column in schema.columns:
            if column.kind.is_nominal:
                own = levels[column.name]
                found = level_bins(column, levels_of(column), own, own, smallest)
                kept = dict(zip(levels_of(column), own.tolist(), strict=True))
                shown = np.array([kept[level] for level in found.levels], np.int64)
                inside = np.add.reduceat(np.append(shown, 0), found.first[1:-1]) if len(shown) else shown
            elif self.facts["known"][place] < smallest:
                found, inside, place = empty_bins(column, self.facts["known"][place]), np.zeros(0, np.int64), place + 1
            else:
                ends = (float(self.ends[place, 0]), float(self.ends[place, 1]))
                found = number_bins(column, self.cells[place], self.counts[place], ends, smallest, fine)
                inside, place = _counted(found, self.cells[place], self.counts[place]), place + 1
            answer.append((found, np.concatenate([[missing[column.name]], inside]).astype(np.int64)))
        return answer

    def _by_level(self) -> dict[str, Integers]:
        nominal = [column for column in self.schema.columns if column.kind.is_nominal]
        parts = np.split(self.levels, np.cumsum([len(levels_of(column)) for column in nominal])[:-1])
        return dict(zip((column.name for column in nominal), parts, strict=bool(nominal)))


def _finite(records: Table, column: Column) -> NDArray[np.float64]:
    values = records.numeric(column.name)
    return np.asarray(values[np.isfinite(values)])


def _level_counts(records: Table, column: Column) -> Integers:
    codes = records.codes(column.name)[0]
    return np.bincount(codes[codes >= 0], minlength=len(levels_of(column)))


def _decimals(column: Column, known: int, kept: Integers) -> int | None:
    """Fewest decimals that all values keep to; None where they keep to none."""
    if column.kind in (Kind.INTEGER, Kind.DATE):
        return 0
    enough = np.flatnonzero(kept == known) if known else np.zeros(0, np.int64)
    return DECIMALS[int(enough[0])] if len(enough) else None


def _counted(found: ColumnBins, cells: ValueCells, counts: Integers) -> Integers:
    """Rows of the bins but the first from those of the cells; no cell lies in two bins."""
    used = np.flatnonzero(counts)
    unit = 1.0 if cells.decimals is None else 10.0**-cells.decimals
    place = np.searchsorted(found.upper, cells.ends[0][used] * unit, side="left")
    return np.bincount(place, weights=counts[used], minlength=found.width - 1).astype(np.int64)


def _joined(parts: list[Integers]) -> Integers:
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)
