"""Keyed pseudonyms: stable under one key, apart under another, and never readable by others on the disk."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import InvalidRequest, SourceUnreadable, TargetUnwritable


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing({"1": bytes(range(32))}, "1")


def test_a_value_has_one_pseudonym_in_its_kind_and_another_in_others(ring: KeyRing) -> None:
    assert ring.pseudonym("patient", "12") == ring.pseudonym("patient", "12")
    others = {
        ring.pseudonym("patient", "12"),
        ring.pseudonym("patient", "21"),
        ring.pseudonym("device", "12"),
        ring.pseudonym("patient1", "2"),
        KeyRing.generate().pseudonym("patient", "12"),
    }
    assert len(others) == 5
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{16}", one) for one in others)


def test_pseudonyms_do_not_collide(ring: KeyRing) -> None:
    assert len({ring.pseudonym("patient", str(one)) for one in range(20_000)}) == 20_000


def test_shifts_fill_their_range_evenly_and_are_never_zero(ring: KeyRing) -> None:
    shifts = np.array([ring.shift_days(str(person), 10) for person in range(20_000)])
    values, counts = np.unique(shifts, return_counts=True)
    assert values.tolist() == [*range(-10, 0), *range(1, 11)]
    expected = len(shifts) / 20
    assert ((counts - expected) ** 2 / expected).sum() < 43.8  # chi-square, 19 degrees of freedom, p = 0.001


def test_uids_are_those_of_random_uuids(ring: KeyRing) -> None:
    uid = ring.uid("1.2.840.113619.2.1")
    assert re.fullmatch(r"2\.25\.[1-9]\d*", uid) and len(uid) <= 44
    number = int(uid.removeprefix("2.25."))
    assert number >> 76 & 0xF == 4 and number >> 62 & 0x3 == 2


def test_rotation_makes_new_pseudonyms_and_keeps_the_old_key(ring: KeyRing) -> None:
    new = ring.rotated()
    assert new.current == "2"
    assert new.pseudonym("patient", "12") != ring.pseudonym("patient", "12")
    assert new.pseudonym("patient", "12", generation="1") == ring.pseudonym("patient", "12")


def test_keys_lie_on_the_disk_for_their_owner_alone(ring: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyRing.load(path) == ring
    with pytest.raises(TargetUnwritable):
        ring.save(path)
    path.chmod(0o644)
    with pytest.raises(InvalidRequest, match="0600"):
        KeyRing.load(path)


def test_a_rotated_ring_takes_the_place_of_the_old_one(ring: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring.save(path)
    ring.rotated().replace(path)
    assert KeyRing.load(path).current == "2" and path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["keys.json"]


def test_a_ring_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert KeyRing.load_or_make(path) == KeyRing.load_or_make(path)


@pytest.mark.parametrize("text", ["", "[]", '{"keys": {}, "current": "1"}', '{"keys": {"1": "00"}, "current": "1"}'])
def test_what_is_no_ring_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SourceUnreadable, match="ring of keys"):
        KeyRing.load(path)


def test_keys_are_not_shown(ring: KeyRing) -> None:
    assert ring.keys["1"].hex() not in repr(ring) and str(ring.keys["1"]) not in repr(ring)


@pytest.mark.parametrize("wrong", [{"length": 4}, {"length": 49}, {"generation": "9"}])
def test_unusable_requests_are_refused(ring: KeyRing, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        ring.pseudonym("patient", "12", **wrong)  # type: ignore[arg-type]
