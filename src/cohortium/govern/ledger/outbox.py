"""Events on their way into the log: written down together with what they tell of, so that both are kept or neither.

An event is entered within the transaction that makes it true. Its number in the database is its place in the log, so
that after a crash whatever the log lacks follows from the two alone, and nothing is in it twice.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from cohortium.errors import ProtocolViolation, TargetUnwritable
from cohortium.govern.ledger.canonical import canonical
from cohortium.govern.ledger.log import Log
from cohortium.govern.ledger.tiles import MOST_BYTES
from cohortium.privacy.database import Database

OUTBOX = "CREATE TABLE IF NOT EXISTS ledger_outbox (place INTEGER PRIMARY KEY, event BLOB NOT NULL);\n"
"""The table that a database with an outbox has."""
AT_ONCE = 4_096
"""Events that are put into the log together."""


def enter(database: sqlite3.Connection, event: Mapping[str, Any]) -> int:
    """Write down an event, within a transaction that is begun, and return its place in the log.

    event : JSON values with at least "event", what kind it is, and "at", the time in UTC (ISO 8601): digests, names of
            accounts and of datasets, rounded counts; never a patient's value. Of one that is too long for the log its
            digest is entered.
    """
    entry = canonical(dict(event))
    if len(entry) > MOST_BYTES:
        named = {"event": event["event"], "at": event["at"]}
        entry = canonical({**named, "bytes": len(entry), "sha256": hashlib.sha256(entry).hexdigest()})
    (place,) = database.execute("SELECT coalesce(max(place) + 1, 0) FROM ledger_outbox").fetchone()
    database.execute("INSERT INTO ledger_outbox VALUES (?, ?)", (place, entry))
    return int(place)


class Recorder:
    """Puts what waits in a database's outbox into a log, at once or in the background.

    Several processes may do so for one database and log at the same time.
    """

    def __init__(self, database: Database, log: Log) -> None:
        self.database, self.log = database, log
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.fault: TargetUnwritable | None = None

    def settle(self) -> int:
        """Put everything that waits into the log, and return the log's size.

        Raises : TargetUnwritable where the disk is full: what waits goes on waiting; ProtocolViolation where the
                 log has events that the database has not, so that one of the two was set back to an earlier state.
        """
        while len(done := self.log.append_from(self._waiting)) == AT_ONCE:
            pass
        return done.stop

    def _waiting(self, size: int) -> Sequence[bytes]:
        with self.database.reading() as database:
            (entered,) = database.execute("SELECT coalesce(max(place) + 1, 0) FROM ledger_outbox").fetchone()
            if entered < size:
                raise ProtocolViolation(
                    f"The ledger has {size:,} events and the database knows of {entered:,}: it was set back to an "
                    "earlier state. Restore both from the same back-up."
                )
            rows = database.execute(
                "SELECT event FROM ledger_outbox WHERE place >= ? ORDER BY place LIMIT ?", (size, AT_ONCE)
            ).fetchall()
        if len(rows) < min(entered - size, AT_ONCE):
            raise ProtocolViolation(
                "Events are missing between the ledger and the database: one of them was set back to an earlier state. "
                "Restore both from the same back-up."
            )
        return [event for (event,) in rows]

    def tidy(self) -> None:
        """Remove from the database what is in the log, but for the last event, from which numbers go on."""
        size = self.log.checkpoint().size
        with self.database.transaction() as database:
            database.execute("DELETE FROM ledger_outbox WHERE place < ?", (size - 1,))

    def start(self, every_s: float = 1.0) -> None:
        """Settle in the background until ``stop``; a disk that is full is tried again, and kept in ``fault``."""
        self._thread = threading.Thread(target=self._go_on, args=(every_s,), name="ledger", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the background, and settle once more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self.settle()

    def _go_on(self, every_s: float) -> None:
        while not self._ended.wait(every_s):
            try:
                self.settle()
                self.fault = None
            except TargetUnwritable as error:
                self.fault = error
