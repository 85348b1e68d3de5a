"""Records in memory and in partitions: whatever the desk and the guard ask of them, both say the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conformance.examples.example import patients
from tests.tables import mixed, visits
from tests.unit.federate.in_turn import InTurn

import cohortium.federate.offered  # noqa: F401 - registers the algorithms
from cohortium.analyse import CohortCount, Describe, LogisticRegression, NeuralNetwork, Quantiles
from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.federate.node.in_partitions import InPartitions
from cohortium.federate.node.run_records import InMemory, RunRecords
from cohortium.privacy.disclosure import DisclosureRules, Mode
from cohortium.privacy.sensitivity import bounded
from cohortium.records import Algorithm, Column, Kind, Role, Schema, Sums, Table, told_schema
from cohortium.sources.partitions import laid_out

RULES = DisclosureRules()
KEY = b"k" * 32
PARTS = 7
TABLES = {
    "rows are persons": mixed(400),
    "equal rows": mixed(300).take(np.concatenate([np.arange(300), np.arange(0, 300, 4), np.arange(0, 300, 8)])),
    "a person key": visits(150),
    "few rows": mixed(4),
}
BY_NAME = list(TABLES)


@pytest.fixture(params=BY_NAME)
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[RunRecords, RunRecords]]:
    table = TABLES[request.param]
    with _laid_out(table, tmp_path) as found:
        yield found


@contextmanager
def _laid_out(table: Table, folder: Path) -> Iterator[tuple[RunRecords, RunRecords]]:
    """A table in memory, and the same in partitions."""
    pq.write_table(table.arrow, folder / "records.parquet")
    with laid_out(folder / "records.parquet", PARTS, schema=table.schema) as made:
        yield InMemory(table), InPartitions.of(table.schema, made, InTurn())


def names(records: RunRecords) -> tuple[str, ...]:
    return tuple(column.name for column in records.schema.modelled)


def agree(one: Sums, other: Sums) -> None:
    assert one.layout == other.layout
    for name in one:
        np.testing.assert_allclose(other[name], one[name], rtol=1e-10, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("mode", ["plain", "secure", "dp"])
def test_facts_for_the_rules(both: tuple[RunRecords, RunRecords], mode: Mode) -> None:
    whole, parts = (one.facts((*names(one), "elsewhere"), RULES, mode) for one in both)
    assert (parts.names, parts.rows, parts.persons, parts.levels) == (
        whole.names, whole.rows, whole.persons, whole.levels,
    )  # fmt: skip
    assert {name: one.marks_few for name, one in parts.shares.items()} == {
        name: one.marks_few for name, one in whole.shares.items()
    }
    for name, found in parts.contributions.items():
        assert found.largest.tolist() == whole.contributions[name].largest.tolist()
        assert found.total == pytest.approx(whole.contributions[name].total)


def test_a_column_that_the_site_lacks_leaves_the_persons(both: tuple[RunRecords, RunRecords]) -> None:
    whole, parts = (one.facts(("elsewhere",), RULES, "plain") for one in both)
    assert parts.persons == whole.persons > 0


def test_tokens(both: tuple[RunRecords, RunRecords]) -> None:
    whole, parts = (one.tokens("ward", KEY) for one in both)
    assert parts.tolist() == whole.tolist()


@pytest.mark.parametrize("smallest", [1, 10, None])
def test_levels_that_are_told(both: tuple[RunRecords, RunRecords], smallest: int | None) -> None:
    told = [
        told_schema(one.schema, names(one), one.facts(names(one), RULES, "secure").levels, smallest=smallest)
        for one in both
    ]
    assert told[0] == told[1]


CONDITIONS = (
    "age >= 60",
    "sex = F and not (age < 50)",
    "ward = 'rare ward'",
    "stage > II or severe = true",
    "age is missing",
)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions(condition: str, tmp_path: Path) -> None:
    """Of the levels of a column, a partition has only some."""
    with _laid_out(mixed(300), tmp_path) as (whole, parts):
        one, other = (records.where(condition, names(records)) for records in (whole, parts))
        assert one.facts(("age",), RULES, "plain").rows == other.facts(("age",), RULES, "plain").rows
        assert one.tokens("ward", KEY).tolist() == other.tokens("ward", KEY).tolist()
        schema = told_schema(whole.schema, ("creatinine", "stage"), {})
        algorithm = Describe(("creatinine", "stage"))
        state = algorithm.start(schema)
        agree(one.agreed(schema).local(algorithm, state), other.agreed(schema).local(algorithm, state))


@pytest.mark.parametrize("condition", ["ward = elsewhere", "sex > F", "height > 3", "age >="])
def test_conditions_that_cannot_hold_are_refused_in_the_same_words(condition: str, tmp_path: Path) -> None:
    said = []
    with _laid_out(mixed(300), tmp_path) as both:
        for records in both:
            with pytest.raises(InvalidRequest) as refused:
                records.where(condition, names(records))
            said.append(str(refused.value))
    assert said[0] == said[1]


ALGORITHMS: tuple[Algorithm, ...] = (
    Describe(("age", "stage")),
    Quantiles(("age",), ranges=((18.0, 99.0),)),
    CohortCount(("age >= 60",), ("stage",)),
    LogisticRegression("relapse", ("age", "stage")),
)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda one: type(one).__name__)
def test_sums(algorithm: Algorithm, tmp_path: Path) -> None:
    table = patients(500)
    schema = told_schema(table.schema, algorithm.columns(), {}, smallest=None)
    with _laid_out(table, tmp_path) as both:
        ready = [one.agreed(schema) for one in both]
        assert ready[0].schema == ready[1].schema
        state = algorithm.start(schema)
        agree(*(one.local(algorithm, state) for one in ready))


def _many_visits(rows: int = 900, persons: int = 120) -> Table:
    """A person's rows lie far apart, and only the first one of each counts in mode "dp"."""
    rng = np.random.default_rng(1)
    schema = Schema(
        (
            Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
            Column("dose", Kind.CONTINUOUS, unit="mg", minimum=0.0, maximum=10.0),
            Column("sex", Kind.CATEGORICAL, levels=("F", "M")),
        )
    )
    columns = {
        "person": [f"P{k}" for k in rng.integers(0, persons, rows)],
        "dose": rng.normal(5, 4, rows),
        "sex": rng.choice(["F", "M"], rows),
    }
    return Table(pa.table(columns), schema)


