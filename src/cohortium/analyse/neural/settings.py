"""What a network's settings must be, and the strategy that they name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cohortium.analyse.answers import one_of
from cohortium.analyse.neural.fed_adam import FedAdam
from cohortium.analyse.neural.fed_avg import FedAvg
from cohortium.analyse.neural.fed_prox import FedProx
from cohortium.analyse.neural.fed_recon import FedRecon
from cohortium.analyse.neural.inputs import RANGE
from cohortium.analyse.neural.scaffold import Scaffold
from cohortium.analyse.neural.strategy import Strategy
from cohortium.errors import InvalidRequest
from cohortium.privacy.sampled_accounting import SMALLEST_DELTA

if TYPE_CHECKING:
    from cohortium.analyse.neural.neural_network import NeuralNetwork

STRATEGIES = ("fed_avg", "fed_prox", "scaffold", "fed_adam", "fed_recon")
_SUM_ALONE = ("fed_avg", "fed_adam")
"""Strategies whose hub can step on a sum of gradients."""


def strategy_of(network: NeuralNetwork) -> Strategy:
    """The strategy with its settings."""
    rate = network.server_rate
    if network.strategy == "fed_adam":
        return FedAdam(0.01 if rate is None else rate)
    average = FedAvg(1.0 if rate is None else rate)
    made: dict[str, Strategy] = {
        "fed_avg": average,
        "fed_prox": FedProx(average, network.proximal),
        "scaffold": Scaffold(average.server_rate),
        "fed_recon": FedRecon(network.head_steps, average.server_rate),
    }
    return made[network.strategy]


def check_settings(network: NeuralNetwork) -> None:
    """Raises InvalidRequest where a setting is out of its range, or contradicts another."""
    one_of(network.strategy, STRATEGIES, "strategy")
    units = (*network.hidden, *network.filters)
    whole = (network.rounds, network.epochs, network.head_steps, network.seed, network.batch or 1, network.local_steps)
    if any(type(value) is not int for value in (*whole, *units)) or network.seed < 0:
        raise InvalidRequest(
            "rounds, epochs, batch, head_steps, local_steps, units, filters and the seed are whole numbers, none "
            "negative."
        )
    above = {
        "rounds": network.rounds,
        "epochs": network.epochs,
        "batch": network.batch,
        "learning_rate": network.learning_rate,
        "server_rate": network.server_rate,
        "head_steps": network.head_steps,
        "largest_update": network.largest_update,
        "patient_clip": network.patient_clip,
        "lot": network.lot,
        "noise_multiplier": network.noise_multiplier,
        "local_steps": network.local_steps,
    }
    wrong = [name for name, value in above.items() if value is not None and not 0 < value < math.inf]
    if wrong:
        raise InvalidRequest(f"{', '.join(wrong)}: rounds, epochs, batch, rates, steps and norms are above 0.")
    if not (0 <= network.weight_decay < math.inf and 0 <= network.proximal < math.inf):
        raise InvalidRequest("weight_decay and proximal are at least 0.")
    if not 0 <= network.held_out < 1:
        raise InvalidRequest(f"held_out is a share of persons, at least 0 and below 1, not {network.held_out}.")
    if network.patient_clip is not None and not _is_one_step(network):
        raise InvalidRequest(
            "With patient_clip a round is one step on all patients, or local_steps on lots: strategy 'fed_avg' or "
            "'fed_adam', epochs 1, no batch, nothing held out, and scaling 'range'."
        )
    _check_lots(network)


def _check_lots(network: NeuralNetwork) -> None:
    given = [network.lot, network.noise_multiplier]
    if network.lot is None and (network.noise_multiplier is not None or network.local_steps != 1):
        raise InvalidRequest("noise_multiplier and local_steps belong to steps on lots: state the lot, too.")
    if network.lot is not None and (None in given or network.patient_clip is None or network.lot > 1):
        raise InvalidRequest(
            "A lot is a share of patients, up to 1, and takes a patient_clip and a noise_multiplier beside it: the "
            "noise at each step over the clip."
        )
    if not SMALLEST_DELTA <= network.delta < 1:
        raise InvalidRequest(f"delta is at least {SMALLEST_DELTA:g} and below 1, not {network.delta:g}.")


def _is_one_step(network: NeuralNetwork) -> bool:
    whole = network.epochs == 1 and network.batch is None and network.held_out == 0
    return whole and network.strategy in _SUM_ALONE and network.scaling == RANGE
