"""Membership inference subgroup by subgroup."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import rounded_counts
from cohortium.evaluate.privacy.attacks import Attacks, attacks
from cohortium.evaluate.privacy.quasi_identifiers import grouping
from cohortium.evaluate.privacy.roc import Scores
from cohortium.numerics.intervals import LEVEL
from cohortium.records import Question, Score
from cohortium.registry import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 50
THIRDS = ("lowest third", "middle third", "highest third")


@metric(
    "mia_subgroups",
    asks=Question.PRIVACY,
    title="Membership found in the most exposed subgroup (AUC)",
    better="lower",
    range=(0.0, 1.0),
    ideal=0.5,
    needs=("holdout",),
    source="Kulynych et al. 2022 (disparate vulnerability); Bonferroni interval",
)
def mia_subgroups(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How well the informed attack tells who was in the data, in the most exposed subgroup; 0.5 is guessing.

    Subgroups are the levels of the quasi-identifying columns, thirds where these are numbers, with at least 50 members
    and 50 strangers. The most exposed is the one whose lower bound is highest, or else the smallest group would win by
    chance; the bounds allow for having picked it.
    Raises : TooFewRecords where no subgroup has 50 members and 50 strangers.
    """
    run = pair.once(attacks, rng)
    found = list(_groups(pair, run))
    if not found:
        raise TooFewRecords(f"No subgroup has {FEWEST} training persons and {FEWEST} held-out persons under attack.")
    level = 1 - (1 - LEVEL) / len(found)
    areas = [scores.area(level) for _, scores in found]
    worst = int(np.argmax([area.low for area in areas]))
    rows = [
        {
            "subgroup": name,
            "persons": int(rounded_counts(np.array([len(scores.members) + len(scores.strangers)]))[0]),
            "mia": round(area.value, 4),
            "low": round(area.low, 4),
            "high": round(area.high, 4),
        }
        for (name, scores), area in zip(found, areas, strict=True)
    ]
    chosen = found[worst][1]
    return Score(
        areas[worst].value,
        areas[worst].low,
        areas[worst].high,
        n=len(chosen.members) + len(chosen.strangers),
        detail={"subgroup": found[worst][0], "subgroups": rows},
    )


def _groups(pair: Comparison, run: Attacks) -> Iterator[tuple[str, Scores]]:
    inside, outside = run.line_up.members.first, run.line_up.strangers.first
    for place in grouping(pair):
        name = pair.encoded.names[place]
        members, strangers = pair.real_matrix[inside, place], pair.holdout_matrix[outside, place]
        if pair.encoded.nominal[place]:
            labels: tuple[str, ...] = pair.encoded.levels[place]
            codes = members, strangers
        else:
            labels, codes = THIRDS, _thirds(members, strangers)
        for code, label in enumerate(labels):
            a, b = codes[0] == code, codes[1] == code
            if min(a.sum(), b.sum()) >= FEWEST:
                yield f"{name}: {label}", run.informed.among(a, b)


def _thirds(
    members: NDArray[np.float64], strangers: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    both = np.concatenate([members, strangers])
    known = both[~np.isnan(both)]
    if not len(known):
        return members, strangers
    cuts = np.quantile(known, [1 / 3, 2 / 3])

    def third(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(np.isnan(values), np.nan, np.searchsorted(cuts, values, "left").astype(np.float64))

    return third(members), third(strangers)
