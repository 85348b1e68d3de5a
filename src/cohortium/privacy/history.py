"""What a researcher has been told about a dataset: who stood behind each answer, and the answers themselves."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import DisclosureRefused
from cohortium.privacy.cohort_differences import bitmap, isolates
from cohortium.privacy.database import Database, now

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

_TABLES = """
CREATE TABLE IF NOT EXISTS registers (dataset TEXT PRIMARY KEY, tokens BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS cohorts (
  id INTEGER PRIMARY KEY, dataset TEXT NOT NULL, researcher TEXT NOT NULL, digest TEXT NOT NULL,
  members BLOB NOT NULL, first_at TEXT NOT NULL, UNIQUE (dataset, researcher, digest));
CREATE TABLE IF NOT EXISTS answers (
  cohort INTEGER NOT NULL REFERENCES cohorts (id), question TEXT NOT NULL, at TEXT NOT NULL, answer BLOB,
  PRIMARY KEY (cohort, question));
"""
ANYBODY = "*"
REMEMBERED = 400
"""Cohorts of one researcher and dataset that a new one is held against; further ones are refused, not forgotten."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question whose cohort was let through.

    cohort : where ``QueryHistory.keep`` puts the answer.
    answer : what was answered before, to be given again as it is; None where the question is new.
    """

    cohort: int
    question: str
    answer: bytes | None


class QueryHistory:
    """The histories of one node, in SQLite; a cohort is on disk before anything about it is answered.

    fewest   : combinations of answers that leave 1 to ``fewest`` - 1 persons are refused.
    together : whether researchers count as one, for a dataset whose researchers may talk to each other.
    """

    def __init__(self, path: Path, *, fewest: int = 10, together: bool = False, clock: Callable[[], str] = now) -> None:
        self.fewest, self.together, self.clock = fewest, together, clock
        self.database = Database(path, _TABLES)

    def admit(self, researcher: str, dataset: str, question: str, tokens: NDArray[np.uint64]) -> Asked:
        """Let a question about the persons with these ``tokens`` through, and remember that it was.

        question : digest of what is asked for (algorithm, settings, state); the same question about the same persons
                   has the same answer, so that noise cannot be averaged away.
        Raises   : DisclosureRefused where earlier answers together with this one would be about few persons.
        Limits   : combinations of more than three cohorts are not looked for, and researchers who share answers are
                   one only where ``together``; a person whose record has changed is the same person.
        """
        who = ANYBODY if self.together else researcher
        ordered = np.unique(tokens).astype("<u8", copy=False)
        digest = hashlib.sha256(ordered.data).hexdigest()
        with self.database.transaction() as database:
            cohort = self._known(database, who, dataset, digest)
            if cohort is None:
                cohort = self._enter(database, who, dataset, digest, ordered)
            key = (cohort, question)
            row = database.execute("SELECT answer FROM answers WHERE cohort = ? AND question = ?", key).fetchone()
            if row is None:
                database.execute("INSERT INTO answers VALUES (?, ?, ?, NULL)", (cohort, question, self.clock()))
        return Asked(cohort, question, None if row is None else row[0])

    def keep(self, asked: Asked, answer: bytes) -> bytes:
        """The answer that leaves: the one kept before, or else this one, which is on disk from then on."""
        key = (asked.cohort, asked.question)
        with self.database.transaction() as database:
            database.execute(
                "UPDATE answers SET answer = ? WHERE cohort = ? AND question = ? AND answer IS NULL", (answer, *key)
            )
            row = database.execute("SELECT answer FROM answers WHERE cohort = ? AND question = ?", key).fetchone()
        return bytes(row[0])

    def _known(self, database: sqlite3.Connection, who: str, dataset: str, digest: str) -> int | None:
        row = database.execute(
            "SELECT id FROM cohorts WHERE dataset = ? AND researcher = ? AND digest = ?", (dataset, who, digest)
        ).fetchone()
        return None if row is None else int(row[0])

    def _enter(
        self, database: sqlite3.Connection, who: str, dataset: str, digest: str, tokens: NDArray[np.uint64]
    ) -> int:
        places, persons = self._places(database, dataset, tokens)
        rows = database.execute("SELECT members FROM cohorts WHERE dataset = ? AND researcher = ?", (dataset, who))
        earlier = [np.frombuffer(zlib.decompress(members), dtype="<u8") for (members,) in rows]
        if len(earlier) >= REMEMBERED:
            raise DisclosureRefused(
                f"Query history: {REMEMBERED} different cohorts of '{dataset}' were answered, as many as can be held "
                "against each other. Repeat earlier questions, or ask the steward to open a new permit."
            )
        members = bitmap(places, persons)
        if isolates(members, earlier, self.fewest):
            raise DisclosureRefused(
                f"Differencing: together with earlier answers about '{dataset}', this one would be about fewer than "
                f"{self.fewest} persons. Ask about the cohort of an earlier question, or change it by at least "
                f"{self.fewest} persons."
            )
        packed = zlib.compress(members.astype("<u8").tobytes(), 6)
        values = (dataset, who, digest, packed, self.clock())
        entered = database.execute(
            "INSERT INTO cohorts (dataset, researcher, digest, members, first_at) VALUES (?, ?, ?, ?, ?)", values
        )
        return int(entered.lastrowid or 0)

    @staticmethod
    def _places(
        database: sqlite3.Connection, dataset: str, tokens: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int64], int]:
        """Places of the rising ``tokens`` in the dataset's register, to whose end new ones go, and its length."""
        row = database.execute("SELECT tokens FROM registers WHERE dataset = ?", (dataset,)).fetchone()
        known = np.frombuffer(row[0] if row else b"", dtype="<u8")
        order = np.argsort(known)
        found = np.searchsorted(known, tokens, sorter=order)
        is_new = np.ones(len(tokens), dtype=np.bool_)
        inside = found < len(known)
        is_new[inside] = known[order[found[inside]]] != tokens[inside]
        places = np.empty(len(tokens), dtype=np.int64)
        places[~is_new] = order[found[~is_new]]
        places[is_new] = len(known) + np.arange(int(is_new.sum()))
        if is_new.any():
            register = np.concatenate([known, tokens[is_new]])
            database.execute("INSERT OR REPLACE INTO registers VALUES (?, ?)", (dataset, register.data))
        return places, len(known) + int(is_new.sum())
