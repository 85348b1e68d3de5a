"""What an algorithm that says that it divides keeps: a site's sums are those over parts of its records, added up."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.test_algorithms import EXAMPLES, NAMES

from cohortium.analyse import drive
from cohortium.records import Role, State, Sums, Table, agreed_schema, as_agreed
from cohortium.registry import find

DIVIDED = [name for name in NAMES if find("algorithm", name).facts["divides"]]
WHOLE = {"neural_network", "federated_twin"}


def _with_equal_rows(table: Table) -> Table:
    """A third of the rows again, where a row is a person; equal rows come to lie in different parts."""
    if table.schema.only(Role.PERSON_KEY) is not None:
        return table
    return table.take(np.concatenate([np.arange(len(table)), np.arange(len(table) // 3)]))


def _parts(table: Table) -> list[Table]:
    """Three parts of whole persons, and one without a row."""
    if table.schema.only(Role.PERSON_KEY) is not None:
        place = table.persons() % 3
    else:
        place = np.arange(len(table)) * 3 // len(table)
    return [table.take(place == number) for number in range(4)]


def _gap(one: Sums, other: Sums) -> float:
    gaps = [np.abs(one[name] - other[name]).max() / max(1.0, np.abs(one[name]).max()) for name in one if one[name].size]
    return float(max(gaps, default=0.0))


def _largest_gap(name: str) -> float:
    algorithm = EXAMPLES[name].algorithm
    table = _with_equal_rows(EXAMPLES[name].table())
    schema = agreed_schema([table.schema], algorithm.columns(), [table])
    whole = as_agreed(table, schema)
    parts = _parts(whole)
    gaps: list[float] = []

    def total_of(state: State) -> Sums:
        sums = algorithm.local(whole, state)
        first, *others = (algorithm.local(part, state) for part in parts)
        gaps.append(_gap(sums, sum(others, first)))
        return sums

    drive(algorithm, schema, total_of)
    return max(gaps)


@pytest.mark.parametrize("name", DIVIDED)
def test_sums_over_parts_add_up(name: str) -> None:
    assert _largest_gap(name) < 1e-9


def test_what_does_not_divide_is_told() -> None:
    assert set(NAMES) - set(DIVIDED) == WHOLE
    assert _largest_gap("federated_twin") > 1e-3, "it divides by now: let it run on partitions"
