"""What a network learns to foretell: whether something happened, a class, or a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.design import levels_of
from cohortium.analyse.regression.binary_outcome import happened, require_outcome
from cohortium.errors import InvalidRequest
from cohortium.records import Kind, Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

BINARY, CLASSES, NUMBER = "binary", "classes", "number"
LOSSES = {BINARY: "log loss", CLASSES: "log loss", NUMBER: "squared error of the scaled outcome"}


@dataclass(frozen=True, slots=True)
class Target:
    """The column of the outcome, and the level that counts where it is read as yes or no."""

    outcome: str
    event: str | None = None

    def kind(self, schema: Schema) -> str:
        """How the outcome is read: "binary" where an event is named or it is boolean, "classes" or "number".

        Raises : InvalidRequest where the column cannot be an outcome.
        """
        column = schema[self.outcome]
        if self.event is not None or column.kind is Kind.BOOLEAN:
            require_outcome(schema, self.outcome, self.event)
            return BINARY
        if column.kind.is_nominal:
            if len(levels_of(schema, self.outcome)) < 2:
                raise InvalidRequest(f"Column '{self.outcome}' has a single level; there is nothing to tell apart.")
            return CLASSES
        if not column.kind.is_numeric or column.kind in (Kind.DATE, Kind.DATETIME):
            raise InvalidRequest(f"Column '{self.outcome}' is {column.kind}; it cannot be an outcome.")
        return NUMBER

    def classes(self, schema: Schema) -> tuple[str, ...]:
        """Names of the classes; none of a number."""
        kind = self.kind(schema)
        if kind == NUMBER:
            return ()
        return levels_of(schema, self.outcome) if kind == CLASSES else ("no", self.event or "yes")

    def read(self, records: Table) -> Reals:
        """Yes as 1 and no as 0, the class as a code, or the number (n,); NaN where missing."""
        kind = self.kind(records.schema)
        if kind == BINARY:
            return happened(records, self.outcome, self.event)
        if kind == NUMBER:
            return records.numeric(self.outcome)
        codes = records.codes(self.outcome)[0]
        return np.where(codes < 0, np.nan, codes)
