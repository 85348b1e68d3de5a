"""The airlock: kinds of results that wait at the hub until a person has looked at them.

``airlock.toml`` in the hub's folder names the kinds: ``hold = ["model", "synthetic"]``, or ``hold = "all"``. Without
the file nothing waits. What waits has passed the disclosure rules; a person sees what rules cannot: that a table of a
rare disease names a village by its numbers, or that a model is larger than its persons.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohortium.errors import InvalidRequest
from cohortium.federate.hub.store import Held
from cohortium.federate.kinds import kind_of
from cohortium.federate.study import Analysis
from cohortium.govern.permits.permit import OUTPUTS
from cohortium.records import Result, name_of

FILE = "airlock.toml"
MANY_NUMBERS = 10
"""Numbers in a result per person behind it, from which on a reviewer is told so."""


@dataclass(frozen=True, slots=True)
class Airlock:
    """Which kinds of results wait for a person."""

    hold: frozenset[str] = frozenset()

    def holds(self, analysis: Analysis) -> bool:
        """Whether the answer of an analysis waits."""
        return kind_of(name_of(analysis.algorithm)) in self.hold


def load_airlock(home: Path) -> Airlock:
    """The airlock of a hub; raises InvalidRequest where its file cannot be read, so that nothing slips through."""
    path = home / FILE
    if not path.exists():
        return Airlock()
    try:
        plain = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.") from error
    hold = plain.get("hold")
    kinds = OUTPUTS if hold == "all" else hold
    if set(plain) != {"hold"} or not isinstance(kinds, (list, tuple)) or not set(kinds) <= set(OUTPUTS):
        raise InvalidRequest(f'{path} has one line: hold = "all", or a list of {list(OUTPUTS)}.')
    return Airlock(frozenset(kinds))


def in_words(held: Held) -> str:
    """Where a result that is not released stands, for its researcher."""
    if held.decided:
        return f"'{held.analysis}' is kept in by a reviewer: {held.reason}"
    return f"'{held.analysis}' waits for a reviewer since {held.since}; it comes when a person has looked at it."


def for_the_reviewer(result: Result) -> dict[str, Any]:
    """What a result is made of, and what in it deserves a look: sizes and names, no numbers of it."""
    tables: dict[str, dict[str, Any]] = {
        name: {"columns": list(table), "rows": len(next(iter(table.values()), []))}
        for name, table in result.tables.items()
    }
    arrays = {name: list(array.shape) for name, array in result.arrays.items()}
    numbers = sum(len(table["columns"]) * table["rows"] for table in tables.values())
    numbers += sum(int(array.size) for array in result.arrays.values())
    looks = []
    if result.persons and numbers > MANY_NUMBERS * result.persons:
        looks.append(f"{numbers:,} numbers about {result.persons:,} persons: single persons may be in them.")
    if result.facts.get("notes"):
        looks += [str(note) for note in result.facts["notes"]]
    return {"title": result.title, "persons": result.persons, "tables": tables, "arrays": arrays, "look_at": looks}
