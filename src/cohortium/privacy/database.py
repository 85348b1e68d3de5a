"""A SQLite file in which every write is whole, and on disk before the call returns."""

from __future__ import annotations

import sqlite3
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cohortium.errors import TargetUnwritable

_FREE, _OWN = "free space on its disk", "see that this account may write to its folder, and that its disk has space"
_ADVICE = {
    sqlite3.SQLITE_FULL: _FREE,
    sqlite3.SQLITE_IOERR: _FREE,
    sqlite3.SQLITE_READONLY: _OWN,
    sqlite3.SQLITE_CANTOPEN: _OWN,
}
"""What to do about a fault of the disk, by SQLite's code."""

MOST_IDLE = 2


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Database:
    """One SQLite file with these tables, made where they are missing; several may share a file.

    Write-ahead log with full synchronisation: what a transaction wrote survives a kill and a power cut.
    Raises : every use TargetUnwritable where the disk is full or fails; what was written before is as it was.
    """

    def __init__(self, path: Path, tables: str) -> None:
        self.path = path
        self._idle: deque[sqlite3.Connection] = deque()
        weakref.finalize(self, _close, self._idle)
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened() as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.executescript(tables)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A look that changes nothing and waits for no writer."""
        with self._opened() as database:
            yield database

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; others wait for up to 30 s."""
        with self._opened() as database:
            database.execute("PRAGMA synchronous=FULL")
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                if database.in_transaction:  # a full disk makes SQLite roll back by itself
                    database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        """One that is not in use; closing the last one of a file would write its whole log back every time."""
        try:
            return self._idle.pop()
        except IndexError:
            return sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            database = self._connection()
            try:
                yield database
            except BaseException:
                database.close()
                raise
            if len(self._idle) < MOST_IDLE:
                self._idle.append(database)
            else:
                database.close()
        except sqlite3.OperationalError as error:
            kind = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the other bytes say where it happened
            if kind not in _ADVICE:
                raise
            raise TargetUnwritable(
                f"{self.path.name} cannot be written: {error}. Nothing of it was changed; {_ADVICE[kind]}."
            ) from error


def _close(connections: deque[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()
