"""What one person changes in the sums of an algorithm, beside what it says."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cohortium.privacy.sensitivity import bounded
from cohortium.records import Algorithm, Column, Kind, Role, Schema, State, Table, agreed_schema, as_agreed

SCHEMA = Schema(
    (
        Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
        Column("age", Kind.INTEGER, minimum=18, maximum=100),
        Column("marker", Kind.CONTINUOUS, minimum=0, maximum=50),
        Column("later", Kind.CONTINUOUS, minimum=5, maximum=80),
        Column("smoker", Kind.BOOLEAN),
        Column("stage", Kind.CATEGORICAL, levels=("I", "II")),
        Column("ward", Kind.CATEGORICAL, levels=("A", "B", "C")),
        Column("days", Kind.DURATION, unit="days", minimum=0, maximum=900),
        Column("died", Kind.BOOLEAN),
    )
)


def visits(n: int = 90, persons: int = 30, seed: int = 0) -> Table:
    """Several rows a person, some cells missing, some values beyond their plausible ranges."""
    rng = np.random.default_rng(seed)
    holes = {name: rng.random(n) < 0.2 for name in ("marker", "smoker", "stage", "days")}
    columns = {
        "person": [f"P{k}" for k in rng.integers(0, persons, n)],
        "age": pa.array(rng.integers(10, 110, n)),
        "marker": pa.array(rng.normal(25, 20, n), mask=holes["marker"]),
        "later": pa.array(rng.normal(30, 25, n)),
        "smoker": pa.array(rng.random(n) < 0.4, mask=holes["smoker"]),
        "stage": pa.array(rng.choice(["I", "II"], n), mask=holes["stage"]),
        "ward": rng.choice(["A", "B", "C"], n),
        "days": pa.array(rng.exponential(500, n), mask=holes["days"]),
        "died": pa.array(rng.random(n) < 0.5),
    }
    return Table(pa.table(columns), SCHEMA)


def agreed(algorithm: Algorithm, table: Table) -> Table:
    """The table under the schema that sites would agree on."""
    return as_agreed(table, agreed_schema([table.schema], algorithm.columns()))


def largest_changes(algorithm: Algorithm, table: Table, state: State) -> dict[str, float]:
    """Array -> largest L2 norm of what taking out one person changes in it, over all persons of the table."""
    records = agreed(algorithm, table)
    limits = bounded(algorithm, records.schema)
    whole = algorithm.local(limits.clip(records, state), state)
    found = dict.fromkeys(whole, 0.0)
    for person in np.unique(table.persons()):
        rest = algorithm.local(limits.clip(records.take(table.persons() != person), state), state)
        for name in found:
            found[name] = max(found[name], float(np.linalg.norm(np.ravel(whole[name] - rest[name]))))
    return found
