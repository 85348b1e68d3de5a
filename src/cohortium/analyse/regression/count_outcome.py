"""A column read as counts of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRecords, InvalidRequest
from cohortium.records import Kind, Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 10_000_000


def require_counts(schema: Schema, name: str) -> None:
    """Raises InvalidRequest where a column holds no counts; a boolean one counts as 0 and 1."""
    kind = schema[name].kind
    if kind not in (Kind.INTEGER, Kind.CONTINUOUS, Kind.BOOLEAN):
        raise InvalidRequest(f"Column '{name}' is {kind}; counts of events, whole numbers of 0 or more, were expected.")


def counts(records: Table, name: str) -> NDArray[np.float64]:
    """The counts (n,), NaN where missing.

    Raises : InvalidRecords where a value is negative, fractional or above ten million.
    """
    values = records.numeric(name)
    known = values[~np.isnan(values)]
    if ((known < 0) | (known != np.rint(known)) | (known > LARGEST)).any():
        raise InvalidRecords(
            f"Column '{name}' has values that are no counts: negative, fractional or above {LARGEST:,}. Correct them, "
            "or use linear regression."
        )
    return values
