"""How well trees foretell, from sums: on the persons that they learnt from, and on others.

Every sum has two rows: persons in training, and persons that the trees have not seen (held out, or out of the bag).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.target import CLASSES, COUNT, FOLLOW_UP, NUMBER, unit_for, whole
from cohortium.numerics.binned_concordance import binned_concordance
from cohortium.numerics.binned_roc import BinnedRoc
from cohortium.numerics.intervals import deviate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

SETS = ("training", "unseen")
CHANCES, RISKS, TIMES = 1000, 400, 100


def judged(
    kind: str, outcome: Reals, answer: Reals, seen: NDArray[np.bool_], known: NDArray[np.bool_], facts: dict[str, Any]
) -> dict[str, NDArray[np.int64]]:
    """Sums for one of the two sets; both stand one above the other in what leaves a site.

    answer : (n, K) chances of classes, or (n, 1) the number, or the risk where the outcome is a follow-up.
    seen   : (n,) True for persons of the first row; known : (n,) True for those of either row.
    facts  : ``rows``, ``largest`` and ``risks`` (lowest and highest risk that the trees can give), ``times``.
    """
    where = np.where(seen, 0, 1)[known]
    outcome, answer = outcome[known], answer[known]
    if kind == CLASSES:
        return _of_classes(where, outcome[:, 0].astype(np.int64), answer)
    if kind == FOLLOW_UP:
        return _of_risks(where, outcome, answer[:, 0], facts)
    return _of_numbers(where, outcome[:, 0], answer[:, 0], facts)


def judgement(kind: str, total: Mapping[str, NDArray[Any]], facts: dict[str, Any]) -> dict[str, list[Any]]:
    """A table of one row a set: persons' rows, and AUC with interval and log loss, RMSE and R2, or C-index."""
    table: dict[str, list[Any]] = {"set": [], "n": [], "measure": [], "value": [], "low": [], "high": []}
    for place, name in enumerate(SETS):
        for n, measure, value, low, high in _MEASURES[kind]({key: total[key][place] for key in _SUMMED[kind]}, facts):
            for column, one in zip(table, (name, n, measure, value, low, high), strict=True):
                table[column].append(one)
    return table


def _of_classes(where: Any, codes: Any, chances: Reals) -> dict[str, NDArray[np.int64]]:
    """Histograms (2, K, with or without, CHANCES) of each class's chance; answers that are right; log loss."""
    classes = chances.shape[1]
    place = np.minimum((chances * CHANCES).astype(np.int64), CHANCES - 1)
    own = np.zeros((2, classes, 2, CHANCES), dtype=np.int64)
    for one in range(classes):
        np.add.at(own[:, one], (where, (codes != one).astype(np.int64), place[:, one]), 1)
    right = np.bincount(where[chances.argmax(axis=1) == codes], minlength=2).astype(np.int64)
    lost = whole(-np.log(np.maximum(chances[np.arange(len(codes)), codes], 1e-15)), 2.0**-24, 64.0)
    summed = np.zeros(2, dtype=np.int64)
    np.add.at(summed, where, lost)
    return {"chances": own, "right": right, "log_loss": summed}


def _classes(sums: dict[str, Any], facts: dict[str, Any]) -> list[tuple[Any, ...]]:
    n, classes, found = int(sums["chances"][0].sum()), facts["classes"], list[tuple[Any, ...]]()
    if not n:
        return found
    for place in range(1 if len(classes) == 2 else 0, len(classes)):
        name = "auc" if len(classes) == 2 else f"auc[{classes[place]}]"
        roc = BinnedRoc(sums["chances"][place, 0], sums["chances"][place, 1])
        if roc.positives and roc.negatives:
            found.append((n, name, roc.area, *roc.interval(roc.delong_error())))
    found.append((n, "accuracy", int(sums["right"]) / n, None, None))
    found.append((n, "log_loss", float(sums["log_loss"]) * 2.0**-24 / n, None, None))
    return found


def _of_numbers(where: Any, y: Reals, answer: Reals, facts: dict[str, Any]) -> dict[str, NDArray[np.int64]]:
    """Rows, outcome and its square, squared error."""
    largest = facts["largest"]
    unit, square = unit_for(largest, facts["rows"]), unit_for(4 * largest**2, facts["rows"])
    parts = [
        np.ones(len(y), dtype=np.int64),
        whole(y, unit, largest),
        whole(y**2, square, largest**2),
        whole((y - answer) ** 2, square, 4 * largest**2),
    ]
    return {"moments": np.array([[part[where == place].sum() for part in parts] for place in (0, 1)])}


def _numbers(sums: dict[str, Any], facts: dict[str, Any]) -> list[tuple[Any, ...]]:
    n = int(sums["moments"][0])
    if not n:
        return []
    largest = facts["largest"]
    unit, square = unit_for(largest, facts["rows"]), unit_for(4 * largest**2, facts["rows"])
    mean, spread = sums["moments"][1] * unit / n, sums["moments"][2] * square / n
    error, variance = sums["moments"][3] * square / n, spread - mean**2
    explained = None if variance <= 0 else float(1 - error / variance)
    return [(n, "rmse", math.sqrt(error), None, None), (n, "r2", explained, None, None)]


def _of_risks(where: Any, outcome: Reals, risk: Reals, facts: dict[str, Any]) -> dict[str, NDArray[np.int64]]:
    """Counts (2, event or not, times, risks)."""
    low, high = facts["risks"]
    place = np.clip((risk - low) / max(high - low, 1e-12) * RISKS, 0, RISKS - 1).astype(np.int64)
    coarse = facts["times"][:: max(1, len(facts["times"]) // TIMES)]
    time = np.searchsorted(coarse, outcome[:, 0], "left")
    own = np.zeros((2, 2, len(coarse) + 1, RISKS), dtype=np.int64)
    np.add.at(own, (where, outcome[:, 1].astype(np.int64), time, place), 1)
    return {"risks": own}


def _risks(sums: dict[str, Any], facts: dict[str, Any]) -> list[tuple[Any, ...]]:
    censored, events = sums["risks"]
    n = int(censored.sum() + events.sum())
    value, error = binned_concordance(events, censored, np.array([0, len(events)]))
    if math.isnan(value):
        return []
    reach = deviate(0.95) * error
    return [(n, "c_index", value, max(value - reach, 0.0), min(value + reach, 1.0))]


_SUMMED = {CLASSES: ("chances", "right", "log_loss"), FOLLOW_UP: ("risks",), NUMBER: ("moments",), COUNT: ("moments",)}
_MEASURES = {CLASSES: _classes, FOLLOW_UP: _risks, NUMBER: _numbers, COUNT: _numbers}
