"""Mean and spread of a network's inputs and outcome over all sites, before any weight moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.records import Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

CENTRE, SPREAD = "centre", "spread"


def moments(raw: Reals, centre: Reals) -> dict[str, Any]:
    """Rows of ``raw`` (n, p), and per column how many values it has, their sums and squares around ``centre`` (p,)."""
    known = np.isfinite(raw)
    gaps = np.where(known, raw - centre, 0.0)
    return {
        "rows": len(raw),
        "known": known.sum(axis=0),
        "sum": gaps.sum(axis=0),
        "squares": (gaps**2).sum(axis=0),
    }


def centre_of(total: Sums, is_number: bool) -> Reals:
    """Means (p,), 0 where nothing is known; the outcome, which is last, keeps its origin unless it is a number.

    Raises : TooFewRecords where no row can be used.
    """
    if int(total["rows"]) == 0:
        raise TooFewRecords("No row has an outcome and the covariates that are asked for; a network learns from such.")
    found: Reals = total["sum"] / np.maximum(total["known"], 1)
    if not is_number:
        found[-1] = 0.0
    return found


def scale_of(total: Sums, is_number: bool) -> Reals:
    """Standard deviations (p,), 1 where nothing varies."""
    found: Reals = np.sqrt(total["squares"] / np.maximum(total["known"], 1))
    found[found < 1e-12] = 1.0
    if not is_number:
        found[-1] = 1.0
    return found
