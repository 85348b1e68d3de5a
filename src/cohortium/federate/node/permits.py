"""Permits at a node: applications that wait for its stewards, granted permits, and what each lets a study do.

A permit counts here if the hub's authority and this hospital itself have signed its very text, if it covers the study,
and if the newest list of revocations that came does not stop it. All of that is looked at again with every question.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from cohortium.errors import InvalidRequest, PermitDenied, ProtocolViolation
from cohortium.federate.kinds import kind_of
from cohortium.federate.study import Study
from cohortium.govern.ledger.book import Ledger
from cohortium.govern.ledger.outbox import enter
from cohortium.govern.ledger.signed_note import NoteKey
from cohortium.govern.permits.document import PermitDocument, document_from_json
from cohortium.govern.permits.permit import MICRO, Permit
from cohortium.govern.permits.revocations import Revocations, read_revocations
from cohortium.govern.permits.scope import Use, reasons_against
from cohortium.privacy.database import Database, now
from cohortium.records import name_of

_TABLES = """
CREATE TABLE IF NOT EXISTS applications (
  number TEXT NOT NULL, digest TEXT NOT NULL, document TEXT NOT NULL, received TEXT NOT NULL,
  decision TEXT NOT NULL DEFAULT 'pending', decided TEXT, decided_by TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '', signature BLOB, PRIMARY KEY (number, digest));
