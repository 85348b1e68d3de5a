"""What is refused, and the widths and scales that the layout decides."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cohortium.crypto import Encoding
from cohortium.errors import InvalidRequest, ProtocolViolation


def one(kind: str, bound: float | None, parties: int = 10) -> Encoding:
    return Encoding((("x", kind, (2,), bound),), parties)


def test_one_word_where_it_can_be_and_two_where_it_must() -> None:
    layout = (("a", "<i8", (3, 2), None), ("b", "<f8", (), 1.0), ("c", "<f8", (4,), None), ("d", "<f8", (0,), None))
    assert Encoding(layout, 5).words == 6 + 1 + 8
    empty = Encoding((), 3)
    assert empty.words == 0
    assert empty.decode(empty.encode({})) == {}


@pytest.mark.parametrize(
    ("bound", "parties"), [(1.0, 10), (math.pi, 3), (1e-300, 7), (1e300, 1000), (5e-324, 3), (1.0, 1 << 20), (3.0, 1)]
)
def test_the_scale_is_the_largest_that_cannot_wrap(bound: float, parties: int) -> None:
    encoding = one("<f8", bound, parties)
    values = np.array([bound, -bound])
    words = encoding.encode({"x": values})
    reached = int(words.view(np.int64)[0])
    assert reached * parties < 2**63 <= (2 * reached + 1) * parties
    total = encoding.decode(words * np.uint64(parties))["x"]
    np.testing.assert_allclose(total, values * parties, rtol=1e-9, atol=encoding.error["x"])


def test_whole_numbers_at_the_edge_are_exact() -> None:
    encoding = one("<i8", None, 3)
    most = (2**63 - 1) // 3
    words = encoding.encode({"x": np.array([most, -most])})
    assert encoding.decode(words * np.uint64(3))["x"].tolist() == [3 * most, -3 * most]
    assert encoding.error == {"x": 0.0}


def test_a_bound_of_zero_holds_zeros_exactly() -> None:
    encoding = one("<f8", 0.0)
    assert encoding.decode(encoding.encode({"x": np.zeros(2)}))["x"].tolist() == [0, 0]
    assert encoding.error == {"x": 0.0}


@pytest.mark.parametrize(
    ("kind", "bound", "value"),
    [
        ("<i8", None, (2**63 - 1) // 10 + 1),
        ("<i8", None, -(2**63)),
        ("<i8", 100.0, -101),
        ("<f8", 1.0, np.nextafter(1.0, 2)),
        ("<f8", 1.0, -1.1),
        ("<f8", 1.0, math.nan),
        ("<f8", 1.0, math.inf),
        ("<f8", None, math.nan),
        ("<f8", None, -math.inf),
        ("<f8", None, 2.0**62 / 10 * 1.01),
    ],
)
def test_what_does_not_fit_is_refused_and_not_shown(kind: str, bound: float | None, value: float) -> None:
    array = np.array([0, value], dtype=kind)
    with pytest.raises(ProtocolViolation) as refused:
        one(kind, bound).encode({"x": array})
    assert "'x'" in str(refused.value)
    assert str(value) not in str(refused.value)


@pytest.mark.parametrize(
    "arrays",
    [{}, {"x": np.zeros(2), "y": np.zeros(2)}, {"x": np.zeros(3)}, {"x": np.zeros(2, dtype=np.int64)}],
    ids=["missing", "more", "another shape", "another type"],
)
def test_arrays_that_are_not_of_the_layout_are_refused(arrays: dict[str, np.ndarray]) -> None:
    with pytest.raises(ProtocolViolation):
        one("<f8", 1.0).encode(arrays)


@pytest.mark.parametrize("total", [np.zeros(3, dtype=np.uint64), np.zeros(2), np.zeros((2, 1), dtype=np.uint64)])
def test_totals_that_are_not_of_the_layout_are_refused(total: np.ndarray) -> None:
    with pytest.raises(ProtocolViolation):
        one("<f8", 1.0).decode(total)


@pytest.mark.parametrize(
    ("layout", "parties"),
    [
        ((("x", "<f4", (), None),), 3),
        ((("x", "<f8", (), -1.0),), 3),
        ((("x", "<f8", (), math.inf),), 3),
        ((("x", "<f8", (), math.nan),), 3),
        ((("x", "<f8", (), None), ("x", "<i8", (), None)), 3),
        ((), 0),
    ],
)
def test_layouts_that_cannot_be_encoded_are_refused(layout: tuple, parties: int) -> None:
    with pytest.raises(InvalidRequest):
        Encoding(layout, parties)
