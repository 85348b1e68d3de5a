"""A column read as an outcome that happened, did not, or is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.design import levels_of
from cohortium.errors import InvalidRequest
from cohortium.records import Kind, Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


def require_outcome(schema: Schema, name: str, event: str | None) -> None:
    """Raises InvalidRequest where it is not clear which values of the column mean that the outcome happened."""
    column = schema[name]
    if column.kind is Kind.BOOLEAN and event is None:
        return
    if event is None:
        raise InvalidRequest(
            f"Column '{name}' is {column.kind}; name the level that counts as the outcome in the setting 'event'."
        )
    if column.kind.is_nominal and event not in levels_of(schema, name):
        raise InvalidRequest(f"Column '{name}' has no level '{event}'; it has {', '.join(levels_of(schema, name))}.")
    if column.kind is not Kind.INTEGER and not column.kind.is_nominal:
        raise InvalidRequest(f"Column '{name}' is {column.kind}; an outcome is boolean, nominal or a whole number.")
    if column.kind is Kind.INTEGER and not event.lstrip("-").isdigit():
        raise InvalidRequest(f"Column '{name}' holds whole numbers; the setting 'event' is '{event}'.")


def happened(records: Table, name: str, event: str | None) -> NDArray[np.float64]:
    """1 where the outcome happened, 0 where it did not, NaN where it is missing (n,)."""
    column = records.schema[name]
    if column.kind.is_nominal:
        codes, levels = records.codes(name)
        wanted = levels.index(event or "true")
        return np.where(codes < 0, np.nan, (codes == wanted).astype(np.float64))
    values = records.numeric(name)
    return np.where(np.isnan(values), np.nan, (values == float(event or 1)).astype(np.float64))
