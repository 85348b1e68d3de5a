"""A sensitive column over the whole table: what a class is compared with.

A class that says more about its persons than the whole table does tells something about them. The whole table is the
one that was read, not what is left of it after rows were left out, so that a model says the same of a class while a
release is searched for and when it is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy, read_hierarchy
from cohortium.anonymise.tables.models.protocol import Classes, ClassModel, ReleaseModel
from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class WholeColumn:
    """What a sensitive column holds.

    rows      : (levels,) rows of each level.
    texts     : the levels in words; empty where they are not known.
    hierarchy : of its values, for models that measure distances in it.
    """

    rows: NDArray[np.int64]
    texts: tuple[str, ...] = ()
    hierarchy: Hierarchy | None = None

    @classmethod
    def of(cls, codes: NDArray[np.integer[Any]], texts: Sequence[str]) -> WholeColumn:
        """Of a column's codes (n,) and what they mean."""
        return cls(np.bincount(codes, minlength=len(texts)).astype(np.int64), tuple(texts))

    @classmethod
    def among(cls, classes: Classes, column: str) -> WholeColumn:
        """As if the classes were the whole table."""
        return cls(classes.sensitive(column).sum(axis=0))

    @property
    def shares(self) -> NDArray[np.float64]:
        """(levels,) share of the rows that have each level."""
        return np.asarray(self.rows / self.rows.sum())

    def shares_in(self, classes: Classes, column: str) -> NDArray[np.float64]:
        """(c, levels) shares of the levels within each class; all 0 where a class has no rows."""
        held = classes.sensitive(column)
        found = np.zeros((len(classes), len(self.rows)))
        found[:, : held.shape[1]] = held / np.maximum(classes.rows, 1)[:, None]
        return found


@runtime_checkable
class ComparingModel(ClassModel, Protocol):
    """A model that compares what a class shares with the whole table."""

    @property
    def column(self) -> str:
        """The sensitive column that it compares."""
        ...

    def fails_beside(self, classes: Classes, whole: WholeColumn) -> NDArray[np.bool_]:
        """(c,) True where a class must not leave, given the whole table's column."""
        ...


@dataclass(frozen=True, slots=True)
class Beside:
    """A model with the whole column that it compares classes with."""

    model: ComparingModel
    whole: WholeColumn

    @property
    def nested(self) -> bool:
        """As its model says."""
        return self.model.nested

    @property
    def sensitive(self) -> tuple[str, ...]:
        """As its model says."""
        return self.model.sensitive

    def fails(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where a class must not leave."""
        return self.model.fails_beside(classes, self.whole)

    def __str__(self) -> str:
        return str(self.model)


def beside_whole(
    models: Sequence[ClassModel | ReleaseModel], columns: Mapping[str, WholeColumn], folder: Path
) -> tuple[ClassModel | ReleaseModel, ...]:
    """The models, those that compare with the whole table bound to it.

    columns : by name, the sensitive columns over the whole table.
    folder  : where the hierarchies lie that models name.
    Raises  : InvalidRequest where a hierarchy misses values, SourceUnreadable where it cannot be read.
    """
    bound: list[ClassModel | ReleaseModel] = []
    for model in models:
        if not isinstance(model, ComparingModel):
            bound.append(model)
            continue
        whole = columns[model.column]
        name = getattr(model, "hierarchy", "")
        bound.append(Beside(model, _with_hierarchy(whole, model.column, folder / name) if name else whole))
    return tuple(bound)


def _with_hierarchy(whole: WholeColumn, column: str, path: Path) -> WholeColumn:
    hierarchy = read_hierarchy(path, column)
    if MISSING in whole.texts:
        hierarchy = hierarchy.with_value(MISSING)
    hierarchy.codes(whole.texts)
    if len(hierarchy.labels[-1]) != 1:
        raise InvalidRequest(
            f"The hierarchy of '{column}' must end in one group that holds all values, so that distances have a "
            f"greatest; it ends in {len(hierarchy.labels[-1])}."
        )
    return WholeColumn(whole.rows, whole.texts, hierarchy)
