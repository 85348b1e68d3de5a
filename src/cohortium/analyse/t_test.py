"""t test: whether a mean differs from a value, between two groups, or between two columns of the same persons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cohortium.analyse.answers import number, numbers, one_of, reach
from cohortium.analyse.design import complete, levels_of, persons_in
from cohortium.analyse.moments import Moments, group_sums, means, moments, require_numbers
from cohortium.errors import InvalidRequest
from cohortium.numerics.distributions import t_sf
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

KINDS = ("welch", "student", "one-sample", "paired")


@algorithm(
    "t_test",
    title="t test",
    leaves_site="per group: how many values, their sum, and their sum of squares around the mean of all sites",
    source="Student 1908, Biometrika 6, 1; Welch 1947, Biometrika 34, 28",
    counts=("known",),
)
@dataclass(frozen=True, slots=True)
class TTest:
    """Difference of two means, or of a mean from a value, with interval and two-sided p.

    variable : the column whose mean is tested.
    group    : nominal column of the two groups (welch, student).
    between  : the two levels of it to compare, first less second; its only two where left out.
    second   : the column that is subtracted from ``variable`` in the same row (paired).
    value    : what the mean is tested against (one-sample, paired).
    Reveals  : n, mean and standard deviation of each group over all sites.
    """

    variable: str
    group: str | None = None
    kind: str = "welch"
    between: tuple[str, ...] = ()
    second: str | None = None
    value: float = 0.0
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The variable, and what it is compared by or with."""
        return tuple(name for name in (self.variable, self.group, self.second) if name is not None)

    def start(self, schema: Schema) -> State:
        """Ask for the means first."""
        one_of(self.kind, KINDS, "kind")
        reach(self.level)
        needed = {"welch": "group", "student": "group", "paired": "second"}.get(self.kind)
        for setting in ("group", "second"):
            if (setting == needed) != (getattr(self, setting) is not None):
                told = "needs" if setting == needed else "has no use for"
                raise InvalidRequest(f"A t test of kind '{self.kind}' {told} the setting '{setting}'.")
        require_numbers(schema, self.variable, *([self.second] if self.second else []))
        groups = self._groups(schema)
        return State("means", {"groups": groups}, {"centre": np.zeros(len(groups))})

    def local(self, records: Table, state: State) -> Sums:
        """Sums in each group, around the centres."""
        rows = complete(records, self.columns())
        values = rows.numeric(self.variable)
        codes = np.zeros(len(rows), dtype=np.int64)
        if self.second is not None:
            values = values - rows.numeric(self.second)
        if self.group is not None:
            levels = levels_of(rows.schema, self.group)
            place = [state.facts["groups"].index(one) if one in state.facts["groups"] else -1 for one in levels]
            codes = np.array(place, dtype=np.int64)[rows.codes(self.group)[0]]
        used = rows.take(codes >= 0)
        return Sums({PERSONS: persons_in(used)} | group_sums(values, codes, state.arrays["centre"]))

    def combine(self, total: Sums, state: State) -> State | Result:
        """The test, after the second pass."""
        centre = state.arrays["centre"]
        if state.step == "means":
            return State("spread", state.facts, {"centre": means(total, centre)})
        found = moments(total, centre)
        facts = self._compared(found) if self.group is not None else self._against_value(found)
        table = {
            "group": state.facts["groups"],
            "n": [int(n) for n in found.n],
            "mean": numbers(found.mean),
            "sd": numbers(np.sqrt(found.variance)),
        }
        title = {"welch": "Welch's t test", "student": "Student's t test"}.get(self.kind, f"{self.kind} t test")
        return Result(title.capitalize(), total.persons, {"groups": table}, facts)

    def _groups(self, schema: Schema) -> list[str]:
        if self.group is None:
            return [self.variable if self.second is None else f"{self.variable} - {self.second}"]
        levels = levels_of(schema, self.group)
        chosen = self.between or levels
        if len(set(chosen)) != 2 or len(chosen) != 2 or not set(chosen) <= set(levels):
            raise InvalidRequest(
                f"A t test compares two groups, and column '{self.group}' has the levels {', '.join(levels)}. Name two "
                "of them in the setting 'between', or use an analysis of variance."
            )
        return list(chosen)

    def _compared(self, found: Moments) -> dict[str, Any]:
        n = found.n.astype(np.float64)
        with np.errstate(all="ignore"):
            shares = found.variance / n
            if self.kind == "student":
                df, error = n.sum() - 2, math.sqrt(found.pooled_variance * float((1 / n).sum()))
            else:
                df, error = shares.sum() ** 2 / (shares**2 / (n - 1)).sum(), math.sqrt(float(shares.sum()))
        enough = bool((found.n > 1).all()) or (self.kind == "student" and (found.n > 0).all() and n.sum() > 2)
        estimate = float(found.mean[0] - found.mean[1])
        facts = _tested(estimate, error if enough else math.nan, float(df), self.level, 0.0)
        spread = math.sqrt(found.pooled_variance)
        return facts | {"cohens_d": number(estimate / spread) if spread > 0 else None}

    def _against_value(self, found: Moments) -> dict[str, Any]:
        n, spread = int(found.n[0]), math.sqrt(float(found.variance[0]))
        facts = _tested(
            float(found.mean[0]), spread / math.sqrt(n) if n > 1 else math.nan, n - 1, self.level, self.value
        )
        gap = float(found.mean[0]) - self.value
        return facts | {"cohens_d": number(gap / spread) if spread > 0 else None}


def _tested(estimate: float, error: float, df: float, level: float, value: float) -> dict[str, Any]:
    """Estimate with interval, statistic and p; None with a note where there is no spread to hold it against."""
    notes: list[str] = []
    if not math.isfinite(error):
        notes.append("Too few values in a group for a standard error.")
    elif error == 0:
        notes.append("The values do not vary, so that nothing can be tested.")
    if notes:
        empty = dict.fromkeys(("low", "high", "statistic", "df", "p"))
        return {"estimate": number(estimate), **empty, "level": level, "notes": notes}
    statistic, width = (estimate - value) / error, reach(level, df) * error
    return {
        "estimate": estimate,
        "low": estimate - width,
        "high": estimate + width,
        "statistic": statistic,
        "df": df,
        "p": min(2 * float(t_sf(abs(statistic), df)), 1.0),
        "level": level,
        "notes": notes,
    }
