"""Tokens stand for persons, need the key, and say nothing without it."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import numpy as np
import pytest
from tests.tables import mixed, visits

from cohortium.errors import InvalidRequest
from cohortium.privacy.person_tokens import node_key, person_tokens

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
