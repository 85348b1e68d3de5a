"""How exactly a column is shown, and which of two ways is the stricter."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.errors import InvalidRequest

PLAIN = ("exact", "month", "quarter", "year", "decade", "shifted", "pseudonym", "hidden")
DATES = ("exact", "month", "quarter", "year", "decade")
"""Dates, from exact to general."""


@dataclass(frozen=True, slots=True)
class Precision:
    """One way to show a column.

    way   : a word of ``PLAIN``, "level" or "band".
    level : of the column's hierarchy; 0 for other ways.
    width : of a band of numbers; 0 for other ways.
    """

    way: str
    level: int = 0
    width: float = 0.0

    def __str__(self) -> str:
        return (
            f"level:{self.level}" if self.way == "level" else f"band:{self.width:g}" if self.way == "band" else self.way
        )

    @classmethod
    def of(cls, text: str) -> Precision:
        """ "exact", "month", "quarter", "year", "decade", "shifted", "pseudonym", "hidden", "level:2", "band:10".

        Raises : InvalidRequest.
        """
        word, _, number = text.partition(":")
        if word in PLAIN and not number and ":" not in text:
            return cls(word)
        if word == "level" and number.isdecimal():
            return cls("level", level=int(number))
        if word == "band" and number.replace(".", "", 1).isdecimal() and float(number) > 0:
            return cls("band", width=float(number))
        raise InvalidRequest(
            f"'{text}' is no way to show a column; known are {', '.join(PLAIN)}, level:N and band:WIDTH."
        )


HIDDEN = Precision("hidden")


def stricter(one: Precision, other: Precision) -> Precision:
    """The one that tells less; hidden where neither can be said to."""
    for first, second in ((one, other), (other, one)):
        if _tells_no_more(first, second):
            return first
    return HIDDEN


def _tells_no_more(one: Precision, other: Precision) -> bool:
    """Whether what ``one`` shows follows from what ``other`` shows."""
    if one == other or one.way == "hidden" or other.way == "exact":
        return True
    if one.way in DATES and other.way in DATES:
        return DATES.index(one.way) >= DATES.index(other.way)
    if one.way == other.way == "level":
        return one.level >= other.level
    return one.way == other.way == "band" and (one.width / other.width).is_integer()
