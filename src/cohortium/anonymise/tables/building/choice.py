"""Which builder a column gets and with which settings, and the hierarchy that follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cohortium.anonymise.tables.building.atc import atc
from cohortium.anonymise.tables.building.dates import dates
from cohortium.anonymise.tables.building.frequency import by_frequency
from cohortium.anonymise.tables.building.icd10 import icd10
from cohortium.anonymise.tables.building.intervals import intervals
from cohortium.anonymise.tables.building.layers import layered
from cohortium.anonymise.tables.building.ordered import halves
from cohortium.anonymise.tables.building.pairs import read_pairs, tree
from cohortium.anonymise.tables.building.prefixes import prefixes
from cohortium.anonymise.tables.building.quantile_bands import quantile_bands
from cohortium.anonymise.tables.coded import distinct_texts
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.errors import InvalidRequest
from cohortium.records import Table

Values = tuple[list[str], list[int]]
"""The different values of a column, and the rows of each."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One column's builder.

    settings       : what the builder is told, by name; which there are is ``SETTINGS``.
    reasons        : why, one sentence each.
    data_dependent : the levels (not only the list of values) were chosen by looking at the values; they tell something
                     about them to whoever sees the hierarchy.
    """

    column: str
    builder: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    data_dependent: bool = False

    def __post_init__(self) -> None:
        if self.builder not in SETTINGS:
            raise InvalidRequest(
                f"'{self.column}': there is no builder '{self.builder}'; there are {sorted(SETTINGS)}."
            )
        known = SETTINGS[self.builder]
        unknown = sorted(set(self.settings) - set(known))
        if unknown:
            raise InvalidRequest(f"'{self.column}': the builder '{self.builder}' takes {sorted(known)}, not {unknown}.")
        wrong = sorted(name for name, value in self.settings.items() if not _suits(value, known[name]))
        if wrong:
            raise InvalidRequest(
                f"'{self.column}': {wrong} of '{self.builder}' must be {[known[name] for name in wrong]}."
            )

    def build(self, table: Table, folder: Path = Path()) -> Hierarchy:
        """The hierarchy over the values that the table holds.

        folder : where a file that the settings name lies.
        Raises : InvalidRequest where the table lacks the column, or its values do not suit the builder.
        """
        if self.column not in table.schema:
            raise InvalidRequest(f"The table has no column '{self.column}'; it has {list(table.schema.names)}.")
        return _BUILDERS[self.builder](self.column, values_of(table, self.column), dict(self.settings), folder)


def values_of(table: Table, column: str) -> Values:
    """The different values of a column in sorted order, numbers by size, and the rows of each."""
    codes, texts = distinct_texts(table, column)
    counts = np.bincount(codes, minlength=len(texts))
    order = sorted(range(len(texts)), key=lambda place: _by_size(texts[place]))
    return [texts[place] for place in order], [int(counts[place]) for place in order]


def _by_size(text: str) -> tuple[int, float, str]:
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def _tree(column: str, values: Values, settings: dict[str, Any], folder: Path) -> Hierarchy:
    if "pairs" not in settings:
        raise InvalidRequest(f"'{column}': the builder 'tree' needs pairs = a file with lines child;parent.")
    return tree(column, values[0], read_pairs(folder / settings["pairs"]))


def _ordered(column: str, values: Values, settings: dict[str, Any], _folder: Path) -> Hierarchy:
    if "order" not in settings:
        raise InvalidRequest(f"'{column}': the builder 'ordered' needs order = the levels from lowest to highest.")
    return halves(column, values[0], settings["order"])


_BUILDERS: dict[str, Callable[[str, Values, dict[str, Any], Path], Hierarchy]] = {
    "intervals": lambda column, values, settings, _: intervals(column, values[0], **settings),
    "quantile_bands": lambda column, values, settings, _: quantile_bands(column, *values, **settings),
    "dates": lambda column, values, settings, _: dates(column, values[0], **settings),
    "prefixes": lambda column, values, settings, _: prefixes(column, values[0], **settings),
    "icd10": lambda column, values, _settings, _: icd10(column, values[0]),
    "atc": lambda column, values, _settings, _: atc(column, values[0]),
    "ordered": _ordered,
    "tree": _tree,
    "frequency": lambda column, values, settings, _: by_frequency(column, *values, **settings),
    "star": lambda column, values, _settings, _: layered(column, values[0], ()),
}
SETTINGS: dict[str, dict[str, str]] = {
    "intervals": {"widths": "numbers", "origin": "a number", "lowest": "a number", "highest": "a number"},
    "quantile_bands": {"bands": "a whole number"},
    "dates": {"steps": "texts"},
    "prefixes": {"keep": "whole numbers", "mask": "a text"},
    "icd10": {},
    "atc": {},
    "ordered": {"order": "texts"},
    "tree": {"pairs": "a text"},
    "frequency": {"fewest": "a whole number"},
    "star": {},
}
"""Builder -> its settings, and what each must be."""


def _suits(value: Any, expected: str) -> bool:
    if expected.endswith("s") and expected != "a text":
        return isinstance(value, list | tuple) and bool(value) and all(_is_one(part, expected) for part in value)
    return _is_one(value, expected)


def _is_one(value: Any, expected: str) -> bool:
    if "text" in expected:
        return isinstance(value, str)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and (isinstance(value, int) or "whole" not in expected)
