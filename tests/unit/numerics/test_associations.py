"""Cramér's V from rows and from counts of their combinations."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.numerics.associations import counted_cramers_v, cramers_v


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("levels", [4, 400])
def test_counts_tell_the_same_as_rows(rng: np.random.Generator, levels: int, corrected: bool) -> None:
    a, b = rng.integers(0, levels, (2, 900))
    b = np.where(rng.random(900) < 0.4, a, b)
    table = np.zeros((levels, levels), dtype=np.int64)
    np.add.at(table, (a, b), 1)
    found = counted_cramers_v(table, corrected=corrected)
    assert found == cramers_v(a, b, corrected=corrected)
    assert 0.2 < found < 0.8


def test_nothing_hangs_together_with_a_column_that_does_not_vary() -> None:
    assert np.isnan(counted_cramers_v(np.array([[3, 5], [0, 0]])))
    assert np.isnan(counted_cramers_v(np.zeros((2, 2), dtype=np.int64)))
