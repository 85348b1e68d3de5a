"""Somebody else who watches a log: cosigns its checkpoints as long as each goes on from the last.

A log that shows two people two histories needs its witnesses' words under both; an honest witness gives one.
Source : C2SP tlog-witness and tlog-cosignature.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from cohortium.crypto.keys import Identity
from cohortium.errors import ProtocolViolation
from cohortium.govern.ledger import merkle
from cohortium.govern.ledger.checkpoint import Checkpoint, cosigned
from cohortium.govern.ledger.signed_note import COSIGNED, NoteKey, SignedNote


class Witness:
    """Remembers the newest checkpoint of each log that it knows, in a file, before it puts its name under it.

    path     : SQLite file, made where there is none.
    name     : under which it signs, such as hospital.example/witness.
    identity : its key, which is that of no log.
    clock    : seconds since 1970.
    """

    def __init__(self, path: Path, name: str, identity: Identity, clock: Callable[[], float] = time.time) -> None:
        self.path, self.name, self._identity, self._clock = path, name, identity, clock
        self.key = NoteKey(name, identity.public, COSIGNED)
        with self._database() as database:
            database.execute("CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER, root BLOB)")
            database.execute("CREATE TABLE IF NOT EXISTS keys (origin TEXT PRIMARY KEY, key TEXT NOT NULL)")

    def seen(self, origin: str) -> tuple[int, bytes]:
        """Size and root of the newest checkpoint of a log that it cosigned; 0 and the empty root before the first."""
        with self._database() as database:
            row = database.execute("SELECT size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
        return (0, merkle.EMPTY_ROOT) if row is None else (int(row[0]), bytes(row[1]))

    def pin(self, key: NoteKey) -> None:
        """Remember the key of a log or of another witness at first sight; later it must be the same.

        Raises : ProtocolViolation where it is not.
        """
        with self._database() as database:
            database.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (key.name, str(key)))
            (known,) = database.execute("SELECT key FROM keys WHERE origin = ?", (key.name,)).fetchone()
        if known != str(key):
            raise ProtocolViolation(
                f"'{key.name}' has another key than when it was first seen: it was made anew, or somebody poses as it. "
                "Ask its owner."
            )

    def known_keys(self) -> tuple[NoteKey, ...]:
        """Keys that it has seen, of logs and of other witnesses."""
        with self._database() as database:
            return tuple(NoteKey.parse(key) for (key,) in database.execute("SELECT key FROM keys ORDER BY origin"))

    def cosign(self, note: SignedNote, key: NoteKey, proof: Sequence[bytes]) -> SignedNote:
        """The checkpoint with this witness's word, where it goes on from the last one.

        key    : of the log, known from elsewhere.
        proof  : of consistency with the size that ``seen`` tells.
        Raises : ProtocolViolation where it is not signed by the log, is older, or has another history; then the log
                 has lost or changed entries, and somebody must be told.
        """
        if not note.signers([key]):
            raise ProtocolViolation(f"The checkpoint is not signed by '{key.name}'.")
        found = Checkpoint.of(note)
        if found.origin != key.name:
            raise ProtocolViolation(f"The checkpoint is of '{found.origin}', its key is that of '{key.name}'.")
        with self._database() as database:
            database.execute("BEGIN IMMEDIATE")
            row = database.execute("SELECT size, root FROM seen WHERE origin = ?", (found.origin,)).fetchone()
            size, root = (0, merkle.EMPTY_ROOT) if row is None else (int(row[0]), bytes(row[1]))
            if found.size < size:
                raise ProtocolViolation(
                    f"'{found.origin}' shows {found.size:,} entries, and had shown {size:,}: it was set back."
                )
            if not merkle.is_consistent(size, found.size, proof, root, found.root):
                raise ProtocolViolation(
                    f"The first {size:,} entries of '{found.origin}' are not those that it had shown: its "
                    "history was changed."
                )
            database.execute("REPLACE INTO seen VALUES (?, ?, ?)", (found.origin, found.size, found.root))
            database.execute("COMMIT")
        return cosigned(note, self.name, self._identity, int(self._clock()))

    def _database(self) -> closing[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        connection.execute("PRAGMA synchronous = FULL")
        return closing(connection)
