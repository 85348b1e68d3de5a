"""What trees learn to foretell: a class, a number, or how long until an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.design import levels_of
from cohortium.analyse.regression.binary_outcome import happened, require_outcome
from cohortium.errors import InvalidRecords, InvalidRequest
from cohortium.records import Kind, Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

CLASSES, NUMBER, COUNT, FOLLOW_UP = "classes", "number", "count", "follow-up"
KINDS = (CLASSES, NUMBER, COUNT, FOLLOW_UP)
NO_EVENT, EVENT = "no", "yes"


@dataclass(frozen=True, slots=True)
class Target:
    """The columns of the outcome and how they are read.

    kind    : one of the four above.
    outcome : column of the class, the number, or the time.
    event   : level that counts as the outcome where a class is read as yes or no, or as the event of a follow-up.
    ended   : column that says whether the follow-up ended with the event.
    """

    kind: str
    outcome: str
    event: str | None = None
    ended: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.outcome,) if self.ended is None else (self.outcome, self.ended)

    def classes(self, schema: Schema) -> tuple[str, ...]:
        """Names of the classes, the event last where it was named; none for numbers and follow-up.

        Raises : InvalidRequest where the columns cannot be read so.
        """
        column = schema[self.outcome]
        if self.kind not in KINDS:
            raise InvalidRequest(f"The setting 'kind' is one of {list(KINDS)}, not '{self.kind}'.")
        if self.kind == FOLLOW_UP:
            if self.ended is None:
                raise InvalidRequest("Name in the setting 'ended' the column that says whether the event was seen.")
            require_outcome(schema, self.ended, self.event)
        elif self.ended is not None:
            raise InvalidRequest("The setting 'ended' goes with the kind 'follow-up' alone.")
        if self.kind != CLASSES:
            if not column.kind.is_numeric or column.kind in (Kind.DATE, Kind.DATETIME):
                raise InvalidRequest(f"Column '{self.outcome}' is {column.kind}; a number was expected.")
            return ()
        if self.event is not None or not column.kind.is_nominal:
            require_outcome(schema, self.outcome, self.event)
            return NO_EVENT, EVENT
        levels = levels_of(schema, self.outcome)
        if len(levels) < 2:
            raise InvalidRequest(f"Column '{self.outcome}' has a single level; there is nothing to tell apart.")
        return levels

    def read(self, records: Table) -> Reals:
        """The outcome (n, 2): class, number or time, and then 1 where the event was seen; NaN where not known.

        Raises : InvalidRecords where a count or a time is negative.
        """
        found = np.zeros((len(records), 2))
        if self.kind != CLASSES:
            found[:, 0] = records.numeric(self.outcome)
        elif self.event is not None or not records.schema[self.outcome].kind.is_nominal:
            found[:, 0] = happened(records, self.outcome, self.event)
        else:
            codes = records.codes(self.outcome)[0]
            found[:, 0] = np.where(codes < 0, np.nan, codes)
        if self.ended is not None:
            found[:, 1] = happened(records, self.ended, self.event)
        negative = int((found[:, 0] < 0).sum())
        if self.kind in (COUNT, FOLLOW_UP) and negative:
            raise InvalidRecords(f"{negative} values of '{self.outcome}' are negative; none may be. Correct them.")
        return found


def whole(values: Reals, unit: float, largest: float) -> NDArray[np.int64]:
    """``values`` in whole units, none beyond ``largest`` on either side: sums of them do not depend on the order."""
    return np.rint(np.clip(values, -largest, largest) / unit).astype(np.int64)


def unit_for(largest: float, rows: int) -> float:
    """The unit in which values up to ``largest`` (a power of two), over so many rows, stay below 2^50 in sum.

    What is left to 2^63 lets 2^13 sites add under masks, whichever of them has the rows. Values stay known to 2^-34 of
    the largest up to 65,000 rows.
    """
    return float(largest * 2.0 ** -min(34, 50 - int(rows).bit_length()))


def power_above(value: float) -> float:
    """The smallest power of two that is not below ``value``, from 2^-40 on."""
    return float(2.0 ** np.ceil(np.log2(max(value, 2.0**-40))))
