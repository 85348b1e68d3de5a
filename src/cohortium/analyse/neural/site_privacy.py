"""Training that hides every patient before anything leaves a hospital: what it costs, what leaves, what the hub makes.

A round is descent on lots with noise at each step (``private_descent``), so that all that leaves is private already.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.neural.framework import one_thread
from cohortium.analyse.neural.learner import clipped
from cohortium.analyse.neural.network_answer import network_answer
from cohortium.analyse.neural.private_descent import PrivateDescent
from cohortium.analyse.neural.rounds import ROUNDING, TRAIN, advanced, begun
from cohortium.analyse.neural.settings import check_settings
from cohortium.analyse.neural.site_rows import site_rows
from cohortium.analyse.neural.strategy import UPDATE, WEIGHTS
from cohortium.errors import InvalidRequest, ProtocolViolation, TooFewRecords
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.private_at_site import SiteCost
from cohortium.privacy.sampled_accounting import SampledSteps, noise_for
from cohortium.privacy.secure_noise import Noise, discrete_gaussian, few_digits
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Result, State, Sums, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.analyse.neural.neural_network import NeuralNetwork

    Reals = NDArray[np.float64]

COUNT, SITES = "count", "sites"
_COUNT_PART = 50
"""The noisy number of persons costs this part of what the training costs."""


def cost_at_site(network: NeuralNetwork) -> SiteCost | None:
    """What a run costs every site; None where settings add no noise there. Raises InvalidRequest where they are wrong.

    A site works this out before it looks at a record, whoever has looked at the settings before.
    """
    check_settings(network)
    if network.lot is None or network.noise_multiplier is None:
        return None
    training = training_cost(network)
    return SiteCost(training + 1 / (2 * count_variance(training)), network.delta)


def spending(network: NeuralNetwork, epsilon: float, delta: float) -> NeuralNetwork:
    """The network with the ``noise_multiplier`` at which a run costs every site so much, or a little less.

    Raises : InvalidRequest without a lot, or where settings do not fit; nothing is asked of records.
    """
    if network.lot is None:
        raise InvalidRequest("Noise at the sites belongs to steps on lots: state the lot.")
    settled = replace(network, noise_multiplier=1.0, delta=delta)
    check_settings(settled)
    allowed = Fraction(rho_of(epsilon, delta)) * _COUNT_PART / (_COUNT_PART + 1)
    noise = noise_for(allowed, network.lot, network.rounds * network.local_steps)
    return replace(settled, noise_multiplier=noise)


def training_cost(network: NeuralNetwork) -> Fraction:
    """Rho of all steps of all rounds."""
    steps = network.rounds * network.local_steps
    return SampledSteps(network.lot or 0.0, network.noise_multiplier or 0.0, steps).rho()


def count_variance(training: Fraction) -> Fraction:
    """Variance of the noise on the number of persons, where the training costs so much."""
    return few_digits(_COUNT_PART / (2 * training))


def check_order(network: NeuralNetwork, number: int, state: State) -> None:
    """Raises ProtocolViolation unless the number of persons is asked first and once, then each round."""
    wanted = COUNT if number == 0 else TRAIN
    if state.step != wanted or number > network.rounds:
        raise ProtocolViolation(
            f"Step {number} of a network with noise at the sites asks for '{wanted}', and the last is step "
            f"{network.rounds}; asked was '{state.step}'. Nothing else was paid for."
        )


def empty_sums(network: NeuralNetwork, state: State) -> Sums:
    """Sums as they leave every site, without records and without noise: what a hub has to know of them."""
    weights = state.arrays.get(WEIGHTS)
    return _sums(network, 0, None if state.step == COUNT or weights is None else np.zeros(len(weights)))


def noisy_sums(network: NeuralNetwork, records: Table, state: State, noise: Noise) -> Sums:
    """What leaves a site: its number of persons with noise, then how far noisy steps led.

    noise   : the secure source; a seeded one only in tests.
    Reveals : nothing without noise; a site without a row looks like any other.
    """
    facts, arrays = state.facts, state.arrays
    records = one_row_per_person(records)
    rows = site_rows(records, network.inputs(), arrays["centre"], arrays["scale"], 0.0, network.seed)
    if state.step == COUNT:
        added = int(discrete_gaussian(count_variance(training_cost(network)), 1, noise)[0])
        return _sums(network, rows.persons + added, None)
    a_site = facts[PERSONS] / facts[SITES]
    with one_thread():
        moved = descent(network, a_site).moved(network.learner(facts, rows.X, rows.y), arrays[WEIGHTS], noise)
    return _sums(network, round(a_site), clipped(moved, network.largest_update))


def _sums(network: NeuralNetwork, persons: int, update: Reals | None) -> Sums:
    known = {PERSONS: persons, SITES: 1}
    if update is None:
        return Sums(known)
    return Sums(known | {UPDATE: update}, {UPDATE: network.largest_update * ROUNDING})


def descent(network: NeuralNetwork, persons: float) -> PrivateDescent:
    """The steps of a site, where sites have so many persons on average."""
    lot, clip, multiplier = network.lot or 0.0, network.patient_clip or 0.0, network.noise_multiplier or 0.0
    rate, decay = network.learning_rate, network.weight_decay
    return PrivateDescent(lot, clip, multiplier, network.local_steps, rate, decay, lot * persons)


def stepped_at_sites(network: NeuralNetwork, total: Sums, state: State) -> State | Result:
    """The first round, the next one, or the answer; raises TooFewRecords, NotConverged."""
    sites = int(total[SITES])
    if state.step == COUNT:
        if total.persons < sites:
            raise TooFewRecords("No person is left to learn from, or the noise on their number outweighs them.")
        return begun(network, replace(state, step=TRAIN, facts=state.facts | {PERSONS: total.persons, SITES: sites}))
    reached = advanced(network, state, {UPDATE: total[UPDATE] / sites})
    if reached.step == TRAIN:
        return reached
    return network_answer(network, state.facts[PERSONS], reached.facts, reached.arrays)
