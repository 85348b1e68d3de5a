"""Cohort counts: persons and not records, and criteria that cannot be met or understood."""

from __future__ import annotations

import pyarrow as pa
import pytest

from cohortium.analyse import CohortCount, over_sites, pooled
from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Role, Schema, Table

VISITS = Table(
    pa.table(
        {"person": ["a", "a", "b", "c", "c"], "dose": [1.0, 9.0, 2.0, None, 8.0], "sex": ["F", "F", "M", None, "F"]}
    ),
    Schema(
        (
            Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
            Column("dose", Kind.CONTINUOUS),
            Column("sex", Kind.CATEGORICAL, levels=("F", "M")),
        )
    ),
)


def test_a_person_with_several_records_counts_once() -> None:
    answer = pooled(CohortCount(("dose > 0", "dose > 5"), ("sex",)), VISITS)
    assert answer.tables["steps"]["persons"] == [3, 3, 2]
    assert answer.tables["steps"]["left_out"] == [0, 0, 1]
    assert answer.tables["groups"]["persons"] == [2, 1, 1, 2, 1, 0, 2, 0, 0]
    assert answer.facts["cohort"] == 2
    assert answer.persons == 3


def test_columns_are_read_from_the_criteria() -> None:
    assert CohortCount(("dose > 1 or not age is missing", "sex = F"), ("ward",)).columns() == (
        "age",
        "dose",
        "sex",
        "ward",
    )


def test_a_site_without_anybody_changes_nothing() -> None:
    algorithm = CohortCount(("sex = F",))
    assert over_sites(algorithm, [VISITS, VISITS.take([])]).tables == pooled(algorithm, VISITS).tables


@pytest.mark.parametrize(
    ("criteria", "told"),
    [((), "needs a criterion"), (("sex = X",), "no level"), (("dose >",), "expected"), (("dose > many",), "number")],
)
def test_criteria_are_checked_before_any_site_is_asked(criteria: tuple[str, ...], told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        CohortCount(criteria).start(VISITS.schema)
