"""An application goes its way by acts of those who may, and by no others."""

from __future__ import annotations

from datetime import date

import pytest
from tests.unit.govern.permits.asked import permit

from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.govern.permits.dossier import Act, Deed, Dossier, State
from cohortium.govern.permits.permit import Applicant, Permit

TODAY, LATER = date(2026, 3, 1), date(2028, 1, 1)


def done(dossier: Dossier, *acts: tuple[str, str, str], permit: Permit | None = None) -> Dossier:
    for deed, by, site in acts:
        act = Act(Deed(deed), by, "2026-03-01T00:00:00Z", site, reason="because", permit=permit)
        dossier = dossier.after(act, TODAY)
    return dossier


NEW = Dossier(permit(), approvers=(("turin", 2),))
SUBMITTED = done(NEW, ("submit", "ann", ""))
GRANTED = done(SUBMITTED, ("agree", "max", "mainz"), ("agree", "tia", "turin"), ("agree", "tom", "turin"))


def test_it_is_granted_once_every_hospital_has_agreed_with_as_many_persons_as_it_asks() -> None:
    assert NEW.state(TODAY) is State.DRAFT and SUBMITTED.awaited() == {"mainz": 1, "turin": 2}
    part = done(SUBMITTED, ("agree", "tia", "turin"), ("agree", "max", "mainz"))
    assert part.state(TODAY) is State.SUBMITTED and part.awaited() == {"turin": 1}
    assert GRANTED.state(TODAY) is State.GRANTED and GRANTED.awaited() == {}
    assert GRANTED.state(LATER) is State.EXPIRED


def test_one_hospital_that_disagrees_refuses_it() -> None:
    refused = done(SUBMITTED, ("agree", "max", "mainz"), ("disagree", "tia", "turin"))
    assert refused.state(TODAY) is State.REFUSED
    with pytest.raises(PermitDenied, match="refused"):
        done(refused, ("agree", "tom", "turin"))


def test_after_an_answer_everybody_decides_anew() -> None:
    asked = done(SUBMITTED, ("agree", "max", "mainz"), ("ask", "tia", "turin"))
    assert asked.state(TODAY) is State.QUESTIONS
    narrower = permit(algorithms=("describe",))
    edited = done(asked, ("edit", "ann", ""), permit=narrower)
    answered = done(edited, ("answer", "ann", ""))
    assert answered.permit == narrower and answered.awaited() == {"mainz": 1, "turin": 2}
    again = done(answered, ("agree", "max", "mainz"), ("agree", "tia", "turin"), ("agree", "tom", "turin"))
    assert again.state(TODAY) is State.GRANTED


def test_a_hospital_may_leave_the_application_while_it_is_edited() -> None:
    asked = done(SUBMITTED, ("agree", "max", "mainz"), ("ask", "tia", "turin"))
    only = permit(datasets=(permit().datasets[0].__class__("anaemia", ("turin",), ("age",)),))
    answered = done(done(asked, ("edit", "ann", ""), permit=only), ("answer", "ann", ""))
    assert answered.awaited() == {"turin": 2}


def test_suspended_and_resumed_and_revoked_for_good() -> None:
    suspended = done(GRANTED, ("suspend", "max", "mainz"))
    assert suspended.state(TODAY) is State.SUSPENDED and suspended.state(LATER) is State.EXPIRED
    assert done(suspended, ("resume", "max", "mainz")).state(TODAY) is State.GRANTED
    revoked = done(suspended, ("revoke", "max", "mainz"))
    assert revoked.state(TODAY) is revoked.state(LATER) is State.REVOKED
    for deed in Deed:
        with pytest.raises(PermitDenied):
            done(revoked, (deed.value, "ann" if deed in (Deed.EDIT, Deed.SUBMIT, Deed.ANSWER) else "max", "mainz"))


@pytest.mark.parametrize(
    ("dossier", "act", "match"),
    [
        (NEW, ("submit", "bob", ""), "by its applicant"),
        (SUBMITTED, ("agree", "ann", "mainz"), "somebody else than its applicant"),
        (SUBMITTED, ("refuse", "ann", ""), "somebody else"),
        (SUBMITTED, ("agree", "max", "oslo"), "oslo has no say"),
        (SUBMITTED, ("agree", "max", ""), "nobody has no say"),
        (done(SUBMITTED, ("agree", "tia", "turin")), ("agree", "tia", "turin"), "another person must"),
        (done(SUBMITTED, ("agree", "max", "mainz")), ("agree", "mia", "mainz"), "has agreed already"),
        (NEW, ("agree", "max", "mainz"), "is draft"),
        (SUBMITTED, ("submit", "ann", ""), "is submitted"),
        (GRANTED, ("edit", "ann", ""), "is granted"),
    ],
    ids=["stranger", "own", "own-refusal", "site", "no-site", "twice", "enough", "draft", "again", "granted"],
)
def test_acts_of_those_who_may_not_change_nothing(dossier: Dossier, act: tuple[str, str, str], match: str) -> None:
    with pytest.raises(PermitDenied, match=match):
        done(dossier, act)


def test_reasons_are_asked_for() -> None:
    for deed in (Deed.ASK, Deed.DISAGREE, Deed.REFUSE):
        with pytest.raises(InvalidRequest, match="with a reason"):
            SUBMITTED.after(Act(deed, "max", "t", "mainz", reason=" "), TODAY)


def test_an_edit_keeps_number_and_applicant_and_nothing_else_edits() -> None:
    other = permit(applicant=Applicant("bob", "Bob", "U", "FR"))
    with pytest.raises(PermitDenied, match="keeps the number"):
        done(NEW, ("edit", "ann", ""), permit=other)
    with pytest.raises(PermitDenied, match="no other act"):
        done(NEW, ("submit", "ann", ""), permit=permit(title="Other"))
