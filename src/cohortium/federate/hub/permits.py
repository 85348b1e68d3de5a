"""The hub's part in permits: tells sites of applications, grants and revocations, and takes in what they decide."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from cohortium.errors import CohortiumError, InvalidRequest, PermitDenied, ProtocolViolation
from cohortium.federate.channel import Channel
from cohortium.federate.hub.replies import read_reply
from cohortium.federate.messages import Request, from_site
from cohortium.govern.ledger.book import Ledger
from cohortium.govern.ledger.signed_note import NoteKey
from cohortium.govern.permits.document import PermitDocument
from cohortium.govern.permits.dossier import Deed, Dossier, State
from cohortium.govern.permits.register import Register

ASK_S = 8.0
APPLICANTS_DEEDS = (Deed.EDIT.value, Deed.SUBMIT.value, Deed.ANSWER.value)
AWAITED_S = 20.0
"""Between two times at which sites are asked about applications that wait for them."""
_log = logging.getLogger(__name__)


def is_covered(register: Register, number: str, account: str) -> PermitDocument:
    """The permit that a study names, so that a study without one ends before any site is asked.

    Raises : PermitDenied where it is not granted, or is another's.
    """
    try:
        dossier = register.dossier(number)
    except InvalidRequest as error:
        raise PermitDenied(f"There is no permit {number}.") from error
    state = dossier.state(date.fromisoformat(register.clock()[:10]))
    if dossier.permit.applicant.account != account or state is not State.GRANTED:
        raise PermitDenied(f"The permit {number} is {state.value}, or not yours.")
    return register.document(number)


def own_dossier(register: Register, number: str, account: str) -> Dossier:
    """The application, if it is this person's; that of another is answered as if there were none."""
    found = register.dossier(number)
    if found.permit.applicant.account != account:
        raise InvalidRequest(f"There is no application '{number}'.")
    return found


def of_applicant(asked: Mapping[str, Any], account: str) -> dict[str, Any]:
    """What is asked for, with the account under which it is asked, whatever it says itself."""
    applicant = asked.get("applicant")
    if not isinstance(applicant, dict):
        raise InvalidRequest("An application needs its [applicant]: name, organisation and country.")
    return {**asked, "applicant": {**applicant, "account": account}}


def dossier_told(register: Register, dossier: Dossier) -> dict[str, Any]:
    """An application as its applicant sees it."""
    return {
        "number": dossier.permit.number,
        "title": dossier.permit.title,
        "state": dossier.state(date.fromisoformat(register.clock()[:10])).value,
        "awaited": dossier.awaited(),
        "permit": dossier.permit.to_plain(),
        "acts": [act.to_plain() for act in dossier.acts],
        "signed_by": sorted(register.document(dossier.permit.number).signatures),
    }


class PermitRounds:
    """Goes round the sites when an act has changed what they must know, and now and then while one is awaited."""

    def __init__(
        self, channel: Channel, register: Register, ledger: Ledger, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.channel, self.register, self.ledger, self.clock = channel, register, ledger, clock
        self._told: dict[str, str] = {}
        self._asked: dict[str, float] = {}
        self._busy = threading.Lock()

    def look(self) -> None:
        """Tell connected sites what is new to them, without waiting for them."""
        threading.Thread(target=self._try, name="permits", daemon=True).start()

    def _try(self) -> None:
        if not self._busy.acquire(blocking=False):
            return
        try:
            self.go_round()
        except CohortiumError as error:
            _log.warning("Sites are told of permits later: %s", error)
        finally:
            self._busy.release()

    def go_round(self) -> None:
        """Tell each connected site what it has not been told, or is awaited about, and take in its decisions."""
        news = {site: self.news(site) for site in self.channel.sites()}
        due = {site: told for site, told in news.items() if self._is_due(site, told)}
        if not due:
            return
        whole = {site: Request("permit", facts=told).to_bytes() for site, told in due.items()}
        for site, data in self.channel.ask(whole, ASK_S).items():
            if data is None:
                continue
            reply = read_reply(site, data)
            if reply.error:
                _log.warning("%s takes no permits: %s", site, reply.reason)
                continue
            self._told[site], self._asked[site] = _print(due[site]), self.clock()
            self._take(site, reply.facts)

    def news(self, site: str) -> dict[str, Any]:
        """Everything that a site must know; it is sent whole, so that one that was away misses nothing."""
        today = date.fromisoformat(self.register.clock()[:10])
        waiting, granted = [], []
        for dossier in self.register.dossiers():
            if site not in dossier.permit.sites:
                continue
            state, number = dossier.state(today), dossier.permit.number
            if state is State.SUBMITTED and site in dossier.awaited():
                waiting.append(PermitDocument.of(dossier.permit).to_json())
            elif state in (State.GRANTED, State.SUSPENDED):
                granted.append(self.register.document(number).to_json())
        return {
            "authority": str(self.ledger.log.key),
            "applications": waiting,
            "granted": granted,
            "revocations": self.register.revocations(),
        }

    def digest(self, number: str) -> str:
        """Digest of the permit of that number, as releases tell it."""
        return self.register.document(number).digest

    def _is_due(self, site: str, told: Mapping[str, Any]) -> bool:
        if _print(told) != self._told.get(site):
            return bool(told["applications"] or told["granted"] or told["revocations"])
        return bool(told["applications"]) and self.clock() - self._asked[site] >= AWAITED_S

    def _take(self, site: str, facts: Mapping[str, Any]) -> None:
        with from_site(site):
            decisions = facts.get("decisions")
            if not isinstance(decisions, list):
                raise ProtocolViolation("Decisions about permits came as something else than a list.")
        for told in decisions:
            dossier = self._open(site, told)
            if dossier is not None:
                self._enter(site, dossier, told)

    def _open(self, site: str, told: Any) -> Dossier | None:
        """The application that a site decided about, where it still waits for it in that very text."""
        with from_site(site):
            if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
                raise ProtocolViolation("A decision about a permit came without its parts.")
        try:
            dossier = self.register.dossier(told.get("number", ""))
        except InvalidRequest:
            return None
        is_open = dossier.state(date.fromisoformat(self.register.clock()[:10])) is State.SUBMITTED
        is_same = PermitDocument.of(dossier.permit).digest == told.get("digest")
        return dossier if is_open and is_same and site in dossier.awaited() else None

    def _enter(self, site: str, dossier: Dossier, told: Mapping[str, str]) -> None:
        number, by = dossier.permit.number, f"{told.get('by', '')} at {site}"
        if told.get("decision") == "disagreed":
            self.register.act(number, Deed.DISAGREE, by, site=site, reason=told.get("reason", ""))
            return
        key = self._key_of(site)
        with from_site(site):
            try:
                signature = bytes.fromhex(told.get("signature", ""))
            except ValueError as error:
                raise ProtocolViolation("A signature under a permit came as something else than digits.") from error
            document = PermitDocument(PermitDocument.of(dossier.permit).payload, {key.name: signature})
            document.check({key.name: key.public}, (key.name,))
        self.register.act(
            number, Deed.AGREE, by, site=site, reason=told.get("reason", ""), signed=(key.name, signature)
        )

    def _key_of(self, site: str) -> NoteKey:
        """The key of a site's ledger, as it was first seen."""
        for key in self.ledger.witness.known_keys():
            if key.name == f"node/{site}":
                return key
        raise PermitDenied(f"The key of {site} is not known yet; it is asked again.")


def _print(told: Mapping[str, Any]) -> str:
    return str(hash(repr(sorted(told.items()))))
