"""An application for a permit from its draft to its end: every act in order, and the state that they lead to.

Nothing is overwritten: a dossier is its list of acts, and what it is now follows from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from cohortium.errors import InvalidRequest, PermitDenied, ProtocolViolation
from cohortium.govern.permits.permit import Permit, permit_from_plain


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    QUESTIONS = "questions"
    GRANTED = "granted"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Deed(StrEnum):
    """What can be done with it."""

    EDIT = "edit"
    SUBMIT = "submit"
    ASK = "ask"
    ANSWER = "answer"
    AGREE = "agree"
    DISAGREE = "disagree"
    REFUSE = "refuse"
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"


_FROM = {
    Deed.EDIT: {State.DRAFT, State.QUESTIONS},
    Deed.SUBMIT: {State.DRAFT},
    Deed.ASK: {State.SUBMITTED},
    Deed.ANSWER: {State.QUESTIONS},
    Deed.AGREE: {State.SUBMITTED},
    Deed.DISAGREE: {State.SUBMITTED},
    Deed.REFUSE: {State.SUBMITTED, State.QUESTIONS},
    Deed.SUSPEND: {State.GRANTED},
    Deed.RESUME: {State.SUSPENDED},
    Deed.REVOKE: {State.GRANTED, State.SUSPENDED},
}
_TO = {
    Deed.SUBMIT: State.SUBMITTED,
    Deed.ASK: State.QUESTIONS,
    Deed.ANSWER: State.SUBMITTED,
    Deed.DISAGREE: State.REFUSED,
    Deed.REFUSE: State.REFUSED,
    Deed.SUSPEND: State.SUSPENDED,
    Deed.RESUME: State.GRANTED,
    Deed.REVOKE: State.REVOKED,
}
_NEED_REASON = {Deed.ASK, Deed.ANSWER, Deed.DISAGREE, Deed.REFUSE, Deed.SUSPEND, Deed.RESUME, Deed.REVOKE}
_APPLICANTS = {Deed.EDIT, Deed.SUBMIT, Deed.ANSWER}


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did.

    by     : account.
    site   : the hospital that an approver speaks for; empty for the applicant and the authority.
    at     : time, ISO 8601 in UTC.
    reason : question, answer, or why.
    permit : what is asked for from now on, where the act changes it.
    """

    deed: Deed
    by: str
    at: str
    site: str = ""
    reason: str = ""
    permit: Permit | None = None

    def to_plain(self) -> dict[str, Any]:
        """As JSON values."""
        told = {"deed": self.deed.value, "by": self.by, "at": self.at, "site": self.site, "reason": self.reason}
        return told if self.permit is None else {**told, "permit": self.permit.to_plain()}


def act_from_plain(plain: Mapping[str, Any]) -> Act:
    """The act that ``to_plain`` wrote; raises ProtocolViolation where it is none."""
    try:
        permit = permit_from_plain(plain["permit"]) if "permit" in plain else None
        by, at, site, reason = (str(plain[name]) for name in ("by", "at", "site", "reason"))
        return Act(Deed(plain["deed"]), by, at, site, reason, permit)
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolViolation(f"This is no act of a dossier: {type(error).__name__} in one of its parts.") from error


@dataclass(frozen=True, slots=True)
class Dossier:
    """An application and all that happened to it.

    approvers : how many persons of each hospital must agree, by hospital; one where it is not named.
    """

    permit: Permit
    acts: tuple[Act, ...] = ()
    approvers: tuple[tuple[str, int], ...] = ()

    def state(self, today: date) -> State:
        """Where it stands on a day; a permit that has ended is expired, whatever was done before."""
        found = State.DRAFT
        for place, act in enumerate(self.acts):
            found = _TO.get(act.deed, found)
            if act.deed is Deed.AGREE and not self._awaited(self.acts[: place + 1]):
                found = State.GRANTED
        ended = found in (State.GRANTED, State.SUSPENDED) and today > self.permit.ends
        return State.EXPIRED if ended else found

    def awaited(self) -> dict[str, int]:
        """Hospitals whose word is missing, with how many persons must still agree."""
        return self._awaited(self.acts)

    def after(self, act: Act, today: date) -> Dossier:
        """The dossier with one act more.

        Raises : PermitDenied where this state, or this person, does not allow it; InvalidRequest without a reason where
                 one is needed.
        """
        state = self.state(today)
        if state not in _FROM[act.deed]:
            raise PermitDenied(f"The application is {state.value}; it cannot be {_PAST[act.deed]} then.")
        if (act.by == self.permit.applicant.account) != (act.deed in _APPLICANTS):
            who = "its applicant" if act.deed in _APPLICANTS else "somebody else than its applicant"
            raise PermitDenied(f"An application is {_PAST[act.deed]} by {who}.")
        if act.deed in _NEED_REASON and not act.reason.strip():
            raise InvalidRequest(f"An application is {_PAST[act.deed]} with a reason; write one.")
        if act.permit is not None and (act.deed is not Deed.EDIT or not self._is_version(act.permit)):
            raise PermitDenied(
                "An edit keeps the number and the applicant, and no other act changes what is asked for."
            )
        if act.deed in (Deed.AGREE, Deed.DISAGREE):
            self._check_approver(act)
        return Dossier(act.permit or self.permit, (*self.acts, act), self.approvers)

    def _awaited(self, acts: Iterable[Act]) -> dict[str, int]:
        needed = {site: dict(self.approvers).get(site, 1) for site in self.permit.sites}
        agreed: dict[str, set[str]] = {site: set() for site in needed}
        for act in acts:
            if act.deed in (Deed.SUBMIT, Deed.ANSWER):
                # What is asked for, or known about it, has changed: everybody decides anew.
                agreed = {site: set() for site in needed}
            elif act.deed is Deed.AGREE and act.site in agreed:
                agreed[act.site].add(act.by)
        return {site: number - len(agreed[site]) for site, number in needed.items() if len(agreed[site]) < number}

    def _check_approver(self, act: Act) -> None:
        if act.site not in self.permit.sites:
            raise PermitDenied(
                f"The application is about {list(self.permit.sites)}; {act.site or 'nobody'} has no say."
            )
        if act.deed is Deed.AGREE and act.site not in self.awaited():
            raise PermitDenied(f"{act.site} has agreed already.")
        if act.deed is Deed.AGREE and act.by in self._agreed_at(act.site):
            raise PermitDenied(f"{act.by} has agreed for {act.site} already; another person must.")

    def _agreed_at(self, site: str) -> set[str]:
        found: set[str] = set()
        for act in self.acts:
            if act.deed in (Deed.SUBMIT, Deed.ANSWER):
                found = set()
            elif act.deed is Deed.AGREE and act.site == site:
                found.add(act.by)
        return found

    def _is_version(self, permit: Permit) -> bool:
        return permit.number == self.permit.number and permit.applicant.account == self.permit.applicant.account


_PAST = {
    Deed.EDIT: "edited",
    Deed.SUBMIT: "submitted",
    Deed.ASK: "questioned",
    Deed.ANSWER: "answered for",
    Deed.AGREE: "agreed to",
    Deed.DISAGREE: "disagreed with",
    Deed.REFUSE: "refused",
    Deed.SUSPEND: "suspended",
    Deed.RESUME: "resumed",
    Deed.REVOKE: "revoked",
}
