"""Numbers told as intervals that widen from level to level; ages as 5, 10 and 20 years."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cohortium.anonymise.tables.building.layers import as_numbers, layered
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Ruler:
    """Intervals of one width, each with its lower end.

    origin          : where an interval begins.
    lowest, highest : below ``lowest`` and from ``highest`` on, all values share one open interval.
    is_whole        : the numbers are whole, so that an interval is written as 40-44.
    """

    width: float
    origin: float = 0.0
    lowest: float = -math.inf
    highest: float = math.inf
    is_whole: bool = True

    def name(self, number: float) -> str:
        """How the interval of ``number`` is written."""
        if number < self.lowest:
            return f"<{self.lowest:.12g}"
        if number >= self.highest:
            return f">={self.highest:.12g}"
        share = (number - self.origin) / self.width
        # 0.3 / 0.1 is 2.9999...: a number on a border belongs to the interval that begins there.
        nearest = round(share)
        place = nearest if math.isclose(share, nearest, rel_tol=1e-12, abs_tol=1e-9) else math.floor(share)
        start = max(self.origin + place * self.width, self.lowest)
        end = min(self.origin + (place + 1) * self.width, self.highest)
        if not self.is_whole:
            return f"[{start:.12g}, {end:.12g})"
        return f"{start:.12g}" if end - start <= 1 else f"{start:.12g}-{end - 1:.12g}"


def intervals(
    column: str,
    values: Sequence[str],
    widths: Sequence[float] = (5, 10, 20),
    *,
    origin: float = 0.0,
    lowest: float | None = None,
    highest: float | None = None,
) -> Hierarchy:
    """One level per width, then a star.

    widths          : each a multiple of the one before it.
    lowest, highest : ends beyond which all values share one open interval at every level but the exact one.
    Raises          : InvalidRequest for widths that do not nest, ends in the wrong order, values that are no numbers.
    """
    _check(column, widths, lowest, highest)
    numbers = as_numbers(column, values)
    ends = [end for end in (lowest, highest, origin, *widths) if end is not None]
    is_whole = all(float(number).is_integer() for number in (*numbers.values(), *ends))
    low, high = -math.inf if lowest is None else lowest, math.inf if highest is None else highest
    rulers = [Ruler(width, origin, low, high, is_whole) for width in widths]
    return layered(column, values, [lambda value, ruler=ruler: ruler.name(numbers[value]) for ruler in rulers])  # type: ignore[misc]


def _check(column: str, widths: Sequence[float], lowest: float | None, highest: float | None) -> None:
    where = f"The intervals of '{column}'"
    if not widths or widths[0] <= 0:
        raise InvalidRequest(f"{where} need at least one width, above 0.")
    for narrow, wide in pairwise(widths):
        times = wide / narrow
        if times < 2 or abs(times - round(times)) > 1e-9:
            raise InvalidRequest(
                f"{where}: the width {wide:g} is no multiple (twice or more) of {narrow:g}, so intervals are split "
                "again. Choose widths such as 5, 10, 20."
            )
    if lowest is not None and highest is not None and lowest >= highest:
        raise InvalidRequest(f"{where}: the lowest end must lie below the highest.")


def widths_by_factor(width: float, factor: int, levels: int) -> tuple[float, ...]:
    """Widths that grow by a whole factor from level to level; raises InvalidRequest for a factor below 2."""
    if factor < 2 or levels < 1:
        raise InvalidRequest("Intervals need a factor of 2 or more, and at least one level.")
    return tuple(width * factor**level for level in range(levels))
