"""One-way analysis of variance: whether the means of several groups differ, with and without equal variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cohortium.analyse.answers import number, numbers, reach
from cohortium.analyse.design import complete, levels_of, persons_in
from cohortium.analyse.moments import Moments, group_sums, means, moments, require_numbers
from cohortium.numerics.distributions import f_sf
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
    Reveals         : n, mean and standard deviation of each group over all sites.
    """

    variable: str
    group: str
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The variable and the group."""
        return (self.variable, self.group)

    def start(self, schema: Schema) -> State:
        """Ask for the means first."""
        require_numbers(schema, self.variable)
        reach(self.level)
        groups = list(levels_of(schema, self.group))
        return State("means", {"groups": groups}, {"centre": np.zeros(len(groups))})

    def local(self, records: Table, state: State) -> Sums:
        """Sums in each group, around the centres."""
        rows = complete(records, self.columns())
        sums = group_sums(rows.numeric(self.variable), rows.codes(self.group)[0], state.arrays["centre"])
        return Sums({PERSONS: persons_in(rows)} | sums)

    def combine(self, total: Sums, state: State) -> State | Result:
        """Both tests, after the second pass."""
        centre = state.arrays["centre"]
        if state.step == "means":
            return State("spread", state.facts, {"centre": means(total, centre)})
        found = moments(total, centre)
        tests = between(found)
        facts = {key: number(value) for key, value in tests.items()} | {"level": self.level, "notes": _notes(found)}
        tables = {"groups": _described(found, state.facts["groups"], self.level)}
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
        tests |= _welch(n, mean, variance)
    return tests


def _welch(n: Any, mean: Any, variance: Any) -> dict[str, float]:
    k, weight = len(n), n / variance
    centre = (weight * mean).sum() / weight.sum()
    spare = float(((1 - weight / weight.sum()) ** 2 / (n - 1)).sum())
    above = float((weight * (mean - centre) ** 2).sum()) / (k - 1)
    ratio = above / (1 + 2 * (k - 2) * spare / (k**2 - 1))
    df = (k**2 - 1) / (3 * spare)
    return {"welch_F": ratio, "welch_df": df, "welch_p": float(f_sf(ratio, k - 1, df))}


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
