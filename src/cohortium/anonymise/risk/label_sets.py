"""What a text of a released table may stand for: the values that it leaves possible.

A release tells 30-39 for 34, North America for United States, a star for anything. Against such a table an attacker
does not look for equal rows but for rows that do not contradict what he knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.hierarchy import HIDDEN, MISSING, Hierarchy
from cohortium.errors import InvalidRequest, NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_BETWEEN = re.compile(rf"^([\[(]?)\s*{_NUMBER}\s*(?:-|–|—|,|;|to|\.\.)\s*{_NUMBER}\s*([\])]?)$")
_BOUND = re.compile(rf"^(<=|<|>=|>|≤|≥|below|above|up to)\s*{_NUMBER}$")
_OPEN = re.compile(rf"^{_NUMBER}\s*(\+|and above|and below|or more|or less)$")
_SET = re.compile(r"^\{(.*)\}$")
_PART_OF_DATE = re.compile(r"^\d{4}(-\d{2})?$")
_BOUNDS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}
_SIGNS = {"≤": "<=", "≥": ">=", "below": "<", "above": ">", "up to": "<=", "+": ">=", "and above": ">=",
          "or more": ">=", "and below": "<=", "or less": "<="}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class LabelSets:
    """The texts of one released column, and the values that each leaves possible.

    values : what may stand in the original column (v,).
    texts  : what stands in the released one (t,).
    holds  : (t, v) True where the text leaves the value possible.
    """

    column: str
    values: tuple[str, ...]
    texts: tuple[str, ...]
    holds: NDArray[np.bool_]

    @classmethod
    def of(
        cls, column: str, values: Sequence[str], texts: Sequence[str], hierarchy: Hierarchy | None = None
    ) -> LabelSets:
        """Read the texts by the hierarchy where it has them, else as values, intervals, sets, or beginnings ("12*").

        values : of the original column; those of the hierarchy are added.
        Raises : InvalidRequest telling how many texts say nothing about any value; NotApplicable where these are
                 numbers, so that the column was changed rather than generalised.
        """
        every = tuple(dict.fromkeys([*values, *(hierarchy.values if hierarchy is not None else ())]))
        groups = {} if hierarchy is None else _groups(hierarchy, every)
        holds = np.zeros((len(texts), len(every)), dtype=np.bool_)
        silent = []
        for place, text in enumerate(texts):
            read = groups[text] if text in groups else _read(text, every)
            if read is None:
                silent.append(text)
            else:
                holds[place] = read
        if silent:
            _refuse(column, silent, len(texts))
        return cls(column, every, tuple(texts), holds)

    @property
    def is_partition(self) -> bool:
        """Whether every value is left possible by one text at most."""
        return bool((self.holds.sum(axis=0) <= 1).all())

    def text_of_value(self) -> NDArray[np.int64]:
        """(v,) the text that tells each value, -1 where none does; of a partition."""
        return np.where(self.holds.any(axis=0), self.holds.argmax(axis=0), -1)

    def losses(self) -> NDArray[np.float64]:
        """(t,) from 0, one value is possible, to 1, every value is; as ``Hierarchy.shares`` counts it."""
        return np.asarray(np.maximum(self.holds.sum(axis=1) - 1, 0) / max(len(self.values) - 1, 1))


def _refuse(column: str, silent: Sequence[str], texts: int) -> None:
    if all(_number(text) is not None for text in silent):
        raise NotApplicable(
            f"{len(silent)} of the {texts} numbers in the released column '{column}' are not those of the original: "
            "its values were changed, not told less exactly. Only the attacks by nearest rows can be tried."
        )
    raise InvalidRequest(
        f"{len(silent)} of the {texts} texts in the released column '{column}' stand for no value of the original. "
        f"Name the folder of its hierarchy ('{column}.csv') with --hierarchies, or write them as intervals (30-39)."
    )


def _groups(hierarchy: Hierarchy, values: tuple[str, ...]) -> dict[str, NDArray[np.bool_]]:
    """Every name in the hierarchy with the values that it may stand for; one of several levels for those of all."""
    place = {value: at for at, value in enumerate(values)}
    own = np.array([place[value] for value in hierarchy.values], dtype=np.int64)
    found: dict[str, NDArray[np.bool_]] = {}
    for level, labels in enumerate(hierarchy.labels):
        for group, label in enumerate(labels):
            mask = found.setdefault(label, np.zeros(len(values), dtype=np.bool_))
            mask[own[hierarchy.groups[level] == group]] = True
    if HIDDEN in found:
        found[HIDDEN][:] = True
    return found


def _read(text: str, values: tuple[str, ...]) -> NDArray[np.bool_] | None:
    """What a text leaves possible without a hierarchy (v,); None where it cannot be read."""
    exact = np.array([value == text for value in values], dtype=np.bool_)
    if exact.any():
        return exact
    if text in (HIDDEN, MISSING, ""):
        return np.ones(len(values), dtype=np.bool_)
    if listed := _SET.match(text):
        members = {part.strip() for part in listed[1].split(",")}
        return np.array([value in members for value in values], dtype=np.bool_)
    test, numbers = _interval(text), [_number(value) for value in values]
    if test is not None and any(number is not None for number in numbers):
        return np.array([number is not None and test(number) for number in numbers], dtype=np.bool_)
    start = text.rstrip("*")
    if text == start and not _PART_OF_DATE.match(text):
        return None
    begins = np.array([value.startswith(start) for value in values], dtype=np.bool_)
    return begins if begins.any() else None


def _interval(text: str) -> Callable[[float], bool] | None:
    if between := _BETWEEN.match(text):
        low, high = float(between[2]), float(between[3])
        open_low, open_high = between[1] == "(", between[4] == ")"
        return lambda value: (
            (low < value or (value == low and not open_low)) and (value < high or (value == high and not open_high))
        )
    if match := _BOUND.match(text):
        sign, bound = match[1], float(match[2])
    elif match := _OPEN.match(text):
        sign, bound = match[2], float(match[1])
    else:
        return None
    compare = _BOUNDS[_SIGNS.get(sign, sign)]
    return lambda value: compare(value, bound)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
