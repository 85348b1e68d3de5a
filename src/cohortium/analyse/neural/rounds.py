"""A round of training: what leaves a site, and what the hub makes of the sum."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number
from cohortium.analyse.neural.learner import Learner, clipped
from cohortium.analyse.neural.network_answer import network_answer
from cohortium.analyse.neural.settings import strategy_of
from cohortium.analyse.neural.strategy import UPDATE, WEIGHTS
from cohortium.errors import NotConverged, TooFewRecords
from cohortium.records import PERSONS, Result, State, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.analyse.neural.neural_network import NeuralNetwork

    Reals = NDArray[np.float64]

TRAIN, JUDGE = "train", "judge"
ROUNDING = 1 + 1e-9


def begun(network: NeuralNetwork, state: State) -> State:
    """The first round: random weights, the same for all."""
    weights = network.architecture(state.facts).initial(network.seed)
    return replace(state, arrays=state.arrays | strategy_of(network).begin(weights))


def changes(network: NeuralNetwork, persons: int, learner: Learner, judged: Learner, state: State) -> Sums:
    """Loss of the weights that came, and unless all is done, the clipped changes of a round, each times the rows.

    learner, judged : of the rows that are learnt from, and of those that are held out.
    """
    strategy, rows = strategy_of(network), len(learner.y)
    own = strategy.personal(learner, state.arrays)
    found: dict[str, Any] = {PERSONS: persons, "rows": rows, "loss": learner.loss(own)}
    if network.held_out > 0:
        found |= {"held_out_rows": len(judged.y), "held_out_loss": judged.loss(own)}
    if state.step == JUDGE:
        return Sums(found)
    left = strategy.at_site(learner, state.arrays, own)
    moved = {name: rows * clipped(values, network.largest_update) for name, values in left.items()}
    bound = state.facts.get("rows", 0) * network.largest_update * ROUNDING  # no site has more rows than all had
    return Sums(found | moved, dict.fromkeys(moved, bound) if bound else None)


def stepped(network: NeuralNetwork, total: Sums, state: State) -> State | Result:
    """The next round, or the answer; raises TooFewRecords, NotConverged."""
    rows = int(total["rows"])
    if rows == 0:
        raise TooFewRecords("No row is left to learn from; widen the condition, or hold out fewer.")
    measured = [float(total["loss"]) / rows]
    if network.held_out > 0:
        held = int(total["held_out_rows"])
        measured.append(float(total["held_out_loss"]) / held if held else math.nan)
    losses = [*state.facts["losses"], [number(value) for value in measured]]
    facts = state.facts | {"losses": losses, "learnt_from": rows}
    if state.step == JUDGE:
        return network_answer(network, total.persons, facts, state.arrays)
    means = {name: values / rows for name, values in total.items() if values.ndim == 1}
    return advanced(network, replace(state, facts=facts), means)


def stepped_privately(network: NeuralNetwork, total: Sums, state: State) -> State | Result:
    """The same from a noisy sum of patients' gradients, which tells no loss.

    The persons that it is divided by are the mean of the noisy counts so far, which knows them better than the last.
    """
    counted = state.facts.get("counted", 0) + total.persons
    persons = counted / (state.facts["round"] + 1)
    if persons < 1:
        raise TooFewRecords("No person is left to learn from, or the noise outweighs them.")
    decay = network.learning_rate * network.weight_decay * state.arrays[WEIGHTS]
    facts = state.facts | {"counted": counted}
    moved = advanced(network, replace(state, facts=facts), {UPDATE: total[UPDATE] / persons - decay})
    return moved if moved.step == TRAIN else network_answer(network, round(persons), moved.facts, moved.arrays)


def advanced(network: NeuralNetwork, state: State, means: Mapping[str, Reals]) -> State:
    """The hub's step on the sites' means; raises NotConverged."""
    arrays = state.arrays | strategy_of(network).at_hub(means, state.arrays)
    done = state.facts["round"] + 1
    if not np.isfinite(arrays[WEIGHTS]).all():
        raise NotConverged(f"The weights grew without bound in round {done}. Use a smaller learning_rate.")
    return State(TRAIN if done < network.rounds else JUDGE, state.facts | {"round": done}, arrays)
