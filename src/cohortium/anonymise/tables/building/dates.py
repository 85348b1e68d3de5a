"""Dates told as months, quarters, years, decades."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from cohortium.anonymise.tables.building.layers import layered
from cohortium.anonymise.tables.hierarchy import MISSING, Hierarchy
from cohortium.errors import InvalidRequest


def month(day: date) -> str:
    """2024-03."""
    return f"{day.year:04d}-{day.month:02d}"


def quarter(day: date) -> str:
    """2024-Q1."""
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def year(day: date) -> str:
    """2024."""
    return f"{day.year:04d}"


def decade(day: date) -> str:
    """2020s."""
    return f"{day.year // 10 * 10:04d}s"


STEPS: dict[str, Callable[[date], str]] = {
    "day": lambda day: day.isoformat(),
    "month": month,
    "quarter": quarter,
    "year": year,
    "decade": decade,
}
"""From exact to general."""


def dates(
    column: str, values: Sequence[str], steps: Sequence[str] = ("month", "quarter", "year", "decade")
) -> Hierarchy:
    """One level per step, then a star; for moments with a time of day begin with "day".

    values : ISO 8601, with or without a time.
    Raises : InvalidRequest for unknown steps, steps in another order, or values that are no dates (telling how many).
    """
    order = list(STEPS)
    unknown = [step for step in steps if step not in STEPS]
    if unknown or not steps or sorted(set(steps), key=order.index) != list(steps):
        raise InvalidRequest(f"The steps of '{column}' must be some of {order}, each once, in this order.")
    days = {value: _day(value) for value in dict.fromkeys(values) if value != MISSING}
    wrong = sum(day is None for day in days.values())
    if wrong:
        raise InvalidRequest(
            f"{wrong} different values of '{column}' are no dates such as 2024-03-31. Correct the kind in the schema."
        )
    known = {value: day for value, day in days.items() if day is not None}
    return layered(column, values, [lambda value, step=STEPS[step]: step(known[value]) for step in steps])  # type: ignore[misc]


def _day(value: str) -> date | None:
    try:
        return datetime.fromisoformat(value).date()
    except ValueError:
        return None
