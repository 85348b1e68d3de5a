"""What a value becomes when it is told less exactly: level by level, from itself to a star.

A hierarchy is given as a file as ARX reads it: one line per value, from the value itself to its most general form,
separated by semicolons, no heading.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRequest, SourceUnreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

MISSING = "?"
"""What a missing value is called where it is a value among others."""
HIDDEN = "*"
"""What stands for any value."""


@dataclass(frozen=True, slots=True, eq=False)
class Hierarchy:
    """The levels of one column. Level 0 is exact; each level puts groups of the one below together.

    column : name of the column.
    values : what may stand in it (v,).
    labels : per level, the names of its groups.
    groups : (levels, v), which group of a level each value belongs to.
    held   : (v,) of how many values of the column each is made; one each where None.
    Raises : InvalidRequest where a group is split again at a higher level, or a value stands twice.
    """

    column: str
    values: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    groups: NDArray[np.int32]
    held: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if len(set(self.values)) != len(self.values):
            raise InvalidRequest(
                f"The hierarchy of '{self.column}' has {_repeated(self.values)} values twice; keep one."
            )
        for level in range(1, len(self.labels)):
            pairs = np.unique(self.groups[level - 1 : level + 1], axis=1)
            if pairs.shape[1] > len(self.labels[level - 1]):
                raise InvalidRequest(
                    f"The hierarchy of '{self.column}' splits a group of level {level - 1} again at level {level}. "
                    "Values that share a name at one level must share it at every higher one."
                )

    @classmethod
    def from_rows(cls, column: str, rows: Sequence[Sequence[str]]) -> Hierarchy:
        """One made of lines, each a value and its ever more general names.

        Raises : InvalidRequest where lines differ in length, or groups are split at a higher level.
        """
        widths = {len(row) for row in rows}
        if len(widths) != 1 or widths == {0}:
            raise InvalidRequest(
                f"Every line of the hierarchy of '{column}' needs the same number of levels; found {sorted(widths)}."
            )
        labels, groups = [], []
        for level in range(widths.pop()):
            places: dict[str, int] = {}
            groups.append([places.setdefault(row[level], len(places)) for row in rows])
            labels.append(tuple(places))
        return cls(column, tuple(row[0] for row in rows), tuple(labels), np.array(groups, dtype=np.int32))

    @property
    def levels(self) -> int:
        """How many levels there are, the exact one among them."""
        return len(self.labels)

    def shares(self) -> NDArray[np.float64]:
        """(levels, v): how much of the column is lost when a value is told at a level, from 0 (exact) to 1 (any value).

        Source : Iyengar 2002, KDD, section 3: (values that the group holds - 1) / (values of the column - 1).
        """
        held = np.ones(len(self.values), dtype=np.int64) if self.held is None else self.held
        most = max(int(held.sum()) - 1, 1)
        return np.array([(np.bincount(row, weights=held)[row] - 1) / most for row in self.groups])

    def codes(self, values: Sequence[str]) -> NDArray[np.int32]:
        """Places of ``values`` in the hierarchy (n,).

        Raises : InvalidRequest telling how many of them, and of how many distinct ones, it misses.
        """
        places = {value: place for place, value in enumerate(self.values)}
        found = np.array([places.get(value, -1) for value in values], dtype=np.int32)
        if (found < 0).any():
            missed = len({value for value, place in zip(values, found, strict=True) if place < 0})
            raise InvalidRequest(
                f"The hierarchy of '{self.column}' misses {missed} of the values that the column holds. Add a line for "
                f"each of them, or let one be made; a missing value is the line '{MISSING}'."
            )
        return found

    def with_value(self, value: str) -> Hierarchy:
        """The same with one more value, which stays by itself up to the most general level."""
        if value in self.values:
            return self
        top = self.levels - 1
        rows = [[self.labels[level][self.groups[level, place]] for level in range(self.levels)]
                for place in range(len(self.values))]  # fmt: skip
        one = [value] * self.levels
        if top and len(self.labels[top]) == 1:
            one[top] = self.labels[top][0]
        return Hierarchy.from_rows(self.column, [*rows, one])

    def from_level(self, level: int) -> Hierarchy:
        """The hierarchy of a column that is told at ``level`` already; what is lost above stays the same."""
        _, first = np.unique(self.groups[level], return_index=True)
        ones = np.ones(len(self.values), dtype=np.int64) if self.held is None else self.held
        held = np.bincount(self.groups[level], weights=ones).astype(np.int64)
        return Hierarchy(self.column, self.labels[level], self.labels[level:], self.groups[level:, first], held)

    def to_csv(self) -> str:
        """The file that ``read_hierarchy`` reads."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", lineterminator="\n")
        for place in range(len(self.values)):
            writer.writerow(self.labels[level][self.groups[level, place]] for level in range(self.levels))
        return out.getvalue()


def read_hierarchy(path: Path, column: str) -> Hierarchy:
    """The hierarchy in a file as ARX writes it: values separated by semicolons, one line per value, UTF-8.

    Raises : SourceUnreadable, InvalidRequest.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The hierarchy {path} cannot be read as UTF-8 text: {type(error).__name__}.") from error
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=";") if row]
    if not rows:
        raise SourceUnreadable(f"The hierarchy {path} is empty; one line per value of '{column}' was expected.")
    return Hierarchy.from_rows(column, rows)


def _repeated(values: Sequence[str]) -> int:
    return len(values) - len(set(values))
