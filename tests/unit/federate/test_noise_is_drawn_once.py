"""Mode "dp": what a step costs is charged when its masked vector leaves, and the noise of a step is drawn once."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.unit.federate.conftest import SITES, Disturbed, Federation, study

from cohortium.analyse import Describe
from cohortium.errors import DisclosureRefused, TargetUnwritable
from cohortium.federate import Analysis, Study
from cohortium.federate.hub.store import DONE, FAILED, HubStore
from cohortium.federate.messages import Reply, Request
from cohortium.federate.node.guard import Guard
from cohortium.federate.node.secure_site import SecureSite
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.ledger import Account
from cohortium.records import pack, unpack

DATASET = Account("dataset", "trial")


@pytest.fixture
def vectors(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[bytes]]:
    """Site -> the vectors that it masked, in order."""
    seen: dict[str, list[bytes]] = {site: [] for site in SITES}
    mask = SecureSite.mask

    def spy(site: SecureSite, run: str, request: bytes, vector: Any, context: bytes) -> bytes:
        body = mask(site, run, request, vector, context)
        seen[site.site].append(np.asarray(vector).tobytes())
        return body

    monkeypatch.setattr(SecureSite, "mask", spy)
    return seen


def _private(federation: Federation, *, poor: str = "") -> Study:
    """A study in mode dp that all have approved; a site that is poor was granted nothing."""
    asked = study(mode="dp", epsilon=8.0, delta=1e-5, patience_s=20, analyses=(Analysis("who", Describe(("age",))),))
    federation.approve_everywhere(asked)
    for site, desk in federation.desks.items():
        if site != poor:
            desk.guard.ledger.grant(DATASET, Fraction(rho_of(10.0, 1e-5)), by="steward")
    return asked


def _conduct(federation: Federation, fault: Any, run: str = "run1") -> Any:
    conductor = federation.conductor(Disturbed(federation.channel, fault))
    ended = conductor.conduct(run)
    conductor.settle()
    return ended


def _spent(federation: Federation, site: str) -> list[int]:
    """Steps that the site was charged for."""
    return [charge.step for charge in federation.desks[site].guard.ledger.charges()]


def test_a_session_that_is_begun_anew_sees_the_noise_that_was_drawn(
    federation: Federation, vectors: dict[str, list[bytes]]
) -> None:
    """Two answers to one step with noise of their own would tell more than one, and be charged as one."""
    asked = _private(federation)
    federation.hub.submit("run1", asked, "t")
    restarts = 0

    def fault(site: str, data: bytes) -> bytes:
        nonlocal restarts
        if site == "west" and Request.from_bytes(data).topic == "unmask" and restarts < 2:
            restarts += 1
            for one in SITES:
                federation.secure[one] = federation.restarted(one)
                federation.desks[one] = federation.desk(one)
        return federation.desks[site].answer(data)

    assert _conduct(federation, fault).status == DONE
    assert restarts == 2
    for site in SITES:
        assert len(vectors[site]) > len(_spent(federation, site)) == len(set(vectors[site]))


def test_a_run_that_is_over_draws_nothing_again(federation: Federation, vectors: dict[str, list[bytes]]) -> None:
    """A hub that claims to have forgotten everything gets no second answer at the price of one."""
    asked = _private(federation)
    federation.hub.submit("run1", asked, "t")
    assert _conduct(federation, lambda site, data: federation.desks[site].answer(data)).status == DONE
    drawn, federation.hub = len(vectors["west"]), HubStore(federation.home / "forgetful.db")
    federation.hub.submit("run1", asked, "t")
    again = _conduct(federation, lambda site, data: federation.desks[site].answer(data))
    assert again.status == FAILED and "Start a new run" in again.said
    assert len(vectors["west"]) == drawn


def test_a_study_that_one_hospital_cannot_pay_for_costs_the_others_nothing(federation: Federation) -> None:
    asked = _private(federation, poor="west")
    federation.hub.submit("run1", asked, "t")
    ended = _conduct(federation, lambda site, data: federation.desks[site].answer(data))
    assert ended.status == FAILED and "west: No privacy budget was ever granted" in ended.said
    assert [_spent(federation, site) for site in SITES] == [[], [], []]


def test_what_left_stays_charged_and_what_did_not_is_not(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _private(federation)
    federation.hub.submit("run1", asked, "t")

    def refuse(*_: Any) -> None:
        raise DisclosureRefused("not these sums")

    monkeypatch.setattr(federation.desks["west"].guard, "check", refuse)
    ended = _conduct(federation, lambda site, data: federation.desks[site].answer(data))
    assert ended.status == FAILED and "west: not these sums" in ended.said
    assert [_spent(federation, site) for site in SITES] == [[0], [0], []]


def test_a_vector_that_could_not_be_masked_is_not_charged(federation: Federation) -> None:
    asked = _private(federation)
    federation.hub.submit("run1", asked, "t")

    def fault(site: str, data: bytes) -> bytes:
        request = Request.from_bytes(data)
        if site == "west" and request.topic == "masked":
            state = unpack(request.body).arrays["state"]
            body = pack({}, {"state": state, "mask": np.zeros(9, dtype=np.uint8)})
            return federation.desks[site].answer(Request(request.topic, request.run, request.facts, body).to_bytes())
        return federation.desks[site].answer(data)

    ended = _conduct(federation, fault)
    assert ended.status == FAILED and ended.error == "ProtocolViolation"
    assert [_spent(federation, site) for site in SITES] == [[0], [0], []]


def test_a_charge_that_cannot_be_written_keeps_the_vector_back(
    federation: Federation, vectors: dict[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _private(federation)
    federation.hub.submit("run1", asked, "t")
    guard = federation.desks["west"].guard
    refused: list[tuple[Any, ...]] = []
    charge = Guard.charge

    def full(*given: Any) -> None:
        if len(refused) < 2:
            refused.append(given)
            raise TargetUnwritable("budget.db cannot be written.")
        charge(guard, *given)

    monkeypatch.setattr(guard, "charge", full)
    masked: list[Reply] = []

    def fault(site: str, data: bytes) -> bytes:
        answer = federation.desks[site].answer(data)
        if site == "west" and Request.from_bytes(data).topic == "masked":
            masked.append(Reply.from_bytes(answer))
        return answer

    ended = _conduct(federation, fault)
    assert ended.status == DONE, ended.said
    assert len(refused) == 2 and masked[0].error == "SiteUnavailable" and masked[0].body == b""
    assert _spent(federation, "west") == [0, 1] and len(set(vectors["west"])) == 2
