"""What one person can change, against taking every person out in turn."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import visits

from cohortium.analyse import drive
from cohortium.analyse.describe import Describe
from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.privacy.sensitivity import (
    Bounded,
    BoundedMoments,
    bounded,
    capped,
    counts_sensitivity,
    noisy_start,
    one_row_per_person,
    part_of_budget,
    plausible_range,
)
from cohortium.records import PERSONS, Column, Kind, Role, Schema, State, Sums, Table

SCHEMA = Schema(
    (
        Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
        Column("age", Kind.INTEGER, minimum=18, maximum=100),
        Column("marker", Kind.CONTINUOUS, minimum=0, maximum=50),
        Column("stage", Kind.CATEGORICAL, levels=("I", "II")),
    )
)
ALGORITHM = Describe(("age", "marker", "stage"))


def records(n: int = 60, seed: int = 0) -> Table:
    """Some persons have several rows, some values lie far outside their ranges, some are missing."""
    rng = np.random.default_rng(seed)
    marker = np.where(rng.random(n) < 0.2, np.nan, rng.normal(25, 40, n))
    frame = pa.table(
        {
            "person": [f"P{k}" for k in rng.integers(0, n * 2 // 3, n)],
            "age": pa.array(rng.integers(-500, 500, n)),
            "marker": pa.array(marker, from_pandas=True),
            "stage": rng.choice(["I", "II"], n),
        }
    )
    return Table(frame, SCHEMA)


def states() -> list[State]:
    """Both states of a description, from records of others."""
    seen: list[State] = []
    other = records(seed=9)

    def total(state: State) -> Sums:
        seen.append(state)
        return ALGORITHM.local(other, state)

    drive(ALGORITHM, SCHEMA, total)
    return seen


@pytest.mark.parametrize("step", [0, 1])
def test_no_person_changes_more_than_is_said(step: int) -> None:
    state, bounds, table = states()[step], bounded(ALGORITHM, SCHEMA), records()
    limits = bounds.sensitivity(state)
    whole = ALGORITHM.local(bounds.clip(table, state), state)
    assert set(limits) == set(whole)
    largest = dict.fromkeys(limits, 0.0)
    for person in np.unique(table.persons()):
        rest = ALGORITHM.local(bounds.clip(table.take(table.persons() != person), state), state)
        for name in limits:
            largest[name] = max(largest[name], float(np.linalg.norm(whole[name] - rest[name])))
    for name, limit in limits.items():
        assert largest[name] <= limit * (1 + 1e-9)
    assert largest["sum"] > limits["sum"] / 2  # the limits are not far from what happens
    unclipped = ALGORITHM.local(table, state)
    assert np.linalg.norm(unclipped["sum"] - whole["sum"]) > limits["sum"]


def test_a_range_must_be_stated() -> None:
    unknown = Schema((Column("age", Kind.INTEGER, minimum=18),))
    state = Describe(("age",)).start(unknown)
    with pytest.raises(NotApplicable, match="plausible range of 'age'"):
        BoundedMoments(unknown).sensitivity(state)
    with pytest.raises(NotApplicable, match="'age'"):
        capped(Table(pa.table({"age": pa.array([1, 2])}), unknown), ["age"])


def test_clipping_keeps_what_is_missing_and_the_kind() -> None:
    table = records()
    kept = capped(table, ["age", "marker"])
    assert kept.schema == table.schema
    assert (kept.missing("marker") == table.missing("marker")).all()
    assert kept.numeric("age").min() == 18 and kept.numeric("age").max() == 100
    assert np.nanmax(kept.numeric("marker")) == 50


def test_whole_numbers_stay_within_a_range_that_is_not_whole() -> None:
    schema = Schema((Column("visits", Kind.INTEGER, minimum=0.5, maximum=3.5),))
    low, high = plausible_range(schema["visits"])
    kept = capped(Table(pa.table({"visits": pa.array([-4, 0, 2, 9])}), schema), ["visits"]).numeric("visits")
    assert low <= kept.min() and kept.max() <= high


def test_one_row_is_left_of_every_person() -> None:
    many = visits(30)
    few = one_row_per_person(many)
    assert len(few) == 30 == len(np.unique(few.persons()))
    assert one_row_per_person(few) is few


def test_counts_are_bounded_by_the_cells_of_a_person() -> None:
    layout = Sums({PERSONS: 0, "cells": np.zeros((3, 2), dtype=np.int64), "other": np.zeros(4)}).layout
    assert counts_sensitivity(layout, ("cells", "absent")) == {PERSONS: 1.0, "cells": 1.0}
    assert counts_sensitivity(layout, ("cells",), 4)["cells"] == 2.0
    assert counts_sensitivity(layout, ("cells",), 99)["cells"] == pytest.approx(6**0.5)


def test_an_algorithm_that_bounds_nothing_cannot_run_so() -> None:
    @dataclass(frozen=True)
    class Unbounded:
        registered_name = "unbounded"

    @dataclass(frozen=True)
    class Own(Unbounded):
        def sensitivity(self, state: State) -> dict[str, float]:
            return {PERSONS: 1.0}

        def clip(self, table: Table, state: State) -> Table:
            return table

    with pytest.raises(NotApplicable, match="'unbounded' does not bound"):
        bounded(Unbounded(), SCHEMA)  # type: ignore[arg-type]
    assert isinstance(bounded(Own(), SCHEMA), Bounded)  # type: ignore[arg-type]
    assert isinstance(bounded(Own(), SCHEMA), Own)  # type: ignore[arg-type]


@pytest.mark.parametrize(("told", "parts"), [(4, [1, 1, 1, 1]), ((1, 4, 3), [1, 4, 3])])
def test_a_budget_is_divided_as_an_algorithm_says(told: int | tuple[int, ...], parts: list[int]) -> None:
    @dataclass(frozen=True)
    class Told:
        registered_name = "told"

        def steps(self) -> int | tuple[int, ...]:
            return told

    found = [part_of_budget(Told(), step) for step in range(len(parts))]  # type: ignore[arg-type]
    assert found == [Fraction(part, sum(parts)) for part in parts]
    with pytest.raises(InvalidRequest, match=f"takes {len(parts)} steps"):
        part_of_budget(Told(), len(parts))  # type: ignore[arg-type]


def test_an_algorithm_that_says_nothing_gets_half_of_what_is_left() -> None:
    found = [part_of_budget(ALGORITHM, step) for step in range(5)]
    assert found == [Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 16), Fraction(1, 32)]


def test_an_algorithm_that_asks_for_nothing_else_under_noise_starts_as_ever() -> None:
    assert noisy_start(ALGORITHM, SCHEMA).to_bytes() == ALGORITHM.start(SCHEMA).to_bytes()
