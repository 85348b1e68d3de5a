"""A study that nobody asks for any more leaves the stewards' inboxes; what was decided stays as it was decided."""

from __future__ import annotations

import pytest
from tests.unit.federate.conftest import SITES, Disturbed, Federation, study

from cohortium.errors import InvalidRequest
from cohortium.federate.hub.conductor import Conductor
from cohortium.federate.hub.desk import HubDesk
from cohortium.federate.hub.store import CANCELLED, DONE, FAILED, WAITING
from cohortium.federate.messages import Reply, Request
from cohortium.federate.node.decisions import APPROVED, PENDING, REFUSED, VOID, WITHDRAWN, Rule
from cohortium.federate.study import Study


def _conduct(federation: Federation, conductor: Conductor, run: str = "run1") -> str:
    ended = conductor.conduct(run)
    conductor.settle()
    return ended.status


def _cancelled_while_waiting(federation: Federation, asked: Study, run: str = "run1") -> None:
    federation.hub.submit(run, asked, f"token of {run}")
    conductor = federation.conductor()
    conductor.sleep = lambda _s: conductor.cancel(run)
    assert _conduct(federation, conductor, run) == CANCELLED


def _decisions(federation: Federation, asked: Study) -> list[str]:
    return [federation.stores[site].study(asked.digest).decision for site in SITES]


def test_a_study_that_was_cancelled_leaves_the_inbox_with_the_reason(federation: Federation) -> None:
    asked = study()
    _cancelled_while_waiting(federation, asked)
    assert _decisions(federation, asked) == [WITHDRAWN] * 3
    found = federation.stores["west"].study(asked.digest)
    assert found.reason == "its researcher cancelled it"
    assert [what for _, what, _ in federation.stores["west"].log()] == [WITHDRAWN]


def test_one_that_failed_leaves_it_where_nobody_had_decided(federation: Federation) -> None:
    asked = study()
    federation.stores["north"].receive(asked, ("describe",))
    federation.stores["north"].decide(asked.digest, APPROVED, "ruth")
    federation.stores["south"].receive(asked, ("describe",))
    federation.stores["south"].decide(asked.digest, REFUSED, "sam", "too broad")
    federation.hub.submit("run1", asked, "t")
    assert _conduct(federation, federation.conductor()) == FAILED
    assert _decisions(federation, asked) == [APPROVED, REFUSED, WITHDRAWN]
    assert federation.stores["south"].study(asked.digest).reason == "too broad"


def test_it_waits_again_when_it_is_asked_for_again_and_a_rule_may_approve_it(federation: Federation) -> None:
    asked = study()
    _cancelled_while_waiting(federation, asked)
    federation.stores["north"].add_rule(Rule("trial", ("describe",), modes=("plain",)), "ruth")
    federation.hub.submit("run2", asked, "t2")
    conductor = federation.conductor()
    seen: list[list[str]] = []

    def look(_seconds: float) -> None:
        seen.append(_decisions(federation, asked))
        conductor.cancel("run2")

    conductor.sleep = look
    assert _conduct(federation, conductor, "run2") == CANCELLED
    assert seen == [[APPROVED, PENDING, PENDING]]
    assert _decisions(federation, asked) == [APPROVED, WITHDRAWN, WITHDRAWN]


def test_it_stays_while_another_run_asks_for_the_same(federation: Federation) -> None:
    asked = study()
    federation.hub.submit("run2", asked, "t2")
    federation.hub.set_status("run2", WAITING)
    _cancelled_while_waiting(federation, asked)
    assert _decisions(federation, asked) == [PENDING] * 3


def test_a_site_that_was_away_hears_of_it_later(federation: Federation) -> None:
    asked = study()
    away = True

    def fault(site: str, data: bytes) -> bytes | None:
        gone = away and site == "west" and Request.from_bytes(data).topic == "close"
        return None if gone else federation.desks[site].answer(data)

    channel = Disturbed(federation.channel, fault)
    federation.hub.submit("run1", asked, "t")
    conductor = federation.conductor(channel)
    conductor.sleep = lambda _s: conductor.cancel("run1")
    assert _conduct(federation, conductor) == CANCELLED
    assert _decisions(federation, asked) == [WITHDRAWN, WITHDRAWN, PENDING]
    assert federation.hub.untold() == {"run1": ("west",)}
    away = False
    again = Conductor(channel, federation.hub)  # the hub was started again
    HubDesk(federation.hub, again).resume()
    again.settle()
    assert _decisions(federation, asked) == [WITHDRAWN] * 3
    assert federation.hub.untold() == {}


def test_cancelling_a_run_that_nobody_conducts_tells_the_sites(federation: Federation) -> None:
    asked = study()
    federation.hub.submit("run1", asked, "t")
    for site in SITES:
        federation.stores[site].receive(asked, ("describe",))
    federation.hub.offered("run1", SITES)
    conductor = federation.conductor()
    HubDesk(federation.hub, conductor).cancel("run1")
    conductor.settle()
    assert federation.hub.run("run1").status == CANCELLED
    assert _decisions(federation, asked) == [WITHDRAWN] * 3


