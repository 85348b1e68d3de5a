"""The two sums before any tree grows: where values lie, then the bins of features and the mean of the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.quantiles import LADDER
from cohortium.analyse.trees.agreed_bins import (
    RUNGS,
    AgreedBins,
    BinnedColumn,
    count_cells,
    described,
    fine_cells,
    level_bins,
    number_cuts,
    rungs_of,
    shares_of,
)
from cohortium.analyse.trees.baseline import baseline_arrays
from cohortium.analyse.trees.memory import digest_of, kept
from cohortium.analyse.trees.site_rows import SiteRows, site_rows
from cohortium.analyse.trees.target import CLASSES, FOLLOW_UP, Target, power_above, unit_for, whole
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.records import PERSONS, Schema, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BINS = 64
MOST_TIMES = 250
STEPS = ("ranges", "bins")
AGREED = ("cuts", "widths", "times", "events", "hazard")
LEAVES_SITE = (
    "how many values lie in ranges; persons and sums of outcomes by level; and for each node of a growing tree, each "
    "feature and each bin of it, how many persons lie there, with the sums of what the tree learns from"
)
COUNTS = ("rungs", "fine", "level_persons", "cell_persons")


@dataclass(frozen=True, slots=True)
class Preparation:
    """What trees need to know before they grow.

    target, features : the outcome, and the columns to foretell it from.
    smallest         : fewest persons in a bin, and in a leaf.
    bins             : largest number of bins of a feature, that of missing values apart.
    held_out, seed   : share of persons from whom nothing is learnt; what draws follow from.
    """

    target: Target
    features: tuple[str, ...]
    smallest: int
    bins: int
    held_out: float
    seed: int

    def columns(self) -> tuple[str, ...]:
        """Outcome and features."""
        return (*self.target.columns, *self.features)

    def start(self, schema: Schema) -> State:
        """Ask where values lie.

        Raises : InvalidRequest where settings or columns do not fit.
        """
        if not 2 <= self.bins <= MOST_BINS or self.smallest < 1:
            raise InvalidRequest(f"Trees take 2 to {MOST_BINS} bins, and leaves of 1 person or more.")
        if not 0 <= self.held_out <= 0.9 or not 0 <= self.seed < 2**32:
            raise InvalidRequest("The share 'held_out' lies between 0 and 0.9, and 'seed' is a whole number from 0 on.")
        twice = sorted(set(self.features) & set(self.target.columns))
        if twice or len(set(self.features)) < len(self.features):
            raise InvalidRequest(f"A feature stands twice, or is the outcome as well: {twice or list(self.features)}.")
        facts = {"features": described(schema, self.features), "classes": list(self.target.classes(schema))}
        return State("ranges", facts)

    def rows(self, records: Table) -> SiteRows:
        """The rows whose outcome is known."""
        return site_rows(records, self.target, self.features, self.seed, self.held_out)

    def sums(self, records: Table, rows: SiteRows, state: State) -> Sums:
        """The sums of either step."""
        base: dict[str, Any] = {PERSONS: rows.persons, "rows": len(rows.outcome)}
        numbers, nominal = self._numbers(rows, records, state), _nominal(state)
        if state.step == "ranges":
            return Sums(base | {"rungs": np.array([rungs_of(values) for values in numbers]).reshape(-1, RUNGS)})
        ends = np.split(state.arrays["fine"], np.cumsum(state.arrays["fine_counts"])[:-1])
        fine = [count_cells(values, edges) for values, edges in zip(numbers, ends, strict=True)]
        marks, training = self._marks(rows, state), ~rows.held
        if self.target.kind == FOLLOW_UP:
            base["times"] = _by_time(rows, ends[-1])
        summed = [np.zeros((0, marks.shape[1]), dtype=np.int64)]
        for name, levels, *_ in nominal:
            codes = rows.of(records.codes(name)[0])
            chosen = training & (codes >= 0)
            own = np.zeros((len(levels), marks.shape[1]), dtype=np.int64)
            np.add.at(own, codes[chosen], marks[chosen])
            summed.append(own)
        by_level = np.concatenate(summed)
        base |= {"fine": np.concatenate([np.zeros(0, dtype=np.int64), *fine])}
        base |= {"level_persons": by_level[:, 0], "level_marks": by_level[:, 1:]}
        return Sums(base | {"overall": marks[training].sum(axis=0), "training": int(training.sum())})

    def next(self, total: Sums, state: State) -> State:
        """The cells to count in after the first step; the bins and what is known of the outcome after the second.

        Raises : TooFewRecords below twice the persons of a leaf.
        """
        if total.persons < 2 * self.smallest:
            raise TooFewRecords(
                f"Trees with leaves of {self.smallest} persons need {2 * self.smallest} persons whose outcome is "
                f"known; all sites together have {total.persons}."
            )
        return self._ranged(total, state) if state.step == "ranges" else self._binned(total, state)

    def _ranged(self, total: Sums, state: State) -> State:
        rungs = total["rungs"]
        wholes = [one[2] for one in state.facts["features"] if one[1] is None]
        wholes += [] if self.target.kind == CLASSES else [False]
        ends = [fine_cells(own, is_whole) for own, is_whole in zip(rungs, wholes, strict=True)]
        largest = 1.0
        if self.target.kind != CLASSES:
            held = np.flatnonzero(rungs[-1])
            reach = [
                abs(LADDER[min(max(rung - side, 0), len(LADDER) - 1)]) for rung in held.tolist() for side in (0, 1)
            ]
            largest = power_above(max(reach, default=1.0))
        facts = {**state.facts, "rows": int(total["rows"]), "largest": largest, "persons": total.persons}
        arrays = {"fine": np.concatenate([np.zeros(0), *ends]), "fine_counts": np.array([len(one) for one in ends])}
        return State("bins", facts, arrays)

    def _binned(self, total: Sums, state: State) -> State:
        sizes = state.arrays["fine_counts"]
        ends = np.split(state.arrays["fine"], np.cumsum(sizes)[:-1])
        counts = np.split(total["fine"], np.cumsum(sizes + 1)[:-1])
        units = self._units(state)
        place, level, columns = 0, 0, []
        for name, levels, _, ordered in state.facts["features"]:
            if levels is None:
                cuts = number_cuts(counts[place], ends[place], self.bins, self.smallest)
                place += 1
            else:
                own = slice(level, level + len(levels))
                persons, marks = total["level_persons"][own], total["level_marks"][own] * units
                means = None if ordered else shares_of(persons, marks, self.smallest, self.target.kind == FOLLOW_UP)
                cuts = level_bins(persons, means, self.bins, self.smallest)
                level += len(levels)
            columns.append(BinnedColumn(name, None if levels is None else tuple(levels), cuts))
        bins = AgreedBins(tuple(columns))
        listed, arrays = bins.parts()
        arrays["widths"] = bins.widths
        training = int(total["training"])
        facts = {key: state.facts[key] for key in ("classes", "rows", "largest", "persons")}
        facts |= {"bins": listed, "means": [float(one) for one in total["overall"][1:] * units / max(training, 1)]}
        facts["sizes"] = [training, facts["rows"] - training]
        if self.target.kind == FOLLOW_UP:
            cuts = number_cuts(counts[-1], ends[-1], MOST_TIMES, self.smallest)
            arrays |= baseline_arrays(total["times"], ends[-1], cuts)
        return State("grow", facts, arrays)

    def _numbers(self, rows: SiteRows, records: Table, state: State) -> list[NDArray[np.float64]]:
        """Values of the features that are numbers, and then those of the outcome where it is one."""
        found = [rows.of(records.numeric(one[0])) for one in state.facts["features"] if one[1] is None]
        return found if self.target.kind == CLASSES else [*found, rows.outcome[:, 0]]

    def _marks(self, rows: SiteRows, state: State) -> NDArray[np.int64]:
        """Persons, and what levels are ordered by (n, 1 + t): classes, the number, or events and time."""
        classes, outcome = len(state.facts["classes"]), rows.outcome
        if self.target.kind == CLASSES:
            found = (outcome[:, :1] == np.arange(1 if classes == 2 else 0, classes)).astype(np.int64)
        elif self.target.kind == FOLLOW_UP:
            unit, largest = self._units(state)[1], state.facts["largest"]
            found = np.stack([outcome[:, 1].astype(np.int64), whole(outcome[:, 0], unit, largest)], axis=1)
        else:
            found = whole(outcome[:, :1], self._units(state)[0], state.facts["largest"])
        return np.concatenate([rows.counted[:, None].astype(np.int64), found], axis=1)

    def _units(self, state: State) -> NDArray[np.float64]:
        classes = len(state.facts["classes"])
        if self.target.kind == CLASSES:
            return np.ones(1 if classes == 2 else classes)
        unit = unit_for(state.facts["largest"], state.facts["rows"])
        return np.array([1.0, unit]) if self.target.kind == FOLLOW_UP else np.array([unit])


def binned(records: Table, rows: SiteRows, target: Target, state: State) -> NDArray[np.uint8]:
    """The bins (n, p) of the rows with this target, under those that the state has agreed on."""
    listed, cuts = state.facts["bins"], state.arrays["cuts"]
    columns = tuple((name, None if levels is None else tuple(levels), count) for name, levels, count in listed)
    name = ("bins", target, digest_of(cuts), columns)
    return kept(records, name, lambda: rows.of(AgreedBins.of(listed, cuts).apply(records)))


def agreed(state: State) -> dict[str, NDArray[Any]]:
    """What the preparation found, without the trees."""
    return {name: state.arrays[name] for name in AGREED if name in state.arrays}


def _by_time(rows: SiteRows, edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows and events (2, training or held out, cells) by fine cell of the time."""
    found = np.zeros((2, 2, len(edges) + 1), dtype=np.int64)
    cell = np.searchsorted(edges, rows.outcome[:, 0], "left")
    part = rows.held.astype(np.int64)
    np.add.at(found[0], (part, cell), 1)
    np.add.at(found[1], (part, cell), rows.outcome[:, 1].astype(np.int64))
    return found


def _nominal(state: State) -> list[list[Any]]:
    return [one for one in state.facts["features"] if one[1] is not None]