def test_bounds_hold_person_by_person(tmp_path: Path) -> None:
    table, algorithm = _many_visits(), Describe(("dose", "sex"))
    schema = told_schema(table.schema, algorithm.columns(), {}, smallest=None)
    with _laid_out(table, tmp_path) as both:
        state = algorithm.start(schema)
        sums = [one.agreed(schema).local(algorithm, state, bounded(algorithm, schema)) for one in both]
        agree(*sums)
        free = both[1].agreed(schema).local(algorithm, state)
        assert sums[1].persons == int(sums[1]["rows"]) == 120 < int(free["rows"])


def test_a_unit_that_does_not_fit_is_refused_before_anything_is_summed(tmp_path: Path) -> None:
    table, said = _many_visits(), []
    schema = told_schema(table.schema, ("dose",), {})
    other = Schema((replace(schema["dose"], unit=None),))
    with _laid_out(table, tmp_path) as both:
        for records in both:
            with pytest.raises(InvalidRequest, match="without a unit") as refused:
                records.agreed(other)
            said.append(str(refused.value))
    assert said[0] == said[1]


def test_only_what_adds_up_over_partitions_may_run(both: tuple[RunRecords, RunRecords]) -> None:
    network = NeuralNetwork("severe", ("age",))
    whole, parts = both
    whole.must_suit([network, Describe(("age",))])
    parts.must_suit([Describe(("age",))])
    with pytest.raises(NotApplicable, match=r"'neural_network' needs all records of a site at once"):
        parts.must_suit([Describe(("age",)), network])
