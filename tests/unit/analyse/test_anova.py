"""Analysis of variance at its edges."""

from __future__ import annotations

import numpy as np
from tests.conformance.examples.example import patients

from cohortium.analyse import Anova, pooled
from cohortium.analyse.anova import between
from cohortium.analyse.moments import Moments

TABLE = patients(80)


def test_one_group_has_nothing_to_compare() -> None:
    only = pooled(Anova("age", "stage"), TABLE.take(TABLE.codes("stage")[0] == 0))
    assert only.facts["F"] is None
    assert only.facts["p"] is None
    assert "nothing to compare" in only.facts["notes"][0]


def test_two_groups_give_the_square_of_t() -> None:
    found = Moments(np.array([9, 14]), np.array([1.0, 2.5]), np.array([1.2, 4.0]))
    tests = between(found)
    t = 1.5 / np.sqrt(1.2 / 9 + 4.0 / 14)
    np.testing.assert_allclose(tests["welch_F"], t**2, rtol=1e-12)


def test_a_group_of_one_has_no_interval_and_no_welch() -> None:
    codes = TABLE.codes("stage")[0]
    rows = np.concatenate([np.flatnonzero(codes == 0), np.flatnonzero(codes == 1)[:1]])
    facts = pooled(Anova("age", "stage"), TABLE.take(rows))
    assert facts.facts["p"] is not None
    assert facts.facts["welch_p"] is None
    assert facts.tables["groups"]["low"][1:] == [None, None]
    assert "left out" in facts.facts["notes"][0]
