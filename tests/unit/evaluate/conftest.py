"""Small tables whose law is known, for the tests of metrics and of their engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cohortium.records import Column, Constraint, Kind, Role, Schema, Table

Maker = Callable[..., Table]


@pytest.fixture
def make_table() -> Maker:
    """``make_table({"age": ..., "sex": ...}, roles={"sex": Role.QUASI_IDENTIFIER})``; kinds follow the values."""

    def make(
        columns: Mapping[str, Any],
        *,
        roles: Mapping[str, Role] | None = None,
        kinds: Mapping[str, Kind] | None = None,
        facts: Mapping[str, Mapping[str, Any]] | None = None,
        constraints: tuple[Constraint, ...] = (),
    ) -> Table:
        arrays = {name: pa.array(np.asarray(values), from_pandas=True) for name, values in columns.items()}
        schema = Schema(
            tuple(
                Column(
                    name,
                    (kinds or {}).get(name, _kind(array)),
                    frozenset({roles[name]} if roles and name in roles else ()),
                    **(facts or {}).get(name, {}),
                )
                for name, array in arrays.items()
            ),
            constraints,
        )
        return Table(pa.table(arrays), schema)

    return make


def _kind(array: pa.Array) -> Kind:
    if pa.types.is_boolean(array.type):
        return Kind.BOOLEAN
    if pa.types.is_integer(array.type):
        return Kind.INTEGER
    return Kind.CONTINUOUS if pa.types.is_floating(array.type) else Kind.CATEGORICAL


@pytest.fixture
def make_patients(make_table: Maker) -> Callable[[int, int], Table]:
    """Patients with sex, age, a marker that decides an outcome, and follow-up."""

    def make(n: int, seed: int, *, slope: float = 1.5, hazard: float = 0.7) -> Table:
        rng = np.random.default_rng([seed, 77])
        age = rng.normal(60, 10, n).round()
        sex = rng.choice(["f", "m"], n)
        marker = rng.normal(size=n) + (sex == "m")
        outcome = rng.random(n) < 1 / (1 + np.exp(-slope * (marker - 0.5)))
        death, end = rng.exponential(10 * np.exp(-hazard * marker)), rng.uniform(2, 20, n)
        return make_table(
            {
                "age": age.astype(int),
                "sex": sex,
                "marker": marker,
                "noise": rng.normal(size=n),
                "outcome": outcome,
                "years": np.minimum(death, end),
                "died": death <= end,
            },
            roles={
                "age": Role.QUASI_IDENTIFIER,
                "sex": Role.QUASI_IDENTIFIER,
                "outcome": Role.OUTCOME,
                "years": Role.TIME,
                "died": Role.EVENT,
            },
            facts={"years": {"unit": "years"}},
        )

    return make
