"""The covariates of a Cox regression on all modelled columns but the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.design import Design, design
from cohortium.records import Role, Survival, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 25
EVENTS_PER_COVARIATE = 5
"""Cox regression is unreliable below about this many events per covariate (Vittinghoff & McCulloch 2007)."""


def cox_design(pair: Comparison) -> Design:
    """The covariates, at most 25 and at most one per five real events: those whose real means differ most between
    persons with and without the event.

    Raises : NotApplicable without a covariate.
    """
    schema = pair.real.schema
    outcome = {column.name for role in (Role.TIME, Role.EVENT) for column in schema.with_role(role)}
    columns = [place for place, name in enumerate(pair.encoded.names) if name not in outcome]
    if not columns:
        raise NotApplicable("Hazard ratios need a column beside time and event.")
    full = design(pair.encoded, columns)
    rows, follow_up = with_follow_up(pair.real, pair.real_matrix)
    X = full.covariates(rows)
    # Score test of each covariate on its own, up to constants: events less those expected by time under observation.
    expected = follow_up.durations * follow_up.events.sum() / max(follow_up.durations.sum(), 1e-300)
    weight = np.abs(X.T @ (follow_up.events - expected))
    most = max(1, min(MOST, int(follow_up.events.sum()) // EVENTS_PER_COVARIATE))
    return full.largest(most, weight)


def with_follow_up(table: Table, matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], Survival]:
    """The rows whose time and event are known, and these."""
    time, event = table.schema.only(Role.TIME), table.schema.only(Role.EVENT)
    known = np.ones(len(table), dtype=np.bool_)
    for column in (time, event):
        if column is not None:
            known &= ~table.missing(column.name)
    return matrix[known], Survival.of(table)
