"""Dates and ages of DICOM: moved by whole days, in the precision in which they were written."""

from __future__ import annotations

import re
from datetime import date, timedelta

DAY = re.compile(r"\s*(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})\s*")
MOMENT = re.compile(r"\s*(\d{4})(\d{2})?(\d{2})?(\d{2,6}(?:\.\d{1,6})?)?([+-]\d{4})?\s*")
AGE = re.compile(r"\s*(\d{3})([DWMY])\s*")


def moved(day: date, days: int) -> date | None:
    """The day so many days later, or None where no calendar has it."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def moved_date(text: str, days: int) -> str:
    """A DA value so many days later; empty where it is no date, since what cannot be read cannot be moved."""
    found = DAY.fullmatch(text)
    day = found and _day(found[1], found[2], found[3])
    later = moved(day, days) if day else None
    return f"{later:%Y%m%d}".rjust(8, "0") if later else ""


def moved_moment(text: str, days: int) -> str:
    """A DT value so many days later, with its time and zone; year and month alone move from their middle."""
    found = MOMENT.fullmatch(text)
    if found is None:
        return ""
    day = _day(found[1], found[2] or "07", found[3] or "15")
    later = moved(day, days) if day else None
    if later is None:
        return ""
    digits = 8 if found[3] else 6 if found[2] else 4
    return f"{later:%Y%m%d}".rjust(8, "0")[:digits] + (found[4] or "") + (found[5] or "")


def capped_age(text: str, oldest: int) -> str:
    """An AS value, "090Y" for whoever is older than ``oldest`` years; empty where it is no age."""
    found = AGE.fullmatch(text)
    if found is None:
        return ""
    years = int(found[1]) / {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}[found[2]]
    return f"{oldest + 1:03d}Y" if years >= oldest + 1 else found[0].strip()


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
