"""Large messages in parts: whole at the end whatever is lost on the way, and never more than a part at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.unit.federate.conftest import SITES, Federation, study

from cohortium.errors import ProtocolViolation
from cohortium.federate import InProcess
from cohortium.federate.hub.store import DONE
from cohortium.federate.messages import Reply, Request
from cohortium.federate.parts import KEPT_RUNS, AtSite, InParts

PART = 1_000
ROOM = 400
"""What a part's envelope may take."""
LARGE = random.Random(4).randbytes(10 * PART + 7)


class Line:
    """A channel to desks that count what they are asked; ``loses`` tells which messages never arrive."""

    def __init__(
        self, answer: Callable[[Request], Reply], loses: Callable[[int], bool] = lambda _number: False
    ) -> None:
        self.whole: list[Request] = []
        self.sizes: list[int] = []
        self.loses, self.reply = loses, answer
        self.doors = {site: AtSite(self._desk, PART) for site in ("a", "b")}

    def sites(self) -> tuple[str, ...]:
        return tuple(self.doors)

    def ask(self, requests: Mapping[str, bytes], timeout_s: float) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for site, data in requests.items():
            answer = self.doors[site].answer(data)
            self.sizes += [len(data), len(answer)]
            found[site] = None if self.loses(len(self.sizes) // 2) else answer
        return found

    def _desk(self, data: bytes) -> bytes:
        self.whole.append(Request.from_bytes(data))
        return self.reply(self.whole[-1]).to_bytes()


def _echo(request: Request) -> Reply:
    return Reply({"said": "yes"}, request.body)


def _until_whole(over: InParts, requests: Mapping[str, bytes], tries: int = 60) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for _ in range(tries):
        left = {site: data for site, data in requests.items() if site not in found}
        if not left:
            return found
        found |= {site: reply for site, reply in over.ask(left, 5.0).items() if reply is not None}
    raise AssertionError("it never came")


def test_a_large_message_and_its_large_answer_arrive_whole_in_parts() -> None:
    line = Line(_echo)
    request = Request("step", "run", {"step": 1}, LARGE)
    replies = InParts(line, PART).ask({"a": request.to_bytes(), "b": request.to_bytes()}, 5.0)
    assert [Reply.from_bytes(replies[site] or b"") for site in ("a", "b")] == [Reply({"said": "yes"}, LARGE)] * 2
    assert line.whole == [request, request]
    assert max(line.sizes) <= PART + ROOM


def test_a_small_message_goes_as_it_is() -> None:
    line = Line(_echo)
    data = Request("step", "run", {}, b"few").to_bytes()
    assert InParts(line, PART).ask({"a": data}, 5.0) == {"a": Reply({"said": "yes"}, b"few").to_bytes()}
    assert line.sizes[0] == len(data)


def test_a_small_question_may_have_a_large_answer() -> None:
    line = Line(lambda _request: Reply({}, LARGE))
    found = InParts(line, PART).ask({"a": Request("step", "run").to_bytes()}, 5.0)
    assert Reply.from_bytes(found["a"] or b"").body == LARGE
    assert len(line.whole) == 1


@pytest.mark.parametrize("every", [2, 3, 5])
def test_what_is_lost_is_sent_again_alone(every: int) -> None:
    line = Line(_echo, lambda number: number % every == 0)
    found = _until_whole(InParts(line, PART), {"a": Request("step", "run", {}, LARGE).to_bytes()})
    assert Reply.from_bytes(found["a"]).body == LARGE
    assert len(line.whole) == 1
    parts = len(LARGE) // PART + 1
    assert len(line.sizes) // 2 < 4 * 2 * parts  # from the beginning each time would be many more


def test_a_site_that_was_started_again_in_the_middle_gets_the_message_anew() -> None:
    line = Line(_echo)
    over = InParts(line, PART)

    def restart(number: int) -> bool:
        if number in (6, 20):
            line.doors["a"] = AtSite(line._desk, PART)
        return number in (6, 20)

    line.loses = restart
    found = _until_whole(over, {"a": Request("step", "run", {}, LARGE).to_bytes()})
    assert Reply.from_bytes(found["a"]).body == LARGE
    assert over.fetching == {}


def test_the_hub_takes_in_no_more_answers_at_once_than_it_has_room_for() -> None:
    line = Line(_echo)
    over = InParts(line, PART, at_once=len(LARGE) + PART)
    requests = dict.fromkeys(("a", "b"), Request("step", "run", {}, LARGE).to_bytes())
    first = over.ask(requests, 5.0)
    assert [site for site, reply in first.items() if reply is not None] == ["a"]
    assert Reply.from_bytes(over.ask({"b": requests["b"]}, 5.0)["b"] or b"").body == LARGE
    assert len(line.whole) == 2


def test_an_answer_other_than_the_announced_one_is_refused() -> None:
    line = Line(_echo)
    door = line.doors["a"]

    def forge(_number: int) -> bool:
        for held in door.held.values():
            if held.answer:
                held.answer = held.answer[:-1] + bytes([held.answer[-1] ^ 1])
        return False

    line.loses = forge
    with pytest.raises(ProtocolViolation, match="a: sent an answer that is not the one"):
        InParts(line, PART).ask({"a": Request("step", "run", {}, LARGE).to_bytes()}, 5.0)


def test_parts_that_do_not_make_up_the_announced_message_are_refused() -> None:
    door = Line(_echo).doors["a"]
    facts = {"digest": "0" * 64, "length": 4}
    assert Reply.from_bytes(door.answer(Request("part", "run", {**facts, "start": 0}, b"four").to_bytes())).facts == {
        "have": 4
    }
    reply = Reply.from_bytes(door.answer(Request("open", "run", facts).to_bytes()))
    assert reply.error == "ProtocolViolation"
    assert "not the one which was announced" in reply.reason


@pytest.mark.parametrize("topic", ["open", "part", "rest"])
@pytest.mark.parametrize("odd", [None, -1, True, 2**40, "4", []])
def test_a_part_with_odd_facts_is_refused(topic: str, odd: Any) -> None:
    line = Line(_echo)
    for facts in ({"digest": odd, "length": 4, "start": 0}, {"digest": "0" * 64, "length": odd, "start": odd}):
        reply = Reply.from_bytes(line.doors["a"].answer(Request(topic, "run", facts, b"four").to_bytes()))
        assert reply.error == "ProtocolViolation"
    assert line.whole == []


def test_a_site_holds_messages_of_few_runs() -> None:
    door = Line(_echo).doors["a"]
    for number in range(KEPT_RUNS + 5):
        facts = {"digest": f"{number:064}", "length": 10, "start": 0}
        door.answer(Request("part", f"run{number}", facts, b"four").to_bytes())
    assert list(door.held) == [f"run{number}" for number in range(5, KEPT_RUNS + 5)]


@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_a_study_in_small_parts_has_the_same_answer(federation: Federation, mode: str) -> None:
    asked = study(mode=mode)
    federation.approve_everywhere(asked)
    doors = {site: AtSite(federation._answering(site), 100) for site in SITES}
    small = InParts(InProcess({site: door.answer for site, door in doors.items()}), 100)
    for run, channel in (("whole", federation.channel), ("parts", small)):
        federation.hub.submit(run, asked, run)
        assert federation.conductor(channel).conduct(run).status == DONE
    one, other = (federation.hub.results(run) for run in ("whole", "parts"))
    assert [found.tables for found in one.values()] == [found.tables for found in other.values()]
