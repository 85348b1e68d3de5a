"""Answers with noise, without the network: what three sites and a hub would give, from noise that can be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

import numpy as np
import pyarrow as pa

from cohortium.analyse import drive
from cohortium.privacy.distributed_noise import NoisePlan, plan_noise
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.privacy.sensitivity import bounded
from cohortium.records import Algorithm, Result, Schema, State, Sums, Table, agreed_schema, as_agreed

SITES = 3


def plan_for(algorithm: Algorithm, schema: Schema, state: State, rho: Fraction) -> NoisePlan:
    """The noise of a step that costs ``rho``."""
    nobody = as_agreed(Table(pa.table({}), Schema(())), schema)
    layout = algorithm.local(nobody, state).layout
    return plan_noise(layout, bounded(algorithm, schema).sensitivity(state), rho, sites=SITES)


def with_noise(algorithm: Algorithm, table: Table, rho: Fraction, rng: np.random.Generator) -> Result:
    """The answer over three sites between which persons are dealt; a step costs half of what is left of ``rho``."""
    schema = agreed_schema([table.schema], algorithm.columns(), [table])
    sites = [as_agreed(table.take(table.persons() % SITES == place), schema) for place in range(SITES)]
    left = [rho]

    def total_of(state: State) -> Sums:
        left[0] /= 2
        return noisy_total(algorithm, sites, schema, State.from_bytes(state.to_bytes()), left[0], rng)

    return drive(algorithm, schema, total_of)


def noisy_total(
    algorithm: Algorithm, sites: Sequence[Table], schema: Schema, state: State, rho: Fraction, rng: np.random.Generator
) -> Sums:
    """The total of one step, under noise that costs ``rho``."""
    plan, limits = plan_for(algorithm, schema, state, rho), bounded(algorithm, schema)
    parts = [algorithm.local(limits.clip(site, state), state) for site in sites]
    words = reduce(Sums.__add__, (plan.words(part, InsecureNoise(rng)) for part in parts))
    return plan.total(words, parts[0].layout)
