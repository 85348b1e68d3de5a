"""Tokens stand for persons, need the key, and say nothing without it."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import numpy as np
import pytest
from tests.conformance.examples.neural import pictured
from tests.tables import mixed, visits

from cohortium.errors import InvalidRequest
from cohortium.privacy.person_tokens import node_key, person_tokens, row_tokens, rows_before

KEY = b"k" * 32


def test_a_person_has_one_token_however_many_rows() -> None:
    table = visits(50)
    tokens = person_tokens(table, "ward", KEY)
    assert len(tokens) == 50 < len(table)
    assert set(person_tokens(table.take(np.arange(20)), "ward", KEY)) < set(tokens)
    shuffled = table.take(np.random.default_rng(0).permutation(len(table)))
    assert (person_tokens(shuffled, "ward", KEY) == tokens).all()


def test_rows_are_persons_where_there_is_no_key() -> None:
    table = mixed(80)
    twice = table.take(np.append(np.arange(80), 0))
    tokens = person_tokens(table, "ward", KEY)
    assert len(tokens) == 80
    assert len(person_tokens(twice, "ward", KEY)) == 81
    assert set(tokens) < set(person_tokens(twice, "ward", KEY))
    assert len(person_tokens(table.take(np.zeros(0, dtype=np.int64)), "ward", KEY)) == 0


@pytest.mark.parametrize("repeats", [0, 1, 7])
def test_equal_rows_in_different_parts_are_different_persons(repeats: int) -> None:
    table = mixed(80)
    whole = table.take(np.concatenate([np.arange(80), *[np.arange(0, 80, 9)] * repeats]))
    parts = [whole.take(np.arange(len(whole)) % 5 == k) for k in range(5)]
    before = rows_before([row_tokens(part, "ward", KEY) for part in parts])
    assert any(before) == bool(repeats)
    found = [person_tokens(part, "ward", KEY, earlier) for part, earlier in zip(parts, before, strict=True)]
    assert sum(map(len, found)) == len(whole)
    assert (np.sort(np.concatenate(found)) == person_tokens(whole, "ward", KEY)).all()


def test_another_key_or_dataset_has_other_tokens() -> None:
    table = visits(20)
    one = set(person_tokens(table, "ward", KEY))
    assert not one & set(person_tokens(table, "ward", b"j" * 32))
    assert not one & set(person_tokens(table, "clinic", KEY))


def test_a_guess_without_the_key_finds_nobody() -> None:
    tokens = set(person_tokens(visits(20), "ward", KEY).tolist())
    guesses = {f"P{number}" for number in range(20)}
    plain = {int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") for text in guesses}
    assert not plain & tokens
    assert len(tokens) == 20


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.key"
    key = node_key(path)
    assert len(key) == 32 and node_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert node_key(tmp_path / "other.key") != key
    path.write_bytes(b"short")
    with pytest.raises(InvalidRequest, match="no node key"):
        node_key(path)


def test_images_tell_rows_apart_and_are_the_same_for_the_same_pixels() -> None:
    table = pictured(40).select(["scan", "smoker"])
    tokens = person_tokens(table, "d", KEY)
    assert len(tokens) == 40
    np.testing.assert_array_equal(person_tokens(table.take(np.arange(40)[::-1]), "d", KEY), tokens)
    assert len(np.intersect1d(person_tokens(table.take(np.arange(30)), "d", KEY), tokens)) == 30
