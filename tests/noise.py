"""Answers with noise, without the network: what three sites and a hub would give, from noise that can be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from itertools import count

import numpy as np
import pyarrow as pa

from cohortium.analyse import drive
from cohortium.privacy.distributed_noise import NoisePlan, plan_noise
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.privacy.sensitivity import Weighing, bounded, noisy_start, part_of_budget
from cohortium.records import Algorithm, Result, Schema, State, Sums, Table, agreed_schema, as_agreed

SITES = 3


def plan_for(algorithm: Algorithm, schema: Schema, state: State, rho: Fraction) -> NoisePlan:
    """The noise of a step that costs ``rho``."""
    nobody = as_agreed(Table(pa.table({}), Schema(())), schema)
    layout = algorithm.local(nobody, state).layout
    weights = algorithm.array_weights(state) if isinstance(algorithm, Weighing) else {}
    return plan_noise(layout, bounded(algorithm, schema).sensitivity(state), rho, weights=weights, sites=SITES)


def with_noise(algorithm: Algorithm, table: Table, rho: Fraction, rng: np.random.Generator) -> Result:
    """The answer over three sites between which persons are dealt; a step costs half of what is left of ``rho``."""
    schema = agreed_schema([table.schema], algorithm.columns(), [table])
    sites = [as_agreed(table.take(table.persons() % SITES == place), schema) for place in range(SITES)]
    left = [rho]

    def total_of(state: State) -> Sums:
        left[0] /= 2
        return noisy_total(algorithm, sites, schema, State.from_bytes(state.to_bytes()), left[0], rng)

    return drive(algorithm, schema, total_of, state=noisy_start(algorithm, schema))


def in_parts(
    algorithm: Algorithm, table: Table, rho: Fraction, rng: np.random.Generator, *, is_fast: bool = False
) -> Result:
    """The same with the parts of the budget that a study gives to each step.

    is_fast : normal noise of the same size, in place of that which takes a site a quarter of a second.
    """
    schema = agreed_schema([table.schema], algorithm.columns(), [table])
    parts = [table] if is_fast else [table.take(table.persons() % SITES == place) for place in range(SITES)]
    sites, step, total = [as_agreed(part, schema) for part in parts], count(), normal_total if is_fast else noisy_total

    def total_of(state: State) -> Sums:
        cost = rho * part_of_budget(algorithm, next(step))
        return total(algorithm, sites, schema, State.from_bytes(state.to_bytes()), cost, rng)

    return drive(algorithm, schema, total_of, state=noisy_start(algorithm, schema))


def normal_total(
    algorithm: Algorithm, sites: Sequence[Table], schema: Schema, state: State, rho: Fraction, rng: np.random.Generator
) -> Sums:
    """As ``noisy_total``, with normal noise."""
    plan, limits = plan_for(algorithm, schema, state, rho), bounded(algorithm, schema)
    exact = reduce(Sums.__add__, (algorithm.local(limits.clip(site, state), state) for site in sites))
    noise = {name: plan.deviation(name) for name in exact if plan.deviation(name) > 0}
    noisy = {name: values + rng.normal(0.0, noise.get(name, 0.0), values.shape) for name, values in exact.items()}
    whole = {name: np.rint(values) for name, values in noisy.items() if exact[name].dtype == np.int64}
    return Sums(noisy | {name: values.astype(np.int64) for name, values in whole.items()}, noise=noise)


def noisy_total(
    algorithm: Algorithm, sites: Sequence[Table], schema: Schema, state: State, rho: Fraction, rng: np.random.Generator
) -> Sums:
    """The total of one step, under noise that costs ``rho``."""
    plan, limits = plan_for(algorithm, schema, state, rho), bounded(algorithm, schema)
    parts = [algorithm.local(limits.clip(site, state), state) for site in sites]
    words = reduce(Sums.__add__, (plan.words(part, InsecureNoise(rng)) for part in parts))
    return plan.total(words, parts[0].layout)
