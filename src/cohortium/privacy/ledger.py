"""The budget ledger of a node: what privacy may be spent on a dataset, under a permit, on a group of persons.

Costs are rho of zero-concentrated differential privacy, as exact fractions (see ``accounting``). A charge is on disk
before the answer leaves, and names the run and step that it is for: a run that goes on after a crash finds its
charge there and pays nothing twice. It is never given back: what has left may be opened later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cohortium.errors import BudgetExhausted, InvalidRequest, ProtocolViolation
from cohortium.privacy.accounting import epsilon_of
from cohortium.privacy.database import Database, now

if TYPE_CHECKING:
    import sqlite3

Kind = Literal["dataset", "permit", "group"]
_TABLES = """
CREATE TABLE IF NOT EXISTS budgets (
  kind TEXT NOT NULL, name TEXT NOT NULL, rho TEXT NOT NULL, delta TEXT NOT NULL,
  spent_rho TEXT NOT NULL, spent_delta TEXT NOT NULL, granted_by TEXT NOT NULL, granted_at TEXT NOT NULL,
  PRIMARY KEY (kind, name));
CREATE TABLE IF NOT EXISTS charges (
  run TEXT NOT NULL, step INTEGER NOT NULL, purpose TEXT NOT NULL, rho TEXT NOT NULL, delta TEXT NOT NULL,
  accounts TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (run, step));
