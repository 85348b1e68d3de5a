"""Messages that are broken, forged, replayed or too large: a clear refusal at both ends, never a crash."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.unit.federate.conftest import SITES, Disturbed, Federation, study

from cohortium.errors import CohortiumError, InvalidRequest, ProtocolViolation
from cohortium.federate.hub.store import DONE, FAILED
from cohortium.federate.messages import TOPICS, Reply, Request
from cohortium.federate.study import study_from_bytes, study_from_plain
from cohortium.records import Sums, parcel

ODD: tuple[Any, ...] = (None, True, -1, 2**70, 1.5, "", "x" * 70, [], [1], {}, {"columns": [{}]}, {"a": {"b": 1}})
BREAKERS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _data: b"",
    "cut short": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"\0",
    "noise": lambda data: random.Random(1).randbytes(len(data)),
}


def _conversation(federation: Federation, mode: str) -> list[tuple[str, Request]]:
    """Every question of a whole run, as the sites got it."""
    asked = study(mode=mode)
    federation.approve_everywhere(asked)
    heard: list[tuple[str, Request]] = []

    def listen(site: str, data: bytes) -> bytes:
        heard.append((site, Request.from_bytes(data)))
        return federation.desks[site].answer(data)

    federation.hub.submit("heard", asked, "t")
    assert federation.conductor(Disturbed(federation.channel, listen)).conduct("heard").status == DONE
    return heard


def _answer(federation: Federation, request: Request) -> Reply:
    return Reply.from_bytes(federation.desks["north"].answer(request.to_bytes()))


@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_a_question_with_odd_facts_is_refused_and_answers_nothing(federation: Federation, mode: str) -> None:
    for site, request in _conversation(federation, mode):
        if site != "north":
            continue
        for name in request.facts:
            for value in ODD:
                if value == request.facts[name]:
                    continue
                reply = _answer(federation, Request(request.topic, "odd", {**request.facts, name: value}, request.body))
                assert reply.error, (request.topic, name, value)
                assert reply.body == b""
            without = {key: kept for key, kept in request.facts.items() if key != name}
            assert _answer(federation, Request(request.topic, "odd", without, request.body)).error


@pytest.mark.parametrize("mode", ["plain", "secure"])
@pytest.mark.parametrize("how", BREAKERS)
def test_a_question_with_a_broken_body_is_refused(federation: Federation, mode: str, how: str) -> None:
    topics = set()
    for site, request in _conversation(federation, mode):
        broken = BREAKERS[how](request.body)
        if site == "north" and request.body and broken != request.body:
            topics.add(request.topic)
            reply = _answer(federation, Request(request.topic, "odd", request.facts, broken))
            assert reply.error, request.topic
            assert reply.body == b""
    assert {"offer", "step" if mode == "plain" else "masked"} <= topics


def test_a_question_that_was_answered_is_not_answered_again_when_the_run_is_over(federation: Federation) -> None:
    """Replayed by somebody who has recorded a secure run: without its session the site has nothing to say."""
    heard = [request for site, request in _conversation(federation, "secure") if site == "north"]
    assert _answer(federation, Request("close", "heard")).error == ""
    for request in heard:
        if request.topic in ("share", "masked", "confirm", "unmask"):
            reply = _answer(federation, request)
            assert reply.error == "SessionLost", request.topic
            assert reply.body == b""


def test_a_question_of_another_run_is_not_answered_in_this_one(federation: Federation) -> None:
    heard = [request for site, request in _conversation(federation, "secure") if site == "north"]
    for request in heard:
        if request.topic in ("share", "masked", "unmask"):
            assert _answer(federation, Request(request.topic, "other", request.facts, request.body)).error


def test_an_answer_replayed_from_an_earlier_round_ends_the_run(federation: Federation) -> None:
    asked = study(mode="secure")
    federation.approve_everywhere(asked)
    first: dict[str, bytes] = {}

    def replay(site: str, data: bytes) -> bytes:
        answer = federation.desks[site].answer(data)
        if Request.from_bytes(data).topic != "masked":
            return answer
        return first.setdefault(site, answer)

    federation.hub.submit("run1", asked, "t")
    ended = federation.conductor(Disturbed(federation.channel, replay)).conduct("run1")
    assert ended.status == FAILED
    assert ended.error == "ProtocolViolation"
    assert federation.hub.results("run1") == {}


def _forged(topic: str, forge: Callable[[Reply], bytes]) -> Callable[[Federation], Disturbed]:
    def channel(federation: Federation) -> Disturbed:
        def fault(site: str, data: bytes) -> bytes:
            answer = federation.desks[site].answer(data)
            is_forged = site == "west" and Request.from_bytes(data).topic == topic
            return forge(Reply.from_bytes(answer)) if is_forged else answer

        return Disturbed(federation.channel, fault)

    return channel


FORGERIES = {
    "noise": (lambda _reply: b"\xff" * 100),
    "nothing": (lambda _reply: b""),
    "no facts": (lambda _reply: Reply().to_bytes()),
    "odd facts": (lambda reply: Reply(dict.fromkeys(reply.facts, 7), b"x").to_bytes()),
    "other sums": (lambda reply: Reply(reply.facts, Sums({"persons": 300}).to_bytes()).to_bytes()),
    "other shapes": (lambda reply: Reply(reply.facts, Sums({"persons": 3, "sum": np.ones(9)}).to_bytes()).to_bytes()),
}


@pytest.mark.parametrize("mode", ["plain", "secure"])
@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_answer_ends_the_run_and_names_the_site(federation: Federation, mode: str, how: str) -> None:
    for topic in ("offer", "step") if mode == "plain" else ("offer", "deal", "share", "masked", "unmask"):
        asked = study(mode=mode, title=f"{topic} is forged")
        federation.approve_everywhere(asked)
        federation.hub.submit(topic, asked, topic)
        channel = _forged(topic, FORGERIES[how])(federation)
        ended = federation.conductor(channel).conduct(topic)
        if topic == "offer" and how.startswith("other"):  # the facts were left as they are
            assert ended.status == DONE
            continue
        assert ended.status == FAILED, topic
        assert "west" in ended.said, ended.said


def test_one_site_alone_cannot_answer_with_sums_of_its_own_making(federation: Federation) -> None:
    asked = study(sites=("west",))
    federation.approve_everywhere(asked)
    federation.hub.submit("run1", asked, "t")
    ended = federation.conductor(_forged("step", FORGERIES["other sums"])(federation)).conduct("run1")
    assert ended.status == FAILED
    assert ended.error == "ProtocolViolation" and ended.said.startswith("west: ")


def test_a_parcel_that_is_too_large_is_refused_before_it_is_read(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request("offer", "r", {}, study().to_bytes()).to_bytes()
    monkeypatch.setattr(parcel.unpack, "__kwdefaults__", {"largest": len(request) - 1})
    reply = federation.desks["north"].answer(request)
    monkeypatch.undo()
    assert Reply.from_bytes(reply).error == "ProtocolViolation"
    assert "at most" in Reply.from_bytes(reply).reason


PARTS = tuple(study().to_plain())


@pytest.mark.parametrize("part", PARTS)
def test_a_study_with_an_odd_part_is_refused_in_words(part: str) -> None:
    plain = study(mode="secure").to_plain()
    for value in (*ODD, [{"name": 1}], [{"algorithm": "describe", "settings": 3}], float("nan")):
        try:
            read = study_from_plain({**plain, part: value})
        except CohortiumError:
            continue
        assert type(getattr(read, part)) in (str, int, float, tuple, type(None)), (part, value)
        assert study_from_bytes(read.to_bytes()) == read, (part, value)


def test_a_study_that_is_no_study_is_refused() -> None:
    for data in (b"", b"[]", b"7", b"null", b"\xff\xfe", json.dumps({"analyses": [7]}).encode()):
        with pytest.raises(InvalidRequest):
            study_from_bytes(data)


def test_every_topic_is_answered_or_refused_in_noise(federation: Federation) -> None:
    rng = random.Random(7)
    for topic in TOPICS:
        for _ in range(20):
            data = bytearray(Request(topic, "r", {"study": study().digest}, rng.randbytes(40)).to_bytes())
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            reply = Reply.from_bytes(federation.desks["north"].answer(bytes(data)))
            assert reply.body == b""


def test_a_damaged_frame_is_a_violation() -> None:
    import socket
    import struct

    from cohortium.federate.engine import frames

    start = struct.Struct("<IQ")
    for header in (b"{", b"7", b"{}", b'{"_lengths": "x"}', b'{"_lengths": [5]}', b'{"_lengths": [-1, 1]}'):
        one, other = socket.socketpair()
        with one, other:
            one.sendall(start.pack(len(header), 0) + header)
            with pytest.raises(ProtocolViolation):
                frames.receive(other)
    one, other = socket.socketpair()
    with one, other:
        one.sendall(start.pack(2, frames.LARGEST_BODY + 1))
        with pytest.raises(ProtocolViolation, match="larger than allowed"):
            frames.receive(other)


@pytest.mark.parametrize("site", SITES)
def test_a_submission_twice_asks_each_site_once(federation: Federation, site: str) -> None:
    from cohortium.federate.hub.desk import HubDesk

    asked = study()
    federation.approve_everywhere(asked)
    desk = HubDesk(federation.hub, federation.conductor())
    first, second = desk.submit(asked, "same token"), desk.submit(asked, "same token")
    assert first.run == second.run
    assert desk.wait(first.run, 30).status == DONE
    left = [line["step"] for line in federation.stores[site].left()]
    assert len(left) == len(set(left)) > 0
