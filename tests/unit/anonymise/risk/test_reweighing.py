"""Under its weights the outcome no longer depends on the group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.anonymise.risk.releases import people

from cohortium.anonymise.risk import weights, with_weights
from cohortium.errors import InvalidRequest


def test_the_formula() -> None:
    group = np.array([0, 0, 0, 1], dtype=np.int32)
    outcome = np.array([0, 0, 1, 0], dtype=np.int32)
    assert weights(group, outcome) == pytest.approx([3 * 3 / (4 * 2), 3 * 3 / (4 * 2), 3 * 1 / 4, 1 * 3 / 4])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=60))
def test_totals_of_groups_and_outcomes_stay_where_all_cells_are_filled(rows: list[tuple[int, int]]) -> None:
    filled = rows + [(group, outcome) for group in range(3) for outcome in range(2)]
    group, outcome = (np.array(side, dtype=np.int32) for side in zip(*filled, strict=True))
    found = weights(group, outcome)
    assert found.sum() == pytest.approx(len(filled))
    rates = [np.average(outcome[group == one], weights=found[group == one]) for one in range(3)]
    assert rates == pytest.approx([outcome.mean()] * 3)


def test_the_column_may_leave_with_the_table() -> None:
    table = people()
    weighted = with_weights(table, "sex", "ill")
    assert weighted.schema.names[-1] == "weight"
    held = weighted.numeric("weight")
    ill = table.codes("ill")[0]
    sex = table.codes("sex")[0]
    by_sex = [np.average(ill[sex == one], weights=held[sex == one]) for one in range(2)]
    assert by_sex[0] == pytest.approx(by_sex[1])
    with pytest.raises(InvalidRequest, match="weight"):
        with_weights(weighted, "sex", "ill")
