"""Top and bottom coding: values beyond a bound are told as the bound, or as the mean of all that lie beyond it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from cohortium.anonymise.tables.transform.columns import check_names, with_numbers
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.records import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

Told = Literal["bound", "mean"]
LEAST = 5
"""A mean over fewer rows than these is too near to their values."""


def code_ends(
    table: Table,
    column: str,
    *,
    bottom: float | None = None,
    top: float | None = None,
    percentiles: bool = False,
    told: Told = "bound",
) -> Table:
    """Values below ``bottom`` and above ``top`` are told alike.

    bottom, top : bounds in the column's unit (days for dates); shares of the rows in [0, 1] where ``percentiles``.
    told        : "bound", or "mean" of the values beyond it, which keeps the mean of the column.
    Raises      : InvalidRequest; TooFewRecords where 1 to ``LEAST`` - 1 rows would share a mean.
    Reveals     : a bound that is a percentile, and a mean, are numbers computed from the rows.
    """
    check_names(table, [column], numeric=True)
    values = table.numeric(column)
    low, high = (_bound(values, end, percentiles, column) for end in (bottom, top))
    if low is None and high is None:
        raise InvalidRequest(f"Say where the values of '{column}' end: bottom, top, or both.")
    if low is not None and high is not None and low >= high:
        raise InvalidRequest(f"The bottom of '{column}' must lie below its top.")
    coded = values.copy()
    for beyond, bound in (
        (values < low if low is not None else None, low),
        (values > high if high is not None else None, high),
    ):
        if beyond is not None and bound is not None and beyond.any():
            coded[beyond] = bound if told == "bound" else _mean(values[beyond], column)
    return with_numbers(table, {column: coded})


def _bound(values: NDArray[np.float64], end: float | None, percentiles: bool, column: str) -> float | None:
    if end is None or not percentiles:
        return end
    if not 0 <= end <= 1:
        raise InvalidRequest(f"Percentiles of '{column}' are shares of its rows, from 0 to 1, such as 0.99.")
    known = values[~np.isnan(values)]
    if not len(known):
        raise TooFewRecords(f"Column '{column}' has no values of which percentiles could be taken.")
    return float(np.quantile(known, end))


def _mean(beyond: NDArray[np.float64], column: str) -> float:
    if len(beyond) < LEAST:
        raise TooFewRecords(
            f"Fewer than {LEAST} rows of '{column}' lie beyond the bound; their mean would tell their values. Move the "
            'bound, or tell the bound itself (told="bound").'
        )
    return float(beyond.mean())
