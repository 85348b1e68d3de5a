"""Contingency table: how two nominal columns go together, with tests of independence and strength of association."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number, reach
from cohortium.analyse.design import complete, levels_of, persons_in
from cohortium.analyse.noise.counts import NOTE, noise_facts, shares, with_intervals
from cohortium.analyse.noise.independence import noisy_independence
from cohortium.errors import InvalidRequest
from cohortium.numerics.distributions import chi2_sf
from cohortium.numerics.fisher_exact import fisher_exact
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray


@algorithm(
    "contingency",
    title="Contingency table",
    leaves_site="how many rows there are with each pair of levels of the two columns",
    source="Pearson 1900, Phil. Mag. 50, 157; Fisher 1935, J. R. Stat. Soc. 98, 39; Cramer 1946",
    counts=("cells",),
    family="counts",
)
@dataclass(frozen=True, slots=True)
class Contingency:
    """Counts of two nominal columns, chi-square, Cramer's V, and for two by two levels Fisher's exact test.

    row, column : the two columns; rows of the table where either is missing are left out.
    continuity  : Yates's correction for two by two levels.
    In mode "dp" chi-square allows for the noise, and Fisher's test and Cramer's V are left out.
    Reveals     : the count of every cell over all sites; small ones are kept in by the disclosure rules.
    """

    row: str
    column: str
    continuity: bool = False
    level: float = 0.95

    def columns(self) -> tuple[str, ...]:
        """The two columns."""
        return (self.row, self.column)

    def steps(self) -> int:
        """One, so that in mode "dp" it may cost all that the analysis has."""
        return 1

    def start(self, schema: Schema) -> State:
        """Ask for the counts."""
        if self.row == self.column:
            raise InvalidRequest(f"A contingency table needs two different columns; '{self.row}' came twice.")
        reach(self.level)
        return State(
            "cells", {"row": list(levels_of(schema, self.row)), "column": list(levels_of(schema, self.column))}
        )

    def local(self, records: Table, state: State) -> Sums:
        """Count the cells."""
        rows = complete(records, self.columns())
        shape = len(state.facts["row"]), len(state.facts["column"])
        place = rows.codes(self.row)[0].astype(np.int64) * shape[1] + rows.codes(self.column)[0]
        cells = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
        return Sums({PERSONS: persons_in(rows), "cells": cells, "missing": len(records) - len(rows)})

    def sensitivity(self, state: State) -> dict[str, float]:
        """One person is one row, and so adds 1 to one count."""
        return dict.fromkeys((PERSONS, "cells", "missing"), 1.0)

    def clip(self, records: Table, state: State) -> Table:
        """One row per person, with both values where there is such a row."""
        is_complete = ~records.missing(self.row) & ~records.missing(self.column)
        return one_row_per_person(records, is_complete.astype(np.int64))

    def combine(self, total: Sums, state: State) -> State | Result:
        """The tests."""
        cells, deviation = total["cells"], total.noise.get("cells")
        expected = cells.sum(1)[:, None] * cells.sum(0)[None, :] / max(int(cells.sum()), 1)
        n = int(cells.sum()) if deviation is None else total.persons
        facts: dict[str, Any] = {"n": n, "missing": int(total["missing"]), "level": self.level}
        if deviation is not None:
            facts |= noisy_independence(cells, deviation, self.level) | noise_facts(total, self.level)
            facts["notes"] = [*facts["notes"], NOTE]
        else:
            facts |= independence(cells, continuity=self.continuity)
        if cells.shape == (2, 2) and deviation is None:
            facts["fisher"] = {key: number(value) for key, value in asdict(fisher_exact(cells, self.level)).items()}
        table: dict[str, list[Any]] = {key: [] for key in (self.row, self.column, "n", "expected", "row_share")}
        for (i, j), count in np.ndenumerate(cells):
            table[self.row].append(state.facts["row"][i])
            table[self.column].append(state.facts["column"][j])
            table["n"].append(int(count))
            table["expected"].append(float(expected[i, j]))
            table["row_share"] += shares(count, int(cells[i].sum()))
        with_intervals(table, "n", cells, deviation, self.level)
        return Result("Contingency table", total.persons, {"cells": table}, facts)


def independence(cells: NDArray[np.int64], *, continuity: bool = False) -> dict[str, Any]:
    """Chi-square, its degrees of freedom and p, and Cramer's V; levels without a row are left out.

    All are None, with a note, where fewer than two levels of either column occur.
    """
    kept = cells[cells.sum(1) > 0][:, cells.sum(0) > 0].astype(np.float64)
    if min(kept.shape) < 2:
        empty: dict[str, Any] = dict.fromkeys(("chi_square", "df", "p", "cramers_v"))
        return empty | {"notes": ["Only one level of a column occurs; independence cannot be tested."]}
    expected = kept.sum(1)[:, None] * kept.sum(0)[None, :] / kept.sum()
    gap = np.abs(kept - expected)
    plain = float((gap**2 / expected).sum())
    corrected = np.maximum(gap - 0.5, 0) if continuity and kept.shape == (2, 2) else gap
    statistic, df = float((corrected**2 / expected).sum()), (kept.shape[0] - 1) * (kept.shape[1] - 1)
    notes = ["Levels that do not occur are left out of the tests."] if kept.shape != cells.shape else []
    if (expected < 5).any():
        notes.append("Some expected counts are below 5; the p value of chi-square is approximate.")
    return {
        "chi_square": statistic,
        "df": df,
        "p": float(chi2_sf(statistic, df)),
        "cramers_v": float(np.sqrt(plain / kept.sum() / (min(kept.shape) - 1))),
        "notes": notes,
    }
