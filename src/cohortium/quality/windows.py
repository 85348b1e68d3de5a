"""Quantiles that show no single person: each is the mean over at least ten persons around it.

The numbers shown of one column rest on disjoint sets of persons, and the persons left over are ten or more too, so that
no difference of two of them, or of one and the mean of all, speaks of fewer than ten persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_PERSONS = 10
"""Fewest persons behind a level or a number that is shown."""

# What says most comes first: with few persons only the first ones find enough of them.
_PLACES = {"p50": 0.5, "p25": 0.25, "p75": 0.75, "low": 0.0, "high": 1.0, "p05": 0.05, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Means over the persons around a quantile; ``low`` and ``high`` over the most extreme. None where not shown."""

    low: float | None = None
    p05: float | None = None
    p25: float | None = None
    p50: float | None = None
    p75: float | None = None
    p95: float | None = None
    high: float | None = None


def quantiles(values: NDArray[np.float64], persons: NDArray[np.int64] | None, person_count: int) -> Quantiles:
    """The quantiles of the ascending ``values`` (n,) that can be shown.

    persons      : (n,) whom each value belongs to, in the same order; None where every value is another person's.
    person_count : how many persons there are among them.
    Reveals      : means over ten persons or more.
    """
    taken: list[tuple[int, int]] = []
    used, shown = 0, {}
    for name, place in _PLACES.items():
        window = _window(place, len(values), persons)
        if window is None or any(window[0] < stop and start < window[1] for start, stop in taken):
            continue
        inside = LEAST_PERSONS if persons is None else len(np.unique(persons[window[0] : window[1]]))
        left = person_count - used - inside
        if left < 0 or 0 < left < LEAST_PERSONS:
            continue
        taken.append(window)
        used += inside
        shown[name] = float(values[window[0] : window[1]].mean())
    return Quantiles(**shown)


def _window(place: float, rows: int, persons: NDArray[np.int64] | None) -> tuple[int, int] | None:
    """The rows around a quantile, as few as hold enough persons, roughly; None where the column does not."""
    width = LEAST_PERSONS
    while width <= rows:
        start = min(max(round(place * (rows - 1) - (width - 1) / 2), 0), rows - width)
        if persons is None or len(np.unique(persons[start : start + width])) >= LEAST_PERSONS:
            return start, start + width
        width *= 2
    return None
