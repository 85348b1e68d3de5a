"""What every registered algorithm keeps: the answer does not depend on how the records are spread over sites."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from tests.conformance.examples import counts, models, neural, statistics, survival, synthesis, trees
from tests.conformance.examples.example import Example

import cohortium.analyse
from cohortium.analyse import drive, over_sites, pooled
from cohortium.errors import CohortiumError
from cohortium.records import (
    PERSONS,
    Result,
    State,
    Sums,
    Table,
    agreed_schema,
    algorithm_from_plain,
    algorithm_to_plain,
    as_agreed,
)
from cohortium.registry import entries, find

EXAMPLES: dict[str, Example] = {
    name: example
    for family in (counts, statistics, survival, models, trees, neural, synthesis)
    for name, example in family.EXAMPLES.items()
}
NAMES = [entry.name for entry in entries("algorithm")]
TRIED = EXAMPLES | neural.VARIANTS
assert cohortium.analyse  # importing the room registers its algorithms


def _assert_alike(one: Any, other: Any, tolerance: float, where: str = "result") -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            _assert_alike(one[key], other[key], tolerance, f"{where}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            _assert_alike(left, right, tolerance, f"{where}[{place}]")
    elif isinstance(one, float) and isinstance(other, float):
        assert math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance), f"{where}: {one!r} and {other!r}"
    else:
        assert one == other, where


def assert_same_answer(one: Result, other: Result, tolerance: float) -> None:
    """Tables, facts and arrays agree to the tolerance."""
    assert one.persons == other.persons
    _assert_alike(one.tables, other.tables, tolerance, "tables")
    _assert_alike(one.facts, other.facts, tolerance, "facts")
    assert one.arrays.keys() == other.arrays.keys()
    for name in one.arrays:
        np.testing.assert_allclose(one.arrays[name], other.arrays[name], rtol=tolerance, atol=tolerance, err_msg=name)


def _sites(table: Table, seed: int = 1) -> list[Table]:
    """Four sites of very different size, one without a single row."""
    order = np.random.default_rng(seed).permutation(len(table))
    first, second = len(table) // 10, len(table) // 2
    return [
        table.take(order[:first]),
        table.take(order[first:second]),
        table.take(order[:0]),
        table.take(order[second:]),
    ]


def test_every_algorithm_has_an_example() -> None:
    assert set(NAMES) == set(EXAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_stated(name: str) -> None:
    facts = find("algorithm", name).facts
    assert facts["title"] and facts["source"]
    assert len(facts["leaves_site"].split()) >= 4, "say in words what leaves a site"


@pytest.mark.parametrize("name", TRIED)
def test_settings_survive_the_journey(name: str) -> None:
    algorithm = TRIED[name].algorithm
    plain = json.loads(json.dumps(algorithm_to_plain(algorithm)))
    assert algorithm_from_plain(plain) == algorithm


@pytest.mark.parametrize("name", TRIED)
def test_sites_give_the_pooled_answer(name: str) -> None:
    example = TRIED[name]
    table = example.table()
    assert_same_answer(
        over_sites(example.algorithm, _sites(table)), pooled(example.algorithm, table), example.tolerance
    )


@pytest.mark.parametrize("name", TRIED)
def test_answer_travels(name: str) -> None:
    example = TRIED[name]
    answer = pooled(example.algorithm, example.table())
    assert_same_answer(Result.from_bytes(answer.to_bytes()), answer, 0.0)
    json.dumps([answer.tables, answer.facts], allow_nan=False)
    for table in answer.tables.values():
        assert len({len(column) for column in table.values()}) <= 1


@pytest.mark.parametrize("name", TRIED)
def test_sums_are_alike_at_every_site_and_local_is_pure(name: str) -> None:
    """Masks of a secure sum need the layout before any record is seen, so an empty site must have it too."""
    example = TRIED[name]
    table = example.table()
    names = example.algorithm.columns()
    schema = agreed_schema([table.schema], names, [table])
    sites = [as_agreed(one, schema) for one in _sites(table)]
    seen: list[State] = []

    def total_of(state: State) -> Sums:
        seen.append(state)
        parts = [example.algorithm.local(one, state) for one in sites]
        again = example.algorithm.local(sites[0], state)
        assert len({part.layout for part in parts}) == 1
        assert all((again[key] == parts[0][key]).all() for key in again if again[key].size)
        for part in parts:
            assert part[PERSONS] >= 0
            for key, bound in part.bounds.items():
                assert np.abs(part[key]).max(initial=0) <= bound, f"{key} passes its bound"
        return parts[0] + parts[1] + parts[2] + parts[3]

    drive(example.algorithm, schema, total_of)
    assert State.from_bytes(seen[-1].to_bytes()).step == seen[-1].step


@pytest.mark.parametrize("name", TRIED)
def test_no_rows_at_all_is_said_clearly(name: str) -> None:
    example = TRIED[name]
    nothing = example.table().take(np.zeros(0, dtype=np.int64))
    try:
        answer = pooled(example.algorithm, nothing)
    except CohortiumError as error:
        assert len(str(error)) > 20
    else:
        assert answer.persons == 0


@pytest.mark.parametrize("name", TRIED)
def test_a_column_that_nobody_has_is_named(name: str) -> None:
    example = TRIED[name]
    table = example.table()
    missing = example.algorithm.columns()[0]
    left = table.select([column for column in table.schema.names if column != missing])
    with pytest.raises(CohortiumError, match=missing):
        pooled(example.algorithm, left)
