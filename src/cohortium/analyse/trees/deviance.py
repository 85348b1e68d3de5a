"""How far boosted trees are from their outcome after each round, on persons in training and on those held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.baseline import cumulative_hazard, interval_of, log_partial, risk_by_interval, risk_unit
from cohortium.analyse.trees.losses import Loss
from cohortium.analyse.trees.site_rows import SiteRows
from cohortium.analyse.trees.target import unit_for, whole
from cohortium.records import State, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Arrays = dict[str, NDArray[Any]]


def deviance_sums(rows: SiteRows, scores: Reals, state: State, loss: Loss) -> Arrays:
    """Losses (2, training or held out) of rows with these scores; of a follow-up also hazards by interval of time."""
    largest = loss.bounds(state.facts)[2]
    own = whole(loss.value(scores, rows.outcome, state.facts), unit_for(largest, state.facts["rows"]), largest)
    found: Arrays = {"loss": np.array([own[~rows.held].sum(), own[rows.held].sum()])}
    if "times" in state.arrays:
        cuts = state.arrays["times"]
        interval = interval_of(rows.outcome[:, 0], cuts)
        found["risk"] = risk_by_interval(scores[:, 0], interval, rows.held, len(cuts) + 1, state.facts["rows"])
    return found


def with_deviance(total: Sums, state: State, loss: Loss) -> State:
    """The state with another row of ``deviance`` (rounds, 2), NaN where nobody is held out; and the next hazard.

    The baseline hazard follows from scores one round late: it is summed while the round's trees begin to grow.
    """
    events, rows = state.arrays.get("events"), state.facts["rows"]
    own = np.full(2, np.nan)
    for part, size in enumerate(state.facts["sizes"]):
        if size:
            lost = float(total["loss"][part]) * unit_for(loss.bounds(state.facts)[2], rows)
            if events is not None:
                lost += log_partial(events[part], total["risk"][part] * risk_unit(rows))
            own[part] = 2 * lost / size
    arrays = {**state.arrays, "deviance": np.concatenate([state.arrays["deviance"], own[None]])}
    if events is not None:
        arrays["next_hazard"] = cumulative_hazard(events[0], total["risk"][0] * risk_unit(rows))
    return State(state.step, state.facts, arrays)


def best_round(deviance: Reals) -> int:
    """After which round the deviance (rounds + 1, 2) of persons held out was smallest; the last if there are none."""
    held_out = deviance[:, 1]
    return len(deviance) - 1 if np.isnan(held_out).any() else int(np.argmin(held_out))


def deviance_table(deviance: Reals) -> dict[str, list[Any]]:
    """A row for each round, 0 being before the first; mean over rows, twice the negative log likelihood's part."""
    return {
        "round": list(range(len(deviance))),
        "training": [float(one) for one in deviance[:, 0]],
        "held_out": [None if np.isnan(one) else float(one) for one in deviance[:, 1]],
    }
