"""Persons who opted out of the second use of their records: Article 71 of Regulation (EU) 2025/327."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.records import Role, Table


def keys_in(path: Path) -> frozenset[str]:
    """The person keys in a file, a line each; raises SourceUnreadable where it cannot be read, so that nothing runs."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The file of persons who opted out cannot be read: {type(error).__name__}.") from error
    return frozenset(line.strip() for line in lines if line.strip())


def without_persons(table: Table, keys: frozenset[str]) -> Table:
    """The table without the rows of these persons.

    Raises : InvalidRequest where no column of the schema is the person key.
    """
    column = next((one.name for one in table.schema.columns if one.has_role(Role.PERSON_KEY)), None)
    if column is None:
        raise InvalidRequest(
            "Somebody may have opted out, and the schema names no person key. Mark it in the schema file."
        )
    values = table.arrow[column].to_pylist()
    kept = np.array([str(value) not in keys for value in values], dtype=np.bool_)
    return table.take(np.flatnonzero(kept))