@pytest.mark.parametrize(
    "facts",
    [
        {"study": study().digest, "ended": "running"},
        {"study": study().digest[:12], "ended": "failed"},
        {"study": study().digest},
        {"ended": "failed"},
    ],
)
def test_odd_news_of_a_run_changes_nothing(federation: Federation, facts: dict[str, str]) -> None:
    asked = study()
    federation.stores["west"].receive(asked, ("describe",))
    request = Request("close", "run1", facts)
    reply = Reply.from_bytes(federation.desks["west"].answer(request.to_bytes()))
    assert reply.error == "ProtocolViolation"
    assert federation.stores["west"].study(asked.digest).decision == PENDING


def test_an_outcome_is_a_message_and_the_class_beside_it(federation: Federation) -> None:
    asked = study()
    federation.approve_everywhere(asked)
    federation.stores["south"].decide(asked.digest, REFUSED, "steward", "too broad")
    ended = federation.run(asked)
    assert ended.said.startswith("2 of 3 sites") and ended.error == "PermitDenied"
    record = HubDesk(federation.hub, federation.conductor()).record("run1")
    assert record["error"] == "PermitDenied" and record["said"] == ended.said
    (last,) = [detail for _, _, what, detail in federation.hub.events("run1") if what == FAILED]
    assert last == {"said": ended.said, "error": "PermitDenied"}


def test_a_dataset_that_is_published_no_more_voids_its_approvals_in_the_middle_of_a_run(federation: Federation) -> None:
    asked = study()
    federation.approve_everywhere(asked)
    federation.hub.submit("run1", asked, "t")

    def fault(site: str, data: bytes) -> bytes:
        request = Request.from_bytes(data)
        if site == "west" and request.topic == "step" and request.facts["step"] == 1:
            federation.stores["west"].retire("trial", "ruth")
        return federation.desks[site].answer(data)

    ended = federation.conductor(Disturbed(federation.channel, fault)).conduct("run1")
    assert ended.status == FAILED and "west: 'trial' is no longer published" in ended.said
    store = federation.stores["west"]
    assert store.study(asked.digest).decision == VOID
    assert len(store.left()) == 1, "what left before is remembered"
    assert store.receive(asked, ("describe",)).decision == PENDING, "published again, it is decided anew"


def test_rules_and_approvals_of_other_datasets_stay(federation: Federation) -> None:
    store = federation.stores["north"]
    rules = [Rule("trial", ("describe",)), Rule("other", ("describe",))]
    for rule in rules:
        store.add_rule(rule, "ruth")
    other = study(dataset="other", mode="secure")
    assert store.receive(other, ("describe",)).decision == APPROVED
    approvals, gone = store.retire("trial", "ruth")
    assert (approvals, gone) == ([], rules[:1])
    assert list(store.rules().values()) == rules[1:]
    assert store.study(other.digest).decision == APPROVED


def test_a_rule_tells_which_studies_that_wait_are_like_it_and_stands_once(federation: Federation) -> None:
    store = federation.stores["north"]
    first, second = study(), study(title="again", researcher="eve")
    for one in (first, second):
        store.receive(one, ("describe",))
    rule = Rule("trial", ("describe",), modes=("plain",), researchers=("ada",))
    assert [one.digest for one in store.waiting_for(rule)] == [first.digest]
    store.add_rule(rule, "ruth")
    with pytest.raises(InvalidRequest, match="stands already, as number 1"):
        store.add_rule(rule, "ruth")
    store.decide(first.digest, APPROVED, "ruth")
    assert store.waiting_for(rule) == []


def test_a_run_that_is_done_withdraws_what_a_site_had_not_decided(federation: Federation) -> None:
    asked = study(quorum=2, patience_s=5)
    for site in SITES[:2]:
        federation.stores[site].receive(asked, ("describe",))
        federation.stores[site].decide(asked.digest, APPROVED, "steward")
    federation.hub.submit("run1", asked, "t")
    assert _conduct(federation, federation.conductor(decision_s=20)) == DONE
    assert _decisions(federation, asked) == [APPROVED, APPROVED, WITHDRAWN]


def test_a_node_that_has_not_answered_is_told_from_a_steward_who_has_not_decided(federation: Federation) -> None:
    asked = study(patience_s=10)

    def fault(site: str, data: bytes) -> bytes | None:
        return None if site == "west" else federation.desks[site].answer(data)

    federation.hub.submit("run1", asked, "t")
    conductor = federation.conductor(Disturbed(federation.channel, fault))
    conductor.sleep = lambda _s: conductor.cancel("run1")
    assert _conduct(federation, conductor) == CANCELLED
    said = [detail["said"] for _, _, what, detail in federation.hub.events("run1") if what == WAITING]
    assert said == ["waiting for a decision of north, south, west; not heard from yet: west"]
