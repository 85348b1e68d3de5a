"""Table one from sums that carry noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cohortium.analyse.answers import number
from cohortium.analyse.noise.counts import LEVEL, shares, with_intervals
from cohortium.analyse.noise.independence import noisy_independence
from cohortium.analyse.noise.means import NOTE, group_arrays, hidden_groups, noisy_moments, weighted_welch
from cohortium.analyse.noise.public_ranges import range_of
from cohortium.records import State, Sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Tables = dict[str, dict[str, list[Any]]]

DIFFERENCES = "Standardised differences are not given under noise, which alone would make them large."


def noisy_tables(total: Sums, state: State) -> tuple[Tables, list[str]]:
    """The tables "numeric", "levels" and "tests" as ``TableOne`` gives them, with intervals; and notes."""
    tables: Tables = {"numeric": {}, "levels": {}, "tests": {}}
    notes: list[str] = []
    for place, name in enumerate(state.facts["numeric"]):
        notes += _describe_numeric(tables, total, state, place, name)
    start = 0
    for name, levels in state.facts["nominal"].items():
        _describe_levels(tables, total, state, name, levels, total["levels"][start : start + len(levels)])
        start += len(levels)
    return tables, [*dict.fromkeys(notes), DIFFERENCES, NOTE]


def _describe_numeric(tables: Tables, total: Sums, state: State, place: int, name: str) -> list[str]:
    known, sums, squares = (array[place] for array in group_arrays(total))
    found = noisy_moments(known, sums, squares, total.noise, state.arrays["centre"][place], range_of(state, name))
    groups, used = state.facts["groups"], found.usable
    rows = found.table(groups, LEVEL)
    rows["missing"] = [int(one) for one in total["rows"] - total["known"][place]]
    _extend(tables["numeric"], {"variable": [name] * len(groups)} | rows)
    p = weighted_welch(found.found.mean[used], found.error[used], found.freedom[used])["welch_p"]
    missing = int(total["rows"].sum() - total["known"][place].sum())
    _extend(
        tables["tests"], {"variable": [name], "smd": [None], "p": [number(p)], "missing": [missing], "test": ["Welch"]}
    )
    return hidden_groups(found, groups)


def _describe_levels(
    tables: Tables, total: Sums, state: State, name: str, levels: list[str], cells: NDArray[np.int64]
) -> None:
    groups, noise = state.facts["groups"], total.noise["levels"]
    rows: dict[str, list[Any]] = {"variable": [name] * cells.size}
    rows["level"] = [level for level in levels for _ in groups]
    rows["group"] = groups * len(levels)
    rows["n"] = cells.ravel().tolist()
    with_intervals(rows, "n", cells, noise)
    by_group = [shares(counts, int(counts.sum())) for counts in cells.T]
    rows["share"] = [by_group[group][level] for level in range(len(levels)) for group in range(len(groups))]
    _extend(tables["levels"], rows)
    missing, p = int(total["rows"].sum() - cells.sum()), noisy_independence(cells, noise)["p"]
    _extend(
        tables["tests"], {"variable": [name], "smd": [None], "p": [p], "missing": [missing], "test": ["chi-square"]}
    )


def _extend(table: dict[str, list[Any]], rows: dict[str, list[Any]]) -> None:
    for column, values in rows.items():
        table.setdefault(column, []).extend(values)
