"""t tests where there is little or nothing to test."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import TTest, over_sites, pooled
from cohortium.errors import InvalidRequest

TABLE = patients(60)


def test_constant_values_and_one_group_are_told_in_notes() -> None:
    treated = TABLE.take(TABLE.codes("treated")[0] == 1)
    alone = pooled(TTest("age", "treated"), treated)
    assert alone.facts["p"] is None
    assert "Too few" in alone.facts["notes"][0]
    assert alone.tables["groups"]["n"] == [0, len(treated)]
    same = pooled(TTest("age", kind="paired", second="age"), TABLE)
    assert same.facts["estimate"] == 0
    assert same.facts["p"] is None
    assert "do not vary" in same.facts["notes"][0]


def test_two_of_three_groups_can_be_chosen_in_either_order() -> None:
    forth = pooled(TTest("age", "stage", between=("I", "III")), TABLE).facts
    back = pooled(TTest("age", "stage", between=("III", "I")), TABLE).facts
    assert forth["estimate"] == pytest.approx(-back["estimate"])
    assert forth["p"] == pytest.approx(back["p"])


def test_persons_of_other_groups_are_not_counted() -> None:
    answer = pooled(TTest("age", "stage", between=("I", "III")), TABLE)
    assert answer.persons == int((TABLE.codes("stage")[0] != 1).sum())


def test_large_means_cost_no_digits() -> None:
    """Days since 1970 of one day's spread: a sum of squares around 0 would keep three digits of the variance."""
    shifted = TTest("time_days", kind="one-sample")
    near = pooled(shifted, TABLE).tables["groups"]["sd"][0]
    parts = over_sites(shifted, [TABLE.take(np.arange(7)), TABLE.take(np.arange(7, 60))])
    assert parts.tables["groups"]["sd"][0] == pytest.approx(near, rel=1e-12)


@pytest.mark.parametrize(
    ("algorithm", "told"),
    [
        (TTest("age", "stage"), "analysis of variance"),
        (TTest("age"), "needs the setting 'group'"),
        (TTest("age", "treated", kind="paired"), "no use|needs"),
        (TTest("stage", "treated"), "numeric"),
        (TTest("age", "treated", kind="bayes"), "one of"),
        (TTest("age", "treated", level=95.0), "0.95"),
    ],
)
def test_settings_that_do_not_fit_are_refused(algorithm: TTest, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        pooled(algorithm, TABLE)
