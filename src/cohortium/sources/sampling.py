"""A reproducible sample of a stream, by persons or by rows, in one pass and in memory for the sample alone.

Every person gets a number that depends on the seed and the person alone, and those with the smallest numbers are
kept. So the same persons are drawn whatever the order of the rows, and a larger sample contains a smaller one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from cohortium.sources.batches import Batches

_SHARE_OF_SLACK = 2  # rows held before the surplus is dropped, as a multiple of the rows wanted


def sample_rows(batches: Batches, rows: int, *, person: str | None, seed: int) -> pa.Table:
    """At most ``rows`` rows of the stream, in its order; whole persons where ``person`` names their column.

    A first person with more rows than were asked for is kept whole, so that the sample is never empty.
    Raises : InvalidRequest below one row, or where there is no such column.
    """
    if rows < 1:
        raise InvalidRequest(f"A sample needs at least 1 row, not {rows}.")
    if person is not None and person not in batches.schema.names:
        raise InvalidRequest(f"The source has no column '{person}' to name persons; it has {batches.schema.names}.")
    kept: list[tuple[pa.RecordBatch, NDArray[np.uint64]]] = []
    held, limit, first_row = 0, np.iinfo(np.uint64).max, 0
    for batch in batches:
        numbers = _row_numbers(first_row, len(batch), seed) if person is None else _numbers(batch.column(person), seed)
        first_row += len(batch)
        kept.append(_below(batch, numbers, limit))
        held += len(kept[-1][0])
        if held > _SHARE_OF_SLACK * rows + 100_000:
            limit = _limit(kept, rows)
            kept = [_below(part, parts_numbers, limit) for part, parts_numbers in kept]
            held = sum(len(part) for part, _ in kept)
    limit = _limit(kept, rows)
    return pa.Table.from_batches([_below(part, numbers, limit)[0] for part, numbers in kept], batches.schema)


def _below(batch: pa.RecordBatch, numbers: NDArray[np.uint64], limit: int) -> tuple[pa.RecordBatch, NDArray[np.uint64]]:
    mask = numbers <= np.uint64(limit)
    return (batch, numbers) if mask.all() else (batch.filter(pa.array(mask)), numbers[mask])


def _limit(kept: Iterable[tuple[pa.RecordBatch, NDArray[np.uint64]]], rows: int) -> int:
    """Largest number to keep so that whole persons fit into ``rows``."""
    numbers, counts = np.unique(
        np.concatenate([part for _, part in kept] or [np.empty(0, np.uint64)]), return_counts=True
    )
    if not len(numbers):
        return int(np.iinfo(np.uint64).max)
    fitting = int(np.searchsorted(np.cumsum(counts), rows, side="right"))
    return int(numbers[max(fitting - 1, 0)])


def _row_numbers(first: int, size: int, seed: int) -> NDArray[np.uint64]:
    """One number per row: splitmix64 of the row's place (Steele, Lea and Flood 2014)."""
    offset = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    with np.errstate(over="ignore"):
        mixed = np.arange(first, first + size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + offset
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _numbers(persons: pa.Array, seed: int) -> NDArray[np.uint64]:
    """One number per row, equal where the person is: half of the MD5 of seed and name, which no version changes."""
    keys = pa.table({"person": persons})
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1; SET enable_progress_bar = false")
        connection.register("keys", keys)
        result = connection.execute(
            "SELECT md5_number_lower(? || coalesce(CAST(person AS VARCHAR), '')) AS number FROM keys", [f"{seed}:"]
        ).to_arrow_table()
    return np.asarray(result.column("number").to_numpy(), dtype=np.uint64)
