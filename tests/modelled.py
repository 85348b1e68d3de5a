"""Patients whose outcomes follow known models exactly: what intervals are held against."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from cohortium.analyse import LinearRegression, LogisticRegression, PoissonRegression
from cohortium.records import Column, Kind, Schema, Table

SCHEMA = Schema(
    (
        Column("age", Kind.CONTINUOUS, minimum=0, maximum=120),
        Column("pressure", Kind.CONTINUOUS, minimum=50, maximum=250),
        Column("stage", Kind.CATEGORICAL, levels=("I", "II", "III")),
        Column("smoker", Kind.BOOLEAN),
        Column("score", Kind.CONTINUOUS, minimum=-20, maximum=20),
        Column("relapse", Kind.BOOLEAN),
        Column("visits", Kind.INTEGER, minimum=0, maximum=30),
    )
)
EFFECTS = np.array([0.05, 0.008, 0.5, 1.0, 0.6])
MODELLED = ("age", "pressure", "stage", "smoker")
TRUTH = {
    "linear_regression": np.append(-4.0, EFFECTS),
    "logistic_regression": np.append(-4.6, EFFECTS),
    "poisson_regression": np.append(-1.3, EFFECTS / 2.5),
}
MODELS: tuple[Any, ...] = (
    LinearRegression("score", MODELLED),
    LogisticRegression("relapse", MODELLED),
    PoissonRegression("visits", MODELLED),
)


def made(n: int, seed: int) -> Table:
    """Patients whose outcomes follow the models of ``TRUTH`` exactly."""
    rng = np.random.default_rng(seed)
    age = rng.normal(60, 12, n).clip(0, 120)
    pressure = (100 + 0.5 * age + rng.normal(0, 15, n)).clip(50, 250)
    stage, smoker = rng.choice(3, n, p=[0.5, 0.3, 0.2]), rng.random(n) < 0.4
    X = np.stack([np.ones(n), age, pressure, stage == 1, stage == 2, smoker], axis=1)
    line, odds, rate = (X @ TRUTH[f"{name}_regression"] for name in ("linear", "logistic", "poisson"))
    arrays = {
        "age": pa.array(age),
        "pressure": pa.array(pressure),
        "stage": pa.array(np.array(["I", "II", "III"])[stage]),
        "smoker": pa.array(smoker),
        "score": pa.array(line + rng.normal(0, 1, n)),
        "relapse": pa.array(rng.random(n) < 1 / (1 + np.exp(-odds))),
        "visits": pa.array(rng.poisson(np.exp(rate))),
    }
    return Table(pa.table(arrays), SCHEMA)
