"""t test: whether a mean differs from a value, between two groups, or between two columns of the same persons."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number, numbers, one_of, reach
from cohortium.analyse.design import complete, levels_of, persons_in
from cohortium.analyse.moments import Moments, group_sums, means, moments, require_numbers
from cohortium.analyse.noise.counts import noise_facts
from cohortium.analyse.noise.means import (
    NOISY,
    NOTE,
    WEIGHTS,
    NoisyMoments,
    group_arrays,
    hidden_groups,
    noisy_moments,
)
from cohortium.analyse.noise.public_ranges import RANGES, farthest, range_of, stated_ranges, within
from cohortium.errors import InvalidRequest
from cohortium.numerics.distributions import t_sf
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    In mode "dp" intervals and p allow for the noise, and Cohen's d is left out.
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

    def steps(self) -> int:
        """One in mode "dp"."""
        return 1

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

    def start_noisy(self, schema: Schema) -> State:
        """Ask for sums around the middle of the plausible range."""
        facts = self.start(schema).facts | {RANGES: stated_ranges(schema, self._measured())}
        centre = sum(self._ends(State(NOISY, facts))) / 2
        return State(NOISY, facts, {"centre": np.full(len(facts["groups"]), centre)})

    def local(self, records: Table, state: State) -> Sums:
        """Sums in each group, around the centres."""
        rows = complete(records, self.columns())
        values, codes = rows.numeric(self.variable), self._codes(rows, state)
        if self.second is not None:
            values = values - rows.numeric(self.second)
        used = rows.take(codes >= 0)
        return Sums({PERSONS: persons_in(used)} | group_sums(values, codes, state.arrays["centre"]))

    def sensitivity(self, state: State) -> dict[str, float]:
        """One person is one value in one group, no farther from the centre than its range goes."""
        away = float(farthest(self._ends(state), state.arrays["centre"]).max(initial=0.0))
        return {PERSONS: 1.0, "known": 1.0, "sum": away, "squares": away**2}

    def array_weights(self, state: State) -> Mapping[str, float]:
        """Little for the number of persons."""
        return WEIGHTS

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, one that is complete and in a group where there is such a row; values in their ranges."""
        is_used = self._codes(records, state) >= 0
        for name in self.columns():
            is_used &= ~records.missing(name)
        return within(one_row_per_person(records, is_used.astype(np.int64)), state, self._measured())

    def combine(self, total: Sums, state: State) -> State | Result:
        """The test, after the second pass; with noise after one pass."""
        centre = state.arrays["centre"]
        if state.step == NOISY:
            return self._noisy(total, state)
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
        return Result(self._title(), total.persons, {"groups": table}, facts)

    def _noisy(self, total: Sums, state: State) -> Result:
        sums, groups = group_arrays(total), state.facts["groups"]
        each = noisy_moments(*sums, total.noise, state.arrays["centre"], self._ends(state))
        is_pooled = self.kind == "student" and bool(each.usable.all())
        found = each.pooled() if is_pooled else each
        mean = found.found.mean
        estimate, value = (float(mean[0]), self.value) if len(mean) < 2 else (float(mean[0] - mean[1]), 0.0)
        error, df = _combined(found, is_pooled)
        facts = _tested(estimate, error, df, self.level, value) | {"cohens_d": None} | noise_facts(total, self.level)
        facts["notes"] = [*hidden_groups(each, groups), NOTE]
        return Result(self._title(), total.persons, {"groups": each.table(groups, self.level)}, facts)

    def _title(self) -> str:
        titles = {"welch": "Welch's t test", "student": "Student's t test"}
        return titles.get(self.kind, f"{self.kind} t test").capitalize()

    def _measured(self) -> list[str]:
        return [self.variable] if self.second is None else [self.variable, self.second]

    def _ends(self, state: State) -> tuple[float, float]:
        """The range of the value that is averaged."""
        low, high = range_of(state, self.variable)
        if self.second is None:
            return low, high
        least, most = range_of(state, self.second)
        return low - most, high - least

    def _codes(self, rows: Table, state: State) -> NDArray[np.int64]:
        """The group of each row (n,), -1 where it is in none."""
        if self.group is None:
            return np.zeros(len(rows), dtype=np.int64)
        levels = levels_of(rows.schema, self.group)
        place = [state.facts["groups"].index(one) if one in state.facts["groups"] else -1 for one in levels]
        return np.array([*place, -1], dtype=np.int64)[rows.codes(self.group)[0]]

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


def _combined(found: NoisyMoments, is_pooled: bool) -> tuple[float, float]:
    """Standard error of the sum or difference of the groups' means, and its degrees of freedom; NaN where unknown."""
    if not found.usable.all():
        return math.nan, math.nan
    spread = float(found.error.sum())
    df = float(found.freedom[0]) if is_pooled else spread**2 / float((found.error**2 / found.freedom).sum())
    return math.sqrt(spread), df


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
