"""FHIR's dates: how exact they are, how they move, and whether they tell of an age over 89."""

from __future__ import annotations

import re
from datetime import date, timedelta

OLDEST = 89
"""Ages above this single people out (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(C))."""
_FORM = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(\d\d)(T.*)?)?)?$")
_TIME = re.compile(r"T\d\d:\d\d(:\d\d(\.\d+)?)?")


def day_of(text: str) -> date | None:
    """The day of a date, dateTime or instant; None where it is less exact than a day, or is none."""
    form = _FORM.match(text)
    if form is None or form[3] is None:
        return None
    try:
        return date(int(form[1]), int(form[2]), int(form[3]))
    except ValueError:
        return None


def year_of(text: str) -> str | None:
    """The four digits of its year."""
    form = _FORM.match(text)
    return form[1] if form else None


def moved(text: str, days: int, *, keep_time: bool) -> str | None:
    """``text`` moved by whole days; its time of day stays or becomes midnight, its zone stays. None where not exact.

    Days before the year 1 and after 9999 do not exist: None.
    """
    day = day_of(text)
    if day is None:
        return None
    try:
        shifted = (day + timedelta(days)).isoformat()
    except OverflowError:
        return None
    rest = text[10:]
    return shifted + (rest if keep_time else _TIME.sub(_midnight, rest, count=1))


def _midnight(found: re.Match[str]) -> str:
    return re.sub(r"\d", "0", found[0])


def is_long_ago(text: str, today: date) -> bool:
    """Whether who was born then would be over 89 today; a date that is not exact counts from its earliest day."""
    form = _FORM.match(text)
    if form is None:
        return False
    month, day = int(form[2] or 1), int(form[3] or 1)
    age = today.year - int(form[1]) - ((today.month, today.day) < (month, day))
    return age > OLDEST
