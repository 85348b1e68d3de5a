"""Histograms: bounds, values beyond them, and ranges that nobody agreed on."""

from __future__ import annotations

import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import Histogram, pooled
from cohortium.errors import InvalidRequest

TABLE = patients(100)


def test_values_beyond_and_missing_are_counted() -> None:
    marker = TABLE.numeric("marker")
    answer = pooled(Histogram("marker", edges=(0.5, 1.0, 2.0)), TABLE)
    assert answer.facts["missing"] == TABLE.missing("marker").sum()
    assert answer.facts["below"] == (marker < 0.5).sum()
    assert answer.facts["above"] == (marker > 2.0).sum()
    assert sum(answer.tables["bins"]["n"]) + answer.facts["below"] + answer.facts["above"] == answer.facts["n"]
    assert "outside" in answer.facts["notes"][0]


def test_the_plausible_range_of_the_schema_stands_in() -> None:
    assert TABLE.schema["age"].minimum == 0
    answer = pooled(Histogram("age", bins=12), TABLE)
    assert (answer.tables["bins"]["low"][0], answer.tables["bins"]["high"][-1]) == (0.0, 120.0)


@pytest.mark.parametrize(
    ("algorithm", "told"),
    [
        (Histogram("marker"), "never read off the records"),
        (Histogram("age", bins=0), "number of intervals"),
        (Histogram("age", edges=(3.0, 2.0)), "rising"),
        (Histogram("stage", edges=(3.0, 4.0)), "numeric"),
    ],
)
def test_what_cannot_be_drawn_is_refused(algorithm: Histogram, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        pooled(algorithm, TABLE)
