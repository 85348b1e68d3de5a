"""Describe: how many, how many missing, mean and spread of numbers, counts of levels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cohortium.analyse.design import levels_of, persons_in
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm


@algorithm(
    "describe",
    title="Description of columns",
    leaves_site="per column: how many values, their sum and sum of squares around an agreed centre; counts of levels",
    source="Chan, Golub & LeVeque 1983: two passes, so that large means cost no digits",
    counts=("known", "levels"),
)
@dataclass(frozen=True, slots=True)
class Describe:
    """Number, missing, mean and standard deviation of numeric columns; counts of the levels of nominal ones.

    variables : columns to describe.
    Reveals   : totals over all sites; a total over few persons is kept in by the disclosure rules.
    """

    variables: tuple[str, ...]

    def columns(self) -> tuple[str, ...]:
        """The variables."""
        return self.variables

    def start(self, schema: Schema) -> State:
        """Ask for sums first."""
        numeric = [name for name in self.variables if schema[name].kind.is_numeric]
        nominal = {name: list(levels_of(schema, name)) for name in self.variables if name not in numeric}
        return State("sums", {"numeric": numeric, "nominal": nominal}, {"centre": np.zeros(len(numeric))})

    def local(self, records: Table, state: State) -> Sums:
        """Known values, sums around the centre, and counts of levels."""
        numeric, nominal = state.facts["numeric"], state.facts["nominal"]
        values = [records.numeric(name) - centre for name, centre in zip(numeric, state.arrays["centre"], strict=True)]
        codes = {name: records.codes(name)[0] for name in nominal}
        known = [int((~np.isnan(found)).sum()) for found in values] + [int((c >= 0).sum()) for c in codes.values()]
        counted = [np.bincount(c[c >= 0], minlength=len(nominal[name])) for name, c in codes.items()]
        return Sums(
            {
                PERSONS: persons_in(records),
                "rows": len(records),
                "known": np.array(known, dtype=np.int64),
                "sum": np.array([np.nansum(found) for found in values], dtype=np.float64),
                "squares": np.array([np.nansum(found**2) for found in values], dtype=np.float64),
                "levels": np.concatenate([*counted, np.zeros(0, dtype=np.int64)]).astype(np.int64),
            }
        )

    def combine(self, total: Sums, state: State) -> State | Result:
        """The means after the first pass, the answer after the second."""
        numeric, nominal = state.facts["numeric"], state.facts["nominal"]
        known = total["known"]
        shift = total["sum"] / np.maximum(known[: len(numeric)], 1)
        if state.step == "sums" and numeric:
            return State("spread", state.facts, {"centre": shift})
        centre = state.arrays["centre"]
        table: dict[str, list[object]] = {key: [] for key in ("variable", "n", "missing", "mean", "sd")}
        for place, name in enumerate(numeric):
            n = int(known[place])
            spread = float(total["squares"][place]) - n * float(shift[place]) ** 2
            table["variable"].append(name)
            table["n"].append(n)
            table["missing"].append(int(total["rows"]) - n)
            table["mean"].append(float(centre[place] + shift[place]) if n else None)
            table["sd"].append(math.sqrt(max(spread, 0.0) / (n - 1)) if n > 1 else None)
        counted: dict[str, list[object]] = {key: [] for key in ("variable", "level", "n", "share")}
        start = 0
        for place, (name, levels) in enumerate(nominal.items(), start=len(numeric)):
            for level in levels:
                counted["variable"].append(name)
                counted["level"].append(level)
                counted["n"].append(int(total["levels"][start]))
                counted["share"].append(float(total["levels"][start] / known[place]) if known[place] else None)
                start += 1
        missing = {
            name: int(total["rows"]) - int(known[place]) for place, name in enumerate(nominal, start=len(numeric))
        }
        return Result(
            "Description of columns",
            total.persons,
            {"numeric": table, "levels": counted},
            {"rows": int(total["rows"]), "missing_levels": missing},
        )
