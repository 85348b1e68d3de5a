"""Counts of persons and rows as a catalogue shows them."""

from __future__ import annotations

from cohortium.errors import InvalidRequest


def rounded(count: int, to: int) -> int | None:
    """The nearest multiple of ``to``; None for a count below it that is not 0, which is not said.

    Raises : InvalidRequest where ``to`` or the count is no such number.
    """
    if to < 1 or count < 0:
        raise InvalidRequest("A count is rounded to a multiple of a number from 1.")
    if 0 < count < to:
        return None
    return (count + to // 2) // to * to
