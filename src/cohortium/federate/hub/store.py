"""What the hub remembers: studies, runs, a checkpoint per step, results, and what happened. SQLite, crash-safe."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cohortium.errors import InvalidRequest
from cohortium.federate.study import Study, study_from_bytes
from cohortium.govern.ledger.outbox import OUTBOX, enter
from cohortium.govern.receipts.release import Release
from cohortium.privacy.database import Database, now
from cohortium.records import Result, State

QUEUED, WAITING, RUNNING, DONE, FAILED, CANCELLED = "queued", "waiting", "running", "done", "failed", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)
_TABLES = (
    """
CREATE TABLE IF NOT EXISTS runs (
  run TEXT PRIMARY KEY, token TEXT UNIQUE NOT NULL, study BLOB NOT NULL, digest TEXT NOT NULL, submitted TEXT NOT NULL,
  status TEXT NOT NULL, said TEXT NOT NULL DEFAULT '', facts TEXT NOT NULL DEFAULT '{}');
CREATE TABLE IF NOT EXISTS checkpoints (
  run TEXT NOT NULL, analysis TEXT NOT NULL, step INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (run, analysis));
CREATE TABLE IF NOT EXISTS results (
  run TEXT NOT NULL, analysis TEXT NOT NULL, result BLOB NOT NULL, PRIMARY KEY (run, analysis));
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS offers (
  run TEXT NOT NULL, site TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (run, site));
CREATE TABLE IF NOT EXISTS releases (
  run TEXT NOT NULL, analysis TEXT NOT NULL, place INTEGER NOT NULL, release TEXT NOT NULL,
  PRIMARY KEY (run, analysis));
CREATE TABLE IF NOT EXISTS held (
  run TEXT NOT NULL, analysis TEXT NOT NULL, release TEXT NOT NULL, since TEXT NOT NULL,
  decided TEXT, decided_by TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, analysis));
