"""Permits in a federation: applied for, agreed to, checked at every question, and taken back everywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rfc8785", reason="the extra 'govern' is not installed")

from tests.unit.federate.conftest import SITES, Federation

from cohortium.analyse import Correlation, Describe
from cohortium.errors import PermitDenied, ProtocolViolation
from cohortium.federate import Analysis, Study
from cohortium.federate.hub.permits import PermitRounds, is_covered, of_applicant
from cohortium.federate.hub.proofs import Watching, receipt_of, result_file
from cohortium.federate.hub.store import DONE, FAILED
from cohortium.federate.messages import Reply, Request
from cohortium.federate.node.datasets import Dataset
from cohortium.federate.node.permits import PermitBook
from cohortium.govern.ledger.book import Ledger
from cohortium.govern.permits.dossier import Deed
from cohortium.govern.permits.register import Register
from cohortium.govern.receipts import Trusted, verify_receipt

TODAY = date.today()
STUDY = Study("Ages", "trial", (Analysis("ages", Describe(("age",))),), mode="plain", researcher="ann")


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Ages in the trial",
        "applicant": {"name": "Ann Example", "organisation": "University of Mainz", "country": "DE"},
        "purposes": ["research"],
        "datasets": [{"dataset": "trial", "sites": list(SITES), "columns": ["age", "marker"]}],
        "algorithms": ["describe"],
        "modes": ["plain"],
        "outputs": ["table"],
        "minimisation": "Only the age is needed.",
        "ethics": "Not needed: counts alone.",
        "starts": (TODAY - timedelta(days=30)).isoformat(),
        "ends": (TODAY + timedelta(days=30)).isoformat(),
        **changes,
    }


class Permitted:
    """A federation whose sites ask for a permit."""

    def __init__(self, federation: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
        self.federation = federation
        hub = self.ledger = Ledger(federation.home / "hub", "hub/test", federation.hub.database)
        self.register = Register(federation.hub.database, hub.name, hub.identity)
        for site, desk in federation.desks.items():
            desk.ledger = Ledger(federation.home / site, f"node/{site}", federation.stores[site].database)
            desk.permits = PermitBook(federation.stores[site].database, site, desk.ledger)
            monkeypatch.setattr(
                desk.records, "dataset", lambda name: Dataset(name, "", ("age", "marker", "stage"), permit=True)
            )
        Watching(federation.channel, federation.hub, hub).go_round()
        self.time = 0.0
        self.rounds = PermitRounds(federation.channel, self.register, hub, clock=lambda: self.time)

    def book(self, site: str) -> PermitBook:
        book = self.federation.desks[site].permits
        assert book is not None
        return book

    def go_round(self) -> None:
        self.time += 1_000.0
        self.rounds.go_round()

    def submitted(self, **changes: Any) -> str:
        number = self.register.draft(of_applicant(asked(**changes), "ann")).permit.number
        self.register.act(number, Deed.SUBMIT, "ann")
        self.go_round()
        return number

    def granted(self, **changes: Any) -> str:
        number = self.submitted(**changes)
        for site in SITES:
            self.book(site).decide(number, True, "steward")
        self.go_round()
        self.go_round()
        return number

    def refusal(self, study: Study, site: str = "north") -> str:
        """Why a site does not take a study, or nothing."""
        reply = Reply.from_bytes(
            self.federation.desks[site].answer(Request("offer", "run1", body=study.to_bytes()).to_bytes())
        )
        return reply.reason if reply.error else ""


@pytest.fixture
def permitted(federation: Federation, monkeypatch: pytest.MonkeyPatch) -> Permitted:
    return Permitted(federation, monkeypatch)


def test_from_application_to_a_receipt_that_carries_the_permit(permitted: Permitted, tmp_path: Path) -> None:
    number = permitted.granted()
    study = replace(STUDY, permit=number)
    is_covered(permitted.register, number, "ann")
    permitted.federation.approve_everywhere(study)
    conductor = permitted.federation.conductor()
    conductor.permits = permitted.rounds
    run = permitted.federation.hub.submit("run1", study, "token").run
    assert conductor.conduct(run).status == DONE
    document = permitted.register.document(number)
    text = receipt_of(permitted.federation.hub, permitted.ledger, "run1", "ages", document)
    (tmp_path / result_file("ages")).write_bytes(permitted.federation.hub.results("run1")["ages"].to_bytes())
    keys = {"hub/test": permitted.ledger.identity.public}
    checks = {one.name: one for one in verify_receipt(text, files=tmp_path, trusted=Trusted(permits=keys))}
    assert checks["permit"].holds and number in checks["permit"].said
    assert not any(one.holds is False for one in checks.values())


def test_without_a_permit_nothing_begins(permitted: Permitted) -> None:
    assert "names none" in permitted.refusal(STUDY)
    assert "No permit P-2026-9 was granted" in permitted.refusal(replace(STUDY, permit="P-2026-9"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"researcher": "bob"}, "bob asks"),
        ({"mode": "secure"}, "trust modes secure"),
        ({"analyses": (Analysis("a", Correlation(("age", "marker"))),)}, "algorithms correlation"),
        ({"where": "stage = II"}, "columns stage"),
    ],
    ids=["another person", "another mode", "another algorithm", "selects by another column"],
)
def test_what_a_permit_does_not_cover_is_refused_with_the_reason(
    permitted: Permitted, changes: dict[str, Any], reason: str
) -> None:
    number = permitted.granted()
    assert reason in permitted.refusal(replace(STUDY, permit=number, **changes))


def test_a_site_that_disagrees_ends_the_application(permitted: Permitted) -> None:
    number = permitted.submitted()
    permitted.book("west").decide(number, False, "steward", "Too many columns.")
    permitted.go_round()
    told = permitted.register.dossier(number)
    assert told.state(TODAY).value == "refused"
    assert (told.acts[-1].by, told.acts[-1].reason) == ("steward at west", "Too many columns.")


def test_an_edit_must_be_agreed_to_anew_everywhere(permitted: Permitted) -> None:
    number = permitted.submitted()
    permitted.book("north").decide(number, True, "steward")
    permitted.go_round()
    permitted.register.act(number, Deed.ASK, "authority", reason="Why sex?")
    permitted.register.act(number, Deed.EDIT, "ann", asked=of_applicant(asked(title="Another"), "ann"))
    permitted.register.act(number, Deed.ANSWER, "ann", reason="A slip.")
    permitted.go_round()
    assert permitted.book("north").application(number).decision == "pending"
    assert permitted.register.dossier(number).awaited() == dict.fromkeys(SITES, 1)


def test_a_revoked_permit_stops_a_run_in_the_middle(permitted: Permitted) -> None:
    number = permitted.granted()
    study = replace(STUDY, permit=number)
    permitted.federation.approve_everywhere(study)
    assert permitted.refusal(study) == ""
    permitted.register.act(number, Deed.REVOKE, "authority", reason="Used for advertising")
    permitted.go_round()
    assert "It is revoked." in permitted.refusal(study)
    run = permitted.federation.hub.submit("run2", study, "token").run
    assert permitted.federation.conductor().conduct(run).status == FAILED
    assert all(f"permit {number}" not in str(one.left()) for one in permitted.federation.stores.values())
    with pytest.raises(PermitDenied):
        is_covered(permitted.register, number, "ann")


def test_a_site_that_was_away_hears_of_a_revocation_at_its_next_contact(permitted: Permitted) -> None:
    number = permitted.granted()
    answer = permitted.federation.channel.desks.pop("south")
    permitted.register.act(number, Deed.SUSPEND, "authority", reason="A question")
    permitted.go_round()
    assert permitted.book("south").revocations() is None
    permitted.federation.channel.desks["south"] = answer
    permitted.go_round()
    listed = permitted.book("south").revocations()
    assert listed is not None and listed.stops(number) == "suspended"


def test_a_forged_grant_or_list_is_not_taken(permitted: Permitted) -> None:
    number = permitted.submitted()
    document = permitted.register.document(number).signed("hub/test", permitted.ledger.identity)
    with pytest.raises(PermitDenied, match="not signed by node/north"):
        permitted.book("north").exchange({"authority": str(permitted.ledger.log.key), "granted": [document.to_json()]})
    other = Ledger(permitted.federation.home / "other", "hub/test", permitted.federation.hub.database)
    with pytest.raises(ProtocolViolation, match="another key"):
        permitted.book("north").exchange({"authority": str(other.log.key)})


def test_a_permits_budget_is_for_all_studies_together(permitted: Permitted) -> None:
    number = permitted.granted(modes=["plain", "dp"], micro_epsilon=1_500_000, delta=1e-5)
    first = replace(STUDY, permit=number, mode="dp", epsilon=1.0, delta=1e-6)
    assert permitted.refusal(first) == ""
    assert permitted.refusal(first) == ""
    assert "0.5 is left; 1 is asked for" in permitted.refusal(replace(first, title="Again"))
    assert permitted.refusal(replace(first, title="Less", epsilon=0.5)) == ""


def test_sites_at_rest_are_left_at_rest(permitted: Permitted, monkeypatch: pytest.MonkeyPatch) -> None:
    permitted.granted()
    asked_of: list[str] = []
    ask = permitted.federation.channel.ask
    monkeypatch.setattr(permitted.federation.channel, "ask", lambda raw, s: asked_of.extend(raw) or ask(raw, s))
    permitted.go_round()
    assert asked_of == []


def test_a_grant_that_a_site_has_not_heard_of_comes_with_the_study(permitted: Permitted) -> None:
    number = permitted.submitted()
    for site in SITES:
        permitted.book(site).decide(number, True, "steward")
    permitted.go_round()
    assert permitted.book("north").granted() == []
    study = replace(STUDY, permit=number)
    permitted.federation.approve_everywhere(study)
    conductor = permitted.federation.conductor()
    conductor.permits = permitted.rounds
    assert conductor.conduct(permitted.federation.hub.submit("run1", study, "token").run).status == DONE
