"""What a recipe does to values before the search: one step per line, in order."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cohortium.anonymise.tables.transform import (
    code_ends,
    microaggregate,
    perturb,
    randomise_levels,
    round_to,
    sample_persons,
    swap_ranks,
)
from cohortium.errors import InvalidRequest
from cohortium.records import Table

_STEPS: dict[str, Callable[..., Any]] = {
    "code_ends": code_ends,
    "microaggregate": microaggregate,
    "perturb": perturb,
    "randomise_levels": randomise_levels,
    "round": round_to,
    "sample": sample_persons,
    "swap_ranks": swap_ranks,
}
_NOT_SETTINGS = {"table", "column", "columns", "noise"}
NAMES = tuple(sorted(_STEPS))


@dataclass(frozen=True, slots=True)
class Transformation:
    """One step.

    name     : one of ``NAMES``.
    columns  : that it changes; none for "sample".
    settings : by name, as the function of that name takes them.
    Raises   : InvalidRequest where there is no such step, or it takes other settings.
    """

    name: str
    columns: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in _STEPS:
            raise InvalidRequest(f"There is no transformation '{self.name}'; there are {list(NAMES)}.")
        parameters = inspect.signature(_STEPS[self.name]).parameters
        known = {name: one for name, one in parameters.items() if name not in _NOT_SETTINGS}
        unknown = sorted(set(self.settings) - set(known))
        needed = [name for name, one in known.items() if one.default is inspect.Parameter.empty]
        absent = [name for name in needed if name not in self.settings]
        if unknown or absent:
            raise InvalidRequest(
                f"The transformation '{self.name}' takes {sorted(known)}, of which it needs {needed}. Unknown: "
                f"{unknown}; missing: {absent}."
            )
        if bool(self.columns) == (self.name == "sample"):
            raise InvalidRequest(
                "A transformation names its 'columns'; only 'sample' has none, since it draws persons."
            )

    def apply(self, table: Table) -> Table:
        """The table with the values changed. Raises what the function raises."""
        step = _STEPS[self.name]
        parameters = inspect.signature(step).parameters
        if "columns" in parameters:
            return _table(step(table, self.columns, **self.settings))
        if "column" not in parameters:
            return _table(step(table, **self.settings))
        for column in self.columns:
            table = _table(step(table, column, **self.settings))
        return table


def _table(made: Any) -> Table:
    found: Table = made if isinstance(made, Table) else made.table
    return found
