"""What was drawn at random for a step, so that it is drawn once: noise that is drawn again can be averaged away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import ProtocolViolation
from cohortium.privacy.database import Database

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TABLES = """
CREATE TABLE IF NOT EXISTS drawn (
  run TEXT PRIMARY KEY, analysis TEXT NOT NULL, step INTEGER NOT NULL, sites INTEGER NOT NULL,
  persons INTEGER NOT NULL, words BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Noisy words of one step, shape (words,), uint64, and the persons behind them."""

    words: NDArray[np.uint64]
    persons: int


class DrawnOnce:
    """Noisy sums of the step that a run in mode "dp" is at, from before they are masked. They stay at the site.

    Earlier steps are not kept: a hub has their totals when it asks for the next one.
    path : the node's database.
    """

    def __init__(self, path: Path) -> None:
        self.database = Database(path, _TABLES)

    def find(self, run: str, analysis: str, step: int, sites: int) -> Drawn | None:
        """What was drawn for a step; None where nothing is kept.

        sites  : how many share the noise.
        Raises : ProtocolViolation where it was drawn for another number of sites, and so for other noise.
        """
        with self.database.reading() as database:
            row = database.execute(
                "SELECT sites, persons, words FROM drawn WHERE run = ? AND analysis = ? AND step = ?",
                (run, analysis, step),
            ).fetchone()
        if row is None:
            return None
        if row[0] != sites:
            raise ProtocolViolation(f"Noise was drawn for {row[0]} sites, and {sites} are asked now. Start a new run.")
        return Drawn(np.frombuffer(row[2], dtype="<u8").astype(np.uint64), row[1])

    def keep(self, run: str, analysis: str, step: int, sites: int, drawn: Drawn) -> None:
        """Keep what was drawn for a step, before it leaves."""
        row = (run, analysis, step, sites, drawn.persons, drawn.words.astype("<u8").tobytes())
        with self.database.transaction() as database:
            database.execute("INSERT OR REPLACE INTO drawn VALUES (?, ?, ?, ?, ?, ?)", row)

    def forget(self, run: str) -> None:
        """The run is over; what it was charged for is not drawn again."""
        with self.database.reading() as database:
            if database.execute("SELECT 1 FROM drawn WHERE run = ? LIMIT 1", (run,)).fetchone() is None:
                return
        with self.database.transaction() as database:
            database.execute("DELETE FROM drawn WHERE run = ?", (run,))
