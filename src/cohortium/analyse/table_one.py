"""Table one: who the participants of each group are, how far the groups differ, and whether chance explains it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.anova import between
from cohortium.analyse.answers import number
from cohortium.analyse.contingency import independence
from cohortium.analyse.design import levels_of, persons_in
from cohortium.analyse.moments import Moments, group_sums, means, moments, require_numbers
from cohortium.analyse.noise.counts import noise_facts
from cohortium.analyse.noise.means import NOISY
from cohortium.analyse.noise.public_ranges import RANGES, farthest, range_of, stated_ranges, within
from cohortium.analyse.noise.table_one import noisy_tables
from cohortium.errors import InvalidRequest
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray


@algorithm(
    "table_one",
    title="Table one",
    leaves_site="per group: rows, known values, sums and sums of squares of numbers, and counts of levels",
    source="Austin 2009, Stat. Med. 28, 3083; Yang & Dalton 2012, SAS Global Forum 335 (more than two levels)",
    counts=("rows", "known", "levels"),
)
@dataclass(frozen=True, slots=True)
class TableOne:
    """Description of columns by group, with standardised mean differences and p values.

    variables : numeric columns (mean and sd) and nominal ones (counts and shares); each without its missing values.
    group     : nominal column; rows where it is missing are left out.
    The standardised mean difference is the largest over all pairs of groups, above 0; 0.1 is often called balanced.
    p is of Welch's analysis of variance for numbers (the t test for two groups), of chi-square for levels.
    In mode "dp" p allows for the noise, and standardised differences, which noise alone makes large, are left out.
    Reveals   : n, means, standard deviations and counts of levels in each group over all sites.
    """

    variables: tuple[str, ...]
    group: str

    def columns(self) -> tuple[str, ...]:
        """The group, and the variables."""
        return (self.group, *self.variables)

    def steps(self) -> int:
        """One in mode "dp"."""
        return 1

    def start(self, schema: Schema) -> State:
        """Ask for counts and means first."""
        if not self.variables or self.group in self.variables:
            raise InvalidRequest("Table one needs variables to describe, and a group that is none of them.")
        groups = list(levels_of(schema, self.group))
        nominal = {name: list(levels_of(schema, name)) for name in self.variables if schema[name].kind.is_nominal}
        numeric = [name for name in self.variables if name not in nominal]
        require_numbers(schema, *numeric)
        facts = {"groups": groups, "numeric": numeric, "nominal": nominal}
        return State("means", facts, {"centre": np.zeros((len(numeric), len(groups)))})

    def start_noisy(self, schema: Schema) -> State:
        """Ask for counts, and for sums around the middle of the plausible ranges."""
        state = self.start(schema)
        ranges = stated_ranges(schema, state.facts["numeric"])
        middle = np.array([sum(ranges[name]) / 2 for name in state.facts["numeric"]])
        return State(NOISY, {**state.facts, RANGES: ranges}, {"centre": state.arrays["centre"] + middle[:, None]})

    def local(self, records: Table, state: State) -> Sums:
        """Sums of numbers and counts of levels in each group."""
        rows = records.take(~records.missing(self.group))
        code, centre = rows.codes(self.group)[0].astype(np.int64), state.arrays["centre"]
        groups = centre.shape[1]
        each = [group_sums(rows.numeric(n), code, c) for n, c in zip(state.facts["numeric"], centre, strict=True)]
        sums: dict[str, Any] = {
            key: np.array([one[key] for one in each], dtype=np.int64 if key == "known" else np.float64).reshape(
                -1, groups
            )
            for key in ("known", "sum", "squares")
        }
        counted = [_cross(rows.codes(name)[0], len(of), code, groups) for name, of in state.facts["nominal"].items()]
        sums["levels"] = np.concatenate([*counted, np.zeros((0, groups), dtype=np.int64)])
        sums["rows"] = np.bincount(code, minlength=groups).astype(np.int64)
        return Sums({PERSONS: persons_in(rows), "left_out": len(records) - len(rows)} | sums)

    def sensitivity(self, state: State) -> dict[str, float]:
        """One person is one row in one group: one value of each number, and one level of each nominal column."""
        numeric, nominal = state.facts["numeric"], len(state.facts["nominal"])
        away = [farthest(range_of(state, n), c).max() for n, c in zip(numeric, state.arrays["centre"], strict=True)]
        return {
            PERSONS: 1.0,
            "left_out": 1.0,
            "rows": 1.0,
            "known": math.sqrt(len(numeric)),
            "sum": float(np.linalg.norm(away)),
            "squares": float(np.linalg.norm(np.square(away))),
            "levels": math.sqrt(nominal),
        }

    def array_weights(self, state: State) -> Mapping[str, float]:
        """Little for the numbers of rows, which others tell as well; to the others by how many columns they tell of."""
        few = {PERSONS: 0.1, "left_out": 0.1, "rows": 0.5}
        sizes = len(state.facts["numeric"]), len(state.facts["nominal"])
        return (
            few
            | dict.fromkeys(("known", "sum", "squares"), float(max(sizes[0], 1)))
            | {"levels": float(max(sizes[1], 1))}
        )

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with a group where there is such a row; values within their ranges."""
        kept = one_row_per_person(records, (~records.missing(self.group)).astype(np.int64))
        return within(kept, state, state.facts["numeric"])

    def combine(self, total: Sums, state: State) -> State | Result:
        """The table, after the second pass; with noise after one pass."""
        centre = state.arrays["centre"]
        if state.step == NOISY:
            rows = dict(zip(state.facts["groups"], total["rows"].tolist(), strict=True))
            tables, notes = noisy_tables(total, state)
            return Result("Table one", total.persons, tables, {"rows": rows, "notes": notes, **noise_facts(total)})
        if state.step == "means" and centre.size:
            return State("spread", state.facts, {"centre": means(total, centre)})
        found, groups = moments(total, centre), state.facts["groups"]
        numeric: dict[str, list[Any]] = {key: [] for key in ("variable", "group", "n", "missing", "mean", "sd")}
        levels: dict[str, list[Any]] = {key: [] for key in ("variable", "level", "group", "n", "share")}
        tests: dict[str, list[Any]] = {key: [] for key in ("variable", "smd", "p", "missing", "test")}
        for place, name in enumerate(state.facts["numeric"]):
            one = Moments(found.n[place], found.mean[place], found.variance[place])
            _describe_numeric(numeric, name, groups, one, total["rows"])
            missing = int(total["rows"].sum() - one.n.sum())
            p = number(between(one)["welch_p"])
            _add(tests, name, number(mean_difference(one)), p, missing, "Welch")
        start = 0
        for name, named in state.facts["nominal"].items():
            cells = total["levels"][start : start + len(named)]
            start += len(named)
            _describe_levels(levels, name, named, groups, cells)
            missing = int(total["rows"].sum() - cells.sum())
            _add(tests, name, number(share_difference(cells)), independence(cells)["p"], missing, "chi-square")
        notes = [f"{int(total['left_out'])} rows without a group are left out."] if total["left_out"] else []
        facts = {"rows": {group: int(n) for group, n in zip(groups, total["rows"], strict=True)}, "notes": notes}
        return Result("Table one", total.persons, {"numeric": numeric, "levels": levels, "tests": tests}, facts)


