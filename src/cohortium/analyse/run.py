"""Runners that need no network: one table, or several tables as if each were a site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from cohortium.errors import NotConverged
from cohortium.records import Algorithm, Result, Schema, State, Sums, Table, agreed_schema, as_agreed

Round = Callable[[int, State], None]
MOST_ROUNDS = 10_000


def drive(
    algorithm: Algorithm,
    schema: Schema,
    total_of: Callable[[State], Sums],
    *,
    state: State | None = None,
    before: Round = lambda _number, _state: None,
    first: int = 0,
) -> Result:
    """Step after step until there is an answer; the loop that every runner shares.

    total_of : the sums over all sites for a state.
    state    : where to go on, after ``first`` steps were done; from the start where None.
    before   : told of every step before it is taken; keeps checkpoints and shows progress.
    Raises   : NotConverged after ten thousand steps.
    """
    state = algorithm.start(schema) if state is None else state
    for number in range(first, MOST_ROUNDS):
        before(number, state)
        outcome = algorithm.combine(total_of(state), state)
        if isinstance(outcome, Result):
            return outcome
        state = outcome
    raise NotConverged(f"No answer after {MOST_ROUNDS:,} steps; this is a fault of the algorithm.")


def pooled(algorithm: Algorithm, table: Table) -> Result:
    """The answer from one table."""
    return over_sites(algorithm, [table])


def over_sites(algorithm: Algorithm, tables: Sequence[Table]) -> Result:
    """The answer from several tables, through the bytes that would travel: sums leave each, and nothing else."""
    schema = agreed_schema([table.schema for table in tables], algorithm.columns(), tables)
    ready = [as_agreed(table, schema) for table in tables]

    def total_of(state: State) -> Sums:
        sent = State.from_bytes(state.to_bytes())
        return reduce(Sums.__add__, (Sums.from_bytes(algorithm.local(one, sent).to_bytes()) for one in ready))

    return drive(algorithm, schema, total_of)
