"""The conductor: federated equals pooled, and interruptions change nothing."""

from __future__ import annotations

import pytest
from tests.conformance.test_algorithms import assert_same_answer
from tests.unit.federate.conftest import SITES, Disturbed, Federation, study

from cohortium.analyse import pooled
from cohortium.federate.hub.store import CANCELLED, DONE, FAILED
from cohortium.federate.messages import Reply, Request

MODES = pytest.mark.parametrize("mode", ["plain", "secure"])


@MODES
def test_the_answer_is_the_pooled_one(federation: Federation, mode: str) -> None:
    asked = study(mode=mode)
    federation.approve_everywhere(asked)
    ended = federation.run(asked)
    assert ended.status == DONE, ended.said
    expected = pooled(asked.analyses[0].algorithm, federation.table)
    assert_same_answer(federation.hub.results("run1")["who"], expected, 1e-8)
    assert ended.facts["roster"] == list(SITES)


def test_it_waits_for_a_decision_and_says_for_whose(federation: Federation) -> None:
    asked = study()
    federation.hub.submit("run1", asked, "t")
    conductor = federation.conductor(decision_s=50)
    ended = conductor.conduct("run1")
    assert ended.status == FAILED
    assert "no decision in time" in ended.said
    said = [detail["said"] for _, _, what, detail in federation.hub.events("run1") if what == "waiting"]
    assert said
    assert all(site in said[0] for site in SITES)


def test_a_refusal_is_shown_by_name_and_reason(federation: Federation) -> None:
    asked = study()
    federation.approve_everywhere(asked)
    federation.stores["south"].decide(asked.digest, "refused", "steward", "too broad")
    ended = federation.run(asked)
    assert ended.status == FAILED
    assert "south: too broad" in ended.said


def test_the_quorum_decides(federation: Federation) -> None:
    asked = study(quorum=2)
    federation.approve_everywhere(asked)
    federation.stores["south"].decide(asked.digest, "refused", "steward", "too broad")
    ended = federation.run(asked)
    assert ended.status == DONE
    assert ended.facts["roster"] == ["north", "west"]
    persons = sum(len(federation.tables[site]) for site in ("north", "west"))
    assert federation.hub.results("run1")["who"].persons == persons


@MODES
def test_answers_that_get_lost_are_asked_for_again(federation: Federation, mode: str) -> None:
    asked = study(mode=mode)
    federation.approve_everywhere(asked)
    calls = dict.fromkeys(SITES, 0)

    def fault(site: str, data: bytes) -> bytes | None:
        answer = federation.desks[site].answer(data)
        calls[site] += 1
        return None if calls[site] % 3 == 0 else answer

    federation.hub.submit("run1", asked, "t")
    assert federation.conductor(Disturbed(federation.channel, fault)).conduct("run1").status == DONE
    assert_same_answer(
        federation.hub.results("run1")["who"], pooled(asked.analyses[0].algorithm, federation.table), 1e-8
    )


@MODES
def test_a_node_that_restarts_in_the_middle_changes_nothing(federation: Federation, mode: str) -> None:
    asked = study(mode=mode)
    federation.approve_everywhere(asked)

    seen = 0

    def fault(site: str, data: bytes) -> bytes | None:
        nonlocal seen
        seen += 1
        if seen in (5, 8, 19, 33, 40):  # killed and started again: what it had in memory is gone
            federation.secure[site] = federation.restarted(site)
            federation.desks[site] = federation.desk(site)
        return federation.desks[site].answer(data)

    federation.hub.submit("run1", asked, "t")
    assert federation.conductor(Disturbed(federation.channel, fault)).conduct("run1").status == DONE, (
        federation.hub.run("run1").said
    )
    assert_same_answer(
        federation.hub.results("run1")["who"], pooled(asked.analyses[0].algorithm, federation.table), 1e-8
    )


class Killed(BaseException):
    """What a kill -9 of the hub looks like from inside."""


def test_a_hub_that_dies_goes_on_at_its_checkpoint(federation: Federation) -> None:
    asked = study()
    federation.approve_everywhere(asked)
    federation.hub.submit("run1", asked, "t")
    steps: list[int] = []

    def dies(site: str, data: bytes) -> bytes | None:
        request = Request.from_bytes(data)
        if request.topic == "step":
            steps.append(request.facts["step"])
            if request.facts["step"] == 1:
                raise Killed
        return federation.desks[site].answer(data)

    with pytest.raises(Killed):
        federation.conductor(Disturbed(federation.channel, dies))._conduct(federation.hub.run("run1"))
    steps.clear()

    def watches(site: str, data: bytes) -> bytes | None:
        request = Request.from_bytes(data)
        if request.topic == "step":
            steps.append(request.facts["step"])
        return federation.desks[site].answer(data)

    assert federation.conductor(Disturbed(federation.channel, watches)).conduct("run1").status == DONE
    assert set(steps) == {1}, "the step before the checkpoint is not asked again"
    assert_same_answer(
        federation.hub.results("run1")["who"], pooled(asked.analyses[0].algorithm, federation.table), 1e-8
    )


def test_a_silent_site_ends_the_run_with_its_name(federation: Federation) -> None:
    asked = study(patience_s=20)
    federation.approve_everywhere(asked)

    def fault(site: str, data: bytes) -> bytes | None:
        silent = site == "west" and Request.from_bytes(data).topic == "step"
        return None if silent else federation.desks[site].answer(data)

    federation.hub.submit("run1", asked, "t")
    ended = federation.conductor(Disturbed(federation.channel, fault)).conduct("run1")
    assert ended.status == FAILED
    assert "west" in ended.said
    assert "north" not in ended.said


def test_a_submission_twice_runs_once(federation: Federation) -> None:
    asked = study()
    first = federation.hub.submit("run1", asked, "same token")
    second = federation.hub.submit("run2", asked, "same token")
    assert first.run == second.run == "run1"
    assert len(federation.hub.runs()) == 1


def test_what_has_ended_stays_ended(federation: Federation) -> None:
    asked = study()
    federation.approve_everywhere(asked)
    assert federation.run(asked).status == DONE
    before = federation.hub.events("run1")
    federation.hub.set_status("run1", FAILED, "late")
    assert federation.hub.run("run1").status == DONE
    assert federation.conductor().conduct("run1").status == DONE
    assert len(federation.hub.events("run1")) <= len(before) + 1


def test_cancelling_ends_at_the_next_question(federation: Federation) -> None:
    asked = study()
    federation.approve_everywhere(asked)
    federation.hub.submit("run1", asked, "t")
    conductor = federation.conductor()

    def fault(site: str, data: bytes) -> bytes | None:
        if Request.from_bytes(data).topic == "step":
            conductor.cancel("run1")
        return federation.desks[site].answer(data)

    conductor.channel = Disturbed(federation.channel, fault)
    assert conductor.conduct("run1").status == CANCELLED
    assert federation.hub.results("run1") == {}


def test_a_malformed_answer_ends_the_run_clearly(federation: Federation) -> None:
    asked = study()
    federation.approve_everywhere(asked)

    def fault(site: str, data: bytes) -> bytes | None:
        if site == "west" and Request.from_bytes(data).topic == "step":
            return Reply(body=b"garbage").to_bytes()
        return federation.desks[site].answer(data)

    federation.hub.submit("run1", asked, "t")
    ended = federation.conductor(Disturbed(federation.channel, fault)).conduct("run1")
    assert ended.status == FAILED
    assert ended.error == "ProtocolViolation"
