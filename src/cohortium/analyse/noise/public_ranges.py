"""Plausible ranges as a state carries them, so that what one person adds to sums is bounded from the state alone.

A node moves values into the ranges of the state that it is asked with, not into those of its own schema: so the bound
holds whatever state a hub sends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cohortium.errors import ProtocolViolation
from cohortium.privacy.sensitivity import CAPPED, plausible_range
from cohortium.records import Kind, Schema, State, Table
from cohortium.records.table import ARROW_TYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

RANGES = "ranges"
WHOLE = (Kind.INTEGER, Kind.BOOLEAN)


def stated_ranges(schema: Schema, names: Sequence[str]) -> dict[str, list[float]]:
    """Column -> the range that the schema states for it, 0 to 1 for true and false.

    Raises : NotApplicable where it states none.
    """
    found = {}
    for name in names:
        if schema[name].kind is Kind.BOOLEAN:
            found[name] = [0.0, 1.0]
            continue
        found[name] = list(plausible_range(schema[name]))
    return found


def range_of(state: State, name: str) -> tuple[float, float]:
    """The range of a column that the state tells; raises ProtocolViolation where it tells none."""
    low, high = (float(end) for end in state.facts.get(RANGES, {}).get(name, (math.nan, math.nan)))
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ProtocolViolation(f"The state holds no range for '{name}': two rising numbers were expected.")
    return low, high


def farthest(ends: tuple[float, float], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a value in a range can be from each centre.

    Raises : ProtocolViolation where a centre is no number.
    """
    found: NDArray[np.float64] = np.maximum(np.abs(ends[0] - centre), np.abs(ends[1] - centre))
    if not np.isfinite(found).all():
        raise ProtocolViolation("A centre of sums in the state is no number.")
    return found


def within(records: Table, state: State, names: Sequence[str]) -> Table:
    """The records with values of these columns moved into the ranges of the state.

    Raises : ProtocolViolation where values of a column cannot be moved into its range.
    """
    arrays = {}
    for name in names:
        low, high = range_of(state, name)
        kind = records.schema[name].kind
        if (kind in WHOLE and not (low.is_integer() and high.is_integer())) or (
            kind not in CAPPED and (low, high) != (0.0, 1.0)
        ):
            raise ProtocolViolation(f"The state's range for '{name}' does not fit a column that is {kind}.")
        if kind in CAPPED:
            values = pa.array(np.clip(records.numeric(name), low, high), from_pandas=True)
            arrays[name] = values.cast(ARROW_TYPES[kind], safe=False)
    columns = [arrays.get(name, records.arrow.column(name)) for name in records.schema.names]
    return Table(pa.table(columns, names=list(records.schema.names)), records.schema)