"""


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """What a budget is for: a dataset, a permit, or a group of persons (the patients of one trial)."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """One budget as the steward reads it."""

    account: Account
    rho: Fraction
    delta: Fraction
    spent_rho: Fraction
    spent_delta: Fraction

    @property
    def left(self) -> Fraction:
        """Rho that nothing has been spent on yet."""
        return self.rho - self.spent_rho

    @property
    def delta_left(self) -> Fraction:
        """Delta that nothing has been spent on yet."""
        return self.delta - self.spent_delta

    def epsilon(self, delta: float) -> float:
        """What was spent, in the words of (epsilon, delta)-differential privacy.

        Raises : InvalidRequest where steps that may fail have already used up that delta.
        """
        if self.spent_delta >= delta:
            raise InvalidRequest(f"Steps that may fail used up a delta of {delta:g}; state a larger one.")
        return epsilon_of(float(self.spent_rho), delta - float(self.spent_delta))


@dataclass(frozen=True, slots=True)
class Charge:
    """One entry: which step of which run has cost what, and whom it was charged to."""

    run: str
    step: int
    purpose: str
    rho: Fraction
    delta: Fraction
    accounts: tuple[Account, ...]
    at: str


class BudgetLedger:
    """The budgets of one node in SQLite."""

    def __init__(self, path: Path, clock: Callable[[], str] = now) -> None:
        self.clock = clock
        self.database = Database(path, _TABLES)

    def grant(self, account: Account, rho: Fraction, delta: Fraction = Fraction(0), *, by: str) -> None:
        """Set the whole sum that may ever be spent on an account; what was spent stays spent.

        Raises : InvalidRequest where the sum is below 0.
        """
        if rho < 0 or delta < 0:
            raise InvalidRequest(f"A budget must not be below 0: rho {float(rho):g}, delta {float(delta):g}.")
        with self.database.transaction() as database:
            database.execute(
                "INSERT INTO budgets VALUES (?, ?, ?, ?, '0', '0', ?, ?) ON CONFLICT (kind, name) DO UPDATE SET "
                "rho = excluded.rho, delta = excluded.delta, granted_by = excluded.granted_by, "
                "granted_at = excluded.granted_at",
                (account.kind, account.name, str(rho), str(delta), by, self.clock()),
            )

    def charge(
        self,
        run: str,
        step: int,
        accounts: Sequence[Account],
        rho: Fraction,
        delta: Fraction = Fraction(0),
        *,
        purpose: str = "",
    ) -> bool:
        """Enter the cost of a step, on all of ``accounts`` or none; False where it had been entered before.

        Raises : BudgetExhausted where it is more than is left on one of them, or nothing was ever granted;
                 ProtocolViolation where the same step was charged at another cost.
        """
        if rho < 0 or delta < 0 or not accounts:
            raise InvalidRequest("A charge is a cost of at least 0, and names at least one account.")
        named = json.dumps([[one.kind, one.name] for one in sorted(set(accounts))])
        with self.database.transaction() as database:
            row = database.execute(
                "SELECT rho, delta, accounts FROM charges WHERE run = ? AND step = ?", (run, step)
            ).fetchone()
            if row is not None:
                if row != (str(rho), str(delta), named):
                    raise ProtocolViolation(f"Step {step} of this run was charged before, at another cost.")
                return False
            for account in sorted(set(accounts)):
                self._spend(database, account, rho, delta)
            database.execute(
                "INSERT INTO charges VALUES (?, ?, ?, ?, ?, ?, ?)",
                (run, step, purpose, str(rho), str(delta), named, self.clock()),
            )
        return True

    def must_afford(self, accounts: Sequence[Account], rho: Fraction, delta: Fraction = Fraction(0)) -> None:
        """Raises BudgetExhausted where this could not be charged to each of ``accounts``; charges nothing."""
        with self.database.reading() as database:
            for account in accounts:
                self._spent_after(database, account, rho, delta)

    def is_charged(self, run: str, step: int) -> bool:
        """Whether a step was charged to anybody."""
        with self.database.reading() as database:
            found = database.execute("SELECT 1 FROM charges WHERE run = ? AND step = ?", (run, step)).fetchone()
        return found is not None

    def lines(self) -> tuple[Line, ...]:
        """All budgets, for the steward."""
        with self.database.transaction() as database:
            rows = database.execute(
                "SELECT kind, name, rho, delta, spent_rho, spent_delta FROM budgets ORDER BY kind, name"
            ).fetchall()
        return tuple(Line(Account(row[0], row[1]), *(Fraction(text) for text in row[2:])) for row in rows)

    def line(self, account: Account) -> Line:
        """One budget; raises BudgetExhausted where none was granted."""
        with self.database.reading() as database:
            return self._line(database, account)

    def is_granted(self, account: Account) -> bool:
        """Whether a budget was ever set for it."""
        with self.database.reading() as database:
            return self._found(database, account) is not None

    def charges(self, account: Account | None = None) -> tuple[Charge, ...]:
        """What was charged, in order of time; to one account only where it is given."""
        with self.database.transaction() as database:
            rows = database.execute("SELECT * FROM charges ORDER BY rowid").fetchall()
        found = tuple(
            Charge(
                run, step, purpose, Fraction(rho), Fraction(delta), tuple(Account(*one) for one in json.loads(to)), at
            )
            for run, step, purpose, rho, delta, to, at in rows
        )
        return tuple(one for one in found if account is None or account in one.accounts)

    def _spend(self, database: sqlite3.Connection, account: Account, rho: Fraction, delta: Fraction) -> None:
        spent, spent_delta = self._spent_after(database, account, rho, delta)
        database.execute(
            "UPDATE budgets SET spent_rho = ?, spent_delta = ? WHERE kind = ? AND name = ?",
            (str(spent), str(spent_delta), account.kind, account.name),
        )

    def _spent_after(
        self, database: sqlite3.Connection, account: Account, rho: Fraction, delta: Fraction
    ) -> tuple[Fraction, Fraction]:
        """What would be spent of a budget after this charge; raises BudgetExhausted."""
        line = self._line(database, account)
        if rho > line.left or delta > line.delta_left:
            raise BudgetExhausted(
                f"This costs rho {float(rho):.3g} and delta {float(delta):.3g}; the {account.kind} '{account.name}' "
                f"has {float(line.left):.3g} and {float(line.delta_left):.3g} left. Ask for a smaller epsilon, or ask "
                "the steward for a larger budget."
            )
        return line.spent_rho + rho, line.spent_delta + delta

    def _line(self, database: sqlite3.Connection, account: Account) -> Line:
        found = self._found(database, account)
        if found is None:
            raise BudgetExhausted(
                f"No privacy budget was ever granted to the {account.kind} '{account.name}'. Ask the steward for one."
            )
        return found

    @staticmethod
    def _found(database: sqlite3.Connection, account: Account) -> Line | None:
        row = database.execute(
            "SELECT rho, delta, spent_rho, spent_delta FROM budgets WHERE kind = ? AND name = ?",
            (account.kind, account.name),
        ).fetchone()
        return None if row is None else Line(account, *(Fraction(text) for text in row))
