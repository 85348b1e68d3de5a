"""Malformed, oversized, replayed, misdirected and untimely messages are refused by both sides, and change nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cohortium.crypto.keys import Identity
from cohortium.crypto.secure_sum import InProcess, Member, Tally
from cohortium.crypto.secure_sum.frames import LARGEST_RECORD, MOST_ROUNDS, Kind, joined, parted, written
from cohortium.crypto.secure_sum.masks import derived_key
from cohortium.errors import InvalidRequest, ProtocolViolation

VECTOR = np.arange(6, dtype=np.uint64)
NAMES = "abcd"


@pytest.fixture
def session() -> InProcess:
    return InProcess(NAMES, rounds=4)


@pytest.fixture
def tally(session: InProcess) -> Tally:
    """A round for which secrets have been dealt."""
    session._deal({})
    return session.collector.begin_round(len(VECTOR), b"context")


def mask_all(session: InProcess, tally: Tally, without: str = "") -> None:
    for name in NAMES:
        if name not in without:
            tally.add_masked(name, session.members[name].mask(tally.mask_request(name), VECTOR, b"context"))


def test_fields_come_back_and_broken_ones_do_not() -> None:
    fields = [b"", b"one", bytes(300)]
    assert [bytes(one) for one in parted(joined(fields))] == fields
    for broken in (joined(fields)[:-1], joined(fields) + b"\x01", b"\xff" * 8, b"\x01"):
        with pytest.raises(ProtocolViolation, match="shorter"):
            parted(broken)


@pytest.mark.parametrize(
    "damage", [lambda m: b"", lambda m: m[:-1], lambda m: m[:40], lambda m: m[8:], lambda m: m + m]
)
def test_damaged_messages_are_refused(session: InProcess, tally: Tally, damage: Callable[[bytes], bytes]) -> None:
    member = session.members["a"]
    with pytest.raises(ProtocolViolation):
        member.mask(damage(tally.mask_request("a")), VECTOR, b"context")
    answer = member.mask(tally.mask_request("a"), VECTOR, b"context")
    with pytest.raises(ProtocolViolation):
        tally.add_masked("a", damage(answer))
    tally.add_masked("a", answer)


def test_oversized_messages_are_refused_unread(session: InProcess, tally: Tally) -> None:
    large = bytes(LARGEST_RECORD * 6)
    with pytest.raises(ProtocolViolation, match="at most"):
        session.members["a"].mask(large, VECTOR)
    with pytest.raises(ProtocolViolation, match="at most"):
        tally.add_masked("a", large)


@pytest.mark.parametrize("place", range(4))
def test_a_header_of_another_session_is_refused(session: InProcess, tally: Tally, place: int) -> None:
    fields = [bytes(one) for one in parted(tally.mask_request("a"))]
    fields[place] = bytes(len(fields[place]))
    with pytest.raises(ProtocolViolation):
        session.members["a"].mask(joined(fields), VECTOR, b"context")


def test_messages_of_another_roster_are_refused(session: InProcess) -> None:
    other = InProcess(NAMES)
    with pytest.raises(ProtocolViolation, match="another session or another roster"):
        session.members["a"].deal(other.collector.deal_request())


def test_a_member_is_who_the_roster_says(session: InProcess) -> None:
    with pytest.raises(InvalidRequest, match="another public key"):
        Member(session.roster, "a", Identity.generate())
    with pytest.raises(ProtocolViolation, match="not in the roster"):
        Member(session.roster, "z", Identity.generate())


def test_nothing_before_its_turn(session: InProcess, tally: Tally) -> None:
    fresh = InProcess(NAMES)
    ask = written(Kind.SHARE, fresh.roster, 0, "", [])
    for early in (fresh.members["a"].share, lambda m: fresh.members["a"].mask(m, VECTOR), fresh.members["a"].unmask):
        with pytest.raises(ProtocolViolation, match=r"No secrets|No round"):
            early(ask)
    with pytest.raises(ProtocolViolation, match="No round is open"):
        session.members["a"].confirm(written(Kind.CONFIRM, session.roster, 0, "", [b""]))
    with pytest.raises(ProtocolViolation, match="shared their secrets"):
        fresh.collector.begin_round(3)
    with pytest.raises(ProtocolViolation, match="early"):
        tally.add_unmasked("a", b"")
    with pytest.raises(ProtocolViolation, match="late or twice"):
        session.collector.add_keys("a", b"")


@pytest.mark.parametrize("rounds", [0, MOST_ROUNDS + 1])
def test_the_number_of_rounds_is_limited(session: InProcess, rounds: int) -> None:
    with pytest.raises(ProtocolViolation, match=f"1 to {MOST_ROUNDS}"):
        session.collector.deal_request(rounds)
    request = written(Kind.DEAL, session.roster, 0, "", [rounds.to_bytes(8, "little")])
    with pytest.raises(ProtocolViolation, match=f"1 to {MOST_ROUNDS}"):
        session.members["a"].deal(request)


def test_no_batch_is_dealt_for_rounds_that_have_been(session: InProcess, tally: Tally) -> None:
    again = written(Kind.DEAL, session.roster, 0, "", [(4).to_bytes(8, "little")])
    with pytest.raises(ProtocolViolation, match="begins later"):
        session.members["a"].deal(again)
    mask_all(session, tally)
    with pytest.raises(ProtocolViolation, match="begins later"):
        session.members["a"].deal(again)
    session.members["a"].forget()
    with pytest.raises(ProtocolViolation, match="begins later"):
        session.members["a"].deal(again)


def test_senders_cannot_answer_twice_or_for_another(session: InProcess, tally: Tally) -> None:
    answer = session.members["a"].mask(tally.mask_request("a"), VECTOR, b"context")
    with pytest.raises(ProtocolViolation, match="another sender"):
        tally.add_masked("b", answer)
    tally.add_masked("a", answer)
    with pytest.raises(ProtocolViolation, match="twice"):
        tally.add_masked("a", answer)
    mask_all(session, tally, without="a")
    request = tally.unmask_request()
    shares = session.members["b"].unmask(request)
    tally.add_unmasked("b", shares)
    with pytest.raises(ProtocolViolation, match="twice"):
        tally.add_unmasked("b", shares)


def test_dealing_refuses_repeats_and_partial_shares(session: InProcess) -> None:
    hub = session.collector
    request = hub.deal_request(2)
    for name in NAMES:
        answer = session.members[name].deal(request)
        hub.add_keys(name, answer)
    with pytest.raises(ProtocolViolation, match="twice"):
        hub.add_keys("a", answer)
    request = hub.share_request()
    answer = session.members["a"].share(request)
    with pytest.raises(ProtocolViolation, match="second time"):
        session.members["a"].share(request)
    partial = joined([bytes(one) for one in parted(answer)][:-2])
    with pytest.raises(ProtocolViolation, match="not one for every peer"):
        hub.add_shares("a", partial)
    hub.add_shares("a", answer)
    with pytest.raises(ProtocolViolation, match="twice"):
        hub.add_shares("a", answer)


def test_late_vectors_are_refused(session: InProcess, tally: Tally) -> None:
    late = session.members["d"].mask(tally.mask_request("d"), VECTOR, b"context")
    mask_all(session, tally, without="d")
    tally.confirm_request()
    with pytest.raises(ProtocolViolation, match="late"):
        tally.add_masked("d", late)


@pytest.mark.parametrize("vector", [VECTOR[:-1], VECTOR.astype(np.int64), VECTOR.reshape(2, 3)])
def test_vectors_of_another_shape_or_type_are_refused(session: InProcess, tally: Tally, vector: np.ndarray) -> None:
    with pytest.raises(ProtocolViolation):
        session.members["a"].mask(tally.mask_request("a"), vector, b"context")
    mask_all(session, tally)  # and the round can still be summed


def test_the_callers_vector_stays_as_it_is(session: InProcess, tally: Tally) -> None:
    vector = VECTOR.copy()
    session.members["a"].mask(tally.mask_request("a"), vector, b"context")
    assert vector.tolist() == VECTOR.tolist()


def test_a_site_whose_answer_was_lost_joins_the_next_round(session: InProcess, tally: Tally) -> None:
    session.members["d"].mask(tally.mask_request("d"), VECTOR, b"context")  # never arrives
    mask_all(session, tally, without="d")
    following = session.collector.begin_round(len(VECTOR), b"context")
    mask_all(session, following)  # its shares come with the request a second time
    request = following.unmask_request()
    for name in NAMES:
        following.add_unmasked(name, session.members[name].unmask(request))
    assert following.total().tolist() == (4 * VECTOR).tolist()


def test_wrong_shares_are_noticed(session: InProcess, tally: Tally) -> None:
    mask_all(session, tally)
    request = tally.unmask_request()
    for name in NAMES:
        answer = bytearray(session.members[name].unmask(request))
        answer[-1] ^= 1 if name == "a" else 0  # the last byte of its share of the secret of "d"
        tally.add_unmasked(name, bytes(answer))
    with pytest.raises(ProtocolViolation, match=r"do not (open|belong)"):
        tally.total()


def test_every_context_has_a_key_of_its_own(session: InProcess) -> None:
    other = InProcess(NAMES)
    keys = {
        derived_key(bytes(32), purpose, roster, number, *context)
        for purpose in (b"a", b"b")
        for roster in (session.roster, other.roster)
        for number in (0, 1)
        for context in ((), (b"x", b"y"), (b"xy",), (b"", b"xy"))
    }
    assert len(keys) == 32
