"""The authority's register of applications: every act kept in order, signed documents once granted, and revocations.

Each act goes into the outbox of the ledger in the transaction that keeps it. The authority signs a permit when the
hospitals whose data it is about have agreed and signed; a hospital's signature counts for the text that it has seen.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from cohortium.crypto.keys import Identity
from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.govern.ledger.outbox import OUTBOX, enter
from cohortium.govern.permits.document import PermitDocument
from cohortium.govern.permits.dossier import Act, Deed, Dossier, State, act_from_plain
from cohortium.govern.permits.permit import permit_from_plain
from cohortium.govern.permits.revocations import Revocations
from cohortium.privacy.database import Database, now

REGISTER = """
CREATE TABLE IF NOT EXISTS permit_numbers (year INTEGER PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS dossiers (
  number TEXT PRIMARY KEY, applicant TEXT NOT NULL, first TEXT NOT NULL, approvers TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS permit_acts (
  number TEXT NOT NULL, place INTEGER NOT NULL, act TEXT NOT NULL, PRIMARY KEY (number, place));
CREATE TABLE IF NOT EXISTS permit_signatures (
  number TEXT NOT NULL, digest TEXT NOT NULL, signer TEXT NOT NULL, signature BLOB NOT NULL,
  PRIMARY KEY (number, digest, signer));
CREATE TABLE IF NOT EXISTS revocation_lists (serial INTEGER PRIMARY KEY, list TEXT NOT NULL);
"""
_CHANGE_THE_LIST = (Deed.SUSPEND, Deed.RESUME, Deed.REVOKE)


class Register:
    """Applications in a database that has an outbox.

    name     : under which the authority signs, such as "hub/registry".
    identity : its key.
    """

    def __init__(self, database: Database, name: str, identity: Identity, clock: Callable[[], str] = now) -> None:
        self.database, self.name, self.identity, self.clock = database, name, identity, clock
        with database.transaction() as connection:
            for statement in (REGISTER + OUTBOX).split(";"):
                if statement.strip():
                    connection.execute(statement)

    def draft(self, asked: Mapping[str, Any], approvers: Mapping[str, int] | None = None) -> Dossier:
        """A new application, not yet submitted; the authority gives it its number.

        asked     : the permit's parts as JSON values, without "number".
        approvers : how many persons of each hospital must agree, where it is more than one.
        """
        at = self.clock()
        with self.database.transaction() as database:
            permit = permit_from_plain({**asked, "number": self._next_number(database, int(at[:4]))})
            if permit.renews:
                earlier = self._dossier(database, permit.renews)
                if earlier.permit.applicant.account != permit.applicant.account:
                    raise PermitDenied(f"Only its holder renews {permit.renews}.")
            dossier = Dossier(permit, (), tuple(sorted((approvers or {}).items())))
            row = (permit.number, permit.applicant.account, json.dumps(permit.to_plain()))
            database.execute("INSERT INTO dossiers VALUES (?, ?, ?, ?)", (*row, json.dumps(dict(dossier.approvers))))
            told = {"permit": permit.number, "digest": PermitDocument.of(permit).digest}
            enter(database, {"event": "permit drafted", "at": at, "by": permit.applicant.account, **told})
        return dossier

    def act(
        self,
        number: str,
        deed: Deed,
        by: str,
        *,
        site: str = "",
        reason: str = "",
        asked: Mapping[str, Any] | None = None,
        signed: tuple[str, bytes] | None = None,
    ) -> Dossier:
        """One act more.

        asked  : what is asked for from now on, where it is an edit.
        signed : signer and signature of a hospital that agrees, already checked against its key by the caller.
        Raises : PermitDenied where it is not allowed; InvalidRequest for an unknown number or a missing reason.
        """
        at = self.clock()
        with self.database.transaction() as database:
            before = self._dossier(database, number)
            permit = None if asked is None else permit_from_plain({**asked, "number": number})
            act = Act(deed, by, at, site, reason, permit)
            dossier = before.after(act, _today(at))
            database.execute(
                "INSERT INTO permit_acts VALUES (?, ?, ?)", (number, len(before.acts), json.dumps(act.to_plain()))
            )
            document = PermitDocument.of(dossier.permit)
            if signed is not None:
                self._keep_signature(database, number, document, *signed)
            if deed is Deed.AGREE and dossier.state(_today(at)) is State.GRANTED:
                own = document.signed(self.name, self.identity).signatures[self.name]
                self._keep_signature(database, number, document, self.name, own)
            if deed in _CHANGE_THE_LIST:
                self._renew_list(database, at)
            event = {"event": f"permit: {deed.value}", "at": at, "permit": number, "digest": document.digest, "by": by}
            state = dossier.state(_today(at)).value
            enter(database, {**event, "site": site, "reason": reason, "state": state})
        return dossier

    def dossier(self, number: str) -> Dossier:
        """The application of that number; raises InvalidRequest."""
        with self.database.reading() as database:
            return self._dossier(database, number)

    def dossiers(self, applicant: str = "") -> list[Dossier]:
        """All applications, or one person's, the latest first."""
        with self.database.reading() as database:
            only = "WHERE applicant = ?" if applicant else ""
            query = f"SELECT number FROM dossiers {only} ORDER BY rowid DESC"  # noqa: S608 - a fixed text
            numbers = [number for (number,) in database.execute(query, (applicant,) if applicant else ())]
            return [self._dossier(database, number) for number in numbers]

    def document(self, number: str) -> PermitDocument:
        """The permit with the signatures under its present text."""
        with self.database.reading() as database:
            document = PermitDocument.of(self._dossier(database, number).permit)
            rows = database.execute(
                "SELECT signer, signature FROM permit_signatures WHERE number = ? AND digest = ? ORDER BY signer",
                (number, document.digest),
            )
            return replace(document, signatures=dict(rows.fetchall()))

    def revocations(self) -> str:
        """The newest list of suspended and revoked permits, signed; empty where there was never one."""
        with self.database.reading() as database:
            row = database.execute("SELECT list FROM revocation_lists ORDER BY serial DESC LIMIT 1").fetchone()
        return "" if row is None else str(row[0])

    def _next_number(self, database: sqlite3.Connection, year: int) -> str:
        database.execute("INSERT OR IGNORE INTO permit_numbers VALUES (?, 0)", (year,))
        database.execute("UPDATE permit_numbers SET last = last + 1 WHERE year = ?", (year,))
        (last,) = database.execute("SELECT last FROM permit_numbers WHERE year = ?", (year,)).fetchone()
        return f"P-{year}-{last:04d}"

    def _dossier(self, database: sqlite3.Connection, number: str) -> Dossier:
        row = database.execute("SELECT first, approvers FROM dossiers WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise InvalidRequest(f"There is no application '{number}'.")
        rows = database.execute("SELECT act FROM permit_acts WHERE number = ? ORDER BY place", (number,)).fetchall()
        acts = tuple(act_from_plain(json.loads(text)) for (text,) in rows)
        first = permit_from_plain(json.loads(row[0]))
        now_asked = next((act.permit for act in reversed(acts) if act.permit is not None), first)
        return Dossier(now_asked, acts, tuple(sorted(json.loads(row[1]).items())))

    def _keep_signature(
        self, database: sqlite3.Connection, number: str, document: PermitDocument, signer: str, signature: bytes
    ) -> None:
        row = (number, document.digest, signer, signature)
        database.execute("INSERT OR REPLACE INTO permit_signatures VALUES (?, ?, ?, ?)", row)

    def _renew_list(self, database: sqlite3.Connection, at: str) -> None:
        today = _today(at)
        numbers = [number for (number,) in database.execute("SELECT number FROM dossiers ORDER BY rowid")]
        states = {number: self._dossier(database, number).state(today) for number in numbers}
        (serial,) = database.execute("SELECT coalesce(max(serial), 0) + 1 FROM revocation_lists").fetchone()
        listed = Revocations(
            serial,
            at,
            tuple(number for number, state in states.items() if state is State.SUSPENDED),
            tuple(number for number, state in states.items() if state is State.REVOKED),
        )
        database.execute("INSERT INTO revocation_lists VALUES (?, ?)", (serial, listed.signed(self.identity)))


def _today(at: str) -> date:
    return datetime.fromisoformat(at).astimezone(UTC).date()
