"""Rounding to a base: to the nearest multiple, or at random up or down so that sums stay right on average."""

from __future__ import annotations

import numpy as np

from cohortium.anonymise.tables.transform.columns import check_names, with_numbers
from cohortium.anonymise.tables.transform.draws import uniform
from cohortium.errors import InvalidRequest
from cohortium.privacy.secure_noise import Noise, SecureNoise
from cohortium.records import Table


def round_to(table: Table, column: str, base: float, *, at_random: bool = False, noise: Noise | None = None) -> Table:
    """Values as multiples of ``base``; halves go up.

    at_random : up with a chance of the remainder over the base, else down: the expected value is the value.
    Raises    : InvalidRequest where the base is not above 0, or not whole for a column of whole numbers.
    """
    check_names(table, [column], numeric=True)
    if not base > 0 or base - base != 0:
        raise InvalidRequest(f"The base to which '{column}' is rounded must be above 0, not {base}.")
    if table.schema[column].kind in ("integer", "date") and not float(base).is_integer():
        raise InvalidRequest(f"Column '{column}' holds whole numbers; round it to a whole base, not {base}.")
    shares = table.numeric(column) / base
    if not at_random:
        return with_numbers(table, {column: np.floor(shares + 0.5) * base})
    down = np.floor(shares)
    # A multiple of the base that floating point put just beside itself must not move by a whole base.
    exact = np.isclose(shares, np.rint(shares), rtol=0, atol=1e-9)
    up = uniform(shares.shape, noise or SecureNoise()) < shares - down
    return with_numbers(table, {column: np.where(exact, np.rint(shares), down + up) * base})