def mean_difference(found: Moments) -> float:
    """Largest difference of two groups' means, in units of their standard deviation; NaN where it is not defined."""
    sizes = []
    for i, j in itertools.combinations(np.flatnonzero(found.n > 1), 2):
        spread = float(np.sqrt((found.variance[i] + found.variance[j]) / 2))
        if spread > 0:
            sizes.append(abs(float(found.mean[i] - found.mean[j])) / spread)
    return max(sizes, default=float("nan"))


def share_difference(cells: NDArray[np.int64]) -> float:
    """The same for levels: Mahalanobis distance between the shares (levels, groups) of two groups."""
    full = np.flatnonzero(cells.sum(0) > 0)
    shares = (cells / np.maximum(cells.sum(0), 1))[1:]
    sizes = []
    for i, j in itertools.combinations(full, 2):
        gap = shares[:, i] - shares[:, j]
        spread = sum(np.diag(shares[:, g]) - np.outer(shares[:, g], shares[:, g]) for g in (i, j)) / 2
        # A level that neither group has makes the matrix singular without telling anything.
        squared = gap @ np.linalg.pinv(spread, hermitian=True) @ gap
        told = np.allclose(spread @ np.linalg.pinv(spread, hermitian=True) @ gap, gap, atol=1e-9)
        sizes.append(float(np.sqrt(max(squared, 0.0))) if told else float("inf"))
    return max(sizes, default=float("nan"))


def _cross(codes: NDArray[np.int32], levels: int, group: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    known = codes >= 0
    place = codes[known].astype(np.int64) * groups + group[known]
    return np.bincount(place, minlength=levels * groups).reshape(levels, groups).astype(np.int64)


def _add(table: dict[str, list[Any]], *row: Any) -> None:
    for column, value in zip(table.values(), row, strict=True):
        column.append(value)


def _describe_numeric(
    table: dict[str, list[Any]], name: str, groups: list[str], found: Moments, rows: NDArray[np.int64]
) -> None:
    for place, group in enumerate(groups):
        n, spread = int(found.n[place]), float(np.sqrt(found.variance[place]))
        _add(table, name, group, n, int(rows[place]) - n, number(found.mean[place]), number(spread))


def _describe_levels(
    table: dict[str, list[Any]], name: str, levels: list[str], groups: list[str], cells: NDArray[np.int64]
) -> None:
    for (level, group), n in np.ndenumerate(cells):
        known = int(cells[:, group].sum())
        _add(table, name, levels[level], groups[group], int(n), int(n) / known if known else None)
