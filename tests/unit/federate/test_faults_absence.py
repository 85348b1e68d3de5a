"""Sites that are away when a study begins, and more studies than a hub takes at once."""

from __future__ import annotations

import threading

import pytest
from tests.unit.federate.conftest import SITES, Disturbed, Federation, study

from cohortium.errors import InvalidRequest
from cohortium.federate.hub import desk as hub_desk
from cohortium.federate.hub.conductor import Conductor
from cohortium.federate.hub.desk import HubDesk
from cohortium.federate.hub.invitations import Invitations
from cohortium.federate.hub.store import DONE, FAILED, QUEUED


def _away(federation: Federation, site: str, until: int = 10**6) -> Disturbed:
    """A channel on which a site does not answer its first questions."""
    asked = 0

    def fault(to: str, data: bytes) -> bytes | None:
        nonlocal asked
        if to == site:
            asked += 1
            if asked <= until:
                return None
        return federation.desks[to].answer(data)

    away = Disturbed(federation.channel, fault)
    away.sites = lambda: tuple(s for s in SITES if s != site)  # type: ignore[method-assign]
    return away


def _conductor(federation: Federation, channel: Disturbed, decision_s: float = 50.0) -> Conductor:
    conductor = federation.conductor(channel, decision_s)
    conductor.enrolled = lambda: SITES
    return conductor


def test_a_study_that_names_no_sites_is_not_answered_by_those_that_happen_to_be_there(federation: Federation) -> None:
    """An answer over two hospitals of three would look like that of all."""
    asked = study(patience_s=20)
    federation.approve_everywhere(asked)
    federation.hub.submit("run1", asked, "t")
    ended = _conductor(federation, _away(federation, "west")).conduct("run1")
    assert ended.status == FAILED
    assert "2 of 3 sites" in ended.said
    assert "west: not connected" in ended.said
    assert federation.hub.results("run1") == {}


def test_a_site_that_comes_back_in_time_takes_part(federation: Federation) -> None:
    asked = study(mode="secure", patience_s=20)
    federation.approve_everywhere(asked)
    federation.hub.submit("run1", asked, "t")
    ended = _conductor(federation, _away(federation, "west", until=4)).conduct("run1")
    assert ended.status == DONE, ended.said
    assert ended.facts["roster"] == list(SITES)


def test_a_quorum_goes_on_without_a_site_that_stays_away(federation: Federation) -> None:
    asked = study(patience_s=20, quorum=2)
    federation.approve_everywhere(asked)
    federation.hub.submit("run1", asked, "t")
    ended = _conductor(federation, _away(federation, "west"), decision_s=10**9).conduct("run1")
    assert ended.status == DONE, ended.said
    assert ended.facts["roster"] == ["north", "south"]


def test_a_steward_who_thinks_longer_than_the_patience_is_waited_for(federation: Federation) -> None:
    asked = study(patience_s=5)
    federation.approve_everywhere(asked)
    federation.stores["west"].decide(asked.digest, "refused", "steward")
    with federation.stores["west"].database.transaction() as database:
        database.execute("UPDATE studies SET decision = 'pending'")
    questions = 0

    def fault(to: str, data: bytes) -> bytes:
        nonlocal questions
        questions += to == "west"
        if questions == 30:
            federation.stores["west"].decide(asked.digest, "approved", "steward")
        return federation.desks[to].answer(data)

    federation.hub.submit("run1", asked, "t")
    ended = _conductor(federation, Disturbed(federation.channel, fault), decision_s=1_000).conduct("run1")
    assert ended.status == DONE, ended.said


def test_a_node_that_was_removed_is_not_asked_and_can_be_invited_again(federation: Federation) -> None:
    invitations = Invitations(federation.home / "hub.db")
    invitations.enrolled("west", "a certificate")
    with pytest.raises(InvalidRequest, match="enrolled already"):
        invitations.invite_node("west")
    invitations.remove_node("west")
    assert invitations.nodes() == {}
    assert invitations.use(invitations.invite_node("west")) == "west"
    with pytest.raises(InvalidRequest, match="No node"):
        invitations.remove_node("nobody")


def test_more_studies_than_are_taken_at_once_wait_for_their_turn(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_desk, "MOST_AT_ONCE", 2)
    may_go = threading.Event()

    def slow(to: str, data: bytes) -> bytes:
        assert may_go.wait(30)
        return federation.desks[to].answer(data)

    desk = HubDesk(federation.hub, federation.conductor(Disturbed(federation.channel, slow), decision_s=10**6))
    asked = [study(title=f"study {number}") for number in range(5)]
    for one in asked:
        federation.approve_everywhere(one)
    runs = [desk.submit(one, one.title).run for one in asked]
    assert [federation.hub.run(run).status for run in runs[2:]] == [QUEUED] * 3
    may_go.set()
    for run in runs:
        for _ in range(600):
            if desk.wait(run, 0.05).status == DONE:
                break
        assert federation.hub.run(run).status == DONE


def test_a_hub_with_more_unfinished_studies_than_it_takes_at_once_starts(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_desk, "MOST_AT_ONCE", 2)
    for number in range(4):
        asked = study(title=f"study {number}")
        federation.approve_everywhere(asked)
        federation.hub.submit(f"run{number}", asked, asked.title)
    desk = HubDesk(federation.hub, federation.conductor(decision_s=10**6))
    assert len(desk.resume()) == 4
    for number in range(4):
        for _ in range(600):
            if desk.wait(f"run{number}", 0.05).status == DONE:
                break
        assert federation.hub.run(f"run{number}").status == DONE
