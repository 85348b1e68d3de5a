"""How numbers stand in an answer: None where there is no number, and intervals in the same words everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from cohortium.errors import InvalidRequest
from cohortium.numerics.distributions import normal_quantile, t_quantile


def number(value: Any) -> float | None:
    """``value`` as a float, None where it is not finite: what JSON can carry."""
    found = float(value)
    return found if math.isfinite(found) else None


def numbers(values: Iterable[Any]) -> list[float | None]:
    """``number`` of each."""
    return [number(value) for value in values]


def reach(level: float, df: float = math.inf) -> float:
    """Standard errors to either side of an estimate at this confidence, by Student's t with ``df`` degrees.

    Raises : InvalidRequest unless 0 < level < 1.
    """
    if not 0 < level < 1:
        raise InvalidRequest(f"The confidence level must lie between 0 and 1 (0.95 for 95 %), not {level}.")
    tail = (1 - level) / 2
    return float(-normal_quantile(tail) if math.isinf(df) else -t_quantile(tail, df))


def one_of(value: str, allowed: tuple[str, ...], setting: str) -> str:
    """``value`` where it is allowed.

    Raises : InvalidRequest, listing what is.
    """
    if value not in allowed:
        raise InvalidRequest(f"The setting '{setting}' is '{value}'; it must be one of {', '.join(allowed)}.")
    return value
