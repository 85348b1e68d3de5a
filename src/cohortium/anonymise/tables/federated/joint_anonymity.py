"""The least loss at which the records of several hospitals together are k-anonymous, from counts alone."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.coded import places
from cohortium.anonymise.tables.federated.rounds import Rounds
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.lattice import MOST_NODES, Lattice
from cohortium.anonymise.tables.models.k_anonymity import KAnonymity
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CELLS = 1 << 22


@algorithm(
    "joint_anonymity",
    title="Joint anonymisation",
    leaves_site="how many persons have each combination of values, told less and less exactly",
    source="Sweeney 2002; the search over sums is ours, see best_first",
    counts=("cells",),
    cells=(("classes", ("persons",)),),
    family="counts",
)
@dataclass(frozen=True)
class JointAnonymity:
    """Levels per column at which every combination is shared by k persons of all sites together, with the least loss.

    quasi_identifiers : the columns.
    hierarchies       : of each, the text of a file as ARX writes it; the same for all sites, made without records.
    k                 : fewest persons of a class; below the smallest cell of the disclosure rules (10 in those that
                        ship) the gate blanks what it finds.
    suppression       : share of the rows that may be left out.
    weights           : of the columns in the loss; equal where none are given.
    cells             : most combinations that are counted in one step; finer ones are not tried, and the bound that
                        comes with the answer says how much better one of them could be.
    Every row must be another person. A missing value is a value of its own: the line '?' of a hierarchy.
    Reveals : to whom sees the totals, how many persons have each combination of values at the steps that were counted,
              also few of them (so mode "secure", not "plain"); to the researcher, combinations that k persons share.
    """

    quasi_identifiers: tuple[str, ...]
    hierarchies: tuple[str, ...]
    k: int = 10
    suppression: float = 0.0
    weights: tuple[float, ...] = ()
    cells: int = 1 << 18

    def columns(self) -> tuple[str, ...]:
        """The quasi-identifying columns."""
        return self.quasi_identifiers

    def start(self, schema: Schema) -> State:
        """Ask how often every value occurs."""
        KAnonymity(self.k)
        if len(self.hierarchies) != len(self.quasi_identifiers) or not self.quasi_identifiers:
            raise InvalidRequest("Every quasi-identifying column needs its hierarchy, in the same order.")
        if self.weights and len(self.weights) != len(self.quasi_identifiers):
            raise InvalidRequest("The weights must be one per quasi-identifying column, or none.")
        if not 0.0 <= self.suppression <= 1.0:
            raise InvalidRequest(f"The share of rows that may be left out lies from 0 to 1, not {self.suppression:g}.")
        if not 1 <= self.cells <= MOST_CELLS:
            raise InvalidRequest(f"One step counts 1 to {MOST_CELLS:,} combinations, not {self.cells:,}.")
        lattice = Lattice.of([one.levels for one in self.levels])
        if lattice.size > MOST_NODES:
            raise InvalidRequest(
                f"The columns have {lattice.size:,} combinations of levels; at most {MOST_NODES:,} are searched."
            )
        return State("values")

    def local(self, records: Table, state: State) -> Sums:
        """Count the values of every column, or the combinations at one node."""
        persons = len(np.unique(records.persons()))
        if persons < len(records):
            raise InvalidRequest("Joint anonymisation counts persons: give it a table with one row per person.")
        codes = [places(records, one) for one in self.levels]
        if state.step == "values":
            sizes = [len(one.values) for one in self.levels]
            held = [np.bincount(code, minlength=size) for code, size in zip(codes, sizes, strict=True)]
            return Sums({PERSONS: persons, **{f"values/{place}": counts for place, counts in enumerate(held)}})
        cell = np.zeros(len(records), dtype=np.int64)
        room = 1
        for code, one, level in zip(codes, self.levels, state.facts["base"], strict=True):
            width = len(one.labels[level])
            cell = cell * width + one.groups[level][code]
            room *= width
        return Sums({PERSONS: persons, "cells": np.bincount(cell, minlength=room)})

    def combine(self, total: Sums, state: State) -> State | Result:
        """Search as far as what was counted allows; then ask for more, or answer."""
        if total.persons < self.k:
            raise TooFewRecords(
                f"The sites have fewer than {self.k} persons together: no combination could be shared by k."
            )
        if state.step == "values":
            held = [total[f"values/{place}"] for place in range(len(self.levels))]
            return Rounds.begun(self, held, total.persons).next()
        return Rounds.of_state(self, state).counted(total["cells"], tuple(state.facts["base"])).next()

    @cached_property
    def levels(self) -> tuple[Hierarchy, ...]:
        """The hierarchies."""
        pairs = zip(self.quasi_identifiers, self.hierarchies, strict=True)
        return tuple(_hierarchy(name, text) for name, text in pairs)

    @cached_property
    def portions(self) -> NDArray[np.float64]:
        """(q,) weights of the columns, adding up to 1."""
        weights = np.asarray(self.weights or (1.0,) * len(self.levels), dtype=np.float64)
        if (weights < 0).any() or not weights.any():
            raise InvalidRequest("The weights of the columns must not be below 0, nor all 0.")
        return np.asarray(weights / weights.sum())


def _hierarchy(name: str, text: str) -> Hierarchy:
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=";") if row]
    if not rows:
        raise InvalidRequest(f"The hierarchy of '{name}' is empty; one line per value was expected.")
    return Hierarchy.from_rows(name, rows)
