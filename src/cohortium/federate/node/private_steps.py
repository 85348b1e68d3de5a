"""Steps of algorithms that add their noise at the site: paid for as a run, and each drawn once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from cohortium.errors import ProtocolViolation
from cohortium.federate.node.guard import Guard
from cohortium.federate.study import Analysis, Study
from cohortium.privacy.database import Database
from cohortium.privacy.private_at_site import PrivateAtSite, site_cost
from cohortium.records import State, Sums

WHOLE_RUN = -1
"""The step under which a run is charged as a whole; no step of a run has this number."""
_TABLES = """
CREATE TABLE IF NOT EXISTS private_steps (
  run TEXT PRIMARY KEY, study TEXT NOT NULL, step INTEGER NOT NULL, state TEXT NOT NULL, sums BLOB NOT NULL);
"""


class PrivateSteps:
    """The latest noisy sums of every run whose noise is added here, kept from before they leave.

    Noise that is drawn again for the same question could be averaged away, so that no step is computed twice: the
    latest is given again as it was, after a crash, too, and earlier ones never.
    path : the node's database.
    """

    def __init__(self, path: Path, guard: Guard) -> None:
        self.database, self.guard = Database(path, _TABLES), guard

    def sums(
        self, run: str, study: Study, analysis: Analysis, number: int, state: State, local: Callable[[], Sums]
    ) -> Sums:
        """What ``local`` computes; of an algorithm with noise of its own only what its run has paid for, and once.

        Raises : BudgetExhausted before anything is computed; ProtocolViolation where the step was not paid for, or is
                 asked again after the run went on or is over.
        """
        algorithm, cost = analysis.algorithm, site_cost(analysis.algorithm)
        if cost is None or not isinstance(algorithm, PrivateAtSite):
            return local()
        algorithm.check_step(number, state)
        name, asked = f"{run}/{analysis.name}", hashlib.sha256(state.to_bytes()).hexdigest()
        kept = self._kept(name, study, number, asked)
        if kept is None:
            if not self.guard.ledger.is_charged(name, WHOLE_RUN):
                self.guard.charge(study, name, WHOLE_RUN, cost.rho)
            kept = local()
            self._keep(name, study, number, asked, kept)
        return kept

    def forget(self, run: str) -> None:
        """The run is over: its sums are not kept any more, and its steps not computed again."""
        mine = (f"{run}/", len(run) + 1)
        with self.database.reading() as database:
            found = database.execute("SELECT 1 FROM private_steps WHERE ? = substr(run, 1, ?) LIMIT 1", mine).fetchone()
        if found is not None:
            with self.database.transaction() as database:
                database.execute("UPDATE private_steps SET sums = ? WHERE ? = substr(run, 1, ?)", (b"", *mine))

    def _kept(self, name: str, study: Study, number: int, asked: str) -> Sums | None:
        with self.database.reading() as database:
            row = database.execute(
                "SELECT study, step, state, sums FROM private_steps WHERE run = ?", (name,)
            ).fetchone()
        if row is None or (row[0] == study.digest and row[1] < number and row[3]):
            return None
        if row[:3] != (study.digest, number, asked) or not row[3]:
            raise ProtocolViolation(
                f"Step {number} was answered, or the run is over: noise is not drawn again. Start a new run."
            )
        return Sums.from_bytes(row[3])

    def _keep(self, name: str, study: Study, number: int, asked: str, sums: Sums) -> None:
        row = (name, study.digest, number, asked, sums.to_bytes())
        with self.database.transaction() as database:
            database.execute("INSERT OR REPLACE INTO private_steps VALUES (?, ?, ?, ?, ?)", row)
