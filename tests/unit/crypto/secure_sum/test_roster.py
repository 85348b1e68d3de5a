"""A roster is what all must agree on, so its digest tells any two apart."""

from __future__ import annotations

import pytest

from cohortium.crypto.secure_sum import Roster
from cohortium.errors import InvalidRequest, ProtocolViolation

SESSION = bytes(16)
KEYS = {name: bytes([place]) * 32 for place, name in enumerate("abcdefghij")}


@pytest.mark.parametrize(("n", "threshold", "colluders"), [(3, 3, 2), (4, 3, 1), (9, 7, 4), (10, 7, 3)])
def test_the_default_threshold_is_above_two_thirds(n: int, threshold: int, colluders: int) -> None:
    roster = Roster.of(SESSION, dict(list(KEYS.items())[:n]))
    assert (roster.threshold, roster.colluders) == (threshold, colluders)
    assert roster.fewest == max(3, threshold)


def test_points_follow_the_names() -> None:
    roster = Roster.of(SESSION, dict(reversed(KEYS.items())))
    assert [roster.point(name) for name in "abj"] == [1, 2, 10]
    assert roster.public("c") == KEYS["c"]
    for asked in (roster.point, roster.public):
        with pytest.raises(ProtocolViolation, match="not in the roster"):
            asked("z")


def test_every_difference_changes_the_digest() -> None:
    fewer = {name: key for name, key in KEYS.items() if name != "j"}
    other = KEYS | {"a": b"\x99" * 32}
    rosters = [Roster.of(SESSION, KEYS), Roster.of(bytes(17), KEYS), Roster.of(SESSION, KEYS, 8)]
    rosters += [Roster.of(SESSION, keys) for keys in (fewer, other, fewer | {"k": KEYS["j"]})]
    assert len({roster.digest for roster in rosters}) == len(rosters)
    assert Roster.of(SESSION, KEYS) == rosters[0]


@pytest.mark.parametrize(
    ("session", "keys", "threshold"),
    [
        (bytes(15), KEYS, None),
        (SESSION, {"a": KEYS["a"], "b": KEYS["b"]}, None),
        (SESSION, KEYS | {"b": KEYS["a"]}, None),
        (SESSION, KEYS | {"b": b"short"}, None),
        (SESSION, KEYS | {"": b"\x77" * 32}, None),
        (SESSION, KEYS, 5),
        (SESSION, KEYS, 11),
    ],
    ids=["session", "two sites", "one key twice", "short key", "no name", "half", "more than all"],
)
def test_rosters_that_protect_nobody_are_refused(session: bytes, keys: dict[str, bytes], threshold: int | None) -> None:
    with pytest.raises(InvalidRequest):
        Roster.of(session, keys, threshold)
