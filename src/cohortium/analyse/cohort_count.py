"""Cohort count: how many persons there are, and how many are left after each criterion of a study."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cohortium.analyse.design import levels_of, persons_in
from cohortium.analyse.noise.counts import interval, noise_facts, shares, with_intervals
from cohortium.errors import InvalidRequest
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Column, Kind, Result, Schema, State, Sums, Table, as_agreed, parse_condition
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

MISSING = "(missing)"
NOTE = (
    "Counts carry noise that hides any single person, and may be below 0; their intervals allow for the noise alone. "
    "Each person counts in one group: that of the record which meets the most criteria."
)


@algorithm(
    "cohort_count",
    title="Cohort count",
    leaves_site="how many persons there are, and how many meet the criteria one after the other, overall and by group",
    source="Weber et al. 2009, JAMIA 16, 624 (SHRINE: counts of a federated query before any study)",
    counts=("after", "in_groups"),
    family="counts",
)
@dataclass(frozen=True, slots=True)
class CohortCount:
    """Persons with a record that meets the criteria so far, from all (availability) to the cohort (feasibility).

    criteria : conditions on one record, such as ``"age >= 18"``, in the order in which they are applied.
    by       : nominal columns; persons are also counted in each combination of their levels.
    A person with several records counts once, or once in each group where they have a record that meets the criteria.
    Reveals  : counts of persons over all sites; small ones are kept in by the disclosure rules.
    """

    criteria: tuple[str, ...]
    by: tuple[str, ...] = ()

    def columns(self) -> tuple[str, ...]:
        """The columns that the criteria name, and those of the groups."""
        named = [name for text in self.criteria for name in sorted(parse_condition(text, _AnySchema(())).names())]
        return tuple(dict.fromkeys([*named, *self.by]))

    def steps(self) -> int:
        """One, so that in mode "dp" it may cost all that the analysis has."""
        return 1

    def start(self, schema: Schema) -> State:
        """Check the criteria, and list the groups."""
        if not self.criteria and not self.by:
            raise InvalidRequest("A cohort count needs a criterion, such as 'age is not missing'.")
        nobody = as_agreed(Table(pa.table({}), Schema(())), schema)
        for text in self.criteria:
            parse_condition(text, schema).holds(nobody)  # finds unknown levels before any site is asked
        levels = [[*levels_of(schema, name), MISSING] for name in self.by]
        return State("counts", {"groups": [list(group) for group in itertools.product(*levels)]})

    def local(self, records: Table, state: State) -> Sums:
        """Count the persons who are left after each criterion."""
        steps, persons = self._left(records), records.persons()
        arrays = {
            PERSONS: np.int64(persons_in(records)),
            "after": np.array([len(np.unique(persons[kept])) for kept in steps], dtype=np.int64),
        }
        if self.by:
            place, groups = self._groups_of(records), len(state.facts["groups"])
            arrays["in_groups"] = np.stack([_persons_by_group(persons[kept], place[kept], groups) for kept in steps])
        return Sums(arrays)

    def sensitivity(self, state: State) -> dict[str, float]:
        """A person adds at most 1 after every criterion, each time in the same group."""
        most = math.sqrt(len(self.criteria) + 1)
        return {PERSONS: 1.0, "after": most} | ({"in_groups": most} if self.by else {})

    def clip(self, records: Table, state: State) -> Table:
        """The record of each person that meets the most criteria; the counts after each criterion stay as they are."""
        return one_row_per_person(records, np.sum(self._left(records), axis=0, dtype=np.int64))

    def combine(self, total: Sums, state: State) -> State | Result:
        """One row for each step, and one for each step and group."""
        names = ["all persons", *self.criteria]
        after = [int(n) for n in total["after"]]
        steps: dict[str, list[Any]] = {
            "criterion": [*names],
            "persons": [*after],
            "left_out": [0, *(before - here for before, here in itertools.pairwise(after))],
            "share": shares(after, after[0]),
        }
        with_intervals(steps, "persons", after, total.noise.get("after"))
        tables = {"steps": steps}
        if self.by:
            grouped: dict[str, list[Any]] = {key: [] for key in ("criterion", *self.by, "persons")}
            for (step, group), n in np.ndenumerate(total["in_groups"]):
                grouped["criterion"].append(names[step])
                for name, level in zip(self.by, state.facts["groups"][group], strict=True):
                    grouped[name].append(level)
                grouped["persons"].append(int(n))
            with_intervals(grouped, "persons", total["in_groups"], total.noise.get("in_groups"))
            tables["groups"] = grouped
        notes = ["A person who is known to several sites is counted at each of them."]
        facts: dict[str, Any] = {"cohort": after[-1], "notes": notes, **noise_facts(total)}
        if total.noise:
            (facts["cohort_low"],), (facts["cohort_high"],) = interval(after[-1], total.noise["after"])
            facts["notes"] = [*notes, NOTE]
        return Result("Cohort count", total.persons, tables, facts)

    def _left(self, records: Table) -> list[NDArray[np.bool_]]:
        """Which rows (n,) are left before any criterion, and after each."""
        left = np.ones(len(records), dtype=np.bool_)
        steps = [left]
        for text in self.criteria:
            left = left & parse_condition(text, records.schema).holds(records)
            steps.append(left)
        return steps

    def _groups_of(self, records: Table) -> NDArray[np.int64]:
        place = np.zeros(len(records), dtype=np.int64)
        for name in self.by:
            codes, levels = records.codes(name)
            place = place * (len(levels) + 1) + np.where(codes < 0, len(levels), codes)
        return place


def _persons_by_group(persons: NDArray[np.int32], place: NDArray[np.int64], groups: int) -> NDArray[np.int64]:
    """Different persons in each group (groups,)."""
    pairs = np.unique(np.stack([place, persons.astype(np.int64)]), axis=1)
    return np.bincount(pairs[0], minlength=groups).astype(np.int64)


class _AnySchema(Schema):
    """A schema that has every column, to read the names in a condition before any schema is known."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> Column:
        return Column(name, Kind.ORDINAL)
