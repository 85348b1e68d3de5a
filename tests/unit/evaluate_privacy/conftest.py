"""Tables whose leak is known: real persons drawn from one population, and synthetic ones made of them on purpose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cohortium.evaluate.comparison import Comparison
from cohortium.records import Column, Guarantee, Kind, Role, Schema, Table

QUASI = frozenset({Role.QUASI_IDENTIFIER})
SCHEMA = Schema(
    (
        Column("age", Kind.INTEGER, QUASI),
        Column("sex", Kind.CATEGORICAL, QUASI),
        Column("height_cm", Kind.CONTINUOUS),
        Column("weight_kg", Kind.CONTINUOUS),
        Column("glucose", Kind.CONTINUOUS),
        Column("code", Kind.CATEGORICAL),
        Column("ill", Kind.BOOLEAN, frozenset({Role.OUTCOME})),
    )
)


def people(n: int, rng: np.random.Generator) -> Table:
    """Persons of one population: correlated numbers, some missing, levels common and rare."""
    age = rng.integers(18, 95, n)
    female = rng.random(n) < 0.5
    height = rng.normal(175 - 12 * female, 7)
    weight = height - 100 + rng.normal(0, 12, n)
    glucose = np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(1.6 + age / 400, 0.25))
    ill = rng.random(n) < 1 / (1 + np.exp(4 - age / 20))
    frame = pd.DataFrame(
        {
            "age": age,
            "sex": np.where(female, "female", "male"),
            "height_cm": height,
            "weight_kg": weight,
            "glucose": glucose,
            "code": np.char.add("C", np.minimum(rng.zipf(1.6, n), 40).astype(str)),
            "ill": ill,
        }
    )
    return Table.from_pandas(frame, SCHEMA)


@pytest.fixture
def pair() -> Callable[..., Comparison]:
    """Makes a comparison of persons of one population in which a known share of the training rows has leaked.

    leaked : share of the synthetic rows that are training rows, taken without replacement; the others are new persons.
    """

    def make(
        n: int = 600, leaked: float = 0.0, seed: int = 0, held: int | None = None, copy: bool = False
    ) -> Comparison:
        rng = np.random.default_rng(seed)
        everybody = people(2 * n + (held or n), rng)
        real, others = everybody.take(np.arange(n)), everybody.take(np.arange(n, 2 * n))
        holdout = everybody.take(np.arange(2 * n, len(everybody)))
        if copy:
            return Comparison(real, real.take(rng.integers(0, n, n)), holdout, guarantee=Guarantee(1.0, 1e-5))
        count = round(leaked * n)
        rows = np.concatenate([rng.permutation(n)[:count], np.arange(n, 2 * n - count)])
        synthetic = everybody.take(rows)
        assert len(others) == len(synthetic)
        return Comparison(real, synthetic, holdout, guarantee=Guarantee(1.0, 1e-5))

    return make
