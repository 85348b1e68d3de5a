"""Rows that satisfy a condition, by proposing rows and keeping those that do."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import replace
from typing import TypeVar

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.records import Condition, Table, concat
from cohortium.synthesise.tables.marginal_codec import Marginal

Batch = TypeVar("Batch", bound=Sized)

FIRST_BATCH = 2_000
LARGEST_BATCH = 100_000
RAREST = 1e-4
"""Below this share of accepted proposals a condition counts as not met by the model."""


def fill_up(propose: Callable[[int], Batch], n: int) -> list[Batch]:
    """Batches of what ``propose`` keeps of so many tries, until there are ``n`` or more.

    Raises : NotApplicable where fewer than one try in 10,000 is kept.
    """
    kept, tried, batches = 0, 0, []
    size = max(FIRST_BATCH, min(n, LARGEST_BATCH))
    while kept < n:
        batches.append(propose(size))
        kept, tried = kept + len(batches[-1]), tried + size
        if tried * RAREST > 5 and kept < tried * RAREST:
            raise NotApplicable(
                f"The model makes {kept} rows in {tried:,} that satisfy the condition; that is too few to draw "
                f"{n:,} from. Widen the condition."
            )
        size = int(np.clip(1.1 * (n - kept) * tried / max(kept, 1), FIRST_BATCH, LARGEST_BATCH))
    return batches or [propose(0)]


def draw_where(propose: Callable[[int], Table], n: int, where: Condition, marginals: Sequence[Marginal]) -> Table:
    """``n`` of the rows that ``propose`` makes, all satisfying ``where``.

    Raises : NotApplicable where (almost) none does.
    """
    levels = {marginal.column.name: marginal.levels for marginal in marginals}

    def accepted(rows: int) -> Table:
        table = propose(rows)
        # A batch may lack a level by chance; the condition must still know it.
        known = table.schema
        for column in known.columns:
            if column.levels is None and levels.get(column.name):
                known = known.replace_column(replace(column, levels=levels[column.name]))
        return table.take(where.holds(table.with_schema(known)))

    batches = fill_up(accepted, n)
    table = batches[0] if len(batches) == 1 else concat(batches)
    return table.take(np.arange(n))
