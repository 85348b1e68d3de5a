"""Number, mean and variance by group as sums: a pass for the means, and one for the squares around them.

Source : Chan, Golub & LeVeque 1983, Am. Stat. 37, 242: two passes, so that large means cost no digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.records import Kind, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Moments:
    """n, mean and variance (divisor n - 1), each (groups,); NaN where there are too few values."""

    n: NDArray[np.int64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]

    @property
    def pooled_variance(self) -> float:
        """Variance within groups, over n - groups degrees of freedom; NaN where there are none."""
        df = int(self.n.sum()) - int((self.n > 0).sum())
        return self.within / df if df > 0 else float("nan")

    @property
    def within(self) -> float:
        """Sum of squares within groups."""
        return float(np.nansum(self.variance * np.maximum(self.n - 1, 0)))


def group_sums(
    values: NDArray[np.float64], codes: NDArray[np.integer[Any]], centre: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    """Known values, and their sums and squares around ``centre`` (groups,), in each group.

    values : (n,), NaN where missing; codes : (n,), the group of each, -1 where unknown.
    """
    groups = len(centre)
    known = ~np.isnan(values) & (codes >= 0)
    place = codes[known]
    gap = values[known] - centre[place]
    return {
        "known": np.bincount(place, minlength=groups).astype(np.int64),
        "sum": np.bincount(place, gap, minlength=groups).astype(np.float64),  # of no rows, numpy makes whole numbers
        "squares": np.bincount(place, gap**2, minlength=groups).astype(np.float64),
    }


def means(total: Mapping[str, NDArray[Any]], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each group, ``centre`` where it has no values."""
    found: NDArray[np.float64] = centre + total["sum"] / np.maximum(total["known"], 1)
    return found


def moments(total: Mapping[str, NDArray[Any]], centre: NDArray[np.float64]) -> Moments:
    """The moments from the total of ``group_sums`` around ``centre``, close to the means."""
    n = total["known"]
    shift = total["sum"] / np.maximum(n, 1)
    spread = np.maximum(total["squares"] - n * shift**2, 0.0)
    # What rounding leaves of a constant is no spread: tests would divide by it.
    spread = np.where(spread <= n * (1e-14 * np.abs(centre)) ** 2, 0.0, spread)
    variance = np.where(n > 1, spread / np.maximum(n - 1, 1), np.nan)
    return Moments(n, np.where(n > 0, centre + shift, np.nan), variance)


def require_numbers(schema: Schema, *names: str) -> None:
    """Raises InvalidRequest where a column is none that a mean can be taken of; a boolean one counts as 0 and 1."""
    for name in names:
        column = schema[name]
        if not column.kind.is_numeric and column.kind is not Kind.BOOLEAN:
            raise InvalidRequest(f"Column '{name}' is {column.kind}; a numeric column was expected.")