CREATE TABLE IF NOT EXISTS granted_permits (number TEXT PRIMARY KEY, document TEXT NOT NULL, came TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS permit_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
AGREED, DISAGREED, PENDING = "agreed", "disagreed", "pending"
MOST = 1_000
"""Applications that a hub may send at once."""


@dataclass(frozen=True, slots=True)
class Application:
    """A permit that somebody applies for, as it came, and what was decided here about this text of it."""

    document: PermitDocument
    received: str
    decision: str
    decided_by: str
    reason: str
    signature: bytes | None

    @property
    def permit(self) -> Permit:
        """What is asked for."""
        return self.document.permit


class PermitBook:
    """Applications and permits in a node's database.

    site   : the hospital's name, as permits name it.
    ledger : whose key signs for this hospital, and whose memory knows the hub's.
    """

    def __init__(self, database: Database, site: str, ledger: Ledger, clock: Callable[[], str] = now) -> None:
        self.database, self.site, self.ledger, self.clock = database, site, ledger, clock
        with database.transaction() as connection:
            for statement in _TABLES.split(";"):
                if statement.strip():
                    connection.execute(statement)

    def exchange(self, told: dict[str, Any]) -> dict[str, Any]:
        """Take in what the hub sends, and answer what was decided here.

        told : "authority" the hub's key, "applications" and "granted" documents, "revocations" the signed list.
        Raises : ProtocolViolation where the hub comes with another key, or with something that is none of that.
        """
        self._meet(told.get("authority"))
        for text in _texts(told.get("applications", [])):
            self._receive(document_from_json(text))
        for text in _texts(told.get("granted", [])):
            self._take_granted(document_from_json(text))
        if told.get("revocations"):
            self._take_list(str(told["revocations"]))
        decided = [one for one in self.applications() if one.decision != PENDING]
        known = self.revocations()
        return {"serial": 0 if known is None else known.serial, "decisions": [_told(one) for one in decided]}

    def applications(self) -> list[Application]:
        """All that came, the latest first."""
        with self.database.reading() as database:
            rows = database.execute(
                "SELECT document, received, decision, decided_by, reason, signature FROM applications "
                "ORDER BY rowid DESC"
            ).fetchall()
        return [Application(document_from_json(row[0]), *row[1:]) for row in rows]

    def application(self, number: str) -> Application:
        """The latest text of an application; raises InvalidRequest."""
        found = next((one for one in self.applications() if one.permit.number == number), None)
        if found is None:
            raise InvalidRequest(f"No application '{number}' came to this node. See them: cohortium node permits")
        return found

    def decide(self, number: str, agrees: bool, by: str, reason: str = "") -> Application:
        """Agree to an application as it now reads, with this hospital's signature, or disagree with a reason.

        Raises : InvalidRequest for an unknown number, or without a reason for a no; PermitDenied where it was decided.
        """
        found = self.application(number)
        if not agrees and not reason.strip():
            raise InvalidRequest("Say why: the reason is shown to the applicant.")
        if found.decision != PENDING:
            raise PermitDenied(f"{number} was {found.decision} already, by {found.decided_by}.")
        signature = found.document.signed(self.ledger.name, self.ledger.identity).signatures[self.ledger.name]
        decision, at = AGREED if agrees else DISAGREED, self.clock()
        with self.database.transaction() as database:
            database.execute(
                "UPDATE applications SET decision = ?, decided = ?, decided_by = ?, reason = ?, signature = ? "
                "WHERE number = ? AND digest = ?",
                (decision, at, by, reason, signature if agrees else None, number, found.document.digest),
            )
            told = {"permit": number, "digest": found.document.digest, "by": by, "reason": reason}
            enter(database, {"event": f"permit {decision}", "at": at, **told})
        return self.application(number)

    def granted(self) -> list[PermitDocument]:
        """Permits that the authority has granted and this hospital has signed."""
        with self.database.reading() as database:
            rows = database.execute("SELECT document FROM granted_permits ORDER BY came DESC, number").fetchall()
        return [document_from_json(text) for (text,) in rows]

    def revocations(self) -> Revocations | None:
        """The newest list that came; None where none did."""
        text = self._fact("revocations")
        return None if text is None else read_revocations(text, self._authority().public, self._authority().name)

    def covers(self, study: Study, columns: tuple[str, ...]) -> PermitDocument:
        """The permit under which a study runs, all of it checked.

        columns : that it reads or selects by.
        Raises : PermitDenied with every reason why the study is not covered.
        """
        if not study.permit:
            raise PermitDenied(f"'{study.dataset}' is used under a permit here; the study names none.")
        document = self._granted(study.permit)
        key = self._authority()
        keys = {key.name: key.public, self.ledger.name: self.ledger.identity.public}
        permit = document.check(keys, (key.name, self.ledger.name))
        listed = self.revocations()
        stopped = "" if listed is None else listed.stops(permit.number)
        against = [f"It is {stopped}."] if stopped else []
        against += reasons_against(permit, self._use(study, columns))
        if against:
            raise PermitDenied(f"The permit {permit.number} does not cover this study. {' '.join(against)}")
        return document

    def _use(self, study: Study, columns: tuple[str, ...]) -> Use:
        return Use(
            study.researcher,
            study.dataset,
            (self.site,),
            columns,
            tuple(name_of(one.algorithm) for one in study.analyses),
            study.mode,
            tuple(dict.fromkeys(kind_of(name_of(one.algorithm)) for one in study.analyses)),
            date.fromisoformat(self.clock()[:10]),
            epsilon=study.epsilon or 0.0,
            delta=study.delta or 0.0,
            spent_micro_epsilon=self._spent(study),
        )

    def _spent(self, study: Study) -> int:
        """What other studies under the permit may cost: each that was begun counts whole."""
        with self.database.reading() as database:
            prefix = f"spent/{study.permit}/"
            rows = database.execute(
                "SELECT value FROM permit_facts WHERE substr(name, 1, ?) = ? AND name <> ?",
                (len(prefix), prefix, prefix + study.digest),
            ).fetchall()
        return sum(int(value) for (value,) in rows)

    def begin(self, study: Study, columns: tuple[str, ...]) -> None:
        """Count the epsilon of a study in mode "dp" against its permit, once; raises as ``covers`` does."""
        self.covers(study, columns)
        if study.mode != "dp" or study.epsilon is None:
            return
        with self.database.transaction() as database:
            name = f"spent/{study.permit}/{study.digest}"
            done = database.execute(
                "INSERT OR IGNORE INTO permit_facts VALUES (?, ?)", (name, str(round(study.epsilon * MICRO)))
            )
            if done.rowcount:
                told = {"permit": study.permit, "study": study.digest, "epsilon": str(study.epsilon)}
                enter(database, {"event": "permit's budget used", "at": self.clock(), **told})

    def _meet(self, told: object) -> None:
        key = NoteKey.parse(str(told))
        if not key.name.startswith("hub/"):
            raise ProtocolViolation("Permits come from the hub.")
        known = self._fact("authority")
        if known is None:
            self.ledger.witness.pin(key)
            with self.database.transaction() as database:
                database.execute("INSERT OR IGNORE INTO permit_facts VALUES ('authority', ?)", (str(key),))
        elif known != str(key):
            raise ProtocolViolation("The hub signs permits with another key than at first; ask its operator.")

    def _authority(self) -> NoteKey:
        text = self._fact("authority")
        if text is None:
            raise PermitDenied("No hub has shown this node yet with which key it signs permits.")
        return NoteKey.parse(text)

    def _receive(self, document: PermitDocument) -> None:
        permit = document.permit
        if self.site not in permit.sites:
            raise ProtocolViolation(f"The application {permit.number} is not about this hospital's data.")
        plain, at = PermitDocument(document.payload, {}), self.clock()
        with self.database.transaction() as database:
            row = (permit.number, document.digest, plain.to_json(), at)
            done = database.execute(
                "INSERT OR IGNORE INTO applications (number, digest, document, received) VALUES (?, ?, ?, ?)", row
            )
            if done.rowcount:
                told = {"permit": permit.number, "digest": document.digest, "by": permit.applicant.account}
                enter(database, {"event": "permit application received", "at": at, **told})

    def _take_granted(self, document: PermitDocument) -> None:
        key = self._authority()
        keys = {key.name: key.public, self.ledger.name: self.ledger.identity.public}
        permit = document.check(keys, (key.name, self.ledger.name))
        text, at = document.to_json(), self.clock()
        with self.database.transaction() as database:
            if self._same(database, permit.number, text):
                return
            database.execute("INSERT OR REPLACE INTO granted_permits VALUES (?, ?, ?)", (permit.number, text, at))
            told = {"permit": permit.number, "digest": document.digest}
            enter(database, {"event": "permit granted", "at": at, **told})

    def _same(self, database: sqlite3.Connection, number: str, text: str) -> bool:
        row = database.execute("SELECT document FROM granted_permits WHERE number = ?", (number,)).fetchone()
        return row is not None and row[0] == text

    def _take_list(self, text: str) -> None:
        key, known = self._authority(), self.revocations()
        found = read_revocations(text, key.public, key.name, known)
        if known == found:
            return
        with self.database.transaction() as database:
            database.execute("INSERT OR REPLACE INTO permit_facts VALUES ('revocations', ?)", (text,))
            told = {"serial": found.serial, "revoked": list(found.revoked), "suspended": list(found.suspended)}
            enter(database, {"event": "permits revoked or suspended", "at": self.clock(), **told})

    def _granted(self, number: str) -> PermitDocument:
        with self.database.reading() as database:
            row = database.execute("SELECT document FROM granted_permits WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise PermitDenied(f"No permit {number} was granted for this hospital's data.")
        return document_from_json(row[0])

    def _fact(self, name: str) -> str | None:
        with self.database.reading() as database:
            row = database.execute("SELECT value FROM permit_facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])


def _told(one: Application) -> dict[str, Any]:
    return {
        "number": one.permit.number,
        "digest": one.document.digest,
        "decision": one.decision,
        "by": one.decided_by,
        "reason": one.reason,
        "signature": "" if one.signature is None else one.signature.hex(),
    }


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list) or len(values) > MOST or not all(isinstance(one, str) for one in values):
        raise ProtocolViolation(f"Documents of permits come as a list of at most {MOST:,} texts.")
    return values