"""
    + OUTBOX
)


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a study: where it stands, and what was last said about it.

    said  : why it failed, where it did; ``error`` is the class of that reason.
    facts : the roster, the agreed schema and other things found out on the way, so that a restarted hub goes on.
    """

    run: str
    study: Study
    submitted: str
    status: str
    said: str
    facts: dict[str, Any]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A result in the airlock; ``decided`` is "released", "withheld", or nothing while it waits."""

    run: str
    analysis: str
    since: str
    decided: str
    decided_by: str
    reason: str


class HubStore:
    """The hub's memory in one SQLite file; every write is on disk before the call returns."""

    def __init__(self, path: Path, clock: Callable[[], str] = now) -> None:
        self.clock = clock
        self.database = Database(path, _TABLES)

    def submit(self, run: str, study: Study, token: str) -> Run:
        """Enter a run; a token that was used before gives the run that it made, so that a retry runs nothing twice."""
        with self.database.transaction() as database:
            done = database.execute(
                "INSERT OR IGNORE INTO runs (run, token, study, digest, submitted, status) VALUES (?, ?, ?, ?, ?, ?)",
                (run, token, study.to_bytes(), study.digest, at := self.clock(), QUEUED),
            )
            if done.rowcount:
                facts = {"study": study.digest, "researcher": study.researcher, "dataset": study.dataset}
                enter(database, {"event": "study submitted", "at": at, "run": run, **facts, "mode": study.mode})
            (known,) = database.execute("SELECT run FROM runs WHERE token = ?", (token,)).fetchone()
        return self.run(known)

    def run(self, run: str) -> Run:
        """The run of that name; raises InvalidRequest."""
        with self.database.reading() as database:
            row = database.execute(
                "SELECT run, study, submitted, status, said, facts FROM runs WHERE run = ?", (run,)
            ).fetchone()
        if row is None:
            raise InvalidRequest(f"There is no run '{run}'.")
        facts = json.loads(row[5])
        return Run(row[0], study_from_bytes(row[1]), row[2], row[3], row[4], facts, facts.get("error", ""))

    def runs(self, *statuses: str) -> list[Run]:
        """Runs in these states (all where none is given), the earliest first."""
        marks = ", ".join("?" for _ in statuses)
        only = f"WHERE status IN ({marks})" if statuses else ""
        with self.database.reading() as database:
            query = f"SELECT run FROM runs {only} ORDER BY submitted, rowid"  # noqa: S608 - marks are question marks
            names = [row[0] for row in database.execute(query, statuses)]
        return [self.run(name) for name in names]

    def set_status(self, run: str, status: str, said: str = "", error: str = "") -> None:
        """Where a run stands now, and the class of the error that it failed with; what has ended stays ended."""
        with self.database.reading() as database:
            if database.execute("SELECT status, said FROM runs WHERE run = ?", (run,)).fetchone() == (status, said):
                return  # while a run waits it says so twice a second
        with self.database.transaction() as database:
            marks = ", ".join("?" for _ in ENDED)
            changed = database.execute(
                f"UPDATE runs SET status = ?, said = ? WHERE run = ? AND status NOT IN ({marks})",  # noqa: S608
                (status, said, run, *ENDED),
            )
            if error and changed.rowcount:
                database.execute("UPDATE runs SET facts = json_set(facts, '$.error', ?) WHERE run = ?", (error, run))
            self._write(database, run, status, {"said": said, **({"error": error} if error else {})})

    def offered(self, run: str, sites: Iterable[str]) -> None:
        """Remember to whom a study is offered, before it is, so that they hear when its run is over."""
        rows = [(run, site) for site in sites]
        with self.database.transaction() as database:
            database.executemany("INSERT OR IGNORE INTO offers (run, site) VALUES (?, ?)", rows)

    def untold(self) -> dict[str, tuple[str, ...]]:
        """Runs that are over, and the sites that were offered them and have not heard of it."""
        marks = ", ".join("?" for _ in ENDED)
        found: dict[str, tuple[str, ...]] = {}
        with self.database.reading() as database:
            query = (
                "SELECT run, site FROM offers JOIN runs USING (run) "  # noqa: S608 - marks are question marks
                f"WHERE told = 0 AND status IN ({marks}) ORDER BY submitted, site"
            )
            for run, site in database.execute(query, ENDED):
                found[run] = (*found.get(run, ()), site)
        return found

    def told(self, run: str, sites: Iterable[str]) -> None:
        """Remember who has heard that a run is over."""
        with self.database.transaction() as database:
            database.executemany("UPDATE offers SET told = 1 WHERE run = ? AND site = ?", ((run, one) for one in sites))

    def set_facts(self, run: str, facts: dict[str, Any]) -> None:
        """Keep what was found out about a run."""
        with self.database.transaction() as database:
            database.execute("UPDATE runs SET facts = ? WHERE run = ?", (json.dumps(facts), run))

    def checkpoint(self, run: str, analysis: str, step: int, state: State) -> None:
        """Keep the state that comes before a step, in the place of the earlier one, and write down that it begins."""
        with self.database.transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)", (run, analysis, step, state.to_bytes())
            )
            self._write(database, run, "step", {"analysis": analysis, "step": step, "asks": state.step})

    def resume_from(self, run: str, analysis: str) -> tuple[int, State] | None:
        """The step that was last begun and the state before it; None where nothing was."""
        with self.database.reading() as database:
            row = database.execute(
                "SELECT step, state FROM checkpoints WHERE run = ? AND analysis = ?", (run, analysis)
            ).fetchone()
        return None if row is None else (row[0], State.from_bytes(row[1]))

    def finish(self, run: str, analysis: str, result: Result, release: Release, *, held: bool = False) -> None:
        """Keep the answer of an analysis and enter its release; its checkpoint is no longer needed.

        held : whether it waits for a person instead: see ``airlock``.
        """
        with self.database.transaction() as database:
            database.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", (run, analysis, result.to_bytes()))
            if held:
                row = (run, analysis, json.dumps(release.to_plain()), self.clock())
                database.execute("INSERT INTO held (run, analysis, release, since) VALUES (?, ?, ?, ?)", row)
                self._write(database, run, "waits for a reviewer", {"analysis": analysis})
            else:
                self._release(database, run, analysis, release)
            database.execute("DELETE FROM checkpoints WHERE run = ? AND analysis = ?", (run, analysis))

    def results(self, run: str) -> dict[str, Result]:
        """The answers so far, by the analysis' name."""
        with self.database.reading() as database:
            rows = database.execute(
                "SELECT analysis, result FROM results WHERE run = ? ORDER BY rowid", (run,)
            ).fetchall()
        return {name: Result.from_bytes(data) for name, data in rows}

    def held(self, run: str = "") -> list[Held]:
        """Results that wait or waited for a person, of one run or of all, the latest first."""
        with self.database.reading() as database:
            rows = database.execute(
                "SELECT run, analysis, since, coalesce(decided, ''), decided_by, reason FROM held "
                "WHERE ? IN ('', run) ORDER BY since DESC, run, analysis",
                (run,),
            ).fetchall()
        return [Held(*row) for row in rows]

    def review(self, run: str, analysis: str, *, lets_out: bool, by: str, reason: str) -> None:
        """Let a result that waits out, or keep it for good; with a reason, which its researcher sees.

        Raises : InvalidRequest without a reason, or where nothing of that name waits.
        """
        if not reason.strip():
            raise InvalidRequest("A result is let out or kept with a reason; say it.")
        decided, at = "released" if lets_out else "withheld", self.clock()
        with self.database.transaction() as database:
            row = database.execute(
                "SELECT release FROM held WHERE run = ? AND analysis = ? AND decided IS NULL", (run, analysis)
            ).fetchone()
            if row is None:
                raise InvalidRequest(f"No result '{analysis}' of run '{run}' waits for a reviewer.")
            database.execute(
                "UPDATE held SET decided = ?, decided_by = ?, reason = ? WHERE run = ? AND analysis = ?",
                (decided, by, reason, run, analysis),
            )
            told = {"analysis": analysis, "by": by, "reason": reason}
            self._write(database, run, f"{decided} by a reviewer", told)
            if lets_out:
                release = Release.from_plain(json.loads(row[0]))
                verdicts = {**release.verdicts, "reviewer": f"released by {by}: {reason}"}
                self._release(database, run, analysis, replace(release, at=at, verdicts=verdicts))

    def released_results(self, run: str) -> dict[str, Result]:
        """The answers that the researcher may have, by the analysis' name."""
        kept_in = {one.analysis for one in self.held(run) if one.decided != "released"}
        return {name: result for name, result in self.results(run).items() if name not in kept_in}

    def _release(self, database: sqlite3.Connection, run: str, analysis: str, release: Release) -> None:
        place = enter(database, release.event())
        row = (run, analysis, place, json.dumps(release.to_plain()))
        database.execute("INSERT OR REPLACE INTO releases VALUES (?, ?, ?, ?)", row)

    def release(self, run: str, analysis: str) -> tuple[int, Release]:
        """The release of an answer and its place in the ledger; raises InvalidRequest where there is none."""
        with self.database.reading() as database:
            row = database.execute(
                "SELECT place, release FROM releases WHERE run = ? AND analysis = ?", (run, analysis)
            ).fetchone()
        if row is None:
            raise InvalidRequest(f"There is no release of '{analysis}' (yet).")
        return int(row[0]), Release.from_plain(json.loads(row[1]))

    def enter(self, what: str, detail: dict[str, Any]) -> None:
        """Enter an event of no run into the outbox of the ledger."""
        with self.database.transaction() as database:
            enter(database, {"event": what, "at": self.clock(), **detail})

    def record(self, run: str, what: str, detail: dict[str, Any]) -> None:
        """Write down something that happened."""
        with self.database.transaction() as database:
            self._write(database, run, what, detail)

    def events(self, run: str, after: int = 0) -> list[tuple[int, str, str, dict[str, Any]]]:
        """What happened since event ``after``: number, time, what, details."""
        with self.database.reading() as database:
            rows = database.execute(
                "SELECT id, at, what, detail FROM events WHERE run = ? AND id > ? ORDER BY id", (run, after)
            ).fetchall()
        return [(number, at, what, json.loads(detail)) for number, at, what, detail in rows]

    def _write(self, database: sqlite3.Connection, run: str, what: str, detail: dict[str, Any]) -> None:
        """What those who watch a run see; into the outbox of the ledger all but that it goes on and waits."""
        at = self.clock()
        database.execute(
            "INSERT INTO events (run, at, what, detail) VALUES (?, ?, ?, ?)", (run, at, what, json.dumps(detail))
        )
        if what not in (RUNNING, WAITING):
            enter(database, {"event": f"run: {what}", "at": at, "run": run, **detail})
