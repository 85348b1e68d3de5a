"""The desk of a node: nothing without approval, only sums, one answer per step, and clear refusals."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.federate.conftest import Federation, study

from cohortium.errors import InvalidRequest, PermitDenied, ProtocolViolation
from cohortium.federate.messages import Reply, Request
from cohortium.federate.node.decisions import APPROVED, REFUSED, Rule
from cohortium.federate.node.desk import Desk
from cohortium.federate.node.store import NodeStore
from cohortium.federate.study import Study
from cohortium.records import State, Sums, schema_to_plain


def _ask(desk: Desk, topic: str, asked: Study, run: str = "r", body: bytes = b"", **facts: object) -> Reply:
    request = Request(topic, run, {"study": asked.digest, **facts}, body)
    return Reply.from_bytes(desk.answer(request.to_bytes()))


def _step(
    federation: Federation, asked: Study, state: State | None = None, step: int = 0, site: str = "north"
) -> Reply:
    schema = federation.table.schema.select(asked.columns)
    analysis = asked.analyses[0]
    start = state or analysis.algorithm.start(schema)
    return _ask(
        federation.desks["north"], "step", asked, body=start.to_bytes(),
        analysis=analysis.name, step=0, schema=schema_to_plain(schema),
    )  # fmt: skip


def test_nothing_runs_before_it_is_approved(federation: Federation) -> None:
    asked = study()
    assert "describe" not in str(_step(federation, asked).facts)
    assert _step(federation, asked).error == "InvalidRequest"  # never offered
    federation.stores["north"].receive(asked, ("describe",))
    assert _step(federation, asked).error == "PermitDenied"
    federation.stores["north"].decide(asked.digest, REFUSED, "steward", "no legal basis")
    refused = _step(federation, asked)
    assert refused.error == "PermitDenied"
    assert "no legal basis" in refused.reason
    federation.stores["north"].decide(asked.digest, APPROVED, "steward")
    assert _step(federation, asked).error == ""


def test_an_approval_is_for_one_digest_alone(federation: Federation) -> None:
    federation.approve_everywhere(study())
    assert _step(federation, study(where="age >= 99")).error == "InvalidRequest"
    shortened = Request("step", "r", {"study": study().digest[:12]})
    assert Reply.from_bytes(federation.desks["north"].answer(shortened.to_bytes())).error == "ProtocolViolation"


def test_only_sums_leave(federation: Federation) -> None:
    asked = study()
    federation.approve_everywhere(asked)
    sums = Sums.from_bytes(_step(federation, asked).body)
    assert sums.persons == len(federation.tables["north"])
    ages = federation.tables["north"].numeric("age")
    assert sums["sum"].shape == (1,)
    assert float(sums["sum"][0]) == pytest.approx(ages.sum())


def test_a_step_is_answered_for_one_state_alone(federation: Federation) -> None:
    """Otherwise a hub could ask the same run with states of its choice and subtract the answers."""
    asked = study()
    federation.approve_everywhere(asked)
    first = _step(federation, asked)
    federation.desks["north"] = federation.desk("north")  # restarted: the memory is on disk
    assert _step(federation, asked) == first
    other = State("sums", {"numeric": ["age"], "nominal": {"stage": ["I", "II", "III"]}}, {"centre": np.array([50.0])})
    refused = _step(federation, asked, other)
    assert refused.error == "ProtocolViolation"
    assert refused.body == b""


def test_few_persons_keep_their_sums(federation: Federation) -> None:
    asked = study(where="age >= 83")
    federation.approve_everywhere(asked)
    persons = int((federation.tables["north"].numeric("age") >= 83).sum())
    assert 0 < persons < 10
    refused = _step(federation, asked)
    assert refused.error == "DisclosureRefused"
    assert str(persons) not in refused.reason


@pytest.mark.parametrize("data", [b"", b"CHTP1", b"\x00" * 100, b"CHTP1\xff\xff\xff\xff{}", b"GET / HTTP/1.1\r\n"])
def test_noise_is_refused(federation: Federation, data: bytes) -> None:
    assert Reply.from_bytes(federation.desks["north"].answer(data)).error == "ProtocolViolation"


def test_a_request_without_its_facts_is_refused(federation: Federation) -> None:
    for facts in ({}, {"study": 7}, {"study": study().digest}):
        reply = Reply.from_bytes(federation.desks["north"].answer(Request("step", "r", facts).to_bytes()))
        assert reply.error in ("ProtocolViolation", "InvalidRequest")


def test_a_dataset_that_is_not_published_cannot_be_asked_for(federation: Federation) -> None:
    reply = Reply.from_bytes(
        federation.desks["north"].answer(Request("offer", body=study(dataset="salaries").to_bytes()).to_bytes())
    )
    assert reply.error == "PermitDenied"


def test_rules_approve_what_they_cover_and_nothing_else(federation: Federation) -> None:
    store: NodeStore = federation.stores["north"]
    store.add_rule(Rule("trial", ("describe",), modes=("plain",), researchers=("ada",), columns=("age", "stage")), "me")
    assert store.receive(study(), ("describe",)).decision == "approved"
    for other in (study(mode="secure"), study(researcher="eve"), study(dataset="other")):
        assert store.receive(other, ("describe",)).decision == "pending"
    assert store.receive(study(title="models"), ("describe", "cox")).decision == "pending"
    with pytest.raises(InvalidRequest, match="must name"):
        Rule("trial", ())
    store.remove_rule(1, "me")
    assert store.receive(study(title="later"), ("describe",)).decision == "pending"


def test_decisions_and_rules_are_in_the_log(federation: Federation) -> None:
    store = federation.stores["north"]
    store.receive(study(), ("describe",))
    store.decide(study().digest, APPROVED, "ruth", "protocol 7")
    store.decide(study().digest, REFUSED, "ruth", "withdrawn")
    assert [(what, detail["reason"]) for _, what, detail in store.log()] == [
        ("approved", "protocol 7"),
        ("refused", "withdrawn"),
    ]


def test_errors_keep_their_kind_on_the_way() -> None:
    reply = Reply.from_bytes(Reply.refusing(PermitDenied("not here")).to_bytes())
    with pytest.raises(PermitDenied, match="north: not here"):
        reply.raise_for_error("north")
    with pytest.raises(ProtocolViolation):
        Reply(error="SystemExit", reason="x").raise_for_error("north")
