"""What a study can ask for: importing this registers every algorithm of the platform."""

from __future__ import annotations

import cohortium.analyse
import cohortium.anonymise.tables.federated
import cohortium.federate.twin
from cohortium.registry import Entry, entries

REGISTERED = (cohortium.analyse, cohortium.anonymise.tables.federated, cohortium.federate.twin)


def offered() -> tuple[Entry, ...]:
    """The algorithms whose answers may leave by themselves."""
    return tuple(entry for entry in entries("algorithm") if entry.facts["alone"])
