"""Differentially private training of a network in one process: one hospital's records, or a rehearsal over several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from cohortium.analyse.neural.neural_network import NeuralNetwork
from cohortium.analyse.run import drive
from cohortium.errors import TooFewRecords
from cohortium.privacy.accounting import Budget, rho_of
from cohortium.privacy.distributed_noise import plan_noise
from cohortium.privacy.secure_noise import Noise, SecureNoise
from cohortium.records import Result, State, Sums, Table, agreed_schema, as_agreed


def train_privately(
    network: NeuralNetwork, tables: Sequence[Table], epsilon: float, delta: float, *, noise: Noise | None = None
) -> Result:
    """The network that ``tables`` give, hiding any single person: (epsilon, delta)-differentially private.

    Each round sums the clipped gradients of all patients, adds noise, and pays an equal part of the budget. No patient
    is left out of a round at random, so nothing is gained by sampling; for a given number of rounds the noise a
    patient is then the smallest there is.
    noise  : the operating system's secure source where None; a seeded one only in tests.
    Reveals : the weights after every round, and a noisy count of persons; column levels are taken as public.
    Raises : NotApplicable without ``patient_clip``, or where a column states no plausible range.
    Source : Abadi et al. 2016, Deep Learning with Differential Privacy, algorithm 1, with all patients in every lot;
             noise: Kairouz, Liu & Steinke 2021; composition: Bun & Steinke 2016.
    """
    if not tables:
        raise TooFewRecords("Training needs one table or more.")
    schema = agreed_schema([table.schema for table in tables], network.columns(), tables)
    ready = [as_agreed(table, schema) for table in tables]
    budget = Budget(Fraction(rho_of(epsilon, delta)))
    source = noise or SecureNoise()

    def total_of(state: State) -> Sums:
        parts = [network.local(network.clip(one, state), state) for one in ready]
        layout, bounds = parts[0].layout, network.sensitivity(state)
        plan = plan_noise(layout, bounds, budget.rho / network.steps(), sites=len(parts))
        budget.spend("training", plan.rho)
        words = [plan.words(part, source) for part in parts]
        total = words[0]
        for part in words[1:]:
            total = total + part
        return plan.total(total, layout)

    answer = drive(network, schema, total_of)
    spent = {"epsilon": epsilon, "delta": delta, "rho_spent": float(budget.rho - budget.left)}
    return replace(answer, facts=answer.facts | spent)
