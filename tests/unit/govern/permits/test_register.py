"""The register of applications: nothing is overwritten, signatures are of the text that was seen, lists only grow."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rfc8785", reason="the extra 'govern' is not installed")

from tests.unit.govern.permits.asked import permit

from cohortium.crypto.keys import Identity
from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.govern.ledger.canonical import parsed
from cohortium.govern.permits.dossier import Deed, State
from cohortium.govern.permits.register import Register
from cohortium.govern.permits.revocations import read_revocations
from cohortium.privacy.database import Database

DAY = "2026-06-01T10:00:00+00:00"
SITES = {"mainz": Identity.generate(), "turin": Identity.generate()}


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register(Database(tmp_path / "db", ""), "hub/test", Identity.generate(), clock=lambda: DAY)


def asked(**changes: object) -> dict[str, object]:
    plain = permit(**changes).to_plain()
    del plain["number"]
    return plain


def drafted(register: Register) -> str:
    return register.draft(asked()).permit.number


def agree(register: Register, number: str, site: str) -> State:
    signature = register.document(number).signed(f"node/{site}", SITES[site]).signatures[f"node/{site}"]
    found = register.act(number, Deed.AGREE, f"steward of {site}", site=site, signed=(f"node/{site}", signature))
    return found.state(found.permit.starts)


def granted(register: Register) -> str:
    number = drafted(register)
    register.act(number, Deed.SUBMIT, "ann")
    agree(register, number, "mainz")
    assert agree(register, number, "turin") is State.GRANTED
    return number


def events(register: Register) -> list[str]:
    with register.database.reading() as database:
        return [
            parsed(event)["event"] for (event,) in database.execute("SELECT event FROM ledger_outbox ORDER BY place")
        ]


def test_numbers_are_given_by_year_and_never_twice(register: Register) -> None:
    assert [drafted(register) for _ in range(2)] == ["P-2026-0001", "P-2026-0002"]


def test_a_permit_is_signed_by_the_hospitals_and_the_authority_once_all_agree(register: Register) -> None:
    number = drafted(register)
    register.act(number, Deed.SUBMIT, "ann")
    assert agree(register, number, "mainz") is State.SUBMITTED
    assert "hub/test" not in register.document(number).signatures
    assert agree(register, number, "turin") is State.GRANTED
    keys = {"hub/test": register.identity.public, **{f"node/{site}": one.public for site, one in SITES.items()}}
    assert register.document(number).check(keys, tuple(keys)).number == number
    assert events(register)[-2:] == ["permit: agree", "permit: agree"]


def test_a_signature_does_not_count_for_a_text_that_was_changed_since(register: Register) -> None:
    number = drafted(register)
    register.act(number, Deed.SUBMIT, "ann")
    agree(register, number, "mainz")
    register.act(number, Deed.ASK, "steward of turin", site="turin", reason="Why relapse?")
    register.act(number, Deed.EDIT, "ann", asked=asked(title="Another study"))
    register.act(number, Deed.ANSWER, "ann", reason="It is the outcome.")
    assert register.document(number).signatures == {}
    assert register.dossier(number).awaited() == {"mainz": 1, "turin": 1}


def test_a_refused_act_leaves_nothing(register: Register) -> None:
    number = drafted(register)
    before = events(register)
    with pytest.raises(PermitDenied):
        agree(register, number, "mainz")
    assert register.dossier(number).acts == () and events(register) == before


def test_lists_of_revocations_follow_the_acts(register: Register) -> None:
    first, second = granted(register), granted(register)
    assert register.revocations() == ""
    register.act(first, Deed.SUSPEND, "authority", reason="A question about consent")
    register.act(second, Deed.REVOKE, "authority", reason="Used for advertising")
    found = read_revocations(register.revocations(), register.identity.public, "hub/test")
    assert (found.serial, found.stops(first), found.stops(second)) == (2, "suspended", "revoked")
    register.act(first, Deed.RESUME, "authority", reason="Answered")
    newer = read_revocations(register.revocations(), register.identity.public, "hub/test", found)
    assert newer.stops(first) == "" and newer.stops(second) == "revoked"


def test_only_its_holder_renews_a_permit(register: Register) -> None:
    number = granted(register)
    renewed = register.draft(asked(renews=number)).permit
    assert renewed.renews == number
    other = asked(renews=number)
    other["applicant"] = {**other["applicant"], "account": "bob"}  # type: ignore[dict-item]
    with pytest.raises(PermitDenied):
        register.draft(other)


def test_an_application_that_is_not_there_says_so(register: Register) -> None:
    with pytest.raises(InvalidRequest, match="no application"):
        register.dossier("P-1")


def test_a_second_process_sees_the_same(register: Register, tmp_path: Path) -> None:
    number = granted(register)
    again = Register(Database(tmp_path / "db", ""), "hub/test", register.identity, clock=lambda: DAY)
    assert again.dossier(number) == register.dossier(number)
    assert [one.permit.number for one in again.dossiers("ann")] == [number]
