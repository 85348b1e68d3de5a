"""Quantiles rest on ten persons or more, and so does every difference of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortium.quality.windows import LEAST_PERSONS, quantiles

NAMES = ("low", "p05", "p25", "p50", "p75", "p95", "high")


@settings(max_examples=60, deadline=None)
@given(n=st.integers(0, 400))
def test_windows_are_disjoint_and_leave_ten_persons(n: int) -> None:
    # Powers of two would do, but not in floats: instead each value marks its own place, and means of consecutive
    # numbers give the window back.
    shown = quantiles(np.arange(float(n)), None, n)
    means = [getattr(shown, name) for name in NAMES if getattr(shown, name) is not None]
    starts = sorted(mean - (LEAST_PERSONS - 1) / 2 for mean in means)
    assert all(other - one >= LEAST_PERSONS for one, other in pairwise(starts))
    left = n - LEAST_PERSONS * len(means)
    assert left == 0 or left >= LEAST_PERSONS or not means


def test_what_is_shown_grows_with_the_persons() -> None:
    counts = [sum(getattr(quantiles(np.arange(float(n)), None, n), name) is not None for name in NAMES)
              for n in (9, 10, 25, 60, 1000)]  # fmt: skip
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert counts[-1] == 7


def test_a_window_holds_ten_persons_not_ten_rows() -> None:
    persons = np.repeat(np.arange(100), 30)
    shown = quantiles(np.arange(3000.0), persons, 100)
    assert shown.low is not None
    rows = 2 * shown.low + 1
    assert rows >= 271, "ten persons of thirty rows each reach from the first row to the 271st"


def test_ties_are_exact() -> None:
    shown = quantiles(np.repeat([1.0, 2.0, 3.0], 200), None, 600)
    assert (shown.low, shown.p50, shown.high) == pytest.approx((1.0, 2.0, 3.0))
