"""What a node remembers: studies and decisions, standing rules, what left. SQLite, crash-safe."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cohortium.errors import DisclosureRefused, InvalidRequest, ProtocolViolation
from cohortium.federate.node.decisions import APPROVED, PENDING, REFUSED, VOID, WITHDRAWN, Received, Rule
from cohortium.federate.study import Study, study_from_bytes
from cohortium.govern.ledger.outbox import OUTBOX, enter
from cohortium.privacy.database import Database, now
from cohortium.records import name_of

_TABLES = (
    """
CREATE TABLE IF NOT EXISTS studies (
  digest TEXT PRIMARY KEY, study BLOB NOT NULL, researcher TEXT NOT NULL, received TEXT NOT NULL,
  decision TEXT NOT NULL, decided TEXT, decided_by TEXT, reason TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS rules (
  id INTEGER PRIMARY KEY, rule TEXT NOT NULL, made TEXT NOT NULL, made_by TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS steps (
  run TEXT NOT NULL, step INTEGER NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL, roster TEXT NOT NULL,
  left_at TEXT NOT NULL, bytes INTEGER NOT NULL, persons_rounded INTEGER NOT NULL,
  PRIMARY KEY (run, step, roster));
CREATE TABLE IF NOT EXISTS peers (site TEXT PRIMARY KEY, public TEXT NOT NULL, first_seen TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rosters (
  dataset TEXT NOT NULL, columns TEXT NOT NULL, sites TEXT NOT NULL, first TEXT NOT NULL,
  PRIMARY KEY (dataset, columns, sites));
CREATE TABLE IF NOT EXISTS log (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL);
"""
    + OUTBOX
)


class NodeStore:
    """The node's memory in one SQLite file; every write is on disk before the call returns."""

    def __init__(self, path: Path, clock: Callable[[], str] = now) -> None:
        self.clock = clock
        self.database = Database(path, _TABLES)

    def receive(self, study: Study, names: tuple[str, ...]) -> Received:
        """Remember a study; a standing rule may approve it at once, otherwise it waits for the steward.

        One that was withdrawn or void waits again; one that was decided stays as it was decided.
        """
        with self.database.transaction() as database:
            found = database.execute("SELECT decision FROM studies WHERE digest = ?", (study.digest,)).fetchone()
            if found is None or found[0] in (WITHDRAWN, VOID):
                rules = [self._rule(text) for (text,) in database.execute("SELECT rule FROM rules")]
                covered = any(rule.covers(study, names) for rule in rules)
                database.execute(
                    "INSERT OR REPLACE INTO studies VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        study.digest, study.to_bytes(), study.researcher, self.clock(),
                        APPROVED if covered else PENDING, self.clock() if covered else None,
                        "a standing rule" if covered else None, "",
                    ),
                )  # fmt: skip
                said = {"study": study.digest, "researcher": study.researcher, "dataset": study.dataset}
                decided = "approved by a standing rule" if covered else "waits for the steward"
                enter(database, {"event": "study received", "at": self.clock(), **said, "decision": decided})
            if found is not None and found[0] in (WITHDRAWN, VOID):
                self._write(database, "asked for again", {"study": study.digest, "reason": f"it was {found[0]}"})
        return self.study(study.digest)

    def withdraw(self, digest: str, reason: str) -> None:
        """Nobody asks for a study any more: where it still waits for a decision, it leaves the inbox."""
        with self.database.transaction() as database:
            changed = database.execute(
                "UPDATE studies SET decision = ?, decided = ?, reason = ? WHERE digest = ? AND decision = ?",
                (WITHDRAWN, self.clock(), reason, digest, PENDING),
            )
            if changed.rowcount:
                self._write(database, WITHDRAWN, {"study": digest, "reason": reason})

    def retire(self, dataset: str, by: str) -> tuple[list[Received], list[Rule]]:
        """Make void what hangs on a dataset that is not published any more: approvals, waiting studies, rules.

        What left, the history and the budgets stay. Returns : the approvals and the rules that were.
        """
        studies = [
            one for one in self.studies() if one.study.dataset == dataset and one.decision in (PENDING, APPROVED)
        ]
        rules = {number: rule for number, rule in self.rules().items() if rule.dataset == dataset}
        reason = f"'{dataset}' is no longer published"
        with self.database.transaction() as database:
            for one in studies:
                database.execute(
                    "UPDATE studies SET decision = ?, decided = ?, decided_by = ?, reason = ? WHERE digest = ?",
                    (VOID, self.clock(), by, reason, one.digest),
                )
                self._write(database, VOID, {"study": one.digest, "by": by, "reason": reason})
            for number in rules:
                database.execute("DELETE FROM rules WHERE id = ?", (number,))
                self._write(database, "rule removed", {"rule": number, "by": by, "reason": reason})
            self._write(database, "dataset unpublished", {"dataset": dataset, "by": by})
        return [one for one in studies if one.decision == APPROVED], list(rules.values())

    def study(self, digest: str) -> Received:
        """The study of that digest, which may be shortened to its first characters; raises InvalidRequest."""
        with self.database.reading() as database:
            rows = database.execute(
                "SELECT study, digest, received, decision, coalesce(decided_by, ''), reason FROM studies "
                "WHERE substr(digest, 1, ?) = ?",
                (len(digest), digest),
            ).fetchall()
        if len(rows) != 1 or not digest:
            which = "No study is" if not rows else "More than one study is"
            raise InvalidRequest(f"{which} called '{digest}' here. They are in: cohortium node inbox --all")
        return Received(study_from_bytes(rows[0][0]), *rows[0][1:])

    def studies(self) -> list[Received]:
        """All studies that were offered, the latest first."""
        with self.database.reading() as database:
            digests = [row[0] for row in database.execute("SELECT digest FROM studies ORDER BY received DESC, digest")]
        return [self.study(digest) for digest in digests]

    def decide(self, digest: str, decision: str, by: str, reason: str = "") -> Received:
        """Approve or refuse a study; the decision may be changed later, and every change is in the log."""
        if decision not in (APPROVED, REFUSED):
            raise InvalidRequest(f"A study is approved or refused, not '{decision}'.")
        found = self.study(digest)
        with self.database.transaction() as database:
            database.execute(
                "UPDATE studies SET decision = ?, decided = ?, decided_by = ?, reason = ? WHERE digest = ?",
                (decision, self.clock(), by, reason, found.digest),
            )
            self._write(database, decision, {"study": found.digest, "by": by, "reason": reason})
        return self.study(found.digest)

    def waiting_for(self, rule: Rule) -> list[Received]:
        """Studies that wait for a decision and are such as the rule approves."""
        return [
            one
            for one in self.studies()
            if one.decision == PENDING
            and rule.covers(one.study, tuple(name_of(analysis.algorithm) for analysis in one.study.analyses))
        ]

    def add_rule(self, rule: Rule, by: str) -> None:
        """Keep a standing rule; it holds for studies that come later. Raises InvalidRequest where it stands already."""
        same = [number for number, known in self.rules().items() if known == rule]
        if same:
            raise InvalidRequest(f"This very rule stands already, as number {same[0]}.")
        plain = {name: getattr(rule, name) for name in rule.__slots__}
        with self.database.transaction() as database:
            database.execute(
                "INSERT INTO rules (rule, made, made_by) VALUES (?, ?, ?)", (json.dumps(plain), self.clock(), by)
            )
            self._write(database, "rule added", {"rule": plain, "by": by})

    def rules(self) -> dict[int, Rule]:
        """The standing rules, by number."""
        with self.database.reading() as database:
            return {number: self._rule(text) for number, text in database.execute("SELECT id, rule FROM rules")}

    def remove_rule(self, number: int, by: str) -> None:
        """Take a standing rule back; studies that it approved stay approved until they are refused."""
        with self.database.transaction() as database:
            if not database.execute("DELETE FROM rules WHERE id = ?", (number,)).rowcount:
                raise InvalidRequest(f"There is no standing rule {number}.")
            self._write(database, "rule removed", {"rule": number, "by": by})

    def leaves(
        self, run: str, step: int, digest: str, state: str, *, roster: str = "", size: int = 0, persons: int = 0
    ) -> None:
        """Enter that the sums of a step leave, before they do.

        A run asks each step with one state only, and a secure step is opened for one set of survivors only; the same
        step may be asked again in the same way, after a crash, and gives the same answer.
        Raises : ProtocolViolation where a step was answered before for another state, study or set of sites.
        """
        with self.database.transaction() as database:
            earlier = database.execute(
                "SELECT digest, state, roster FROM steps WHERE run = ? AND step = ?", (run, step)
            ).fetchall()
            for known in earlier:
                if known != (digest, state, roster):
                    raise ProtocolViolation(
                        f"Step {step} of this run was answered before, for another state or other sites; a site "
                        "answers each step once. Start a new run."
                    )
            if not earlier:
                row = (run, step, digest, state, roster, at := self.clock(), size, persons)
                database.execute("INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
                event = {"event": "sums leave" if size else "sum opened", "at": at, "study": digest, "run": run}
                enter(database, {**event, "step": step, "state": state, "roster": roster, "bytes": size,
                                 "persons_rounded": persons})  # fmt: skip

    def check_roster(self, dataset: str, columns: Iterable[str], sites: Iterable[str]) -> None:
        """Hold the sites of a secure sum against those of earlier ones about the same columns.

        The difference of two sums, one over one or two sites more than the other, is about these sites alone.
        Raises : DisclosureRefused where there was such a sum.
        Limits : combinations of three sums are not looked for.
        """
        asked, now_in = set(columns), set(sites)
        with self.database.reading() as database:
            rows = database.execute("SELECT columns, sites FROM rosters WHERE dataset = ?", (dataset,)).fetchall()
        for text, listed in rows:
            then_in, shared = set(json.loads(listed)), asked & set(json.loads(text))
            apart = now_in ^ then_in
            if shared and len(apart) in (1, 2) and (now_in < then_in or then_in < now_in):
                raise DisclosureRefused(
                    f"Differencing: {sorted(shared)} were summed over {sorted(then_in)} before; together with a sum "
                    f"over {sorted(now_in)} that would tell the sums of {sorted(apart)} alone. Ask the same sites."
                )

    def keep_roster(self, dataset: str, columns: Iterable[str], sites: Iterable[str]) -> None:
        """Remember over whom columns are summed, before the sum is opened; raises as ``check_roster`` does."""
        self.check_roster(dataset, columns, sites := sorted(sites))
        row = (dataset, json.dumps(sorted(columns)), json.dumps(sites), self.clock())
        with self.database.transaction() as database:
            database.execute("INSERT OR IGNORE INTO rosters VALUES (?, ?, ?, ?)", row)

    def pin(self, site: str, public: str) -> None:
        """Remember another site's key at first sight; later it must be the same.

        Raises : ProtocolViolation where it is not: either the site was set up anew, or somebody poses as it.
        """
        with self.database.transaction() as database:
            database.execute("INSERT OR IGNORE INTO peers VALUES (?, ?, ?)", (site, public, self.clock()))
            (known,) = database.execute("SELECT public FROM peers WHERE site = ?", (site,)).fetchone()
        if known != public:
            raise ProtocolViolation(
                f"'{site}' has another key than when this node first met it. Ask that hospital whether it was set up "
                f"anew; if so: cohortium node forget {site}"
            )

    def forget(self, site: str, by: str) -> None:
        """Forget another site's key, so that a new one is accepted."""
        with self.database.transaction() as database:
            if not database.execute("DELETE FROM peers WHERE site = ?", (site,)).rowcount:
                raise InvalidRequest(f"This node has met no site '{site}'.")
            self._write(database, "peer forgotten", {"site": site, "by": by})

    def left(self) -> list[dict[str, Any]]:
        """What left, the latest first: study, run, step, when, how many bytes, about how many persons."""
        with self.database.reading() as database:
            rows = database.execute(
                "SELECT digest, run, step, left_at, bytes, persons_rounded FROM steps ORDER BY left_at DESC, step DESC"
            )
            return [dict(zip(("study", "run", "step", "at", "bytes", "persons"), row, strict=True)) for row in rows]

    def record(self, what: str, detail: dict[str, Any]) -> None:
        """Write a line into the log; never a patient's value."""
        with self.database.transaction() as database:
            self._write(database, what, detail)

    def log(self) -> list[tuple[str, str, dict[str, Any]]]:
        """When, what, and details, in order."""
        with self.database.reading() as database:
            return [
                (at, what, json.loads(text))
                for at, what, text in database.execute("SELECT at, what, detail FROM log ORDER BY id")
            ]

    def _write(self, database: sqlite3.Connection, what: str, detail: dict[str, Any]) -> None:
        """Into the log that people read, and into the outbox of the ledger."""
        at = self.clock()
        database.execute("INSERT INTO log (at, what, detail) VALUES (?, ?, ?)", (at, what, json.dumps(detail)))
        enter(database, {"event": what, "at": at, **detail})

    @staticmethod
    def _rule(text: str) -> Rule:
        plain = json.loads(text)
        return Rule(
            plain["dataset"], *(tuple(plain[name]) for name in ("algorithms", "modes", "researchers", "columns"))
        )
