"""The sum over those who are left is exact, whoever drops out and when; too few are refused."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.crypto import Encoding
from cohortium.crypto.secure_sum import InProcess, secure_total
from cohortium.errors import InvalidRequest, ProtocolViolation

Vectors = dict[str, np.ndarray]


def vectors_of(names: list[str], words: int, rng: np.random.Generator) -> Vectors:
    return {name: rng.integers(0, 2**64, words, dtype=np.uint64) for name in names}


def plain_total(vectors: Vectors, gone: tuple[str, ...] = ()) -> list[int]:
    left = [vector for name, vector in vectors.items() if name not in gone]
    return np.sum(left, axis=0, dtype=np.uint64).tolist()


@pytest.mark.parametrize("n", [3, 4, 7, 16])
@pytest.mark.parametrize("words", [0, 1, 37])
def test_the_total_is_the_sum_modulo_two_to_the_64(n: int, words: int, rng: np.random.Generator) -> None:
    vectors = vectors_of([f"site {place}" for place in range(n)], words, rng)
    assert secure_total(vectors).tolist() == plain_total(vectors)


def test_vectors_of_several_blocks(rng: np.random.Generator) -> None:
    vectors = vectors_of(["a", "b", "c"], 70_001, rng)
    assert secure_total(vectors).tolist() == plain_total(vectors)


@pytest.mark.parametrize(
    ("dropouts", "gone"),
    [
        ({"b": "deal"}, ("b",)),
        ({"b": "share"}, ("b",)),
        ({"b": "mask"}, ("b",)),
        ({"a": "mask", "g": "mask"}, ("a", "g")),
        ({"a": "deal", "d": "mask"}, ("a", "d")),
        ({"c": "mask", "e": "confirm"}, ("c",)),
        ({"c": "mask", "e": "unmask"}, ("c",)),
        ({"c": "unmask", "e": "unmask"}, ()),
        ({"c": "confirm"}, ()),
    ],
    ids=str,
)
def test_dropouts_in_every_exchange(dropouts: dict[str, str], gone: tuple[str, ...], rng: np.random.Generator) -> None:
    vectors = vectors_of(list("abcdefg"), 11, rng)
    assert secure_total(vectors, dropouts=dropouts).tolist() == plain_total(vectors, gone)


@pytest.mark.parametrize("exchange", ["deal", "share", "mask", "unmask"])
def test_too_few_are_refused(exchange: str, rng: np.random.Generator) -> None:
    vectors = vectors_of(list("abcdefg"), 5, rng)
    with pytest.raises(ProtocolViolation, match=r"need"):
        secure_total(vectors, dropouts=dict.fromkeys("abc", exchange))


def test_three_sites_tolerate_no_dropout_even_at_threshold_two(rng: np.random.Generator) -> None:
    vectors = vectors_of(list("abc"), 5, rng)
    with pytest.raises(ProtocolViolation, match="needs 3"):
        secure_total(vectors, dropouts={"a": "mask"}, threshold=2)


def test_a_session_runs_on_over_batches_and_dropouts(rng: np.random.Generator) -> None:
    session = InProcess("abcde", rounds=3)
    course: list[tuple[dict[str, str], tuple[str, ...]]] = [
        ({}, ()),
        ({"a": "mask"}, ("a",)),  # missed the first request with shares in it or not: it is back in the next round
        ({"b": "unmask"}, ()),
        ({"a": "deal"}, ("a",)),
        ({}, ("a",)),  # without secrets of its own, it is missing from the whole batch
        ({}, ("a",)),
        ({"e": "mask"}, ("e",)),
        ({}, ()),
    ]
    for dropouts, gone in course:
        vectors = vectors_of(list("abcde"), 4, rng)
        assert session.total(vectors, b"step", dropouts=dropouts).tolist() == plain_total(vectors, gone)
    assert session.collector.rounds_left == 1


def test_two_rounds_of_one_vector_look_different(rng: np.random.Generator) -> None:
    session = InProcess("abc", rounds=2)
    vectors, seen = vectors_of(list("abc"), 8, rng), []
    member, masked = session.members["a"], session.members["a"].mask
    member.mask = lambda *given: seen.append(masked(*given)) or seen[-1]  # type: ignore[method-assign]
    for _ in range(2):
        assert session.total(vectors).tolist() == plain_total(vectors)
    assert len(seen) == 2
    assert seen[0][-200:-72] != seen[1][-200:-72]


def test_the_sum_of_encoded_arrays(rng: np.random.Generator) -> None:
    layout = (("counts", "<i8", (3,), None), ("gradient", "<f8", (4,), None), ("shares", "<f8", (2,), 1.0))
    encoding = Encoding(layout, 5)
    sites = {
        name: {
            "counts": rng.integers(-50, 50, 3),
            "gradient": rng.normal(scale=1e5, size=4),
            "shares": rng.uniform(-1, 1, 2),
        }
        for name in "abcde"
    }
    total = encoding.decode(secure_total({name: encoding.encode(arrays) for name, arrays in sites.items()}))
    for name, *_ in layout:
        np.testing.assert_allclose(total[name], sum(arrays[name] for arrays in sites.values()), rtol=1e-12, atol=1e-15)


def test_a_masked_vector_costs_hardly_more_bytes_than_a_plain_one(rng: np.random.Generator) -> None:
    session, sizes = InProcess("abc"), []
    masked = session.members["a"].mask
    session.members["a"].mask = lambda *given: sizes.append(len(found := masked(*given))) or found  # type: ignore
    session.total(vectors_of(list("abc"), 10_000, rng))
    assert sizes[0] < 80_000 * 1.01


def test_what_does_not_fit_together_is_refused(rng: np.random.Generator) -> None:
    session = InProcess("abc")
    with pytest.raises(InvalidRequest, match="one vector"):
        session.total(vectors_of(["a", "b"], 3, rng))
    with pytest.raises(InvalidRequest, match="drops out"):
        session.total(vectors_of(["a", "b", "c"], 3, rng), dropouts={"a": "lunch"})
