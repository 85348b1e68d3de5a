"""Groups of a table's persons: what a release costs them, and weights that make an outcome independent of them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise import risk
from cohortium.anonymise.tables.coded import distinct_texts
from cohortium.errors import TooFewRecords
from cohortium.evaluate import disclosure
from cohortium.records import Kind, Table
from cohortium.serve.anonymisation.risk_case import Case

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_LEVELS = 12


def costs_of(case: Case, members: risk.Links | None) -> tuple[tuple[risk.Costs, ...], tuple[str, ...]]:
    """Per column of groups, what the release costs them, and why some columns were not compared.

    members : the table's persons, looked up in the release; nothing is found where there is none.
    """
    if members is None:
        return (), ()
    outcome = _outcome(case.table, case.outcome)
    found, untold = [], []
    for name in case.groups or _groups(case):
        codes, levels = _grouped(case.table, name)
        try:
            found.append(risk.costs(name, codes, levels, members.losses, members.rows > 0, outcome=outcome,
                                    persons=members.persons))  # fmt: skip
        except TooFewRecords as reason:
            untold.append(str(reason))
    return tuple(found), tuple(untold)


def _groups(case: Case) -> tuple[str, ...]:
    """Nominal columns of few levels among what others may know and what nobody must learn."""
    chosen = [name for name in (*case.columns, *case.sensitive) if name != case.outcome]
    kinds = {name: case.table.schema[name].kind for name in chosen}
    return tuple(
        name for name in dict.fromkeys(chosen)
        if kinds[name].is_numeric or len(distinct_texts(case.table, name)[1]) <= MOST_LEVELS
    )  # fmt: skip


def _grouped(table: Table, name: str) -> tuple[NDArray[np.int32], list[str]]:
    """Groups of a column: its levels, or four bands at round numbers."""
    kind = table.schema[name].kind
    if not kind.is_numeric:
        return distinct_texts(table, name)
    values = table.numeric(name)
    known = values[np.isfinite(values)]
    quarters = np.quantile(known, [0.25, 0.5, 0.75]) if len(known) else np.zeros(3)
    if quarters[2] <= quarters[0] or kind in (Kind.DATE, Kind.DATETIME):
        return np.where(np.isfinite(values), 0, -1).astype(np.int32), ["all"]
    step = disclosure.round_step((quarters[2] - quarters[0]) / 4)
    cuts = np.unique(np.round(quarters / step) * step)
    ends = [f"{cut:g}" for cut in cuts]
    names = [f"below {ends[0]}", *(f"{a} to below {b}" for a, b in pairwise(ends)),
             f"{ends[-1]} and above"]  # fmt: skip
    codes = np.where(np.isfinite(values), np.searchsorted(cuts, values, side="right"), -1)
    return codes.astype(np.int32), names


def _outcome(table: Table, name: str) -> NDArray[np.bool_] | None:
    """Which rows have the second of the outcome's two levels; None where it has not two."""
    if not name or not table.schema[name].kind.is_nominal:
        return None
    codes, levels = table.codes(name)
    return np.equal(codes, 1) if len(levels) == 2 else None


def weights_of(case: Case) -> tuple[tuple[str, str, float], ...]:
    """Group, outcome and weight, of the first group; cells of fewer than ten persons are left away."""
    groups = [name for name in case.groups or _groups(case) if name != case.outcome]
    if _outcome(case.table, case.outcome) is None or not groups:
        return ()
    codes, levels = _grouped(case.table, groups[0])
    outcome, names = case.table.codes(case.outcome)
    kept = (codes >= 0) & (outcome >= 0)
    found = risk.weights(codes[kept], outcome[kept])
    cells = []
    for group, level in enumerate(levels):
        for place, label in enumerate(names):
            members = (codes[kept] == group) & (outcome[kept] == place)
            if members.sum() >= disclosure.FEWEST:
                cells.append((f"{groups[0]}: {level}", label, float(found[members][0])))
    return tuple(cells)
