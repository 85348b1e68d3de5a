"""Sums of encoded arrays decode to the sum of the arrays, within the error that the encoding states."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortium.crypto import Encoding

FAST = settings(max_examples=150, deadline=None)
LARGEST = 2.0**62
edges = st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 0.5, -0.5, 1 - 2**-53, 2**-53 - 1, -(2.0**-63), 2.0**53 + 2])
bounds = st.floats(1e-300, 1e300)


def total_of(encoding: Encoding, columns: list[np.ndarray]) -> np.ndarray:
    total = np.zeros(encoding.words, dtype=np.uint64)
    for column in columns:
        total += encoding.encode({"x": column})
    return encoding.decode(total)["x"]


def check(encoding: Encoding, columns: list[np.ndarray]) -> None:
    exact = [sum(map(Fraction, place), Fraction(0)) for place in zip(*[c.tolist() for c in columns], strict=True)]
    allowed = Fraction(encoding.error["x"])
    for found, wanted in zip(total_of(encoding, columns).tolist(), exact, strict=True):
        assert abs(Fraction(found) - wanted) <= allowed + 2 * Fraction(math.ulp(float(wanted)))


@FAST
@given(st.data(), st.integers(1, 40))
def test_floats_without_a_bound(data: st.DataObject, parties: int) -> None:
    most = LARGEST / parties
    values = st.one_of(edges, st.floats(-most, most), st.floats(-10, 10)).filter(lambda x: abs(x) <= most)
    columns = data.draw(st.lists(st.lists(values, min_size=3, max_size=3), min_size=1, max_size=parties))
    encoding = Encoding((("x", "<f8", (3,), None),), parties)
    assert encoding.error["x"] <= parties * 2.0 ** -(63 - math.ceil(math.log2(max(parties, 4))))
    check(encoding, [np.array(column) for column in columns])


@FAST
@given(st.data(), st.integers(1, 40), bounds)
def test_floats_with_a_bound(data: st.DataObject, parties: int, bound: float) -> None:
    values = st.one_of(st.sampled_from([bound, -bound, 0.0]), st.floats(-bound, bound))
    columns = data.draw(st.lists(st.lists(values, min_size=3, max_size=3), min_size=1, max_size=parties))
    encoding = Encoding((("x", "<f8", (3,), bound),), parties)
    assert encoding.error["x"] <= parties * bound * parties * 2.0**-62
    check(encoding, [np.array(column) for column in columns])


@FAST
@given(st.data(), st.integers(1, 40))
def test_whole_numbers_are_exact(data: st.DataObject, parties: int) -> None:
    most = (2**63 - 1) // parties
    values = st.one_of(st.sampled_from([most, -most, 0]), st.integers(-most, most))
    columns = data.draw(st.lists(st.lists(values, min_size=3, max_size=3), min_size=1, max_size=parties))
    encoding = Encoding((("x", "<i8", (3,), None),), parties)
    found = total_of(encoding, [np.array(column, dtype=np.int64) for column in columns])
    assert found.tolist() == [sum(place) for place in zip(*columns, strict=True)]


@FAST
@given(st.integers(2_000, 1 << 20), edges.filter(lambda x: abs(x) < 1e6) | st.floats(-1e6, 1e6))
def test_carries_of_many_parties_are_kept(parties: int, value: float) -> None:
    """All parties hold the same value, so the sum of their words is one product."""
    encoding = Encoding((("x", "<f8", (1,), None),), parties)
    total = encoding.encode({"x": np.array([value])}) * np.uint64(parties)
    exact = parties * Fraction(value)
    error = abs(Fraction(encoding.decode(total)["x"][0]) - exact)
    assert error <= Fraction(encoding.error["x"]) + 2 * Fraction(math.ulp(float(exact)))
