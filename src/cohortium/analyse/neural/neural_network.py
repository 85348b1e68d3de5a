"""A neural network for tables and small images, trained across hospitals."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.design import term_names
from cohortium.analyse.neural.architecture import Architecture
from cohortium.analyse.neural.convolution import ConvolutionalNetwork, pooled_size
from cohortium.analyse.neural.framework import one_thread
from cohortium.analyse.neural.inputs import RANGE, Inputs
from cohortium.analyse.neural.learner import Descent, Learner
from cohortium.analyse.neural.perceptron import Perceptron
from cohortium.analyse.neural.preparation import CENTRE, SPREAD, centre_of, moments, scale_of
from cohortium.analyse.neural.rounds import TRAIN, begun, changes, stepped, stepped_privately
from cohortium.analyse.neural.settings import check_settings
from cohortium.analyse.neural.site_privacy import (
    COUNT,
    check_order,
    cost_at_site,
    empty_sums,
    noisy_sums,
    stepped_at_sites,
)
from cohortium.analyse.neural.site_rows import site_rows
from cohortium.analyse.neural.strategy import UPDATE, WEIGHTS
from cohortium.analyse.neural.target import BINARY, NUMBER, Target
from cohortium.errors import NotApplicable
from cohortium.privacy.private_at_site import SiteCost
from cohortium.privacy.secure_noise import SecureNoise
from cohortium.privacy.sensitivity import one_row_per_person
from cohortium.records import PERSONS, Result, Schema, State, Sums, Table, schema_to_plain
from cohortium.registry import algorithm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@algorithm(
    "neural_network",
    title="Neural network",
    leaves_site="how far the network's weights moved on the site's records, times the number of records, and the sum "
    "of the loss; weights can hold traces of single patients unless noise hides them: patient_clip with mode dp, or "
    "with a lot and noise at the site",
    source="McMahan et al. 2017, AISTATS, 1273; Li et al. 2020, MLSys, 429; Karimireddy et al. 2020, ICML, 5132; "
    "Reddi et al. 2021, ICLR; Singhal et al. 2021, NeurIPS; privacy: Abadi et al. 2016, CCS, 308",
    family="learning",
    divides=False,  # a site descends step after step on its own rows
)
@dataclass(frozen=True, slots=True)
class NeuralNetwork:
    """Multilayer perceptron or convolutional network for a yes or no, a class, or a number, trained across sites.

    outcome       : boolean column, one of which ``event`` is the level that counts, a nominal one, or a number.
    covariates    : as in ``design``; nominal columns become an input a level, all are scaled. None where there are
                    images enough.
    image         : column of images; each of ``filters`` folds them by as many 3 x 3 windows and halves their sides.
                    The covariates join what is left of them in the first hidden layer.
    hidden, activation : units of the hidden layers, none for a linear model; "tanh" or "relu".
    strategy      : "fed_avg", "fed_prox", "scaffold", "fed_adam" or, with heads that stay at the sites, "fed_recon".
    rounds        : how often weights travel to the sites and back.
    epochs, batch : passes over its rows that a site makes in a round, and rows a step; all rows where None. With one
                    epoch of all rows under "fed_avg" or "fed_adam", any spread of the rows over sites gives one answer.
    learning_rate, server_rate : of the sites, and of the hub; the hub's is 1, and 0.01 of "fed_adam", where None.
    weight_decay  : factor of half the squared length of the weights in the loss.
    proximal      : of "fed_prox". head_steps : of "fed_recon".
    missing       : "drop" rows where a covariate or the image is missing, or "indicate" them to the network.
    scaling       : by the "spread" over sites, or the plausible "range" of the schema.
    held_out      : share of each site's persons who are not learnt from, but judged after every round.
    largest_update : L2 norm to which a site's change of the weights is clipped.
    patient_clip  : L2 norm to which each patient's gradient is clipped, for mode "dp": one step a round, on the first
                    row of every person, with "fed_avg" or "fed_adam" and scaling by range; nothing but the sum of
                    those gradients leaves.
    lot, noise_multiplier, local_steps : instead, for modes "plain" and "secure", noise at each site: so many steps a
                    round, each on patients drawn with the chance ``lot``, with noise of ``noise_multiplier`` times
                    ``patient_clip``. What leaves hides each patient from everybody outside the site.
    delta         : at which the epsilon that these cost a site is stated.
    seed          : of the first weights and the order of rows.
    Reveals       : weights of a network over all sites, and its loss after every round.
    """

    outcome: str
    covariates: tuple[str, ...] = ()
    event: str | None = None
    image: str | None = None
    filters: tuple[int, ...] = (8, 16)
    hidden: tuple[int, ...] = (16,)
    activation: str = "tanh"
    strategy: str = "fed_avg"
    rounds: int = 50
    epochs: int = 1
    batch: int | None = None
    learning_rate: float = 0.5
    server_rate: float | None = None
    weight_decay: float = 0.0
    proximal: float = 0.1
    head_steps: int = 20
    missing: str = "drop"
    scaling: str = "spread"
    held_out: float = 0.0
    largest_update: float = 10.0
    patient_clip: float | None = None
    lot: float | None = None
    noise_multiplier: float | None = None
    local_steps: int = 1
    delta: float = 1e-6
    seed: int = 0

    def columns(self) -> tuple[str, ...]:
        """Outcome, image and covariates."""
        return self.inputs().names()

    def start(self, schema: Schema) -> State:
        """Ask for means, or train at once where ranges stand in for them.

        Raises : InvalidRequest where settings do not fit; NotApplicable where a plausible range is asked for and none.
        """
        check_settings(self)
        inputs, own = self.inputs(), schema.select(self.columns())
        inputs.check(own)
        kind, classes = inputs.target.kind(own), inputs.target.classes(own)
        outputs = len(classes) if classes and kind != BINARY else 1
        shape = inputs.shape(own)
        from_image = 0 if shape is None else pooled_size(shape, self.filters)
        sizes = (from_image + len(inputs.terms(own)), *self.hidden, outputs)
        facts = {"kind": kind, "sizes": list(sizes), "schema": schema_to_plain(own), "round": 0, "losses": []}
        facts |= {} if shape is None else {"shape": list(shape)}
        self.architecture(facts).check()
        if self.scaling == RANGE:
            centre, scale = inputs.ranges(own)
            first = State(TRAIN if self.lot is None else COUNT, facts, {"centre": centre, "scale": scale})
            return begun(self, first) if self.lot is None else first
        return State(CENTRE, facts, {"centre": np.zeros(len(term_names(own, self.covariates)) + 1)})

    def local(self, records: Table, state: State) -> Sums:
        """Moments of the inputs, then changes of the weights, at last the loss; pure, unless noise is added here.

        Raises : MissingExtra where PyTorch is needed and not installed.
        """
        if self.lot is not None:
            return noisy_sums(self, records, state, SecureNoise())
        arrays, facts, inputs = state.arrays, state.facts, self.inputs()
        if state.step in (CENTRE, SPREAD):
            raw, persons = inputs.raw(records)
            return Sums({PERSONS: len(np.unique(persons)), **moments(raw, arrays["centre"])})
        if self.patient_clip is not None:
            records = one_row_per_person(records)
        rows = site_rows(records, inputs, arrays["centre"], arrays["scale"], self.held_out, self.seed)
        learner, judged = (self.learner(facts, *rows.part(held=held)) for held in (False, True))
        with one_thread() if len(rows.y) else nullcontext():  # a hub, which asks how sums look, needs no PyTorch
            if self.patient_clip is None:
                return changes(self, rows.persons, learner, judged, state)
            summed = learner.patient_gradients(arrays[WEIGHTS], self.patient_clip)
            return Sums({PERSONS: rows.persons, UPDATE: -self.learning_rate * summed})

    def combine(self, total: Sums, state: State) -> State | Result:
        """Scale, then step after step of the strategy, then the answer.

        Raises : TooFewRecords without rows; NotConverged where the weights leave the numbers.
        """
        if self.lot is not None:
            return stepped_at_sites(self, total, state)
        facts, arrays = state.facts, state.arrays
        is_number = facts["kind"] == NUMBER
        if state.step == CENTRE:
            return State(SPREAD, facts | {"rows": int(total["rows"])}, {"centre": centre_of(total, is_number)})
        if state.step == SPREAD:
            return begun(self, State(TRAIN, facts, arrays | {"scale": scale_of(total, is_number)}))
        return stepped(self, total, state) if self.patient_clip is None else stepped_privately(self, total, state)

    def steps(self) -> int:
        """How many steps there will be, for whoever divides a privacy budget among them."""
        if self.lot is not None:
            return self.rounds + 1
        return self.rounds + (0 if self.patient_clip is not None else 1) + (0 if self.scaling == RANGE else 2)

    def sensitivity(self, state: State) -> Mapping[str, float]:
        """One person moves the update by the clipped length of one gradient.

        Raises : NotApplicable without ``patient_clip``, or with noise at the sites.
        """
        if self.lot is not None:
            raise NotApplicable("With a lot the sites add the noise: ask in mode 'plain' or 'secure', or leave it out.")
        if self.patient_clip is None:
            raise NotApplicable("Mode 'dp' trains a network with the settings patient_clip and scaling='range'.")
        return {PERSONS: 1.0, UPDATE: self.learning_rate * self.patient_clip}

    def clip(self, records: Table, state: State) -> Table:
        """One row per person; gradients are clipped where they are taken."""
        return one_row_per_person(records)

    def site_cost(self) -> SiteCost | None:
        """What a run costs every site where ``lot`` is set; raises InvalidRequest where settings do not fit."""
        return cost_at_site(self)

    def empty_sums(self, state: State) -> Sums:
        """What leaves a site where ``lot`` is set, as it looks without records and noise."""
        return empty_sums(self, state)

    def check_step(self, number: int, state: State) -> None:
        """Raises ProtocolViolation where a hub asks for a step that the cost does not count."""
        check_order(self, number, state)

    def inputs(self) -> Inputs:
        """How columns are read."""
        return Inputs(self.covariates, Target(self.outcome, self.event), self.missing, self.scaling, self.image)

    def architecture(self, facts: Mapping[str, Any]) -> Architecture:
        """The network whose layers the facts of a state tell."""
        sizes = tuple(facts["sizes"])
        if self.image is None:
            return Perceptron(sizes, self.activation)
        height, width, channels = facts["shape"]
        return ConvolutionalNetwork((height, width, channels), self.filters, sizes, self.activation)

    def learner(self, facts: Mapping[str, Any], X: Reals, y: Reals) -> Learner:
        """What learns from rows in the round that ``facts`` tell."""
        seed = (self.seed, 1 + facts["round"])
        settings = self.learning_rate, self.epochs, self.batch, self.weight_decay, self.largest_update
        descent = Descent(*settings, seed)
        return Learner(self.architecture(facts), facts["kind"], X, y, descent)
