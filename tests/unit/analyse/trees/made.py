"""Made persons whose outcomes follow rules that trees should find."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cohortium.analyse import drive
from cohortium.records import Algorithm, Column, Kind, Role, Schema, State, Sums, Table, agreed_schema, as_agreed

FEATURES = ("x", "z", "ward", "noise")
KINDS = {"x": Kind.CONTINUOUS, "z": Kind.CONTINUOUS, "ward": Kind.CATEGORICAL, "noise": Kind.CONTINUOUS}


def table_of(columns: dict[str, pa.Array], key: str | None = None) -> Table:
    """A table of columns of the usual names; whatever else there is is a number, or boolean."""
    listed = []
    for name, values in columns.items():
        other = Kind.BOOLEAN if pa.types.is_boolean(values.type) else Kind.CONTINUOUS
        is_key = name == key
        kind = Kind.TEXT if is_key else KINDS.get(name, other)
        listed.append(Column(name, kind, frozenset({Role.PERSON_KEY} if is_key else ())))
    return Table(pa.table(columns), Schema(tuple(listed)))


def made(n: int = 2_000, seed: int = 0) -> Table:
    """Persons with a class, a number, a count and follow-up; all depend on x, on the ward, and on z missing."""
    rng = np.random.default_rng(seed)
    x, z, noise = rng.normal(0, 1, n), rng.normal(0, 1, n), rng.normal(0, 1, n)
    z[rng.random(n) < 0.3] = np.nan
    ward = rng.choice(4, n)
    score = 1.5 * (x > 0.3) + 1.0 * np.isin(ward, [1, 3]) + 1.2 * np.isnan(z) - 1.5
    until, censored = rng.exponential(300 * np.exp(-score)), rng.uniform(50, 900, n)
    return table_of(
        {
            "x": pa.array(x),
            "z": pa.array(z, from_pandas=True),
            "ward": pa.array(np.array(["A", "B", "C", "D"])[ward]).dictionary_encode(),
            "noise": pa.array(noise),
            "sick": pa.array(rng.random(n) < 1 / (1 + np.exp(-1.5 * score))),
            "level": pa.array(10 + 3 * score + rng.normal(0, 1, n)),
            "visits": pa.array(rng.poisson(np.exp(0.5 + 0.6 * score)).astype(np.float64)),
            "time": pa.array(np.minimum(until, censored)),
            "died": pa.array(until <= censored),
        }
    )


def spread(table: Table, sites: int = 3) -> list[Table]:
    """Its rows over so many sites."""
    return [table.take(np.arange(site, len(table), sites)) for site in range(sites)]


class Watched:
    """Runs an algorithm on one table, and keeps what every site would be sent and would send."""

    def __init__(self, algorithm: Algorithm, table: Table) -> None:
        self.states: list[State] = []
        self.sums: list[Sums] = []
        schema = agreed_schema([table.schema], algorithm.columns(), [table])
        self.ready = as_agreed(table, schema)

        def total_of(state: State) -> Sums:
            self.states.append(State.from_bytes(state.to_bytes()))
            self.sums.append(algorithm.local(self.ready, self.states[-1]))
            return self.sums[-1]

        self.result = drive(algorithm, schema, total_of)
