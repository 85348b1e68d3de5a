"""Facts about columns: parts that share no person add up to the whole, and both are what the rules mean."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cohortium.errors import CohortiumError
from cohortium.privacy.column_facts import ColumnFacts
from cohortium.privacy.disclosive_columns import check_facts
from cohortium.privacy.disclosure import DisclosureRules
from cohortium.records import Column, Kind, Role, Schema, Table

RULES = DisclosureRules(cell=4)
SCHEMA = Schema(
    (
        Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
        Column("flag", Kind.INTEGER),
        Column("cost", Kind.CONTINUOUS),
        Column("ward", Kind.CATEGORICAL, levels=("listed", "a")),
    )
)
NAMES = ("flag", "cost", "ward", "elsewhere")


def records(persons: list[int], flags: list[int | None], seed: int) -> Table:
    rng = np.random.default_rng(seed)
    columns = {
        "person": [f"P{one}" for one in persons],
        "flag": pa.array(flags, pa.int64()),
        "cost": pa.array(rng.gamma(0.3, 100.0, len(persons)), mask=rng.random(len(persons)) < 0.1),
        "ward": pa.array(rng.choice(["a", "b", "c"], len(persons), p=[0.8, 0.15, 0.05]), pa.string()),
    }
    return Table(pa.table(columns), SCHEMA)


def marks_few(table: Table, name: str, few: int) -> bool:
    """The definition: all persons but 1 to ``few`` - 1 have one and the same value, the most frequent one."""
    known = ~table.missing(name)
    values = table.numeric(name)[known]
    if not len(values):
        return False
    found, counts = np.unique(values, return_counts=True)
    apart = table.persons()[known][values != found[np.argmax(counts)]]
    return 0 < len(np.unique(apart)) < few


def verdict(facts: ColumnFacts) -> str:
    try:
        check_facts(facts, RULES)
        for name, found in facts.contributions.items():
            RULES.check_dominance(found, name)
    except CohortiumError as error:
        return str(error)
    return "let through"


@settings(max_examples=60, deadline=None)
@given(
    persons=some.lists(some.integers(0, 25), min_size=0, max_size=60),
    rare=some.sampled_from([0.0, 0.05, 0.2, 0.6]),
    parts=some.integers(1, 6),
    seed=some.integers(0, 1_000),
)
def test_facts_of_parts_add_up_to_those_of_the_whole(persons: list[int], rare: float, parts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    flags = [None if rng.random() < 0.1 else int(rng.random() < rare) * int(rng.integers(1, 4)) for _ in persons]
    table = records(persons, flags, seed)
    place = np.array(persons, dtype=np.int64) % parts
    whole = ColumnFacts.of(table, NAMES, RULES, "plain")
    summed = reduce(add, (ColumnFacts.of(table.take(place == k), NAMES, RULES, "plain") for k in range(parts)))
    assert (summed.rows, summed.persons) == (whole.rows, whole.persons) == (len(table), len(set(persons)))
    assert summed.levels == whole.levels
    assert summed.shares["flag"].marks_few == whole.shares["flag"].marks_few == marks_few(table, "flag", RULES.cell)
    assert summed.shares["cost"].marks_few == marks_few(table, "cost", RULES.cell)
    assert summed.contributions["cost"].largest.tolist() == pytest.approx(whole.contributions["cost"].largest.tolist())
    assert summed.contributions["cost"].total == pytest.approx(whole.contributions["cost"].total)
    assert verdict(summed) == verdict(whole)


def test_a_person_with_many_rows_does_not_make_a_value_that_of_nearly_all() -> None:
    """The most frequent value is that of most rows; it marks few only where few persons have another."""
    table = records([0] * 90 + list(range(1, 21)), [7] * 90 + [0] * 20, 0)
    assert not ColumnFacts.of(table, ("flag",), RULES, "plain").shares["flag"].marks_few
    halves = [table.take(np.arange(100)), table.take(np.arange(100, 110))]
    facts = [ColumnFacts.of(one, ("flag",), RULES, "plain") for one in halves]
    assert not (facts[0] + facts[1]).shares["flag"].marks_few


def test_what_is_kept_of_a_measured_number_does_not_grow_with_the_rows() -> None:
    table = records(list(range(5_000)), [0] * 5_000, 0)
    shares = ColumnFacts.of(table, ("cost", "flag"), RULES, "plain").shares
    assert len(shares["cost"].values) == 0
    assert len(shares["flag"].values) == 1


def test_only_mode_plain_asks_about_numbers() -> None:
    facts = ColumnFacts.of(records(list(range(50)), [0] * 50, 0), NAMES, RULES, "secure")
    assert facts.shares == facts.contributions == {}
    assert set(facts.levels) == {"ward"}
    assert "listed" not in facts.levels["ward"], "nobody has it"
