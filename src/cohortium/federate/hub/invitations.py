"""Who may join: one-time tokens for nodes, lasting tokens for researchers. Only their hashes are kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.privacy.database import Database

PREFIX = "cht1_"
VALID_HOURS = 48
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_TABLES = """
CREATE TABLE IF NOT EXISTS invitations (
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, expires TEXT NOT NULL, used TEXT);
CREATE TABLE IF NOT EXISTS researchers (hash TEXT PRIMARY KEY, name TEXT UNIQUE NOT NULL, made TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS nodes (site TEXT PRIMARY KEY, certificate TEXT NOT NULL, enrolled TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Token:
    """What an invited person types: where the hub is, how to know it, and the secret.

    authority : SHA-256 of the certificate of the hub's authority, so that nobody else can pose as the hub.
    """

    url: str
    authority: str
    name: str
    secret: str

    def to_text(self) -> str:
        """As it is handed over."""
        plain = json.dumps([self.url, self.authority, self.name, self.secret], separators=(",", ":"))
        return PREFIX + base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> Token:
        """What ``to_text`` made; raises InvalidRequest."""
        try:
            encoded = text.strip().removeprefix(PREFIX)
            return cls(*json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))
        except (ValueError, TypeError, binascii.Error) as error:
            raise InvalidRequest(f"That is no token; one starts with {PREFIX} and is copied whole.") from error


def utc_now() -> datetime:
    """The clock that is used where no other is given."""
    return datetime.now(UTC)


class Invitations:
    """The hub's list of who was invited and who has joined."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self.database, self.clock = Database(path, _TABLES), clock

    def invite_node(self, site: str) -> str:
        """The secret with which a node of this name may enrol once, within 48 hours."""
        _check_name(site)
        secret = secrets.token_urlsafe(32)
        with self.database.transaction() as database:
            if database.execute("SELECT 1 FROM nodes WHERE site = ?", (site,)).fetchone():
                raise InvalidRequest(f"A node '{site}' is enrolled already. Choose another name, or remove it first.")
            expires = (self.clock() + timedelta(hours=VALID_HOURS)).isoformat()
            row = (_hash(secret), "node", site, expires)
            database.execute("INSERT INTO invitations (hash, kind, name, expires) VALUES (?, ?, ?, ?)", row)
        return secret

    def use(self, secret: str) -> str:
        """The name that the secret invites; it works once.

        Raises : PermitDenied where it is unknown, used or too old; the message does not say which.
        """
        with self.database.transaction() as database:
            row = database.execute(
                "SELECT name, expires FROM invitations WHERE hash = ? AND used IS NULL", (_hash(secret),)
            ).fetchone()
            if row is None or datetime.fromisoformat(row[1]) < self.clock():
                raise PermitDenied("This token is unknown, was used, or has expired. Ask the hub for a new one.")
            database.execute(
                "UPDATE invitations SET used = ? WHERE hash = ?", (self.clock().isoformat(), _hash(secret))
            )
        return str(row[0])

    def enrolled(self, site: str, certificate: str) -> None:
        """Remember a node that has joined, and its certificate."""
        with self.database.transaction() as database:
            row = (site, certificate, self.clock().isoformat())
            database.execute("INSERT OR REPLACE INTO nodes VALUES (?, ?, ?)", row)

    def remove_node(self, site: str) -> None:
        """Ask this node no more where a study names no sites; raises InvalidRequest where there is none of the name."""
        with self.database.transaction() as database:
            if not database.execute("DELETE FROM nodes WHERE site = ?", (site,)).rowcount:
                raise InvalidRequest(f"No node '{site}' is enrolled.")

    def nodes(self) -> dict[str, str]:
        """Certificates (PEM) of the nodes that have joined, by name."""
        with self.database.reading() as database:
            return dict(database.execute("SELECT site, certificate FROM nodes ORDER BY site"))

    def invite_researcher(self, name: str) -> str:
        """A secret that proves to be this researcher until another is made for the name."""
        _check_name(name)
        secret = secrets.token_urlsafe(32)
        with self.database.transaction() as database:
            database.execute("DELETE FROM researchers WHERE name = ?", (name,))
            database.execute(
                "INSERT INTO researchers VALUES (?, ?, ?)", (_hash(secret), name, self.clock().isoformat())
            )
        return secret

    def researcher(self, secret: str) -> str:
        """The researcher whose secret this is; raises PermitDenied."""
        with self.database.reading() as database:
            row = database.execute("SELECT name FROM researchers WHERE hash = ?", (_hash(secret),)).fetchone()
        if row is None:
            raise PermitDenied(
                "This token is no researcher's of this hub, or a newer one was made for the name. Ask its operator."
            )
        return str(row[0])


def _hash(secret: str) -> str:
    # the secret has 256 random bits: a plain hash is enough, nobody can try them all
    return hashlib.sha256(secret.encode()).hexdigest()


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidRequest(f"'{name}' is no name: letters, digits, dot, dash and underscore, at most 63.")
