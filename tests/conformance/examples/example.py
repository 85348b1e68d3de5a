"""A setting of an algorithm with a table to try it on, and made patients on whom most are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from cohortium.records import Algorithm, Column, Kind, Role, Schema, Table

STAGES = ("I", "II", "III")


@dataclass(frozen=True, slots=True)
class Example:
    """algorithm : as a study would set it up.

    table     : the pooled records that it is tried on.
    tolerance : relative agreement asked between pooled and federated; 1e-8 unless the method says why not.
    """

    algorithm: Algorithm
    table: Callable[[], Table]
    tolerance: float = 1e-8


def patients(n: int = 400, seed: int = 0) -> Table:
    """Made patients: covariates of every kind, some missing, a binary and a count outcome, and follow-up in days."""
    rng = np.random.default_rng(seed)
    age = rng.normal(60, 12, n).round(1)
    marker = np.exp(rng.normal(0, 1, n)).round(3)
    stage = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    smoker = rng.random(n) < 0.3
    treated = rng.random(n) < 1 / (1 + np.exp(-(0.03 * (age - 60) - 0.5 * stage)))
    risk = 0.04 * (age - 60) + 0.6 * stage + 0.5 * smoker - 0.7 * treated
    relapse = rng.random(n) < 1 / (1 + np.exp(-(risk - 0.5)))
    visits = rng.poisson(np.exp(0.8 + 0.3 * risk))
    until = np.ceil(rng.exponential(900 * np.exp(-risk))).astype(np.int64)
    censored = rng.integers(200, 2_000, n)
    cause = np.where(until <= censored, np.where(rng.random(n) < 0.7, 1, 2), 0)
    arrays = {
        "age": pa.array(age),
        "marker": pa.array(np.where(rng.random(n) < 0.1, np.nan, marker), from_pandas=True),
        "stage": pa.array(np.array(STAGES)[stage]).dictionary_encode(),
        "smoker": pa.array(smoker),
        "treated": pa.array(treated),
        "relapse": pa.array(relapse),
        "visits": pa.array(visits),
        "time_days": pa.array(np.minimum(until, censored)),
        "died": pa.array(cause > 0),
        "cause": pa.array(np.array(["none", "disease", "other"])[cause]).dictionary_encode(),
        "hospital": pa.array(np.array(["north", "south", "west"])[rng.integers(0, 3, n)]).dictionary_encode(),
    }
    kinds = {
        "age": Column("age", Kind.CONTINUOUS, unit="years", minimum=0.0, maximum=120.0),
        "marker": Column("marker", Kind.CONTINUOUS),
        "stage": Column("stage", Kind.ORDINAL, levels=STAGES),
        "visits": Column("visits", Kind.INTEGER),
        "time_days": Column("time_days", Kind.INTEGER, unit="days"),
        "cause": Column("cause", Kind.CATEGORICAL, levels=("disease", "none", "other")),
        "hospital": Column("hospital", Kind.CATEGORICAL),
    }
    columns = tuple(kinds.get(name, Column(name, Kind.BOOLEAN)) for name in arrays)
    return Table(pa.table(arrays), Schema(columns))


def followed(n: int = 400, seed: int = 0) -> Table:
    """The same patients with their outcome and their follow-up marked as such."""
    table = patients(n, seed)
    roles = {"relapse": Role.OUTCOME, "time_days": Role.TIME, "died": Role.EVENT}
    columns = [
        replace(column, roles=frozenset({roles[column.name]})) if column.name in roles else column
        for column in table.schema.columns
    ]
    return table.with_schema(Schema(tuple(columns)))
