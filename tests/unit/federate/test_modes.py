"""Trust modes over the same study: equal answers, less and less that the hub sees."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.conformance.examples.example import patients
from tests.conformance.test_algorithms import assert_same_answer
from tests.unit.federate.conftest import SITES, Disturbed, Federation, study

from cohortium.analyse import Describe, pooled
from cohortium.federate import Analysis, simulate
from cohortium.federate.hub.store import DONE, FAILED
from cohortium.federate.messages import Request
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.ledger import Account
from cohortium.records import Sums, unpack

PRIVATE = {"mode": "dp", "epsilon": 8.0, "delta": 1e-5}


def _grant(federation: Federation, epsilon: float) -> None:
    for desk in federation.desks.values():
        budget = Fraction(rho_of(epsilon, 1e-5))
        desk.guard.ledger.grant(Account("dataset", "trial"), budget, by="steward")


def test_secure_equals_pooled_and_nothing_readable_passes_the_hub(federation: Federation) -> None:
    asked = study(mode="secure")
    federation.approve_everywhere(asked)
    passed: list[bytes] = []

    def watch(site: str, data: bytes) -> bytes:
        answer = federation.desks[site].answer(data)
        if Request.from_bytes(data).topic == "masked":
            passed.append(unpack(answer).arrays["body"].tobytes())
        return answer

    federation.hub.submit("run1", asked, "t")
    ended = federation.conductor(Disturbed(federation.channel, watch)).conduct("run1")
    assert ended.status == DONE, ended.said
    expected = pooled(asked.analyses[0].algorithm, federation.table)
    assert_same_answer(federation.hub.results("run1")["who"], expected, 1e-8)
    for site, masked in zip(SITES, passed, strict=False):
        persons = len(federation.tables[site]).to_bytes(8, "little")
        assert persons not in masked
    bytes_seen = np.frombuffer(b"".join(message[-200:] for message in passed), dtype=np.uint8)
    assert len(np.unique(bytes_seen)) > 150, "masked words look random"


def test_a_secure_study_is_not_answered_in_plain(federation: Federation) -> None:
    """A hub that asks an approved secure study for plain sums gets none."""
    from cohortium.federate.messages import Reply
    from cohortium.records import schema_to_plain

    asked = study(mode="secure")
    federation.approve_everywhere(asked)
    schema = federation.table.schema.select(asked.columns)
    state = asked.analyses[0].algorithm.start(schema).to_bytes()
    facts = {"study": asked.digest, "analysis": "who", "step": 0, "schema": schema_to_plain(schema)}
    reply = Reply.from_bytes(federation.desks["north"].answer(Request("step", "r", facts, state).to_bytes()))
    assert reply.error == "PermitDenied"
    assert reply.body == b""


def test_two_hospitals_cannot_hide_in_a_sum() -> None:
    table = patients(300)
    sites = {"a": table.take(np.arange(150)), "b": table.take(np.arange(150, 300))}
    with pytest.raises(Exception, match="3 to"):
        simulate(study(mode="secure"), sites)


def test_noise_hides_the_exact_sum_and_is_paid_for(federation: Federation) -> None:
    asked = study(**PRIVATE, analyses=(Analysis("who", Describe(("age",))),))
    federation.approve_everywhere(asked)
    _grant(federation, 10.0)
    ended = federation.run(asked)
    assert ended.status == DONE, ended.said
    noisy = federation.hub.results("run1")["who"]
    exact = pooled(asked.analyses[0].algorithm, federation.table)
    assert noisy.tables["numeric"]["mean"] != exact.tables["numeric"]["mean"]
    assert noisy.tables["numeric"]["mean"][0] == pytest.approx(exact.tables["numeric"]["mean"][0], abs=3)
    for desk in federation.desks.values():
        line = desk.guard.ledger.line(Account("dataset", "trial"))
        assert 0 < line.spent_rho <= Fraction(rho_of(8.0, 1e-5))


def test_nothing_is_spent_that_was_not_granted(federation: Federation) -> None:
    asked = study(**PRIVATE, analyses=(Analysis("who", Describe(("age",))),))
    federation.approve_everywhere(asked)
    ended = federation.run(asked)
    assert ended.status == FAILED
    assert "No privacy budget was ever granted" in ended.said
    assert all(not desk.guard.ledger.charges() for desk in federation.desks.values())
    _grant(federation, 4.0)
    again = replace(asked, title="again, with too little")
    federation.approve_everywhere(again)
    assert federation.run(again, "run2").status == FAILED


def test_what_an_algorithm_does_not_bound_cannot_run_with_noise(federation: Federation) -> None:
    asked = study(**PRIVATE, analyses=(Analysis("who", Describe(("marker",))),))
    federation.approve_everywhere(asked)
    _grant(federation, 10.0)
    ended = federation.run(asked)
    assert ended.status == FAILED
    assert "marker" in ended.said


def test_asking_for_all_but_one_is_refused(federation: Federation) -> None:
    """Differencing: the sums without one person would give that person away."""
    ages = np.sort(federation.tables["north"].numeric("age"))
    first = study()
    second = study(where=f"age < {ages[-1]}", title="all but the oldest")
    for asked in (first, second):
        federation.approve_everywhere(asked)
    assert federation.run(first).status == DONE
    ended = federation.run(second, "run2")
    assert ended.status == FAILED
    assert "Differencing" in ended.said


def test_the_same_study_with_one_hospital_less_is_refused(federation: Federation) -> None:
    """Subtracting the two answers would give the sums of the hospital that was left out."""
    extra = "east"
    federation.add(extra, federation.tables["west"].take(np.arange(100)))
    asked = study(mode="secure", quorum=3)
    federation.approve_everywhere(asked)
    assert federation.run(asked).status == DONE
    federation.stores[extra].decide(asked.digest, "refused", "steward", "not today")
    ended = federation.run(asked, "run2")
    assert ended.status == FAILED
    assert "Differencing" in ended.said


def test_another_question_to_one_hospital_less_is_refused(federation: Federation) -> None:
    """A new title, or another statistic of the same column, would tell the same by subtraction."""
    sites = ("north", "south", "west", "east")
    federation.add("east", federation.tables["west"].take(np.arange(100)))
    first = study(mode="secure", sites=sites)
    federation.approve_everywhere(first)
    assert federation.run(first).status == DONE
    less = replace(first, title="Another title", sites=sites[:3])
    federation.approve_everywhere(less)
    ended = federation.run(less, "run2")
    assert ended.status == FAILED
    assert "Differencing" in ended.said and "east" in ended.said
    other = replace(less, analyses=(Analysis("other", Describe(("visits",))),))
    federation.approve_everywhere(other)
    assert federation.run(other, "run3").status == DONE  # a column that was not summed before


def test_a_site_that_the_approved_study_does_not_name_takes_no_part(federation: Federation) -> None:
    """Otherwise a hub could fill a secure sum up with sites of its own."""
    from cohortium.federate.messages import Reply

    asked = study(mode="secure", sites=SITES)
    federation.approve_everywhere(asked)
    shown = {site: federation.secure[site].credential.to_plain() for site in SITES}
    facts = {"study": asked.digest, "session": "00" * 16, "credentials": {**shown, "sham": shown["west"]}}
    reply = Reply.from_bytes(federation.desks["north"].answer(Request("deal", "r", facts).to_bytes()))
    assert reply.error == "ProtocolViolation"
    assert "sham" in reply.reason


def test_a_site_that_comes_with_another_key_is_refused(federation: Federation, tmp_path: Path) -> None:
    from cohortium.federate.node.secure_site import SecureSite
    from cohortium.federate.node.store import NodeStore

    asked = study(mode="secure")
    federation.approve_everywhere(asked)
    assert federation.run(asked).status == DONE
    federation.secure["west"] = SecureSite.simulated("west", NodeStore(tmp_path / "other.db"))
    federation.desks["west"] = federation.desk("west")
    ended = federation.run(asked, "run2")
    assert ended.status == FAILED
    assert "another key" in ended.said


def test_sums_add_up_to_the_same_whatever_their_encoding() -> None:
    one = Sums({"persons": 3, "x": np.array([1.5, -2.0])}, {"x": 10.0})
    assert Sums.from_bytes(one.to_bytes()).layout == one.layout
