"""One-way analysis of variance: whether the means of several groups differ, with and without equal variances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cohortium.analyse.answers import number, numbers, reach
from cohortium.analyse.design import complete, levels_of, persons_in
from cohortium.analyse.moments import Moments, group_sums, means, moments, require_numbers
from cohortium.analyse.noise.counts import noise_facts
from cohortium.analyse.noise.means import (
    NOISY,
    NOTE,
    WEIGHTS,
    group_arrays,
    hidden_groups,
    noisy_moments,
    weighted_welch,
)
from cohortium.analyse.noise.public_ranges import RANGES, farthest, range_of, stated_ranges, within
from cohortium.numerics.distributions import f_sf
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm


@algorithm(
    "anova",
    title="One-way analysis of variance",
    leaves_site="per group: how many values, their sum, and their sum of squares around the mean of all sites",
    source="Fisher 1925, Statistical Methods for Research Workers; Welch 1951, Biometrika 38, 330",
    counts=("known",),
)
@dataclass(frozen=True, slots=True)
class Anova:
    """Comparison of the means of a numeric column between the levels of a nominal one.

    variable, group : the two columns; rows where either is missing are left out, as are groups without values.
    In mode "dp" Welch's test allows for the noise; the test for equal variances and eta squared are left out.
    Reveals         : n, mean and standard deviation of each group over all sites.
    """

    variable: str
    group: str
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The variable and the group."""
        return (self.variable, self.group)

    def steps(self) -> int:
        """One in mode "dp"."""
        return 1

    def start(self, schema: Schema) -> State:
        """Ask for the means first."""
        require_numbers(schema, self.variable)
        reach(self.level)
        groups = list(levels_of(schema, self.group))
        return State("means", {"groups": groups}, {"centre": np.zeros(len(groups))})

    def start_noisy(self, schema: Schema) -> State:
        """Ask for sums around the middle of the plausible range."""
        facts, ranges = self.start(schema).facts, stated_ranges(schema, [self.variable])
        centre = np.full(len(facts["groups"]), sum(ranges[self.variable]) / 2)
        return State(NOISY, {**facts, RANGES: ranges}, {"centre": centre})

    def local(self, records: Table, state: State) -> Sums:
        """Sums in each group, around the centres."""
        rows = complete(records, self.columns())
        sums = group_sums(rows.numeric(self.variable), rows.codes(self.group)[0], state.arrays["centre"])
        return Sums({PERSONS: persons_in(rows)} | sums)

    def sensitivity(self, state: State) -> dict[str, float]:
        """One person is one value in one group, no farther from the centre than its range goes."""
        ends = range_of(state, self.variable)
        away = float(farthest(ends, state.arrays["centre"]).max(initial=0.0))
        return {PERSONS: 1.0, "known": 1.0, "sum": away, "squares": away**2}

    def array_weights(self, state: State) -> Mapping[str, float]:
        """Little for the number of persons."""
        return WEIGHTS

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with both values where there is such a row; the value within its range."""
        is_complete = ~records.missing(self.variable) & ~records.missing(self.group)
        return within(one_row_per_person(records, is_complete.astype(np.int64)), state, [self.variable])

    def combine(self, total: Sums, state: State) -> State | Result:
        """Both tests, after the second pass; with noise one of them, after one pass."""
        centre = state.arrays["centre"]
        if state.step == NOISY:
            return self._noisy(total, state)
        if state.step == "means":
            return State("spread", state.facts, {"centre": means(total, centre)})
        found = moments(total, centre)
        tests = between(found)
        facts = {key: number(value) for key, value in tests.items()} | {"level": self.level, "notes": _notes(found)}
        tables = {"groups": _described(found, state.facts["groups"], self.level)}
        return Result("One-way analysis of variance", total.persons, tables, facts)

    def _noisy(self, total: Sums, state: State) -> Result:
        sums, ends, groups = group_arrays(total), range_of(state, self.variable), state.facts["groups"]
        found = noisy_moments(*sums, total.noise, state.arrays["centre"], ends)
        used = found.usable
        tests = weighted_welch(found.found.mean[used], found.error[used], found.freedom[used])
        facts: dict[str, Any] = dict.fromkeys(("F", "df_between", "df_within", "p", "eta_squared"))
        facts |= {key: number(value) for key, value in tests.items()} | {"level": self.level}
        facts |= {"notes": [*hidden_groups(found, groups), NOTE], **noise_facts(total, self.level)}
        tables = {"groups": found.table(groups, self.level)}
        return Result("One-way analysis of variance", total.persons, tables, facts)


def between(found: Moments) -> dict[str, float]:
    """F, degrees of freedom, p and eta squared; the same by Welch where variances may differ. NaN where undefined."""
    full = found.n > 0
    n, mean, variance = found.n[full].astype(np.float64), found.mean[full], found.variance[full]
    k = len(n)
    df = float(k - 1), float(n.sum() - k)
    tests = dict.fromkeys(
        ("F", "df_between", "df_within", "p", "eta_squared", "welch_F", "welch_df", "welch_p"), np.nan
    )
    if k < 2 or df[1] <= 0:
        return tests
    grand = float((n * mean).sum() / n.sum())
    among = float((n * (mean - grand) ** 2).sum())
    if found.within > 0:
        ratio = among / df[0] / found.pooled_variance
        tests |= {"F": ratio, "df_between": df[0], "df_within": df[1], "p": float(f_sf(ratio, *df))}
        tests["eta_squared"] = among / (among + found.within)
    if (n > 1).all() and (variance > 0).all():
        tests |= weighted_welch(mean, variance / n, n - 1)
    return tests


def _described(found: Moments, groups: list[str], level: float) -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = {"group": groups, "n": [int(n) for n in found.n]}
    error = np.sqrt(found.variance / np.maximum(found.n, 1))
    width = [reach(level, int(n) - 1) * e if n > 1 else np.nan for n, e in zip(found.n, error, strict=True)]
    return table | {
        "mean": numbers(found.mean),
        "sd": numbers(np.sqrt(found.variance)),
        "low": numbers(found.mean - width),
        "high": numbers(found.mean + width),
    }


def _notes(found: Moments) -> list[str]:
    notes = []
    if (found.n > 0).sum() < 2:
        notes.append("Fewer than two groups have values; there is nothing to compare.")
    elif found.within <= 0:
        notes.append("The values do not vary within groups, so that nothing can be tested.")
    elif (found.n == 0).any():
        notes.append("Groups without values are left out.")
    return notes
