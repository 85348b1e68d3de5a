"""Scores of members and strangers, and how well a threshold tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.numerics.intervals import LEVEL, Interval, auc, binomial_tail, wilson
from cohortium.numerics.ranks import average_ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW_FALSE = 0.01
"""The false accusations that a careful attacker allows himself: 1 in 100 strangers."""

_GRID = np.concatenate([[0.0, 0.001, 0.002, 0.005, 0.01], np.linspace(0.02, 1.0, 95)])


@dataclass(frozen=True, slots=True)
class Scores:
    """What an attacker believes of each person: the higher, the more likely a member.

    stretch : how much wider intervals are than for as many independent scores.
    """

    members: NDArray[np.float64]
    strangers: NDArray[np.float64]
    stretch: float = 1.0

    def area(self, level: float = LEVEL) -> Interval:
        """Area under the ROC curve: chance that a member looks more like a member than a stranger does."""
        return auc(self.members, self.strangers, level, self.stretch)

    def among(self, members: NDArray[Any], strangers: NDArray[Any]) -> Scores:
        """Scores of some of the persons, given by place or as a mask."""
        return Scores(self.members[members], self.strangers[strangers], self.stretch)

    def ranked(self) -> Scores:
        """The same order on the scale 0 to 1, so that scores of separate line-ups can stand together."""
        ranks = average_ranks(np.concatenate([self.members, self.strangers]))
        scaled = (ranks - 0.5) / max(len(ranks), 1)
        return Scores(scaled[: len(self.members)], scaled[len(self.members) :], self.stretch)

    def curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """False and true positive rates over all thresholds, from (0, t) to (1, 1); no false rate twice."""
        thresholds = np.unique(np.concatenate([self.members, self.strangers]))[::-1]
        false = 1 - np.searchsorted(np.sort(self.strangers), thresholds, "left") / len(self.strangers)
        true = 1 - np.searchsorted(np.sort(self.members), thresholds, "left") / len(self.members)
        last = np.append(false[1:] > false[:-1], True)
        start = [0.0] if false[last][0] > 0 else []
        return np.concatenate([start, false[last]]), np.concatenate([start, true[last]])

    def caught(self, false: float = FEW_FALSE, level: float = LEVEL) -> Interval:
        """Share of members found at this share of falsely accused strangers, ties broken by lot.

        Both the threshold and the share behind it are uncertain; half of the error goes to either, so the interval errs
        on the wide side. Where even the highest stranger may lie below the threshold, the lower bound takes what is
        found above that stranger, in proportion: an attacker may always accuse only some of whom he could.
        """
        x, y = self.curve()
        error = (1 - level) / 4
        n, m = (int(len(side) / self.stretch**2) for side in (self.members, self.strangers))
        value = float(np.interp(false, x, y))
        surely_few, surely_more = _order_statistics(m, false, error)
        scale = 1.0 if surely_few else false / max(1 - error ** (1 / m), false)
        low = scale * wilson(float(np.interp((max(surely_few, 1) - 1) / m, x, y)) * n, n, 1 - 2 * error).low
        high = wilson(float(np.interp(min(surely_more / m, 1.0), x, y)) * n, n, 1 - 2 * error).high
        return Interval(value, min(low, value), max(high, value))

    def detail(self) -> dict[str, Any]:
        """For the report: at most 101 points of the ROC curve, and what is found at 1 % false accusations."""
        x, y = self.curve()
        caught = self.caught()
        return {
            "roc": {"fpr": _short(_GRID), "tpr": _short(np.interp(_GRID, x, y))},
            "tpr_at_1_percent": _short(np.array([caught.value, caught.low, caught.high])),
        }


def _short(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), 4) for value in values]


@dataclass(frozen=True, slots=True)
class Strongest:
    """The attack of several that tells most: its place, its scores turned so that members stand high, its area."""

    place: int
    scores: Scores
    area: Interval


def strongest(attempts: tuple[Scores, ...], choices: int = 1) -> Strongest:
    """The attack with the largest area in either direction; the interval is widened (Bonferroni) for having chosen.

    choices : further choices among as many alternatives, such as subgroups, that the caller makes.
    """
    areas = np.array([scores.area().value for scores in attempts])
    place = int(np.argmax(np.abs(areas - 0.5)))
    chosen = attempts[place]
    if areas[place] < 0.5:
        chosen = Scores(-chosen.members, -chosen.strangers, chosen.stretch)
    return Strongest(place, chosen, chosen.area(1 - (1 - LEVEL) / (len(attempts) * choices)))


def _order_statistics(m: int, false: float, error: float) -> tuple[int, int]:
    """Places, from the top, of the strangers whose scores surely accuse fewer, and surely more, than ``false`` of all.

    The k-th highest of m accuses more than ``false`` of all with the chance that fewer than k of m lie above the true
    threshold; 0 where not even the highest is sure.
    """
    few = 0
    while few < m and 1 - binomial_tail(few + 1, m, false) <= error:
        few += 1
    more = max(few, 1)
    while more < m and binomial_tail(more, m, false) > error:
        more += 1
    return few, more
