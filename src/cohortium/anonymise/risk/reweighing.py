"""Weights under which an outcome no longer depends on a group: a column that may leave with a release.

Every row weighs W(s, c) = |s| |c| / (|D| |s and c|), s its group, c its outcome. A weighted count of the rows then has
every group with every outcome as often as if the two were independent; the totals of groups and of outcomes stay.

Source : Kamiran and Calders 2012, Knowledge and Information Systems 33, Data preprocessing techniques for
         classification without discrimination (reweighing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cohortium.anonymise.tables.coded import distinct_texts
from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray


def weights(group: NDArray[np.int32], outcome: NDArray[np.int32]) -> NDArray[np.float64]:
    """W(s, c) of every row (n,), from codes of its group and of its outcome."""
    together = np.zeros((int(group.max()) + 1, int(outcome.max()) + 1))
    np.add.at(together, (group, outcome), 1.0)
    expected = np.outer(together.sum(axis=1), together.sum(axis=0)) / len(group)
    found: NDArray[np.float64] = (expected[group, outcome]) / together[group, outcome]
    return found


def with_weights(table: Table, group: str, outcome: str, *, name: str = "weight") -> Table:
    """The table with one more column, the weight of each row.

    Raises  : InvalidRequest where the table lacks a column, has no row, or has one called ``name``.
    Reveals : a function of the group and the outcome, which stand in the table besides.
    """
    absent = [one for one in (group, outcome) if one not in table.schema]
    if absent or not len(table) or name in table.schema:
        raise InvalidRequest(
            f"Weights by '{group}' and '{outcome}' need both columns, at least one row, and that no column is called "
            f"'{name}' yet."
        )
    found = weights(distinct_texts(table, group)[0], distinct_texts(table, outcome)[0])
    column = Column(name, Kind.CONTINUOUS, minimum=0.0)
    schema = Schema((*table.schema.columns, column), table.schema.constraints, table.schema.title)
    return Table(table.arrow.append_column(name, pa.array(found)), schema)
