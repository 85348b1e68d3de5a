"""Whom a model says "yes" to, by subgroup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import SMALL_SUBGROUP
from cohortium.evaluate.fairness.subgroups import Subgroup, subgroups
from cohortium.evaluate.utility.trained import answers
from cohortium.records import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rate = Callable[["NDArray[np.bool_]", "NDArray[np.bool_]"], float]
"""A rate of "yes" among some persons: of their decisions and their true outcomes, both (n,)."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions for held-out persons, by the model trained on real and by the one trained on synthetic rows.

    Both say "yes" to as many persons as have the outcome.
    """

    rows: NDArray[np.float64]
    truth: NDArray[np.bool_]
    real: NDArray[np.bool_]
    synthetic: NDArray[np.bool_]


def decisions(pair: Comparison, rng: np.random.Generator) -> Decisions:
    """The decisions of both models.

    Raises : NotApplicable unless the target has two classes and persons were held out.
    """
    found = pair.once(answers, rng)
    if found.task.kind != "binary":
        raise NotApplicable("Parity is judged for targets of two classes.")
    share = float(found.held.y.mean())
    yes = [chance >= np.quantile(chance, 1.0 - share) for chance in (found.real, found.synthetic)]
    return Decisions(pair.holdout_matrix[found.held.kept], found.held.y == 1.0, yes[0], yes[1])


def largest_shift(pair: Comparison, rng: np.random.Generator, rates: dict[str, Rate]) -> Score:
    """Largest change, over columns, of the gap between their subgroups' rates when the model was trained on synthetic
    instead of real rows.

    rates  : by name; the gap of a column is that of the rate in which its subgroups differ most.
    Raises : TooFewRecords where no column has two subgroups with thirty persons to take a rate of.
    """
    groups, found = subgroups(pair), decisions(pair, rng)
    rows: list[dict[str, Any]] = []
    shifts: dict[str, float] = {}
    for column in dict.fromkeys(group.column for group in groups.judged):
        gaps = {"real": 0.0, "synthetic": 0.0}
        compared = False
        for name, rate in rates.items():
            by_group = _rates([group for group in groups.judged if group.column == column], found, rate)
            if len(by_group) >= 2:
                compared = True
                table = np.array(list(by_group.values()))
                gaps = {key: max(gaps[key], float(np.ptp(table[:, side]))) for side, key in enumerate(gaps)}
                rows += [
                    group.row(**{f"{name}_real": round(a, 4), f"{name}_synthetic": round(b, 4)})
                    for group, (a, b) in by_group.items()
                ]
        if compared:
            shifts[column] = abs(gaps["synthetic"] - gaps["real"])
    if not shifts:
        raise TooFewRecords(f"No column has two subgroups of {SMALL_SUBGROUP} held-out persons.")
    detail = groups.detail(rows) | {"columns": {name: round(shift, 4) for name, shift in shifts.items()}}
    return Score(max(shifts.values()), n=len(found.truth), detail=detail)


def _rates(groups: list[Subgroup], found: Decisions, rate: Rate) -> dict[Subgroup, tuple[float, float]]:
    by_group: dict[Subgroup, tuple[float, float]] = {}
    for group in groups:
        members = group.of(found.rows)
        pair = tuple(rate(decided[members], found.truth[members]) for decided in (found.real, found.synthetic))
        if not np.isnan(pair).any():
            by_group[group] = (pair[0], pair[1])
    return by_group
